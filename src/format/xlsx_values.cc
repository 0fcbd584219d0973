// SPDX-License-Identifier: Apache-2.0
#include "format/xlsx_values.h"

#include "format/exponent.h"
#include "format/text_encoding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <utility>

namespace rowhaul {

namespace {

constexpr std::int64_t day_milliseconds = 86'400'000;

char lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool is_same_letters(std::string_view text, std::string_view letters) {
    return text.size() == letters.size() && std::ranges::equal(text, letters, {}, lower, lower);
}

// The runs of date and time letters in the first section of a format, by letter and length.
struct LetterRuns {
    struct Run {
        char letter;
        std::size_t length;
    };
    std::array<Run, 32> runs{};
    std::size_t size = 0;
    bool is_elapsed = false;

    void add(char letter, bool continues) {
        if (continues && size > 0 && runs[size - 1].letter == letter) {
            ++runs[size - 1].length;
        } else if (size < runs.size()) {
            runs[size++] = {letter, 1};
        }
    }
};

bool is_elapsed_part(std::string_view bracket) {
    return !bracket.empty() && std::string_view("hms").find(lower(bracket[0])) != std::string_view::npos &&
           std::ranges::all_of(bracket, [&](char c) { return lower(c) == lower(bracket[0]); });
}

LetterRuns runs_of(std::string_view code) {
    LetterRuns found;
    bool continues = false;
    for (std::size_t i = 0; i < code.size() && code[i] != ';'; ++i) {
        const char letter = lower(code[i]);
        const bool was_letter = std::exchange(continues, false);
        if (letter == '"') {
            i = std::min(code.find('"', i + 1), code.size() - 1);
        } else if (letter == '\\' || letter == '_' || letter == '*') {
            ++i;
        } else if (letter == '[') {
            const auto end = std::min(code.find(']', i), code.size());
            const auto inside = code.substr(i + 1, end - std::min(end, i + 1));
            if (is_elapsed_part(inside)) {
                found.is_elapsed = true;
                found.add(lower(inside[0]), false);
            }
            i = end;
        } else if (is_same_letters(code.substr(i, 7), "general")) {
            i += 6;
        } else if (is_same_letters(code.substr(i, 5), "am/pm")) {
            i += 4;
        } else if (is_same_letters(code.substr(i, 3), "a/p")) {
            i += 2;
        } else if (letter == 'e' && i + 1 < code.size() && (code[i + 1] == '+' || code[i + 1] == '-')) {
            ++i;
        } else if (std::string_view("ymdhse").find(letter) != std::string_view::npos) {
            found.add(letter, was_letter);
            continues = true;
        }
    }
    return found;
}

std::optional<double> number_of(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
        return {};
    }
    return value;
}

void append_shortest(double value, std::string& out) {
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
    const std::string_view scientific(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
    constexpr int longest = 25;
    const auto exponent = scientific.substr(scientific.find('e') + 1);
    int places = 0;
    std::from_chars(exponent.data() + static_cast<std::ptrdiff_t>(exponent[0] == '+'),
                    exponent.data() + exponent.size(), places);
    std::string written;
    if (std::abs(places) <= longest && write_out(scientific, written)) {
        out += written;
    } else {
        out += scientific;
    }
}

void append_time(std::int64_t hours, std::int64_t milliseconds_in_hour, std::string& out) {
    const auto seconds = milliseconds_in_hour / 1000;
    fmt::format_to(std::back_inserter(out), "{:02}:{:02}:{:02}", hours, seconds / 60, seconds % 60);
    if (const auto rest = milliseconds_in_hour % 1000; rest != 0) {
        auto fraction = fmt::format(".{:03}", rest);
        while (fraction.back() == '0') {
            fraction.pop_back();
        }
        out += fraction;
    }
}

// The calendar day, or nothing where there is none.
std::optional<std::chrono::year_month_day> day_of(std::int64_t days, DateEpoch epoch) {
    using namespace std::chrono;
    constexpr std::int64_t invented_day = 60;  // 1900 was no leap year
    constexpr sys_days start_1900 = year(1899) / December / 30;
    constexpr sys_days start_1904 = year(1904) / January / 1;
    constexpr sys_days last = year(9999) / December / 31;
    const auto most = (last - start_1900).count();
    if (days < 0 || days > most || (epoch == DateEpoch::Year1900 && (days == invented_day || days == 0))) {
        return {};
    }
    const auto offset = std::chrono::days(days + (epoch == DateEpoch::Year1900 && days < invented_day ? 1 : 0));
    const auto date = (epoch == DateEpoch::Year1900 ? start_1900 : start_1904) + offset;
    return date > last ? std::nullopt : std::optional(year_month_day(date));
}

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'f');
}

}  // namespace

NumberKind kind_of_builtin_format(std::uint32_t id) {
    if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 54) || id == 57 ||
        id == 58) {
        return NumberKind::Date;
    }
    if ((id >= 18 && id <= 21) || id == 32 || id == 33 || id == 45 || id == 47) {
        return NumberKind::Time;
    }
    return id == 22 ? NumberKind::Timestamp : id == 46 ? NumberKind::Duration : NumberKind::Number;
}

