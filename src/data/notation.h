// SPDX-License-Identifier: Apache-2.0
// How people write numbers and dates, given as they write them: "1.234,56", "dd.mm.yyyy HH:MM:SS".
// Turns canonical cells (data/schema.h) into such texts, on the text alone: no value ever passes
// through floating point or a calendar.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// How a file writes values that are no plain texts; each empty where they are canonical.
struct ValueNotations {
    std::string numbers;  // a sample, for NumberNotation
    std::string dates;    // patterns, for DateNotation
    std::string times;
    std::string timestamps;
    std::string true_text;  // both or none
    std::string false_text;
};

// Read off a sample number: one that shows what stands before the decimals and, optionally, between
// the thousands: "1234,56", "1.234,56", "1’234.50", "1 234,56". The digits themselves do not matter.
class NumberNotation {
public:
    // Throws Invalid when the sample does not show a decimal mark, or shows the same mark twice.
    explicit NumberNotation(std::string_view sample);

    // Appends an Integer, Decimal or Float. Digits are neither added nor dropped: scale, exponent
    // ("1.5e+20") and a source's leading zeros stay, and only the marks change. NaN, infinities
    // and whatever is no number stay as they are.
    void append(std::string_view canonical, std::string& out) const;

    // The other way round: appends the canonical text of a number that is written so, also without
    // its thousands kept apart and with a space or sign before it. False, with nothing appended, when
    // it is not: marks at other places than between thousands are no slip to be overlooked.
    bool read(std::string_view written, std::string& out) const;

    std::string_view decimal_mark() const { return decimal_mark_; }
    std::string_view grouping() const { return grouping_; }  // empty = thousands stay together
    bool is_canonical() const { return decimal_mark_ == "." && grouping_.empty(); }

private:
    std::string decimal_mark_;
    std::string grouping_;
};

// A pattern for Date, Time, Timestamp and TimestampZoned cells:
//   yyyy yy      year with four (or more) or two digits     HH H   hour, also beyond 24
//   mm m         month with two digits or as few as it needs  MM   minute
//   dd d         day                                          SS   second
//   f            the fraction of the second as it is; a '.' or ',' before it is left out with it
//   ff...f       the fraction with that many digits (2 to 9), cut or filled up
//   z            the offset from UTC ("+01:00"); nothing for cells without one
// Anything else stands for itself, except other ASCII letters, which must be quoted with
// apostrophes: "yyyy-mm-dd'T'HH:MM:SS". What a pattern does not name is not written.
class DateNotation {
public:
    // Throws Invalid, saying which letters it does not know.
    explicit DateNotation(std::string_view pattern);

    // Appends a cell. Infinities, years BC and whatever lacks a part that the pattern names (a date
    // where hours are wanted, a text that is no date) stay as they are.
    void append(std::string_view canonical, std::string& out) const;

    // The other way round: appends the canonical text of a date or time that is written so. Years of
    // two digits are 1970 to 2069; parts that the pattern does not name are the first of their kind.
    // False, with nothing appended, when the text does not follow the pattern; whether such a day
    // exists is not looked at.
    bool read(std::string_view written, std::string& out) const;

    bool has_date() const { return has_date_; }
    bool has_time() const { return has_time_; }

private:
    enum class Part : std::uint8_t {
        Literal,
        Year,
        ShortYear,
        Month,
        BareMonth,
        Day,
        BareDay,
        Hour,
        BareHour,
        Minute,
        Second,
        FractionAsIs,
        Fraction,
        Offset
    };
    struct Piece {
        Part part;
        std::string literal;     // Literal: itself; FractionAsIs: the mark before it
        std::size_t digits = 0;  // Fraction
    };
    // The parts of one canonical cell; empty where it has none.
    struct Fields;

    void add_literal(std::string_view text);
    void add_letters(std::string_view pattern, std::string_view letters);
    static bool split(std::string_view canonical, Fields& fields);
    static char* put_piece(const Piece&, const Fields&, char* to);
    static bool read_piece(const Piece&, std::string_view& rest, Fields&);

    std::vector<Piece> pieces_;
    std::size_t longest_literals_ = 0;  // bytes that do not come from the cell
    bool has_date_ = false;
    bool has_time_ = false;
};

}  // namespace rowhaul
