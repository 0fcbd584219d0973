// SPDX-License-Identifier: Apache-2.0
// to_char and to_date: PostgreSQL's patterns for dates and numbers, in English.
#pragma once
#include "expression/calendar.h"
#include "expression/decimal.h"

#include <optional>
#include <string>
#include <string_view>

namespace rowhaul {

// YYYY YYY YY Y IYYY MM Mon MON mon Month MONTH month DD DDD D ID Day DAY day DY Dy dy IW WW Q CC HH HH12
// HH24 MI SS MS US AM PM am pm, each also with FM before it or TH after a number; text between double
// quotes and all other characters stand for themselves.
void append_date(std::string& out, const CivilTime& time, std::string_view pattern);

// YYYY YY MM DD Mon Month HH24 HH12 HH MI SS MS US AM PM; white space and signs between them are taken
// loosely. Nothing when the text does not fit.
std::optional<CivilTime> parse_by_pattern(std::string_view text, std::string_view pattern);

// 9 0 . , D G FM S MI: what is wrong with such a pattern, or nothing.
std::string number_pattern_problem(std::string_view pattern);
void append_number(std::string& out, const Decimal& value, std::string_view pattern, DecimalPool&);

}  // namespace rowhaul
