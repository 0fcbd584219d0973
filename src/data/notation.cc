// SPDX-License-Identifier: Apache-2.0
#include "data/notation.h"

#include "base/error.h"

#include <algorithm>
#include <array>
#include <span>

namespace rowhaul {

namespace {

constexpr bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}
constexpr bool is_letter(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

std::size_t count_digits(std::string_view text) {
    std::size_t count = 0;
    while (count < text.size() && is_digit(text[count])) {
        ++count;
    }
    return count;
}

char* put(char* to, std::string_view text) {
    for (const char letter : text) {
        *to++ = letter;
    }
    return to;
}

std::string_view take(std::string_view& text, std::size_t count) {
    const auto taken = text.substr(0, count);
    text.remove_prefix(taken.size());
    return taken;
}

// One UTF-8 character that is no digit, sign or letter; empty when there is none at the start.
std::string_view take_mark(std::string_view& text) {
    if (text.empty() || is_digit(text[0]) || is_letter(text[0]) || text[0] == '-' || text[0] == '+') {
        return {};
    }
    std::size_t size = 1;
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
        ++size;
    }
    return take(text, size);
}

[[noreturn]] void refuse_sample(std::string_view sample) {
    throw Error(ErrorKind::Invalid, "\"" + std::string(sample) +
                                        "\" does not show how numbers are written; give a sample with decimals such "
                                        "as 1234,56 or 1.234,56 or 1’234.50");
}

char* put_grouped(char* to, std::string_view digits, std::string_view grouping) {
    auto first = digits.size() % 3;
    if (first == 0) {
        first = std::min<std::size_t>(3, digits.size());
    }
    to = put(to, take(digits, first));
    while (!digits.empty()) {
        to = put(put(to, grouping), take(digits, 3));
    }
    return to;
}

}  // namespace

NumberNotation::NumberNotation(std::string_view sample) {
    auto rest = sample;
    const auto leading = count_digits(rest);
    take(rest, leading);
    const auto first_mark = take_mark(rest);
    const auto after_first = take(rest, count_digits(rest));
    const auto second_mark = take_mark(rest);
    const auto after_second = take(rest, count_digits(rest));
    if (leading == 0 || first_mark.empty() || after_first.empty() || !rest.empty()) {
        refuse_sample(sample);
    }
    if (second_mark.empty()) {
        decimal_mark_ = first_mark;
        return;
    }
    if (leading > 3 || after_first.size() != 3 || after_second.empty() || first_mark == second_mark) {
        refuse_sample(sample);
    }
    grouping_ = first_mark;
    decimal_mark_ = second_mark;
}

void NumberNotation::append(std::string_view canonical, std::string& out) const {
    auto rest = canonical;
    const auto sign = take(rest, rest.starts_with('-') ? 1 : 0);
    const auto whole = take(rest, count_digits(rest));
    const bool has_point = rest.starts_with('.');
    take(rest, has_point ? 1 : 0);
    const auto decimals = take(rest, count_digits(rest));
    const bool has_exponent = rest.starts_with('e') || rest.starts_with('E');
    if (whole.empty() || (has_point && decimals.empty()) || (!rest.empty() && !has_exponent)) {
        out += canonical;
        return;
    }
    const std::size_t before = out.size();
    out.resize(before + canonical.size() + decimal_mark_.size() + whole.size() * grouping_.size());
    char* at = put(out.data() + before, sign);
    if (grouping_.empty() || has_exponent || whole.starts_with('0')) {
        at = put(at, whole);
    } else {
        at = put_grouped(at, whole, grouping_);
    }
    if (has_point) {
        at = put(put(at, decimal_mark_), decimals);
    }
    at = put(at, rest);
    out.resize(static_cast<std::size_t>(at - out.data()));
}

