// SPDX-License-Identifier: Apache-2.0
#include "app/text_table.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace rowhaul {

namespace {

bool continues_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

}  // namespace

std::size_t shown_width(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !continues_character(c); }));
}

std::string one_line(std::string_view text, std::size_t at_most) {
    std::string line;
    std::size_t shown = 0;
    for (const char c : text) {
        if (!continues_character(c) && at_most != 0 && ++shown > at_most) {
            return line + "…";
        }
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n') {
            line += "↵";
        } else if (byte < ' ' || byte == 0x7F) {
            line += "·";
        } else {
            line += c;
        }
    }
    return line;
}

std::string with_thousands(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (auto place = static_cast<std::ptrdiff_t>(digits.size()) - 3; place > 0; place -= 3) {
        digits.insert(static_cast<std::size_t>(place), ",");
    }
    return digits;
}

std::string byte_text(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 5> units{"bytes", "kB", "MB", "GB", "TB"};
    if (bytes < 1000) {
        return fmt::format("{} bytes", bytes);
    }
    double amount = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (amount >= 999.95 && unit + 1 < units.size()) {
        amount /= 1000;
        ++unit;
    }
    return fmt::format("{:.1f} {}", amount, units[unit]);
}

TextTable::TextTable(std::vector<std::string> headings) : right_(headings.size()) {
    rows_.push_back(std::move(headings));
}

TextTable& TextTable::right(std::size_t column) {
    right_[column] = true;
    return *this;
}

TextTable& TextTable::at_most(std::size_t characters) {
    at_most_ = characters;
    return *this;
}

void TextTable::row(std::vector<std::string> cells) {
    for (auto& cell : cells) {
        cell = one_line(cell, at_most_);
    }
    cells.resize(right_.size());
    rows_.push_back(std::move(cells));
}

std::string TextTable::text() const {
    std::vector<std::size_t> widths(right_.size());
    for (const auto& row : rows_) {
        for (std::size_t column = 0; column < widths.size(); ++column) {
            widths[column] = std::max(widths[column], shown_width(row[column]));
        }
    }
    std::string text;
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t column = 0; column < widths.size(); ++column) {
            const std::string padding(widths[column] - shown_width(row[column]), ' ');
            line += column == 0 ? "" : "  ";
            line += right_[column] ? padding + row[column] : row[column] + padding;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

}  // namespace rowhaul
