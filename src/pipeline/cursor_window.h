// SPDX-License-Identifier: Apache-2.0
// Which rows of a source are new: those from the last cursor on, and those of the overlap before it that
// were not seen before. Remembers the rows near the new cursor for the next time.
#pragma once
#include "base/hash128.h"
#include "mapping/cursor_scale.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace rowhaul {

// What a run leaves behind for the next one.
struct CursorMemory {
    std::string kind;   // of the column
    std::string value;  // the greatest that was read, as CursorScale::text has it; empty = none was
    std::string low;    // from where the next run looks at rows once more; empty = as the overlap says
    std::string rows;   // of the overlap before it, and without a place: hash, count and value, a line each
    bool is_empty() const { return kind.empty(); }
};

// One thread takes rows, any may forget some.
class CursorWindow {
public:
    // Rows that are remembered at most.
    static constexpr std::size_t most_rows = 50'000;
    enum class Verdict : std::uint8_t { Outside, Repeated, Fresh };
    // Whether rows that were seen before go on all the same.
    enum class Repeats : std::uint8_t { LeftOut, GoOn };
    struct Limits {
        std::optional<Decimal> from;
        std::optional<Decimal> to;
    };

    CursorWindow(const CursorScale& scale, const CursorMemory& before, Limits limits, Repeats repeats);

    bool is_outside(const CursorScale::Place&) const;
    // Whether take() looks at the hash of such a row.
    bool needs_hash(const CursorScale::Place&) const;
    // A row that is not outside; rows are numbered upwards.
    Verdict take(const CursorScale::Place&, const Hash128&, std::uint64_t row);
    // The row did not arrive, and is new when it comes again.
    void forget(std::uint64_t row);
    bool has_taken_any() const { return has_taken_any_; }

    const std::optional<Decimal>& cursor() const { return cursor_; }
    // Once all rows were taken: false when there were more in the overlap than can be remembered.
    bool remembers_all();
    CursorMemory memory();

private:
    struct Known {
        CursorScale::Place place;
        std::uint32_t count = 0;
    };
    struct Entry {
        CursorScale::Place place;
        Hash128 hash;
        std::uint64_t row;
        bool arrives = true;
    };
    void read_known(const std::string& rows);
    void raise(const Decimal& cursor);
    void remember(const CursorScale::Place&, const Hash128&, std::uint64_t row);
    bool is_recent(const CursorScale::Place& place) const;
    void drop_passed();

    const CursorScale& scale_;
    const Limits limits_;
    const Repeats repeats_;
    std::unordered_map<Hash128, Known> known_;
    std::optional<Decimal> before_;
    std::optional<Decimal> left_from_;  // from where rows were to be looked at, and part of them is not
    std::optional<Decimal> cursor_;
    std::optional<Decimal> low_;  // the cursor less the overlap, or left_from_
    std::mutex access_;
    std::vector<Entry> entries_;  // by row
    std::optional<Decimal> forgotten_up_to_;
    bool has_forgotten_unplaced_ = false;
    bool has_taken_any_ = false;
};

}  // namespace rowhaul
