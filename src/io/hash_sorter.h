// SPDX-License-Identifier: Apache-2.0
// Puts any number of records into the order of their hashes, with little memory: records go to 256
// places by the first byte of their hash, which lie in one spool file, and each place is read and
// sorted by itself; one that is too large for that is divided again by the next byte. Records of one
// hash that are too many to be loaded are handed out as they are read.
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
    struct Part;

public:
    // Holds at most 8 MiB of records while they are added, and 12 MiB more while they are visited.
    explicit HashSorter(SpoolPlace place) : HashSorter(std::move(place), 0) {}

    void add(const Hash128& hash, std::string_view record);
    std::uint64_t records() const { return records_; }

    // The records of one hash, in the order in which they were added; good during the visit.
    class Records {
    public:
        std::uint64_t size() const { return size_; }
        // May be called again. What is handed over is good during the call only.
        template <class Take>
        void each(const Take& take) const {
            if (sorter_ != nullptr) {
                sorter_->each_record_of(*context_, *part_, [&](std::string_view record) { take(record); });
            }
            for (const auto record : loaded_) {
                take(record);
            }
        }

    private:
        friend class HashSorter;
        std::uint64_t size_ = 0;
        std::span<const std::string_view> loaded_;
        const HashSorter* sorter_ = nullptr;
        const Context* context_ = nullptr;
        const Part* part_ = nullptr;  // which is of one hash
    };
    using Visitor = std::function<void(const Hash128&, const Records& records)>;
    // Every hash once, in order. Called once, after the last add().
    void visit(const Context&, const Visitor&);

private:
    static constexpr std::size_t block_bytes = std::size_t{32} << 10;
    static constexpr std::size_t most_loaded = std::size_t{6} << 20;

    struct Block {
        std::uint64_t offset;
        std::size_t size;
    };
    struct Part {
        std::string pending;
        std::vector<Block> blocks;
        std::uint64_t bytes = 0;  // in all
        std::uint64_t records = 0;
        Hash128 first;
        bool is_of_one_hash = true;
    };

    HashSorter(SpoolPlace place, unsigned depth) : place_(std::move(place)), depth_(depth) {}
    void flush(Part&);
    void each_block(const Part&, const std::function<void(std::string_view)>&) const;
    void divide(const Context&, Part&, const Visitor&) const;
    void visit_sorted(const Part&, const Visitor&) const;
    void each_record_of(const Context&, const Part&, const std::function<void(std::string_view)>& take) const;

    SpoolPlace place_;
    unsigned depth_;  // bytes of the hash that all records share
    std::optional<SpoolFile> file_;
    std::array<Part, 256> parts_;
    std::uint64_t records_ = 0;
};

}  // namespace rowhaul
