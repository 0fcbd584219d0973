// SPDX-License-Identifier: Apache-2.0
#include "database/table_definition.h"

#include "database/table_name.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

namespace {

enum class Role : std::uint8_t { Value, Key };

std::string text_type(const Column& column, const ColumnTypes& types, Role role) {
    if (column.length > 0 && column.length <= types.longest_text) {
        return fmt::format("varchar({})", column.length);
    }
    return std::string(role == Role::Key ? types.key_text : types.text);
}

std::string decimal_type(const Column& column, const ColumnTypes& types) {
    if (column.precision <= 0 || types.decimal.empty()) {
        return std::string(types.any_decimal);
    }
    return fmt::format("{}({}, {})", types.decimal, column.precision, column.scale);
}

std::string type_of(const Column& column, const ColumnTypes& types, Role role) {
    switch (column.type) {
        case Type::Text:
            return text_type(column, types, role);
        case Type::Integer:
            return std::string(types.integer);
        case Type::Decimal:
            return decimal_type(column, types);
        case Type::Float:
            return std::string(types.real);
        case Type::Boolean:
            return "boolean";
        case Type::Date:
            return "date";
        case Type::Time:
            return std::string(types.time);
        case Type::Timestamp:
            return std::string(types.timestamp);
        case Type::TimestampZoned:
            return std::string(types.zoned);
        case Type::Bytes:
            return std::string(types.bytes);
        case Type::Json:
            return std::string(types.json);
    }
    return std::string(types.text);
}

}  // namespace

void define(TargetTable& table, const Schema& schema, const std::vector<std::string>& key, const Dialect& dialect) {
    for (const auto& wanted : schema) {
        const bool is_key = std::ranges::find(key, wanted.name) != key.end();
        auto column = wanted;
        column.nullable = !is_key;
        column.source_type = type_of(wanted, dialect.types, is_key ? Role::Key : Role::Value);
        table.columns.push_back({.column = std::move(column)});
    }
    if (!key.empty()) {
        table.unique_keys.push_back(key);
    }
}

std::string create_statement(const TargetTable& table, const std::vector<std::string>& key, const Dialect& dialect,
                             Lifetime lifetime) {
    std::string columns;
    for (const auto& known : table.columns) {
        const auto& column = known.column;
        columns += fmt::format("{}{} {}{}", columns.empty() ? "" : ", ", quote_identifier(column.name, dialect.quote),
                               column.source_type, column.nullable ? "" : " not null");
    }
    std::string names;
    for (const auto& name : key) {
        names += fmt::format("{}{}", names.empty() ? "" : ", ", quote_identifier(name, dialect.quote));
    }
    return fmt::format("create {}table {} ({}{}){}", lifetime == Lifetime::Session ? "temporary " : "", table.sql,
                       columns, names.empty() ? "" : fmt::format(", primary key ({})", names), dialect.table_end);
}

std::string add_column(TargetTable& table, const Column& column, const Dialect& dialect) {
    auto added = column;
    added.nullable = true;
    added.source_type = type_of(column, dialect.types, Role::Value);
    auto sql = fmt::format("alter table {} add column {} {}", table.sql, quote_identifier(column.name, dialect.quote),
                           added.source_type);
    table.columns.push_back({.column = std::move(added)});
    return sql;
}

}  // namespace rowhaul
