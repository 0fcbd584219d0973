// SPDX-License-Identifier: Apache-2.0
#include "expression/decimal.h"

#include <algorithm>
#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace rowhaul {

struct BigInteger {
    boost::multiprecision::cpp_int value;
};

namespace {

using Wide = boost::multiprecision::cpp_int;
using Form = Decimal::Form;

constexpr Int128 highest = static_cast<Int128>(~static_cast<Uint128>(0) >> 1);
constexpr int most_power = 38;

constexpr auto powers = [] {
    std::array<Int128, most_power + 1> all{};
    all[0] = 1;
    for (std::size_t i = 1; i < all.size(); ++i) {
        all[i] = all[i - 1] * 10;
    }
    return all;
}();

constexpr auto digit_pairs = [] {
    std::array<char, 200> pairs{};
    for (std::size_t i = 0; i < 100; ++i) {
        pairs[2 * i] = static_cast<char>('0' + i / 10);
        pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
}();

constexpr Uint128 magnitude(Int128 value) {
    return value < 0 ? ~static_cast<Uint128>(value) + 1 : static_cast<Uint128>(value);
}

constexpr std::int32_t digits_in(Uint128 value) {
    std::int32_t digits = 0;
    while (digits <= most_power && value >= static_cast<Uint128>(powers[static_cast<std::size_t>(digits)])) {
        ++digits;
    }
    return digits;
}

Wide power_of_ten(std::int32_t exponent) {
    return boost::multiprecision::pow(Wide(10), static_cast<unsigned>(exponent));
}

Wide wide(Int128 value) {
    const auto size = magnitude(value);
    Wide made = static_cast<std::uint64_t>(size >> 64);
    made <<= 64;
    made += static_cast<std::uint64_t>(size);
    return value < 0 ? Wide(-made) : made;
}

Wide wide(const Decimal& value) {
    return value.form == Form::Big ? value.big->value : wide(value.coefficient);
}

std::int32_t digits_in(const Wide& value) {
    return value == 0 ? 0 : static_cast<std::int32_t>(Wide(abs(value)).str().size());
}

std::optional<Decimal> narrow(Wide value, std::int32_t scale, DecimalPool& pool) {
    if (scale > Decimal::most_digits || digits_in(value) - scale > Decimal::most_digits) {
        return {};
    }
    static const Wide most = wide(highest);
    if (value <= most && value >= -most) {
        const Wide size = abs(value);
        const auto low = static_cast<std::uint64_t>(size & std::numeric_limits<std::uint64_t>::max());
        const auto high = static_cast<std::uint64_t>(size >> 64);
        const auto bits = static_cast<Int128>((static_cast<Uint128>(high) << 64) | low);
        return Decimal{.coefficient = value < 0 ? -bits : bits, .scale = scale};
    }
    return Decimal{.big = pool.keep({std::move(value)}), .scale = scale, .form = Form::Big};
}

Decimal special(Form form) {
    return {.form = form};
}

constexpr Decimal not_a_number{.form = Form::NotANumber};

Decimal infinity(int sign) {
    return special(sign < 0 ? Form::MinusInfinity : Form::Infinity);
}

Wide scaled_up(const Decimal& value, std::int32_t by) {
    return by == 0 ? wide(value) : Wide(wide(value) * power_of_ten(by));
}

// The coefficient at a higher scale; false when 128 bits do not hold it.
bool scale_up(Int128& value, std::int32_t by) {
    if (by < static_cast<std::int32_t>(small_powers.size()) && fits_64(value)) {
        value *= small_powers[static_cast<std::size_t>(by)];
        return true;
    }
    return by <= most_power && !__builtin_mul_overflow(value, powers[static_cast<std::size_t>(by)], &value);
}

// Where the leading digit of a value stands, as PostgreSQL counts: in groups of four digits.
struct Leading {
    std::int32_t weight = 0;
    std::int32_t digit = 0;
};

std::int32_t floor_div(std::int32_t value, std::int32_t by) {
    return value >= 0 ? value / by : -((-value + by - 1) / by);
}

Leading leading_group(const Decimal& value) {
    const bool is_big = value.form == Form::Big;
    const std::int32_t digits = is_big ? digits_in(value.big->value) : digits_in(magnitude(value.coefficient));
    if (digits == 0) {
        return {};
    }
    const std::int32_t weight = floor_div(digits - value.scale - 1, 4);
    const std::int32_t shift = value.scale + 4 * weight;  // digits below the group; negative: missing zeros
    if (is_big) {
        const Wide size = abs(value.big->value);
        const Wide group = shift >= 0 ? Wide(size / power_of_ten(shift)) : Wide(size * power_of_ten(-shift));
        return {weight, static_cast<std::int32_t>(group)};
    }
    auto group = magnitude(value.coefficient);
    if (shift >= 0) {
        group /= static_cast<Uint128>(powers[static_cast<std::size_t>(shift)]);
    } else {
        group *= static_cast<Uint128>(powers[static_cast<std::size_t>(-shift)]);
    }
    return {weight, static_cast<std::int32_t>(group)};
}

// PostgreSQL gives a quotient at least sixteen significant digits, counted in groups of four.
std::int32_t quotient_scale(const Decimal& dividend, const Decimal& divisor) {
    const auto above = leading_group(dividend);
    const auto below = leading_group(divisor);
    std::int32_t weight = above.weight - below.weight;
    if (above.digit <= below.digit) {
        --weight;
    }
    const std::int32_t scale = std::max({16 - 4 * weight, dividend.scale, divisor.scale, 0});
    return std::min(scale, 1000);
}

template <class Number>
Number divided_whole(Number dividend, Number divisor, Rounding rounding) {
    const Number quotient = dividend / divisor;
    const Number rest = dividend % divisor;
    if (rest == 0) {
        return quotient;
    }
    const Number away = (rest < 0) == (divisor < 0) ? 1 : -1;
    switch (rounding) {
        case Rounding::HalfAway:
            return magnitude(rest) >= magnitude(divisor) - magnitude(rest) ? quotient + away : quotient;
        case Rounding::TowardsZero:
            return quotient;
        case Rounding::Up:
            return away > 0 ? quotient + 1 : quotient;
        case Rounding::Down:
            return away < 0 ? quotient - 1 : quotient;
    }
    return quotient;
}

Int128 divided(Int128 dividend, Int128 divisor, Rounding rounding) {
    // The lowest number of 64 bits has no counterpart.
    if (fits_64(dividend) && fits_64(divisor) && dividend != std::numeric_limits<std::int64_t>::min()) {
        return divided_whole(static_cast<std::int64_t>(dividend), static_cast<std::int64_t>(divisor), rounding);
    }
    return divided_whole(dividend, divisor, rounding);
}

Wide divided(const Wide& dividend, const Wide& divisor, Rounding rounding) {
    Wide quotient;
    Wide rest;
    boost::multiprecision::divide_qr(dividend, divisor, quotient, rest);
    if (rest == 0) {
        return quotient;
    }
    const int away = (rest < 0) == (divisor < 0) ? 1 : -1;
    const bool adjusts = rounding == Rounding::HalfAway ? Wide(abs(rest) * 2) >= abs(divisor)
                         : rounding == Rounding::Up     ? away > 0
                         : rounding == Rounding::Down   ? away < 0
                                                        : false;
    return adjusts ? Wide(quotient + away) : quotient;
}

std::optional<Decimal> checked(Decimal value) {
    if (value.scale > Decimal::most_digits) {
        return {};
    }
    return value;
}

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view without_spaces(std::string_view text) {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
    return std::ranges::equal(text, lower,
                              [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; });
}

std::optional<Decimal> parse_special(std::string_view text) {
    if (equals_ignoring_case(text, "nan")) {
        return not_a_number;
    }
    const bool is_negative = text.starts_with('-');
    if (is_negative || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    if (equals_ignoring_case(text, "infinity") || equals_ignoring_case(text, "inf")) {
        return infinity(is_negative ? -1 : 1);
    }
    return {};
}

// The parts of a number that is not of the plainest sort.
struct Parts {
    bool is_negative = false;
    std::string digits;
    std::int32_t scale = 0;
};

bool split_number(std::string_view text, Parts& parts) {
    if (text.starts_with('-') || text.starts_with('+')) {
        parts.is_negative = text.front() == '-';
        text.remove_prefix(1);
    }
    bool has_point = false;
    bool has_digit = false;
    while (!text.empty() && ((text[0] >= '0' && text[0] <= '9') || (text[0] == '.' && !has_point))) {
        if (text[0] == '.') {
            has_point = true;
        } else {
            has_digit = true;
            parts.digits += text[0];
            parts.scale += has_point ? 1 : 0;
        }
        text.remove_prefix(1);
    }
    if (!has_digit) {
        return false;
    }
    if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
        text.remove_prefix(1);
        if (text.starts_with('+')) {
            text.remove_prefix(1);
            if (text.starts_with('-')) {
                return false;
            }
        }
        std::int32_t exponent = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), exponent);
        if (read.ec != std::errc() || exponent > 10'000 || exponent < -10'000) {
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
        parts.scale -= exponent;
    }
    return text.empty();
}

}  // namespace

