// SPDX-License-Identifier: Apache-2.0
// Tables and numbers for a terminal.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// Columns as wide as their widest cell. Control characters in cells are shown as such.
class TextTable {
public:
    explicit TextTable(std::vector<std::string> headings);
    // Columns that hold numbers stand right.
    TextTable& right(std::size_t column);
    // No cell is shown longer than this; 0 = whole.
    TextTable& at_most(std::size_t characters);
    void row(std::vector<std::string> cells);
    std::string text() const;

private:
    std::vector<bool> right_;
    std::size_t at_most_ = 0;
    std::vector<std::vector<std::string>> rows_;  // the headings first
};

// Characters that a terminal shows, not bytes: UTF-8 code points, wide ones counted as one.
std::size_t shown_width(std::string_view text);
// Line breaks and other control characters as ↵ and ·; at most so many characters, then ….
std::string one_line(std::string_view text, std::size_t at_most = 0);
std::string with_thousands(std::uint64_t number);  // 1,234,567
std::string byte_text(std::uint64_t bytes);        // 1.2 MB

}  // namespace rowhaul
