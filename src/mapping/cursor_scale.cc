// SPDX-License-Identifier: Apache-2.0
#include "mapping/cursor_scale.h"

#include "base/error.h"
#include "expression/calendar.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace rowhaul {

namespace {

constexpr std::int64_t default_overlap_seconds = 300;

bool is_moment(Kind kind) {
    return kind == Kind::Date || kind == Kind::Timestamp || kind == Kind::TimestampZoned;
}

// With 38 digits at most.
std::optional<Decimal> number(std::string_view text) {
    Decimal value;
    if (parse_plain_decimal(text, value)) {
        return value;
    }
    DecimalPool pool;
    const auto parsed = parse_decimal(text, pool);
    return parsed && parsed->form != Decimal::Form::Big ? parsed : std::nullopt;
}

Decimal difference(const Decimal& a, const Decimal& b) {
    DecimalPool pool;
    const auto result = subtract(a, b, pool);
    // Beyond 38 digits there is nothing that a column could hold.
    return result && result->form == Decimal::Form::Finite ? *result : a;
}

// Dates whose month or day is zero are no days, whatever their year.
bool is_zero_date(std::string_view text) {
    return text.size() >= 10 && text[4] == '-' &&
           (text.starts_with("0000") || text.substr(5, 2) == "00" || text.substr(8, 2) == "00");
}

template <class Moment>
std::string written(Moment moment) {
    std::array<char, 64> text{};
    return {text.data(), write(moment, text.data())};
}

}  // namespace

std::optional<Overlap> parse_overlap(std::string_view text) {
    struct Unit {
        char letter;
        std::int64_t seconds;
    };
    constexpr std::array<Unit, 4> units{{{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}}};
    Decimal amount;
    for (const auto& unit : units) {
        if (text.ends_with(unit.letter)) {
            text.remove_suffix(1);
            const bool is_whole = parse_plain_decimal(text, amount) && amount.scale == 0 && amount.coefficient >= 0 &&
                                  amount.coefficient <= 366LL * 86400;
            return is_whole ? std::optional(
                                  Overlap{Overlap::Unit::Time,
                                          decimal_of(static_cast<std::int64_t>(amount.coefficient) * unit.seconds)})
                            : std::nullopt;
        }
    }
    return parse_plain_decimal(text, amount) && amount.coefficient >= 0
               ? std::optional(Overlap{Overlap::Unit::Number, amount})
               : std::nullopt;
}

CursorScale::CursorScale(const Column& column, const std::optional<Overlap>& overlap, std::string_view zone)
    : kind_(kind_of(column.type)), column_(column.name), zone_(zone) {
    if (kind_ != Kind::Integer && kind_ != Kind::Decimal && !is_moment(kind_)) {
        throw Error(ErrorKind::Invalid,
                    fmt::format("the cursor column \"{}\" is of type {}{}, whose order is not the same everywhere",
                                column.name, name_of(column.type),
                                column.source_type.empty() ? "" : fmt::format(" ({})", column.source_type)))
            .advise("Name an integer, decimal, date or timestamp column as `cursor`.");
    }
    const bool is_of_time = is_moment(kind_);
    const auto given = overlap.value_or(Overlap{is_of_time ? Overlap::Unit::Time : Overlap::Unit::Number,
                                                decimal_of(is_of_time ? default_overlap_seconds : 0)});
    if ((given.unit == Overlap::Unit::Time) != is_of_time && !is_zero(given.amount)) {
        throw Error(ErrorKind::Invalid,
                    fmt::format("the cursor column \"{}\" holds {}, and `overlap` is {}", column.name,
                                is_of_time ? "moments" : "numbers", is_of_time ? "a number" : "a time"))
            .advise(is_of_time ? "Give `overlap` as a time, as in 5m." : "Give `overlap` as a number, as in 1000.");
    }
    overlap_ = given.amount;
    if (kind_ == Kind::Date) {
        constexpr std::int64_t day = 86'400;
        overlap_ = decimal_of((static_cast<std::int64_t>(given.amount.coefficient) + day - 1) / day);
    } else if (is_of_time) {
        overlap_ = decimal_of(static_cast<std::int64_t>(given.amount.coefficient) * micros_per_second);
    }
}

