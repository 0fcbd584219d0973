// SPDX-License-Identifier: Apache-2.0
#include "expression/date_format.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <span>

namespace rowhaul {

namespace {

constexpr std::array<std::string_view, 12> month_names{"January",   "February", "March",    "April",
                                                       "May",       "June",     "July",     "August",
                                                       "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> day_names{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                    "Friday", "Saturday", "Sunday"};

enum class Part : std::uint8_t {
    Year4,
    Year3,
    Year2,
    Year1,
    IsoYear,
    Month2,
    MonthName,
    MonthShort,
    Day2,
    DayOfYear,
    WeekDay,
    IsoWeekDay,
    DayName,
    DayShort,
    IsoWeek,
    Week,
    Quarter,
    Century,
    Hour24,
    Hour12,
    Minute,
    Second,
    Milli,
    Micro,
    HalfDay
};

struct Known {
    std::string_view pattern;
    Part part;
};
// Longer ones first. Upper case where the case of the result does not hang on it.
constexpr std::array<Known, 29> known_parts{
    {{"YYYY", Part::Year4},     {"YYY", Part::Year3},   {"YY", Part::Year2},      {"Y", Part::Year1},
     {"IYYY", Part::IsoYear},   {"IW", Part::IsoWeek},  {"ID", Part::IsoWeekDay}, {"MONTH", Part::MonthName},
     {"MON", Part::MonthShort}, {"MM", Part::Month2},   {"MI", Part::Minute},     {"MS", Part::Milli},
     {"DDD", Part::DayOfYear},  {"DD", Part::Day2},     {"DAY", Part::DayName},   {"DY", Part::DayShort},
     {"D", Part::WeekDay},      {"WW", Part::Week},     {"Q", Part::Quarter},     {"CC", Part::Century},
     {"HH24", Part::Hour24},    {"HH12", Part::Hour12}, {"HH", Part::Hour12},     {"SS", Part::Second},
     {"US", Part::Micro},       {"AM", Part::HalfDay},  {"PM", Part::HalfDay},    {"A.M.", Part::HalfDay},
     {"P.M.", Part::HalfDay}}};

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}
char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view upper_case) {
    return text.size() >= upper_case.size() && std::ranges::equal(text.substr(0, upper_case.size()), upper_case,
                                                                  [](char a, char b) { return upper(a) == upper(b); });
}

const Known* find_part(std::string_view pattern) {
    const Known* best = nullptr;
    for (const auto& known : known_parts) {
        if (starts_with_ignoring_case(pattern, known.pattern) &&
            (best == nullptr || known.pattern.size() > best->pattern.size())) {
            best = &known;
        }
    }
    return best;
}

// In the case that the pattern's letters show: all upper, first upper, all lower.
std::string cased(std::string_view name, std::string_view pattern) {
    std::string out(name);
    if (pattern[0] >= 'a') {
        std::ranges::transform(out, out.begin(), lower);
    } else if (pattern[1] < 'a') {
        std::ranges::transform(out, out.begin(), upper);
    }
    return out;
}

std::int32_t day_of_year(const CivilDate& date) {
    const auto day = date_of(date);
    const auto first = date_of({date.year, 1, 1});
    return day && first ? day->days - first->days + 1 : 1;
}

struct Number {
    std::int64_t value = 0;
    int digits = 0;
};

// The number that a part shows; nothing for names.
std::optional<Number> number_of(Part part, const CivilTime& time) {
    const auto& date = time.date;
    const Date day = date_of(date).value_or(Date{});
    const auto year = std::int64_t{date.year > 0 ? date.year : 1 - date.year};
    switch (part) {
        case Part::Year4:
            return Number{year, 4};
        case Part::Year3:
            return Number{year % 1000, 3};
        case Part::Year2:
            return Number{year % 100, 2};
        case Part::Year1:
            return Number{year % 10, 1};
        case Part::IsoYear:
            return Number{iso_week(day).year, 4};
        case Part::Month2:
            return Number{date.month, 2};
        case Part::Day2:
            return Number{date.day, 2};
        case Part::DayOfYear:
            return Number{day_of_year(date), 3};
        case Part::WeekDay:
            return Number{weekday(day) % 7 + 1, 1};
        case Part::IsoWeekDay:
            return Number{weekday(day), 1};
        case Part::IsoWeek:
            return Number{iso_week(day).week, 2};
        case Part::Week:
            return Number{(day_of_year(date) - 1) / 7 + 1, 2};
        case Part::Quarter:
            return Number{(date.month - 1) / 3 + 1, 1};
        case Part::Century:
            return Number{(year + 99) / 100, 2};
        case Part::Hour24:
            return Number{time.hour, 2};
        case Part::Hour12:
            return Number{time.hour % 12 == 0 ? 12 : time.hour % 12, 2};
        case Part::Minute:
            return Number{time.minute, 2};
        case Part::Second:
            return Number{time.second, 2};
        case Part::Milli:
            return Number{time.micro / 1000, 3};
        case Part::Micro:
            return Number{time.micro, 6};
        default:
            return {};
    }
}

std::string name_of(Part part, const CivilTime& time, std::string_view pattern, bool fills) {
    const Date day = date_of(time.date).value_or(Date{});
    const auto month = month_names[static_cast<std::size_t>(time.date.month - 1)];
    const auto day_name = day_names[static_cast<std::size_t>(weekday(day) - 1)];
    switch (part) {
        case Part::MonthName:
            return fmt::format("{:<{}}", cased(month, pattern), fills ? 9 : 0);
        case Part::MonthShort:
            return cased(month.substr(0, 3), pattern);
        case Part::DayName:
            return fmt::format("{:<{}}", cased(day_name, pattern), fills ? 9 : 0);
        case Part::DayShort:
            return cased(day_name.substr(0, 3), pattern);
        default: {
            const bool has_points = pattern[1] == '.';
            const std::string text = time.hour < 12 ? (has_points ? "A.M." : "AM") : (has_points ? "P.M." : "PM");
            return pattern[0] >= 'a' ? cased(text, "aa") : text;
        }
    }
}

std::string_view ordinal_ending(std::int64_t value, bool is_upper) {
    const auto tens = value % 100;
    const auto ones = tens >= 11 && tens <= 13 ? 0 : value % 10;
    static constexpr std::array<std::string_view, 8> endings{"th", "st", "nd", "rd", "TH", "ST", "ND", "RD"};
    return endings[static_cast<std::size_t>((ones > 3 ? 0 : ones) + (is_upper ? 4 : 0))];
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void skip_spaces(std::string_view& text) {
    while (!text.empty() && is_space(text[0])) {
        text.remove_prefix(1);
    }
}

bool take_number(std::string_view& text, std::size_t most, std::int32_t& value, std::size_t* digits = nullptr) {
    skip_spaces(text);
    std::size_t count = 0;
    value = 0;
    while (count < most && count < text.size() && is_digit(text[count])) {
        value = value * 10 + (text[count++] - '0');
    }
    text.remove_prefix(count);
    if (digits != nullptr) {
        *digits = count;
    }
    return count > 0;
}

bool take_name(std::string_view& text, std::span<const std::string_view> names, std::size_t letters,
               std::int32_t& number) {
    skip_spaces(text);
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto name = names[i].substr(0, letters);
        if (starts_with_ignoring_case(text, name)) {
            text.remove_prefix(name.size());
            number = static_cast<std::int32_t>(i) + 1;
            return true;
        }
    }
    return false;
}

struct Reading {
    CivilTime time{.date = {.year = 1, .month = 1, .day = 1}};
    bool is_afternoon = false;
    bool counts_to_twelve = false;
};

bool read_part(std::string_view& text, Part part, bool is_followed_by_digits, Reading& reading) {
    auto& time = reading.time;
    std::size_t digits = 0;
    switch (part) {
        case Part::Year4:
            return take_number(text, is_followed_by_digits ? 4 : 6, time.date.year);
        case Part::Year2:
            if (!take_number(text, is_followed_by_digits ? 2 : 4, time.date.year, &digits)) {
                return false;
            }
            if (digits <= 2) {
                time.date.year += time.date.year < 70 ? 2000 : 1900;
            }
            return true;
        case Part::Month2:
            return take_number(text, 2, time.date.month);
        case Part::MonthName:
            return take_name(text, month_names, 20, time.date.month);
        case Part::MonthShort:
            return take_name(text, month_names, 3, time.date.month);
        case Part::DayName: {
            std::int32_t ignored = 0;
            return take_name(text, day_names, 20, ignored);
        }
        case Part::DayShort: {
            std::int32_t ignored = 0;
            return take_name(text, day_names, 3, ignored);
        }
        case Part::Day2:
            return take_number(text, 2, time.date.day);
        case Part::Hour24:
            return take_number(text, 2, time.hour) && time.hour <= 24;
        case Part::Hour12:
            reading.counts_to_twelve = true;
            return take_number(text, 2, time.hour) && time.hour >= 1 && time.hour <= 12;
        case Part::Minute:
            return take_number(text, 2, time.minute) && time.minute <= 59;
        case Part::Second:
            return take_number(text, 2, time.second) && time.second <= 59;
        case Part::Milli:
        case Part::Micro: {
            std::int32_t value = 0;
            const std::size_t most = part == Part::Milli ? 3 : 6;
            if (!take_number(text, most, value, &digits)) {
                return false;
            }
            for (; digits < 6; ++digits) {
                value *= 10;
            }
            time.micro = value;
            return true;
        }
        case Part::HalfDay:
            skip_spaces(text);
            if (text.empty() || (upper(text[0]) != 'A' && upper(text[0]) != 'P')) {
                return false;
            }
            reading.is_afternoon = upper(text[0]) == 'P';
            text.remove_prefix(1);
            while (!text.empty() && (text[0] == '.' || upper(text[0]) == 'M')) {
                text.remove_prefix(1);
            }
            return true;
        default:
            return false;
    }
}

bool is_part_of_digits(const Known* known) {
    return known != nullptr && known->part != Part::MonthName && known->part != Part::MonthShort &&
           known->part != Part::HalfDay && known->part != Part::DayName && known->part != Part::DayShort;
}

}  // namespace

