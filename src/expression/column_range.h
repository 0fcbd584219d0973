// SPDX-License-Identifier: Apache-2.0
// The rows whose value in one column lies between two values. A source may keep back others.
#pragma once
#include "expression/condition.h"

#include <optional>
#include <string>

namespace rowhaul {

// Both ends are included. NULL, and values that stand nowhere in the order of the column (NaN, infinity,
// dates that do not exist), are never kept back.
struct ColumnRange {
    std::string column;  // by its name in the schema; empty = every row
    std::optional<KnownValue> from;
    std::optional<KnownValue> to;

    bool is_bounded() const { return from || to; }
};

}  // namespace rowhaul
