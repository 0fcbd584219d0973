// SPDX-License-Identifier: Apache-2.0
#include "database/table_statements.h"

#include "database/table_name.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

std::string quote_literal(std::string_view text) {
    return quote_identifier(text, '\'');
}

TableStatements::TableStatements(const Dialect& dialect, const TargetTable& table, const Schema& columns,
                                 const std::vector<std::string>& key)
    : dialect_(dialect), table_(table), columns_(columns), key_(key) {}

std::string TableStatements::quoted(std::string_view name) const {
    return quote_identifier(name, dialect_.quote);
}

bool TableStatements::is_key(const std::string& name) const {
    return std::ranges::find(key_, name) != key_.end();
}

std::string TableStatements::list(std::string_view prefix, const std::vector<std::string>& names) const {
    std::string out;
    for (const auto& name : names) {
        out += fmt::format("{}{}{}", out.empty() ? "" : ", ", prefix, quoted(name));
    }
    return out;
}

std::string TableStatements::same_key(std::string_view left, std::string_view right) const {
    std::string out;
    for (const auto& name : key_) {
        out += fmt::format("{}{}.{} = {}.{}", out.empty() ? "" : " and ", left, quoted(name), right, quoted(name));
    }
    return out;
}

std::string TableStatements::make_stage() const {
    return fmt::format("{}, {} from {} {}", dialect_.stage_begin, list("", names_of(columns_)), table_.sql,
                       dialect_.stage_end);
}

std::string TableStatements::make_duplicates() const {
    const auto key = list("", key_);
    return fmt::format(
        "create temporary table rowhaul_duplicates as select {}, min(rowhaul_row) as rowhaul_first, "
        "max(rowhaul_row) as rowhaul_last from rowhaul_stage group by {} having count(*) > 1",
        key, key);
}

std::string TableStatements::is_duplicate(std::string_view other_than) const {
    const auto other =
        other_than.empty() ? "" : fmt::format(" and rowhaul_stage.rowhaul_row <> d.rowhaul_{}", other_than);
    return fmt::format("exists (select 1 from rowhaul_duplicates d where {}{})", same_key("d", "rowhaul_stage"), other);
}

std::string TableStatements::is_known() const {
    return fmt::format("exists (select 1 from {} t where {})", table_.sql, same_key("t", "s"));
}

std::string TableStatements::differs() const {
    std::string out;
    for (const auto& column : columns_) {
        if (is_key(column.name)) {
            continue;
        }
        const auto type = std::ranges::find(table_.columns, column.name, [](const TargetColumn& known) {
                              return known.column.name;
                          })->column.type;
        const auto form = type == Type::Text   ? dialect_.exact_text
                          : type == Type::Json ? dialect_.exact_json
                                               : std::string_view("{}");
        const auto side = [&](std::string_view alias) {
            return fmt::format(fmt::runtime(form), fmt::format("{}.{}", alias, quoted(column.name)));
        };
        out += fmt::format("{}{} {} {}", out.empty() ? "" : " and ", side("t"), dialect_.same, side("s"));
    }
    return fmt::format("not ({})", out);
}

StageStatement TableStatements::update() const {
    std::string changes;
    for (const auto& column : columns_) {
        if (!is_key(column.name)) {
            changes += fmt::format("{}{}{} = s.{}", changes.empty() ? "" : ", ", dialect_.updates_by_join ? "t." : "",
                                   quoted(column.name), quoted(column.name));
        }
    }
    if (dialect_.updates_by_join) {
        return {fmt::format("update {} t join rowhaul_stage s on {} set {} where {}", table_.sql, same_key("t", "s"),
                            changes, differs())};
    }
    return {fmt::format("update {} as t set {} from rowhaul_stage s where {} and {}", table_.sql, changes,
                        same_key("t", "s"), differs())};
}

StageStatement TableStatements::insert() const {
    const auto all = names_of(columns_);
    return {fmt::format("insert into {} ({}) select {} from rowhaul_stage s where not {}", table_.sql, list("", all),
                        list("s.", all), is_known())};
}

}  // namespace rowhaul
