// SPDX-License-Identifier: Apache-2.0
#include "database/table_statements.h"

#include "database/table_name.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

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

std::string TableStatements::make_stage(Finding finding) const {
    const auto index = finding == Finding::ByKey ? fmt::format(", index ({})", key_index_columns()) : "";
    return fmt::format("{}, {} from {} {}", fmt::format(fmt::runtime(dialect_.stage_begin), index),
                       list("", names_of(columns_)), table_.sql, dialect_.stage_end);
}

std::string TableStatements::make_keys(std::string_view name) const {
    return fmt::format("{} {} from {} {}",
                       fmt::format(fmt::runtime(dialect_.keys_begin), name, "index (" + key_index_columns() + ")"),
                       list("", key_), table_.sql, dialect_.stage_end);
}

// Long texts are indexed by their beginning where a database indexes no more.
std::string TableStatements::key_index_columns() const {
    constexpr int longest_indexed = 190;
    std::string out;
    for (const auto& name : key_) {
        const auto& column = std::ranges::find(table_.columns, name, [](const TargetColumn& known) {
                                 return known.column.name;
                             })->column;
        const bool is_long = column.source_type.find("text") != std::string::npos ||
                             column.source_type.find("blob") != std::string::npos ||
                             (column.source_type.find("char") != std::string::npos && column.length > longest_indexed);
        out += fmt::format("{}{}{}", out.empty() ? "" : ", ", quoted(name),
                           is_long ? fmt::format("({})", longest_indexed) : "");
    }
    return out;
}

std::string TableStatements::index_keys(std::string_view temporary) const {
    return fmt::format(fmt::runtime(dialect_.key_index), temporary, list("", key_));
}

std::string TableStatements::copy_keys(std::string_view into, const std::string& condition) const {
    return fmt::format("insert into {} select {} from rowhaul_stage where {}", into, list("", key_), condition);
}

std::string TableStatements::find_absent(const std::string& condition) const {
    std::string is_told_apart;
    for (const auto& name : key_) {
        is_told_apart += fmt::format("t.{} is not null and ", quoted(name));
    }
    return fmt::format(
        "insert into rowhaul_absent select {} from {} t where {}not exists (select 1 from rowhaul_stage s where {}) "
        "and not exists (select 1 from rowhaul_present p where {}){}{}",
        list("t.", key_), table_.sql, is_told_apart, same_key("t", "s"), same_key("t", "p"),
        condition.empty() ? "" : " and ", condition);
}

std::string TableStatements::is_absent() const {
    return fmt::format("({}) in (select {} from rowhaul_absent)", list("t.", key_), list("", key_));
}

std::string TableStatements::delete_absent() const {
    if (dialect_.updates_by_join) {
        return fmt::format("delete t from {} t join rowhaul_absent a on {}", table_.sql, same_key("t", "a"));
    }
    return fmt::format("delete from {} as t where {}", table_.sql, is_absent());
}

std::string TableStatements::mark_absent(const std::string& column, const std::string& value) const {
    if (dialect_.updates_by_join) {
        return fmt::format("update {} t join rowhaul_absent a on {} set t.{} = {}", table_.sql, same_key("t", "a"),
                           quoted(column), value);
    }
    return fmt::format("update {} as t set {} = {} where {}", table_.sql, quoted(column), value, is_absent());
}

std::string TableStatements::collation(const std::string& name) const {
    const auto& collation =
        std::ranges::find(table_.columns, name, [](const TargetColumn& known) { return known.column.name; })->collation;
    return collation.empty() ? "" : " collate " + quoted(collation);
}

std::string TableStatements::make_duplicates() const {
    std::string groups;
    for (const auto& name : key_) {
        groups += fmt::format("{}{}{}", groups.empty() ? "" : ", ", quoted(name), collation(name));
    }
    return fmt::format(
        "create temporary table rowhaul_duplicates as select {}, min(rowhaul_row) as rowhaul_first, "
        "max(rowhaul_row) as rowhaul_last from rowhaul_stage group by {} having count(*) > 1",
        list("", key_), groups);
}

