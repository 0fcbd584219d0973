// SPDX-License-Identifier: Apache-2.0
// The columns of a table as a target: those that it has, and those that it gets.
#include "base/near_miss.h"
#include "connector/table_target.h"
#include "database/table_definition.h"
#include "database/table_name.h"
#include "database/table_statements.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

namespace rowhaul {

namespace {

std::vector<std::string> names_of(const TargetTable& table) {
    std::vector<std::string> names;
    for (const auto& column : table.columns) {
        if (!column.is_generated) {
            names.push_back(column.column.name);
        }
    }
    return names;
}

}  // namespace

Schema TableTarget::wanted(const Context& context) {
    try {
        table_ = writer_->table(context, name_);
    } catch (const Error& error) {
        if (!options_.create || error.kind() != ErrorKind::NotFound) {
            throw;
        }
        table_ = writer_->missing_table(context, name_);
        is_new_ = true;
        return {};
    }
    column_types_ = column_types(context);
    Schema wanted;
    for (const auto& known : table_->columns) {
        if (!known.is_generated && known.column.name != options_.generated_key) {
            auto& column = wanted.emplace_back(known.column);
            column.nullable &= std::ranges::find(request_.records.key, column.name) == request_.records.key.end();
        }
    }
    return wanted;
}

std::map<std::string, std::string> TableTarget::column_types(const Context& context) const {
    std::map<std::string, std::string> types;
    for (const auto& row :
         writer_->query(context, fmt::format(fmt::runtime(writer_->dialect().column_types), table_->sql,
                                             quote_literal(table_->sql), quote_literal(table_->name)))) {
        types[row[0].value_or("")] = row[1].value_or("");
    }
    return types;
}

void TableTarget::check_unaltered(const Context& context) const {
    if (is_new_) {
        return;
    }
    const auto now = column_types(context);
    for (const auto& [name, type] : column_types_) {
        const bool is_written = std::ranges::find(schema_, name, &Column::name) != schema_.end();
        const auto found = now.find(name);
        if (!is_written || (found != now.end() && found->second == type)) {
            continue;
        }
        throw Error(
            ErrorKind::Conflict,
            fmt::format("the table {} was altered while the run was on its way: its column \"{}\" {}", name_, name,
                        found == now.end() ? "is gone" : fmt::format("was {} and is {}", type, found->second)))
            .advise("Nothing was changed. Run again: the rows will be fitted to the table as it is now.");
    }
}

std::vector<std::string> TableTarget::missing_columns(const Schema& schema) const {
    const auto known = names_of(*table_);
    std::vector<std::string> missing;
    for (const auto& column : schema) {
        if (std::ranges::find(known, column.name) == known.end()) {
            missing.push_back(column.name);
        }
    }
    return missing;
}

std::vector<std::string> TableTarget::left_out(const Schema& schema) {
    if (options_.columns == ColumnContract::Discard && !is_new_) {
        check_key_columns();
        ignored_ = missing_columns(schema);
    }
    return ignored_;
}

// What is to be made of the table, or added to it.
void TableTarget::plan_columns() {
    const auto& dialect = writer_->dialect();
    if (is_new_) {
        define(*table_, schema_, request_.records.key, dialect);
        return;
    }
    if (options_.columns != ColumnContract::Evolve) {
        return;
    }
    new_columns_ = missing_columns(schema_);
    for (const auto& name : new_columns_) {
        definitions_.push_back(add_column(*table_, *std::ranges::find(schema_, name, &Column::name), dialect));
    }
    if (is_changed() && !is_made_along() && request_.mode == RunMode::Test) {
        throw Error(ErrorKind::Invalid,
                    fmt::format("this cannot be tried: a run would add the columns {} to {}, and this database could "
                                "not take them back",
                                fmt::join(new_columns_, ", "), name_))
            .advise("Run it, or add the columns yourself.");
    }
}

void TableTarget::check_columns() const {
    if (const auto missing = missing_columns(schema_); !missing.empty()) {
        const auto known = names_of(*table_);
        throw Error(ErrorKind::NotFound,
                    fmt::format("the table {} has no column \"{}\" to write to{}", name_, fmt::join(missing, "\", \""),
                                did_you_mean(missing.front(), known)))
            .advise(fmt::format("Its columns are: {}. Name them with `to` in `fields`; or set `columns: discard` or "
                                "`columns: evolve` in `target`.",
                                fmt::join(known, ", ")));
    }
    for (const auto& column : table_->columns) {
        const bool is_mark = mark() && mark()->column == column.column.name;
        const bool may_lack = is_mark || column.column.nullable || column.has_default || column.is_generated;
        if (!may_lack && std::ranges::find(schema_, column.column.name, &Column::name) == schema_.end()) {
            throw Error(ErrorKind::Invalid,
                        fmt::format("the table {} needs a value for the column \"{}\"", name_, column.column.name))
                .advise("Add a field for it, or give the column a default in the database.");
        }
    }
}

void TableTarget::check_key_columns() const {
    const auto known = names_of(*table_);
    for (const auto& name : request_.records.key) {
        if (std::ranges::find(known, name) == known.end()) {
            throw Error(
                ErrorKind::NotFound,
                fmt::format("`key`: the table {} has no column \"{}\" by which its records could be told apart{}",
                            name_, name, did_you_mean(name, known)))
                .advise(fmt::format("Its columns are: {}.", fmt::join(known, ", ")));
        }
    }
}

void TableTarget::check_key(const Context& context) const {
    const auto& key = request_.records.key;
    const std::set<std::string> wanted(key.begin(), key.end());
    const bool is_unique = std::ranges::any_of(table_->unique_keys, [&](const std::vector<std::string>& unique) {
        return !unique.empty() &&
               std::ranges::all_of(unique, [&](const std::string& part) { return wanted.contains(part); });
    });
    if (!is_unique) {
        std::string list;
        for (const auto& name : key) {
            list += (list.empty() ? "" : ", ") + quote_identifier(name, writer_->dialect().quote);
        }
        const auto twice = writer_->query(
            context, fmt::format("select 1 from {} group by {} having count(*) > 1 limit 1", table_->sql, list));
        if (!twice.empty()) {
            throw Error(ErrorKind::Conflict, fmt::format("`key`: several rows of the table {} have the same {}", name_,
                                                         fmt::join(key, ", ")))
                .advise("Choose a key that tells the rows of the table apart, best one with a unique index.");
        }
    }
}

void TableTarget::make_table(const Context& context) {
    for (const auto& sql : definitions_) {
        writer_->execute(context, sql);
    }
    if (!is_new_) {
        return;
    }
    // Where the database commits a table at once, a test makes do with one that only it sees.
    const auto lifetime = request_.mode == RunMode::Test && !is_made_along() ? Lifetime::Session : Lifetime::Lasting;
    writer_->execute(context, create_statement(*table_, request_.records.key, writer_->dialect(), lifetime));
}

void TableTarget::note_changes(Delivery& delivery) const {
    const bool runs = request_.mode == RunMode::Run;
    if (is_new_) {
        delivery.warnings.push_back({"table_created", fmt::format("the table {} was missing and {}", name_,
                                                                  runs ? "was created" : "would be created")});
    }
    if (!new_columns_.empty()) {
        delivery.warnings.push_back({"columns_added",
                                     fmt::format("the table {} {} the columns {}", name_, runs ? "got" : "would get",
                                                 fmt::join(new_columns_, ", ")),
                                     new_columns_.size()});
    }
    if (!ignored_.empty()) {
        delivery.warnings.push_back(
            {"columns_left_out",
             fmt::format("columns that {} does not have were left out: {}", name_, fmt::join(ignored_, ", ")),
             ignored_.size()});
    }
}

}  // namespace rowhaul
