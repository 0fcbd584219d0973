// SPDX-License-Identifier: Apache-2.0
// Writes batches as CSV.
//
// Rows are encoded one after the other into one large buffer that is handed on in blocks. What has
// to be done to a cell is decided once a column; the usual cell is then one copy that looks for
// special characters on the way. A row with a cell that cannot be encoded is cut off the buffer
// again, so that the file has no trace of it.
//
// A table of one column whose cell is NULL gives an empty line, unless null_text says otherwise.
#pragma once
#include "data/rows.h"
#include "format/csv_dialect.h"
#include "format/csv_scan.h"
#include "io/stream.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

class CsvWriter : public RowWriter {
public:
    // `out` must outlive this. Throws Invalid for a schema without columns, or with a name that the
    // encoding cannot express.
    CsvWriter(OutputStream& out, const Schema&, CsvDialect, Rejects);

    void write(const Context&, const Batch&) override;
    void finish(const Context&) override;

private:
    // Copy is the fast way: nothing to convert, quotes when needed.
    enum class Treatment : std::uint8_t { Copy, Keep, Number, Date, Time, Timestamp, Boolean, Guard };
    enum class Quotes : std::uint8_t { WhenNeeded, Always };
    struct ColumnPlan {
        std::string name;
        Treatment treatment;
        Quotes quotes;
        const Cell* cells = nullptr;  // of the current batch
    };

    ColumnPlan plan(const Column&) const;
    void append_header(const Schema&);
    // The number of the column whose cell, as obstacle_ says, cannot be written; none = all written.
    std::optional<std::size_t> append_row(std::size_t row, CsvScan scan);
    // Appends rows of the batch from `row` on until a block is full, and returns the first that it did not.
    std::size_t append_rows(const Batch&, std::size_t row);
    // These append one cell, or return false and set obstacle_.
    bool append_cell(const ColumnPlan&, std::string_view text);
    bool append_text(std::string_view text, Quotes);
    bool append_with_care(std::string_view text, unsigned found, Quotes);
    bool transcode(std::string_view& text);
    void append_quoted(std::string_view text);
    void append_escaped(std::string_view text);
    bool needs_quotes(std::string_view text, unsigned found) const;
    void reject(const Batch&, std::size_t row, std::size_t column);

    void append_raw(std::string_view text);
    void make_room(std::size_t bytes) {
        if (static_cast<std::size_t>(end_ - at_) < bytes) [[unlikely]] {
            grow(bytes);
        }
    }
    void grow(std::size_t bytes);
    std::size_t used() const { return static_cast<std::size_t>(at_ - buffer_.get()); }
    void flush(const Context&);

    OutputStream& out_;
    const CsvDialect dialect_;
    const Rejects rejects_;
    std::string delimiter_;  // these in the encoding of the buffer
    std::string null_text_;
    std::string line_end_;
    std::size_t margin_;  // what a cell may need beside itself
    CsvScan bare_scan_;
    CsvScan quoted_scan_;
    std::vector<ColumnPlan> columns_;
    // What of CsvFound a cell is looked at more closely for. UTF-8 that becomes no other encoding is
    // checked by the block, and cell by cell only where a block has a mistake.
    unsigned notable_;

    // In the target's encoding, but in UTF-8 where that is UTF-16.
    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_ = 0;
    char* at_ = nullptr;
    char* end_ = nullptr;
    std::string converted_;
    std::string transcoded_;
    std::string wide_;
    std::string obstacle_;
};

}  // namespace rowhaul
