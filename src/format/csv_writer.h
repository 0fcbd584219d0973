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
    enum class Treatment : std::uint8_t { Copy, Quote, Number, Date, Time, Timestamp, Boolean, Guard };
    struct ColumnPlan {
        std::string name;
        Treatment treatment;
        bool always_quoted;
        const Cell* cells = nullptr;  // of the current batch
    };
    // Why a cell cannot be written.
    struct Obstacle {
        std::string what;
    };

    ColumnPlan plan(const Column&) const;
    void append_header(const Schema&);
    // False, with obstacle_ and the column set, when the row must be rejected.
    bool append_row(std::size_t row, std::size_t& column);
    bool append_cell(const ColumnPlan&, std::string_view text);
    bool append_converted(const ColumnPlan&, std::string_view text);
    bool append_text(std::string_view text, bool quoted);
    bool append_with_care(std::string_view text, unsigned found, bool quoted);
    bool transcode(std::string_view& text);
    void append_quoted(std::string_view text);
    void append_escaped(std::string_view text);
    bool needs_quotes(std::string_view text) const;
    void reject(const Batch&, std::size_t row, std::size_t column);

    void append_raw(std::string_view text);
    void make_room(std::size_t bytes);
    std::size_t used() const { return static_cast<std::size_t>(at_ - buffer_.get()); }
    void flush(const Context&);

    OutputStream& out_;
    const CsvDialect dialect_;
    const Rejects rejects_;
    std::string delimiter_;  // these in the encoding of the buffer
    std::string null_text_;
    std::string line_end_;
    CsvScan bare_scan_;
    CsvScan quoted_scan_;
    std::vector<ColumnPlan> columns_;

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
