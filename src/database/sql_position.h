// SPDX-License-Identifier: Apache-2.0
// Shows a person where in a query the trouble is.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace rowhaul {

// "line 2, column 8\n  select frst_name\n         ^": the line, cut to what fits a terminal, and a
// caret below `offset` (in bytes from the start; beyond the end counts as the end).
std::string point_at(std::string_view sql, std::size_t offset);

// The byte at which the UTF-8 character number `character`, counted from 1, starts.
std::size_t byte_offset(std::string_view text, std::size_t character);

// The query for a message: one line, at most 60 characters.
std::string shorten_query(std::string_view sql);

}  // namespace rowhaul
