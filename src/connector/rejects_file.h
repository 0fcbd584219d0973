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
// Such a file as a file like the one that the rows came from: in UTF-8, the header if there was one,
// then the rows.
class CorrectedRows : public InputStream {
public:
    // What names the columns; empty when nothing does, or before the first byte was read.
    virtual const std::string& header() const = 0;
};
// The rows of one mapping. Throws Invalid for rows that came from no file, and for rows of files with
// different headers.
std::unique_ptr<CorrectedRows> rejected_rows(const Context&, std::unique_ptr<PeekedInput> file, std::string mapping);

}  // namespace rowhaul
