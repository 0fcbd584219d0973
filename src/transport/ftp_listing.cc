// SPDX-License-Identifier: Apache-2.0
#include "transport/ftp_listing.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace rowhaul {

namespace {

using std::chrono::sys_days;
using std::chrono::sys_seconds;

template <class T>
std::optional<T> number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        return {};
    }
    return value;
}

bool same_ignoring_case(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [&](char a, char b) { return lower(a) == lower(b); });
}

std::optional<sys_days> day(int year, unsigned month, unsigned day_of_month) {
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(day_of_month)};
    if (!date.ok() || year < 1900 || year > 9999) {
        return {};
    }
    return sys_days(date);
}

// A word of a line, with where it ends.
struct Word {
    std::string_view text;
    std::size_t end;
};

std::vector<Word> first_words(std::string_view line, std::size_t most) {
    std::vector<Word> words;
    std::size_t at = 0;
    while (words.size() < most) {
        at = line.find_first_not_of(" \t", at);
        if (at == std::string_view::npos) {
            break;
        }
        const auto end = std::min(line.find_first_of(" \t", at), line.size());
        words.push_back({line.substr(at, end - at), end});
        at = end;
    }
    return words;
}

std::optional<unsigned> month_number(std::string_view word) {
    constexpr std::array<std::string_view, 12> months{"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
    for (unsigned i = 0; i < months.size(); ++i) {
        if (same_ignoring_case(word, months.at(i))) {
            return i + 1;
        }
    }
    return {};
}

// "14:05" or "14:05:59" to seconds of the day.
std::optional<std::chrono::seconds> clock_time(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon > 2) {
        return {};
    }
    const auto hours = number<unsigned>(text.substr(0, colon));
    const auto minutes = number<unsigned>(text.substr(colon + 1, 2));
    if (!hours || !minutes || *hours > 23 || *minutes > 59) {
        return {};
    }
    return std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
}

// "Nov 22 14:05" or "Nov 22 2025"; the last word is a time or a year.
std::optional<sys_seconds> ls_time(unsigned month, unsigned day_of_month, std::string_view last, sys_days today) {
    if (const auto year = number<int>(last)) {
        return day(*year, month, day_of_month);
    }
    const auto time = clock_time(last);
    if (!time) {
        return {};
    }
    const int this_year = static_cast<int>(std::chrono::year_month_day(today).year());
    auto date = day(this_year, month, day_of_month);
    // A day ahead may be another zone's; more is last year's.
    if (!date || *date > today + std::chrono::days(1)) {
        date = day(this_year - 1, month, day_of_month);
    }
    if (!date) {
        return {};
    }
    return *date + *time;
}

// "2026-11-22" as `ls --time-style=long-iso` writes it.
std::optional<sys_days> iso_day(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') {
        return {};
    }
    const auto year = number<int>(text.substr(0, 4));
    const auto month = number<unsigned>(text.substr(5, 2));
    const auto day_of_month = number<unsigned>(text.substr(8, 2));
    return year && month && day_of_month ? day(*year, *month, *day_of_month) : std::nullopt;
}

struct Dated {
    std::size_t size_word;  // index of the word before the date
    std::size_t name_at;    // where the name begins
    std::optional<sys_seconds> time;
};

// Finds the date in a line of `ls -l`: the only part that looks the same everywhere.
std::optional<Dated> find_date(const std::vector<Word>& words, sys_days today) {
    for (std::size_t i = 2; i + 1 < words.size(); ++i) {
        if (!number<std::uint64_t>(words[i - 1].text)) {
            continue;
        }
        if (const auto date = iso_day(words[i].text)) {
            if (const auto time = clock_time(words[i + 1].text)) {
                return Dated{i - 1, words[i + 1].end + 1, *date + *time};
            }
        }
        if (i + 2 >= words.size()) {
            continue;
        }
        auto month = month_number(words[i].text);
        auto day_of_month = number<unsigned>(words[i + 1].text);
        if (!month) {  // day before month
            month = month_number(words[i + 1].text);
            day_of_month = number<unsigned>(words[i].text);
        }
        if (month && day_of_month) {
            if (const auto time = ls_time(*month, *day_of_month, words[i + 2].text, today)) {
                return Dated{i - 1, words[i + 2].end + 1, time};
            }
        }
    }
    return {};
}

std::optional<FtpListed> parse_unix(std::string_view line, sys_days today) {
    constexpr std::string_view kinds = "-dlbcps";
    if (line.size() < 10 || kinds.find(line.front()) == std::string_view::npos) {
        return {};
    }
    const auto words = first_words(line, 12);
    const auto date = find_date(words, today);
    if (!date || date->name_at >= line.size()) {
        return {};
    }
    FtpListed listed;
    listed.name = line.substr(date->name_at);
    listed.is_folder = line.front() == 'd';
    listed.modified = date->time;
    listed.is_roughly_timed = true;
    if (line.front() == 'l') {
        if (const auto arrow = listed.name.find(" -> "); arrow != std::string::npos) {
            listed.name.erase(arrow);
        }
    } else if (!listed.is_folder) {
        listed.size = number<std::uint64_t>(words[date->size_word].text);
    }
    return listed;
}

