// SPDX-License-Identifier: Apache-2.0
// Which of the columns that a table or query has are wanted.
#pragma once
#include "data/schema.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// The places in `offered` of the wanted names, in the order wanted; all of them when none is named.
// `object` is for the message. NotFound, with the near miss, for a name that is not offered;
// Invalid for one that two columns bear.
std::vector<std::size_t> choose_columns(const Schema& offered, const std::vector<std::string>& wanted,
                                        std::string_view object);

// The columns at these places.
Schema columns_at(const Schema& offered, const std::vector<std::size_t>& places);

}  // namespace rowhaul
