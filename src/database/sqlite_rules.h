// SPDX-License-Identifier: Apache-2.0
// What SQLite can check of a rule. A column may hold values of any type whatever it declares, so each
// comparison lets everything through that is not stored as we would read it. Dates are texts: only
// those that SQLite itself would write in the same way are compared, as texts. Numbers pass through
// floating point, so that only whole limits mean the same there.
#pragma once
#include "data/schema.h"
#include "database/sqlite_handle.h"
#include "expression/column_range.h"
#include "expression/rule_dialect.h"

#include <string>

namespace rowhaul {

// A range of a column of any table, view or query, so that an index can serve it; empty when nothing
// can be said. Texts of moments are ordered as moments only from below: an upper limit is left out.
std::string sqlite_range(const ColumnRange& range, const Column& column);

// Of a table by its own name, without any columns if it is a view or virtual table, or the file is
// not in UTF-8. The session must be allowed to read the schema.
RuleDialect sqlite_rules(SqliteHandle& session, const std::string& table, const Schema& schema);

}  // namespace rowhaul
