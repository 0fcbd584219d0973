// SPDX-License-Identifier: Apache-2.0
// Rows in motion: read batch by batch, written batch by batch.
#pragma once
#include "base/context.h"
#include "data/batch.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace rowhaul {

// One row that did not arrive, and why. A bad row is data, not an error.
struct Reject {
    std::uint64_t row = 0;  // counted from 1 in its source
    std::string reason;     // stable code: "unencodable_text"
    std::string field;      // column that is to blame; empty for the whole row
    std::string value;      // its text, shortened
    std::string message;    // for people
    std::string key;        // of the row, where the mapping has one
    // Of rows that come from a file:
    std::string file;
    std::uint64_t line = 0;  // on which the row begins, counted from 1; 0 = not known
    std::string raw;         // the row as it stood there, in UTF-8, without its line end
};
// Callable from the thread that writes or reads.
using Rejects = std::function<void(Reject)>;

// Which rows that were read and do not go on somebody has to hear of.
enum class LeftOut : std::uint8_t { None, Rejected, RejectedAndFiltered };

// Something a person should know although every row arrived; counted, told once a code.
struct Warning {
    std::string code;  // stable: "zero_date_as_null"
    std::string message;
    std::uint64_t count = 1;
};

class RowReader {
public:
    virtual ~RowReader() = default;
    // Replaces the content of `out` (as wide as the schema) with the next rows; false at the end,
    // with `out` empty. A source that breaks off throws: the end is only ever the true end.
    virtual bool next(const Context&, Batch& out) = 0;
    // What was noticed so far; complete after the end.
    virtual std::vector<Warning> warnings() const { return {}; }
    // What the source checked before it handed out rows, in its own words: rows that do not meet it
    // are kept back. Empty = nothing.
    virtual std::string pushed_rule() const { return {}; }
};

class RowWriter {
public:
    virtual ~RowWriter() = default;
    // Takes every row, or hands it to the Rejects it was opened with.
    virtual void write(const Context&, const Batch&) = 0;
    // No more rows will come: writes what is still held back and any trailer. Called once.
    virtual void finish(const Context&) = 0;
};

}  // namespace rowhaul
