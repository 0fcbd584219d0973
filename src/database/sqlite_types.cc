// SPDX-License-Identifier: Apache-2.0
#include "database/sqlite_types.h"

#include "data/number_text.h"

#include <algorithm>
#include <array>
#include <new>
#include <string>

namespace rowhaul {

namespace {

struct Rule {
    std::string_view word;
    Type type;
};

// The first word that the declared type contains decides, as in SQLite's own rules for affinity,
// which know only the last three groups.
constexpr std::array<Rule, 21> rules = {{
    {"BOOL", Type::Boolean},
    {"TIMESTAMP WITH TIME ZONE", Type::TimestampZoned},
    {"TIMESTAMPTZ", Type::TimestampZoned},
    {"DATETIME", Type::Timestamp},
    {"TIMESTAMP", Type::Timestamp},
    {"DATE", Type::Date},
    {"TIME", Type::Time},
    {"JSON", Type::Json},
    {"INT", Type::Integer},
    {"CHAR", Type::Text},
    {"CLOB", Type::Text},
    {"TEXT", Type::Text},
    {"BLOB", Type::Bytes},
    {"BINARY", Type::Bytes},
    {"BYTEA", Type::Bytes},
    {"REAL", Type::Float},
    {"FLOA", Type::Float},
    {"DOUB", Type::Float},
    {"NUMERIC", Type::Decimal},
    {"DECIMAL", Type::Decimal},
    {"MONEY", Type::Decimal},
}};

// Looks at the marks between the digits only: enough to tell a date from what is none in practice,
// and this runs for every cell.
bool has_date(std::string_view text) {
    return text.size() >= 10 && text[4] == '-' && text[7] == '-';
}
bool has_time(std::string_view text, std::size_t at) {
    return text.size() >= at + 8 && text[at + 2] == ':' && text[at + 5] == ':';
}

bool text_fits(std::string_view text, Type type) {
    switch (type) {
        case Type::Text:
        case Type::Json:
            return true;
        case Type::Boolean:
            return text == "true" || text == "false";
        case Type::Date:
            return text.size() == 10 && has_date(text);
        case Type::Time:
            return has_time(text, 0);
        case Type::Timestamp:
        case Type::TimestampZoned:
            return has_date(text) && has_time(text, 11) && text[10] == ' ';
        default:
            return false;
    }
}

std::string_view hex_of(std::string_view bytes, Arena& arena) {
    if (bytes.empty()) {
        return "";
    }
    char* const hex = arena.allocate(2 * bytes.size());
    write_hex(hex, bytes);
    return {hex, 2 * bytes.size()};
}

bool holds_numbers(Type type) {
    return type == Type::Float || type == Type::Decimal || type == Type::Text || type == Type::Json;
}

std::string_view integer_text(std::int64_t value, Arena& arena) {
    char* const text = arena.allocate(max_integer_text);
    const auto size = write_integer(text, value);
    arena.shrink_last(max_integer_text, size);
    return {text, size};
}

std::string_view real_text(double value, Type type, Arena& arena) {
    const auto longest = type == Type::Decimal ? max_fixed_text : max_float_text;
    char* const text = arena.allocate(longest);
    const auto size = type == Type::Decimal ? write_fixed(text, value) : write_float(text, value);
    arena.shrink_last(longest, size);
    return {text, size};
}

StoredType as_declared_if(bool fits) {
    return fits ? StoredType::AsDeclared : StoredType::Different;
}

std::string_view sized(const void* data, int size) {
    if (data == nullptr) {
        if (size != 0) {
            throw std::bad_alloc();
        }
        return "";
    }
    return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

}  // namespace

Type sqlite_type(std::string_view declared) {
    std::string upper(declared);
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; });
    const auto* const rule = std::find_if(rules.begin(), rules.end(), [&](const Rule& candidate) {
        return upper.find(candidate.word) != std::string::npos;
    });
    return rule != rules.end() ? rule->type : Type::Text;
}

// The cell is written where it belongs: handing it back in a struct cost more than reading it.
StoredType read_sqlite_cell(sqlite3_stmt* statement, int column, Type type, Arena& arena, Cell& into) {
    // An "unprotected" value, but nobody else has a mutex to hold on this connection.
    sqlite3_value* const value = sqlite3_column_value(statement, column);
    const int stored = sqlite3_value_type(value);
    if (stored == SQLITE_NULL) {
        into = Cell();
        return StoredType::AsDeclared;
    }
    if (type == Type::Bytes || stored == SQLITE_BLOB) {
        const auto* const data = sqlite3_value_blob(value);
        into = Cell(hex_of(sized(data, sqlite3_value_bytes(value)), arena));
        return as_declared_if((stored == SQLITE_BLOB) == (type == Type::Bytes));
    }
    if (stored == SQLITE_INTEGER) {
        const auto number = sqlite3_value_int64(value);
        if (type == Type::Boolean && (number == 0 || number == 1)) {
            into = Cell(number == 1 ? "true" : "false");
            return StoredType::AsDeclared;
        }
        into = Cell(integer_text(number, arena));
        return as_declared_if(type == Type::Integer || holds_numbers(type));
    }
    if (stored == SQLITE_FLOAT) {
        into = Cell(real_text(sqlite3_value_double(value), type, arena));
        return as_declared_if(holds_numbers(type));
    }
    const auto* const data = sqlite3_value_text(value);
    const auto text = sized(data, sqlite3_value_bytes(value));
    into = Cell(arena.copy(text));
    return as_declared_if(text_fits(text, type));
}

}  // namespace rowhaul
