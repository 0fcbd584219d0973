// SPDX-License-Identifier: Apache-2.0
// A time zone that tells offsets, remembering the stretch of time it was last asked about.
#pragma once
#include "expression/kind.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace date {
class time_zone;  // NOLINT(readability-identifier-naming): the library's name
}

namespace rowhaul {

class Zone {
public:
    Zone() = default;  // UTC
    // An IANA name; UTC where there is none of that name, see exists().
    explicit Zone(std::string_view name);
    static bool exists(std::string_view name);

    // Seconds east of UTC.
    std::int32_t offset_at(ZonedTimestamp);
    Timestamp to_local(ZonedTimestamp);
    // Of a clock time that does not exist, as if the clock had not been put forward; of one that
    // exists twice, the second.
    ZonedTimestamp to_utc(Timestamp local);

private:
    const date::time_zone* zone_ = nullptr;  // null = UTC
    std::int64_t from_ = 0;                  // seconds in which offset_ holds: [from_, to_)
    std::int64_t to_ = 0;
    std::int32_t offset_ = 0;
};

}  // namespace rowhaul
