// SPDX-License-Identifier: Apache-2.0
// Arithmetic. Integers have 64 bits, decimals are exact; dates take part in + and -.
#include "base/error.h"
#include "data/notation.h"
#include "expression/functions.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rowhaul {

namespace {

constexpr auto lowest = std::numeric_limits<std::int64_t>::min();

std::int64_t in_range(Row& row, bool overflowed, std::int64_t value) {
    if (overflowed) {
        row.fail(Failure::NumberOutOfRange, {}, "the result does not fit into 64 bits; cast to decimal");
    }
    return value;
}
Decimal in_range(Row& row, const std::optional<Decimal>& value) {
    if (!value) {
        row.fail(Failure::NumberOutOfRange, {}, "the result has more than 1000 digits");
    }
    return value.value_or(Decimal{});
}
double in_range(Row& row, double value, bool may_be_infinite) {
    if (std::isinf(value) && !may_be_infinite) {
        row.fail(Failure::NumberOutOfRange, {}, "the result is too great for a float");
    }
    return value;
}

std::int64_t plus_integer(Row& row, std::int64_t a, std::int64_t b) {
    std::int64_t value = 0;
    const bool overflowed = __builtin_add_overflow(a, b, &value);
    return in_range(row, overflowed, value);
}
std::int64_t minus_integer(Row& row, std::int64_t a, std::int64_t b) {
    std::int64_t value = 0;
    const bool overflowed = __builtin_sub_overflow(a, b, &value);
    return in_range(row, overflowed, value);
}
std::int64_t times_integer(Row& row, std::int64_t a, std::int64_t b) {
    std::int64_t value = 0;
    const bool overflowed = __builtin_mul_overflow(a, b, &value);
    return in_range(row, overflowed, value);
}
std::int64_t divided_integer(Row& row, std::int64_t a, std::int64_t b) {
    if (b == 0) {
        row.fail(Failure::DivisionByZero);
        return 0;
    }
    return a == lowest && b == -1 ? in_range(row, true, 0) : a / b;
}
std::int64_t rest_integer(Row& row, std::int64_t a, std::int64_t b) {
    if (b == 0) {
        row.fail(Failure::DivisionByZero);
        return 0;
    }
    return b == -1 ? 0 : a % b;
}
std::int64_t negated_integer(Row& row, std::int64_t a) {
    return in_range(row, a == lowest, a == lowest ? 0 : -a);
}
std::int64_t absolute_integer(Row& row, std::int64_t a) {
    return a < 0 ? negated_integer(row, a) : a;
}

Decimal plus_decimal(Row& row, const Decimal& a, const Decimal& b) {
    return are_small(a, b) && a.scale == b.scale
               ? Decimal{.coefficient = a.coefficient + b.coefficient, .scale = a.scale}
               : in_range(row, add(a, b, row.decimals()));
}
Decimal minus_decimal(Row& row, const Decimal& a, const Decimal& b) {
    return are_small(a, b) && a.scale == b.scale
               ? Decimal{.coefficient = a.coefficient - b.coefficient, .scale = a.scale}
               : in_range(row, subtract(a, b, row.decimals()));
}
Decimal times_decimal(Row& row, const Decimal& a, const Decimal& b) {
    return are_small(a, b) && a.scale + b.scale <= Decimal::most_digits
               ? Decimal{.coefficient = static_cast<Int128>(static_cast<std::int64_t>(a.coefficient)) *
                                        static_cast<std::int64_t>(b.coefficient),
                         .scale = a.scale + b.scale}
               : in_range(row, multiply(a, b, row.decimals()));
}
Decimal divided_decimal(Row& row, const Decimal& a, const Decimal& b) {
    if (is_zero(b) && a.form != Decimal::Form::NotANumber) {
        row.fail(Failure::DivisionByZero);
        return {};
    }
    return is_zero(b) ? a : in_range(row, divide(a, b, row.decimals()));
}
Decimal rest_decimal(Row& row, const Decimal& a, const Decimal& b) {
    if (is_zero(b) && a.form != Decimal::Form::NotANumber) {
        row.fail(Failure::DivisionByZero);
        return {};
    }
    return is_zero(b) ? a : in_range(row, remainder(a, b, row.decimals()));
}
Decimal negated_decimal(Row& row, const Decimal& a) {
    return negated(a, row.decimals());
}
Decimal absolute_decimal(Row& row, const Decimal& a) {
    return sign_of(a) < 0 ? negated(a, row.decimals()) : a;
}

double plus_float(Row& row, double a, double b) {
    return in_range(row, a + b, std::isinf(a) || std::isinf(b));
}
double minus_float(Row& row, double a, double b) {
    return in_range(row, a - b, std::isinf(a) || std::isinf(b));
}
double times_float(Row& row, double a, double b) {
    const double value = a * b;
    if (value == 0 && a != 0 && b != 0) {
        row.fail(Failure::NumberOutOfRange, {}, "the result is too small for a float");
    }
    return in_range(row, value, std::isinf(a) || std::isinf(b));
}
double divided_float(Row& row, double a, double b) {
    if (b == 0 && !std::isnan(a)) {
        row.fail(Failure::DivisionByZero);
        return 0;
    }
    const double value = a / b;
    if (value == 0 && a != 0 && !std::isinf(b)) {
        row.fail(Failure::NumberOutOfRange, {}, "the result is too small for a float");
    }
    return in_range(row, value, std::isinf(a));
}
double negated_float(Row&, double a) {
    return -a;
}
double absolute_float(Row&, double a) {
    return std::fabs(a);
}

// ---- rounding ----

template <Rounding How>
Decimal whole_decimal(Row& row, const Decimal& a) {
    return in_range(row, rounded(a, 0, How, row.decimals()));
}
template <Rounding How>
Decimal to_places(Row& row, const Decimal& a, std::int64_t places) {
    // A few digits less of a number of 64 bits.
    const auto dropped = a.scale - places;
    if (a.form == Decimal::Form::Finite && fits_64(a.coefficient) && places >= 0 && dropped >= 0 && dropped <= 18 &&
        How == Rounding::HalfAway && a.coefficient != lowest) {
        const auto coefficient = static_cast<std::int64_t>(a.coefficient);
        const auto size = static_cast<std::uint64_t>(coefficient < 0 ? -coefficient : coefficient);
        const auto power = static_cast<std::uint64_t>(small_powers[static_cast<std::size_t>(dropped)]);
        const auto whole = static_cast<std::int64_t>((size + power / 2) / power);
        return {.coefficient = coefficient < 0 ? -whole : whole, .scale = static_cast<std::int32_t>(places)};
    }
    const auto scale = std::clamp<std::int64_t>(places, -2 * Decimal::most_digits, Decimal::most_digits);
    return in_range(row, rounded(a, static_cast<std::int32_t>(scale), How, row.decimals()));
}
double round_float(Row&, double a) {
    return std::nearbyint(a);
}
double truncate_float(Row&, double a) {
    return std::trunc(a);
}
double ceiling_float(Row&, double a) {
    return std::ceil(a);
}
double floor_float(Row&, double a) {
    return std::floor(a);
}

Decimal sign_decimal(Row&, const Decimal& a) {
    return a.form == Decimal::Form::NotANumber ? a : decimal_of(std::int64_t{sign_of(a)});
}
double sign_float(Row&, double a) {
    return a > 0 ? 1 : a < 0 ? -1 : a;
}

// ---- dates ----

std::optional<Timestamp> moved(Row& row, const Timestamp& timestamp, const Interval& by) {
    const auto value = add(timestamp, by);
    if (!value) {
        row.fail(Failure::DateOutOfRange);
    }
    return value;
}
Interval negated_interval(Row& row, const Interval& a) {
    if (a.months == std::numeric_limits<std::int32_t>::min() || a.days == std::numeric_limits<std::int32_t>::min() ||
        a.micros == lowest) {
        row.fail(Failure::DateOutOfRange);
        return {};
    }
    return {-a.months, -a.days, -a.micros};
}

Date date_plus_days(Row& row, const Date& date, std::int64_t days) {
    if (date.days == Date::infinity || date.days == Date::minus_infinity) {
        return date;
    }
    constexpr std::int64_t far = 4'000'000'000;
    const auto day = date.days + std::clamp(days, -far, far);
    // 4713 BC to 5874897 AD.
    if (day < -2'440'588 || day > 2'145'042'905) {
        row.fail(Failure::DateOutOfRange);
        return {};
    }
    return {static_cast<std::int32_t>(day)};
}
Date days_plus_date(Row& row, std::int64_t days, const Date& date) {
    return date_plus_days(row, date, days);
}
Date date_minus_days(Row& row, const Date& date, std::int64_t days) {
    return date_plus_days(row, date, days == lowest ? std::numeric_limits<std::int64_t>::max() : -days);
}
std::int64_t date_minus_date(Row& row, const Date& a, const Date& b) {
    for (const auto* date : {&a, &b}) {
        if (date->days == Date::infinity || date->days == Date::minus_infinity) {
            row.fail(Failure::DateOutOfRange, {}, "infinite dates cannot be subtracted");
            return 0;
        }
    }
    return std::int64_t{a.days} - b.days;
}
std::optional<Timestamp> date_plus_interval(Row& row, const Date& date, const Interval& by) {
    const auto start = midnight(date);
    if (!start) {
        row.fail(Failure::DateOutOfRange);
        return {};
    }
    return moved(row, *start, by);
}
std::optional<Timestamp> date_minus_interval(Row& row, const Date& date, const Interval& by) {
    return date_plus_interval(row, date, negated_interval(row, by));
}
std::optional<Timestamp> timestamp_minus_interval(Row& row, const Timestamp& timestamp, const Interval& by) {
    return moved(row, timestamp, negated_interval(row, by));
}
std::optional<ZonedTimestamp> zoned_plus_interval(Row& row, const ZonedTimestamp& moment, const Interval& by) {
    // Days and months move the clock time; hours the moment.
    const auto day = moved(row, row.zone().to_local(moment), {by.months, by.days, 0});
    if (!day) {
        return {};
    }
    const auto utc = by.months == 0 && by.days == 0 ? moment : row.zone().to_utc(*day);
    const auto value = moved(row, {utc.micros}, {0, 0, by.micros});
    return value ? std::optional(ZonedTimestamp{value->micros}) : std::nullopt;
}
std::optional<ZonedTimestamp> zoned_minus_interval(Row& row, const ZonedTimestamp& moment, const Interval& by) {
    return zoned_plus_interval(row, moment, negated_interval(row, by));
}
Interval between(Row& row, std::int64_t a, std::int64_t b) {
    std::int64_t micros = 0;
    for (const auto value : {a, b}) {
        if (value == Timestamp::infinity || value == Timestamp::minus_infinity) {
            row.fail(Failure::DateOutOfRange, {}, "infinite timestamps cannot be subtracted");
            return {};
        }
    }
    if (__builtin_sub_overflow(a, b, &micros)) {
        row.fail(Failure::DateOutOfRange);
        return {};
    }
    return {0, static_cast<std::int32_t>(micros / micros_per_day), micros % micros_per_day};
}
Interval timestamp_minus_timestamp(Row& row, const Timestamp& a, const Timestamp& b) {
    return between(row, a.micros, b.micros);
}
Interval zoned_minus_zoned(Row& row, const ZonedTimestamp& a, const ZonedTimestamp& b) {
    return between(row, a.micros, b.micros);
}
std::optional<Interval> interval_sum(Row& row, const Interval& a, const Interval& b) {
    Interval sum;
    if (__builtin_add_overflow(a.months, b.months, &sum.months) || __builtin_add_overflow(a.days, b.days, &sum.days) ||
        __builtin_add_overflow(a.micros, b.micros, &sum.micros)) {
        row.fail(Failure::DateOutOfRange);
        return {};
    }
    return sum;
}
std::optional<Interval> interval_difference(Row& row, const Interval& a, const Interval& b) {
    return interval_sum(row, a, negated_interval(row, b));
}
std::optional<Interval> interval_times(Row& row, const Interval& a, std::int64_t count) {
    Interval product;
    if (__builtin_mul_overflow(a.months, count, &product.months) ||
        __builtin_mul_overflow(a.days, count, &product.days) ||
        __builtin_mul_overflow(a.micros, count, &product.micros)) {
        row.fail(Failure::DateOutOfRange);
        return {};
    }
    return product;
}
std::optional<Interval> times_interval(Row& row, std::int64_t count, const Interval& a) {
    return interval_times(row, a, count);
}

// ---- as people write them ----

std::string check_sample(std::size_t argument, std::string_view sample) {
    if (argument != 1) {
        return "";
    }
    try {
        const NumberNotation notation(sample);
        return "";
    } catch (const Error& error) {
        return error.what();
    }
}

struct SampledNotation {
    std::string sample;
    std::optional<NumberNotation> notation;
};
const NumberNotation* notation_of(Row& row, std::string_view sample) {
    auto& memory = row.memory<SampledNotation>();
    if (!memory.notation || memory.sample != sample) {
        if (!check_sample(1, sample).empty()) {
            row.fail(Failure::InvalidArgument, sample, "is no sample of a number; write one such as '1.234,56'");
            return nullptr;
        }
        memory = {std::string(sample), NumberNotation(sample)};
    }
    return &*memory.notation;
}
Decimal to_number(Row& row, std::string_view text, std::string_view sample) {
    const auto* notation = notation_of(row, sample);
    if (notation == nullptr) {
        return {};
    }
    auto& digits = row.scratch();
    const auto value = notation->read(text, digits) ? parse_decimal(digits, row.decimals()) : std::optional<Decimal>();
    if (!value) {
        row.fail(Failure::InvalidDecimal, text);
    }
    return value.value_or(Decimal{});
}

}  // namespace