NumberKind kind_of_format(std::string_view code) {
    const auto found = runs_of(code);
    if (found.is_elapsed) {
        return NumberKind::Duration;
    }
    bool has_date = false;
    bool has_time = false;
    for (std::size_t i = 0; i < found.size; ++i) {
        const auto [letter, length] = found.runs[i];
        const bool is_minute =
            letter == 'm' && length < 3 &&
            ((i > 0 && found.runs[i - 1].letter == 'h') || (i + 1 < found.size && found.runs[i + 1].letter == 's'));
        (letter == 'h' || letter == 's' || is_minute ? has_time : has_date) = true;
    }
    if (has_date) {
        return has_time ? NumberKind::Timestamp : NumberKind::Date;
    }
    return has_time ? NumberKind::Time : NumberKind::Number;
}

void append_number(std::string_view stored, std::string& out) {
    constexpr std::size_t most_exact_digits = 15;  // that every binary number keeps
    constexpr std::size_t most_digits = 17;        // that a program writes of one
    std::size_t digits = 0;
    bool has_point = false;
    bool has_mark = false;
    for (const char c : stored) {
        if (c >= '0' && c <= '9') {
            digits += static_cast<std::size_t>(digits > 0 || c != '0');
        } else if (c == '.') {
            has_point = true;
        } else {
            has_mark = has_mark || c == 'e' || c == 'E';
        }
    }
    const bool is_noisy = has_point && digits > most_exact_digits && digits <= most_digits;
    if (!is_noisy && !has_mark) {
        out += stored;
        return;
    }
    const auto value = number_of(stored);
    constexpr std::size_t longest_integer = 26;
    std::string written;
    if (value && has_mark && write_out(stored, written) && written.size() <= longest_integer &&
        written.find('.') == std::string::npos) {
        out += written;
    } else if (value) {
        append_shortest(*value, out);
    } else {
        out += stored;
    }
}

bool append_date(std::string_view stored, NumberKind kind, DateEpoch epoch, std::string& out) {
    const auto serial = number_of(stored);
    constexpr double most = 1e8;
    if (!serial || std::abs(*serial) > most) {
        return false;
    }
    constexpr std::int64_t hour = 3'600'000;
    if (kind == NumberKind::Duration) {
        const auto total = std::llround(std::abs(*serial) * static_cast<double>(day_milliseconds));
        out += *serial < 0 && total != 0 ? "-" : "";
        append_time(total / hour, total % hour, out);
        return true;
    }
    auto days = static_cast<std::int64_t>(std::floor(*serial));
    auto time = std::llround((*serial - static_cast<double>(days)) * static_cast<double>(day_milliseconds));
    if (time == day_milliseconds) {
        ++days;
        time = 0;
    }
    const bool is_within_a_day = days == 0 && (kind == NumberKind::Time || epoch == DateEpoch::Year1900);
    if (is_within_a_day && (kind == NumberKind::Time || time != 0)) {
        append_time(time / hour, time % hour, out);
        return true;
    }
    const auto day = day_of(days, epoch);
    if (!day) {
        return false;
    }
    fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", static_cast<int>(day->year()),
                   static_cast<unsigned>(day->month()), static_cast<unsigned>(day->day()));
    if (time != 0 || kind != NumberKind::Date) {
        out += ' ';
        append_time(time / hour, time % hour, out);
    }
    return true;
}

void append_iso_date(std::string_view stored, std::string& out) {
    constexpr std::size_t date_length = 10;
    const bool is_zoned = stored.ends_with('Z');
    if (is_zoned) {
        stored.remove_suffix(1);
    }
    if (stored.size() > date_length && stored[date_length] == 'T') {
        out += stored.substr(0, date_length);
        out += ' ';
        out += stored.substr(date_length + 1);
    } else {
        out += stored.starts_with('T') ? stored.substr(1) : stored;
    }
    out += is_zoned ? "+00:00" : "";
}

void append_cell_text(std::string_view stored, std::string& out) {
    constexpr std::size_t escape_length = 7;  // _xHHHH_
    for (;;) {
        const auto mark = stored.find("_x");
        out += stored.substr(0, mark);
        if (mark == std::string_view::npos) {
            return;
        }
        stored.remove_prefix(mark);
        const auto hex = stored.substr(2, 4);
        std::uint32_t unit = 0;
        const bool is_escape = stored.size() >= escape_length && stored[escape_length - 1] == '_' &&
                               std::ranges::all_of(hex, is_hex) &&
                               std::from_chars(hex.data(), hex.data() + hex.size(), unit, 16).ec == std::errc();
        constexpr std::uint32_t first_half = 0xD800;
        constexpr std::uint32_t last_half = 0xDFFF;
        if (is_escape && (unit < first_half || unit > last_half)) {
            append_utf8(static_cast<char32_t>(unit), out);
            stored.remove_prefix(escape_length);
        } else {
            out += stored.substr(0, 2);
            stored.remove_prefix(2);
        }
    }
}

}  // namespace rowhaul
