// SPDX-License-Identifier: Apache-2.0
// Reads CSV into batches.
//
// The text is read in blocks. An index of a block's special bytes (format/csv_index.h) is built at
// once; rows are then cut by walking from one special byte to the next. Cells point into the block,
// which the batch keeps alive; only cells with escapes are copied. A row that a block does not hold
// to its end is moved to the start of the next one.
//
// What is read, and how:
// - Line ends are \n, \r\n and \r, also mixed. Empty lines are no rows, but for tables of one column,
//   where they are NULL. A quote means something only at the start of a cell.
// - A quoted cell must end before a delimiter or line end. If it does not, or nowhere, its row is
//   rejected, and reading goes on at the first later line that reads as a row of the right width.
// - A row with text that is not valid in the file's encoding is rejected. So is one above 16 MiB.
// - A backslash (escape: backslash) takes the meaning of a quote or backslash after it; where nothing
//   is quoted also of delimiters and line breaks, and \t, \n, \r are what they are in C.
#pragma once
#include "format/block_pool.h"
#include "format/csv_dialect.h"
#include "format/csv_index.h"
#include "format/format.h"
#include "format/text_decoder.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

struct CsvReaderSizes {
    std::size_t block_bytes = std::size_t{256} * 1024;
    std::size_t longest_row = std::size_t{16} * 1024 * 1024;
    // How far it is looked whether a line reads as a row, after one that did not.
    std::size_t look_ahead = std::size_t{64} * 1024;
};

class CsvReader final : public FileReader {
public:
    // `in` must outlive this.
    CsvReader(const Context&, InputStream& in, CsvDialect, Rejects, CsvReaderSizes = {},
              CsvInstructions = best_csv_instructions());

    const Schema& schema() const override { return schema_; }
    void choose(std::vector<std::size_t> columns) override;
    std::string header() const override { return header_; }
    std::string doubt() const override { return doubt_; }
    bool next(const Context&, Batch& out) override;
    std::vector<Warning> warnings() const override;

private:
    enum class Scan : std::uint8_t { Row, NeedsMore, NeedsMoreInQuotes, Unterminated, StrayQuote };
    enum class Step : std::uint8_t { Row, Nothing, NeedsMore };

    // Where the cells of a row go: cell c to columns[c][row], those beyond the width to columns[width].
    struct Sinks {
        Cell* const* columns;
        std::size_t width;
        std::size_t row;
        Arena* arena;  // for cells with escapes; none = nobody looks at them
    };
    // A row as it was found, or as far as it was.
    struct Found {
        std::size_t cells = 0;
        std::size_t end = 0;     // of its text
        std::size_t behind = 0;  // where the next line begins
        std::uint64_t lines = 1;
        const std::uint32_t* next = nullptr;  // the first special byte from `behind` on
        std::size_t trouble = 0;              // an opening quote without end, or what follows a closing one
    };

    // Reads on, keeping what lies from at_ on. False when the file has no more.
    bool refill(const Context&);

    Scan scan_row(std::size_t from, const std::uint32_t* next, const Sinks&, Found&) const;
    // The same for any line of the block.
    Scan look_at_row(std::size_t from, const Sinks&, Found&) const;
    Scan take_quoted(std::size_t opening, const std::uint32_t*& next, Arena*, Cell&, Found&) const;
    bool take_odd_cell(std::size_t start, std::size_t& position, const std::uint32_t*& next, Arena*, Cell&,
                       Found&) const;
    Cell unquoted(const char* from, std::size_t size) const;
    Cell unescaped(std::string_view cell, Arena*) const;
    Cell unquoted_inside(std::string_view cell, Arena*) const;
    bool is_delimiter(std::size_t position) const;

    Step take_row(const Sinks&, RowOrigin&);
    Step take_no_row();
    Step take_odd_row(Scan, const Sinks&, const Found&, RowOrigin&);
    void pass(const Found&);
    // The line from there on, whatever it is; nothing when it does not end in the block.
    std::optional<Found> line_at(std::size_t from, const std::uint32_t* next) const;
    // False when the line does not end in the block.
    bool pass_line();
    bool has_right_width(std::size_t cells) const;
    bool is_too_long(const Found& found) const { return found.behind - at_ > sizes_.longest_row; }

    Step recover(Scan, const Found&);
    Step resume_line(std::size_t trouble, Found& resume) const;
    void reject_invalid_text(const Found&);
    void reject_ragged(const Found&);
    void reject(std::string_view reason, std::size_t raw_end, std::string value, std::string message);
    // Of the file as it is, for people who look for it there.
    std::uint64_t byte_position(std::size_t at) const;

    void skip_line(const Context&);
    // The first line that is a row, with its place; at_ stays before the empty lines that it may follow,
    // which are rows of a table of one column.
    struct FirstRow {
        std::size_t from;
        Found found;
    };
    std::optional<FirstRow> find_first_row(const Context&);
    [[noreturn]] void refuse_first_row(Scan, std::size_t from) const;
    void read_header(const Context&);
    void name_columns(std::vector<std::string> names);
    std::string_view text() const { return {data_, limit_}; }

    const CsvDialect dialect_;
    const Rejects rejects_;
    const CsvReaderSizes sizes_;
    const bool quotes_;
    const bool escapes_;
    const bool fills_null_;  // null_text is not empty
    TextDecoder in_;
    BlockPool pool_;
    CsvIndex index_;

    Schema schema_;
    std::string header_;
    std::string doubt_;
    std::vector<std::size_t> chosen_;
    std::vector<Cell> unwanted_;  // where cells go that nobody asked for
    std::vector<Cell*> columns_;

    std::shared_ptr<char> block_;
    const char* data_ = "";
    std::size_t limit_ = 0;                // bytes of text in the block
    std::size_t at_ = 0;                   // where the next line begins
    const std::uint32_t* next_ = nullptr;  // the first special byte from at_ on
    std::size_t invalid_ = 0;              // the first byte from at_ on that is no text
    bool at_end_ = false;                  // the file has no more than the block
    bool skips_line_ = false;              // the rest of a row that was too long
    std::uint64_t block_position_ = 0;     // in the file
    std::uint64_t line_ = 1;
    std::uint64_t row_ = 1;
};

}  // namespace rowhaul
