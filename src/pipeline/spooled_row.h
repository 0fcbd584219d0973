// SPDX-License-Identifier: Apache-2.0
// A row near the cursor as bytes: its hash, where it stands, and a number that is for its owner to define.
#pragma once
#include "base/hash128.h"
#include "mapping/cursor_scale.h"

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace rowhaul {

struct SpooledRow {
    SpooledRow() = default;
    SpooledRow(const CursorScale::Place& place, const Hash128& row_hash, std::uint64_t row_number)
        : hash(row_hash),
          coefficient(place.value.coefficient),
          number(row_number),
          scale(place.value.scale),
          is_placed(place.is_placed ? 1 : 0) {}
    CursorScale::Place place() const {
        return {is_placed != 0, {.coefficient = coefficient, .big = nullptr, .scale = scale}};
    }
    std::string_view bytes() const { return {reinterpret_cast<const char*>(this), sizeof *this}; }
    static SpooledRow from(std::string_view bytes) {
        SpooledRow row;
        std::memcpy(&row, bytes.data(), sizeof row);
        return row;
    }

    Hash128 hash;
    Int128 coefficient = 0;
    std::uint64_t number = 0;
    std::int32_t scale = 0;
    std::int32_t is_placed = 0;
};
static_assert(std::is_trivially_copyable_v<SpooledRow> && sizeof(SpooledRow) == 48);

}  // namespace rowhaul