std::vector<Function> number_functions() {
    return {
        {.name = "+",
         .usage = "a + b",
         .help = "Sum. A date plus a number of days, or a date or timestamp plus an interval, is a date or timestamp.",
         .group = Group::Number,
         .overloads = {strict<plus_integer>(), strict<plus_decimal>(), strict<plus_float>(), strict<date_plus_days>(),
                       strict<days_plus_date>(), strict<date_plus_interval>(), strict<moved>(),
                       strict<zoned_plus_interval>(), strict<interval_sum>()},
         .examples = {{"1 + 2", "3"},
                      {"0.1 + 0.2", "0.3"},
                      {"date '2024-02-28' + 2", "2024-03-01"},
                      {"date '2024-01-31' + interval '1 month'", "2024-02-29 00:00:00"}}},
        {.name = "-",
         .usage = "a - b",
         .help = "Difference. Between two dates it is a number of days, between two timestamps an interval.",
         .group = Group::Number,
         .overloads = {strict<minus_integer>(), strict<minus_decimal>(), strict<minus_float>(),
                       strict<date_minus_date>(), strict<date_minus_days>(), strict<date_minus_interval>(),
                       strict<timestamp_minus_interval>(), strict<zoned_minus_interval>(),
                       strict<timestamp_minus_timestamp>(), strict<zoned_minus_zoned>(), strict<interval_difference>()},
         .examples = {{"5 - 7.50", "-2.50"},
                      {"date '2024-03-01' - date '2024-02-01'", "29"},
                      {"cast(timestamp '2024-03-01 12:00' - timestamp '2024-02-28' as text)", "2 days 12:00:00"}}},
        {.name = "negate",
         .usage = "- a",
         .help = "The number with the other sign.",
         .group = Group::Number,
         .overloads = {strict<negated_integer>(), strict<negated_decimal>(), strict<negated_float>(),
                       strict<negated_interval>()},
         .examples = {{"- (2 + 3)", "-5"}}},
        {.name = "*",
         .usage = "a * b",
         .help = "Product.",
         .group = Group::Number,
         .overloads = {strict<times_integer>(), strict<times_decimal>(), strict<times_float>(),
                       strict<interval_times>(), strict<times_interval>()},
         .examples = {{"3 * 4", "12"}, {"19.90 * 0.077", "1.53230"}}},
        {.name = "/",
         .usage = "a / b",
         .help = "Quotient. Between integers it is whole, cut towards zero; a division by zero rejects the row.",
         .group = Group::Number,
         .overloads = {strict<divided_integer>(), strict<divided_decimal>(), strict<divided_float>()},
         .examples = {{"7 / 2", "3"}, {"-7 / 2", "-3"}, {"7 / 2.0", "3.5000000000000000"}}},
        {.name = "%",
         .usage = "a % b",
         .help = "What remains of a division, with the sign of a.",
         .group = Group::Number,
         .overloads = {strict<rest_integer>(), strict<rest_decimal>()},
         .examples = {{"-7 % 3", "-1"}, {"7.5 % 2", "1.5"}}},
        {.name = "mod",
         .usage = "mod(a, b)",
         .help = "The same as a % b.",
         .group = Group::Number,
         .overloads = {strict<rest_integer>(), strict<rest_decimal>()},
         .examples = {{"mod(17, 5)", "2"}}},
        {.name = "abs",
         .usage = "abs(number)",
         .help = "The number without its sign.",
         .group = Group::Number,
         .overloads = {strict<absolute_integer>(), strict<absolute_decimal>(), strict<absolute_float>()},
         .examples = {{"abs(-7.50)", "7.50"}}},
        {.name = "round",
         .usage = "round(number[, places])",
         .help = "Rounded half away from zero, to a whole number or to so many places; negative places round before "
                 "the point. A float is rounded half to even, as PostgreSQL does.",
         .group = Group::Number,
         .overloads = {strict<whole_decimal<Rounding::HalfAway>>(), strict<to_places<Rounding::HalfAway>>(),
                       strict<round_float>()},
         .examples = {{"round(2.5)", "3"}, {"round(1.005, 2)", "1.01"}, {"round(1234.5, -2)", "1200"}}},
        {.name = "trunc",
         .usage = "trunc(number[, places])",
         .help = "Cut towards zero, to a whole number or to so many places.",
         .group = Group::Number,
         .overloads = {strict<whole_decimal<Rounding::TowardsZero>>(), strict<to_places<Rounding::TowardsZero>>(),
                       strict<truncate_float>()},
         .examples = {{"trunc(-2.7)", "-2"}, {"trunc(1.239, 2)", "1.23"}}},
        {.name = "ceil",
         .usage = "ceil(number)",
         .help = "The least whole number that is not below. Also: ceiling.",
         .group = Group::Number,
         .overloads = {strict<whole_decimal<Rounding::Up>>(), strict<ceiling_float>()},
         .examples = {{"ceil(2.1)", "3"}, {"ceil(-2.9)", "-2"}}},
        {.name = "floor",
         .usage = "floor(number)",
         .help = "The greatest whole number that is not above.",
         .group = Group::Number,
         .overloads = {strict<whole_decimal<Rounding::Down>>(), strict<floor_float>()},
         .examples = {{"floor(-2.1)", "-3"}}},
        {.name = "sign",
         .usage = "sign(number)",
         .help = "-1, 0 or 1.",
         .group = Group::Number,
         .overloads = {strict<sign_decimal>(), strict<sign_float>()},
         .examples = {{"sign(-0.5)", "-1"}}},
        {.name = "to_number",
         .usage = "to_number(text, sample)",
         .help = "The number that a text shows, written as in the sample, which has decimals; what is written "
                 "otherwise rejects the row.",
         .group = Group::Number,
         .overloads = {checked(strict<to_number>(), check_sample)},
         .examples = {{"to_number('12.345,60', '1.234,56')", "12345.60"},
                      {"to_number('-1’000.5', '1’234.50')", "-1000.5"}}},
    };
}

}  // namespace rowhaul
