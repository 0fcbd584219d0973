// SPDX-License-Identifier: Apache-2.0
#include "expression/calendar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

namespace rowhaul {

namespace {

constexpr std::int32_t first_year = -4712;
constexpr std::int32_t last_year = 5'874'897;
constexpr std::int64_t first_timestamp = -210'866'803'200'000'000;  // 4714-11-24 BC
constexpr std::int64_t end_timestamp = 9'223'371'331'200'000'000;   // 294247-01-02: microseconds reach little further
constexpr std::int32_t first_day = -2'440'588;                      // 4714-11-24 BC

constexpr std::int64_t floor_div(std::int64_t value, std::int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
}

bool is_leap(std::int32_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

// Counted in years that begin in March, so that the leap day comes last.
std::int64_t days_from_civil(const CivilDate& date) {
    const std::int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    const std::int64_t era = floor_div(year, 400);
    const std::int64_t year_of_era = year - era * 400;
    const std::int64_t day_of_year = (153 * ((date.month + 9) % 12) + 2) / 5 + date.day - 1;
    return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

// Reads what is left of a text from its front.
class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {
        skip_spaces();
        while (!text_.empty() && is_space(text_.back())) {
            text_.remove_suffix(1);
        }
    }
    bool at_end() const { return text_.empty(); }
    char front() const { return text_.empty() ? '\0' : text_.front(); }
    bool take(char wanted) {
        if (front() != wanted || text_.empty()) {
            return false;
        }
        text_.remove_prefix(1);
        return true;
    }
    bool take_word(std::string_view lower) {
        if (text_.size() < lower.size()) {
            return false;
        }
        for (std::size_t i = 0; i < lower.size(); ++i) {
            const char c = text_[i];
            if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c) != lower[i]) {
                return false;
            }
        }
        text_.remove_prefix(lower.size());
        return true;
    }
    // Between `least` and `most` digits; -1 when there are fewer.
    std::int32_t number(std::size_t least, std::size_t most) {
        std::int32_t value = 0;
        std::size_t count = 0;
        while (count < most && count < text_.size() && is_digit(text_[count])) {
            value = value * 10 + (text_[count] - '0');
            ++count;
        }
        if (count < least) {
            return -1;
        }
        text_.remove_prefix(count);
        return value;
    }
    std::size_t digits_ahead() const {
        std::size_t count = 0;
        while (count < text_.size() && is_digit(text_[count])) {
            ++count;
        }
        return count;
    }
    // Digits after a point as microseconds, rounded.
    std::int64_t fraction() {
        std::int64_t value = 0;
        const auto count = digits_ahead();
        for (std::size_t i = 0; i < 6; ++i) {
            value = value * 10 + (i < count ? text_[i] - '0' : 0);
        }
        if (count > 6 && text_[6] >= '5') {
            ++value;
        }
        text_.remove_prefix(count);
        return value;
    }
    void skip_spaces() {
        while (!text_.empty() && is_space(text_.front())) {
            text_.remove_prefix(1);
        }
    }
    std::string_view rest() const { return text_; }

