// SPDX-License-Identifier: Apache-2.0
#include "store/named_queries.h"

#include "base/error.h"

namespace rowhaul {

NamedQueries::NamedQueries(std::string_view text) {
    constexpr std::string_view heading = "-- name: ";
    auto at = text.find(heading);
    while (at != std::string_view::npos) {
        const auto name_begin = at + heading.size();
        const auto line_end = text.find('\n', name_begin);
        at = text.find(heading, line_end);
        by_name_.emplace(text.substr(name_begin, line_end - name_begin), text.substr(line_end, at - line_end));
    }
}

std::string_view NamedQueries::sql(std::string_view name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
        throw Error(ErrorKind::Internal, "there is no query named " + std::string(name));
    }
    return found->second;
}

}  // namespace rowhaul
