// SPDX-License-Identifier: Apache-2.0
// From PostgreSQL's types to ours, and from the texts that it sends to canonical ones.
#pragma once
#include "data/batch.h"
#include "data/schema.h"

#include <cstdint>
#include <string_view>

namespace rowhaul {

// What has to happen to a value's text; everything else is canonical as the server sends it under
// the settings of our session (DateStyle ISO, extra_float_digits, bytea_output hex).
enum class PostgresText : std::uint8_t {
    AsIs,
    Boolean,         // t, f -> true, false
    Bytes,           // \x00ff -> 00ff
    TimestampZoned,  // 2026-11-22 10:00:00+00 -> ...+00:00
};

// How a rule may look at values of a type before they are sent.
enum class PostgresComparison : std::uint8_t {
    None,      // not at all, and some of them may be nothing that we can read
    Readable,  // not by comparing them, but we can read all of them
    AsOurs,    // they compare there as they do here
};

struct PostgresType {
    Type type = Type::Text;
    PostgresText text = PostgresText::AsIs;
    std::int32_t length = 0;
    std::int32_t precision = 0;
    std::int32_t scale = 0;
    PostgresComparison comparison = PostgresComparison::None;
    bool is_money = false;  // sent with currency signs unless cast to numeric first
};

// Of a type's number and modifier as the server describes a result. Domains come as their base type.
PostgresType postgres_type(std::uint32_t oid, std::int32_t modifier);

// `text` made canonical; the result is `text` itself, a part of it, or a copy in `arena`.
Cell postgres_cell(std::string_view text, PostgresText what, Arena& arena);

}  // namespace rowhaul
