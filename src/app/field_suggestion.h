// SPDX-License-Identifier: Apache-2.0
// Proposed fields of a mapping, and how they are shown: YAML to be pasted into the mapping, with
// what could not be decided as comments; or JSON.
#pragma once
#include "mapping/suggestion.h"
#include "options/document.h"

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

struct FieldSuggestion {
    // A column of the target.
    struct Line {
        SuggestedColumn column;
        Node item;  // of `fields`, as it stands or would stand in the mapping; null = nothing to propose
    };
    std::string mapping;
    std::string source;     // what was read
    std::string wanted_by;  // who says which columns the target wants; empty = nobody, so all are taken
    std::vector<Line> lines;
    std::vector<std::string> unused;        // columns of the source
    std::uint64_t rows_seen_for_types = 0;  // 0 = no types are proposed
    std::vector<std::string> warnings;
};

std::string fields_yaml(const FieldSuggestion&);
boost::json::object fields_json(const FieldSuggestion&);

}  // namespace rowhaul
