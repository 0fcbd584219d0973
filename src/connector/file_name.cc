// SPDX-License-Identifier: Apache-2.0
#include "connector/file_name.h"

#include "base/error.h"
#include "base/near_miss.h"
#include "transport/path.h"

#include <array>
#include <fmt/format.h>

namespace rowhaul {

namespace {

std::string value_of(std::string_view placeholder, const FileNameValues& values) {
    constexpr std::string_view date_form = "date:";
    if (placeholder == "date") {
        return format_time(values.created, values.zone, "%Y%m%d-%H%M%S");
    }
    if (placeholder.starts_with(date_form)) {
        return format_time(values.created, values.zone, placeholder.substr(date_form.size()));
    }
    if (placeholder == "mapping") {
        return values.mapping;
    }
    if (placeholder == "execution") {
        return values.execution;
    }
    if (placeholder == "sequence") {
        return std::to_string(values.sequence);
    }
    static const std::array<std::string, 4> known{"date", "mapping", "execution", "sequence"};
    throw Error(ErrorKind::Invalid,
                fmt::format("there is no placeholder {{{}}}{}", placeholder, did_you_mean(placeholder, known)))
        .advise("Placeholders are {date}, {date:%Y%m%d}, {mapping}, {execution} and {sequence}; {{ and }} are braces.");
}

}  // namespace

std::string file_name(std::string_view pattern, const FileNameValues& values) {
    std::string name;
    while (!pattern.empty()) {
        const auto brace = pattern.find_first_of("{}");
        name += pattern.substr(0, brace);
        if (brace == std::string_view::npos) {
            break;
        }
        pattern.remove_prefix(brace);
        if (pattern.size() > 1 && pattern[1] == pattern[0]) {
            name += pattern[0];
            pattern.remove_prefix(2);
            continue;
        }
        const auto end = pattern.find('}');
        if (pattern[0] == '}' || end == std::string_view::npos) {
            throw Error(ErrorKind::Invalid, fmt::format("there is a lone {} in the file name", pattern[0]))
                .advise("Write {{ or }} for a brace of its own.");
        }
        name += value_of(pattern.substr(1, end - 1), values);
        pattern.remove_prefix(end + 1);
    }
    return checked_path(name);
}

}  // namespace rowhaul
