// SPDX-License-Identifier: Apache-2.0
#include "pipeline/cursor_window.h"

#include "base/error.h"
#include "io/hash_sorter.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <iterator>

namespace rowhaul {

namespace {

constexpr std::size_t hash_digits = 32;
constexpr std::size_t most_lines_bytes = std::size_t{1} << 20;

std::uint64_t from_hex(std::string_view digits) {
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return value;
}

}  // namespace

CursorWindow::CursorWindow(const CursorScale& scale, const CursorMemory& before, const Limits& limits,
                           const SpoolPlace& spool)
    : scale_(scale), limits_(limits), spool_(spool), known_(spool), met_(spool) {
    if (!before.value.empty()) {
        before_ = scale.from_text(before.value);
        raise(*before_);
    }
    if (!before.low.empty()) {
        const auto low = scale.from_text(before.low);
        // Who begins beyond the cursor gives up what lies before, for good.
        const bool begins_later = limits.from && compare(low, *limits.from) < 0 && compare(*limits.from, *before_) <= 0;
        const bool ends_earlier = limits.to && compare(*limits.to, *low_) < 0;
        if (begins_later || ends_earlier) {
            left_from_ = low;
            raise(*before_);
        }
    }
}

void CursorWindow::raise(const Decimal& cursor) {
    cursor_ = cursor;
    low_ = scale_.lowered(cursor);
    if (left_from_ && compare(*left_from_, *low_) < 0) {
        low_ = left_from_;
    }
    const auto& first_remembered = left_from_ ? left_from_ : limits_.from;
    if (first_remembered && compare(*low_, *first_remembered) < 0) {
        low_ = first_remembered;
    }
}

void CursorWindow::know(std::string_view lines) {
    while (!lines.empty()) {
        const auto line = lines.substr(0, lines.find('\n'));
        const auto space = line.find(' ', hash_digits + 1);
        if (line.size() <= hash_digits || space == std::string_view::npos) {
            throw Error(ErrorKind::Internal, "the store holds rows of a cursor that cannot be read");
        }
        std::uint64_t count = 0;
        std::from_chars(line.data() + hash_digits + 1, line.data() + space, count);
        CursorScale::Place place;
        if (const auto value = line.substr(space + 1); !value.empty()) {
            place = {true, scale_.from_text(value)};
        }
        known_.add({place, {from_hex(line.substr(0, 16)), from_hex(line.substr(16, 16))}, count});
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    }
}

bool CursorWindow::is_outside(const CursorScale::Place& place) const {
    if (!place.is_placed) {
        return limits_.unplaced == Unplaced::Excluded;
    }
    if (limits_.from && compare(place.value, *limits_.from) < 0) {
        return true;
    }
    const int beside_end = limits_.to ? compare(place.value, *limits_.to) : -1;
    return beside_end > 0 || (beside_end == 0 && limits_.upper_end == UpperEnd::Excluded);
}

bool CursorWindow::is_recent(const CursorScale::Place& place) const {
    return !place.is_placed || !low_ || compare(place.value, *low_) >= 0;
}

bool CursorWindow::needs_hash(const CursorScale::Place& place) const {
    return is_recent(place) || (!known_.empty() && before_ && compare(place.value, *before_) <= 0);
}

CursorWindow::Verdict CursorWindow::take(const CursorScale::Place& place, const Hash128& hash, std::uint64_t row) {
    has_taken_any_ = true;
    const bool was_known = needs_hash(place) && known_.take(hash);
    if (place.is_placed && (!cursor_ || compare(place.value, *cursor_) > 0)) {
        raise(place.value);
    }
    if (is_recent(place)) {
        met_.add({place, hash, row}, low_);
    }
    const bool goes_on_again =
        limits_.again_from && (!place.is_placed || compare(place.value, *limits_.again_from) >= 0);
    return was_known && !goes_on_again ? Verdict::Repeated : Verdict::Fresh;
}

CursorMemory CursorWindow::memory() const {
    CursorMemory memory{.kind = std::string(name_of(scale_.kind())), .value = {}, .low = {}};
    if (cursor_) {
        memory.value = scale_.text(*cursor_);
        memory.low = scale_.text(*low_);
    }
    return memory;
}

void CursorWindow::each_remembered(const Context& context, const PutRemembered& put) const {
    HashSorter rows(spool_);
    // What was known and did not come again has changed or is gone, unless nobody looked for it.
    known_.each([&](const SpooledRow& row) {
        if (is_outside(row.place()) && is_recent(row.place())) {
            rows.add(row.hash, row.bytes());
        }
    });
    met_.each(low_, [&](SpooledRow row) {
        row.number = 1;
        rows.add(row.hash, row.bytes());
    });
    std::string lines;
    rows.visit(context, [&](const Hash128& hash, const HashSorter::Records& records) {
        std::uint64_t count = 0;
        CursorScale::Place place;
        records.each([&](std::string_view record) {
            const auto row = SpooledRow::from(record);
            count += row.number;
            place = row.place();
        });
        fmt::format_to(std::back_inserter(lines), "{:016x}{:016x} {} {}\n", hash.high, hash.low, count,
                       place.is_placed ? scale_.text(place.value) : "");
        if (lines.size() >= most_lines_bytes) {
            put(lines);
            lines.clear();
        }
    });
    if (!lines.empty()) {
        put(lines);
    }
}

}  // namespace rowhaul
