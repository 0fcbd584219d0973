// SPDX-License-Identifier: Apache-2.0
// Numbers of rows, of which few are here or many close together: a bit each, thousands to a block.
#pragma once
#include <array>
#include <cstdint>
#include <unordered_map>

namespace rowhaul {

class RowSet {
public:
    void add(std::uint64_t row) { blocks_[row / block_rows][row % block_rows / 64] |= std::uint64_t{1} << (row % 64); }
    bool contains(std::uint64_t row) const {
        const auto block = blocks_.find(row / block_rows);
        return block != blocks_.end() && (block->second[row % block_rows / 64] >> (row % 64) & 1) != 0;
    }
    bool empty() const { return blocks_.empty(); }

private:
    static constexpr std::size_t block_rows = 4096;
    std::unordered_map<std::uint64_t, std::array<std::uint64_t, block_rows / 64>> blocks_;
};

}  // namespace rowhaul
