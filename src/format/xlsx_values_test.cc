// SPDX-License-Identifier: Apache-2.0
#include "format/xlsx_values.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

std::string number(std::string_view stored) {
    std::string out;
    append_number(stored, out);
    return out;
}

std::string date(std::string_view stored, NumberKind kind, DateEpoch epoch = DateEpoch::Year1900) {
    std::string out;
    return append_date(stored, kind, epoch, out) ? out : "none";
}

std::string cell_text(std::string_view stored) {
    std::string out;
    append_cell_text(stored, out);
    return out;
}

TEST(XlsxNumber, HasNoneOfTheNoiseOfItsBinaryForm) {
    EXPECT_EQ(number("1.1000000000000001"), "1.1");
    EXPECT_EQ(number("0.14999999999999999"), "0.15");
    EXPECT_EQ(number("1234567.8899999999"), "1234567.89");
    EXPECT_EQ(number("-7.0000000000000007E-2"), "-0.07");
    EXPECT_EQ(number("0.30000000000000004"), "0.30000000000000004") << "what 0.1+0.2 is";
}

TEST(XlsxNumber, StaysAsTheFileHasItOtherwise) {
    for (const std::string_view text : {"0", "-1", "42", "1.10", "123456789012345678901234567890",
                                        "0.1234567890123456789", "99999999999999.5", "", "abc", "1,5"}) {
        EXPECT_EQ(number(text), text);
    }
}

TEST(XlsxNumber, HasNoExponentUnlessItIsHuge) {
    EXPECT_EQ(number("1E+3"), "1000");
    EXPECT_EQ(number("1.2345678901234568E+19"), "12345678901234568000");
    EXPECT_EQ(number("1.5E-5"), "0.000015");
    EXPECT_EQ(number("1E+100"), "1e+100");
    EXPECT_EQ(number("-2.5e-30"), "-2.5e-30");
    EXPECT_EQ(number("1E+999"), "1E+999");
}

TEST(XlsxFormat, KnowsDatesByTheirFormats) {
    EXPECT_EQ(kind_of_builtin_format(0), NumberKind::Number);
    EXPECT_EQ(kind_of_builtin_format(9), NumberKind::Number);
    EXPECT_EQ(kind_of_builtin_format(14), NumberKind::Date);
    EXPECT_EQ(kind_of_builtin_format(20), NumberKind::Time);
    EXPECT_EQ(kind_of_builtin_format(22), NumberKind::Timestamp);
    EXPECT_EQ(kind_of_builtin_format(46), NumberKind::Duration);
    EXPECT_EQ(kind_of_builtin_format(49), NumberKind::Number);
}

TEST(XlsxFormat, KnowsDatesByWhatPeopleWrite) {
    for (const std::string_view code : {"dd.mm.yyyy;@", "[$-407]d. MMMM yyyy", "mmm-yy", "m", "yyyy\"年\"m\"月\"",
                                        "d/m/yy", "[$-F800]dddd, mmmm dd, yyyy", "ge.m.d", "mmmm", "[Red]dd/mm"}) {
        EXPECT_EQ(kind_of_format(code), NumberKind::Date) << code;
    }
    for (const std::string_view code : {"h:mm", "hh:mm:ss", "mm:ss", "mm:ss.0", "h:mm AM/PM", "h \"Uhr\"", "mmss"}) {
        EXPECT_EQ(kind_of_format(code), NumberKind::Time) << code;
    }
    for (const std::string_view code :
         {"dd.mm.yyyy hh:mm", "m/d/yy h:mm", "yyyy-mm-dd\\Thh:mm:ss.000", "mmm d h AM/PM"}) {
        EXPECT_EQ(kind_of_format(code), NumberKind::Timestamp) << code;
    }
    for (const std::string_view code : {"[h]:mm", "[hh]:mm:ss", "[mm]:ss", "[s]"}) {
        EXPECT_EQ(kind_of_format(code), NumberKind::Duration) << code;
    }
    for (const std::string_view code :
         {"General", "0.00", "#,##0.00\\ \"days\"", "0.00E+00", "@", "[Red]-0;0", "\"Stunden\" 0", "0_d",
          "#,##0 [$EUR]", "general\" m\"", "", "\"", "[", "0;dd"}) {
        EXPECT_EQ(kind_of_format(code), NumberKind::Number) << code;
    }
}

