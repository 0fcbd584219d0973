// SPDX-License-Identifier: Apache-2.0
#include "database/table_image.h"

#include "database/table_name.h"
#include "database/table_statements.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

TableImage::TableImage(const Dialect& dialect, const TargetTable& table, const std::vector<std::string>& key,
                       std::vector<std::string> columns)
    : dialect_(dialect), table_(table), key_(key), columns_(std::move(columns)) {
    if (!columns_.empty()) {
        return;
    }
    for (const auto& known : table_.columns) {
        const bool is_numbered = known.is_generated && known.has_default && !dialect_.insert_as_is.empty();
        if (!known.is_generated || is_numbered) {
            columns_.push_back(known.column.name);
        }
    }
}

std::string TableImage::quoted(std::string_view name) const {
    return quote_identifier(name, dialect_.quote);
}

const TargetColumn& TableImage::column(const std::string& name) const {
    return *std::ranges::find(table_.columns, name, [](const TargetColumn& known) { return known.column.name; });
}

bool TableImage::is_bytes(const TargetColumn& known) const {
    return !dialect_.bytes_image.empty() &&
           (known.column.type == Type::Bytes || known.column.source_type.starts_with("bit"));
}

std::string TableImage::image(const std::string& name, std::string_view alias) const {
    const auto& known = column(name);
    const auto form = is_bytes(known)                    ? dialect_.bytes_image
                      : known.column.type == Type::Float ? dialect_.float_image
                                                         : dialect_.image;
    return fmt::format(fmt::runtime(form), fmt::format("{}.{}", alias, quoted(name)));
}

std::string TableImage::list(std::string_view alias, const std::vector<std::string>& names) const {
    std::string out;
    for (const auto& name : names) {
        out += fmt::format("{}{}{}{}", out.empty() ? "" : ", ", alias, alias.empty() ? "" : ".", quoted(name));
    }
    return out;
}

std::string TableImage::key(std::string_view alias) const {
    return list(alias, key_);
}

std::string TableImage::same_key(std::string_view left, std::string_view right) const {
    std::string out;
    for (const auto& name : key_) {
        out += fmt::format("{}{}.{} = {}.{}", out.empty() ? "" : " and ", left, quoted(name), right, quoted(name));
    }
    return out;
}

// Images are compared, since not every type can be, and what equals by a collation may differ.
std::string TableImage::same(const std::vector<std::string>& names, std::string_view left,
                             std::string_view right) const {
    std::string out = "1 = 1";
    for (const auto& name : names) {
        const auto side = [&](std::string_view alias) {
            return fmt::format(fmt::runtime(dialect_.exact_text), image(name, alias));
        };
        out += fmt::format(" and {} {} {}", side(left), dialect_.same, side(right));
    }
    return out;
}

std::vector<std::string> TableImage::make(std::string_view name, const std::string& columns) const {
    std::vector<std::string> made{
        fmt::format("{} 0 as rowhaul_row, {} from {} {}",
                    fmt::format(fmt::runtime(dialect_.keys_begin), name, "rowhaul_row bigint not null primary key"),
                    columns, table_.sql, dialect_.stage_end)};
    if (!dialect_.row_index.empty()) {
        made.push_back(fmt::format(fmt::runtime(dialect_.row_index), name));
    }
    return made;
}

std::vector<std::string> TableImage::make_changed() const {
    return make("rowhaul_changed", key(""));
}

std::string TableImage::add_changed(std::string_view alias, std::string_view from, std::uint64_t noted) const {
    return fmt::format("insert into rowhaul_changed select {} + row_number() over (), {} from {}", noted, key(alias),
                       from);
}

std::string TableImage::changed_rows(std::uint64_t first, std::uint64_t last) const {
    std::string images;
    for (const auto& name : columns_) {
        images += ", " + image(name, "t");
    }
    return fmt::format(
        "select c.rowhaul_row{} from rowhaul_changed c join {} t on {} where c.rowhaul_row between {} and {} {}",
        images, table_.sql, same_key("t", "c"), first, last, dialect_.lock_read);
}

std::vector<std::string> TableImage::make_rows(std::string_view name) const {
    return make(name, "0 as rowhaul_kind, " + list("", columns_));
}

std::string TableImage::insert_rows(std::string_view name) const {
    return fmt::format("insert into {} (rowhaul_row, rowhaul_kind, {}) values ", name, list("", columns_));
}

std::string TableImage::values(std::uint64_t number, ChangeKind kind, const RowImage& row) const {
    auto out = fmt::format("({}, {}", number, static_cast<int>(kind));
    for (std::size_t place = 0; place < columns_.size(); ++place) {
        const auto& value = row.at(place);
        out += ", ";
        if (!value) {
            out += "null";
        } else if (dialect_.images_are_literals) {
            out += *value;
        } else if (is_bytes(column(columns_[place]))) {
            out += fmt::format("x'{}'", *value);
        } else {
            out += quote_literal(*value);
        }
    }
    return out + ")";
}

std::string TableImage::is_not_after(const std::vector<std::string>& checked) const {
    std::vector<std::string> others;
    for (const auto& name : columns_) {
        if (std::ranges::find(checked, name) == checked.end()) {
            others.push_back(name);
        }
    }
    return fmt::format(
        "from {} k where not exists (select 1 from {} t where {} and {} and (k.rowhaul_kind = {} or {}))", after,
        table_.sql, same_key("t", "k"), same(checked, "t", "k"), static_cast<int>(ChangeKind::Updated),
        same(others, "t", "k"));
}

std::string TableImage::is_there_again() const {
    return fmt::format("from {} k where k.rowhaul_kind = {} and exists (select 1 from {} t where {})", before,
                       static_cast<int>(ChangeKind::Deleted), table_.sql, same_key("t", "k"));
}

std::string TableImage::delete_created() const {
    const auto created = static_cast<int>(ChangeKind::Created);
    if (dialect_.updates_by_join) {
        return fmt::format("delete t from {} t join {} k on {} where k.rowhaul_kind = {}", table_.sql, after,
                           same_key("t", "k"), created);
    }
    return fmt::format("delete from {} as t where ({}) in (select {} from {} k where k.rowhaul_kind = {})", table_.sql,
                       key("t"), key("k"), after, created);
}

std::string TableImage::put_back(const std::vector<std::string>& columns) const {
    const auto updated = static_cast<int>(ChangeKind::Updated);
    std::string changes;
    for (const auto& name : columns) {
        changes += fmt::format("{}{}{} = k.{}", changes.empty() ? "" : ", ", dialect_.updates_by_join ? "t." : "",
                               quoted(name), quoted(name));
    }
    if (dialect_.updates_by_join) {
        return fmt::format("update {} t join {} k on {} set {} where k.rowhaul_kind = {}", table_.sql, before,
                           same_key("t", "k"), changes, updated);
    }
    return fmt::format("update {} as t set {} from {} k where {} and k.rowhaul_kind = {}", table_.sql, changes, before,
                       same_key("t", "k"), updated);
}

std::string TableImage::insert_deleted() const {
    return fmt::format("insert into {} ({}) {} select {} from {} k where k.rowhaul_kind = {}", table_.sql,
                       list("", columns_), dialect_.insert_as_is, list("k", columns_), before,
                       static_cast<int>(ChangeKind::Deleted));
}

}  // namespace rowhaul
