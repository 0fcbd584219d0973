// SPDX-License-Identifier: Apache-2.0
// Dates and times. "Now" is the start of the run, the same in every row.
#include "expression/date_format.h"
#include "expression/functions.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

namespace {

bool is_infinite(std::int64_t micros) {
    return micros == Timestamp::infinity || micros == Timestamp::minus_infinity;
}

// ---- now ----

ZonedTimestamp current_timestamp(Row& row) {
    return {row.now_utc().micros};
}
Timestamp localtimestamp(Row& row) {
    return row.zone().to_local({row.now_utc().micros});
}
Date current_date(Row& row) {
    return day_of(localtimestamp(row));
}

// ---- fields ----

enum class Field : std::uint8_t {
    Year,
    IsoYear,
    Quarter,
    Month,
    Week,
    Day,
    DayOfYear,
    DayOfWeek,
    IsoDayOfWeek,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Epoch,
    Decade,
    Century,
    Unknown
};

Field field_of(std::string_view name) {
    struct Known {
        std::string_view name;
        Field field;
    };
    static constexpr Known fields[] = {{"year", Field::Year},
                                       {"isoyear", Field::IsoYear},
                                       {"quarter", Field::Quarter},
                                       {"month", Field::Month},
                                       {"week", Field::Week},
                                       {"day", Field::Day},
                                       {"doy", Field::DayOfYear},
                                       {"dow", Field::DayOfWeek},
                                       {"isodow", Field::IsoDayOfWeek},
                                       {"hour", Field::Hour},
                                       {"minute", Field::Minute},
                                       {"second", Field::Second},
                                       {"milliseconds", Field::Millisecond},
                                       {"microseconds", Field::Microsecond},
                                       {"epoch", Field::Epoch},
                                       {"decade", Field::Decade},
                                       {"century", Field::Century}};
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    for (const auto& known : fields) {
        if (known.name == lower) {
            return known.field;
        }
    }
    return Field::Unknown;
}

std::string check_field(std::size_t argument, std::string_view name) {
    return argument == 0 && field_of(name) == Field::Unknown
               ? "is no part of a date; known are year, isoyear, quarter, month, week, day, doy, dow, isodow, hour, "
                 "minute, second, milliseconds, microseconds, epoch, decade, century"
               : "";
}

Decimal scaled(std::int64_t value, std::int32_t scale) {
    return {.coefficient = value, .scale = scale};
}

std::int64_t field_of_day(Field field, const CivilDate& date) {
    const Date day = date_of(date).value_or(Date{});
    const std::int64_t year = date.year > 0 ? date.year : date.year - 1;
    switch (field) {
        case Field::Year:
            return year;
        case Field::IsoYear: {
            const auto iso = iso_week(day).year;
            return iso > 0 ? iso : iso - 1;
        }
        case Field::Quarter:
            return (date.month - 1) / 3 + 1;
        case Field::Month:
            return date.month;
        case Field::Week:
            return iso_week(day).week;
        case Field::Day:
            return date.day;
        case Field::DayOfYear:
            return day.days - date_of({date.year, 1, 1}).value_or(day).days + 1;
        case Field::DayOfWeek:
            return weekday(day) % 7;
        case Field::IsoDayOfWeek:
            return weekday(day);
        case Field::Decade:
            return date.year >= 0 ? date.year / 10 : -((9 - date.year) / 10);
        default:
            return year > 0 ? (year + 99) / 100 : -((99 - year) / 100);
    }
}

std::optional<Decimal> extract_timestamp(Row& row, std::string_view name, const Timestamp& timestamp) {
    const auto field = field_of(name);
    if (field == Field::Unknown) {
        row.fail(Failure::InvalidArgument, name, "is no part of a date");
        return Decimal{};
    }
    if (is_infinite(timestamp.micros)) {
        const bool grows = field == Field::Year || field == Field::IsoYear || field == Field::Epoch ||
                           field == Field::Decade || field == Field::Century;
        if (!grows) {
            return {};
        }
        return Decimal{.form = timestamp.micros > 0 ? Decimal::Form::Infinity : Decimal::Form::MinusInfinity};
    }
    const auto time = civil(timestamp);
    switch (field) {
        case Field::Hour:
            return scaled(time.hour, 0);
        case Field::Minute:
            return scaled(time.minute, 0);
        case Field::Second:
            return scaled(time.second * micros_per_second + time.micro, 6);
        case Field::Millisecond:
            return scaled(time.second * micros_per_second + time.micro, 3);
        case Field::Microsecond:
            return scaled(time.second * micros_per_second + time.micro, 0);
        case Field::Epoch:
            return scaled(timestamp.micros, 6);
        default:
            return scaled(field_of_day(field, time.date), 0);
    }
}
std::optional<Decimal> extract_zoned(Row& row, std::string_view name, const ZonedTimestamp& moment) {
    if (field_of(name) == Field::Epoch && !is_infinite(moment.micros)) {
        return scaled(moment.micros, 6);
    }
    return extract_timestamp(row, name, row.zone().to_local(moment));
}
std::optional<Decimal> extract_date(Row& row, std::string_view name, const Date& date) {
    if (field_of(name) == Field::Epoch && date.days != Date::infinity && date.days != Date::minus_infinity) {
        return scaled(std::int64_t{date.days} * 86'400, 0);
    }
    const auto start = midnight(date);
    if (!start) {
        row.fail(Failure::DateOutOfRange);
        return {};
    }
    return extract_timestamp(row, name, *start);
}
std::optional<Decimal> extract_time(Row& row, std::string_view name, const TimeOfDay& time) {
    const auto field = field_of(name);
    if (field == Field::Epoch) {
        return scaled(time.micros, 6);
    }
    if (field == Field::Hour) {
        return scaled(time.micros / (3600 * micros_per_second), 0);
    }
    if (field < Field::Hour || field > Field::Microsecond) {
        row.fail(Failure::InvalidArgument, name, "is no part of a time of day");
        return {};
    }
    return extract_timestamp(row, name, {time.micros});
}

// ---- cutting ----

enum class Unit : std::uint8_t {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Unknown
};

Unit unit_of(std::string_view name) {
    static constexpr std::string_view names[] = {"microseconds", "milliseconds", "second", "minute",
                                                 "hour",         "day",          "week",   "month",
                                                 "quarter",      "year",         "decade", "century"};
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    const auto* const found = std::ranges::find(names, std::string_view(lower));
    return static_cast<Unit>(found - std::begin(names));
}

std::string check_unit(std::size_t argument, std::string_view name) {
    return argument == 0 && unit_of(name) == Unit::Unknown
               ? "is no unit; known are microseconds, milliseconds, second, minute, hour, day, week, month, quarter, "
                 "year, decade, century"
               : "";
}

std::int32_t floor_to(std::int32_t value, std::int32_t step) {
    return value - ((value % step) + step) % step;
}

std::optional<Timestamp> trunc_timestamp(Row& row, std::string_view name, const Timestamp& timestamp) {
    const auto unit = unit_of(name);
    if (unit == Unit::Unknown) {
        row.fail(Failure::InvalidArgument, name, "is no unit");
        return {};
    }
    if (is_infinite(timestamp.micros)) {
        return timestamp;
    }
    if (unit == Unit::Week) {
        const auto day = day_of(timestamp);
        return midnight({day.days - weekday(day) + 1});
    }
    auto time = civil(timestamp);
    switch (unit) {
        case Unit::Century:
            time.date.year = floor_to(time.date.year - 1, 100) + 1;
            [[fallthrough]];
        case Unit::Decade:
            if (unit == Unit::Decade) {
                time.date.year = floor_to(time.date.year, 10);
            }
            [[fallthrough]];
        case Unit::Year:
            time.date.month = 1;
            [[fallthrough]];
        case Unit::Quarter:
            time.date.month = (time.date.month - 1) / 3 * 3 + 1;
            [[fallthrough]];
        case Unit::Month:
            time.date.day = 1;
            [[fallthrough]];
        case Unit::Day:
            time.hour = 0;
            [[fallthrough]];
        case Unit::Hour:
            time.minute = 0;
            [[fallthrough]];
        case Unit::Minute:
            time.second = 0;
            [[fallthrough]];
        case Unit::Second:
            time.micro = 0;
            [[fallthrough]];
        case Unit::Millisecond:
            time.micro = time.micro / 1000 * 1000;
            break;
        default:
            break;
    }
    const auto cut = timestamp_of(time);
    if (!cut) {
        row.fail(Failure::DateOutOfRange);
    }
    return cut;
}
std::optional<Timestamp> trunc_date(Row& row, std::string_view name, const Date& date) {
    const auto start = midnight(date);
    if (!start) {
        row.fail(Failure::DateOutOfRange);
        return {};
    }
    return trunc_timestamp(row, name, *start);
}
std::optional<ZonedTimestamp> trunc_zoned(Row& row, std::string_view name, const ZonedTimestamp& moment) {
    const auto cut = trunc_timestamp(row, name, row.zone().to_local(moment));
    return cut ? std::optional(row.zone().to_utc(*cut)) : std::nullopt;
}

// ---- texts ----

std::optional<std::string_view> date_to_char(Row& row, const Timestamp& timestamp, std::string_view pattern) {
    if (is_infinite(timestamp.micros)) {
        return {};
    }
    auto& out = row.scratch();
    append_date(out, civil(timestamp), pattern);
    return row.copy(out);
}
std::optional<std::string_view> day_to_char(Row& row, const Date& date, std::string_view pattern) {
    const auto start = midnight(date);
    if (!start) {
        row.fail(Failure::DateOutOfRange);
        return {};
    }
    return date_to_char(row, *start, pattern);
}
std::optional<std::string_view> zoned_to_char(Row& row, const ZonedTimestamp& moment, std::string_view pattern) {
    return date_to_char(row, row.zone().to_local(moment), pattern);
}

std::string check_number_pattern(std::size_t argument, std::string_view pattern) {
    return argument == 1 ? number_pattern_problem(pattern) : "";
}
std::string_view number_to_char(Row& row, const Decimal& value, std::string_view pattern) {
    if (const auto problem = number_pattern_problem(pattern); !problem.empty()) {
        row.fail(Failure::InvalidArgument, pattern, "is no pattern for numbers that is known here");
        return "";
    }
    auto& out = row.scratch();
    append_number(out, value, pattern, row.decimals());
    return row.copy(out);
}

Date to_date(Row& row, std::string_view text, std::string_view pattern) {
    const auto time = parse_by_pattern(text, pattern);
    if (!time) {
        row.fail(Failure::InvalidDate, text);
        return {};
    }
    return date_of(time->date).value_or(Date{});
}
ZonedTimestamp to_timestamp(Row& row, std::string_view text, std::string_view pattern) {
    const auto time = parse_by_pattern(text, pattern);
    const auto timestamp = time ? timestamp_of(*time) : std::nullopt;
    if (!timestamp) {
        row.fail(Failure::InvalidTimestamp, text);
        return {};
    }
    return row.zone().to_utc(*timestamp);
}

std::optional<Date> make_date(Row& row, std::int64_t year, std::int64_t month, std::int64_t day) {
    constexpr std::int64_t most = 10'000'000;
    const auto made = date_of({static_cast<std::int32_t>(std::clamp(year < 0 ? year + 1 : year, -most, most)),
                               static_cast<std::int32_t>(std::clamp(month, -most, most)),
                               static_cast<std::int32_t>(std::clamp(day, -most, most))});
    if (!made || year == 0) {
        row.fail(Failure::InvalidDate, {}, "there is no such day");
        return {};
    }
    return made;
}

// ---- zones ----

std::string check_zone(std::size_t argument, std::string_view name) {
    return argument == 0 && !Zone::exists(name) ? "is no time zone; write one such as 'Europe/Zurich'" : "";
}

struct NamedZone {
    std::string name;
    Zone zone;
};
Zone& zone_named(Row& row, std::string_view name) {
    auto& memory = row.memory<NamedZone>();
    if (memory.name != name) {
        if (!Zone::exists(name)) {
            row.fail(Failure::InvalidArgument, name, "is no time zone");
            return row.zone();
        }
        memory = {std::string(name), Zone(name)};
    }
    return memory.zone;
}
Timestamp zoned_at_zone(Row& row, std::string_view name, const ZonedTimestamp& moment) {
    return zone_named(row, name).to_local(moment);
}
ZonedTimestamp timestamp_at_zone(Row& row, std::string_view name, const Timestamp& timestamp) {
    return zone_named(row, name).to_utc(timestamp);
}

}  // namespace

std::vector<Function> date_functions() {
    const auto in_group = [](Function function) {
        function.group = Group::Date;
        return function;
    };
    return {
        in_group({.name = "current_date",
                  .usage = "current_date",
                  .help = "The day on which the run began, in the zone of `settings`. Also: :today.",
                  .overloads = {strict<current_date>()},
                  .examples = {{"current_date = :today", "true"}}}),
        in_group({.name = "current_timestamp",
                  .usage = "current_timestamp",
                  .help = "The moment at which the run began. Also: now().",
                  .overloads = {strict<current_timestamp>()},
                  .examples = {{"current_timestamp = now()", "true"}}}),
        in_group({.name = "localtimestamp",
                  .usage = "localtimestamp",
                  .help = "The same as clocks in the zone of `settings` showed it.",
                  .overloads = {strict<localtimestamp>()},
                  .examples = {{"cast(localtimestamp as date) = current_date", "true"}}}),
        in_group(
            {.name = "extract",
             .usage = "extract(field from date)",
             .help =
                 "A part of a date or time as a decimal: year, isoyear, quarter, month, week, day, doy, dow, isodow, "
                 "hour, minute, second, milliseconds, microseconds, epoch, decade, century.",
             .overloads = {checked(strict<extract_date>(), check_field),
                           checked(strict<extract_timestamp>(), check_field),
                           checked(strict<extract_zoned>(), check_field), checked(strict<extract_time>(), check_field)},
             .examples = {{"extract(year from date '2024-02-29')", "2024"},
                          {"extract(week from date '2024-12-30')", "1"},
                          {"extract(second from timestamp '2024-01-01 10:20:30.5')", "30.500000"}}}),
        in_group(
            {.name = "date_trunc",
             .usage = "date_trunc(unit, date)",
             .help = "The start of the hour, day, week, month, quarter, year and so on; of a date it is a timestamp.",
             .overloads = {checked(strict<trunc_timestamp>(), check_unit), checked(strict<trunc_date>(), check_unit),
                           checked(strict<trunc_zoned>(), check_unit)},
             .examples = {{"date_trunc('month', timestamp '2024-02-29 13:45')", "2024-02-01 00:00:00"},
                          {"cast(date_trunc('week', date '2024-02-29') as date)", "2024-02-26"}}}),
        in_group(
            {.name = "to_char",
             .usage = "to_char(value, pattern)",
             .help = "A date, timestamp or number as text. Dates: YYYY YY MM DD DDD Mon Month Dy Day ID IW IYYY Q HH24 "
                     "HH12 MI SS MS US AM, with FM before one of them for no filling. Numbers: 9 0 . , with FM.",
             .overloads = {strict<date_to_char>(), strict<day_to_char>(), strict<zoned_to_char>(),
                           checked(strict<number_to_char>(), check_number_pattern)},
             .examples = {{"to_char(date '2024-03-01', 'DD.MM.YYYY')", "01.03.2024"},
                          {"to_char(date '2024-03-01', 'FMDD. FMMonth')", "1. March"},
                          {"to_char(timestamp '2024-03-01 15:04', 'HH12:MI AM')", "03:04 PM"},
                          {"to_char(1234.5, 'FM999,990.00')", "1,234.50"}}}),
        in_group({.name = "to_date",
                  .usage = "to_date(text, pattern)",
                  .help = "The date that a text shows in this pattern; what does not fit rejects the row.",
                  .overloads = {strict<to_date>()},
                  .examples = {{"to_date('01.03.2024', 'DD.MM.YYYY')", "2024-03-01"},
                               {"to_date('1 Mar 99', 'DD Mon YY')", "1999-03-01"}}}),
        in_group({.name = "to_timestamp",
                  .usage = "to_timestamp(text, pattern)",
                  .help = "The moment that a text shows in this pattern, in the zone of `settings`.",
                  .overloads = {strict<to_timestamp>()},
                  .examples = {{"to_char(to_timestamp('01.03.2024 15:04', 'DD.MM.YYYY HH24:MI'), 'YYYY-MM-DD HH24:MI')",
                                "2024-03-01 15:04"}}}),
        in_group({.name = "make_date",
                  .usage = "make_date(year, month, day)",
                  .help = "The date of these numbers; a day that does not exist rejects the row.",
                  .overloads = {strict<make_date>()},
                  .examples = {{"make_date(2024, 2, 29)", "2024-02-29"}}}),
        in_group(
            {.name = "timezone",
             .usage = "timestamp at time zone zone",
             .help = "A timestamp with time zone as clocks there showed it; a timestamp without one as the moment at "
                     "which clocks there showed it.",
             .overloads = {checked(strict<zoned_at_zone>(), check_zone),
                           checked(strict<timestamp_at_zone>(), check_zone)},
             .examples = {{"timestamptz '2024-07-01 12:00+00' at time zone 'Europe/Zurich'", "2024-07-01 14:00:00"}}}),
    };
}

}  // namespace rowhaul
