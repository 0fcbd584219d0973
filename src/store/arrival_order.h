// SPDX-License-Identifier: Apache-2.0
// Finds the rows of a run among those of the last one, where they come in about the same order: then
// no row need be looked up, sorted or kept. What came last time is read once, two blocks at a time.
#pragma once
#include "base/context.h"
#include "store/mark_file.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

namespace rowhaul {

class ArrivalOrder {
public:
    // `target` has a list of arrivals; `file` must outlive this.
    ArrivalOrder(MarkFile& file, const MarkedTarget& target);

    // The row with this key as it came last time, each at most once. It is looked for behind the one
    // that was found before and some thousand places further on: nothing says that it is not there.
    std::optional<Hash128> match(const Hash128& key);
    // Whether every row was found so far, and in the same order.
    bool is_in_order() const { return is_in_order_; }
    std::uint64_t unmatched() const { return count_ - found_; }
    // Those that were never found, in their order.
    void each_unmatched(const Context&, const std::function<void(const Arrival&)>&) const;

private:
    bool is_found(std::uint64_t place) const { return (marked_[place / 64] >> (place % 64) & 1) != 0; }
    bool is_at(std::uint64_t place, const Hash128& key);
    Hash128 take(std::uint64_t place);
    // Makes the window begin with the block of the place that is expected next.
    void move_window();
    std::optional<std::uint64_t> search(const Hash128& key);

    mutable ArrivalReader reader_;
    const std::uint64_t count_;
    std::uint64_t found_ = 0;
    std::vector<std::uint64_t> marked_;  // a bit a place
    std::vector<Arrival> window_;
    std::uint64_t window_start_ = 0;
    std::uint64_t expected_ = 0;  // where the next row should be
    std::uint64_t detour_ = 0;    // where it should be if the rows before were left out
    bool is_in_order_ = true;
    bool is_indexed_ = false;
    std::unordered_map<Hash128, std::uint64_t> index_;  // of the window
};

}  // namespace rowhaul
