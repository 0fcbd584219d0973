// SPDX-License-Identifier: Apache-2.0
// What the cells of a workbook mean: numbers without the noise of their binary form, and numbers that
// their format shows as dates and times.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace rowhaul {

enum class NumberKind : std::uint8_t { Number, Date, Time, Timestamp, Duration };

// By the number of a format that every workbook has (ECMA-376, part 1, 18.8.30, and its East Asian ones).
NumberKind kind_of_builtin_format(std::uint32_t id);
// By a format as its author wrote it: "dd.mm.yyyy;@", "[h]:mm".
NumberKind kind_of_format(std::string_view code);

// Appends a number as the file has it: all of its digits, but for those with which a binary number is
// written out beyond its precision (1.1000000000000001 becomes 1.1), and without an exponent if
// that takes no more than 25 digits. What is no number is appended as it is.
void append_number(std::string_view stored, std::string& out);

enum class DateEpoch : std::uint8_t { Year1900, Year1904 };

// Appends a number of days as its canonical date, time of day, timestamp or duration, to the
// millisecond; false, appending nothing, where there is no such day (the 29th of February 1900, negative
// dates, years beyond 9999). A date with a time of day is a timestamp, whatever its format hides.
bool append_date(std::string_view stored, NumberKind, DateEpoch, std::string& out);

// Appends a date in ISO 8601, as some programs store it, in canonical form.
void append_iso_date(std::string_view stored, std::string& out);

// Appends the text of a cell, in which _x000D_ stands for the character of that number.
void append_cell_text(std::string_view stored, std::string& out);

}  // namespace rowhaul
