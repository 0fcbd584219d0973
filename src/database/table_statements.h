// SPDX-License-Identifier: Apache-2.0
// The statements that bring staged rows into a table, in a dialect.
#pragma once
#include "database/table_writer.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// A text as SQL writes it; the sessions of TableWriter know no escapes beside the doubled quote.
std::string quote_literal(std::string_view text);

// A statement over the staged rows `s`, to which a condition on them can be added.
struct StageStatement {
    std::string sql;  // ends inside its WHERE clause
    std::string tail = {};
    std::string whole() const { return sql + tail; }
    std::string where(const std::string& condition) const { return sql + " and " + condition + tail; }
};

class TableStatements {
public:
    // The columns that rows have, and those of them by which records are told apart. All must live on.
    TableStatements(const Dialect& dialect, const TargetTable& table, const Schema& columns,
                    const std::vector<std::string>& key);

    // rowhaul_stage: the columns and, in front of them, where a row came from. With `Finding::ByKey` rows
    // are found by their key, once index_keys() was run after loading.
    enum class Finding : std::uint8_t { InOrder, ByKey };
    std::string make_stage(Finding = Finding::InOrder) const;
    // A temporary table that holds nothing but keys.
    std::string make_keys(std::string_view name) const;
    // Empty where it takes nothing.
    std::string index_keys(std::string_view temporary) const;
    // Copies the keys of staged rows.
    std::string copy_keys(std::string_view into, const std::string& condition) const;
    // Fills rowhaul_absent with the keys that the table has and neither rowhaul_stage nor
    // rowhaul_present; of records that `condition` admits, whose alias is `t`.
    std::string find_absent(const std::string& condition) const;
    std::string delete_absent() const;
    // A record whose key stands in rowhaul_absent.
    std::string is_absent() const;
    std::string mark_absent(const std::string& column, const std::string& value) const;
    std::string all_keys() const { return list("", key_); }
    // rowhaul_duplicates: the keys that stand in several staged rows, with the first and the last of these.
    std::string make_duplicates() const;
    // Rows of the stage whose key stands there more than once; `other_than` is "first", "last" or "".
    std::string is_duplicate(std::string_view other_than) const;
    // A staged row whose key the table has.
    std::string is_known() const;
    // Columns beside those that rows have, with what they become as SQL.
    struct Extra {
        std::string column;
        std::string created;  // of new records
        std::string updated;  // of known ones, where `condition` is true; `t` is the record
        std::string condition;
    };
    enum class Change : std::uint8_t { Fields, ExtraOnly };
    // Changes known records where they differ.
    StageStatement update(Change, const std::optional<Extra>&) const;
    // Creates those that are not known.
    StageStatement insert(const std::optional<Extra>&) const;
    // Does the work of both; nothing where the database has no such statement for this key.
    std::optional<StageStatement> upsert() const;
    // Creates all.
    StageStatement insert_all() const;
    // A staged row `s` and its record `t`, where update() has something to change.
    std::string pending_updates(Change, const std::optional<Extra>&) const;

private:
    std::string quoted(std::string_view name) const;
    std::string list(std::string_view prefix, const std::vector<std::string>& names) const;
    std::string same_key(std::string_view left, std::string_view right) const;
    // `given` is the alias of the row that came.
    std::string differs(Change, const std::optional<Extra>&, std::string_view given = "s") const;
    std::string key_index_columns() const;
    // " collate ..." for a column of a copy, where it has to be said.
    std::string collation(const std::string& name) const;
    bool is_key(const std::string& name) const;

    const Dialect& dialect_;
    const TargetTable& table_;
    const Schema& columns_;
    const std::vector<std::string>& key_;
};

}  // namespace rowhaul
