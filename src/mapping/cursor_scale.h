// SPDX-License-Identifier: Apache-2.0
// The order of a cursor column, the same as its database has it: values become numbers, of which a
// distance can be taken away.
#pragma once
#include "data/batch.h"
#include "data/schema.h"
#include "expression/condition.h"
#include "expression/decimal.h"
#include "expression/zone.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowhaul {

// How far behind the cursor rows are looked at once more.
struct Overlap {
    enum class Unit : std::uint8_t { Time, Number } unit = Unit::Number;
    Decimal amount;  // Time: seconds
};

// "5m", "90s", "2h", "1d", or a number; nothing for anything else.
std::optional<Overlap> parse_overlap(std::string_view text);

class CursorScale {
public:
    // Where a row stands; without a place: NULL, NaN, infinity, a date that does not exist.
    struct Place {
        bool is_placed = false;
        Decimal value;
    };
    enum class Edge : std::uint8_t { Lower, Upper };

    // The overlap is 5 minutes for dates and moments and nothing for numbers if it is not given. Throws
    // Invalid for a column whose order is not the same everywhere, and for an overlap that is not of
    // its kind.
    CursorScale(const Column& column, const std::optional<Overlap>& overlap, std::string_view zone);

    Kind kind() const { return kind_; }
    // Nothing for what is no value of the column's type, or has more than 38 digits.
    std::optional<Place> place_of(Cell cell) const;
    // The same less the overlap; of dates, whole days.
    Decimal lowered(const Decimal& value) const;
    bool is_of_time() const;
    // The overlap of times if none is given, and as much longer.
    void widen_default(std::chrono::microseconds by);
    // As few rows as a limit in a database may keep back: its fractions of seconds may have more digits.
    KnownValue lower_limit(const Decimal& value) const;
    KnownValue upper_limit(const Decimal& value) const;
    // Canonical; moments with a zone in UTC.
    std::string text(const Decimal& value) const;
    // Reads what text() wrote.
    Decimal from_text(std::string_view text) const;
    // What a person gives as a limit: a day is meant whole, and a moment without a zone in `zone`.
    // Throws Invalid, naming the option.
    Decimal limit(std::string_view text, Edge edge, std::string_view option) const;

    // One of the pieces of a range, counted from 0: each is as long as the span, the last one no longer. Values
    // belong to one piece each.
    struct Chunk {
        std::uint64_t number = 0;
        std::uint64_t of = 1;
        Decimal from;
        Decimal to;  // included in the last piece only
        bool is_last() const { return number + 1 == of; }
    };
    // Throws Invalid, naming --chunk, for a span that is not of the column's kind and for too many pieces.
    Chunk chunk(const Decimal& from, const Decimal& to, const Overlap& span, std::uint64_t number) const;

private:
    std::optional<Decimal> moment(std::string_view text) const;
    Decimal step_of(const Overlap& span) const;

    Kind kind_;
    std::string column_;
    std::string zone_;
    Decimal overlap_;
};

}  // namespace rowhaul
