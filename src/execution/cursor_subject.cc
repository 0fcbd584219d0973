// SPDX-License-Identifier: Apache-2.0
#include "execution/cursor_subject.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rowhaul {

namespace {

std::string on_one_line(std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return text;
}

std::string text_of(const Node& section, std::string_view option) {
    const Node* found = section.find(option);
    return found != nullptr && found->is_scalar() ? found->text() : "";
}

}  // namespace

std::string cursor_subject(const MappingDefinition& mapping) {
    return fmt::format("cursor {}\nsource {} {}{}\nkey {}\ntarget {} {}", mapping.cursor, mapping.source_connection,
                       on_one_line(text_of(mapping.source, "table")), on_one_line(text_of(mapping.source, "query")),
                       fmt::join(mapping.records.key, ", "), mapping.target_connection,
                       on_one_line(text_of(mapping.target, "table")));
}

std::string change_of_subject(std::string_view before, std::string_view now) {
    while (!before.empty() || !now.empty()) {
        const auto old_part = before.substr(0, before.find('\n'));
        const auto part = now.substr(0, now.find('\n'));
        if (old_part != part) {
            return fmt::format("`{}`", part.substr(0, part.find(' ')));
        }
        before.remove_prefix(std::min(before.size(), old_part.size() + 1));
        now.remove_prefix(std::min(now.size(), part.size() + 1));
    }
    return {};
}

}  // namespace rowhaul
