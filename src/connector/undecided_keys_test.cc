// SPDX-License-Identifier: Apache-2.0
#include "connector/undecided_keys.h"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace rowhaul {
namespace {

// Rows "a1|z", "a2|z" and so on, of which the second column is the key's first part.
Batch batch_of(std::string_view file, std::size_t rows) {
    Batch batch(2);
    for (std::size_t row = 1; row <= rows; ++row) {
        batch.build(0).push_back(row == 2 ? Cell() : Cell(batch.arena().copy(fmt::format("{}{}", file, row))));
        batch.build(1).push_back(Cell("z"));
    }
    batch.set_file(file);
    batch.set_rows(rows);
    return batch;
}

std::string shown(const Batch& found) {
    if (found.rows() == 0) {
        return "none";
    }
    const Cell second = found.column(1)[0];
    return fmt::format("{}|{}", found.column(0)[0].text(), second.is_null() ? "NULL" : second.text());
}

TEST(UndecidedKeys, AreFoundByTheNumbersOfTheirRowsOverAllFiles) {
    UndecidedKeys keys({1, 0});
    RowNumbers numbers;
    const auto first = batch_of("a", 3);
    numbers.enter(first);
    keys.note(first, numbers);
    const auto old = numbers.of(3);
    const auto second = batch_of("b", 3);
    numbers.enter(second);
    keys.note(second, numbers);
    EXPECT_EQ(shown(keys.find(old)), "z|a3");
    EXPECT_EQ(shown(keys.find(numbers.of(3))), "z|b3");
    EXPECT_EQ(shown(keys.find(numbers.of(2))), "z|NULL");
    EXPECT_EQ(shown(keys.find(numbers.of(4))), "none");
    EXPECT_EQ(RowNumbers::row_in_file(old), 3U);
}

TEST(UndecidedKeys, AreFoundWhereBatchesComeInAnyOrder) {
    UndecidedKeys keys({1, 0});
    RowNumbers numbers;
    std::vector<std::uint64_t> found;
    for (const std::uint64_t first : {10, 1, 13, 4}) {
        auto batch = batch_of("a", 3);
        batch.set_first_row(first);
        numbers.enter(batch);
        keys.note(batch, numbers);
        found.push_back(numbers.of(first));
        EXPECT_EQ(RowNumbers::row_in_file(numbers.of(first + 2)), first + 2);
    }
    EXPECT_TRUE(std::ranges::is_sorted(found));
    for (const auto number : found) {
        EXPECT_EQ(shown(keys.find(number)), "z|a1");
    }
}

TEST(UndecidedKeys, ForgetWhatIsDecided) {
    UndecidedKeys keys({1, 0});
    RowNumbers numbers;
    const auto rows = batch_of("", 4);
    numbers.enter(rows);
    keys.note(rows, numbers);
    keys.keep_last(9);
    EXPECT_EQ(shown(keys.find(1)), "z|1");
    keys.keep_last(2);
    EXPECT_EQ(shown(keys.find(2)), "none");
    EXPECT_EQ(shown(keys.find(3)), "z|3");
    EXPECT_EQ(shown(keys.find(4)), "z|4");
    keys.keep_last(0);
    EXPECT_EQ(shown(keys.find(4)), "none");
}

}  // namespace
}  // namespace rowhaul
