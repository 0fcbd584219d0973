// SPDX-License-Identifier: Apache-2.0
// What a reader of a file delivers to its end, as values that a test can compare.
#pragma once
#include "format/format.h"
#include "testing/suite/read_rows.h"

#include <string>
#include <vector>

namespace rowhaul::testing {

struct FileContent {
    Schema schema;
    std::vector<std::string> columns;  // their names
    std::string header;
    std::vector<Row> rows;
    std::vector<RowOrigin> origins;  // without their raw texts, which do not live so long
    std::vector<std::string> raw;
    std::vector<Warning> warnings;
    std::vector<Reject> rejects;  // whoever made the reader puts them here

    std::vector<std::uint64_t> lines() const {
        std::vector<std::uint64_t> all;
        for (const auto& origin : origins) {
            all.push_back(origin.line);
        }
        return all;
    }
    std::vector<std::string> reasons() const {
        std::vector<std::string> all;
        for (const auto& reject : rejects) {
            all.push_back(reject.reason);
        }
        return all;
    }
};

// Of these columns, by their places; of every one when there are none.
inline void read_whole(const Context& context, FileReader& reader, const std::vector<std::size_t>& chosen,
                       FileContent& content) {
    content.schema = reader.schema();
    content.header = reader.header();
    for (const auto& column : content.schema) {
        content.columns.push_back(column.name);
    }
    if (!chosen.empty()) {
        reader.choose(chosen);
    }
    Batch batch(chosen.empty() ? content.schema.size() : chosen.size());
    while (reader.next(context, batch)) {
        for (std::size_t row = 0; row < batch.rows(); ++row) {
            content.rows.push_back(row_of(batch, row));
            const auto& origin = batch.origins()[row];
            content.origins.push_back({origin.row, origin.line, {}});
            content.raw.emplace_back(origin.raw);
        }
    }
    content.warnings = reader.warnings();
}

}  // namespace rowhaul::testing