void append_date(std::string& out, const CivilTime& time, std::string_view pattern) {
    while (!pattern.empty()) {
        if (pattern[0] == '"') {
            const auto end = std::min(pattern.find('"', 1), pattern.size());
            out += pattern.substr(1, end - 1);
            pattern.remove_prefix(std::min(end + 1, pattern.size()));
            continue;
        }
        const bool fills = !starts_with_ignoring_case(pattern, "FM");
        const auto rest = fills ? pattern : pattern.substr(2);
        const auto* known = find_part(rest);
        if (known == nullptr) {
            out += pattern[0];
            pattern.remove_prefix(1);
            continue;
        }
        const auto letters = rest.substr(0, known->pattern.size());
        pattern = rest.substr(letters.size());
        if (const auto number = number_of(known->part, time)) {
            out += fmt::format("{:0{}}", number->value, fills ? number->digits : 1);
            if (starts_with_ignoring_case(pattern, "TH")) {
                out += ordinal_ending(number->value, pattern[0] == 'T');
                pattern.remove_prefix(2);
            }
        } else {
            out += name_of(known->part, time, letters, fills);
        }
    }
}

std::optional<CivilTime> parse_by_pattern(std::string_view text, std::string_view pattern) {
    Reading reading;
    while (!pattern.empty()) {
        if (starts_with_ignoring_case(pattern, "FM")) {
            pattern.remove_prefix(2);
            continue;
        }
        if (pattern[0] == '"') {
            const auto end = std::min(pattern.find('"', 1), pattern.size());
            text.remove_prefix(std::min(text.size(), end - 1));
            pattern.remove_prefix(std::min(end + 1, pattern.size()));
            continue;
        }
        if (const auto* known = find_part(pattern)) {
            pattern.remove_prefix(known->pattern.size());
            if (!read_part(text, known->part, is_part_of_digits(find_part(pattern)), reading)) {
                return {};
            }
            continue;
        }
        // A separator stands for any one, or none.
        if (is_letter(pattern[0])) {
            if (text.empty()) {
                return {};
            }
            text.remove_prefix(1);
        } else {
            skip_spaces(text);
            if (!text.empty() && !is_digit(text[0]) && !is_letter(text[0])) {
                text.remove_prefix(1);
            }
        }
        pattern.remove_prefix(1);
    }
    if (reading.counts_to_twelve) {
        reading.time.hour = reading.time.hour % 12 + (reading.is_afternoon ? 12 : 0);
    }
    skip_spaces(text);
    if (!text.empty() || !date_of(reading.time.date)) {
        return {};
    }
    return reading.time;
}