namespace {

constexpr std::array<std::string_view, 3> apostrophes{"’", "'", "`"};
constexpr std::array<std::string_view, 4> spaces{" ", "\u00a0", "\u202f", "\u2009"};

// People and programs mix marks that look alike.
bool take_grouping(std::string_view& text, std::string_view grouping) {
    const auto take_one_of = [&](std::span<const std::string_view> marks) {
        const auto found = std::ranges::find_if(marks, [&](std::string_view mark) { return text.starts_with(mark); });
        if (found == marks.end()) {
            return false;
        }
        text.remove_prefix(found->size());
        return true;
    };
    if (std::ranges::find(apostrophes, grouping) != apostrophes.end()) {
        return take_one_of(apostrophes);
    }
    if (std::ranges::find(spaces, grouping) != spaces.end()) {
        return take_one_of(spaces);
    }
    return take_one_of({&grouping, 1});
}

std::string_view without_spaces(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r\n") + 1 - first);
}

}  // namespace

bool NumberNotation::read(std::string_view written, std::string& out) const {
    auto rest = without_spaces(written);
    const std::size_t before = out.size();
    const auto give_up = [&] {
        out.resize(before);
        return false;
    };
    if (rest.starts_with('-') || rest.starts_with('+')) {
        if (rest[0] == '-') {
            out += '-';
        }
        rest = rest.substr(1);
    } else if (rest.starts_with("−")) {
        out += '-';
        rest.remove_prefix(std::string_view("−").size());
    }
    const auto first = count_digits(rest);
    auto whole = std::string(take(rest, first));
    if (!grouping_.empty()) {
        const bool may_group = first >= 1 && first <= 3;
        while (may_group && !rest.empty() && take_grouping(rest, grouping_)) {
            if (count_digits(rest) != 3) {
                return give_up();
            }
            whole += take(rest, 3);
        }
    }
    const auto significant = std::min(whole.find_first_not_of('0'), whole.empty() ? 0 : whole.size() - 1);
    out += whole.empty() ? "0" : whole.substr(significant);
    if (!rest.starts_with(decimal_mark_)) {
        return rest.empty() && !whole.empty() ? true : give_up();
    }
    rest.remove_prefix(decimal_mark_.size());
    const auto decimals = take(rest, count_digits(rest));
    if (!rest.empty() || (decimals.empty() && whole.empty())) {
        return give_up();
    }
    if (!decimals.empty()) {
        out += '.';
        out += decimals;
    }
    return true;
}

struct DateNotation::Fields {
    std::string_view year, month, day, hour, minute, second, fraction, offset;
    std::string_view sign;  // of a time before zero
};

DateNotation::DateNotation(std::string_view pattern) {
    for (auto rest = pattern; !rest.empty();) {
        const char first = rest[0];
        if (first == '\'') {
            const auto end = rest.find('\'', 1);
            if (end == std::string_view::npos) {
                throw Error(ErrorKind::Invalid, "\"" + std::string(pattern) + "\" has an apostrophe without its pair");
            }
            add_literal(end == 1 ? "'" : rest.substr(1, end - 1));
            take(rest, end + 1);
        } else if (is_letter(first)) {
            add_letters(pattern, take(rest, std::min(rest.size(), rest.find_first_not_of(first))));
        } else {
            add_literal(take(rest, 1));
        }
    }
    if (!has_date_ && !has_time_) {
        throw Error(ErrorKind::Invalid, "\"" + std::string(pattern) +
                                            "\" names no part of a date or time; write it like dd.mm.yyyy HH:MM:SS");
    }
    for (const auto& piece : pieces_) {
        longest_literals_ += piece.literal.size() + piece.digits;
    }
}

void DateNotation::add_literal(std::string_view text) {
    if (pieces_.empty() || pieces_.back().part != Part::Literal) {
        pieces_.push_back({Part::Literal, "", 0});
    }
    pieces_.back().literal += text;
}

