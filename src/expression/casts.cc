// SPDX-License-Identifier: Apache-2.0
// From one kind of value to another.
#include "data/number_text.h"
#include "expression/functions.h"
#include "expression/utf8.h"

#include <charconv>
#include <cmath>
#include <map>

namespace rowhaul {

namespace {

// ---- from text ----

std::int64_t integer_from_text(Row& row, std::string_view text) {
    if (Decimal plain; text.size() < 19 && parse_plain_decimal(text, plain) && plain.scale == 0 && text.back() != '.') {
        return static_cast<std::int64_t>(plain.coefficient);
    }
    auto digits = trimmed(text);
    if (digits.starts_with('+') && digits.size() > 1 && digits[1] != '-') {
        digits.remove_prefix(1);
    }
    std::int64_t value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (read.ec == std::errc::result_out_of_range) {
        row.fail(Failure::NumberOutOfRange, text, "does not fit into 64 bits; cast it to decimal");
        return 0;
    }
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) {
        row.fail(Failure::InvalidInteger, text);
        return 0;
    }
    return value;
}

Decimal decimal_from_text(Row& row, std::string_view text) {
    if (Decimal plain; parse_plain_decimal(text, plain)) {
        return plain;
    }
    const auto value = parse_decimal(text, row.decimals());
    if (!value) {
        row.fail(Failure::InvalidDecimal, text);
    }
    return value.value_or(Decimal{});
}

double float_from_text(Row& row, std::string_view text) {
    auto digits = trimmed(text);
    if (digits.starts_with('+') && digits.size() > 1 && digits[1] != '-') {
        digits.remove_prefix(1);
    }
    double value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (read.ec == std::errc::result_out_of_range) {
        row.fail(Failure::NumberOutOfRange, text);
    } else if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) {
        row.fail(Failure::InvalidFloat, text);
    }
    return value;
}

bool boolean_from_text(Row& row, std::string_view text) {
    // As most sources write it.
    if (text == "1" || text == "true") {
        return true;
    }
    if (text == "0" || text == "false") {
        return false;
    }
    static constexpr std::string_view words[] = {"true", "yes", "false", "no"};
    std::string lower;
    for (const char c : trimmed(text).substr(0, 6)) {
        lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    }
    if (!lower.empty()) {
        for (std::size_t i = 0; i < 4; ++i) {
            if (words[i].starts_with(lower)) {
                return i < 2;
            }
        }
    }
    if (lower == "on" || lower == "1") {
        return true;
    }
    if (lower != "off" && lower != "of" && lower != "0") {
        row.fail(Failure::InvalidBoolean, text);
    }
    return false;
}

Date date_from_text(Row& row, std::string_view text) {
    const auto value = parse_date(text);
    if (!value) {
        row.fail(Failure::InvalidDate, text);
    }
    return value.value_or(Date{});
}

TimeOfDay time_from_text(Row& row, std::string_view text) {
    const auto value = parse_time(text);
    if (!value) {
        row.fail(Failure::InvalidTime, text);
    }
    return value.value_or(TimeOfDay{});
}

Timestamp timestamp_from_text(Row& row, std::string_view text) {
    const auto value = parse_timestamp(text);
    if (!value) {
        row.fail(Failure::InvalidTimestamp, text);
        return {};
    }
    return value->timestamp;
}

ZonedTimestamp zoned_from_text(Row& row, std::string_view text) {
    const auto value = parse_timestamp(text);
    if (!value) {
        row.fail(Failure::InvalidTimestamp, text);
        return {};
    }
    if (!value->offset_seconds) {
        return row.zone().to_utc(value->timestamp);
    }
    return {value->timestamp.micros - *value->offset_seconds * micros_per_second};
}

Interval interval_from_text(Row& row, std::string_view text) {
    const auto value = parse_interval(text);
    if (!value) {
        row.fail(Failure::InvalidInterval, text);
    }
    return value.value_or(Interval{});
}