std::string TableStatements::is_duplicate(std::string_view other_than) const {
    std::string same;
    for (const auto& name : key_) {
        same +=
            fmt::format("{0}d.{1} = rowhaul_stage.{1}{2}", same.empty() ? "" : " and ", quoted(name), collation(name));
    }
    const auto other =
        other_than.empty() ? "" : fmt::format(" and rowhaul_stage.rowhaul_row <> d.rowhaul_{}", other_than);
    return fmt::format("exists (select 1 from rowhaul_duplicates d where {}{})", same, other);
}

std::string TableStatements::is_known() const {
    return fmt::format("exists (select 1 from {} t where {})", table_.sql, same_key("t", "s"));
}

std::string TableStatements::differs(Change change, const std::optional<Extra>& extra, std::string_view given) const {
    std::string out;
    for (const auto& column : columns_) {
        if (is_key(column.name) || change == Change::ExtraOnly) {
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
        out += fmt::format("{}{} {} {}", out.empty() ? "" : " and ", side("t"), dialect_.same, side(given));
    }
    if (out.empty()) {
        return fmt::format("({})", extra->condition);
    }
    return extra ? fmt::format("(not ({}) or {})", out, extra->condition) : fmt::format("not ({})", out);
}

std::string TableStatements::pending_updates(Change change, const std::optional<Extra>& extra) const {
    return fmt::format("{} t join rowhaul_stage s on {} where {}", table_.sql, same_key("t", "s"),
                       differs(change, extra));
}

StageStatement TableStatements::update(Change change, const std::optional<Extra>& extra) const {
    std::string changes;
    const auto set = [&](const std::string& column, const std::string& value) {
        changes += fmt::format("{}{}{} = {}", changes.empty() ? "" : ", ", dialect_.updates_by_join ? "t." : "",
                               quoted(column), value);
    };
    for (const auto& column : columns_) {
        if (!is_key(column.name) && change == Change::Fields) {
            set(column.name, "s." + quoted(column.name));
        }
    }
    if (extra) {
        set(extra->column,
            fmt::format("case when {} then {} else t.{} end", extra->condition, extra->updated, quoted(extra->column)));
    }
    if (dialect_.updates_by_join) {
        return {fmt::format("update {} t join rowhaul_stage s on {} set {} where {}", table_.sql, same_key("t", "s"),
                            changes, differs(change, extra))};
    }
    return {fmt::format("update {} as t set {} from rowhaul_stage s where {} and {}", table_.sql, changes,
                        same_key("t", "s"), differs(change, extra))};
}

StageStatement TableStatements::insert(const std::optional<Extra>& extra) const {
    const auto all = names_of(columns_);
    return {fmt::format("insert into {} ({}{}) select {}{} from rowhaul_stage s where not {}", table_.sql,
                        list("", all), extra ? ", " + quoted(extra->column) : "", list("s.", all),
                        extra ? ", " + extra->created : "", is_known())};
}

std::optional<StageStatement> TableStatements::upsert() const {
    const std::set<std::string> key(key_.begin(), key_.end());
    const bool is_exact = std::ranges::any_of(table_.exact_keys, [&](const std::vector<std::string>& exact) {
        return std::set<std::string>(exact.begin(), exact.end()) == key;
    });
    // Known records would use numbers up, until there are none left.
    const bool uses_up = std::ranges::any_of(table_.columns, [&](const TargetColumn& known) {
        return known.uses_up && std::ranges::find(columns_, known.column.name, &Column::name) == columns_.end();
    });
    if (!is_exact || uses_up || table_.has_triggers || columns_.size() == key_.size()) {
        return {};
    }
    std::string changes;
    for (const auto& column : columns_) {
        if (!is_key(column.name)) {
            changes += fmt::format("{}{} = excluded.{}", changes.empty() ? "" : ", ", quoted(column.name),
                                   quoted(column.name));
        }
    }
    const auto all = names_of(columns_);
    // In the order of the key its index is walked once.
    return StageStatement{
        .sql = fmt::format("insert into {} as t ({}) select {} from rowhaul_stage s where true", table_.sql,
                           list("", all), list("s.", all)),
        .tail = fmt::format(" order by {} on conflict ({}) do update set {} where {}", list("s.", key_), list("", key_),
                            changes, differs(Change::Fields, {}, "excluded"))};
}

StageStatement TableStatements::insert_all() const {
    const auto all = names_of(columns_);
    return {fmt::format("insert into {} ({}) select {} from rowhaul_stage s where 1 = 1", table_.sql, list("", all),
                        list("s.", all))};
}

}  // namespace rowhaul
