// SPDX-License-Identifier: Apache-2.0
// From rows of the binary protocol to canonical cells, without an allocation per row. The text
// protocol would be simpler and wrong: it prints FLOAT with six digits (16777216 as 16777200).
#pragma once
#include "data/batch.h"
#include "data/rows.h"
#include "data/schema.h"
#include "database/mysql_options.h"

#include <array>
#include <cstdint>
#include <mysql.h>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rowhaul {

// The columns of a result as Rowhaul sees them.
Schema mysql_schema(std::span<const MYSQL_FIELD>, ZeroDates);

class MysqlRowDecoder {
public:
    // Column i of the batch gets the field `places[i]`.
    MysqlRowDecoder(std::span<const MYSQL_FIELD>, std::span<const std::size_t> places, ZeroDates);

    // Makes room for up to Batch::max_rows rows in an empty batch; it must stay where it is until
    // finish().
    void start(Batch&, std::uint64_t first_row);
    // Takes one row; false when the batch is full with it. Throws Unavailable when the row does not
    // have the shape its fields promise, Invalid for a date that does not exist under ZeroDates::Error.
    bool add(std::string_view packet);
    void finish();

    std::vector<Warning> warnings() const;

private:
    static constexpr std::size_t skipped = SIZE_MAX;
    enum class Kind : std::uint8_t {
        Nothing,
        Tiny,
        UnsignedTiny,
        Short,
        UnsignedShort,
        Long,
        UnsignedLong,
        LongLong,
        UnsignedLongLong,
        Float,
        Double,
        Text,
        Bytes,
        Bit,
        Date,
        Timestamp,
        TimestampUtc,
        Time
    };
    struct Field {
        Kind kind = Kind::Nothing;
        std::uint8_t size = 0;         // bytes on the wire; 0 = preceded by their length
        std::uint8_t fraction = 0;     // digits after the second
        std::uint8_t padding = 0;      // digits, for ZEROFILL
        std::size_t target = skipped;  // column of the batch
        Cell* cells = nullptr;
        std::string name;
    };
    struct Moment;

    static Field field_of(const MYSQL_FIELD&);
    static std::size_t widest_text(const Field&);
    std::string_view take_value(const Field&, const char*& at, const char* end) const;
    Cell convert(const Field&, std::string_view value);
    template <class Number>
    Cell number(const Field&, std::string_view value);
    Cell padded(const Field&, const char* begin);
    Cell bytes(std::string_view value);
    Cell bit(std::string_view value);
    Cell date(const Field&, std::string_view value);
    Cell time(const Field&, std::string_view value);
    Cell no_such_date(const Field&, Cell text);

    std::vector<Field> fields_;
    std::vector<std::pair<std::size_t, std::size_t>> copies_;  // columns that repeat another: from, to
    ZeroDates zero_dates_;
    std::size_t fixed_bound_ = 0;  // most text that the fields of fixed size can become
    std::size_t growth_ = 1;       // how much longer than the row the texts of the others can be
    Batch* batch_ = nullptr;
    std::size_t row_ = 0;
    std::uint64_t first_row_ = 1;
    char* out_ = nullptr;        // where the next text goes
    std::ptrdiff_t copied_ = 0;  // from the packet to its copy in the batch
    std::uint64_t zero_dates_seen_ = 0;
    std::string zero_date_column_;
};

}  // namespace rowhaul
