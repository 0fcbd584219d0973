// SPDX-License-Identifier: Apache-2.0
// Which column of a source is most likely meant for each column that a target wants, by their names.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace rowhaul {

enum class Match : std::uint8_t {
    Equal,
    Folded,     // equal but for case, blanks, umlauts and accents (expression/folding.h)
    Ambiguous,  // more than one column would fit, or the one that does would fit more than one wanted
    None,
};

struct WantedColumn {
    std::string to;
    std::string from;  // looked for first; empty = as `to`
};

struct SuggestedColumn {
    std::string to;
    Match match = Match::None;
    std::string from;                     // when Equal or Folded
    std::vector<std::string> candidates;  // when Ambiguous
};

// One for each wanted, in their order. Nothing is guessed: a column of the source that is equal to one
// wanted, or goes to one by its folded name, is not proposed for another one.
std::vector<SuggestedColumn> suggest_columns(const std::vector<WantedColumn>& wanted,
                                             const std::vector<std::string>& source);

}  // namespace rowhaul
