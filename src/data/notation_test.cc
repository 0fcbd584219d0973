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

std::string number_read(std::string_view sample, std::string_view written) {
    std::string out;
    return NumberNotation(sample).read(written, out) ? out : "no:" + out;
}

TEST(NumberNotation, reads_what_people_write) {
    EXPECT_EQ(number_read("1.234,56", "1.234,56"), "1234.56");
    EXPECT_EQ(number_read("1.234,56", "1234,5"), "1234.5");
    EXPECT_EQ(number_read("1.234,56", " -0,50 "), "-0.50");
    EXPECT_EQ(number_read("1.234,56", "+1.000.000"), "1000000");
    EXPECT_EQ(number_read("1.234,56", ",5"), "0.5");
    EXPECT_EQ(number_read("1.234,56", "007"), "7");
    EXPECT_EQ(number_read("1’234.50", "1'234’567.8"), "1234567.8");
    EXPECT_EQ(number_read("1 234,56", "1\u00a0234\u202f567,8"), "1234567.8");
    EXPECT_EQ(number_read("1,5", "−3"), "-3");
}

TEST(NumberNotation, does_not_guess) {
    for (const auto* wrong :
         {"1.5", "1.23,4", "12.34.567", "1,234,56", "", "-", ",", "abc", "1 000", "1.", "1.234.", "1e5"}) {
        EXPECT_EQ(number_read("1.234,56", wrong), "no:") << wrong;
    }
    EXPECT_EQ(number_read("1234.56", "1,234.5"), "no:");
}

std::string date_read(std::string_view pattern, std::string_view written) {
    std::string out;
    return DateNotation(pattern).read(written, out) ? out : "no:" + out;
}

TEST(DateNotation, reads_what_people_write) {
    EXPECT_EQ(date_read("dd.mm.yyyy", "01.03.2024"), "2024-03-01");
    EXPECT_EQ(date_read("d.m.yy", "1.3.24"), "2024-03-01");
    EXPECT_EQ(date_read("d.m.yy", "31.12.70"), "1970-12-31");
    EXPECT_EQ(date_read("dd.mm.yyyy HH:MM:SS", " 01.03.2024 13:45:59 "), "2024-03-01 13:45:59");
    EXPECT_EQ(date_read("yyyymmdd", "20240301"), "2024-03-01");
    EXPECT_EQ(date_read("yyyy-mm-dd'T'HH:MM:SS.fz", "2024-03-01T13:45:59.123Z"), "2024-03-01 13:45:59.123+00:00");
    EXPECT_EQ(date_read("yyyy-mm-dd'T'HH:MM:SS.fz", "2024-03-01T13:45:59-05:30"), "2024-03-01 13:45:59-05:30");
    EXPECT_EQ(date_read("H:MM", "9:05"), "09:05:00");
}

TEST(DateNotation, does_not_guess_either) {
    for (const auto* wrong : {"1.3.2024", "01.03.24", "01.03.2024 ", "2024-03-01", "", "01.03.20245", "01.xx.2024"}) {
        const bool is_padded = std::string_view(wrong).ends_with(' ');
        EXPECT_EQ(date_read("dd.mm.yyyy", wrong), is_padded ? "2024-03-01" : "no:") << wrong;
    }
}

}  // namespace
}  // namespace rowhaul
