// SPDX-License-Identifier: Apache-2.0
// Stands between the mapping and the target of a run and decides which rows go on: it may leave rows
// out, hold them back until the source has ended, and is told what became of the others.
#pragma once
#include "base/context.h"
#include "data/batch.h"
#include "data/rows.h"
#include "data/schema.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

// Rows that did not go on, and why; the accounts need them (P1).
struct SiftedRows {
    std::uint64_t unchanged = 0;
    std::uint64_t skipped = 0;
    std::uint64_t retried = 0;  // of those that were read: records that had failed before
};

// The exact parts of a key; nothing = NULL, or it cannot be computed.
using KeyCells = std::vector<std::optional<std::string>>;

// begin, any number of pass and rejected, release: on one thread. Rejects of the target come at any
// time after begin.
class RowSieve {
public:
    virtual ~RowSieve() = default;
    // Takes keys, a column for each of their fields, of rows that are left out although they are there.
    using Present = std::function<void(const Batch& keys)>;
    // What rows are like, and where the fields of their key stand. `present` may be empty.
    virtual void begin(const Context&, const Schema& schema, const std::vector<std::size_t>& key, Present present) = 0;
    // The rows of a mapped batch that go on now: the batch itself, or one that is valid until the next call.
    virtual const Batch& pass(const Context&, const Batch&) = 0;
    // A row that the mapping rejected, and therefore never passes.
    virtual void rejected_by_mapping(const Reject&, const KeyCells& key) = 0;
    virtual void rejected_by_target(const Reject&) = 0;
    // The source has ended, `unreadable` rows of it having no key that anybody knows: hands on what was
    // held back, and rejects what turned out to be of no use.
    virtual void release(const Context&, std::uint64_t unreadable, const std::function<void(const Batch&)>& write,
                         const Rejects& reject) = 0;
    // Complete after release.
    virtual SiftedRows sifted() const = 0;
    virtual std::vector<Warning> warnings() const = 0;
};

}  // namespace rowhaul