void DateNotation::add_letters(std::string_view pattern, std::string_view letters) {
    struct Known {
        std::string_view letters;
        Part part;
        bool of_date;
    };
    static constexpr std::array<Known, 12> known{{{"yyyy", Part::Year, true},
                                                  {"yy", Part::ShortYear, true},
                                                  {"mm", Part::Month, true},
                                                  {"m", Part::BareMonth, true},
                                                  {"dd", Part::Day, true},
                                                  {"d", Part::BareDay, true},
                                                  {"HH", Part::Hour, false},
                                                  {"H", Part::BareHour, false},
                                                  {"MM", Part::Minute, false},
                                                  {"SS", Part::Second, false},
                                                  {"f", Part::FractionAsIs, false},
                                                  {"z", Part::Offset, false}}};
    const auto* const found = std::ranges::find(known, letters, &Known::letters);
    if (found != known.end()) {
        (found->of_date ? has_date_ : has_time_) = true;
        std::string mark;
        if (found->part == Part::FractionAsIs && !pieces_.empty() && pieces_.back().part == Part::Literal &&
            (pieces_.back().literal.ends_with('.') || pieces_.back().literal.ends_with(','))) {
            mark = pieces_.back().literal.back();
            pieces_.back().literal.pop_back();
        }
        pieces_.push_back({found->part, mark, 0});
        return;
    }
    if (letters[0] == 'f' && letters.size() <= 9) {
        has_time_ = true;
        pieces_.push_back({Part::Fraction, "", letters.size()});
        return;
    }
    throw Error(ErrorKind::Invalid, "\"" + std::string(pattern) + "\": \"" + std::string(letters) +
                                        "\" is no part of a date or time; known are yyyy yy mm m dd d HH H MM SS f z, "
                                        "and other letters between apostrophes");
}

bool DateNotation::split(std::string_view canonical, Fields& fields) {
    auto rest = canonical;
    const auto first = count_digits(rest);
    if (first >= 4 && rest.substr(first).starts_with('-')) {
        fields.year = take(rest, first);
        if (rest.size() < 6 || rest[3] != '-' || count_digits(rest.substr(1)) != 2 ||
            count_digits(rest.substr(4)) != 2) {
            return false;
        }
        fields.month = rest.substr(1, 2);
        fields.day = rest.substr(4, 2);
        take(rest, 6);
        if (rest.empty()) {
            return true;
        }
        if (!rest.starts_with(' ')) {
            return false;
        }
        take(rest, 1);
    } else if (rest.starts_with('-')) {
        fields.sign = take(rest, 1);
    }
    fields.hour = take(rest, count_digits(rest));
    if (fields.hour.size() < 2 || rest.size() < 6 || rest[0] != ':' || rest[3] != ':' ||
        count_digits(rest.substr(1)) != 2 || count_digits(rest.substr(4)) != 2) {
        return false;
    }
    fields.minute = rest.substr(1, 2);
    fields.second = rest.substr(4, 2);
    take(rest, 6);
    if (rest.starts_with('.')) {
        take(rest, 1);
        fields.fraction = take(rest, count_digits(rest));
    }
    fields.offset = rest;
    return rest.empty() || ((rest[0] == '+' || rest[0] == '-') && rest.size() > 1 && is_digit(rest.back()));
}

char* DateNotation::put_piece(const Piece& piece, const Fields& fields, char* to) {
    const auto bare = [](std::string_view digits) {
        return digits.size() == 2 && digits[0] == '0' ? digits.substr(1) : digits;
    };
    switch (piece.part) {
        case Part::Literal:
            return put(to, piece.literal);
        case Part::Year:
            return put(to, fields.year);
        case Part::ShortYear:
            return put(to, fields.year.substr(fields.year.size() - 2));
        case Part::Month:
            return put(to, fields.month);
        case Part::BareMonth:
            return put(to, bare(fields.month));
        case Part::Day:
            return put(to, fields.day);
        case Part::BareDay:
            return put(to, bare(fields.day));
        case Part::Hour:
            return put(put(to, fields.sign), fields.hour);
        case Part::BareHour:
            return put(put(to, fields.sign), bare(fields.hour));
        case Part::Minute:
            return put(to, fields.minute);
        case Part::Second:
            return put(to, fields.second);
        case Part::FractionAsIs:
            return fields.fraction.empty() ? to : put(put(to, piece.literal), fields.fraction);
        case Part::Fraction:
            to = put(to, fields.fraction.substr(0, piece.digits));
            return std::fill_n(to, piece.digits - std::min(piece.digits, fields.fraction.size()), '0');
        case Part::Offset:
            return put(to, fields.offset);
    }
    return to;
}

