// SPDX-License-Identifier: Apache-2.0
// How rows are laid out in a file. Knows bytes and batches; knows no transport.
#pragma once
#include "data/notation.h"
#include "data/rows.h"
#include "io/decompression.h"
#include "io/spool_file.h"
#include "io/stream.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// Rows of one file. Row numbers, lines and raw texts stand in the batches' origins.
class FileReader : public RowReader {
public:
    // Every column that the file has.
    virtual const Schema& schema() const = 0;
    // Places in the schema of the columns that next() delivers, in this order; every column if not
    // called. Before the first next().
    virtual void choose(std::vector<std::size_t> columns) = 0;
    // What names the columns, as it stands in the file, in UTF-8; empty when nothing does.
    virtual std::string header() const = 0;
    // Why the file may be laid out otherwise than the format says, and what to set then: one sentence
    // without a full stop; empty when nothing looks like it.
    virtual std::string doubt() const { return {}; }
};

// What a file seems to be, by its beginning.
struct Sniffed {
    std::string format;  // what to write under `format`, as YAML
    Schema schema;       // types as all values allow; Column::source_type is their notation, if another than ours;
                         // empty when only the whole file shows it
    std::vector<std::vector<std::optional<std::string>>> rows;  // the first ones; nothing = NULL
};

class Format {
public:
    // So much of a file is looked at.
    static constexpr std::size_t sniffed_bytes = std::size_t{1} << 20;

    virtual ~Format() = default;
    // Nothing when a file that begins so has nothing of this format. Throws Invalid for what is
    // certainly something else.
    virtual std::optional<Sniffed> sniff(const Context&, std::string_view first_bytes) const = 0;
    // Ending of a file in this format, without the dot: "csv".
    virtual std::string_view file_ending() const = 0;
    // How a file's values are written, which are delivered as the texts that they are.
    virtual ValueNotations notations() const { return {}; }
    // How zip archives are to be unpacked before this format reads them.
    virtual ZipArchives archives() const { return ZipArchives::Unpack; }
    // Reads `in`, which must outlive the reader, from its start, so far that the columns are known.
    // Throws Invalid for what is no file of this format, without the file's name. Rows that cannot
    // be read go to `rejects`, with row, line and raw text, and are counted as rows. What does not fit
    // into memory is spilled to `spool`.
    virtual std::unique_ptr<FileReader> reader(const Context&, InputStream& in, const SpoolPlace& spool,
                                               Rejects rejects) const = 0;
    // The same for rows as their origins have them (RowOrigin::raw), a line each and in UTF-8, behind
    // the header() of their file.
    virtual std::unique_ptr<FileReader> reader_of_raw_rows(const Context&, InputStream& in, Rejects rejects) const = 0;
    // Writes to `out`, which must outlive the writer and is not committed by it. Rows that this
    // format cannot express go to `rejects`, with the row's number in its source.
    virtual std::unique_ptr<RowWriter> writer(OutputStream& out, const Schema&, Rejects rejects) const = 0;
};

}  // namespace rowhaul
