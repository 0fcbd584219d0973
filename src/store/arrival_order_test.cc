// SPDX-License-Identifier: Apache-2.0
#include "store/arrival_order.h"

#include "testing/temporary_folder.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <memory>
#include <numeric>
#include <random>
#include <set>

namespace rowhaul {
namespace {

using namespace rowhaul::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Hash128 key(std::uint64_t number) {
    return {number * 0x9E3779B97F4A7C15U, number};
}

class ArrivalOrderTest : public ::testing::Test {
protected:
    // Rows 0, 1, 2, ..., each with the row hash (its number, 1).
    ArrivalOrder given_rows(std::uint64_t count) {
        MarkStageHead head{.execution = "E1", .moment = Moment(), .target = {}, .is_complete = true};
        head.target.connection = "erp";
        head.target.object = "people";
        MarkStage stage(file_, head);
        for (std::uint64_t i = 0; i < count; ++i) {
            stage.add(Arrival{key(i), {i, 1}});
        }
        stage.finish();
        file_.promote(Context(), "E1");
        return {file_, file_.target("erp", "people").value()};
    }
    static std::vector<std::uint64_t> unmatched(const ArrivalOrder& order) {
        std::vector<std::uint64_t> rows;
        order.each_unmatched(Context(), [&](const Arrival& arrival) { rows.push_back(arrival.key.low); });
        return rows;
    }

    TemporaryFolder folder_{TemporaryFolder::Place::Memory};
    MarkFile file_{MarkFile::path(folder_.path(), "people")};
};

constexpr std::uint64_t many = 5 * ArrivalReader::block + 100;

TEST_F(ArrivalOrderTest, the_same_rows_are_all_found) {
    auto order = given_rows(many);
    for (std::uint64_t i = 0; i < many; ++i) {
        ASSERT_EQ(order.match(key(i)), (Hash128{i, 1})) << i;
    }
    EXPECT_TRUE(order.is_in_order());
    EXPECT_THAT(unmatched(order), IsEmpty());
    EXPECT_EQ(order.match(key(3)), std::nullopt);
}

TEST_F(ArrivalOrderTest, rows_that_are_new_or_gone_do_not_disturb_the_others) {
    auto order = given_rows(many);
    std::vector<std::uint64_t> gone;
    for (std::uint64_t i = 0; i < many; ++i) {
        if (i % 1000 == 7 || (i > 9000 && i < 9500)) {
            gone.push_back(i);
            EXPECT_EQ(order.match(key(many + i)), std::nullopt);
            continue;
        }
        ASSERT_EQ(order.match(key(i)), (Hash128{i, 1})) << i;
    }
    EXPECT_FALSE(order.is_in_order());
    EXPECT_EQ(order.unmatched(), gone.size());
    EXPECT_EQ(unmatched(order), gone);
}

TEST_F(ArrivalOrderTest, a_row_that_comes_early_does_not_hide_those_before_it) {
    auto order = given_rows(many);
    EXPECT_TRUE(order.match(key(4000)));
    for (std::uint64_t i = 0; i < many; ++i) {
        ASSERT_EQ(order.match(key(i)).has_value(), i != 4000) << i;
    }
    EXPECT_THAT(unmatched(order), IsEmpty());
}

TEST_F(ArrivalOrderTest, no_row_is_found_twice_whatever_the_order) {
    auto order = given_rows(many);
    std::vector<std::uint64_t> rows(many);
    std::iota(rows.begin(), rows.end(), std::uint64_t{0});
    std::mt19937 random(5);
    std::ranges::shuffle(rows, random);
    std::set<std::uint64_t> found;
    for (const auto row : rows) {
        for (int again = 0; again < 2; ++again) {
            if (const auto match = order.match(key(row))) {
                EXPECT_EQ(*match, (Hash128{row, 1}));
                EXPECT_TRUE(found.insert(row).second);
            }
        }
    }
    const auto rest = unmatched(order);
    EXPECT_EQ(rest.size(), order.unmatched());
    EXPECT_EQ(rest.size() + found.size(), many);
    EXPECT_TRUE(std::ranges::none_of(rest, [&](std::uint64_t row) { return found.contains(row); }));
}

TEST_F(ArrivalOrderTest, nothing_is_found_where_nothing_was) {
    auto order = given_rows(0);
    EXPECT_EQ(order.match(key(1)), std::nullopt);
    EXPECT_THAT(unmatched(order), IsEmpty());
}

}  // namespace
}  // namespace rowhaul
