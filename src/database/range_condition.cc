// SPDX-License-Identifier: Apache-2.0
#include "database/range_condition.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

std::string range_condition(const ColumnRange& range, std::string_view name,
                            const std::function<std::optional<std::string>(const KnownValue&)>& literal,
                            std::string_view odd_values) {
    std::string limits;
    const auto add = [&](const std::optional<KnownValue>& limit, std::string_view comparison) {
        const auto written = limit ? literal(*limit) : std::nullopt;
        if (written) {
            limits += fmt::format("{}{} {} {}", limits.empty() ? "" : " and ", name, comparison, *written);
        }
    };
    add(range.from, ">=");
    add(range.to, "<=");
    if (limits.empty()) {
        return {};
    }
    return fmt::format("(({}) or {} is null{}{})", limits, name, odd_values.empty() ? "" : " or ", odd_values);
}

std::string both(const std::string& rule, const std::string& range) {
    return rule.empty() ? range : range.empty() ? rule : fmt::format("({}) and {}", rule, range);
}

std::string limited_query(std::string_view query, std::string_view condition) {
    return fmt::format("select * from ({}\n) as q where {}", query, condition);
}

const Column* column_of(const ColumnRange& range, const Schema& schema) {
    const auto found = std::ranges::find(schema, range.column, &Column::name);
    return range.is_bounded() && found != schema.end() ? &*found : nullptr;
}

}  // namespace rowhaul
