// SPDX-License-Identifier: Apache-2.0
#include "connector/undecided_keys.h"

#include <algorithm>
#include <cstring>

namespace rowhaul {

namespace {

constexpr std::uint32_t null_length = 0xFFFFFFFF;  // a cell is shorter

}  // namespace

UndecidedKeys::UndecidedKeys(std::vector<std::size_t> columns)
    : columns_(std::move(columns)), found_(columns_.size()) {}

void UndecidedKeys::note(const Batch& batch, const RowNumbers& numbers) {
    for (std::size_t row = 0; row < batch.rows(); ++row) {
        for (const auto column : columns_) {
            const Cell cell = batch.column(column)[row];
            const auto length = cell.is_null() ? null_length : static_cast<std::uint32_t>(cell.text().size());
            parts_.append(reinterpret_cast<const char*>(&length), sizeof(length));
            parts_ += cell.text();
        }
        rows_.push_back({numbers.of(batch.row_number(row)), parts_.size()});
    }
}

void UndecidedKeys::keep_last(std::size_t rows) {
    if (rows >= rows_.size()) {
        return;
    }
    const auto decided = static_cast<std::ptrdiff_t>(rows_.size() - rows);
    const auto bytes = rows_[static_cast<std::size_t>(decided) - 1].end;
    parts_.erase(0, bytes);
    rows_.erase(rows_.begin(), rows_.begin() + decided);
    for (auto& row : rows_) {
        row.end -= bytes;
    }
}

const Batch& UndecidedKeys::find(std::uint64_t number) {
    found_.clear();
    const auto row = std::ranges::lower_bound(rows_, number, {}, &Row::number);
    if (row == rows_.end() || row->number != number) {
        return found_;
    }
    auto at = row == rows_.begin() ? 0 : std::prev(row)->end;
    for (std::size_t part = 0; part < columns_.size(); ++part) {
        std::uint32_t length = 0;
        std::memcpy(&length, parts_.data() + at, sizeof(length));
        at += sizeof(length);
        const bool is_null = length == null_length;
        found_.build(part).push_back(is_null ? Cell() : Cell(std::string_view(parts_).substr(at, length)));
        at += is_null ? 0 : length;
    }
    found_.set_rows(1);
    return found_;
}

}  // namespace rowhaul