DecimalPool::DecimalPool() = default;
DecimalPool::~DecimalPool() = default;

const BigInteger* DecimalPool::keep(BigInteger value) {
    used_ += 64 + value.value.backend().size() * sizeof(boost::multiprecision::limb_type);
    return &kept_.emplace_back(std::move(value));
}

void DecimalPool::clear() {
    kept_.clear();
    used_ = 0;
}

std::optional<Decimal> parse_decimal(std::string_view text, DecimalPool& pool) {
    if (Decimal plain; parse_plain_decimal(text, plain)) {
        return plain;
    }
    text = without_spaces(text);
    if (const auto found = parse_special(text)) {
        return found;
    }
    Parts parts;
    if (!split_number(text, parts)) {
        return {};
    }
    const auto first = parts.digits.find_first_not_of('0');
    if (first == std::string::npos) {
        return checked({.scale = std::max(parts.scale, 0)});
    }
    parts.digits.erase(0, first);
    if (static_cast<std::int64_t>(parts.digits.size()) - parts.scale > Decimal::most_digits ||
        parts.scale > Decimal::most_digits) {
        return {};
    }
    if (parts.scale < 0) {
        parts.digits.append(static_cast<std::size_t>(-parts.scale), '0');
        parts.scale = 0;
    }
    Wide value(parts.digits);
    return narrow(parts.is_negative ? Wide(-value) : value, parts.scale, pool);
}