// "11-22-26  02:05PM       <DIR>          archive", also with four digits for the year or 24 hours.
std::optional<FtpListed> parse_windows(std::string_view line) {
    const auto words = first_words(line, 3);
    if (words.size() < 3) {
        return {};
    }
    const auto date = words[0].text;
    if ((date.size() != 8 && date.size() != 10) || date[2] != '-' || date[5] != '-') {
        return {};
    }
    const auto month = number<unsigned>(date.substr(0, 2));
    const auto day_of_month = number<unsigned>(date.substr(3, 2));
    auto year = number<int>(date.substr(6));
    if (year && date.size() == 8) {
        *year += *year < 70 ? 2000 : 1900;
    }
    auto clock = words[1].text;
    auto shift = std::chrono::hours(0);
    if (clock.size() == 7) {
        const bool noon = same_ignoring_case(clock.substr(5), "pm");
        const bool twelve = clock.starts_with("12");
        shift = std::chrono::hours(noon ? (twelve ? 0 : 12) : (twelve ? -12 : 0));
        clock.remove_suffix(2);
    }
    const auto time = clock_time(clock);
    const auto when = month && day_of_month && year ? day(*year, *month, *day_of_month) : std::nullopt;
    const auto name_at = line.find_first_not_of(' ', words[2].end);
    if (!time || !when || name_at == std::string_view::npos) {
        return {};
    }
    FtpListed listed;
    listed.is_folder = words[2].text == "<DIR>";
    listed.size = listed.is_folder ? std::nullopt : number<std::uint64_t>(words[2].text);
    listed.modified = *when + *time + shift;
    listed.is_roughly_timed = true;
    // Names of folders stand in a column of their own; those of files after one space.
    listed.name = line.substr(listed.is_folder ? name_at : words[2].end + 1);
    if (!listed.is_folder && !listed.size) {
        return {};
    }
    return listed;
}

// "+i8388621.48594,m825718503,r,s280,\tdjb.html"
std::optional<FtpListed> parse_eplf(std::string_view line) {
    const auto tab = line.find('\t');
    if (!line.starts_with('+') || tab == std::string_view::npos) {
        return {};
    }
    FtpListed listed;
    listed.name = line.substr(tab + 1);
    auto facts = line.substr(1, tab - 1);
    while (!facts.empty()) {
        const auto fact = facts.substr(0, facts.find(','));
        facts.remove_prefix(std::min(facts.size(), fact.size() + 1));
        if (fact == "/") {
            listed.is_folder = true;
        } else if (fact.starts_with('s')) {
            listed.size = number<std::uint64_t>(fact.substr(1));
        } else if (fact.starts_with('m')) {
            if (const auto seconds = number<std::int64_t>(fact.substr(1))) {
                listed.modified = sys_seconds(std::chrono::seconds(*seconds));
            }
        }
    }
    return listed;
}

std::string_view without_line_end(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) {
        line.remove_suffix(1);
    }
    return line;
}

// Only names that stand for an entry of the listed folder.
std::optional<FtpListed> entry_only(std::optional<FtpListed> listed) {
    if (listed && (listed->name.empty() || listed->name == "." || listed->name == "..")) {
        return {};
    }
    return listed;
}

}  // namespace

std::optional<sys_seconds> parse_ftp_time(std::string_view text) {
    text = text.substr(0, text.find('.'));
    if (text.size() != 14) {
        return {};
    }
    const auto part = [&](std::size_t at, std::size_t size) { return number<unsigned>(text.substr(at, size)); };
    const auto year = number<int>(text.substr(0, 4));
    const auto month = part(4, 2);
    const auto day_of_month = part(6, 2);
    const auto hours = part(8, 2);
    const auto minutes = part(10, 2);
    const auto seconds = part(12, 2);
    if (!year || !month || !day_of_month || !hours || !minutes || !seconds || *hours > 23 || *minutes > 59 ||
        *seconds > 60) {
        return {};
    }
    const auto date = day(*year, *month, *day_of_month);
    if (!date) {
        return {};
    }
    return *date + std::chrono::hours(*hours) + std::chrono::minutes(*minutes) + std::chrono::seconds(*seconds);
}

std::optional<FtpListed> parse_mlsd_line(std::string_view line) {
    line = without_line_end(line);
    if (line.starts_with(' ')) {  // as in the answer to MLST
        line.remove_prefix(1);
    }
    const auto space = line.find(' ');
    auto facts = line.substr(0, space);
    if (space == std::string_view::npos || facts.find('=') == std::string_view::npos) {
        return {};
    }
    FtpListed listed;
    listed.name = line.substr(space + 1);
    while (!facts.empty()) {
        const auto fact = facts.substr(0, facts.find(';'));
        facts.remove_prefix(std::min(facts.size(), fact.size() + 1));
        const auto equals = std::min(fact.find('='), fact.size());
        const auto name = fact.substr(0, equals);
        const auto value = fact.substr(std::min(fact.size(), equals + 1));
        if (same_ignoring_case(name, "type")) {
            if (same_ignoring_case(value, "cdir") || same_ignoring_case(value, "pdir")) {
                return {};
            }
            listed.is_folder = same_ignoring_case(value, "dir");
        } else if (same_ignoring_case(name, "size")) {
            listed.size = number<std::uint64_t>(value);
        } else if (same_ignoring_case(name, "modify")) {
            listed.modified = parse_ftp_time(value);
        }
    }
    if (listed.is_folder) {
        listed.size.reset();
    }
    return entry_only(std::move(listed));
}

std::optional<FtpListed> parse_list_line(std::string_view line, sys_days today) {
    line = without_line_end(line);
    if (auto listed = parse_unix(line, today)) {
        return entry_only(std::move(listed));
    }
    if (auto listed = parse_windows(line)) {
        return entry_only(std::move(listed));
    }
    return entry_only(parse_eplf(line));
}

}  // namespace rowhaul
