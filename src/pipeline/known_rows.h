// SPDX-License-Identifier: Apache-2.0
// The rows near the cursor that an earlier run delivered, each with how often; any number of them. More
// than some ten thousand lie in a spool file, in which a row is found by its hash.
#pragma once
#include "io/spool_file.h"
#include "pipeline/spooled_row.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace rowhaul {

class KnownRows {
public:
    explicit KnownRows(SpoolPlace place) : place_(std::move(place)) {}

    // By rising hashes; the row's number is how often it was delivered. Throws Internal for another order.
    void add(const SpooledRow& row);
    bool empty() const { return firsts_.empty(); }
    // Takes one row of this hash away; false when there is none any more.
    bool take(const Hash128& hash);
    // Those that are left, by their hashes.
    void each(const std::function<void(const SpooledRow&)>& visit) const;

private:
    static constexpr std::size_t block_rows = 64;
    static constexpr std::size_t most_held = block_rows * 512;

    std::uint64_t spooled() const { return file_ ? file_->size() / sizeof(SpooledRow) : 0; }
    std::span<SpooledRow> block(std::size_t number);

    SpoolPlace place_;
    std::vector<Hash128> firsts_;    // of every block
    std::optional<SpoolFile> file_;  // whole blocks, before those that are held
    std::vector<SpooledRow> held_;
    std::vector<SpooledRow> loaded_;
    std::vector<bool> is_gone_;  // of each row: nothing of it is left
};

}  // namespace rowhaul
