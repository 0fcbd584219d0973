// SPDX-License-Identifier: Apache-2.0
// Which rows of a source are new: those from the last cursor on, and those of the overlap before it that
// were not seen before. Remembers the rows near the new cursor for the next time, however many they are:
// what does not fit into memory is spooled.
#pragma once
#include "base/context.h"
#include "base/hash128.h"
#include "mapping/cursor_scale.h"
#include "pipeline/known_rows.h"
#include "pipeline/met_rows.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rowhaul {

// What a run leaves behind for the next one, beside the rows that it remembers.
struct CursorMemory {
    std::string kind;   // of the column
    std::string value;  // the greatest that was read, as CursorScale::text has it; empty = none was
    std::string low;    // from where the next run looks at rows once more; empty = as the overlap says
    bool is_empty() const { return kind.empty(); }
};

// Takes rows that are remembered, as text: hash, count and value, a line each, by rising hashes. Lines are
// whole; there may be many calls.
using PutRemembered = std::function<void(std::string_view lines)>;

// One thread takes rows, any may forget some.
class CursorWindow {
public:
    enum class Verdict : std::uint8_t { Outside, Repeated, Fresh };
    // Whether the upper limit, and rows without a place, belong to what is looked at.
    enum class UpperEnd : std::uint8_t { Included, Excluded };
    enum class Unplaced : std::uint8_t { Included, Excluded };
    struct Limits {
        std::optional<Decimal> from;
        std::optional<Decimal> to;
        UpperEnd upper_end = UpperEnd::Included;
        Unplaced unplaced = Unplaced::Included;
        // From here on rows that were seen before go on all the same; nothing = none does.
        std::optional<Decimal> again_from;
    };

    CursorWindow(const CursorScale& scale, const CursorMemory& before, const Limits& limits, const SpoolPlace& spool);
    // What was remembered, before the first row is taken.
    void know(std::string_view lines);

    bool is_outside(const CursorScale::Place&) const;
    // Whether take() looks at the hash of such a row.
    bool needs_hash(const CursorScale::Place&) const;
    // A row that is not outside; rows are numbered upwards.
    Verdict take(const CursorScale::Place&, const Hash128&, std::uint64_t row);
    // The row did not arrive, and is new when it comes again.
    void forget(std::uint64_t row) { met_.forget(row); }
    bool has_taken_any() const { return has_taken_any_; }

    const std::optional<Decimal>& cursor() const { return cursor_; }
    CursorMemory memory() const;
    // Once all rows were taken.
    void each_remembered(const Context&, const PutRemembered& put) const;

private:
    void raise(const Decimal& cursor);
    bool is_recent(const CursorScale::Place& place) const;

    const CursorScale& scale_;
    const Limits limits_;
    const SpoolPlace spool_;
    KnownRows known_;
    MetRows met_;
    std::optional<Decimal> before_;
    std::optional<Decimal> left_from_;  // from where rows were to be looked at, and part of them is not
    std::optional<Decimal> cursor_;
    std::optional<Decimal> low_;  // the cursor less the overlap, or left_from_
    bool has_taken_any_ = false;
};

}  // namespace rowhaul
