// SPDX-License-Identifier: Apache-2.0
// Rejected rows as a CSV file: a person corrects the rows in its last column and gives it back.
#pragma once
#include "data/rows.h"
#include "io/peeked_input.h"

#include <memory>
#include <string>
#include <string_view>

namespace rowhaul {

// The first line, with its line end.
std::string rejects_header();
// One reject as a line. `header` is what names the columns of its file.
std::string reject_line(std::string_view mapping, const Reject&, std::string_view header);

// How many bytes is_rejects_file() has to see.
inline constexpr std::size_t rejects_header_bytes = 200;
// Whether a file that begins so is one of rejects.
bool is_rejects_file(std::string_view first_bytes);
// Reads such a file and gives the rows of one mapping in it as a file like the one that they came
// from: in UTF-8, the header if there was one, then the rows. Throws Invalid for rows that came from no
// file, and for rows of files with different headers.
std::unique_ptr<InputStream> rejected_rows(const Context&, std::unique_ptr<PeekedInput> file, std::string mapping);

}  // namespace rowhaul