TEST(XlsxDate, CountsDaysFromBothEpochs) {
    EXPECT_EQ(date("46053", NumberKind::Date), "2026-01-31");
    EXPECT_EQ(date("44591", NumberKind::Date, DateEpoch::Year1904), "2026-01-31");
    EXPECT_EQ(date("1", NumberKind::Date), "1900-01-01");
    EXPECT_EQ(date("59", NumberKind::Date), "1900-02-28");
    EXPECT_EQ(date("61", NumberKind::Date), "1900-03-01");
    EXPECT_EQ(date("0", NumberKind::Date, DateEpoch::Year1904), "1904-01-01");
    EXPECT_EQ(date("2958465", NumberKind::Date), "9999-12-31");
}

TEST(XlsxDate, IsNoneWhereThereIsNoSuchDay) {
    for (const std::string_view stored : {"0", "60", "-1", "2958466", "1e9", "nan", "x", ""}) {
        EXPECT_EQ(date(stored, NumberKind::Date), "none") << stored;
    }
}

TEST(XlsxDate, KeepsTheTimeThatItsFormatHides) {
    EXPECT_EQ(date("46053.5", NumberKind::Date), "2026-01-31 12:00:00");
    EXPECT_EQ(date("46053", NumberKind::Timestamp), "2026-01-31 00:00:00");
    EXPECT_EQ(date("46053.5732638889", NumberKind::Timestamp), "2026-01-31 13:45:30");
    EXPECT_EQ(date("46053.57326390", NumberKind::Timestamp), "2026-01-31 13:45:30.001");
    EXPECT_EQ(date("46052.999999999", NumberKind::Timestamp), "2026-01-31 00:00:00");
    EXPECT_EQ(date("1.25", NumberKind::Time), "1900-01-01 06:00:00");
}

TEST(XlsxDate, IsATimeOrADurationWithoutADay) {
    EXPECT_EQ(date("0.336805555555556", NumberKind::Time), "08:05:00");
    EXPECT_EQ(date("0", NumberKind::Time), "00:00:00");
    EXPECT_EQ(date("0.5", NumberKind::Timestamp), "12:00:00");
    EXPECT_EQ(date("1.26041666666667", NumberKind::Duration), "30:15:00");
    EXPECT_EQ(date("-0.5", NumberKind::Duration), "-12:00:00");
    EXPECT_EQ(date("5.787037037037037E-6", NumberKind::Duration), "00:00:00.5");
}

TEST(XlsxDate, IsoDatesBecomeCanonical) {
    for (const auto& [stored, canonical] : {std::pair{"2026-01-31", "2026-01-31"},
                                            {"2026-01-31T13:45:30.5", "2026-01-31 13:45:30.5"},
                                            {"2026-01-31T13:45:30Z", "2026-01-31 13:45:30+00:00"},
                                            {"T08:05:00", "08:05:00"}}) {
        std::string out;
        append_iso_date(stored, out);
        EXPECT_EQ(out, canonical);
    }
}

TEST(XlsxText, EscapedCharactersMeanThemselves) {
    EXPECT_EQ(cell_text("a_x000D_b"), "a\rb");
    EXPECT_EQ(cell_text("_x005F_x000D_"), "_x000D_");
    EXPECT_EQ(cell_text("_x20AC_"), "€");
    for (const std::string_view plain : {"_x", "_x00", "a_xGGGG_", "_xD83D_", "my_x_column", ""}) {
        EXPECT_EQ(cell_text(plain), plain);
    }
}

}  // namespace
}  // namespace rowhaul
