// SPDX-License-Identifier: Apache-2.0
#include "pipeline/cursor_window.h"

#include "testing/temporary_folder.h"

#include <algorithm>
#include <deque>
#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using Verdict = CursorWindow::Verdict;

// Integers with an overlap of 10.
class CursorWindows : public ::testing::Test {
protected:
    CursorWindow& window(CursorWindow::Limits limits = {}) {
        if (!before_.value.empty() && !limits.from) {
            limits.from = scale_.from_text(before_.low);
        }
        row_ = 0;
        auto& next = windows_.emplace_back(scale_, before_, limits, SpoolPlace{.folder = folder_.path(), .reserve = 0});
        next.know(rows_);
        return next;
    }
    // A run has succeeded.
    void remember(const CursorWindow& window) {
        before_ = window.memory();
        rows_.clear();
        window.each_remembered(Context(), [&](std::string_view lines) { rows_ += lines; });
    }
    std::int64_t remembered() const { return std::ranges::count(rows_, '\n'); }
    // A row that is what `content` says.
    Verdict take(CursorWindow& window, std::int64_t value, std::uint64_t content) {
        const CursorScale::Place place{true, decimal_of(value)};
        ++row_;
        return window.is_outside(place) ? Verdict::Outside : window.take(place, {7, content}, row_);
    }

    const testing::TemporaryFolder folder_{testing::TemporaryFolder::Place::Memory};
    const CursorScale scale_{{.name = "changed", .type = Type::Integer}, parse_overlap("10"), "UTC"};
    std::deque<CursorWindow> windows_;
    CursorMemory before_;
    std::string rows_;
    std::uint64_t row_ = 0;
};

TEST_F(CursorWindows, let_a_row_pass_once_and_equal_ones_as_often_as_there_are) {
    auto& first = window();
    EXPECT_EQ(take(first, 100, 1), Verdict::Fresh);
    EXPECT_EQ(take(first, 100, 1), Verdict::Fresh);
    remember(first);
    EXPECT_EQ(before_.value, "100");
    auto& second = window();
    EXPECT_EQ(take(second, 100, 1), Verdict::Repeated);
    EXPECT_EQ(take(second, 100, 1), Verdict::Repeated);
    EXPECT_EQ(take(second, 100, 1), Verdict::Fresh);
    EXPECT_EQ(take(second, 90, 2), Verdict::Fresh);
    EXPECT_EQ(take(second, 89, 3), Verdict::Outside);
    remember(second);
    auto& third = window();
    EXPECT_EQ(take(third, 90, 2), Verdict::Repeated);
}

TEST_F(CursorWindows, see_that_a_row_changed_and_changed_back) {
    auto& first = window();
    take(first, 100, 1);
    remember(first);
    auto& second = window();
    EXPECT_EQ(take(second, 100, 2), Verdict::Fresh);
    remember(second);
    auto& third = window();
    EXPECT_EQ(take(third, 100, 1), Verdict::Fresh);
}

TEST_F(CursorWindows, forget_rows_that_did_not_arrive) {
    auto& first = window();
    take(first, 100, 1);
    take(first, 101, 2);
    first.forget(2);
    first.forget(3);
    remember(first);
    EXPECT_EQ(before_.value, "101");
    auto& second = window();
    EXPECT_EQ(take(second, 100, 1), Verdict::Repeated);
    EXPECT_EQ(take(second, 101, 2), Verdict::Fresh);
}

TEST_F(CursorWindows, never_go_back_and_keep_what_nobody_looked_at) {
    auto& first = window();
    take(first, 95, 1);
    take(first, 100, 2);
    remember(first);
    auto& earlier = window({.from = decimal_of(std::int64_t{0}), .to = decimal_of(std::int64_t{50})});
    EXPECT_EQ(take(earlier, 40, 3), Verdict::Fresh);
    EXPECT_EQ(take(earlier, 95, 1), Verdict::Outside);
    remember(earlier);
    EXPECT_EQ(before_.value, "100");
    auto& later = window();
    EXPECT_EQ(take(later, 95, 1), Verdict::Repeated);
    EXPECT_EQ(take(later, 100, 2), Verdict::Repeated);
}

TEST_F(CursorWindows, never_look_where_nothing_is_remembered) {
    auto& first = window({.from = decimal_of(std::int64_t{95}), .to = {}});
    take(first, 100, 1);
    remember(first);
    EXPECT_EQ(before_.low, "95");
    auto& second = window();
    take(second, 104, 2);
    remember(second);
    EXPECT_EQ(before_.low, "95");
    auto& third = window();
    take(third, 110, 3);
    remember(third);
    EXPECT_EQ(before_.low, "100");
}