Decimal decimal_of(std::int64_t value) {
    return {.coefficient = value};
}

std::optional<Decimal> decimal_of(double value, DecimalPool& pool) {
    std::array<char, 64> text{};
    if (!std::isfinite(value)) {
        return std::isnan(value) ? not_a_number : infinity(value < 0 ? -1 : 1);
    }
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 15).ptr;
    return parse_decimal({text.data(), static_cast<std::size_t>(end - text.data())}, pool);
}

std::optional<Decimal> add(const Decimal& a, const Decimal& b, DecimalPool& pool) {
    if (a.form == Form::Finite && b.form == Form::Finite && a.scale == b.scale && fits_64(a.coefficient) &&
        fits_64(b.coefficient)) {
        return Decimal{.coefficient = a.coefficient + b.coefficient, .scale = a.scale};
    }
    if (a.form == Form::Finite && b.form == Form::Finite) {
        Int128 x = a.coefficient;
        Int128 y = b.coefficient;
        const auto scale = std::max(a.scale, b.scale);
        Int128 sum = 0;
        if ((a.scale == scale || scale_up(x, scale - a.scale)) && (b.scale == scale || scale_up(y, scale - b.scale)) &&
            !__builtin_add_overflow(x, y, &sum) && magnitude(sum) <= static_cast<Uint128>(highest)) {
            return Decimal{.coefficient = sum, .scale = scale};
        }
    }
    if (!a.is_finite() || !b.is_finite()) {
        if (a.form == Form::NotANumber || b.form == Form::NotANumber) {
            return not_a_number;
        }
        if (!a.is_finite() && !b.is_finite() && a.form != b.form) {
            return not_a_number;
        }
        return special(a.is_finite() ? b.form : a.form);
    }
    const auto scale = std::max(a.scale, b.scale);
    return narrow(scaled_up(a, scale - a.scale) + scaled_up(b, scale - b.scale), scale, pool);
}

std::optional<Decimal> subtract(const Decimal& a, const Decimal& b, DecimalPool& pool) {
    return add(a, negated(b, pool), pool);
}

std::optional<Decimal> multiply(const Decimal& a, const Decimal& b, DecimalPool& pool) {
    if (a.form == Form::Finite && b.form == Form::Finite) {
        if (fits_64(a.coefficient) && fits_64(b.coefficient)) {
            return checked({.coefficient = a.coefficient * b.coefficient, .scale = a.scale + b.scale});
        }
        Int128 product = 0;
        if (!__builtin_mul_overflow(a.coefficient, b.coefficient, &product) &&
            magnitude(product) <= static_cast<Uint128>(highest)) {
            return checked({.coefficient = product, .scale = a.scale + b.scale});
        }
    }
    if (!a.is_finite() || !b.is_finite()) {
        if (a.form == Form::NotANumber || b.form == Form::NotANumber || sign_of(a) * sign_of(b) == 0) {
            return not_a_number;
        }
        return infinity(sign_of(a) * sign_of(b));
    }
    return narrow(wide(a) * wide(b), a.scale + b.scale, pool);
}

