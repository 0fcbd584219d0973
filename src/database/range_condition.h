// SPDX-License-Identifier: Apache-2.0
// A range of one column as a condition in a database's SQL, which lets too many rows through where the
// database sees values differently, never too few. It cannot fail.
#pragma once
#include "data/schema.h"
#include "expression/column_range.h"
#include "expression/rule_dialect.h"

#include <functional>
#include <string>
#include <string_view>

namespace rowhaul {

// Of a column whose name is written so. `odd_values` is SQL that is true for values that are always let
// through, beside NULL. Empty when a limit cannot be written.
std::string range_condition(const ColumnRange& range, std::string_view name,
                            const std::function<std::optional<std::string>(const KnownValue&)>& literal,
                            std::string_view odd_values = {});

// Both conditions, of which either may be empty.
std::string both(const std::string& rule, const std::string& range);

// "select * from (...) as q where ...": the rows of a query that meet a condition.
std::string limited_query(std::string_view query, std::string_view condition);

// The column of a range among those that are read; null when there is none, or no range.
const Column* column_of(const ColumnRange& range, const Schema& schema);

}  // namespace rowhaul