TEST_F(CursorWindows, let_rows_go_on_that_are_asked_for_once_more) {
    auto& first = window();
    take(first, 100, 1);
    remember(first);
    auto& again = window({.from = {}, .to = {}, .again_from = decimal_of(std::int64_t{100})});
    EXPECT_EQ(take(again, 100, 1), Verdict::Fresh);
    remember(again);
    auto& later = window();
    EXPECT_EQ(take(later, 100, 1), Verdict::Repeated);
}

TEST_F(CursorWindows, may_end_before_a_value_and_leave_out_what_has_no_place) {
    auto& first = window();
    EXPECT_EQ(first.take({}, {1, 1}, 1), Verdict::Fresh);
    take(first, 95, 1);
    remember(first);
    auto& second = window({.from = decimal_of(std::int64_t{90}),
                           .to = decimal_of(std::int64_t{100}),
                           .upper_end = CursorWindow::UpperEnd::Excluded,
                           .unplaced = CursorWindow::Unplaced::Excluded,
                           .again_from = decimal_of(std::int64_t{96})});
    EXPECT_EQ(take(second, 100, 2), Verdict::Outside);
    EXPECT_EQ(take(second, 99, 3), Verdict::Fresh);
    EXPECT_EQ(take(second, 95, 1), Verdict::Repeated);
    EXPECT_TRUE(second.is_outside({}));
    remember(second);
    auto& third = window();
    EXPECT_EQ(third.take({}, {1, 1}, 1), Verdict::Repeated);
    EXPECT_EQ(take(third, 100, 2), Verdict::Fresh);
}

TEST_F(CursorWindows, remember_what_they_must_however_long_the_table_is) {
    constexpr std::int64_t many = 200'000;
    auto& spread = window();
    for (std::int64_t row = 0; row < many; ++row) {
        take(spread, row, static_cast<std::uint64_t>(row));
    }
    remember(spread);
    EXPECT_EQ(remembered(), 11);
    EXPECT_EQ(before_.low, std::to_string(many - 11));
}

// More than are held in memory, both of those that are known and of those that are met.
TEST_F(CursorWindows, remember_any_number_of_rows) {
    constexpr std::int64_t many = 200'000;
    const auto content = [](std::int64_t row) { return static_cast<std::uint64_t>(row) * 0x9E3779B97F4A7C15U; };
    auto& first = window();
    for (std::int64_t row = 0; row < many; ++row) {
        take(first, row % 5, content(row));
    }
    for (std::int64_t row = 100; row < many; row += 1000) {
        first.forget(static_cast<std::uint64_t>(row) + 1);  // rows count from 1
    }
    remember(first);
    EXPECT_EQ(remembered(), many - many / 1000);

    auto& second = window();
    std::int64_t repeated = 0;
    for (std::int64_t row = many; row-- > 0;) {
        const auto verdict = take(second, row % 5, content(row));
        EXPECT_EQ(verdict == Verdict::Fresh, row % 1000 == 100);
        repeated += verdict == Verdict::Repeated ? 1 : 0;
    }
    EXPECT_EQ(repeated, many - many / 1000);
    EXPECT_EQ(take(second, 0, content(0)), Verdict::Fresh);  // once more than before
    remember(second);
    EXPECT_EQ(remembered(), many);

    // Left behind, they do not matter any more; without a place they always do.
    auto& third = window();
    take(third, 500, 1);
    for (std::int64_t row = 0; row < many; ++row) {
        third.take({}, {9, content(row)}, static_cast<std::uint64_t>(row) + 2);
    }
    remember(third);
    EXPECT_EQ(remembered(), many + 1);
    auto& fourth = window();
    for (std::int64_t row = 0; row < many; ++row) {
        ASSERT_EQ(fourth.take({}, {9, content(row)}, static_cast<std::uint64_t>(row)), Verdict::Repeated);
    }
}

TEST_F(CursorWindows, count_equal_rows_however_many_there_are) {
    constexpr int many = 100'000;
    auto& first = window();
    for (int row = 0; row < many; ++row) {
        take(first, 7, 7);
    }
    remember(first);
    EXPECT_EQ(remembered(), 1);
    auto& second = window();
    for (int row = 0; row < many; ++row) {
        ASSERT_EQ(take(second, 7, 7), Verdict::Repeated);
    }
    EXPECT_EQ(take(second, 7, 7), Verdict::Fresh);
}

}  // namespace
}  // namespace rowhaul