std::optional<Decimal> divide(const Decimal& a, const Decimal& b, DecimalPool& pool) {
    if (!a.is_finite() || !b.is_finite()) {
        if (a.form == Form::NotANumber || b.form == Form::NotANumber || (!a.is_finite() && !b.is_finite())) {
            return not_a_number;
        }
        return b.is_finite() ? infinity(sign_of(a) * sign_of(b)) : Decimal{};
    }
    const auto scale = quotient_scale(a, b);
    const auto shift = scale - a.scale + b.scale;  // never negative: the scale is at least the dividend's
    if (a.form == Form::Finite && b.form == Form::Finite) {
        Int128 dividend = a.coefficient;
        if (scale_up(dividend, shift)) {
            return Decimal{.coefficient = divided(dividend, b.coefficient, Rounding::HalfAway), .scale = scale};
        }
    }
    return narrow(divided(scaled_up(a, shift), wide(b), Rounding::HalfAway), scale, pool);
}

std::optional<Decimal> remainder(const Decimal& a, const Decimal& b, DecimalPool& pool) {
    if (!a.is_finite() || !b.is_finite()) {
        if (a.form == Form::NotANumber || b.form == Form::NotANumber || !a.is_finite()) {
            return not_a_number;
        }
        return a;
    }
    const auto scale = std::max(a.scale, b.scale);
    if (a.form == Form::Finite && b.form == Form::Finite) {
        Int128 x = a.coefficient;
        Int128 y = b.coefficient;
        if (scale_up(x, scale - a.scale) && scale_up(y, scale - b.scale)) {
            return Decimal{.coefficient = x % y, .scale = scale};
        }
    }
    return narrow(scaled_up(a, scale - a.scale) % scaled_up(b, scale - b.scale), scale, pool);
}

Decimal negated(const Decimal& value, DecimalPool& pool) {
    switch (value.form) {
        case Form::Finite:
            return {.coefficient = -value.coefficient, .scale = value.scale};
        case Form::Big:
            return {.big = pool.keep({Wide(-value.big->value)}), .scale = value.scale, .form = Form::Big};
        case Form::Infinity:
            return special(Form::MinusInfinity);
        case Form::MinusInfinity:
            return special(Form::Infinity);
        case Form::NotANumber:
            break;
    }
    return value;
}

std::optional<Decimal> rounded(const Decimal& value, std::int32_t scale, Rounding rounding, DecimalPool& pool) {
    if (!value.is_finite()) {
        return value;
    }
    scale = std::clamp(scale, -2 * Decimal::most_digits, Decimal::most_digits);
    if (value.form == Form::Finite) {
        Int128 coefficient = value.coefficient;
        if (scale >= value.scale) {
            if (scale_up(coefficient, scale - value.scale)) {
                return Decimal{.coefficient = coefficient, .scale = scale};
            }
        } else if (value.scale - scale <= most_power) {
            coefficient = divided(coefficient, powers[static_cast<std::size_t>(value.scale - scale)], rounding);
            if (scale >= 0 || scale_up(coefficient, -scale)) {
                return Decimal{.coefficient = coefficient, .scale = std::max(scale, 0)};
            }
        }
    }
    if (scale >= value.scale) {
        return narrow(scaled_up(value, scale - value.scale), scale, pool);
    }
    Wide coefficient = divided(wide(value), power_of_ten(value.scale - scale), rounding);
    if (scale < 0) {
        coefficient *= power_of_ten(-scale);
    }
    return narrow(std::move(coefficient), std::max(scale, 0), pool);
}

int compare(const Decimal& a, const Decimal& b) {
    if (!a.is_finite() || !b.is_finite()) {
        const auto rank = [](const Decimal& value) {
            return value.form == Form::MinusInfinity ? -1
                   : value.is_finite()               ? 0
                   : value.form == Form::Infinity    ? 1
                                                     : 2;
        };
        return rank(a) - rank(b);
    }
    const auto scale = std::max(a.scale, b.scale);
    if (a.form == Form::Finite && b.form == Form::Finite) {
        Int128 x = a.coefficient;
        Int128 y = b.coefficient;
        if ((a.scale == scale || scale_up(x, scale - a.scale)) && (b.scale == scale || scale_up(y, scale - b.scale))) {
            return x < y ? -1 : x > y ? 1 : 0;
        }
    }
    return scaled_up(a, scale - a.scale).compare(scaled_up(b, scale - b.scale));
}

