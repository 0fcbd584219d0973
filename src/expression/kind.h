// SPDX-License-Identifier: Apache-2.0
// What kinds of values expressions compute with, and how one value of each is held.
#pragma once
#include "data/schema.h"
#include "expression/decimal.h"

#include <cstdint>
#include <limits>
#include <string_view>

namespace rowhaul {

enum class Kind : std::uint8_t {
    Unknown,  // a quoted literal, a parameter or NULL: takes the kind that its place asks for
    Any,      // of a column whose type is not known yet
    Text,
    Integer,  // 64 bits
    Decimal,
    Float,
    Boolean,
    Date,
    Time,
    Timestamp,
    TimestampZoned,
    Interval,
    Bytes,
    Json
};

// As messages and casts spell it: "integer", "timestamp with time zone".
std::string_view name_of(Kind kind);
Kind kind_of(Type type);
// Text for kinds that no column holds.
Type type_of(Kind kind);

// Days since 1970-01-01.
struct Date {
    static constexpr std::int32_t infinity = std::numeric_limits<std::int32_t>::max();
    static constexpr std::int32_t minus_infinity = std::numeric_limits<std::int32_t>::min();
    std::int32_t days = 0;
    friend auto operator<=>(const Date&, const Date&) = default;
};

// Microseconds; of a clock, so usually from 0 up to a day, but MySQL's may be negative or longer.
struct TimeOfDay {
    std::int64_t micros = 0;
    friend auto operator<=>(const TimeOfDay&, const TimeOfDay&) = default;
};

// Microseconds since 1970-01-01 00:00:00 on the calendar, wherever that is.
struct Timestamp {
    static constexpr std::int64_t infinity = std::numeric_limits<std::int64_t>::max();
    static constexpr std::int64_t minus_infinity = std::numeric_limits<std::int64_t>::min();
    std::int64_t micros = 0;
    friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

// The same in UTC.
struct ZonedTimestamp {
    std::int64_t micros = 0;
    friend auto operator<=>(const ZonedTimestamp&, const ZonedTimestamp&) = default;
};

// Months, days and time are kept apart because none has a fixed length in the others.
struct Interval {
    std::int32_t months = 0;
    std::int32_t days = 0;
    std::int64_t micros = 0;
    friend bool operator==(const Interval&, const Interval&) = default;
};

// Lowercase hex digits, two a byte.
struct HexBytes {
    std::string_view digits;
};

struct JsonText {
    std::string_view text;
};

}  // namespace rowhaul