std::optional<Decimal> CursorScale::moment(std::string_view text) const {
    if (kind_ == Kind::Date) {
        const auto date = parse_date(text);
        return date ? std::optional(decimal_of(std::int64_t{date->days})) : std::nullopt;
    }
    const auto parsed = parse_timestamp(text);
    if (!parsed || parsed->offset_seconds.has_value() != (kind_ == Kind::TimestampZoned)) {
        return {};
    }
    return decimal_of(parsed->timestamp.micros - parsed->offset_seconds.value_or(0) * micros_per_second);
}

std::optional<CursorScale::Place> CursorScale::place_of(Cell cell) const {
    if (cell.is_null()) {
        return Place{};
    }
    const auto text = cell.text();
    if (is_moment(kind_)) {
        if (text == "infinity" || text == "-infinity" || is_zero_date(text)) {
            return Place{};
        }
        const auto value = moment(text);
        return value ? std::optional(Place{true, *value}) : std::nullopt;
    }
    const auto value = number(text);
    if (!value) {
        return {};
    }
    return value->is_finite() ? Place{true, *value} : Place{};
}

Decimal CursorScale::lowered(const Decimal& value) const {
    return is_zero(overlap_) ? value : difference(value, overlap_);
}

bool CursorScale::is_of_time() const {
    return is_moment(kind_);
}

void CursorScale::widen_default(std::chrono::microseconds by) {
    const auto overlap = std::chrono::seconds(default_overlap_seconds) + by;
    overlap_ = decimal_of(
        std::int64_t{kind_ == Kind::Date ? std::chrono::ceil<std::chrono::days>(overlap).count() : overlap.count()});
}

KnownValue CursorScale::lower_limit(const Decimal& value) const {
    const bool has_fractions = kind_ == Kind::Timestamp || kind_ == Kind::TimestampZoned;
    return {kind_, text(has_fractions ? difference(value, decimal_of(std::int64_t{1})) : value)};
}

KnownValue CursorScale::upper_limit(const Decimal& value) const {
    return {kind_, text(value)};
}

std::string CursorScale::text(const Decimal& value) const {
    const auto whole = static_cast<std::int64_t>(value.coefficient);
    switch (kind_) {
        case Kind::Date:
            return written(Date{static_cast<std::int32_t>(whole)});
        case Kind::Timestamp:
            return written(Timestamp{whole});
        case Kind::TimestampZoned: {
            std::array<char, 64> utc{};
            return {utc.data(), write(Timestamp{whole}, 0, utc.data())};
        }
        default: {
            std::string text;
            append(value, text);
            return text;
        }
    }
}

Decimal CursorScale::from_text(std::string_view text) const {
    const auto value = is_moment(kind_) ? moment(text) : number(text);
    if (!value) {
        throw Error(ErrorKind::Internal, fmt::format("the stored cursor \"{}\" is no {}", text, name_of(kind_)));
    }
    return *value;
}

