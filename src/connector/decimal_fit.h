// SPDX-License-Identifier: Apache-2.0
// Keeps back the rows in which a number has more decimals than its column: databases would round it.
#pragma once
#include "data/rows.h"
#include "database/table_writer.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

class DecimalFit {
public:
    // The rows have these columns, all of which are the table's.
    DecimalFit(const TargetTable& table, const Schema& columns);

    // The rows that fit: the batch itself, or a copy without the others, which go to the Rejects. Valid
    // until the next call.
    const Batch& fitting(const Batch& batch, const Rejects& rejects);

private:
    struct Limited {
        std::size_t column = 0;
        std::size_t decimals = 0;
        std::string name;
    };
    // The column whose number does not fit.
    const Limited* misfit(const Batch& batch, std::size_t row) const;
    void copy(const Batch& batch, const std::vector<std::size_t>& rows);

    std::vector<Limited> limited_;
    Batch kept_;
};

}  // namespace rowhaul
