// SPDX-License-Identifier: Apache-2.0
#include "database/table_writer.h"

#include <algorithm>

namespace rowhaul {

void TargetTable::note_columns(const TableRows& rows) {
    const auto is_true = [](const std::optional<std::string>& text) { return text == "t" || text == "1"; };
    for (const auto& row : rows) {
        const auto known = std::ranges::find(columns, row.at(0).value_or(""),
                                             [](const TargetColumn& column) { return column.column.name; });
        if (known != columns.end()) {
            known->has_default = is_true(row.at(1));
            known->is_generated = is_true(row.at(2));
            known->uses_up = row.size() > 3 && is_true(row[3]);
        }
    }
}

void TargetTable::note_unique_keys(const TableRows& rows) {
    std::optional<std::string> index;
    for (const auto& row : rows) {
        if (row.at(0) != index) {
            index = row.at(0);
            unique_keys.emplace_back();
        }
        unique_keys.back().push_back(row.at(1).value_or(""));
    }
}

}  // namespace rowhaul
