// SPDX-License-Identifier: Apache-2.0
// Puts any number of records into the order of their hashes, with little memory: records go to 256
// places by the first byte of their hash, which lie in one spool file, and each place is read and
// sorted by itself; one that is too large for that is divided again by the next byte.
#pragma once
#include "base/context.h"
#include "base/hash128.h"
#include "io/spool_file.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

class HashSorter {
public:
    // Holds at most 8 MiB of records while they are added, and 12 MiB more while they are visited.
    explicit HashSorter(SpoolPlace place) : HashSorter(std::move(place), 0) {}

    void add(const Hash128& hash, std::string_view record);
    std::uint64_t records() const { return records_; }

    // The records of one hash, in the order in which they were added.
    using Visitor = std::function<void(const Hash128&, std::span<const std::string_view> records)>;
    // Every hash once, in order. Called once, after the last add(). Throws Conflict when one hash has
    // so many records that they do not fit into memory.
    void visit(const Context&, const Visitor&);

private:
    static constexpr std::size_t block_bytes = std::size_t{32} << 10;
    static constexpr std::size_t most_loaded = std::size_t{6} << 20;
    static constexpr std::size_t most_of_one_hash = std::size_t{32} << 20;
    static constexpr unsigned deepest = 4;

    struct Block {
        std::uint64_t offset;
        std::size_t size;
    };
    struct Part {
        std::string pending;
        std::vector<Block> blocks;
        std::uint64_t bytes = 0;  // in all
    };

    HashSorter(SpoolPlace place, unsigned depth) : place_(std::move(place)), depth_(depth) {}
    void flush(Part&);
    void each_block(const Part&, const std::function<void(std::string_view)>&) const;
    void divide(const Context&, Part&, const Visitor&) const;
    void visit_sorted(const Part&, const Visitor&) const;

    SpoolPlace place_;
    unsigned depth_;  // bytes of the hash that all records share
    std::optional<SpoolFile> file_;
    std::array<Part, 256> parts_;
    std::uint64_t records_ = 0;
};

}  // namespace rowhaul