bool DateNotation::read_piece(const Piece& piece, std::string_view& rest, Fields& fields) {
    const auto digits = [&](std::string_view& part, std::size_t least, std::size_t most) {
        const auto count = std::min(count_digits(rest), most);
        part = take(rest, count);
        return count >= least;
    };
    switch (piece.part) {
        case Part::Literal: {
            const bool fits = rest.starts_with(piece.literal);
            take(rest, fits ? piece.literal.size() : 0);
            return fits;
        }
        case Part::Year:
            return digits(fields.year, 4, 4);
        case Part::ShortYear:
            return digits(fields.year, 2, 2);
        case Part::Month:
            return digits(fields.month, 2, 2);
        case Part::BareMonth:
            return digits(fields.month, 1, 2);
        case Part::Day:
            return digits(fields.day, 2, 2);
        case Part::BareDay:
            return digits(fields.day, 1, 2);
        case Part::Hour:
            return digits(fields.hour, 2, 2);
        case Part::BareHour:
            return digits(fields.hour, 1, 2);
        case Part::Minute:
            return digits(fields.minute, 2, 2);
        case Part::Second:
            return digits(fields.second, 2, 2);
        case Part::FractionAsIs:
            if (piece.literal.empty() || !rest.starts_with(piece.literal)) {
                return piece.literal.empty() ? digits(fields.fraction, 1, 9) : true;
            }
            take(rest, piece.literal.size());
            return digits(fields.fraction, 1, 9);
        case Part::Fraction:
            return digits(fields.fraction, piece.digits, piece.digits);
        case Part::Offset: {
            if (rest.starts_with('Z')) {
                take(rest, 1);
                fields.offset = "+00:00";
                return true;
            }
            const auto size = rest.size() >= 6 && rest[3] == ':' ? 6U : 0U;
            fields.offset = take(rest, size);
            return size != 0 && (fields.offset[0] == '+' || fields.offset[0] == '-') &&
                   count_digits(fields.offset.substr(1)) == 2 && count_digits(fields.offset.substr(4)) == 2;
        }
    }
    return false;
}

bool DateNotation::read(std::string_view written, std::string& out) const {
    auto rest = without_spaces(written);
    Fields fields;
    for (const auto& piece : pieces_) {
        if (!read_piece(piece, rest, fields)) {
            return false;
        }
    }
    if (!rest.empty()) {
        return false;
    }
    const auto two = [&](std::string_view part, std::string_view missing) {
        if (part.size() == 1) {
            out += '0';
        }
        out += part.empty() ? missing : part;
    };
    if (has_date_) {
        if (fields.year.size() == 2) {
            out += fields.year < "70" ? "20" : "19";
        }
        out += fields.year.empty() ? "1970" : fields.year;
        out += '-';
        two(fields.month, "01");
        out += '-';
        two(fields.day, "01");
    }
    if (has_time_) {
        out += has_date_ ? " " : "";
        two(fields.hour, "00");
        out += ':';
        two(fields.minute, "00");
        out += ':';
        two(fields.second, "00");
        if (!fields.fraction.empty()) {
            out += '.';
            out += fields.fraction;
        }
        out += fields.offset;
    }
    return true;
}

void DateNotation::append(std::string_view canonical, std::string& out) const {
    Fields fields;
    if (!split(canonical, fields) || (has_date_ && fields.year.empty()) || (has_time_ && fields.hour.empty())) {
        out += canonical;
        return;
    }
    const std::size_t before = out.size();
    out.resize(before + longest_literals_ + pieces_.size() * canonical.size());
    char* at = out.data() + before;
    for (const auto& piece : pieces_) {
        at = put_piece(piece, fields, at);
    }
    out.resize(static_cast<std::size_t>(at - out.data()));
}

}  // namespace rowhaul
