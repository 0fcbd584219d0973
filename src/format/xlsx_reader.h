// SPDX-License-Identifier: Apache-2.0
// Reads one sheet of a workbook into batches.
//
// - Every column is text, because every cell of a sheet has a type of its own: numbers, dates, times
//   and booleans in canonical form (data/schema.h), text as it is, empty cells NULL. Formulas are what
//   they last resulted in.
// - Rows without any text or number are no rows, wherever they stand.
// - A row's line is its number in the sheet. Its raw text is the row as CSV, below the columns' names
//   as header(), so that rejects can be corrected in a text editor or spreadsheet.
// - The file is unpacked piece by piece. Its texts are in memory up to 8 MiB, then in a temporary
//   file, as is the file itself.
#pragma once
#include "format/format.h"
#include "format/xlsx_options.h"
#include "format/xlsx_sheet.h"
#include "format/xlsx_strings.h"
#include "format/xlsx_workbook.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

// How the header is found: by its row in the sheet, 0 = there is none, nothing = by its looks.
using XlsxHeader = std::optional<std::uint64_t>;

class XlsxReader final : public FileReader {
public:
    // `in` is read to its end.
    XlsxReader(const Context&, InputStream& in, const XlsxOptions&, XlsxHeader, Rejects, const XlsxLimits&);

    const Schema& schema() const override { return schema_; }
    void choose(std::vector<std::size_t> columns) override;
    std::string header() const override;
    bool next(const Context&, Batch& out) override;
    std::vector<Warning> warnings() const override;

private:
    static constexpr std::size_t nowhere = ~std::size_t{0};
    // One of the first rows, before the columns are known: its cells as text, by column.
    struct TopRow {
        std::uint64_t number = 0;
        std::vector<std::pair<std::uint32_t, std::string>> cells;
    };
    struct Trouble {
        std::size_t column = nowhere;  // in the schema
        std::string value;
    };
    struct Fill {
        XlsxRange range;
        std::optional<std::string> value;
    };

    const XlsxSheet& chosen_sheet() const;
    std::unique_ptr<XlsxRows> open_rows() const;
    std::vector<TopRow> top_rows(const Context&, XlsxHeader);
    const TopRow* find_header(const std::vector<TopRow>&, XlsxHeader) const;
    void name_columns(const std::vector<TopRow>&, const TopRow* header);

    bool take_row(Arena&);
    Cell value_of(const XlsxCell&, std::string_view stored, std::uint64_t row, Arena&);
    Cell number_of(const XlsxCell&, std::string_view stored, Arena&);
    void fill_merged(Arena&);
    bool has_text() const;
    std::string_view raw_of(Arena&);
    void reject(Arena&);

    const XlsxOptions options_;
    const Rejects rejects_;
    XlsxPackage package_;
    XlsxWorkbook workbook_;
    const XlsxSheet* sheet_;
    std::shared_ptr<XlsxStrings> strings_;
    std::unique_ptr<XlsxRows> rows_;
    std::vector<XlsxRange> merged_;  // those that were not reached yet, from merged_at_ on
    std::size_t merged_at_ = 0;
    std::vector<Fill> fills_;

    Schema schema_;
    std::vector<std::size_t> places_;  // in the schema, by the sheet's column
    std::vector<std::size_t> chosen_;
    std::vector<bool> is_wanted_;
    std::uint64_t header_row_ = 0;
    std::uint64_t row_ = 1;
    std::vector<Cell> cells_;  // of the current row
    Trouble trouble_;
    std::string text_;
    std::string raw_;
    std::uint64_t outside_ = 0;
    std::uint64_t first_outside_row_ = 0;
    std::uint64_t hidden_ = 0;
};

}  // namespace rowhaul
