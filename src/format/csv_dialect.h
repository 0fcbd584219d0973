// SPDX-License-Identifier: Apache-2.0
// What a CSV file looks like, decided in every detail and free of contradictions.
#pragma once
#include "data/notation.h"
#include "format/csv_options.h"

#include <optional>
#include <string>

namespace rowhaul {

struct CsvDialect {
    std::string delimiter = ",";  // one character, UTF-8
    char quote = '"';
    CsvQuoting quoting = CsvQuoting::WhenNeeded;
    CsvEscape escape = CsvEscape::Double;
    bool header = true;
    CsvLineEnd line_end = CsvLineEnd::Lf;
    TextEncoding encoding = TextEncoding::Utf8;
    CsvUnencodable unencodable = CsvUnencodable::Reject;
    std::string null_text;
    // Not set: cells stay canonical.
    std::optional<NumberNotation> numbers;
    std::optional<DateNotation> dates;
    std::optional<DateNotation> times;
    std::optional<DateNotation> timestamps;
    ValueNotations read;  // the same, for whoever reads
    std::string true_text = "true";
    std::string false_text = "false";
    bool formula_guard = false;
    std::uint64_t skip_lines = 0;
    std::optional<char> comment;
    CsvRagged ragged = CsvRagged::Reject;
    std::vector<std::string> columns;  // names; empty = as the header has them
};

// Fills in what preset and defaults decide, and tells every contradiction: delimiter equal to quote,
// a NULL text that cannot be told from a text, a mark that the encoding does not have, ... With
// problems, the dialect is of no use.
CsvDialect resolve(const CsvOptions&, Problems&);
// Throws one Invalid that names them all.
CsvDialect resolve(const CsvOptions&);

constexpr std::string_view text_of(CsvLineEnd line_end) {
    switch (line_end) {
        case CsvLineEnd::Lf:
            return "\n";
        case CsvLineEnd::Crlf:
            return "\r\n";
        case CsvLineEnd::Cr:
            return "\r";
    }
    return "\n";
}

}  // namespace rowhaul
