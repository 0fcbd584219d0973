// SPDX-License-Identifier: Apache-2.0
// Where in a workbook the table stands, as a person writes it in a configuration.
#pragma once
#include "options/options.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

enum class XlsxHiddenRows : std::uint8_t { Read, Skip };
template <>
struct EnumChoices<XlsxHiddenRows> {
    static constexpr std::array<Choice, 2> list{{
        {"read", "They are rows like all others."},
        {"skip", "They are left out, also those that only a filter hides; a warning counts them."},
    }};
};

enum class XlsxErrorCells : std::uint8_t { Reject, Text, Empty };
template <>
struct EnumChoices<XlsxErrorCells> {
    static constexpr std::array<Choice, 3> list{{
        {"reject", "The row is rejected."},
        {"text", "The cell is the text that it shows: #N/A."},
        {"empty", "The cell is NULL."},
    }};
};

enum class XlsxMergedCells : std::uint8_t { First, Fill };
template <>
struct EnumChoices<XlsxMergedCells> {
    static constexpr std::array<Choice, 2> list{{
        {"first", "The value stands in the first of them, and the others are NULL, as the file has it."},
        {"fill", "Every one of them has the value."},
    }};
};

struct XlsxOptions {
    std::optional<std::string> sheet;
    bool hidden_sheets = false;
    std::string header_row = "auto";
    std::vector<std::string> columns;
    XlsxHiddenRows hidden_rows = XlsxHiddenRows::Read;
    XlsxErrorCells error_cells = XlsxErrorCells::Reject;
    XlsxMergedCells merged_cells = XlsxMergedCells::First;
    Bytes max_unpacked{std::uint64_t{8} * 1024 * 1024 * 1024};

    static constexpr auto spec = [] {
        return options(option("sheet", &XlsxOptions::sheet,
                              "Name of the sheet, or its number counted from 1; the first one if not given.")
                           .example("Prices"),
                       option("hidden_sheets", &XlsxOptions::hidden_sheets,
                              "Whether hidden sheets are counted too. By its name a hidden sheet is always found."),
                       option("header_row", &XlsxOptions::header_row,
                              "Row that names the columns: its number in the sheet, none, or auto for the first row "
                              "that is about as wide "
                              "as the widest of the first 50, which leaves out the titles above a table.")
                           .example("4"),
                       option("columns", &XlsxOptions::columns,
                              "Names of the columns instead of those in the header, or for a sheet without one.")
                           .example("[sku, price]"),
                       option("hidden_rows", &XlsxOptions::hidden_rows, "What becomes of rows that are hidden."),
                       option("error_cells", &XlsxOptions::error_cells, "What becomes of cells like #N/A and #DIV/0!."),
                       option("merged_cells", &XlsxOptions::merged_cells, "What merged cells below the header hold."),
                       option("max_unpacked", &XlsxOptions::max_unpacked,
                              "How large a sheet may be when it is unpacked. A workbook above it is refused.")
                           .advanced());
    }();
};

}  // namespace rowhaul
