// SPDX-License-Identifier: Apache-2.0
// What a RowReader delivers, as values that a test can compare.
#pragma once
#include "data/rows.h"
#include "database/database.h"

#include <optional>
#include <string>
#include <vector>

namespace rowhaul::testing {

using Row = std::vector<std::optional<std::string>>;

inline Row row_of(const Batch& batch, std::size_t row) {
    Row cells;
    for (std::size_t column = 0; column < batch.width(); ++column) {
        const Cell cell = batch.column(column)[row];
        cells.push_back(cell.is_null() ? std::nullopt : std::optional<std::string>(cell.text()));
    }
    return cells;
}

inline std::vector<Row> rows_of(const Context& context, RowReader& reader, std::size_t width) {
    std::vector<Row> rows;
    Batch batch(width);
    while (reader.next(context, batch)) {
        for (std::size_t row = 0; row < batch.rows(); ++row) {
            rows.push_back(row_of(batch, row));
        }
    }
    return rows;
}

// Everything that a selection has; for small ones.
inline std::vector<Row> rows_of(Database& database, const Selection& selection, const Context& context = {}) {
    const auto width = database.schema(context, selection).size();
    const auto reader = database.read(context, selection);
    return rows_of(context, *reader, width);
}

inline std::vector<Row> rows_of_query(Database& database, std::string query) {
    return rows_of(database, Selection{.table = {}, .query = std::move(query), .columns = {}});
}

inline std::vector<Row> rows_of_table(Database& database, std::string table, std::vector<std::string> columns = {}) {
    return rows_of(database, Selection{.table = std::move(table), .query = {}, .columns = std::move(columns)});
}

}  // namespace rowhaul::testing
