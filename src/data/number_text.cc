// SPDX-License-Identifier: Apache-2.0
#include "data/number_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace rowhaul {

namespace {

std::size_t write_word(char* into, std::string_view word) {
    std::memcpy(into, word.data(), word.size());
    return word.size();
}

template <class Float>
std::size_t write_special(char* into, Float value) {
    return write_word(into, std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
}

// Nearly all numbers in business data are short decimals. If n / 10000 gives the value back and n
// has at most 15 digits, then its digits are the shortest: two decimals of at most 15 digits never
// share a double, so no shorter one can mean the same value.
std::size_t write_short_decimal(char* into, double value) {
    constexpr double scale = 10'000;
    constexpr double limit = 1e15;
    const double scaled = value * scale;
    if (!(std::fabs(scaled) < limit)) {
        return 0;
    }
    const auto whole = static_cast<std::int64_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    if (static_cast<double>(whole) / scale != value || whole == 0) {
        return 0;
    }
    const auto magnitude = static_cast<std::uint64_t>(whole < 0 ? -whole : whole);
    char* at = into;
    if (whole < 0) {
        *at++ = '-';
    }
    at += write_unsigned(at, magnitude / 10'000);
    auto fraction = static_cast<unsigned>(magnitude % 10'000);
    if (fraction == 0) {
        return static_cast<std::size_t>(at - into);
    }
    *at++ = '.';
    for (unsigned place = 1'000; fraction != 0; place /= 10) {
        *at++ = static_cast<char>('0' + fraction / place);
        fraction %= place;
    }
    return static_cast<std::size_t>(at - into);
}

template <class Float>
std::size_t write_shortest(char* into, Float value) {
    if (!std::isfinite(value)) {
        return write_special(into, value);
    }
    const auto size = std::fabs(value);
    const bool plain = size == 0 || (size >= Float(1e-4) && size < Float(1e15));
    const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
    return static_cast<std::size_t>(std::to_chars(into, into + max_float_text, value, format).ptr - into);
}

}  // namespace

std::size_t write_integer(char* into, std::int64_t value) {
    return static_cast<std::size_t>(std::to_chars(into, into + max_integer_text, value).ptr - into);
}

std::size_t write_unsigned(char* into, std::uint64_t value) {
    return static_cast<std::size_t>(std::to_chars(into, into + max_integer_text, value).ptr - into);
}

std::size_t write_float(char* into, double value) {
    const auto written = write_short_decimal(into, value);
    return written != 0 ? written : write_shortest(into, value);
}

std::size_t write_float(char* into, float value) {
    return write_shortest(into, value);
}

std::size_t write_fixed(char* into, double value) {
    if (!std::isfinite(value)) {
        return write_special(into, value);
    }
    if (const auto written = write_short_decimal(into, value); written != 0) {
        return written;
    }
    const auto end = std::to_chars(into, into + max_fixed_text, value, std::chars_format::fixed).ptr;
    return static_cast<std::size_t>(end - into);
}

void write_hex(char* into, std::string_view bytes) {
    static constexpr auto pairs = [] {
        constexpr std::string_view digits = "0123456789abcdef";
        std::array<char, 512> table{};
        for (std::size_t byte = 0; byte < 256; ++byte) {
            table[2 * byte] = digits[byte / 16];
            table[2 * byte + 1] = digits[byte % 16];
        }
        return table;
    }();
    for (const char byte : bytes) {
        std::memcpy(into, &pairs[2 * static_cast<std::size_t>(static_cast<unsigned char>(byte))], 2);
        into += 2;
    }
}

}  // namespace rowhaul
