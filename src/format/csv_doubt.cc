// SPDX-License-Identifier: Apache-2.0
#include "format/csv_doubt.h"

#include "format/shown_text.h"

#include <array>
#include <fmt/format.h>

namespace rowhaul {

namespace {

// Cells that a line would have; zero when some of them do not look like cells: with nothing in
// them, or with a space before their text, as in a sentence.
std::size_t cells_by(char delimiter, std::string_view line) {
    std::size_t cells = 0;
    while (true) {
        const auto end = line.find(delimiter);
        const auto cell = line.substr(0, end);
        if (cell.empty() || cell.front() == ' ') {
            return 0;
        }
        ++cells;
        if (end == std::string_view::npos) {
            return cells;
        }
        line.remove_prefix(end + 1);
    }
}

}  // namespace

std::string doubt_about_delimiter(std::string_view line) {
    struct Usual {
        char delimiter;
        std::string_view shown;
    };
    constexpr std::array<Usual, 4> usual{{{';', ";"}, {'\t', "\\t"}, {',', ","}, {'|', "|"}}};
    const Usual* likely = nullptr;
    std::size_t most = 1;
    for (const auto& one : usual) {
        if (const auto cells = cells_by(one.delimiter, line); cells > most) {
            likely = &one;
            most = cells;
        }
    }
    return likely == nullptr ? std::string()
                             : fmt::format(
                                   "\"{}\" is one cell, but looks as if separated by \"{}\"; set `delimiter: "
                                   "\"{}\"` in the source's format",
                                   shortened(line), likely->shown, likely->shown);
}

}  // namespace rowhaul
