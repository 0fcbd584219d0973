// SPDX-License-Identifier: Apache-2.0
// A hash of 128 bits: wide enough that two contents with the same one are not met.
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace rowhaul {

// Ordered as its 16 bytes are when they stand with the highest first.
struct Hash128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend constexpr auto operator<=>(const Hash128&, const Hash128&) = default;
};

}  // namespace rowhaul

template <>
struct std::hash<rowhaul::Hash128> {
    std::size_t operator()(const rowhaul::Hash128& value) const noexcept { return value.low; }
};
