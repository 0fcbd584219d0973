// SPDX-License-Identifier: Apache-2.0
#include "expression/syntax.h"

#include <algorithm>

namespace rowhaul {

namespace {

constexpr std::size_t widest_picture = 100;

bool begins_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

// One column on the screen a character: nothing that moves the cursor stays.
std::string shown(std::string_view text) {
    std::string out(text);
    std::ranges::replace_if(
        out, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; }, ' ');
    return out;
}

}  // namespace

std::string with_caret(std::string_view message, std::string_view expression, std::size_t place) {
    place = std::min(place, expression.size());
    const auto before = place == 0 ? std::string_view::npos : expression.rfind('\n', place - 1);
    std::size_t start = before == std::string_view::npos ? 0 : before + 1;
    std::size_t end = std::min(expression.find('\n', place), expression.size());
    const bool is_cut_before = place - start > widest_picture * 2 / 3;
    if (is_cut_before) {
        start = place - widest_picture / 2;
        while (start < place && !begins_character(expression[start])) {
            ++start;
        }
    }
    if (end - start > widest_picture) {
        end = start + widest_picture;
        while (end < expression.size() && !begins_character(expression[end])) {
            ++end;
        }
    }
    const auto line = expression.substr(start, end - start);
    const auto ahead = line.substr(0, std::min(place - start, line.size()));
    const auto columns = static_cast<std::size_t>(std::ranges::count_if(ahead, begins_character));
    return std::string(message) + "\n    " + shown(line) + "\n    " + std::string(columns, ' ') + "^";
}

ExpressionError::ExpressionError(std::string_view expression, std::size_t place, const std::string& message)
    : Error(ErrorKind::Invalid, with_caret(message, expression, place)), message_(message), place_(place) {}

}  // namespace rowhaul
