// SPDX-License-Identifier: Apache-2.0
#include "format/sniffed_rows.h"

namespace rowhaul {

Sniffed sniffed_rows(const Context& context, std::string format, FileReader& reader) {
    constexpr std::size_t most_rows = 10;
    Sniffed sniffed{std::move(format), reader.schema(), {}};
    Batch batch(reader.schema().size());
    if (sniffed.schema.empty() || !reader.next(context, batch)) {
        return sniffed;
    }
    for (std::size_t row = 0; row < std::min(batch.rows(), most_rows); ++row) {
        auto& cells = sniffed.rows.emplace_back();
        for (std::size_t column = 0; column < batch.width(); ++column) {
            const Cell cell = batch.column(column)[row];
            cells.push_back(cell.is_null() ? std::nullopt : std::optional<std::string>(cell.text()));
        }
    }
    return sniffed;
}

}  // namespace rowhaul
