// SPDX-License-Identifier: Apache-2.0
#include "database/postgres_rules.h"

#include "database/postgres_types.h"
#include "database/range_condition.h"
#include "database/table_name.h"

#include <fmt/format.h>

namespace rowhaul {

namespace {

std::string typed(std::string_view type, std::string_view text) {
    return fmt::format("{} {}", type, quote_identifier(text, '\''));
}

// Beyond the ninth thousand of years, or before Christ, nobody's rules go.
bool is_plain_moment(std::string_view text) {
    return text == "infinity" || text == "-infinity" ||
           (text.size() >= 10 && text[4] == '-' && text[0] != '-' && !text.ends_with(" BC"));
}

std::optional<std::string> moment(std::string_view type, std::string_view text) {
    return is_plain_moment(text) ? std::optional(typed(type, text)) : std::nullopt;
}

std::optional<std::string> literal(const KnownValue& value) {
    switch (value.kind) {
        case Kind::Boolean:
            return value.text;
        case Kind::Integer:
            return value.text;
        case Kind::Decimal: {
            constexpr std::size_t longest = 100;
            const bool is_finite = value.text.find_first_not_of("-.0123456789") == std::string::npos;
            return is_finite && value.text.size() <= longest ? std::optional(value.text) : std::nullopt;
        }
        case Kind::Float: {
            const bool is_finite = value.text.find_first_not_of("-+.e0123456789") == std::string::npos;
            return is_finite ? std::optional(typed("float8", value.text)) : std::nullopt;
        }
        case Kind::Text:
            return quote_identifier(value.text, '\'');
        case Kind::Date:
            return moment("date", value.text);
        case Kind::Timestamp:
            return moment("timestamp", value.text);
        case Kind::TimestampZoned:
            return moment("timestamptz", value.text);
        default:
            return {};
    }
}

RuleColumn rule_column(const Column& column, const PostgresType& type) {
    RuleColumn rule{.name = quote_identifier(column.name), .is_sound = true};
    switch (type.comparison) {
        case PostgresComparison::None:
            rule.is_sound = type.type == Type::Bytes || type.type == Type::Json;
            break;
        case PostgresComparison::AsOurs:
            rule.kind = kind_of(type.type);
            break;
        case PostgresComparison::Readable:
            break;
    }
    if (rule.kind == Kind::Timestamp || rule.kind == Kind::TimestampZoned) {
        // Its microseconds are counted from 2000 on, ours from 1970.
        rule.is_sound = false;
        rule.odd_values = fmt::format("{} >= '294247-01-01'", rule.name);
    }
    if (rule.kind == Kind::Decimal && column.precision == 0) {
        // More digits than we take.
        rule.is_sound = false;
        rule.odd_values = fmt::format("scale({0}) > 1000 or abs({0}) >= 1e1000", rule.name);
    }
    return rule;
}

}  // namespace

std::string postgres_range(const ColumnRange& range, const Column& column) {
    return range_condition(range, quote_identifier(column.name), &literal);
}

RuleDialect postgres_rules(const PGresult* described, const Schema& schema, std::string_view server_encoding) {
    RuleDialect rules{.columns = {}, .literal = &literal};
    for (std::size_t place = 0; place < schema.size(); ++place) {
        const auto field = static_cast<int>(place);
        const auto type = postgres_type(PQftype(described, field), PQfmod(described, field));
        if (type.type == Type::Text && type.comparison == PostgresComparison::None) {
            continue;  // perhaps a row of its own, to which "is null" says something else
        }
        auto rule = rule_column(schema[place], type);
        // The server refuses a character that its encoding does not have.
        rule.takes_ascii_only = server_encoding != "UTF8";
        rules.columns.emplace(schema[place].name, std::move(rule));
    }
    return rules;
}

}  // namespace rowhaul
