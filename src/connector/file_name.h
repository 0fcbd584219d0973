// SPDX-License-Identifier: Apache-2.0
// File names with placeholders: {date}, {date:%Y%m%d}, {mapping}, {execution}, {sequence}.
#pragma once
#include "base/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace rowhaul {

struct FileNameValues {
    std::string mapping;
    std::string execution;
    std::uint64_t sequence = 1;
    Moment created;
    std::string zone = "UTC";  // in which {date} is told
};

// {{ and }} stand for braces. Throws Invalid for an unknown or unclosed placeholder, a date form that
// does not exist, and a result that leaves the connection's folder.
std::string file_name(std::string_view pattern, const FileNameValues&);

}  // namespace rowhaul
