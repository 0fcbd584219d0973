// SPDX-License-Identifier: Apache-2.0
#include "mapping/cursor_window.h"

#include "base/error.h"

#include <algorithm>
#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using Verdict = CursorWindow::Verdict;

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

// Integers with an overlap of 10.
class CursorWindows : public ::testing::Test {
protected:
    CursorWindow window(CursorWindow::Limits limits = {},
                        CursorWindow::Repeats repeats = CursorWindow::Repeats::LeftOut) {
        if (!before_.value.empty() && !limits.from) {
            limits.from = scale_.lowered(scale_.from_text(before_.value));
        }
        row_ = 0;
        return {scale_, before_, limits, repeats};
    }
    // A row that is what `content` says.
    Verdict take(CursorWindow& window, std::int64_t value, std::uint64_t content) {
        const CursorScale::Place place{true, decimal_of(value)};
        ++row_;
        return window.is_outside(place) ? Verdict::Outside : window.take(place, {7, content}, row_);
    }

    const CursorScale scale_{column(Type::Integer), parse_overlap("10"), "UTC"};
    CursorMemory before_;
    std::uint64_t row_ = 0;
};

TEST_F(CursorWindows, let_a_row_pass_once_and_equal_ones_as_often_as_there_are) {
    auto first = window();
    EXPECT_EQ(take(first, 100, 1), Verdict::Fresh);
    EXPECT_EQ(take(first, 100, 1), Verdict::Fresh);
    before_ = first.memory();
    EXPECT_EQ(before_.value, "100");
    auto second = window();
    EXPECT_EQ(take(second, 100, 1), Verdict::Repeated);
    EXPECT_EQ(take(second, 100, 1), Verdict::Repeated);
    EXPECT_EQ(take(second, 100, 1), Verdict::Fresh);
    EXPECT_EQ(take(second, 90, 2), Verdict::Fresh);
    EXPECT_EQ(take(second, 89, 3), Verdict::Outside);
    before_ = second.memory();
    auto third = window();
    EXPECT_EQ(take(third, 90, 2), Verdict::Repeated);
}

TEST_F(CursorWindows, see_that_a_row_changed_and_changed_back) {
    auto first = window();
    take(first, 100, 1);
    before_ = first.memory();
    auto second = window();
    EXPECT_EQ(take(second, 100, 2), Verdict::Fresh);
    before_ = second.memory();
    auto third = window();
    EXPECT_EQ(take(third, 100, 1), Verdict::Fresh);
}

TEST_F(CursorWindows, forget_rows_that_did_not_arrive) {
    auto first = window();
    take(first, 100, 1);
    take(first, 101, 2);
    first.forget(2);
    first.forget(3);
    before_ = first.memory();
    EXPECT_EQ(before_.value, "101");
    auto second = window();
    EXPECT_EQ(take(second, 100, 1), Verdict::Repeated);
    EXPECT_EQ(take(second, 101, 2), Verdict::Fresh);
}

TEST_F(CursorWindows, never_go_back_and_keep_what_nobody_looked_at) {
    auto first = window();
    take(first, 95, 1);
    take(first, 100, 2);
    before_ = first.memory();
    auto earlier = window({.from = decimal_of(std::int64_t{0}), .to = decimal_of(std::int64_t{50})});
    EXPECT_EQ(take(earlier, 40, 3), Verdict::Fresh);
    EXPECT_EQ(take(earlier, 95, 1), Verdict::Outside);
    before_ = earlier.memory();
    EXPECT_EQ(before_.value, "100");
    auto later = window();
    EXPECT_EQ(take(later, 95, 1), Verdict::Repeated);
    EXPECT_EQ(take(later, 100, 2), Verdict::Repeated);
}

TEST_F(CursorWindows, let_rows_go_on_that_are_asked_for_once_more) {
    auto first = window();
    take(first, 100, 1);
    before_ = first.memory();
    auto again = window({}, CursorWindow::Repeats::GoOn);
    EXPECT_EQ(take(again, 100, 1), Verdict::Fresh);
    before_ = again.memory();
    auto later = window();
    EXPECT_EQ(take(later, 100, 1), Verdict::Repeated);
}

TEST_F(CursorWindows, remember_a_bounded_number_of_rows) {
    constexpr auto many = static_cast<std::int64_t>(CursorWindow::most_rows);
    auto spread = window();
    for (std::int64_t row = 0; row < 4 * many; ++row) {
        take(spread, row, static_cast<std::uint64_t>(row));
    }
    EXPECT_TRUE(spread.remembers_all());
    EXPECT_EQ(std::ranges::count(spread.memory().rows, '\n'), 11);

    auto crowded = window();
    for (std::int64_t row = 0; row < 4 * many; ++row) {
        take(crowded, 5, static_cast<std::uint64_t>(row));
    }
    EXPECT_FALSE(crowded.remembers_all());
    EXPECT_EQ(crowded.memory().value, "5");
    EXPECT_EQ(crowded.memory().rows, "");
    // A crowd that was left behind does not matter any more.
    take(crowded, 50, 1);
    EXPECT_TRUE(crowded.remembers_all());
    EXPECT_EQ(std::ranges::count(crowded.memory().rows, '\n'), 1);
}

}  // namespace
}  // namespace rowhaul
