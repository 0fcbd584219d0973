// SPDX-License-Identifier: Apache-2.0
#include "format/value_forms.h"

#include <array>

namespace rowhaul {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Digits from the start, at least one.
std::size_t digits(std::string_view text) {
    std::size_t count = 0;
    while (count < text.size() && is_digit(text[count])) {
        ++count;
    }
    return count;
}

std::string_view without_sign(std::string_view text) {
    return text.starts_with('-') ? text.substr(1) : text;
}

// Whole numbers as they are counted with: a leading zero is part of a code.
bool is_whole(std::string_view text) {
    text = without_sign(text);
    return !text.empty() && digits(text) == text.size() && (text[0] != '0' || text.size() == 1);
}

// 1234.56 with this mark, or 1.234.567,89 with these between the thousands.
bool is_decimal(std::string_view text, char mark, std::string_view grouping) {
    text = without_sign(text);
    const auto place = text.find(mark);
    auto whole = text.substr(0, place);
    if (place != std::string_view::npos) {
        const auto fraction = text.substr(place + 1);
        if (fraction.empty() || digits(fraction) != fraction.size()) {
            return false;
        }
    }
    const auto first = digits(whole);
    if (first == 0 || (whole[0] == '0' && first > 1)) {
        return false;
    }
    whole.remove_prefix(first);
    if (!whole.empty() && (grouping.empty() || first > 3)) {
        return false;
    }
    while (!whole.empty()) {
        if (!whole.starts_with(grouping) || digits(whole.substr(grouping.size())) < 3) {
            return false;
        }
        whole.remove_prefix(grouping.size() + 3);
        if (!whole.empty() && is_digit(whole[0])) {
            return false;
        }
    }
    return true;
}

// Fits a pattern of d (day), m (month), y (year), H, M, S and marks that stand for themselves.
bool fits_date(std::string_view text, std::string_view pattern) {
    int day = 1;
    int month = 1;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int year = 1;
    if (text.size() != pattern.size()) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        int* part = pattern[i] == 'd'   ? &day
                    : pattern[i] == 'm' ? &month
                    : pattern[i] == 'y' ? &year
                    : pattern[i] == 'H' ? &hour
                    : pattern[i] == 'M' ? &minute
                    : pattern[i] == 'S' ? &second
                                        : nullptr;
        if (part == nullptr ? text[i] != pattern[i] : !is_digit(text[i])) {
            return false;
        }
        if (part != nullptr) {
            const bool is_first = i == 0 || pattern[i - 1] != pattern[i];
            *part = (is_first ? 0 : *part * 10) + (text[i] - '0');
        }
    }
    constexpr std::array days{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month >= 1 && month <= 12 && day >= 1 && day <= days[static_cast<std::size_t>(month - 1)] && year >= 1 &&
           hour < 24 && minute < 60 && second < 60;
}

bool fits_timestamp(std::string_view text, std::string_view pattern) {
    const auto point = text.size() > pattern.size() ? pattern.size() : text.size();
    const auto fraction = text.substr(point);
    return fits_date(text.substr(0, point), pattern) &&
           (fraction.empty() || (fraction.size() > 1 && fraction.size() <= 10 && fraction[0] == '.' &&
                                 digits(fraction.substr(1)) == fraction.size() - 1));
}

struct Form {
    Type type;
    std::string_view notation;
    bool (*fits)(std::string_view);
};

// The first that fits all values is the form of a column.
constexpr std::array<Form, 15> forms{{
    {Type::Boolean, "", [](std::string_view text) { return text == "true" || text == "false"; }},
    {Type::Integer, "", is_whole},
    {Type::Decimal, "", [](std::string_view text) { return is_decimal(text, '.', ""); }},
    {Type::Decimal, "1234,56", [](std::string_view text) { return is_decimal(text, ',', ""); }},
    {Type::Decimal, "1.234,56", [](std::string_view text) { return is_decimal(text, ',', "."); }},
    {Type::Decimal, "1’234.56", [](std::string_view text) { return is_decimal(text, '.', "’"); }},
    {Type::Decimal, "1'234.56", [](std::string_view text) { return is_decimal(text, '.', "'"); }},
    {Type::Decimal, "1,234.56", [](std::string_view text) { return is_decimal(text, '.', ","); }},
    {Type::Date, "", [](std::string_view text) { return fits_date(text, "yyyy-mm-dd"); }},
    {Type::Date, "dd.mm.yyyy", [](std::string_view text) { return fits_date(text, "dd.mm.yyyy"); }},
    {Type::Date, "dd/mm/yyyy", [](std::string_view text) { return fits_date(text, "dd/mm/yyyy"); }},
    {Type::Date, "mm/dd/yyyy", [](std::string_view text) { return fits_date(text, "mm/dd/yyyy"); }},
    {Type::Timestamp, "", [](std::string_view text) { return fits_timestamp(text, "yyyy-mm-dd HH:MM:SS"); }},
    {Type::Timestamp, "dd.mm.yyyy HH:MM:SS",
     [](std::string_view text) { return fits_timestamp(text, "dd.mm.yyyy HH:MM:SS"); }},
    {Type::Time, "", [](std::string_view text) { return fits_date(text, "HH:MM:SS"); }},
}};
constexpr std::size_t day_first = 10;
constexpr std::size_t month_first = 11;

}  // namespace

void FormFinder::see(std::string_view value) {
    has_seen_ = true;
    for (std::size_t i = 0; i < forms.size(); ++i) {
        if ((possible_ >> i & 1) != 0 && !forms[i].fits(value)) {
            possible_ &= ~(std::uint32_t{1} << i);
        }
    }
}

ValueForm FormFinder::form() const {
    constexpr std::uint32_t swappable = 1U << day_first | 1U << month_first;
    const bool is_unclear = (possible_ & swappable) == swappable;
    for (std::size_t i = 0; has_seen_ && !is_unclear && i < forms.size(); ++i) {
        if ((possible_ >> i & 1) != 0) {
            return {forms[i].type, std::string(forms[i].notation)};
        }
    }
    return {};
}

}  // namespace rowhaul
