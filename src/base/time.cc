// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include "base/error.h"
#include "base/near_miss.h"

#include <date/tz.h>
#include <fmt/format.h>
#include <sstream>
#include <vector>

namespace rowhaul {

namespace {

using std::chrono::milliseconds;

const date::time_zone* find_zone(std::string_view zone) {
    try {
        return date::locate_zone(std::string(zone));
    } catch (const std::exception&) {
        return nullptr;
    }
}

}  // namespace

std::string utc_text(Moment moment) {
    return date::format("%FT%TZ", std::chrono::floor<milliseconds>(moment));
}

Moment parse_utc(std::string_view text) {
    std::istringstream in{std::string(text)};
    date::sys_time<milliseconds> moment;
    in >> date::parse("%FT%TZ", moment);
    if (in.fail()) {
        throw Error(ErrorKind::Invalid, fmt::format("\"{}\" is not a time such as 2026-11-22T04:00:00.000Z", text));
    }
    return moment;
}

std::string format_time(Moment moment, std::string_view zone, std::string_view pattern) {
    const auto* found = find_zone(zone);
    if (found == nullptr) {
        throw Error(ErrorKind::Invalid, fmt::format("there is no time zone \"{}\"{}", zone, similar_zone(zone)));
    }
    const auto local = date::make_zoned(found, std::chrono::floor<std::chrono::seconds>(moment));
    std::ostringstream out;
    out.imbue(std::locale::classic());
    try {
        date::to_stream(out, std::string(pattern).c_str(), local);
    } catch (const std::exception&) {
        out.setstate(std::ios::failbit);
    }
    if (out.fail()) {
        throw Error(ErrorKind::Invalid, fmt::format("\"{}\" is not a date pattern such as %Y%m%d-%H%M%S", pattern));
    }
    return out.str();
}

bool zone_exists(std::string_view zone) {
    return !zone.empty() && find_zone(zone) != nullptr;
}

std::string similar_zone(std::string_view zone) {
    std::vector<std::string> names;
    for (const auto& known : date::get_tzdb().zones) {
        names.push_back(known.name());
    }
    return did_you_mean(zone, names);
}

std::string local_zone() {
    try {
        return date::current_zone()->name();
    } catch (const std::exception&) {
        return "UTC";
    }
}

std::string duration_text(double seconds) {
    if (seconds < 60) {
        return fmt::format("{:.1f} s", seconds);
    }
    const auto whole = static_cast<long long>(seconds);
    if (whole < 3600) {
        return fmt::format("{} min {} s", whole / 60, whole % 60);
    }
    return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
}

}  // namespace rowhaul
