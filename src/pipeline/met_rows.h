// SPDX-License-Identifier: Apache-2.0
// The rows near the cursor that a run met, which the next one is to know; any number of them. More than
// some ten thousand lie in spool files, each of which goes when the cursor has left all its rows behind.
#pragma once
#include "data/row_set.h"
#include "io/spool_file.h"
#include "pipeline/spooled_row.h"

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace rowhaul {

// One thread adds rows, any may forget some.
class MetRows {
public:
    explicit MetRows(SpoolPlace place) : place_(std::move(place)) {}

    // The row's number is its number among all rows. Those with a place before `low` are not wanted any more.
    void add(const SpooledRow& row, const std::optional<Decimal>& low);
    // The row did not arrive.
    void forget(std::uint64_t number);
    // Those that arrived and do not stand before `low`, in no order.
    void each(const std::optional<Decimal>& low, const std::function<void(const SpooledRow&)>& visit) const;

private:
    struct Part {
        SpoolFile file;
        std::optional<Decimal> highest;
    };
    static constexpr std::size_t most_held = std::size_t{64} << 10;
    static constexpr std::uint64_t most_part_bytes = std::uint64_t{256} << 20;

    void make_room(const std::optional<Decimal>& low);

    SpoolPlace place_;
    std::vector<SpooledRow> held_;
    std::vector<Part> placed_;      // the last one grows
    std::optional<Part> unplaced_;  // has no highest
    mutable std::mutex access_;     // to forgotten_
    RowSet forgotten_;
};

}  // namespace rowhaul
