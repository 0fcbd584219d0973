// SPDX-License-Identifier: Apache-2.0
#include "format/exponent.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace rowhaul {

namespace {
constexpr std::int64_t longest_shift = 400;
}  // namespace

bool has_exponent(std::string_view number) {
    return number.find_first_of("eE") != std::string_view::npos;
}

bool write_out(std::string_view number, std::string& out) {
    const auto mark = number.find_first_of("eE");
    auto mantissa = number.substr(0, mark);
    auto exponent_text = number.substr(mark + 1);
    exponent_text.remove_prefix(static_cast<std::size_t>(exponent_text.starts_with('+')));
    std::int64_t exponent = 0;
    const auto [end, error] =
        std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
    if (error != std::errc() || exponent > longest_shift || exponent < -longest_shift) {
        return false;
    }
    out.clear();
    if (mantissa.starts_with('-')) {
        out = "-";
        mantissa.remove_prefix(1);
    }
    const auto point = std::min(mantissa.find('.'), mantissa.size());
    std::string digits(mantissa.substr(0, point));
    digits += mantissa.substr(std::min(point + 1, mantissa.size()));
    auto place = static_cast<std::int64_t>(point) + exponent;  // of the point in the digits
    if (place <= 0) {
        digits.insert(0, static_cast<std::size_t>(1 - place), '0');
        place = 1;
    }
    if (place > static_cast<std::int64_t>(digits.size())) {
        digits.append(static_cast<std::size_t>(place) - digits.size(), '0');
    }
    const auto zeros = std::min(digits.find_first_not_of('0'), static_cast<std::size_t>(place) - 1);
    digits.erase(0, zeros);
    place -= static_cast<std::int64_t>(zeros);
    out.append(digits, 0, static_cast<std::size_t>(place));
    if (static_cast<std::size_t>(place) < digits.size()) {
        out += '.';
        out.append(digits, static_cast<std::size_t>(place));
    }
    return true;
}

}  // namespace rowhaul