Decimal CursorScale::limit(std::string_view text, Edge edge, std::string_view option) const {
    const auto refuse = [&](std::string_view wanted) {
        return Error(ErrorKind::Invalid, fmt::format("{} {} is no {}, of which the cursor column \"{}\" is", option,
                                                     text, name_of(kind_), column_))
            .advise(std::string(wanted));
    };
    if (!is_moment(kind_)) {
        const auto value = number(text);
        if (!value || !value->is_finite()) {
            throw refuse("Give a number.");
        }
        return *value;
    }
    constexpr std::size_t date_size = 10;
    const auto day = text.size() == date_size ? parse_date(text) : std::nullopt;
    if (kind_ == Kind::Date) {
        if (!day) {
            throw refuse("Give a date, as in 2026-11-30.");
        }
        return decimal_of(std::int64_t{day->days});
    }
    const auto parsed = parse_timestamp(text);
    if (!parsed || text.find("infinity") != std::string_view::npos) {
        throw refuse("Give a date or a timestamp, as in \"2026-11-30 14:30:00\".");
    }
    if (kind_ == Kind::Timestamp && parsed->offset_seconds) {
        throw refuse("Give it without a zone, as the column has none.");
    }
    auto local = parsed->timestamp;
    const bool is_whole_day = day && edge == Edge::Upper;
    if (is_whole_day) {
        local.micros += micros_per_day;
    }
    if (kind_ == Kind::TimestampZoned) {
        Zone zone(zone_);
        local.micros = parsed->offset_seconds ? local.micros - *parsed->offset_seconds * micros_per_second
                                              : zone.to_utc(local).micros;
    }
    return decimal_of(local.micros - (is_whole_day ? 1 : 0));
}

Decimal CursorScale::step_of(const Overlap& span) const {
    const bool is_time = is_moment(kind_);
    const auto refuse = [&](std::string_view wanted) {
        return Error(ErrorKind::Invalid, fmt::format("the cursor column \"{}\" holds {}s, and --chunk is no length of "
                                                     "them",
                                                     column_, name_of(kind_)))
            .advise(std::string(wanted));
    };
    if (kind_ == Kind::Date) {
        constexpr std::int64_t day = 86'400;
        const auto seconds = static_cast<std::int64_t>(span.amount.coefficient);
        if (span.unit != Overlap::Unit::Time || seconds % day != 0) {
            throw refuse("Give whole days, as in 7d.");
        }
        return decimal_of(seconds / day);
    }
    if (is_time != (span.unit == Overlap::Unit::Time)) {
        throw refuse(is_time ? "Give a time, as in 6h or 1d." : "Give a number, as in 100000.");
    }
    return is_time ? decimal_of(static_cast<std::int64_t>(span.amount.coefficient) * micros_per_second) : span.amount;
}

CursorScale::Chunk CursorScale::chunk(const Decimal& from, const Decimal& to, const Overlap& span,
                                      std::uint64_t number) const {
    constexpr std::int64_t most_chunks = 10'000;
    const auto step = step_of(span);
    DecimalPool pool;
    const auto checked = [&](const std::optional<Decimal>& value) {
        if (!value || value->form != Decimal::Form::Finite) {
            throw Error(ErrorKind::Invalid, "--since, --until and --chunk have too many digits together");
        }
        return *value;
    };
    // What is counted in steps of one ends before the next value, so that each piece has as many.
    const bool is_discrete = kind_ == Kind::Date || kind_ == Kind::Integer;
    const auto length = checked(subtract(to, from, pool));
    const auto end = is_discrete ? checked(add(length, decimal_of(std::int64_t{1}), pool)) : length;
    const auto longest = multiply(step, decimal_of(most_chunks), pool);
    if (longest && compare(end, *longest) > 0) {
        throw Error(
            ErrorKind::Invalid,
            fmt::format("--chunk cuts what lies between --since and --until into more than {} pieces", most_chunks))
            .advise("Make --chunk longer.");
    }
    const auto part = checked(remainder(end, step, pool));
    const auto whole = to_integer(checked(divide(checked(subtract(end, part, pool)), step, pool))).value_or(0);
    Chunk chunk{.number = number,
                .of = static_cast<std::uint64_t>(std::max(std::int64_t{1}, whole + (is_zero(part) ? 0 : 1)))};
    const auto begin_of = [&](std::uint64_t place) {
        return checked(add(from, checked(multiply(step, decimal_of(static_cast<std::int64_t>(place)), pool)), pool));
    };
    chunk.from = begin_of(number);
    chunk.to = chunk.is_last() ? to : begin_of(number + 1);
    return chunk;
}

}  // namespace rowhaul
