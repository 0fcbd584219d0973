// SPDX-License-Identifier: Apache-2.0
#include "mapping/fields.h"

#include "base/error.h"
#include "base/near_miss.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

namespace {

std::vector<std::string> names_of(const Schema& schema) {
    std::vector<std::string> names;
    for (const auto& column : schema) {
        names.push_back(column.name);
    }
    return names;
}

std::vector<Field> all_columns(const Schema& schema) {
    std::vector<Field> fields;
    for (const auto& column : schema) {
        fields.push_back({column.name, column.name});
    }
    return fields;
}

const Column& find(const Schema& schema, const std::string& name, const std::string& object) {
    const auto found = std::ranges::find(schema, name, &Column::name);
    if (found == schema.end()) {
        const auto names = names_of(schema);
        throw Error(ErrorKind::NotFound,
                    fmt::format("{} has no column \"{}\"{}", object, name, did_you_mean(name, names)))
            .advise(fmt::format("Its columns are: {}. Correct `from` in `fields`.", fmt::join(names, ", ")));
    }
    return *found;
}

}  // namespace

BoundFields::BoundFields(const std::vector<Field>& fields, const Schema& source, const std::string& object) {
    const auto chosen = fields.empty() ? all_columns(source) : fields;
    for (const auto& field : chosen) {
        if (std::ranges::find(schema_, field.to, &Column::name) != schema_.end()) {
            throw Error(ErrorKind::Invalid, fmt::format("two fields would be named \"{}\" in the target", field.to))
                .advise("Give one of them another name with `to` in `fields`.");
        }
        Column column = find(source, field.from, object);
        column.name = field.to;
        schema_.push_back(std::move(column));
        const auto known = std::ranges::find(source_columns_, field.from);
        places_.push_back(static_cast<std::size_t>(known - source_columns_.begin()));
        if (known == source_columns_.end()) {
            source_columns_.push_back(field.from);
        } else {
            passes_through_ = false;
        }
    }
}

void BoundFields::apply(const Batch& in, Batch& out) const {
    out.clear();
    for (std::size_t field = 0; field < places_.size(); ++field) {
        const auto cells = in.column(places_[field]);
        out.build(field).assign(cells.begin(), cells.end());
    }
    out.set_first_row(in.first_row());
    out.origins().assign(in.origins().begin(), in.origins().end());
    out.set_file(in.file());
    out.set_rows(in.rows());
}

}  // namespace rowhaul
