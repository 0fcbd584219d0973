// SPDX-License-Identifier: Apache-2.0
#include "data/notation.h"

#include "base/error.h"

#include <algorithm>
#include <array>

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