bool is_zero(const Decimal& value) {
    return value.form == Form::Finite && value.coefficient == 0;
}

int sign_of(const Decimal& value) {
    switch (value.form) {
        case Form::Finite:
            return value.coefficient < 0 ? -1 : value.coefficient > 0 ? 1 : 0;
        case Form::Big:
            return value.big->value.sign();
        case Form::Infinity:
            return 1;
        case Form::MinusInfinity:
            return -1;
        case Form::NotANumber:
            return 0;
    }
    return 0;
}

std::int32_t whole_digits(const Decimal& value) {
    const auto digits = value.form == Form::Big ? digits_in(value.big->value) : digits_in(magnitude(value.coefficient));
    return std::max(digits - value.scale, 0);
}

std::optional<std::int64_t> to_integer(const Decimal& value) {
    if (!value.is_finite()) {
        return {};
    }
    DecimalPool pool;
    const auto whole = rounded(value, 0, Rounding::HalfAway, pool);
    if (!whole || whole->form != Form::Finite || whole->coefficient > std::numeric_limits<std::int64_t>::max() ||
        whole->coefficient < std::numeric_limits<std::int64_t>::min()) {
        return {};
    }
    return static_cast<std::int64_t>(whole->coefficient);
}

double to_double(const Decimal& value) {
    switch (value.form) {
        case Form::NotANumber:
            return std::numeric_limits<double>::quiet_NaN();
        case Form::Infinity:
            return std::numeric_limits<double>::infinity();
        case Form::MinusInfinity:
            return -std::numeric_limits<double>::infinity();
        default:
            break;
    }
    std::string text;
    append(value, text);
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::size_t write_finite(const Decimal& value, char* into) {
    std::array<char, 48> digits;
    char* const end = digits.data() + digits.size();
    char* first = end;
    auto left = magnitude(value.coefficient);
    while (left > std::numeric_limits<std::uint64_t>::max()) {
        *--first = static_cast<char>('0' + static_cast<int>(left % 10));
        left /= 10;
    }
    auto small = static_cast<std::uint64_t>(left);
    while (small >= 100) {
        first -= 2;
        std::memcpy(first, &digit_pairs[2 * (small % 100)], 2);
        small /= 100;
    }
    if (small >= 10) {
        first -= 2;
        std::memcpy(first, &digit_pairs[2 * small], 2);
    } else if (small != 0) {
        *--first = static_cast<char>('0' + small);
    }
    const auto count = static_cast<std::int32_t>(end - first);
    char* at = into;
    if (value.coefficient < 0) {
        *at++ = '-';
    }
    if (count <= value.scale) {
        *at++ = '0';
    } else {
        const auto whole = static_cast<std::size_t>(count - value.scale);
        std::memcpy(at, first, whole);
        at += whole;
        first += whole;
    }
    if (value.scale > 0) {
        *at++ = '.';
        for (auto missing = value.scale - count; missing > 0; --missing) {
            *at++ = '0';
        }
        const auto rest = static_cast<std::size_t>(end - first);
        std::memcpy(at, first, rest);
        at += rest;
    }
    return static_cast<std::size_t>(at - into);
}

void append(const Decimal& value, std::string& out) {
    switch (value.form) {
        case Form::NotANumber:
            out += "NaN";
            return;
        case Form::Infinity:
            out += "Infinity";
            return;
        case Form::MinusInfinity:
            out += "-Infinity";
            return;
        case Form::Finite: {
            std::array<char, Decimal::most_digits + 50> text{};
            out.append(text.data(), write_finite(value, text.data()));
            return;
        }
        case Form::Big:
            break;
    }
    std::string digits = Wide(abs(value.big->value)).str();
    const auto scale = static_cast<std::size_t>(value.scale);
    if (digits.size() <= scale) {
        digits.insert(0, scale - digits.size() + 1, '0');
    }
    if (scale > 0) {
        digits.insert(digits.size() - scale, 1, '.');
    }
    out += value.big->value < 0 ? "-" + digits : digits;
}

}  // namespace rowhaul
