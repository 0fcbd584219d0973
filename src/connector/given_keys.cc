// SPDX-License-Identifier: Apache-2.0
#include "connector/given_keys.h"

#include "base/near_miss.h"
#include "connector/connection.h"
#include "database/table_name.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rowhaul {

namespace {

constexpr std::size_t page = 5000;  // rows

}  // namespace

GivenKeys::GivenKeys(const Dialect& dialect, const TargetTable& table, const std::vector<std::string>& key,
                     std::string column)
    : dialect_(dialect), table_(table), key_(key), column_(std::move(column)) {}

std::string GivenKeys::quoted(std::string_view name) const {
    return quote_identifier(name, dialect_.quote);
}

void GivenKeys::check(const Schema& written) const {
    std::vector<std::string> known;
    for (const auto& column : table_.columns) {
        known.push_back(column.column.name);
    }
    if (std::ranges::find(known, column_) == known.end()) {
        throw Error(ErrorKind::NotFound, fmt::format("`generated_key`: the table {} has no column \"{}\"{}",
                                                     table_.name, column_, did_you_mean(column_, known)))
            .advise(fmt::format("Its columns are: {}.", fmt::join(known, ", ")));
    }
    if (std::ranges::find(written, column_, &Column::name) != written.end()) {
        throw Error(ErrorKind::Invalid,
                    fmt::format("`generated_key`: the rows bring a value for \"{}\", which the table {} is to fill",
                                column_, table_.name))
            .advise("List in `fields` what is written, without it.");
    }
}

void GivenKeys::prepare(const Context& context, TableWriter& writer) const {
    writer.execute(context, fmt::format("{} s.rowhaul_row, t.{} from rowhaul_stage s, {} t {}",
                                        fmt::format(fmt::runtime(dialect_.keys_begin), "rowhaul_given",
                                                    "rowhaul_row bigint not null, index (rowhaul_row)"),
                                        quoted(column_), table_.sql, dialect_.stage_end));
    if (!dialect_.row_index.empty()) {
        writer.execute(context, fmt::format(fmt::runtime(dialect_.row_index), "rowhaul_given"));
    }
}

void GivenKeys::each(const Context& context, TableWriter& writer, const Visitor& visit) const {
    std::string same_key;
    for (const auto& name : key_) {
        same_key += fmt::format("{}t.{} = s.{}", same_key.empty() ? "" : " and ", quoted(name), quoted(name));
    }
    const auto column = quoted(column_);
    writer.execute(context,
                   fmt::format("insert into rowhaul_given select s.rowhaul_row, t.{} from rowhaul_stage s join "
                               "{} t on {} where t.{} is not null",
                               column, table_.sql, same_key, column));
    std::string after = "-1";
    while (true) {
        const auto rows =
            writer.query(context, fmt::format("select rowhaul_row, {} from rowhaul_given where rowhaul_row > {} order "
                                              "by rowhaul_row limit {}",
                                              column, after, page));
        for (const auto& row : rows) {
            const auto& given = row[1].value();
            if (given.size() > GivenKey::longest) {
                throw Error(ErrorKind::Invalid,
                            fmt::format("`generated_key`: a value of \"{}\" in {} is {} bytes long, more than the {} "
                                        "that are remembered of a record",
                                        column_, table_.name, given.size(), GivenKey::longest))
                    .advise("Name a column of numbers or short identifiers.");
            }
            visit(std::stoull(row[0].value()), given);
        }
        if (rows.size() < page) {
            return;
        }
        after = rows.back()[0].value();
    }
}

}  // namespace rowhaul