    static bool is_digit(char c) { return c >= '0' && c <= '9'; }
    static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

private:
    std::string_view text_;
};

bool read_date(Reader& reader, CivilDate& date) {
    const auto digits = reader.digits_ahead();
    if (digits == 8) {
        date.year = reader.number(4, 4);
        date.month = reader.number(2, 2);
        date.day = reader.number(2, 2);
        return true;
    }
    if (digits < 4 || digits > 7) {
        return false;
    }
    date.year = reader.number(4, 7);
    if (!reader.take('-') || (date.month = reader.number(1, 2)) < 0 || !reader.take('-')) {
        return false;
    }
    date.day = reader.number(1, 2);
    return date.day >= 0;
}

// Hours may exceed a day where `most_hours` allows it.
bool read_time(Reader& reader, std::int32_t most_hours, std::int64_t& micros) {
    const auto hour = reader.number(1, 4);
    std::int32_t minute = 0;
    std::int32_t second = 0;
    std::int64_t fraction = 0;
    if (hour < 0 || !reader.take(':') || (minute = reader.number(2, 2)) < 0) {
        return false;
    }
    if (reader.take(':')) {
        if ((second = reader.number(2, 2)) < 0) {
            return false;
        }
        if (reader.take('.')) {
            fraction = reader.fraction();
        }
    }
    if (hour > most_hours || minute > 59 || second > 60) {
        return false;
    }
    micros = (hour * std::int64_t{3600} + minute * 60 + second) * micros_per_second + fraction;
    return true;
}

bool read_offset(Reader& reader, std::optional<std::int32_t>& offset) {
    if (reader.take('Z') || reader.take('z')) {
        offset = 0;
        return true;
    }
    const int sign = reader.front() == '-' ? -1 : 1;
    if (!reader.take('+') && !reader.take('-')) {
        return true;
    }
    const auto hours = reader.number(1, 2);
    std::int32_t minutes = 0;
    std::int32_t seconds = 0;
    if (reader.take(':') || Reader::is_digit(reader.front())) {
        minutes = reader.number(2, 2);
        if (reader.take(':')) {
            seconds = reader.number(2, 2);
        }
    }
    if (hours < 0 || hours > 15 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59) {
        return false;
    }
    offset = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

void read_era(Reader& reader, CivilDate& date) {
    Reader ahead = reader;
    ahead.skip_spaces();
    if (ahead.take_word("bc")) {
        date.year = 1 - date.year;
        reader = ahead;
    }
}

template <class Limits>
std::optional<std::int64_t> parse_infinity(Reader reader) {
    const bool is_negative = reader.take('-');
    if (!is_negative) {
        reader.take('+');
    }
    if (reader.take_word("infinity") && reader.at_end()) {
        return is_negative ? Limits::minus_infinity : Limits::infinity;
    }
    return {};
}

char* put_number(char* to, std::int64_t value, int digits) {
    std::array<char, 24> text{};
    char* first = text.data() + text.size();
    int count = 0;
    for (; value > 0 || count < digits; value /= 10, ++count) {
        *--first = static_cast<char>('0' + value % 10);
    }
    return std::copy(first, text.data() + text.size(), to);
}

char* put_two(char* to, std::int32_t value) {
    *to++ = static_cast<char>('0' + value / 10);
    *to++ = static_cast<char>('0' + value % 10);
    return to;
}

char* put_fraction(char* to, std::int64_t micro) {
    if (micro == 0) {
        return to;
    }
    *to++ = '.';
    to = put_number(to, micro, 6);
    while (to[-1] == '0') {
        --to;
    }
    return to;
}

char* put_date(char* to, const CivilDate& date) {
    to = put_number(to, date.year > 0 ? date.year : 1 - date.year, 4);
    *to++ = '-';
    to = put_two(to, date.month);
    *to++ = '-';
    return put_two(to, date.day);
}

char* put_clock(char* to, std::int64_t micros) {
    const auto seconds = micros / micros_per_second;
    to = put_number(to, seconds / 3600, 2);
    *to++ = ':';
    to = put_two(to, static_cast<std::int32_t>(seconds / 60 % 60));
    *to++ = ':';
    to = put_two(to, static_cast<std::int32_t>(seconds % 60));
    return put_fraction(to, micros % micros_per_second);
}

char* put_text(char* to, std::string_view text) {
    return std::copy(text.begin(), text.end(), to);
}

struct Unit {
    std::string_view name;
    std::int32_t months;
    std::int32_t days;
    std::int64_t micros;
};
constexpr std::array<Unit, 12> units{{{"microsecond", 0, 0, 1},
                                      {"millisecond", 0, 0, 1000},
                                      {"second", 0, 0, micros_per_second},
                                      {"sec", 0, 0, micros_per_second},
                                      {"minute", 0, 0, 60 * micros_per_second},
                                      {"min", 0, 0, 60 * micros_per_second},
                                      {"hour", 0, 0, 3600 * micros_per_second},
                                      {"day", 0, 1, 0},
                                      {"week", 0, 7, 0},
                                      {"month", 1, 0, 0},
                                      {"mon", 1, 0, 0},
                                      {"year", 12, 0, 0}}};

template <class Number>
bool accumulate(Number& to, std::int64_t count, std::int64_t unit, int sign) {
    std::int64_t amount = 0;
    return !__builtin_mul_overflow(count, unit * sign, &amount) && !__builtin_add_overflow(to, amount, &to);
}

bool read_interval_part(Reader& reader, Interval& interval) {
    const int sign = reader.take('-') ? -1 : 1;
    if (sign > 0) {
        reader.take('+');
    }
    Reader ahead = reader;
    std::int64_t clock = 0;
    if (read_time(ahead, 9999, clock)) {
        reader = ahead;
        return accumulate(interval.micros, clock, 1, sign);
    }
    if (reader.digits_ahead() > 9) {
        return false;
    }
    const std::int64_t count = reader.number(1, 9);
    if (count < 0) {
        return false;
    }
    const std::int64_t fraction = reader.take('.') ? reader.fraction() : 0;
    reader.skip_spaces();
    for (const auto& unit : units) {
        ahead = reader;
        if (ahead.take_word(unit.name)) {
            ahead.take_word("s");
            const char after = ahead.front();
            if ((after >= 'a' && after <= 'z') || (after >= 'A' && after <= 'Z')) {
                continue;
            }
            reader = ahead;
            if (fraction != 0 && (unit.micros == 0 || !accumulate(interval.micros, fraction * (unit.micros / 1000), 1,
                                                                  sign) /* below 10^6 * 3.6 * 10^6 */)) {
                return false;
            }
            return accumulate(interval.months, count, unit.months, sign) &&
                   accumulate(interval.days, count, unit.days, sign) &&
                   accumulate(interval.micros, count, unit.micros, sign);
        }
    }
    return false;
}

}  // namespace

std::int32_t days_in_month(std::int32_t year, std::int32_t month) {
    static constexpr std::array<std::int32_t, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[static_cast<std::size_t>(month - 1)];
}

std::optional<Date> date_of(const CivilDate& date) {
    if (date.year < first_year - 1 || date.year > last_year || date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > days_in_month(date.year, date.month)) {
        return {};
    }
    const auto days = days_from_civil(date);
    if (days < first_day) {
        return {};
    }
    return Date{static_cast<std::int32_t>(days)};
}

CivilDate civil(Date date) {
    const std::int64_t shifted = std::int64_t{date.days} + 719'468;
    const std::int64_t era = floor_div(shifted, 146'097);
    const std::int64_t day_of_era = shifted - era * 146'097;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
    CivilDate out;
    out.day = static_cast<std::int32_t>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    out.month = static_cast<std::int32_t>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    out.year = static_cast<std::int32_t>(year_of_era + era * 400 + (out.month <= 2 ? 1 : 0));
    return out;
}

bool is_in_range(std::int64_t micros) {
    return micros >= first_timestamp && micros < end_timestamp;
}

std::optional<Timestamp> timestamp_of(const CivilTime& time) {
    const auto date = date_of(time.date);
    if (!date) {
        return {};
    }
    const auto start = midnight(*date);
    if (!start) {
        return {};
    }
    const auto micros = start->micros +
                        ((time.hour * std::int64_t{60} + time.minute) * 60 + time.second) * micros_per_second +
                        time.micro;
    if (!is_in_range(micros)) {
        return {};
    }
    return Timestamp{micros};
}

CivilTime civil(Timestamp timestamp) {
    const auto days = floor_div(timestamp.micros, micros_per_day);
    const auto of_day = timestamp.micros - days * micros_per_day;
    const auto seconds = static_cast<std::int32_t>(of_day / micros_per_second);
    return {.date = civil(Date{static_cast<std::int32_t>(days)}),
            .hour = seconds / 3600,
            .minute = seconds / 60 % 60,
            .second = seconds % 60,
            .micro = static_cast<std::int32_t>(of_day % micros_per_second)};
}

Date day_of(Timestamp timestamp) {
    if (timestamp.micros == Timestamp::infinity) {
        return {Date::infinity};
    }
    if (timestamp.micros == Timestamp::minus_infinity) {
        return {Date::minus_infinity};
    }
    return {static_cast<std::int32_t>(floor_div(timestamp.micros, micros_per_day))};
}

std::optional<Timestamp> midnight(Date date) {
    if (date.days == Date::infinity) {
        return Timestamp{Timestamp::infinity};
    }
    if (date.days == Date::minus_infinity) {
        return Timestamp{Timestamp::minus_infinity};
    }
    std::int64_t micros = 0;
    if (__builtin_mul_overflow(std::int64_t{date.days}, micros_per_day, &micros) || !is_in_range(micros)) {
        return {};
    }
    return Timestamp{micros};
}

std::int32_t weekday(Date date) {
    const auto days = std::int64_t{date.days} + 3;  // 1970-01-01 was a Thursday
    return static_cast<std::int32_t>(days - floor_div(days, 7) * 7) + 1;
}

IsoWeek iso_week(Date date) {
    // The week belongs to the year of its Thursday.
    const Date thursday{date.days + 4 - weekday(date)};
    const auto year = civil(thursday).year;
    const auto first = days_from_civil({year, 1, 1});
    return {year, static_cast<std::int32_t>((thursday.days - first) / 7) + 1};
}

std::optional<Timestamp> add(Timestamp timestamp, const Interval& interval) {
    if (timestamp.micros == Timestamp::infinity || timestamp.micros == Timestamp::minus_infinity) {
        return timestamp;
    }
    std::int64_t micros = timestamp.micros;
    if (interval.months != 0) {
        auto time = civil(timestamp);
        const auto month = std::int64_t{time.date.year} * 12 + (time.date.month - 1) + interval.months;
        const auto year = floor_div(month, 12);
        if (year < first_year - 1 || year > last_year) {
            return {};
        }
        time.date.year = static_cast<std::int32_t>(year);
        time.date.month = static_cast<std::int32_t>(month - year * 12) + 1;
        time.date.day = std::min(time.date.day, days_in_month(time.date.year, time.date.month));
        const auto moved = timestamp_of(time);
        if (!moved) {
            return {};
        }
        micros = moved->micros;
    }
    std::int64_t days = 0;
    if (__builtin_mul_overflow(std::int64_t{interval.days}, micros_per_day, &days) ||
        __builtin_add_overflow(micros, days, &micros) || __builtin_add_overflow(micros, interval.micros, &micros) ||
        !is_in_range(micros)) {
        return {};
    }
    return Timestamp{micros};
}

Int128 comparable(const Interval& interval) {
    return static_cast<Int128>(interval.micros) +
           (static_cast<Int128>(interval.days) + static_cast<Int128>(interval.months) * 30) * micros_per_day;
}

std::optional<Date> parse_date(std::string_view text) {
    if (const auto special = parse_infinity<Date>(Reader(text))) {
        return Date{static_cast<std::int32_t>(*special)};
    }
    Reader reader(text);
    CivilDate date;
    if (!read_date(reader, date)) {
        return {};
    }
    if (date.year == 0) {
        return {};
    }
    if (!reader.at_end()) {
        read_era(reader, date);
        if (!reader.at_end()) {
            const auto whole = parse_timestamp(text);
            return whole ? std::optional(day_of(whole->timestamp)) : std::nullopt;
        }
    }
    return date_of(date);
}

std::optional<TimeOfDay> parse_time(std::string_view text) {
    Reader reader(text);
    const int sign = reader.take('-') ? -1 : 1;
    std::int64_t micros = 0;
    if (!read_time(reader, 9999, micros) || !reader.at_end()) {
        return {};
    }
    return TimeOfDay{sign * micros};
}

std::optional<ParsedTimestamp> parse_timestamp(std::string_view text) {
    if (const auto special = parse_infinity<Timestamp>(Reader(text))) {
        return ParsedTimestamp{{*special}, {}};
    }
    Reader reader(text);
    CivilDate date;
    std::int64_t micros = 0;
    std::optional<std::int32_t> offset;
    if (!read_date(reader, date) || date.year == 0) {
        return {};
    }
    Reader ahead = reader;
    if (!ahead.take('T') && !ahead.take('t')) {
        ahead.skip_spaces();
    }
    if (Reader::is_digit(ahead.front())) {
        reader = ahead;
        if (!read_time(reader, 24, micros) || micros > micros_per_day) {
            return {};
        }
        reader.skip_spaces();
        if (!read_offset(reader, offset)) {
            return {};
        }
    }
    read_era(reader, date);
    if (!reader.at_end()) {
        return {};
    }
    const auto start = timestamp_of({.date = date});
    if (!start || !is_in_range(start->micros + micros)) {
        return {};
    }
    return ParsedTimestamp{{start->micros + micros}, offset};
}

std::optional<Interval> parse_interval(std::string_view text) {
    Reader reader(text);
    Interval interval;
    if (reader.at_end()) {
        return {};
    }
    while (!reader.at_end()) {
        Reader ahead = reader;
        if (ahead.take_word("ago") && ahead.at_end()) {
            if (interval.months == std::numeric_limits<std::int32_t>::min() ||
                interval.days == std::numeric_limits<std::int32_t>::min() ||
                interval.micros == std::numeric_limits<std::int64_t>::min()) {
                return {};
            }
            return Interval{-interval.months, -interval.days, -interval.micros};
        }
        if (!read_interval_part(reader, interval)) {
            return {};
        }
        reader.skip_spaces();
    }
    return interval;
}

std::size_t write(Date date, char* into) {
    if (date.days == Date::infinity || date.days == Date::minus_infinity) {
        return static_cast<std::size_t>(put_text(into, date.days > 0 ? "infinity" : "-infinity") - into);
    }
    const auto parts = civil(date);
    char* at = put_date(into, parts);
    if (parts.year <= 0) {
        at = put_text(at, " BC");
    }
    return static_cast<std::size_t>(at - into);
}

std::size_t write(TimeOfDay time, char* into) {
    char* at = into;
    if (time.micros < 0) {
        *at++ = '-';
    }
    return static_cast<std::size_t>(put_clock(at, time.micros < 0 ? -time.micros : time.micros) - into);
}

std::size_t write(Timestamp timestamp, char* into) {
    if (timestamp.micros == Timestamp::infinity || timestamp.micros == Timestamp::minus_infinity) {
        return static_cast<std::size_t>(put_text(into, timestamp.micros > 0 ? "infinity" : "-infinity") - into);
    }
    const auto days = floor_div(timestamp.micros, micros_per_day);
    const auto parts = civil(Date{static_cast<std::int32_t>(days)});
    char* at = put_date(into, parts);
    *at++ = ' ';
    at = put_clock(at, timestamp.micros - days * micros_per_day);
    if (parts.year <= 0) {
        at = put_text(at, " BC");
    }
    return static_cast<std::size_t>(at - into);
}

std::size_t write(Timestamp local, std::int32_t offset, char* into) {
    const auto size = write(local, into);
    if (local.micros == Timestamp::infinity || local.micros == Timestamp::minus_infinity) {
        return size;
    }
    const bool is_before_christ = into[size - 1] == 'C';
    char* at = into + size - (is_before_christ ? 3 : 0);
    const auto east = offset < 0 ? -offset : offset;
    *at++ = offset < 0 ? '-' : '+';
    at = put_two(at, east / 3600);
    *at++ = ':';
    at = put_two(at, east / 60 % 60);
    if (east % 60 != 0) {
        *at++ = ':';
        at = put_two(at, east % 60);
    }
    if (is_before_christ) {
        at = put_text(at, " BC");
    }
    return static_cast<std::size_t>(at - into);
}

std::string to_text(const Interval& interval) {
    std::string out;
    const auto part = [&](std::int64_t count, std::string_view unit, bool is_after_negative) {
        if (count != 0) {
            out += fmt::format("{}{}{} {}{}", out.empty() ? "" : " ", is_after_negative && count > 0 ? "+" : "", count,
                               unit, count == 1 ? "" : "s");
        }
    };
    const auto years = interval.months / 12;
    const auto months = interval.months % 12;
    part(years, "year", false);
    part(months, "mon", years < 0);
    part(interval.days, "day", months != 0 ? months < 0 : years < 0);
    if (interval.micros != 0 || out.empty()) {
        const bool follows_negative = interval.days != 0 ? interval.days < 0 : months != 0 ? months < 0 : years < 0;
        std::array<char, 48> clock{};
        const auto size = write(TimeOfDay{interval.micros}, clock.data());
        out += fmt::format("{}{}{}", out.empty() ? "" : " ", follows_negative && interval.micros > 0 ? "+" : "",
                           std::string_view(clock.data(), size));
    }
    return out;
}

}  // namespace rowhaul
