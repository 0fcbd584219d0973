// SPDX-License-Identifier: Apache-2.0
// What becomes of rows in a target that holds records: a table, a list.
#pragma once
#include "options/options.h"

#include <string>
#include <vector>

namespace rowhaul {

enum class Missing : std::uint8_t { Insert, Skip };
template <>
struct EnumChoices<Missing> {
    static constexpr std::array<Choice, 2> list{{{"insert", "It is created."}, {"skip", "It is left out."}}};
};

enum class Existing : std::uint8_t { Update, Skip, Error };
template <>
struct EnumChoices<Existing> {
    static constexpr std::array<Choice, 3> list{{{"update", "It is changed where it differs."},
                                                 {"skip", "It stays as it is."},
                                                 {"error", "The run fails, and nothing is changed."}}};
};

enum class Duplicates : std::uint8_t { Reject, First, Last, Error };
template <>
struct EnumChoices<Duplicates> {
    static constexpr std::array<Choice, 4> list{{{"reject", "All of them are rejected: nobody knows which is right."},
                                                 {"first", "The first is taken, the others are skipped."},
                                                 {"last", "The last is taken, the others are skipped."},
                                                 {"error", "The run fails, and nothing is changed."}}};
};

struct RecordRules {
    std::vector<std::string> key;  // names in the target; empty = rows are only appended
    Missing missing = Missing::Insert;
    Existing existing = Existing::Update;
    Duplicates duplicates = Duplicates::Reject;
};

}  // namespace rowhaul
