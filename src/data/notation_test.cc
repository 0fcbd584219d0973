// SPDX-License-Identifier: Apache-2.0
#include "data/notation.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

std::string number(std::string_view sample, std::string_view canonical) {
    std::string out;
    NumberNotation(sample).append(canonical, out);
    return out;
}

std::string date(std::string_view pattern, std::string_view canonical) {
    std::string out;
    DateNotation(pattern).append(canonical, out);
    return out;
}

TEST(NumberNotation, ReadsTheMarksOffASample) {
    EXPECT_EQ(number("1.234,56", "-1234567.890"), "-1.234.567,890");
    EXPECT_EQ(number("1’234.50", "1234567"), "1’234’567");
    EXPECT_EQ(number("1'234.50", "1234.5"), "1'234.5");
    EXPECT_EQ(number("1 234,5", "1000000.01"), "1 000 000,01");
    EXPECT_EQ(number("1234,56", "1234567.89"), "1234567,89");
    EXPECT_EQ(number("0,00", "1234.5"), "1234,5");
    EXPECT_TRUE(NumberNotation("1234.56").is_canonical());
    EXPECT_FALSE(NumberNotation("1,234.56").is_canonical());
}

TEST(NumberNotation, KeepsEveryDigit) {
    EXPECT_EQ(number("1.234,56", "0"), "0");
    EXPECT_EQ(number("1.234,56", "-0.00"), "-0,00");
    EXPECT_EQ(number("1.234,56", "999"), "999");
    EXPECT_EQ(number("1.234,56", "00042"), "00042");
    EXPECT_EQ(number("1.234,56", "123456789012345678901234567890.5"), "123.456.789.012.345.678.901.234.567.890,5");
    EXPECT_EQ(number("1.234,56", "1.5e+20"), "1,5e+20");
    EXPECT_EQ(number("1.234,56", "12345e-7"), "12345e-7");
}

TEST(NumberNotation, LeavesWhatIsNoNumber) {
    for (const std::string_view text :
         {"NaN", "Infinity", "-Infinity", "", "-", "abc", "1.", ".5", "1.2.3", "12 EUR"}) {
        EXPECT_EQ(number("1.234,56", text), text);
    }
}

TEST(NumberNotation, RefusesASampleThatShowsTooLittle) {
    for (const std::string_view sample :
         {"", "1234", "1.234.567,00", "1.23,45", "1.234.56", "abc", ",5", "1,", "1.234,"}) {
        EXPECT_THROW(NumberNotation{sample}, Error) << sample;
    }
}

TEST(DateNotation, RearrangesTheParts) {
    EXPECT_EQ(date("dd.mm.yyyy", "2026-11-02"), "02.11.2026");
    EXPECT_EQ(date("d.m.yy", "2026-01-02"), "2.1.26");
    EXPECT_EQ(date("mm/dd/yyyy", "12026-11-02"), "11/02/12026");
    EXPECT_EQ(date("dd.mm.yyyy HH:MM:SS", "2026-11-02 03:04:05.678+01:00"), "02.11.2026 03:04:05");
    EXPECT_EQ(date("yyyy-mm-dd'T'HH:MM:SS.fz", "2026-11-02 03:04:05.678+01:00"), "2026-11-02T03:04:05.678+01:00");
    EXPECT_EQ(date("yyyy-mm-dd'T'HH:MM:SS.fz", "2026-11-02 03:04:05"), "2026-11-02T03:04:05");
    EXPECT_EQ(date("HH:MM:SS,fff", "03:04:05.6789"), "03:04:05,678");
    EXPECT_EQ(date("HH:MM:SS,fff", "03:04:05"), "03:04:05,000");
    EXPECT_EQ(date("H'h'MM", "03:04:05"), "3h04");
    EXPECT_EQ(date("HH:MM:SS", "-838:59:59"), "-838:59:59");
    EXPECT_EQ(date("dd.mm.yyyy", "2026-11-02 03:04:05"), "02.11.2026");
    EXPECT_EQ(date("yyyy''mm", "2026-11-02"), "2026'11");
}

TEST(DateNotation, LeavesWhatThePatternCannotSay) {
    for (const std::string_view text :
         {"infinity", "-infinity", "0044-03-15 BC", "0044-03-15 12:00:00 BC", "", "2026", "2026-1-2", "hello", "-"}) {
        EXPECT_EQ(date("dd.mm.yyyy", text), text);
    }
    EXPECT_EQ(date("dd.mm.yyyy HH:MM", "2026-11-02"), "2026-11-02");
    EXPECT_EQ(date("dd.mm.yyyy", "03:04:05"), "03:04:05");
}

TEST(DateNotation, RefusesWhatItDoesNotKnow) {
    for (const std::string_view pattern :
         {"", "...", "DD.MM.YYYY", "yyy", "dd.mmm.yyyy", "hh:mm", "yyyy'T", "ffffffffff"}) {
        EXPECT_THROW(DateNotation{pattern}, Error) << pattern;
    }
}

}  // namespace
}  // namespace rowhaul
