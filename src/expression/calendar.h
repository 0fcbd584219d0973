// SPDX-License-Identifier: Apache-2.0
// Dates and times as numbers, and their canonical texts: the proleptic Gregorian calendar, years
// from 4713 BC on, microseconds.
#pragma once
#include "expression/kind.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowhaul {

inline constexpr std::int64_t micros_per_second = 1'000'000;
inline constexpr std::int64_t micros_per_day = 86'400 * micros_per_second;

struct CivilDate {
    std::int32_t year = 1970;  // 0 is 1 BC
    std::int32_t month = 1;
    std::int32_t day = 1;
};

// A moment on the calendar, taken apart.
struct CivilTime {
    CivilDate date;
    std::int32_t hour = 0;
    std::int32_t minute = 0;
    std::int32_t second = 0;
    std::int32_t micro = 0;
};

std::int32_t days_in_month(std::int32_t year, std::int32_t month);
// Nothing for a day that does not exist or lies outside what PostgreSQL's dates reach.
std::optional<Date> date_of(const CivilDate&);
CivilDate civil(Date);
std::optional<Timestamp> timestamp_of(const CivilTime&);
CivilTime civil(Timestamp);
// The day of a moment; infinities stay what they are.
Date day_of(Timestamp);
// Midnight; nothing when it lies outside what timestamps reach.
std::optional<Timestamp> midnight(Date);
bool is_in_range(std::int64_t timestamp_micros);

// 1 = Monday to 7 = Sunday.
std::int32_t weekday(Date);

struct IsoWeek {
    std::int32_t year = 0;
    std::int32_t week = 0;
};
IsoWeek iso_week(Date);

// Months are added first, the day cut to the month's last, then days, then time.
std::optional<Timestamp> add(Timestamp, const Interval&);
// The same as PostgreSQL compares: a month has thirty days.
Int128 comparable(const Interval&);

// ISO forms: YYYY-MM-DD, YYYYMMDD, with T or a space before HH:MM[:SS[.fraction]], an offset (+hh,
// +hhmm, +hh:mm, Z), " BC", "infinity", "-infinity"; spaces around do not matter. A time of day in
// the text of a date is dropped.
std::optional<Date> parse_date(std::string_view);
std::optional<TimeOfDay> parse_time(std::string_view);

struct ParsedTimestamp {
    Timestamp timestamp;                         // as it stands there
    std::optional<std::int32_t> offset_seconds;  // east of UTC
};
std::optional<ParsedTimestamp> parse_timestamp(std::string_view);
// "1 day", "2 months 3 days 04:05:06", "-1 year", "3 days ago".
std::optional<Interval> parse_interval(std::string_view);

// Each writes at most 48 bytes and returns how many.
std::size_t write(Date, char* into);
std::size_t write(TimeOfDay, char* into);
std::size_t write(Timestamp, char* into);
std::size_t write(Timestamp local, std::int32_t offset_seconds, char* into);
// As PostgreSQL shows it: "1 mon 2 days 03:00:00".
std::string to_text(const Interval&);

}  // namespace rowhaul
