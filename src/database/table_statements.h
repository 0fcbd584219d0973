// SPDX-License-Identifier: Apache-2.0
// The statements that bring staged rows into a table, in a dialect.
#pragma once
#include "database/table_writer.h"

#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// A text as SQL writes it; the sessions of TableWriter know no escapes beside the doubled quote.
std::string quote_literal(std::string_view text);

// A statement over the staged rows `s`, to which a condition on them can be added.
struct StageStatement {
    std::string sql;  // ends inside its WHERE clause
    std::string where(const std::string& condition) const { return sql + " and " + condition; }
};

class TableStatements {
public:
    // The columns that rows have, and those of them by which records are told apart. All must live on.
    TableStatements(const Dialect& dialect, const TargetTable& table, const Schema& columns,
                    const std::vector<std::string>& key);

    // rowhaul_stage: the columns and, in front of them, where a row came from.
    std::string make_stage() const;
    // rowhaul_duplicates: the keys that stand in several staged rows, with the first and the last of these.
    std::string make_duplicates() const;
    // Rows of the stage whose key stands there more than once; `other_than` is "first", "last" or "".
    std::string is_duplicate(std::string_view other_than) const;
    // A staged row whose key the table has.
    std::string is_known() const;
    // Changes known records where they differ.
    StageStatement update() const;
    // Creates those that are not known.
    StageStatement insert() const;

private:
    std::string quoted(std::string_view name) const;
    std::string list(std::string_view prefix, const std::vector<std::string>& names) const;
    std::string same_key(std::string_view left, std::string_view right) const;
    std::string differs() const;
    bool is_key(const std::string& name) const;

    const Dialect& dialect_;
    const TargetTable& table_;
    const Schema& columns_;
    const std::vector<std::string>& key_;
};

}  // namespace rowhaul
