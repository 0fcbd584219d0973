// SPDX-License-Identifier: Apache-2.0
// Values by rising numbers, of which only the first number of some thousand stays in memory.
#pragma once
#include "io/spool_file.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace rowhaul {

template <class Value>
class NumberedLog {
    static_assert(std::is_trivially_copyable_v<Value>);

public:
    explicit NumberedLog(SpoolPlace place) : place_(std::move(place)) {}

    // Numbers rise from call to call.
    void add(std::uint64_t number, const Value& value) {
        if (last_.size() == block_entries) {
            if (!file_) {
                file_.emplace(place_);
            }
            file_->append(std::as_bytes(std::span(last_)));
            firsts_.push_back(last_.front().number);
            last_.clear();
        }
        last_.push_back({number, value});
    }
    std::optional<Value> find(std::uint64_t number) {
        if (!last_.empty() && last_.front().number <= number) {
            return in(last_, number);
        }
        const auto behind = std::ranges::upper_bound(firsts_, number);
        if (behind == firsts_.begin()) {
            return {};
        }
        const auto block = static_cast<std::size_t>(behind - firsts_.begin()) - 1;
        if (!loaded_ || *loaded_ != block) {
            block_.resize(block_entries);
            file_->read(block * block_entries * sizeof(Entry), std::as_writable_bytes(std::span(block_)));
            loaded_ = block;
        }
        return in(block_, number);
    }

private:
    struct Entry {
        std::uint64_t number;
        Value value;
    };
    static constexpr std::size_t block_entries = 4096;

    static std::optional<Value> in(const std::vector<Entry>& entries, std::uint64_t number) {
        const auto found = std::ranges::lower_bound(entries, number, {}, &Entry::number);
        return found != entries.end() && found->number == number ? std::optional(found->value) : std::nullopt;
    }

    SpoolPlace place_;
    std::optional<SpoolFile> file_;
    std::vector<std::uint64_t> firsts_;  // of the blocks in the file
    std::vector<Entry> last_;            // not in the file yet
    std::vector<Entry> block_;           // the one that was read last
    std::optional<std::size_t> loaded_;
};

}  // namespace rowhaul
