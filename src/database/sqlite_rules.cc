// SPDX-License-Identifier: Apache-2.0
#include "database/sqlite_rules.h"

#include "database/range_condition.h"
#include "database/table_name.h"

#include <fmt/format.h>

namespace rowhaul {

namespace {

// The column that is the number of its row, and therefore holds nothing but integers; empty if there
// is none.
std::string row_number_column(SqliteHandle& session, const std::string& table) {
    auto columns = session.prepare(
        "select max(name) from pragma_table_info(?1) where pk > 0 having count(*) = 1 and max(upper(type)) = 'INTEGER' "
        "and not exists (select 1 from pragma_index_list(?1) where origin = 'pk') "
        "and not (select wr from pragma_table_list where schema = 'main' and name = ?1)");
    columns.bind(1, table);
    return columns.step() ? std::string(columns.text(0)) : "";
}

std::optional<std::string> literal(const KnownValue& value) {
    switch (value.kind) {
        case Kind::Boolean:
            return value.text == "true" ? "1" : "0";
        case Kind::Integer:
            // The lowest is written as the negative of one that is too large.
            return value.text == "-9223372036854775808" ? std::nullopt : std::optional(value.text);
        case Kind::Decimal:
        case Kind::Float:
            return value.text;
        case Kind::Text:
            return quote_identifier(value.text, '\'');
        case Kind::Date:
        case Kind::Timestamp: {
            constexpr std::size_t date_size = 10;
            const bool has_plain_year = value.text.size() >= date_size && value.text[4] == '-' &&
                                        !value.text.ends_with(" BC") && value.text[0] != '-';
            return has_plain_year ? std::optional(quote_identifier(value.text, '\'')) : std::nullopt;
        }
        default:
            return {};
    }
}

RuleColumn rule_column(const Column& column) {
    const auto quoted = quote_identifier(column.name);
    const auto not_stored_as = [&](std::string_view types) {
        return fmt::format("typeof({}) not in ({}, 'null')", quoted, types);
    };
    const auto dated = quoted + " collate binary";
    // Only a step, of however little, makes SQLite look whether the day exists.
    const auto not_written_by = [&](std::string_view function) {
        return fmt::format("{0} is not {1}({0}, '+0 days') or {0} < '0001'", dated, function);
    };
    switch (column.type) {
        case Type::Boolean:
            return {.kind = Kind::Boolean, .name = quoted, .odd_values = quoted + " not in (0, 1)"};
        case Type::Integer:
            return {.kind = Kind::Integer, .name = quoted, .odd_values = not_stored_as("'integer'")};
        case Type::Decimal:
            return {.kind = Kind::Decimal,
                    .name = quoted,
                    .odd_values = not_stored_as("'integer', 'real'"),
                    .takes_whole_numbers = true};
        case Type::Float:
            return {.kind = Kind::Float,
                    .name = quoted,
                    .odd_values = not_stored_as("'integer', 'real'"),
                    .takes_whole_numbers = true};
        case Type::Text:
            // A collation of the column's own need not be known here.
            return {.kind = Kind::Text,
                    .name = quoted + " collate binary",
                    .is_sound = true,
                    .odd_values = not_stored_as("'text'")};
        case Type::Date:
            return {.kind = Kind::Date, .name = dated, .odd_values = not_written_by("date")};
        case Type::Timestamp:
            return {.kind = Kind::Timestamp, .name = dated, .odd_values = not_written_by("datetime")};
        case Type::Bytes:
        case Type::Json:
            return {.name = quoted, .is_sound = true};
        case Type::Time:
        case Type::TimestampZoned:
            break;
    }
    return {.name = quoted};
}

}  // namespace

std::string sqlite_range(const ColumnRange& range, const Column& column) {
    const auto name = quote_identifier(column.name);
    switch (column.type) {
        case Type::Integer:
        case Type::Decimal:
            // Texts and blobs are above all numbers; from above nothing is odd that was not told before.
            return range_condition(range, name, &literal);
        case Type::Date:
        case Type::Timestamp:
            // Numbers are below all texts, and blanks in front of a moment below its digits.
            return range_condition({.column = range.column, .from = range.from, .to = {}}, name + " collate binary",
                                   &literal, name + " < '/'");
        default:
            return {};
    }
}

RuleDialect sqlite_rules(SqliteHandle& session, const std::string& table, const Schema& schema) {
    RuleDialect rules{.columns = {}, .literal = &literal};
    auto kind = session.prepare(
        "select type, encoding from pragma_table_list, pragma_encoding where schema = 'main' and name = ?1");
    kind.bind(1, table);
    if (!kind.step() || kind.text(0) != "table" || kind.text(1) != "UTF-8") {
        return rules;
    }
    const auto row_number = row_number_column(session, table);
    for (const auto& column : schema) {
        auto rule = rule_column(column);
        if (column.name == row_number) {
            rule.is_sound = true;
            rule.odd_values.clear();
        }
        rules.columns.emplace(column.name, std::move(rule));
    }
    return rules;
}

}  // namespace rowhaul
