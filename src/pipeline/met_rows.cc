// SPDX-License-Identifier: Apache-2.0
#include "pipeline/met_rows.h"

#include <algorithm>
#include <span>

namespace rowhaul {

namespace {

bool is_before(const SpooledRow& row, const std::optional<Decimal>& low) {
    return row.is_placed != 0 && low && compare(row.place().value, *low) < 0;
}

}  // namespace

void MetRows::add(const SpooledRow& row, const std::optional<Decimal>& low) {
    if (held_.size() == most_held) {
        make_room(low);
    }
    held_.push_back(row);
}

void MetRows::make_room(const std::optional<Decimal>& low) {
    std::erase_if(held_, [&](const SpooledRow& row) { return is_before(row, low); });
    std::erase_if(placed_, [&](const Part& part) { return low && compare(*part.highest, *low) < 0; });
    if (held_.size() <= most_held / 2) {
        return;
    }
    const auto split = std::ranges::partition(held_, [](const SpooledRow& row) { return row.is_placed == 0; }).begin();
    std::vector<SpooledRow> placed(split, held_.end());
    held_.erase(split, held_.end());
    if (!held_.empty()) {
        if (!unplaced_) {
            unplaced_.emplace(SpoolFile(place_), std::nullopt);
        }
        unplaced_->file.append(std::as_bytes(std::span(held_)));
        held_.clear();
    }
    if (placed.empty()) {
        return;
    }
    if (placed_.empty() || placed_.back().file.size() >= most_part_bytes) {
        placed_.push_back({SpoolFile(place_), placed.front().place().value});
    }
    auto& part = placed_.back();
    part.file.append(std::as_bytes(std::span(placed)));
    for (const auto& row : placed) {
        if (compare(row.place().value, *part.highest) > 0) {
            part.highest = row.place().value;
        }
    }
}

void MetRows::forget(std::uint64_t number) {
    const std::lock_guard lock(access_);
    forgotten_.add(number);
}

void MetRows::each(const std::optional<Decimal>& low, const std::function<void(const SpooledRow&)>& visit) const {
    const std::lock_guard lock(access_);
    const auto visit_wanted = [&](const SpooledRow& row) {
        if (!is_before(row, low) && !forgotten_.contains(row.number)) {
            visit(row);
        }
    };
    const auto visit_file = [&](const SpoolFile& file) {
        std::vector<SpooledRow> rows;
        for (std::uint64_t offset = 0; offset < file.size(); offset += rows.size() * sizeof(SpooledRow)) {
            rows.resize(std::min<std::uint64_t>(most_held / 8, (file.size() - offset) / sizeof(SpooledRow)));
            file.read(offset, std::as_writable_bytes(std::span(rows)));
            std::ranges::for_each(rows, visit_wanted);
        }
    };
    if (unplaced_) {
        visit_file(unplaced_->file);
    }
    for (const auto& part : placed_) {
        visit_file(part.file);
    }
    std::ranges::for_each(held_, visit_wanted);
}

}  // namespace rowhaul
