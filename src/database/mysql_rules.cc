// SPDX-License-Identifier: Apache-2.0
#include "database/mysql_rules.h"

#include "database/mysql_query.h"
#include "database/range_condition.h"
#include "database/table_name.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace rowhaul {

namespace {

std::optional<std::string> moment(std::string_view type, std::string_view text) {
    constexpr std::string_view utc = "+00:00";
    if (text.ends_with(utc)) {
        text.remove_suffix(utc.size());
    }
    // From the year 1000 on, as the manual has it, to 9999.
    const bool is_plain = text.size() >= 10 && text[4] == '-' && text[0] >= '1' && !text.ends_with(" BC");
    return is_plain ? std::optional(fmt::format("{} {}", type, quoted_text(text))) : std::nullopt;
}

std::optional<std::string> literal(const KnownValue& value) {
    switch (value.kind) {
        case Kind::Integer:
            // The lowest is written as the negative of one that is too large.
            return value.text == "-9223372036854775808" ? std::nullopt : std::optional(value.text);
        case Kind::Decimal: {
            constexpr std::size_t longest = 30;  // which leaves room for the digits of any column
            const bool is_finite = value.text.find_first_not_of("-.0123456789") == std::string::npos;
            return is_finite && value.text.size() <= longest ? std::optional(value.text) : std::nullopt;
        }
        case Kind::Float: {
            const bool is_finite = value.text.find_first_not_of("-+.e0123456789") == std::string::npos;
            const bool has_exponent = value.text.find('e') != std::string::npos;
            return is_finite ? std::optional(value.text + (has_exponent ? "" : "e0")) : std::nullopt;
        }
        case Kind::Text:
            return quoted_text(value.text);
        case Kind::Date:
            return moment("date", value.text);
        case Kind::Timestamp:
        case Kind::TimestampZoned:
            return moment("timestamp", value.text);
        default:
            return {};
    }
}

bool is_text(const MysqlColumnFacts& facts) {
    constexpr std::array<std::string_view, 7> types{"char",       "varchar",  "tinytext", "text",
                                                    "mediumtext", "longtext", "enum"};
    constexpr std::array<std::string_view, 4> character_sets{"utf8mb4", "utf8mb3", "utf8", "latin1"};
    return std::ranges::find(types, facts.type) != types.end() &&
           std::ranges::find(character_sets, facts.character_set) != character_sets.end();
}

RuleColumn rule_column(const MYSQL_FIELD& field, const Column& column, const MysqlColumnFacts& facts,
                       ZeroDates zero_dates) {
    const auto name = quote_identifier(column.name, '`');
    switch (field.type) {
        case MYSQL_TYPE_TINY:
        case MYSQL_TYPE_SHORT:
        case MYSQL_TYPE_INT24:
        case MYSQL_TYPE_LONG:
            return {.kind = Kind::Integer, .name = name, .is_sound = true};
        case MYSQL_TYPE_LONGLONG:
            if ((field.flags & UNSIGNED_FLAG) != 0) {
                return {.kind = Kind::Integer, .name = name, .odd_values = name + " > 9223372036854775807"};
            }
            return {.kind = Kind::Integer, .name = name, .is_sound = true};
        case MYSQL_TYPE_DECIMAL:
        case MYSQL_TYPE_NEWDECIMAL:
            return {.kind = Kind::Decimal, .name = name, .is_sound = true};
        case MYSQL_TYPE_DOUBLE:
            return {.kind = Kind::Float, .name = name, .is_sound = true};
        case MYSQL_TYPE_FLOAT:
        case MYSQL_TYPE_YEAR:
            return {.name = name, .is_sound = true};
        case MYSQL_TYPE_DATE:
        case MYSQL_TYPE_DATETIME:
        case MYSQL_TYPE_TIMESTAMP: {
            const bool is_sound = zero_dates == ZeroDates::Null;
            return {.kind = is_sound ? kind_of(column.type) : Kind::Unknown,
                    .name = name,
                    .is_sound = is_sound,
                    .has_plain_nulls = false};
        }
        case MYSQL_TYPE_BIT:
        case MYSQL_TYPE_TIME:
            return {.name = name};
        default:
            break;
    }
    if (column.type == Type::Text && is_text(facts)) {
        return {
            .kind = Kind::Text, .name = name, .is_sound = true, .takes_ascii_only = facts.character_set != "utf8mb4"};
    }
    const bool is_never_converted =
        column.type == Type::Text || column.type == Type::Bytes || column.type == Type::Json;
    return {.name = name, .is_sound = is_never_converted};
}

}  // namespace

std::string mysql_range(const ColumnRange& range, const Column& column) {
    const auto name = quote_identifier(column.name, '`');
    const bool is_moment =
        column.type == Type::Date || column.type == Type::Timestamp || column.type == Type::TimestampZoned;
    return range_condition(range, name, &literal, is_moment ? name + " < '1000-01-01'" : "");
}

RuleDialect mysql_rules(std::span<const MYSQL_FIELD> fields, const Schema& schema,
                        const std::map<std::string, MysqlColumnFacts>& facts, ZeroDates zero_dates) {
    RuleDialect rules{.columns = {}, .literal = &literal};
    for (std::size_t place = 0; place < schema.size(); ++place) {
        const auto known = facts.find(schema[place].name);
        if (known != facts.end()) {
            rules.columns.emplace(schema[place].name,
                                  rule_column(fields[place], schema[place], known->second, zero_dates));
        }
    }
    return rules;
}

}  // namespace rowhaul
