// SPDX-License-Identifier: Apache-2.0
// What PostgreSQL can check of a rule: its meaning is ours, but for collations of texts and for float4,
// whose values are other numbers there than their shortest texts say.
#pragma once
#include "data/schema.h"
#include "expression/column_range.h"
#include "expression/rule_dialect.h"

#include <libpq-fe.h>
#include <string>
#include <string_view>

namespace rowhaul {

// A range of a column of any table, view or query; empty when nothing can be said.
std::string postgres_range(const ColumnRange& range, const Column& column);

// Of the columns of a described `select` from a table, in the order of `schema`.
RuleDialect postgres_rules(const PGresult* described, const Schema& schema, std::string_view server_encoding);

}  // namespace rowhaul
