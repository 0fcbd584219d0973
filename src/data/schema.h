// SPDX-License-Identifier: Apache-2.0
// The shape of rows: names and logical types of columns, and the canonical text of each type.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// A cell is canonical text. What the text of each type looks like:
//   Text            any UTF-8
//   Integer         -?[0-9]+, any length, no leading zeros unless the source pads them (ZEROFILL)
//   Decimal         -?[0-9]+(\.[0-9]+)?, the scale as the source has it; PostgreSQL: also NaN, Infinity, -Infinity
//   Float           shortest text that reads back the same at the column's width; NaN, Infinity, -Infinity
//   Boolean         true, false
//   Date            YYYY-MM-DD; "infinity", "-infinity" and a trailing " BC" where the source has them
//   Time            [-]HH:MM:SS[.up to 9 digits], hours may exceed 24 (MySQL)
//   Timestamp       YYYY-MM-DD HH:MM:SS[.up to 9 digits]; infinities as for Date
//   TimestampZoned  the same with +hh:mm or -hh:mm at the end
//   Bytes           lowercase hex
//   Json            the document as the source wrote it
enum class Type : std::uint8_t {
    Text,
    Integer,
    Decimal,
    Float,
    Boolean,
    Date,
    Time,
    Timestamp,
    TimestampZoned,
    Bytes,
    Json
};

// "text", "integer", ..., "timestamp_zoned": the spelling in YAML, JSON and on the screen.
std::string_view name_of(Type type);

struct Column {
    std::string name;
    Type type = Type::Text;
    bool nullable = true;
    std::int32_t length = 0;     // longest text in characters; 0 = no limit known
    std::int32_t precision = 0;  // Decimal only: all digits; 0 = not known
    std::int32_t scale = 0;      // Decimal only: digits after the point; meaningful when precision > 0
    std::string source_type;     // the source's own name for the type, for people ("numeric(10,2)")
    friend bool operator==(const Column&, const Column&) = default;
};

using Schema = std::vector<Column>;

// Of its columns, in their order.
std::vector<std::string> names_of(const Schema& schema);

}  // namespace rowhaul
