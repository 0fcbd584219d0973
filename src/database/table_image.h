// SPDX-License-Identifier: Apache-2.0
// Rows of a table as texts that the same database takes back to the last bit, and the statements with which
// rows that changed are found, compared and put back. Unlike cells of a batch, images mean nothing to
// another database.
#pragma once
#include "database/table_writer.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// As wide as TableImage::columns().
using RowImage = std::vector<std::optional<std::string>>;

// What became of a record.
enum class ChangeKind : std::uint8_t { Created, Updated, Deleted };

class TableImage {
public:
    // All must live on. `columns` are some of the table's, all that can be given when none are named.
    TableImage(const Dialect& dialect, const TargetTable& table, const std::vector<std::string>& key,
               std::vector<std::string> columns = {});

    const std::vector<std::string>& columns() const { return columns_; }

    // The temporary table rowhaul_changed holds the keys of records that change, numbered in rowhaul_row.
    std::vector<std::string> make_changed() const;
    // Adds keys that `from`, with `alias`, has; numbered from `noted` + 1.
    std::string add_changed(std::string_view alias, std::string_view from, std::uint64_t noted) const;
    // Number and image of the records that the table has of these, in no order; locked.
    std::string changed_rows(std::uint64_t first, std::uint64_t last) const;

    // Temporary tables of rows as they were and as they became, with rowhaul_row and, in rowhaul_kind, a
    // ChangeKind.
    static constexpr std::string_view before = "rowhaul_before";
    static constexpr std::string_view after = "rowhaul_after";
    std::vector<std::string> make_rows(std::string_view name) const;
    // `insert into ... values` but for the values of rows.
    std::string insert_rows(std::string_view name) const;
    std::string values(std::uint64_t number, ChangeKind, const RowImage&) const;

    // Ends a select of `k`, the rows of `before` and `after`, with those whose record is not as it became: of
    // created ones every column counts, of updated ones only these.
    std::string is_not_after(const std::vector<std::string>& checked) const;
    std::string is_there_again() const;
    std::string key(std::string_view alias) const;
    std::string delete_created() const;
    std::string put_back(const std::vector<std::string>& columns) const;
    std::string insert_deleted() const;

private:
    std::string quoted(std::string_view name) const;
    const TargetColumn& column(const std::string& name) const;
    bool is_bytes(const TargetColumn&) const;
    std::string image(const std::string& name, std::string_view alias) const;
    std::string list(std::string_view alias, const std::vector<std::string>& names) const;
    std::string same_key(std::string_view left, std::string_view right) const;
    std::string same(const std::vector<std::string>& names, std::string_view left, std::string_view right) const;
    std::vector<std::string> make(std::string_view name, const std::string& columns) const;

    const Dialect& dialect_;
    const TargetTable& table_;
    const std::vector<std::string>& key_;
    std::vector<std::string> columns_;
};

}  // namespace rowhaul
