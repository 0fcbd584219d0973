// SPDX-License-Identifier: Apache-2.0
// Numbers and bytes as canonical text (data/schema.h), for databases that hand out binary values.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rowhaul {

inline constexpr std::size_t max_integer_text = 20;
inline constexpr std::size_t max_float_text = 32;
inline constexpr std::size_t max_fixed_text = 350;

// Each writes to `into`, which has room for the longest text of its kind, and returns the length.
std::size_t write_integer(char* into, std::int64_t value);
std::size_t write_unsigned(char* into, std::uint64_t value);
// The shortest digits that read back the same at this width: plain from 0.0001 up to below 1e15
// ("100000", "0.30000000000000004"; no ".0" after a whole number), else with an exponent ("1e+20"),
// as PostgreSQL writes float8. NaN, Infinity, -Infinity.
std::size_t write_float(char* into, double value);
std::size_t write_float(char* into, float value);
// The same digits, never with an exponent: for a column that holds decimals.
std::size_t write_fixed(char* into, double value);
// Two lowercase hex digits a byte.
void write_hex(char* into, std::string_view bytes);

}  // namespace rowhaul
