// SPDX-License-Identifier: Apache-2.0
// What lies beside a file that was set aside: who did it and why, for whoever finds it there.
#pragma once
#include "base/time.h"
#include "connector/connector.h"

#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// "bad/a.csv" has its note in "bad/a.csv.waybill.json".
inline constexpr std::string_view set_aside_note_ending = ".waybill.json";

struct SetAsideNote {
    static constexpr std::size_t most_rejects = 10;

    std::string execution;
    std::string mapping;
    Moment written;
    SourceFile file;                   // its rows and rejected: those found before it was given up
    std::string advice;                // to its problem; may be empty
    std::vector<Reject> rejects = {};  // the first ones
};

// As JSON, with the names that the waybill of a run has.
std::string to_json(const SetAsideNote&);

}  // namespace rowhaul