HexBytes bytes_from_text(Row& row, std::string_view text) {
    const bool is_hex = text.starts_with("\\x");
    const auto digits = text.substr(is_hex ? 2 : 0);
    char* at = row.room(is_hex ? digits.size() : 2 * digits.size());
    if (at == nullptr) {
        return {};
    }
    if (!is_hex) {
        write_hex(at, digits);
        return {{at, 2 * digits.size()}};
    }
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const char c = digits[i];
        at[i] = c >= 'A' && c <= 'F' ? static_cast<char>(c + ('a' - 'A')) : c;
        if (!((at[i] >= '0' && at[i] <= '9') || (at[i] >= 'a' && at[i] <= 'f')) || digits.size() % 2 != 0) {
            row.fail(Failure::InvalidBytes, text);
            return {};
        }
    }
    return {{at, digits.size()}};
}

JsonText json_from_text(Row&, std::string_view text) {
    return {text};
}

// ---- to text ----

// Text that `write` makes of a value in at most `most` bytes.
template <class Write>
std::string_view written(Row& row, std::size_t most, Write write) {
    char* at = row.room(most);
    const auto size = write(at);
    row.arena().shrink_last(most, size);
    return {at, size};
}

std::string_view text_from_integer(Row& row, std::int64_t value) {
    return written(row, max_integer_text, [&](char* at) { return write_integer(at, value); });
}

std::string_view text_from_decimal(Row& row, const Decimal& value) {
    if (value.form == Decimal::Form::Finite) {
        return written(row, static_cast<std::size_t>(value.scale) + 45,
                       [&](char* at) { return write_finite(value, at); });
    }
    auto& scratch = row.scratch();
    append(value, scratch);
    return row.copy(scratch);
}

std::string_view text_from_float(Row& row, double value) {
    return written(row, max_float_text, [&](char* at) { return write_float(at, value); });
}

std::string_view text_from_boolean(Row&, bool value) {
    return value ? "true" : "false";
}

constexpr std::size_t longest_moment = 48;

std::string_view text_from_date(Row& row, const Date& value) {
    return written(row, longest_moment, [&](char* at) { return write(value, at); });
}

std::string_view text_from_time(Row& row, const TimeOfDay& value) {
    return written(row, longest_moment, [&](char* at) { return write(value, at); });
}

std::string_view text_from_timestamp(Row& row, const Timestamp& value) {
    return written(row, longest_moment, [&](char* at) { return write(value, at); });
}

std::string_view text_from_zoned(Row& row, const ZonedTimestamp& value) {
    const auto local = row.zone().to_local(value);
    const auto offset = row.zone().offset_at(value);
    return written(row, longest_moment, [&](char* at) { return write(local, offset, at); });
}

std::string_view text_from_interval(Row& row, const Interval& value) {
    return row.copy(to_text(value));
}

std::string_view text_from_bytes(Row& row, const HexBytes& value) {
    return row.copy("\\x" + std::string(value.digits));
}

std::string_view text_from_json(Row&, const JsonText& value) {
    return value.text;
}

// ---- between numbers ----

Decimal decimal_from_integer(Row&, std::int64_t value) {
    return decimal_of(value);
}

double float_from_integer(Row&, std::int64_t value) {
    return static_cast<double>(value);
}

bool boolean_from_integer(Row&, std::int64_t value) {
    return value != 0;
}

std::int64_t integer_from_boolean(Row&, bool value) {
    return value ? 1 : 0;
}

std::int64_t integer_from_decimal(Row& row, const Decimal& value) {
    const auto whole = to_integer(value);
    if (!whole) {
        row.fail(Failure::NumberOutOfRange, text_from_decimal(row, value));
    }
    return whole.value_or(0);
}

double float_from_decimal(Row&, const Decimal& value) {
    return to_double(value);
}

std::int64_t integer_from_float(Row& row, double value) {
    const double whole = std::nearbyint(value);
    constexpr double limit = 9'223'372'036'854'775'808.0;
    if (!(whole >= -limit && whole < limit)) {
        row.fail(Failure::NumberOutOfRange, text_from_float(row, value));
        return 0;
    }
    return static_cast<std::int64_t>(whole);
}

Decimal decimal_from_float(Row& row, double value) {
    return decimal_of(value, row.decimals()).value_or(Decimal{});
}

// ---- between dates ----

Timestamp timestamp_from_date(Row& row, const Date& value) {
    const auto start = midnight(value);
    if (!start) {
        row.fail(Failure::DateOutOfRange, text_from_date(row, value));
    }
    return start.value_or(Timestamp{});
}

