// SPDX-License-Identifier: Apache-2.0
// What MySQL and MariaDB can check of a rule. Their collations take more texts for equal than we do,
// never fewer. A FLOAT is another number there than its shortest text says, and dates that do not
// exist are NULL here only under one of the options, so these are not compared, or not with NULL.
#pragma once
#include "data/schema.h"
#include "database/mysql_options.h"
#include "expression/column_range.h"
#include "expression/rule_dialect.h"

#include <map>
#include <mysql.h>
#include <span>
#include <string>

namespace rowhaul {

// What the server's catalog says of a column of a table.
struct MysqlColumnFacts {
    std::string type;  // "varchar"
    std::string character_set;
};

// A range of a column of any table, view or query, with dates that do not exist; empty when nothing
// can be said.
std::string mysql_range(const ColumnRange& range, const Column& column);

// Of the columns of a `select` from a table, with what the catalog says of those that are stored.
// The session must be in UTC with an empty sql_mode.
RuleDialect mysql_rules(std::span<const MYSQL_FIELD> fields, const Schema& schema,
                        const std::map<std::string, MysqlColumnFacts>& facts, ZeroDates zero_dates);

}  // namespace rowhaul
