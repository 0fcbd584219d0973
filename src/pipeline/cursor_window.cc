// SPDX-License-Identifier: Apache-2.0
#include "mapping/cursor_window.h"

#include "base/error.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <iterator>
#include <map>

namespace rowhaul {

namespace {

constexpr std::size_t hash_digits = 32;

std::uint64_t from_hex(std::string_view digits) {
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return value;
}

}  // namespace

CursorWindow::CursorWindow(const CursorScale& scale, const CursorMemory& before, Limits limits, Repeats repeats)
    : scale_(scale), limits_(limits), repeats_(repeats) {
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
    read_known(before.rows);
}

void CursorWindow::raise(const Decimal& cursor) {
    cursor_ = cursor;
    low_ = scale_.lowered(cursor);
    if (left_from_ && compare(*left_from_, *low_) < 0) {
        low_ = left_from_;
    }
}

void CursorWindow::read_known(const std::string& rows) {
    for (std::size_t at = 0; at < rows.size();) {
        const auto end = std::min(rows.find('\n', at), rows.size());
        const auto line = std::string_view(rows).substr(at, end - at);
        const auto space = line.find(' ', hash_digits + 1);
        if (line.size() <= hash_digits || space == std::string_view::npos) {
            throw Error(ErrorKind::Internal, "the store holds rows of a cursor that cannot be read");
        }
        Known known;
        std::from_chars(line.data() + hash_digits + 1, line.data() + space, known.count);
        if (const auto value = line.substr(space + 1); !value.empty()) {
            known.place = {true, scale_.from_text(value)};
        }
        known_.emplace(Hash128{from_hex(line.substr(0, 16)), from_hex(line.substr(16, 16))}, known);
        at = end + 1;
    }
}

bool CursorWindow::is_outside(const CursorScale::Place& place) const {
    return place.is_placed && ((limits_.from && compare(place.value, *limits_.from) < 0) ||
                               (limits_.to && compare(place.value, *limits_.to) > 0));
}

bool CursorWindow::is_recent(const CursorScale::Place& place) const {
    return !place.is_placed || !low_ || compare(place.value, *low_) >= 0;
}

bool CursorWindow::needs_hash(const CursorScale::Place& place) const {
    return is_recent(place) || (!known_.empty() && before_ && compare(place.value, *before_) <= 0);
}

CursorWindow::Verdict CursorWindow::take(const CursorScale::Place& place, const Hash128& hash, std::uint64_t row) {
    has_taken_any_ = true;
    auto verdict = Verdict::Fresh;
    if (const auto known = needs_hash(place) ? known_.find(hash) : known_.end(); known != known_.end()) {
        verdict = repeats_ == Repeats::LeftOut ? Verdict::Repeated : Verdict::Fresh;
        if (--known->second.count == 0) {
            known_.erase(known);
        }
    }
    if (place.is_placed && (!cursor_ || compare(place.value, *cursor_) > 0)) {
        raise(place.value);
    }
    if (is_recent(place)) {
        remember(place, hash, row);
    }
    return verdict;
}

void CursorWindow::remember(const CursorScale::Place& place, const Hash128& hash, std::uint64_t row) {
    const std::lock_guard lock(access_);
    entries_.push_back({place, hash, row});
    if (entries_.size() > 2 * most_rows) {
        drop_passed();
    }
}

// Leaves not more than can be remembered.
void CursorWindow::drop_passed() {
    std::erase_if(entries_, [&](const Entry& entry) { return !is_recent(entry.place); });
    const auto has_no_place = [](const Entry& entry) { return !entry.place.is_placed; };
    if (static_cast<std::size_t>(std::ranges::count_if(entries_, has_no_place)) > most_rows) {
        has_forgotten_unplaced_ = true;
        std::erase_if(entries_, has_no_place);
    }
    if (entries_.size() > most_rows) {
        forgotten_up_to_ = cursor_;
        std::erase_if(entries_, [&](const Entry& entry) { return entry.place.is_placed; });
    }
}

void CursorWindow::forget(std::uint64_t row) {
    const std::lock_guard lock(access_);
    const auto found = std::ranges::lower_bound(entries_, row, {}, &Entry::row);
    if (found != entries_.end() && found->row == row) {
        found->arrives = false;
    }
}

bool CursorWindow::remembers_all() {
    const std::lock_guard lock(access_);
    drop_passed();
    return !has_forgotten_unplaced_ && !(forgotten_up_to_ && compare(*forgotten_up_to_, *low_) >= 0);
}

CursorMemory CursorWindow::memory() {
    CursorMemory memory{.kind = std::string(name_of(scale_.kind())), .value = {}, .low = {}, .rows = {}};
    if (cursor_) {
        memory.value = scale_.text(*cursor_);
        memory.low = scale_.text(*low_);
    }
    if (!remembers_all()) {
        return memory;
    }
    const std::lock_guard lock(access_);
    std::map<Hash128, Known> seen;
    // What was known and did not come again has changed or is gone, unless nobody looked for it.
    for (const auto& [hash, known] : known_) {
        if (is_outside(known.place) && is_recent(known.place)) {
            seen.emplace(hash, known);
        }
    }
    for (const auto& entry : entries_) {
        if (entry.arrives) {
            auto& known = seen[entry.hash];
            known.place = entry.place;
            ++known.count;
        }
    }
    for (const auto& [hash, known] : seen) {
        fmt::format_to(std::back_inserter(memory.rows), "{:016x}{:016x} {} {}\n", hash.high, hash.low, known.count,
                       known.place.is_placed ? scale_.text(known.place.value) : "");
    }
    return memory;
}

}  // namespace rowhaul
