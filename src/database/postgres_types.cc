// SPDX-License-Identifier: Apache-2.0
#include "database/postgres_types.h"

#include <cstring>

namespace rowhaul {

namespace {

// Fixed for ever in the server's catalog/pg_type.dat.
constexpr std::uint32_t bool_oid = 16;
constexpr std::uint32_t bytea_oid = 17;
constexpr std::uint32_t int8_oid = 20;
constexpr std::uint32_t int2_oid = 21;
constexpr std::uint32_t int4_oid = 23;
constexpr std::uint32_t text_oid = 25;
constexpr std::uint32_t oid_oid = 26;
constexpr std::uint32_t json_oid = 114;
constexpr std::uint32_t float4_oid = 700;
constexpr std::uint32_t float8_oid = 701;
constexpr std::uint32_t money_oid = 790;
constexpr std::uint32_t bpchar_oid = 1042;
constexpr std::uint32_t varchar_oid = 1043;
constexpr std::uint32_t date_oid = 1082;
constexpr std::uint32_t time_oid = 1083;
constexpr std::uint32_t timestamp_oid = 1114;
constexpr std::uint32_t timestamptz_oid = 1184;
constexpr std::uint32_t numeric_oid = 1700;
constexpr std::uint32_t jsonb_oid = 3802;

// A modifier carries the length of its own header.
constexpr std::int32_t header = 4;

PostgresType numeric_type(std::int32_t modifier) {
    PostgresType out{.type = Type::Decimal, .comparison = PostgresComparison::AsOurs};
    if (modifier >= header) {
        out.precision = ((modifier - header) >> 16) & 0xffff;
        const std::int32_t scale = (modifier - header) & 0x7ff;
        out.scale = scale >= 1024 ? scale - 2048 : scale;  // eleven bits, with sign
        if (out.scale < 0) {
            // numeric(3, -2) has five digits, the last two always zero.
            out.precision -= out.scale;
            out.scale = 0;
        }
    }
    return out;
}

bool is_sign(char c) {
    return c == '+' || c == '-';
}

// PostgreSQL writes whole hours as +00, and a year before Christ behind the zone: "...+00 BC".
Cell zoned_cell(std::string_view text, Arena& arena) {
    constexpr std::size_t shortest = 22;  // "2026-11-22 10:00:00+00"
    if (text.size() < shortest) {
        return text;  // infinity
    }
    const auto hours_end = text.ends_with(" BC") ? text.size() - 3 : text.size();
    if (!is_sign(text[hours_end - 3])) {
        return text;  // there are minutes
    }
    char* const out = arena.allocate(text.size() + 3);
    std::memcpy(out, text.data(), hours_end);
    std::memcpy(out + hours_end, ":00", 3);
    std::memcpy(out + hours_end + 3, text.data() + hours_end, text.size() - hours_end);
    return std::string_view(out, text.size() + 3);
}

}  // namespace

PostgresType postgres_type(std::uint32_t oid, std::int32_t modifier) {
    const auto compared = [](Type type, PostgresText text = PostgresText::AsIs) {
        return PostgresType{.type = type, .text = text, .comparison = PostgresComparison::AsOurs};
    };
    switch (oid) {
        case bool_oid:
            return compared(Type::Boolean, PostgresText::Boolean);
        case bytea_oid:
            return {.type = Type::Bytes, .text = PostgresText::Bytes};
        case int2_oid:
        case int4_oid:
        case int8_oid:
            return compared(Type::Integer);
        case oid_oid:
            return {.type = Type::Integer, .comparison = PostgresComparison::Readable};
        case float4_oid:
            return {.type = Type::Float, .comparison = PostgresComparison::Readable};
        case float8_oid:
            return compared(Type::Float);
        case numeric_oid:
            return numeric_type(modifier);
        case money_oid:
            return {.type = Type::Decimal, .comparison = PostgresComparison::Readable, .is_money = true};
        case json_oid:
        case jsonb_oid:
            return {.type = Type::Json};
        case date_oid:
            return compared(Type::Date);
        case time_oid:
            return {.type = Type::Time};
        case timestamp_oid:
            return compared(Type::Timestamp);
        case timestamptz_oid:
            return compared(Type::TimestampZoned, PostgresText::TimestampZoned);
        case text_oid:
            return compared(Type::Text);
        case bpchar_oid:
        case varchar_oid: {
            auto sized = compared(Type::Text);
            sized.length = modifier >= header ? modifier - header : 0;
            return sized;
        }
        default:
            return {};
    }
}

Cell postgres_cell(std::string_view text, PostgresText what, Arena& arena) {
    switch (what) {
        case PostgresText::Boolean:
            return text == "t" ? std::string_view("true") : text == "f" ? std::string_view("false") : text;
        case PostgresText::Bytes:
            return text.starts_with("\\x") ? text.substr(2) : text;
        case PostgresText::TimestampZoned:
            return zoned_cell(text, arena);
        case PostgresText::AsIs:
            break;
    }
    return text;
}

}  // namespace rowhaul
