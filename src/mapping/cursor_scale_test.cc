// SPDX-License-Identifier: Apache-2.0
#include "mapping/cursor_scale.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

Column column(Type type) {
    return {.name = "changed", .type = type};
}

TEST(Overlaps, are_times_or_numbers) {
    EXPECT_EQ(parse_overlap("5m")->unit, Overlap::Unit::Time);
    EXPECT_EQ(to_integer(parse_overlap("5m")->amount), 300);
    EXPECT_EQ(to_integer(parse_overlap("2d")->amount), 172'800);
    EXPECT_EQ(parse_overlap("0.5")->unit, Overlap::Unit::Number);
    for (const auto* wrong : {"", "m", "-5m", "1.5h", "-1", "soon", "5 m", "99999999d"}) {
        EXPECT_FALSE(parse_overlap(wrong)) << wrong;
    }
}

TEST(CursorScale, has_the_order_of_the_database) {
    const CursorScale numbers(column(Type::Decimal), {}, "UTC");
    const auto number = [&](std::string_view text) { return numbers.place_of(Cell(text))->value; };
    EXPECT_LT(compare(number("-1"), number("0.5")), 0);
    EXPECT_LT(compare(number("9.9"), number("10")), 0);
    EXPECT_EQ(compare(number("1.50"), number("1.5")), 0);
    EXPECT_LT(compare(number("12345678901234567890.1"), number("12345678901234567890.12")), 0);
    EXPECT_FALSE(numbers.place_of(Cell("many")));
    EXPECT_FALSE(numbers.place_of(Cell(std::string(50, '9'))));
    EXPECT_FALSE(numbers.place_of(Cell("NaN"))->is_placed);
    EXPECT_FALSE(numbers.place_of(Cell())->is_placed);

    const CursorScale moments(column(Type::TimestampZoned), {}, "UTC");
    const auto moment = [&](std::string_view text) { return moments.place_of(Cell(text))->value; };
    EXPECT_EQ(compare(moment("2026-01-01 12:00:00+02:00"), moment("2026-01-01 10:00:00+00:00")), 0);
    EXPECT_LT(compare(moment("2026-01-01 12:00:00+03:00"), moment("2026-01-01 10:00:00+00:00")), 0);
    EXPECT_EQ(moments.text(moments.lowered(moment("2026-01-01 00:00:00.5+00:00"))), "2025-12-31 23:55:00.5+00:00");
    EXPECT_FALSE(moments.place_of(Cell("infinity"))->is_placed);
    EXPECT_FALSE(moments.place_of(Cell("2026-01-01 10:00:00")));  // in which zone?

    const CursorScale days(column(Type::Date), {}, "UTC");
    EXPECT_EQ(days.text(days.lowered(days.place_of(Cell("2026-03-01"))->value)), "2026-02-28");
    EXPECT_FALSE(days.place_of(Cell("0000-00-00"))->is_placed);
    EXPECT_FALSE(days.place_of(Cell("2026-02-30")));
}

TEST(CursorScale, takes_limits_in_the_zone_of_the_settings) {
    const CursorScale zoned(column(Type::TimestampZoned), {}, "Europe/Zurich");
    const auto text = [&](std::string_view limit, CursorScale::Edge edge) {
        return zoned.text(zoned.limit(limit, edge, "--since"));
    };
    EXPECT_EQ(text("2026-07-01", CursorScale::Edge::Lower), "2026-06-30 22:00:00+00:00");
    EXPECT_EQ(text("2026-07-01", CursorScale::Edge::Upper), "2026-07-01 21:59:59.999999+00:00");
    EXPECT_EQ(text("2026-07-01 10:00", CursorScale::Edge::Upper), "2026-07-01 08:00:00+00:00");
    EXPECT_EQ(text("2026-07-01 10:00+00:00", CursorScale::Edge::Upper), "2026-07-01 10:00:00+00:00");
    const CursorScale plain(column(Type::Timestamp), {}, "Europe/Zurich");
    EXPECT_THROW(plain.limit("2026-07-01 10:00+00:00", CursorScale::Edge::Lower, "--since"), Error);
    EXPECT_THROW(plain.limit("infinity", CursorScale::Edge::Lower, "--since"), Error);
}

TEST(CursorScale, refuses_orders_that_differ) {
    for (const auto type : {Type::Text, Type::Float, Type::Boolean, Type::Time, Type::Bytes, Type::Json}) {
        EXPECT_THROW(CursorScale(column(type), {}, "UTC"), Error) << name_of(type);
    }
    EXPECT_THROW(CursorScale(column(Type::Integer), parse_overlap("5m"), "UTC"), Error);
    EXPECT_THROW(CursorScale(column(Type::Date), parse_overlap("5"), "UTC"), Error);
    EXPECT_NO_THROW(CursorScale(column(Type::Date), parse_overlap("0"), "UTC"));
}

}  // namespace
}  // namespace rowhaul
