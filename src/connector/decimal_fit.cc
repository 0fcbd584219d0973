// SPDX-License-Identifier: Apache-2.0
#include "connector/decimal_fit.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

namespace {

// Digits behind the point, but for zeros at the end.
std::size_t decimals_of(std::string_view number) {
    const auto point = number.rfind('.');
    if (point == std::string_view::npos) {
        return 0;
    }
    const auto last = number.find_last_not_of('0');
    return last - point;
}

}  // namespace

DecimalFit::DecimalFit(const TargetTable& table, const Schema& columns) : kept_(columns.size()) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const auto& target = std::ranges::find(table.columns, columns[i].name, [](const TargetColumn& known) {
                                 return known.column.name;
                             })->column;
        const bool is_known_to_fit =
            columns[i].type == Type::Integer || (columns[i].precision > 0 && columns[i].scale <= target.scale);
        if (target.type == Type::Decimal && target.precision > 0 && target.scale >= 0 && !is_known_to_fit) {
            limited_.push_back({i, static_cast<std::size_t>(target.scale), columns[i].name});
        }
    }
}

const DecimalFit::Limited* DecimalFit::misfit(const Batch& batch, std::size_t row) const {
    for (const auto& limited : limited_) {
        const auto number = batch.column(limited.column)[row].text();
        if (number.size() > limited.decimals + 1 && decimals_of(number) > limited.decimals) {
            return &limited;
        }
    }
    return nullptr;
}

const Batch& DecimalFit::fitting(const Batch& batch, const Rejects& rejects) {
    std::vector<std::size_t> kept;
    bool fits = true;
    for (std::size_t row = 0; row < batch.rows() && !limited_.empty(); ++row) {
        const auto* const limited = misfit(batch, row);
        if (limited == nullptr) {
            if (!fits) {
                kept.push_back(row);
            }
            continue;
        }
        if (fits) {
            for (std::size_t before = 0; before < row; ++before) {
                kept.push_back(before);
            }
            fits = false;
        }
        Reject reject{.row = batch.row_number(row),
                      .reason = "too_many_decimals",
                      .field = limited->name,
                      .value = {},
                      .message = {}};
        reject.value = batch.column(limited->column)[row].text().substr(0, 200);
        reject.message = fmt::format("has more than the {} decimals of its column", limited->decimals);
        rejects(std::move(reject));
    }
    if (fits) {
        return batch;
    }
    copy(batch, kept);
    return kept_;
}

void DecimalFit::copy(const Batch& batch, const std::vector<std::size_t>& rows) {
    kept_.clear();
    for (const auto row : rows) {
        for (std::size_t column = 0; column < batch.width(); ++column) {
            kept_.build(column).push_back(batch.column(column)[row]);
        }
        kept_.origins().push_back(batch.origins().empty() ? RowOrigin{batch.row_number(row), 0, {}}
                                                          : batch.origins()[row]);
    }
    kept_.set_file(batch.file());
    kept_.set_first_row(batch.first_row());
    kept_.set_rows(rows.size());
}

}  // namespace rowhaul
