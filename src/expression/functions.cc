// SPDX-License-Identifier: Apache-2.0
#include "expression/functions.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <utility>

namespace rowhaul {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> other_names{{{"ceiling", "ceil"},
                                                                                    {"char_length", "length"},
                                                                                    {"character_length", "length"},
                                                                                    {"substring", "substr"},
                                                                                    {"now", "current_timestamp"},
                                                                                    {"trim", "btrim"}}};

}  // namespace

std::string_view name_of(Group group) {
    switch (group) {
        case Group::Logic:
            return "Logic and conditions";
        case Group::Comparison:
            return "Comparisons";
        case Group::Null:
            return "NULL";
        case Group::Text:
            return "Text";
        case Group::Pattern:
            return "Patterns";
        case Group::Number:
            return "Numbers";
        case Group::Date:
            return "Dates and times";
        case Group::Check:
            return "Checks and digests";
    }
    return "";
}

const std::vector<Function>& all_functions() {
    static const auto all = [] {
        std::vector<Function> functions;
        for (auto part : {logic_functions(), text_functions(), pattern_functions(), number_functions(),
                          date_functions(), check_functions()}) {
            std::ranges::move(part, std::back_inserter(functions));
        }
        return functions;
    }();
    return all;
}

const Function* find_function(std::string_view name) {
    static const auto by_name = [] {
        std::map<std::string_view, const Function*> names;
        for (const auto& function : all_functions()) {
            names.emplace(function.name, &function);
        }
        for (const auto& [other, usual] : other_names) {
            names.emplace(other, names.at(usual));
        }
        return names;
    }();
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : found->second;
}

}  // namespace rowhaul