std::string number_pattern_problem(std::string_view pattern) {
    bool has_point = false;
    bool has_digit = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = upper(pattern[i]);
        if (c == '9' || c == '0') {
            has_digit = true;
        } else if (c == '.' || c == 'D') {
            if (has_point) {
                return "has two decimal points";
            }
            has_point = true;
        } else if (starts_with_ignoring_case(pattern.substr(i), "FM") && i == 0) {
            ++i;
        } else if (c != ',' && c != 'G') {
            return "is no pattern for numbers that is known here; it is made of 9 0 . , D G, with FM before them";
        }
    }
    return has_digit ? "" : "shows no digit; write 0 or 9 for each";
}

void append_number(std::string& out, const Decimal& value, std::string_view pattern, DecimalPool& pool) {
    const bool fills = !starts_with_ignoring_case(pattern, "FM");
    pattern.remove_prefix(fills ? 0 : 2);
    const auto point = pattern.find_first_of(".Dd");
    const auto whole_pattern = pattern.substr(0, point);
    const auto decimals_pattern = point == std::string_view::npos ? std::string_view() : pattern.substr(point + 1);
    const auto count = [](std::string_view part) {
        return static_cast<std::size_t>(std::ranges::count_if(part, [](char c) { return c == '9' || c == '0'; }));
    };
    const auto places = count(decimals_pattern);
    const auto digits_wanted = count(whole_pattern);
    std::string digits;
    const auto limited = rounded(value, static_cast<std::int32_t>(places), Rounding::HalfAway, pool);
    append(limited.value_or(value), digits);
    const bool is_negative = digits.starts_with('-');
    digits.erase(0, is_negative ? 1 : 0);
    auto whole = digits.substr(0, digits.find('.'));
    auto decimals = places > 0 ? digits.substr(digits.find('.') + 1) : std::string();
    const bool is_zero_whole = whole == "0";
    // Without filling, a zero whose decimals are not shown is shown before the point.
    const bool shows_nothing = !fills && is_zero_whole && decimals.find_first_not_of('0') == std::string::npos &&
                               decimals_pattern.find('0') == std::string_view::npos;
    const bool overflows = !value.is_finite() || (is_zero_whole ? 0 : whole.size()) > digits_wanted;
    const auto first_zero = whole_pattern.find('0');
    // Leading places: nothing before the first 0 of the pattern or the first digit.
    std::string shown;
    std::size_t place = 0;
    bool has_begun = false;
    for (std::size_t i = 0; i < whole_pattern.size(); ++i) {
        const char c = whole_pattern[i];
        if (c == '9' || c == '0') {
            const auto from_right = digits_wanted - place++;
            const bool has_digit = !is_zero_whole && from_right <= whole.size();
            const bool is_last_of_zero = is_zero_whole && from_right == 1 && (places == 0 || c == '0' || shows_nothing);
            has_begun = has_begun || has_digit || i >= first_zero || is_last_of_zero;
            if (overflows) {
                shown += '#';
            } else if (has_begun) {
                shown += has_digit ? whole[whole.size() - from_right] : '0';
            } else if (fills) {
                shown += ' ';
            }
        } else if (has_begun || overflows) {
            shown += ',';
        } else if (fills) {
            shown += ' ';
        }
    }
    const auto blank = std::min(shown.find_first_not_of(' '), shown.size());
    out.append(blank, ' ');
    if (is_negative) {
        out += '-';
    } else if (fills) {
        out += ' ';
    }
    out += shown.substr(blank);
    if (point != std::string_view::npos) {
        out += '.';
        if (!fills) {
            // Without filling, trailing 9s show nothing for zeros.
            auto least = decimals_pattern.find_last_of('0');
            least = least == std::string_view::npos ? 0 : least + 1;
            while (decimals.size() > least && decimals.ends_with('0')) {
                decimals.pop_back();
            }
        }
        out += overflows ? std::string(places, '#') : decimals;
    }
}

}  // namespace rowhaul
