// SPDX-License-Identifier: Apache-2.0
#include "store/arrival_order.h"

#include <algorithm>

namespace rowhaul {

ArrivalOrder::ArrivalOrder(MarkFile& file, const MarkedTarget& target)
    : reader_(file, target.arrivals.value()), count_(target.arrival_count), marked_(target.arrival_count / 64 + 1) {
    window_ = reader_.read(0);
    const auto next = reader_.read(1);
    window_.insert(window_.end(), next.begin(), next.end());
}

std::optional<Hash128> ArrivalOrder::match(const Hash128& key) {
    while (expected_ < count_ && is_found(expected_)) {
        ++expected_;
    }
    move_window();
    if (is_at(expected_, key)) {
        return take(expected_++);
    }
    is_in_order_ = false;
    if (detour_ > expected_ && is_at(detour_, key)) {
        expected_ = detour_;
        ++detour_;
        return take(expected_++);
    }
    const auto place = search(key);
    if (!place) {
        return {};
    }
    detour_ = *place + 1;
    return take(*place);
}

bool ArrivalOrder::is_at(std::uint64_t place, const Hash128& key) {
    const auto offset = place - window_start_;
    return offset < window_.size() && window_[offset].key == key && !is_found(place);
}

Hash128 ArrivalOrder::take(std::uint64_t place) {
    marked_[place / 64] |= std::uint64_t{1} << (place % 64);
    ++found_;
    return window_[place - window_start_].row;
}

void ArrivalOrder::move_window() {
    const auto block = expected_ / ArrivalReader::block;
    const auto have = window_start_ / ArrivalReader::block;
    if (block == have) {
        return;
    }
    if (block == have + 1) {
        const auto kept = std::min(window_.size(), ArrivalReader::block);
        window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(kept));
    } else {
        window_ = reader_.read(block);
    }
    const auto next = reader_.read(block + 1);
    window_.insert(window_.end(), next.begin(), next.end());
    window_start_ = block * ArrivalReader::block;
    is_indexed_ = false;
}

std::optional<std::uint64_t> ArrivalOrder::search(const Hash128& key) {
    if (!is_indexed_) {
        index_.clear();
        for (std::size_t i = 0; i < window_.size(); ++i) {
            index_.try_emplace(window_[i].key, window_start_ + i);
        }
        is_indexed_ = true;
    }
    const auto known = index_.find(key);
    return known != index_.end() && !is_found(known->second) ? std::optional(known->second) : std::nullopt;
}

void ArrivalOrder::each_unmatched(const Context& context, const std::function<void(const Arrival&)>& visit) const {
    if (unmatched() == 0) {
        return;
    }
    std::uint64_t place = 0;
    for (std::uint64_t block = 0; place < count_; ++block) {
        context.check();
        const auto arrivals = reader_.read(block);
        if (arrivals.empty()) {
            return;
        }
        for (const auto& arrival : arrivals) {
            if (!is_found(place++)) {
                visit(arrival);
            }
        }
    }
}

}  // namespace rowhaul