ZonedTimestamp zoned_from_date(Row& row, const Date& value) {
    return row.zone().to_utc(timestamp_from_date(row, value));
}

Date date_from_timestamp(Row&, const Timestamp& value) {
    return day_of(value);
}

std::optional<TimeOfDay> time_from_timestamp(Row&, const Timestamp& value) {
    if (value.micros == Timestamp::infinity || value.micros == Timestamp::minus_infinity) {
        return {};
    }
    const auto rest = value.micros % micros_per_day;
    return TimeOfDay{rest < 0 ? rest + micros_per_day : rest};
}

ZonedTimestamp zoned_from_timestamp(Row& row, const Timestamp& value) {
    return row.zone().to_utc(value);
}

Timestamp timestamp_from_zoned(Row& row, const ZonedTimestamp& value) {
    return row.zone().to_local(value);
}

Date date_from_zoned(Row& row, const ZonedTimestamp& value) {
    return day_of(row.zone().to_local(value));
}

std::optional<TimeOfDay> time_from_zoned(Row& row, const ZonedTimestamp& value) {
    return time_from_timestamp(row, row.zone().to_local(value));
}

// ---- limits ----

// decimal(precision, scale)
Decimal limited_decimal(Row& row, const Decimal& value, std::int64_t precision, std::int64_t scale) {
    if (!value.is_finite()) {
        return value;
    }
    const auto limited = rounded(value, static_cast<std::int32_t>(scale), Rounding::HalfAway, row.decimals());
    if (!limited || whole_digits(*limited) > precision - scale) {
        row.fail(Failure::NumberOutOfRange, text_from_decimal(row, value), "has more digits than the type allows");
        return {};
    }
    return *limited;
}

std::string_view limited_text(Row&, std::string_view text, std::int64_t length) {
    return text.substr(0, offset_of_character(text, static_cast<std::size_t>(length)));
}

using KindPair = std::pair<Kind, Kind>;

template <auto F>
std::pair<const KindPair, Kernel> cast() {
    return {{Strict<F>::arguments[0], Strict<F>::result}, &Strict<F>::run};
}

}  // namespace

Kernel cast_kernel(Kind from, Kind to) {
    static const std::map<KindPair, Kernel> kernels{
        cast<integer_from_text>(),    cast<decimal_from_text>(),    cast<float_from_text>(),
        cast<boolean_from_text>(),    cast<date_from_text>(),       cast<time_from_text>(),
        cast<timestamp_from_text>(),  cast<zoned_from_text>(),      cast<interval_from_text>(),
        cast<bytes_from_text>(),      cast<json_from_text>(),       cast<text_from_integer>(),
        cast<text_from_decimal>(),    cast<text_from_float>(),      cast<text_from_boolean>(),
        cast<text_from_date>(),       cast<text_from_time>(),       cast<text_from_timestamp>(),
        cast<text_from_zoned>(),      cast<text_from_interval>(),   cast<text_from_bytes>(),
        cast<text_from_json>(),       cast<decimal_from_integer>(), cast<float_from_integer>(),
        cast<boolean_from_integer>(), cast<integer_from_boolean>(), cast<integer_from_decimal>(),
        cast<float_from_decimal>(),   cast<integer_from_float>(),   cast<decimal_from_float>(),
        cast<timestamp_from_date>(),  cast<zoned_from_date>(),      cast<date_from_timestamp>(),
        cast<time_from_timestamp>(),  cast<zoned_from_timestamp>(), cast<timestamp_from_zoned>(),
        cast<date_from_zoned>(),      cast<time_from_zoned>()};
    const auto found = kernels.find({from, to});
    return found == kernels.end() ? nullptr : found->second;
}

bool converts_silently(Kind from, Kind to) {
    switch (from) {
        case Kind::Integer:
            return to == Kind::Decimal || to == Kind::Float;
        case Kind::Decimal:
            return to == Kind::Float;
        case Kind::Date:
            return to == Kind::Timestamp || to == Kind::TimestampZoned;
        case Kind::Timestamp:
            return to == Kind::TimestampZoned;
        default:
            return false;
    }
}

Overload limit_decimal() {
    return strict<limited_decimal>();
}

Overload limit_text() {
    return strict<limited_text>();
}

}  // namespace rowhaul
