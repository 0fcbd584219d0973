// SPDX-License-Identifier: Apache-2.0
#include "expression/zone.h"

#include "expression/calendar.h"

#include <algorithm>
#include <date/tz.h>

namespace rowhaul {

namespace {

constexpr std::int64_t floor_div(std::int64_t value, std::int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
}

bool is_infinite(std::int64_t micros) {
    return micros == Timestamp::infinity || micros == Timestamp::minus_infinity;
}

// The rules are only asked about years that people have rules for.
constexpr std::int64_t first_second = -62'135'596'800;  // 0001-01-01
constexpr std::int64_t last_second = 253'402'300'799;   // 9999-12-31

const date::time_zone* find(std::string_view name) {
    try {
        return date::locate_zone(std::string(name));
    } catch (const std::exception&) {
        return nullptr;
    }
}

}  // namespace

Zone::Zone(std::string_view name) : zone_(name == "UTC" ? nullptr : find(name)) {}

bool Zone::exists(std::string_view name) {
    return name == "UTC" || (!name.empty() && find(name) != nullptr);
}

std::int32_t Zone::offset_at(ZonedTimestamp moment) {
    if (zone_ == nullptr || is_infinite(moment.micros)) {
        return 0;
    }
    const auto seconds = std::clamp(floor_div(moment.micros, micros_per_second), first_second, last_second);
    if (seconds < from_ || seconds >= to_) {
        const auto info = zone_->get_info(date::sys_seconds(std::chrono::seconds(seconds)));
        from_ = info.begin.time_since_epoch().count();
        to_ = info.end.time_since_epoch().count();
        offset_ = static_cast<std::int32_t>(info.offset.count());
    }
    return offset_;
}

Timestamp Zone::to_local(ZonedTimestamp moment) {
    return is_infinite(moment.micros) ? Timestamp{moment.micros}
                                      : Timestamp{moment.micros + offset_at(moment) * micros_per_second};
}

ZonedTimestamp Zone::to_utc(Timestamp local) {
    if (zone_ == nullptr || is_infinite(local.micros)) {
        return {local.micros};
    }
    // What the clock shows lies between the offsets a day before and a day after.
    const auto before = offset_at({local.micros - micros_per_day});
    const auto after = offset_at({local.micros + micros_per_day});
    const ZonedTimestamp by_before{local.micros - before * micros_per_second};
    const ZonedTimestamp by_after{local.micros - after * micros_per_second};
    if (before == after) {
        // Two changes within two days would be needed to be wrong here.
        return by_before;
    }
    const bool before_holds = offset_at(by_before) == before;
    const bool after_holds = offset_at(by_after) == after;
    return after_holds || !(before_holds || before < after) ? by_after : by_before;
}

}  // namespace rowhaul
