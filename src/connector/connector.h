// SPDX-License-Identifier: Apache-2.0
// A connector joins Rowhaul to one kind of system. Rows leave it through a Source and enter it
// through a Target; the pipeline knows nothing else.
#pragma once
#include "base/error.h"
#include "data/notation.h"
#include "data/rows.h"
#include "data/schema.h"
#include "expression/column_range.h"
#include "expression/condition.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

// One file that a source took in, or met.
struct SourceFile {
    std::string name;
    std::uint64_t bytes = 0;  // as they lie there
    std::uint64_t rows = 0;   // delivered, those of `rejected` not among them
    std::uint64_t rejected = 0;
    std::string sha256;  // lowercase hex; empty when it was not read to its end
    std::optional<std::chrono::sys_seconds> modified;
    std::chrono::sys_seconds seen{};  // when reading began, by our clock
    std::string header;               // what names the columns, as it stands there
    std::string moved_to;
    std::string problem;  // why none of its rows count; empty when they do
};

// prepare, schema, offer_rule and offer_range, open, conclude: in this order. set_aside may send a run back to its
// start.
class Source {
public:
    virtual ~Source() = default;
    // What a person calls it: table name, first words of a query, file name.
    virtual std::string object() const = 0;
    // Looks whether there is anything to read. False: there is not, for a reason that warnings() tells.
    virtual bool prepare(const Context&) { return true; }
    // All columns that the source offers.
    virtual Schema schema(const Context&) = 0;
    // Of the rows that open() reads only those matter that meet the rule, or in which it fails. The
    // source may keep back any others; its reader says what it checks.
    virtual void offer_rule(const Condition&) {}
    // Only rows in this range matter; the source may keep back any others.
    virtual void offer_range(const ColumnRange&) {}
    // For how long the oldest transaction that is seen has been open and may still bring rows to it; 0 when
    // none is seen, though one may be open. Asked before open().
    virtual std::chrono::microseconds oldest_transaction(const Context&) { return {}; }
    // Why columns may not be found, and what to set then; empty when the source has no idea.
    virtual std::string doubt() const { return {}; }
    // How its values are written where a field gives them a type and does not say it itself.
    virtual ValueNotations notations() const { return {}; }
    // Reads the named columns in this order; batches are as wide as `columns`. Rows that cannot be
    // read go to `rejects`, on the thread that reads.
    virtual std::unique_ptr<RowReader> open(const Context&, const std::vector<std::string>& columns,
                                            Rejects rejects) = 0;
    // How many rows to expect, where the source knows without reading them; for progress.
    virtual std::optional<std::uint64_t> estimate(const Context&) { return {}; }
    // What was read, and what could not be; complete after the reader's end.
    virtual std::vector<SourceFile> files() const { return {}; }
    virtual std::vector<Warning> warnings() const { return {}; }
    // Parts of it, such as files, that were to be read this time and were not; complete after the
    // reader's end.
    virtual std::uint64_t unread_parts() const { return 0; }
    // Rows that were read and left out because the target got them before; complete after the reader's end.
    virtual std::uint64_t repeated_rows() const { return 0; }
    // After reading failed: true when only a part of the source is to blame and the rest can be read
    // without it, from the start and into a new target.
    virtual bool set_aside(const Error&) { return false; }
    // The rows have arrived and are on record. What cannot be done any more becomes a warning.
    virtual void conclude(const Context&) {}
};

// One file that a target made.
struct FileRecord {
    std::string name;
    std::uint64_t bytes = 0;
    std::uint64_t rows = 0;
    std::string md5;  // lowercase hex of the bytes as they lie there (compressed, if so)
    std::string sha256;
};

// What becomes of the rows that were handed to a target.
struct Delivery {
    std::uint64_t created = 0;
    std::uint64_t updated = 0;
    std::uint64_t unchanged = 0;
    std::uint64_t skipped = 0;
    std::uint64_t deleted = 0;
    std::vector<std::string> deleted_keys;  // the first few of them
    std::vector<FileRecord> files;          // under the names they are to get
    std::vector<Warning> warnings;
};

// Publishing broke off at a moment when it may have happened. What is true is asked for by
// Connection::has_arrived before the mapping runs again.
class OutcomeUnknown : public Error {
public:
    OutcomeUnknown(const Error& failure, std::string message) : Error(failure.kind(), std::move(message)) {
        advise("The next run finds out and goes on from there.");
    }
};

// prepare, one writer until it is finished, complete, publish: in this order, each once. Destroyed
// before publish(), a target leaves nothing visible and cleans up after itself.
class Target {
public:
    virtual ~Target() = default;
    virtual std::string object() const = 0;
    // The columns that it has, of what types, for fields to become; none when it takes what it gets.
    virtual Schema wanted(const Context&) { return {}; }
    // The columns that it has already and rows had better fit, for who proposes fields. Before prepare().
    virtual Schema columns(const Context& context) { return wanted(context); }
    // Of a source of which every column is taken: the names of those that this target leaves out. After wanted().
    virtual std::vector<std::string> left_out(const Schema&) { return {}; }
    virtual void prepare(const Context&, const Schema&) = 0;
    virtual std::unique_ptr<RowWriter> writer(const Context&, Rejects) = 0;
    // Which rows that never reach its writer it has to hear of, because it takes away what its source no
    // longer has.
    virtual LeftOut bystanders() const { return LeftOut::None; }
    // Rows with these keys, a column for each field of the key, were delivered and do not arrive. Where
    // a part is NULL nobody knows the key. While there is a writer that is not finished, by its thread.
    virtual void note_present(const Context&, const Batch&) {}
    // Rows whose key nobody knows, or that many parts of the source that could not be read.
    virtual void note_unreadable(std::uint64_t) {}
    // Everything has arrived and was verified, still invisible: the accounts are checked on this
    // before anything is published.
    virtual Delivery complete(const Context&) = 0;
    // Makes it visible, or in a test run throws it away; returns the files under the names they got.
    // Throws OutcomeUnknown when it cannot tell whether it did.
    virtual std::vector<FileRecord> publish(const Context&) = 0;
    // Bytes that left so far; for progress. Callable from any thread.
    virtual std::uint64_t bytes() const { return 0; }
};

// Gives back what an execution changed: complete(), publish(), each once. Destroyed before publish(), it
// leaves everything as it is.
class Undoing {
public:
    virtual ~Undoing() = default;
    virtual std::string object() const = 0;
    // All is given back, still invisible: `created` counts records that were deleted and are there again,
    // `updated` those that are as they were, `deleted` those that were created and are gone. Throws Conflict,
    // naming them, when records were changed since.
    virtual Delivery complete(const Context&) = 0;
    // Makes it visible, or in a test throws it away. Throws OutcomeUnknown when it cannot tell whether it did.
    virtual void publish(const Context&) = 0;
};

}  // namespace rowhaul
