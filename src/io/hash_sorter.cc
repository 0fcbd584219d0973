// SPDX-License-Identifier: Apache-2.0
#include "io/hash_sorter.h"

#include <algorithm>
#include <cstring>

namespace rowhaul {

namespace {

struct Head {
    Hash128 hash;
    std::uint64_t size;
};

std::size_t byte_of(const Hash128& hash, unsigned place) {
    constexpr unsigned half = 8;
    const auto bytes = place < half ? hash.high : hash.low;
    return (bytes >> (56 - 8 * (place % half))) & 0xFF;
}

void each_record(std::string_view block, const auto& take) {
    while (!block.empty()) {
        Head head;
        std::memcpy(&head, block.data(), sizeof head);
        take(head.hash, block.substr(sizeof head, head.size));
        block.remove_prefix(sizeof head + head.size);
    }
}

}  // namespace

void HashSorter::add(const Hash128& hash, std::string_view record) {
    auto& part = parts_[byte_of(hash, depth_)];
    const Head head{hash, record.size()};
    if (part.records++ == 0) {
        part.first = hash;
    }
    part.is_of_one_hash = part.is_of_one_hash && hash == part.first;
    part.pending.append(reinterpret_cast<const char*>(&head), sizeof head);
    part.pending.append(record);
    part.bytes += sizeof head + record.size();
    ++records_;
    if (part.pending.size() >= block_bytes) {
        flush(part);
    }
}

void HashSorter::flush(Part& part) {
    if (part.pending.empty()) {
        return;
    }
    if (!file_) {
        file_.emplace(place_);
    }
    part.blocks.push_back({file_->size(), part.pending.size()});
    file_->append(std::as_bytes(std::span(part.pending)));
    const bool was_large = part.pending.capacity() > 2 * block_bytes;
    part.pending.clear();
    if (was_large) {
        part.pending.shrink_to_fit();
    }
}

void HashSorter::each_block(const Part& part, const std::function<void(std::string_view)>& take) const {
    std::string bytes;
    for (const auto& block : part.blocks) {
        bytes.resize(block.size);
        file_->read(block.offset, std::as_writable_bytes(std::span(bytes)));
        take(bytes);
    }
    take(part.pending);
}

void HashSorter::visit(const Context& context, const Visitor& visitor) {
    if (file_) {
        for (auto& part : parts_) {
            flush(part);
            part.pending = {};
        }
    }
    for (auto& part : parts_) {
        context.check();
        if (part.bytes <= most_loaded) {
            visit_sorted(part, visitor);
        } else if (part.is_of_one_hash) {
            Records records;
            records.size_ = part.records;
            records.sorter_ = this;
            records.context_ = &context;
            records.part_ = &part;
            visitor(part.first, records);
        } else {
            divide(context, part, visitor);
        }
        part = {};
    }
}

void HashSorter::divide(const Context& context, Part& part, const Visitor& visitor) const {
    HashSorter finer(place_, depth_ + 1);
    each_block(part, [&](std::string_view block) {
        context.check();
        each_record(block, [&](const Hash128& hash, std::string_view record) { finer.add(hash, record); });
    });
    finer.visit(context, visitor);
}

void HashSorter::visit_sorted(const Part& part, const Visitor& visitor) const {
    struct Place {
        Hash128 hash;
        std::size_t offset;
        std::size_t size;
    };
    std::string all;
    all.reserve(part.bytes);
    each_block(part, [&](std::string_view block) { all += block; });
    std::vector<Place> places;
    each_record(all, [&](const Hash128& hash, std::string_view record) {
        places.push_back({hash, static_cast<std::size_t>(record.data() - all.data()), record.size()});
    });
    // Records of one hash stay in the order of their places.
    std::ranges::sort(places, [](const Place& left, const Place& right) {
        return left.hash != right.hash ? left.hash < right.hash : left.offset < right.offset;
    });
    std::vector<std::string_view> group;
    Records records;
    for (std::size_t first = 0; first < places.size();) {
        group.clear();
        std::size_t last = first;
        for (; last < places.size() && places[last].hash == places[first].hash; ++last) {
            group.push_back(std::string_view(all).substr(places[last].offset, places[last].size));
        }
        records.size_ = group.size();
        records.loaded_ = group;
        visitor(places[first].hash, records);
        first = last;
    }
}

void HashSorter::each_record_of(const Context& context, const Part& part,
                                const std::function<void(std::string_view)>& take) const {
    each_block(part, [&](std::string_view block) {
        context.check();
        each_record(block, [&](const Hash128&, std::string_view record) { take(record); });
    });
}

}  // namespace rowhaul
