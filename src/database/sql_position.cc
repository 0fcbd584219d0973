// SPDX-License-Identifier: Apache-2.0
#include "database/sql_position.h"

#include <algorithm>

namespace rowhaul {

namespace {

bool starts_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

}  // namespace

std::size_t byte_offset(std::string_view text, std::size_t character) {
    std::size_t seen = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (starts_character(text[at]) && ++seen == character) {
            return at;
        }
    }
    return text.size();
}

std::string point_at(std::string_view sql, std::size_t offset) {
    constexpr std::size_t context = 60;  // characters before and after the caret
    const auto before = sql.substr(0, std::min(offset, sql.size()));
    const auto line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    const auto line_number = 1 + std::count(before.begin(), before.end(), '\n');
    auto line = sql.substr(line_start, sql.find('\n', line_start) - line_start);
    const auto column = characters(before.substr(line_start)) + 1;

    auto caret = column;
    std::string prefix;
    if (caret > context) {
        line.remove_prefix(byte_offset(line, caret - context + 1));
        caret = context;
        prefix = "…";
        ++caret;
    }
    std::string suffix;
    if (characters(line) > 2 * context) {
        line = line.substr(0, byte_offset(line, 2 * context));
        suffix = "…";
    }
    std::string shown(line);
    std::replace_if(
        shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return "line " + std::to_string(line_number) + ", column " + std::to_string(column) + "\n  " + prefix + shown +
           suffix + "\n  " + std::string(caret - 1, ' ') + "^";
}

std::string shorten_query(std::string_view sql) {
    constexpr std::size_t longest = 60;
    std::string line;
    for (const char c : sql) {
        const bool is_blank = static_cast<unsigned char>(c) <= ' ';
        if (!is_blank) {
            line += c;
        } else if (!line.empty() && line.back() != ' ') {
            line += ' ';
        }
    }
    if (characters(line) > longest) {
        line.resize(byte_offset(line, longest));
        line += "…";
    }
    return line;
}

}  // namespace rowhaul
