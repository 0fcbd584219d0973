// SPDX-License-Identifier: Apache-2.0
// The rows of one sheet as the file stores them, one after the other.
#pragma once
#include "format/xml_parser.h"
#include "io/stream.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

enum class XlsxStored : std::uint8_t { Number, SharedText, Text, Boolean, Error, Date };

struct XlsxCell {
    std::uint32_t column = 0;  // counted from 0
    std::uint32_t style = 0;
    XlsxStored stored = XlsxStored::Number;
    std::uint32_t start = 0;  // of its text
    std::uint32_t size = 0;
};

// "C" for 2.
std::string column_letters(std::uint32_t column);

class XlsxRows final : private XmlHandler {
public:
    // `name` is what messages call the sheet.
    XlsxRows(std::unique_ptr<InputStream> part, std::string name);

    // To the next row that has a cell with a value; false at the end. Throws Invalid for a damaged sheet.
    bool next(const Context&);
    // Of the current row, counted from 1.
    std::uint64_t number() const { return number_; }
    bool is_hidden() const { return is_hidden_; }
    // Those with a value, in the order of the file.
    std::span<const XlsxCell> cells() const { return cells_; }
    std::string_view text_of(const XlsxCell& cell) const {
        return std::string_view(text_).substr(cell.start, cell.size);
    }
    // Formulas so far for which the file has no result.
    std::uint64_t formulas_without_result() const { return formulas_without_result_; }

private:
    void start(std::string_view name, const XmlAttributes&) override;
    void end(std::string_view name) override;
    void text(std::string_view text) override;
    void start_row(const XmlAttributes&);
    void start_cell(const XmlAttributes&);
    void end_cell();

    const std::string name_;
    std::unique_ptr<InputStream> part_;
    XmlParser parser_;
    bool is_in_rows_ = false;
    bool is_in_cell_ = false;
    bool is_text_ = false;
    bool is_phonetic_ = false;
    bool has_formula_ = false;
    bool has_value_ = false;
    bool has_row_ = false;
    bool is_hidden_ = false;
    std::uint64_t number_ = 0;
    std::uint32_t next_column_ = 0;
    XlsxCell cell_;
    std::vector<XlsxCell> cells_;
    std::string text_;
    std::uint64_t formulas_without_result_ = 0;
};

// Merged cells: rows counted from 1, columns from 0, both ends within.
struct XlsxRange {
    std::uint64_t first_row = 0;
    std::uint64_t last_row = 0;
    std::uint32_t first_column = 0;
    std::uint32_t last_column = 0;
};
// In the order of their rows. They stand at the end of a sheet, which is read for them.
std::vector<XlsxRange> merged_ranges(const Context&, InputStream& part, const std::string& name);

}  // namespace rowhaul
