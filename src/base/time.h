// SPDX-License-Identifier: Apache-2.0
// Moments and time zones as text. Zones come from the system's tzdata; nothing depends on the locale.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

namespace rowhaul {

using Moment = std::chrono::system_clock::time_point;

// "2026-11-22T04:00:00.123Z".
std::string utc_text(Moment);
// Reads what utc_text wrote; throws Invalid otherwise.
Moment parse_utc(std::string_view text);
// strftime's forms (%Y %m %d %H %M %S %j %V …) in an IANA zone. Throws Invalid for an unknown zone
// or a form that does not exist.
std::string format_time(Moment, std::string_view zone, std::string_view pattern);
bool zone_exists(std::string_view zone);
// Names of zones that look like this one, best first; for "did you mean".
std::string similar_zone(std::string_view zone);
// The zone this machine is set to; "UTC" when it cannot be told.
std::string local_zone();
// "1.9 s", "2 min 5 s", "1 h 3 min".
std::string duration_text(double seconds);

}  // namespace rowhaul
