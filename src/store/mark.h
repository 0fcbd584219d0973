// SPDX-License-Identifier: Apache-2.0
// A mark is what we know of one record in one target: whether it is there, as which row, and since when.
#pragma once
#include "base/hash128.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

enum class MarkStatus : std::uint8_t {
    Succeeded,  // the target has the row whose hash is here
    Failed,     // it was rejected, for the reason in the remark; tried again by every run
    Skipped,    // sent, but the target may have left it out (`missing: skip`, `existing: skip`)
    Absent,     // not among the rows of the last complete run
};

std::string_view name_of(MarkStatus status);

// Stands for a row whose next occurrence is to be sent whatever it is.
constexpr Hash128 compare_anew{};

// Texts point into what the mark was read from.
struct Mark {
    Hash128 key_hash;
    Hash128 row_hash;  // of a mark that is not Succeeded: compare_anew
    MarkStatus status = MarkStatus::Succeeded;
    std::uint32_t last_sync = 0;     // number of a run (MarkFile::run); of a record that did not change since,
                                     // the last complete run was later
    std::uint32_t last_success = 0;  // likewise; 0 = never
    std::string_view key;            // its parts, as append_key_part makes them
    std::string_view remark;
    std::string_view key_there = {};  // that the target gave it itself; empty = none, or nobody asked
};
constexpr std::size_t longest_key_there = 255;  // bytes

// A key of several fields is the sequence of its parts.
void append_key_part(std::string& key, std::string_view part);
std::vector<std::string_view> key_parts(std::string_view key);
// As people read it: the parts with ", " between them.
std::string shown_key(std::string_view key);

// Marks as bytes, one after the other.
void append_mark(std::string& bytes, const Mark& mark);
// Takes the first one off; `bytes` must not be empty.
Mark take_mark(std::string_view& bytes);

// A row in the order in which the rows of a run arrived.
struct Arrival {
    Hash128 key;
    Hash128 row;  // or compare_anew
};

}  // namespace rowhaul
