// SPDX-License-Identifier: Apache-2.0
#include "mapping/cursor_scale.h"

#include "base/error.h"

#include <gmock/gmock.h>
#include <string>
#include <vector>

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

std::vector<std::string> pieces(const CursorScale& scale, std::string_view since, std::string_view until,
                                std::string_view span) {
    std::vector<std::string> all;
    for (std::uint64_t number = 0;; ++number) {
        const auto chunk =
            scale.chunk(scale.limit(since, CursorScale::Edge::Lower, "--since"),
                        scale.limit(until, CursorScale::Edge::Upper, "--until"), *parse_overlap(span), number);
        all.push_back(scale.text(chunk.from) + (chunk.is_last() ? ".." : "..<") + scale.text(chunk.to));
        if (chunk.is_last()) {
            return all;
        }
    }
}

TEST(CursorScale, cuts_ranges_into_pieces) {
    using ::testing::ElementsAre;
    const CursorScale numbers(column(Type::Integer), {}, "UTC");
    EXPECT_THAT(pieces(numbers, "1", "10", "5"), ElementsAre("1..<6", "6..10"));
    EXPECT_THAT(pieces(numbers, "1", "11", "5"), ElementsAre("1..<6", "6..<11", "11..11"));
    EXPECT_THAT(pieces(numbers, "-3", "3", "1000"), ElementsAre("-3..3"));
    EXPECT_THAT(pieces(numbers, "7", "7", "1"), ElementsAre("7..7"));
    EXPECT_THAT(pieces(numbers, "9007199254740993", "9007199254740996", "2"),
                ElementsAre("9007199254740993..<9007199254740995", "9007199254740995..9007199254740996"));
    const CursorScale decimals(column(Type::Decimal), {}, "UTC");
    EXPECT_THAT(pieces(decimals, "0", "1", "0.4"), ElementsAre("0.0..<0.4", "0.4..<0.8", "0.8..1"));
    EXPECT_THAT(pieces(decimals, "0", "1", "0.5"), ElementsAre("0.0..<0.5", "0.5..1"));
    const CursorScale days(column(Type::Date), {}, "UTC");
    EXPECT_THAT(pieces(days, "2026-01-30", "2026-02-01", "1d"),
                ElementsAre("2026-01-30..<2026-01-31", "2026-01-31..<2026-02-01", "2026-02-01..2026-02-01"));
    const CursorScale moments(column(Type::Timestamp), {}, "UTC");
    EXPECT_THAT(
        pieces(moments, "2026-01-30", "2026-01-31", "1d"),
        ElementsAre("2026-01-30 00:00:00..<2026-01-31 00:00:00", "2026-01-31 00:00:00..2026-01-31 23:59:59.999999"));
    EXPECT_THAT(pieces(moments, "2026-01-30", "2026-01-30 12:00:00", "6h"),
                ElementsAre("2026-01-30 00:00:00..<2026-01-30 06:00:00", "2026-01-30 06:00:00..2026-01-30 12:00:00"));
}

TEST(CursorScale, refuses_pieces_that_make_no_sense) {
    const auto refusal = [](Type type, std::string_view since, std::string_view until, std::string_view span) {
        const CursorScale scale(column(type), {}, "UTC");
        try {
            pieces(scale, since, until, span);
        } catch (const Error& error) {
            return error.what() + (" " + error.advice());
        }
        return std::string();
    };
    using ::testing::HasSubstr;
    EXPECT_THAT(refusal(Type::Date, "2026-01-01", "2026-01-02", "12h"), HasSubstr("whole days"));
    EXPECT_THAT(refusal(Type::Date, "2026-01-01", "2026-01-02", "3"), HasSubstr("whole days"));
    EXPECT_THAT(refusal(Type::Timestamp, "2026-01-01", "2026-01-02", "3"), HasSubstr("Give a time"));
    EXPECT_THAT(refusal(Type::Integer, "1", "2", "1d"), HasSubstr("Give a number"));
    EXPECT_THAT(refusal(Type::Integer, "1", "10001", "1"), HasSubstr("more than 10000 pieces"));
    EXPECT_EQ(refusal(Type::Integer, "1", "10000", "10"), "");
    EXPECT_THAT(refusal(Type::Decimal, "0", std::string(38, '9'), "0.00001"), HasSubstr("pieces"));
}

}  // namespace
}  // namespace rowhaul
