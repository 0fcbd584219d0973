// SPDX-License-Identifier: Apache-2.0
#include "pipeline/known_rows.h"

#include "base/error.h"

#include <algorithm>

namespace rowhaul {

void KnownRows::add(const SpooledRow& row) {
    if (held_.size() == most_held) {
        if (!file_) {
            file_.emplace(place_);
        }
        file_->append(std::as_bytes(std::span(held_)));
        held_.clear();
    }
    if (!firsts_.empty() && row.hash <= (held_.empty() ? firsts_.back() : held_.back().hash)) {
        throw Error(ErrorKind::Internal, "the store holds rows of a cursor in a wrong order");
    }
    if (held_.size() % block_rows == 0) {
        firsts_.push_back(row.hash);
    }
    held_.push_back(row);
    is_gone_.push_back(row.number == 0);
}

std::span<SpooledRow> KnownRows::block(std::size_t number) {
    const auto first = std::uint64_t{number} * block_rows;
    if (first >= spooled()) {
        const auto at = static_cast<std::size_t>(first - spooled());
        return std::span(held_).subspan(at, std::min(block_rows, held_.size() - at));
    }
    loaded_.resize(block_rows);
    file_->read(first * sizeof(SpooledRow), std::as_writable_bytes(std::span(loaded_)));
    return loaded_;
}

bool KnownRows::take(const Hash128& hash) {
    const auto behind = std::ranges::upper_bound(firsts_, hash);
    if (behind == firsts_.begin()) {
        return false;
    }
    const auto number = static_cast<std::size_t>(behind - firsts_.begin()) - 1;
    const auto rows = block(number);
    const auto found = std::ranges::lower_bound(rows, hash, {}, &SpooledRow::hash);
    const auto place = number * block_rows + static_cast<std::size_t>(found - rows.begin());
    if (found == rows.end() || found->hash != hash || is_gone_[place]) {
        return false;
    }
    if (found->number == 1) {
        is_gone_[place] = true;
        return true;
    }
    --found->number;
    if (place < spooled()) {
        file_->write_over(place * sizeof(SpooledRow), std::as_bytes(std::span(&*found, 1)));
    }
    return true;
}

void KnownRows::each(const std::function<void(const SpooledRow&)>& visit) const {
    std::size_t place = 0;
    const auto visit_left = [&](const SpooledRow& row) {
        if (!is_gone_[place++]) {
            visit(row);
        }
    };
    std::vector<SpooledRow> rows(file_ ? most_held : 0);
    for (std::uint64_t offset = 0; file_ && offset < file_->size(); offset += rows.size() * sizeof(SpooledRow)) {
        file_->read(offset, std::as_writable_bytes(std::span(rows)));
        for (const auto& row : rows) {
            visit_left(row);
        }
    }
    for (const auto& row : held_) {
        visit_left(row);
    }
}

}  // namespace rowhaul
