// SPDX-License-Identifier: Apache-2.0
// How a CSV file looks or is to look, as a person writes it in a configuration.
#pragma once
#include "format/text_encoding.h"
#include "options/options.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

enum class CsvPreset : std::uint8_t { Rfc4180, ExcelDe, UnixTsv };
template <>
struct EnumChoices<CsvPreset> {
    static constexpr std::array<Choice, 3> list{{
        {"rfc4180", "Commas, CRLF, UTF-8: what the standard says."},
        {"excel-de",
         "What a German Excel opens with a double click: semicolons, CRLF, UTF-8 with a byte order mark, "
         "1234,56, dd.mm.yyyy, WAHR and FALSCH."},
        {"unix-tsv",
         "Tabs, no quotes, backslash escapes, \\N for NULL: what PostgreSQL's COPY and MySQL's LOAD DATA "
         "read."},
    }};
};

enum class CsvQuoting : std::uint8_t { WhenNeeded, Always, TextOnly, Never };
template <>
struct EnumChoices<CsvQuoting> {
    static constexpr std::array<Choice, 4> list{{
        {"when_needed", "Cells that would not read back otherwise."},
        {"always", "Every cell but NULL."},
        {"text_only", "Every text, JSON and binary cell, and others where needed."},
        {"never", "No cell; needs escape: backslash."},
    }};
};

enum class CsvEscape : std::uint8_t { Double, Backslash };
template <>
struct EnumChoices<CsvEscape> {
    static constexpr std::array<Choice, 2> list{{
        {"double", "A quote inside quotes is doubled."},
        {"backslash",
         "A backslash stands before quotes and backslashes; without quotes also before delimiters, and "
         "\\n, \\r, \\t stand for line breaks and tabs."},
    }};
};

enum class CsvLineEnd : std::uint8_t { Lf, Crlf, Cr };
template <>
struct EnumChoices<CsvLineEnd> {
    static constexpr std::array<Choice, 3> list{{
        {"lf", "Unix."},
        {"crlf", "Windows, and the CSV standard."},
        {"cr", "Old Macintosh."},
    }};
};

enum class CsvUnencodable : std::uint8_t { Reject, Replace };
template <>
struct EnumChoices<CsvUnencodable> {
    static constexpr std::array<Choice, 2> list{{
        {"reject", "The row is rejected, with the field and its value."},
        {"replace", "The character becomes a question mark."},
    }};
};

enum class CsvRagged : std::uint8_t { Reject, Pad, Cut, PadAndCut };
template <>
struct EnumChoices<CsvRagged> {
    static constexpr std::array<Choice, 4> list{{
        {"reject", "The row is rejected."},
        {"pad", "Cells that are missing at the end become NULL; rows with too many are rejected."},
        {"cut", "Cells too many at the end are left out; rows with too few are rejected."},
        {"pad_and_cut", "Both."},
    }};
};

// What is not set is decided by the preset, and without one by the first choice of each.
struct CsvOptions {
    std::optional<CsvPreset> preset;
    std::optional<std::string> delimiter;
    std::optional<std::string> quote;
    std::optional<CsvQuoting> quoting;
    std::optional<CsvEscape> escape;
    std::optional<bool> header;
    std::optional<CsvLineEnd> line_end;
    std::optional<TextEncoding> encoding;
    CsvUnencodable unencodable = CsvUnencodable::Reject;
    std::optional<std::string> null_text;
    std::optional<std::string> numbers;
    std::optional<std::string> dates;
    std::optional<std::string> times;
    std::optional<std::string> timestamps;
    std::optional<std::string> true_text;
    std::optional<std::string> false_text;
    bool formula_guard = false;
    std::int64_t skip_lines = 0;
    std::optional<std::string> comment;
    CsvRagged ragged = CsvRagged::Reject;
    std::vector<std::string> columns;

    // Tells what contradicts itself, as resolve() in csv_dialect.h does.
    static void validate(const CsvOptions&, Problems&);

    static constexpr auto spec = [] {
        return options(
            option("preset", &CsvOptions::preset, "A frequent kind of CSV whose settings the other options change."),
            option("delimiter", &CsvOptions::delimiter, "The character between cells; a comma if not given.")
                .example(";"),
            option("quote", &CsvOptions::quote, "The character around cells that need it; \" if not given.").advanced(),
            option("quoting", &CsvOptions::quoting, "Which cells stand in quotes; when_needed if not given."),
            option("escape", &CsvOptions::escape, "How quotes inside cells are written; double if not given.")
                .advanced(),
            option("header", &CsvOptions::header, "Whether the first line names the columns; true if not given."),
            option("line_end", &CsvOptions::line_end,
                   "What ends a line; lf if not given. Files are read with any of them, also mixed."),
            option("encoding", &CsvOptions::encoding,
                   "How characters become bytes; utf-8 if not given. In files to be read, a byte order mark and "
                   "UTF-16 are recognised unless this is one of the Western European encodings."),
            option("unencodable", &CsvOptions::unencodable,
                   "What becomes of a row with a character that the encoding does not have."),
            option("null_text", &CsvOptions::null_text,
                   "What stands for NULL, never in quotes; nothing at all if not given.")
                .example("NULL"),
            option("numbers", &CsvOptions::numbers, "A sample that shows how numbers are written.").example("1.234,56"),
            option("dates", &CsvOptions::dates,
                   "How dates are written, also in timestamps unless `timestamps` says otherwise.")
                .example("dd.mm.yyyy"),
            option("times", &CsvOptions::times, "How times of day are written.").example("HH:MM").advanced(),
            option("timestamps", &CsvOptions::timestamps,
                   "How timestamps are written; f is the fraction of a second and z the offset from UTC.")
                .example("dd.mm.yyyy HH:MM:SS"),
            option("true_text", &CsvOptions::true_text, "What stands for true.").example("ja").advanced(),
            option("false_text", &CsvOptions::false_text, "What stands for false.").example("nein").advanced(),
            option("formula_guard", &CsvOptions::formula_guard,
                   "Puts an apostrophe before texts that a spreadsheet would take for a formula."),
            option("skip_lines", &CsvOptions::skip_lines, "When reading: lines before the header that are no rows.")
                .range(0, 1'000'000)
                .advanced(),
            option("comment", &CsvOptions::comment, "The character at the start of lines that are no rows.")
                .example("#")
                .advanced(),
            option("ragged", &CsvOptions::ragged,
                   "When reading: what becomes of rows that have fewer or more cells than there are columns."),
            option("columns", &CsvOptions::columns,
                   "When reading: names of the columns instead of those in the header, or for a file without one.")
                .example("[sku, price]"));
    }();
};

}  // namespace rowhaul
