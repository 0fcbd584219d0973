// SPDX-License-Identifier: Apache-2.0
#include "io/hash_sorter.h"

#include "base/error.h"
#include "testing/temporary_folder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <map>
#include <random>

namespace rowhaul {
namespace {

using namespace rowhaul::testing;
using ::testing::ElementsAre;

class HashSorterTest : public ::testing::Test {
protected:
    SpoolPlace place() const { return {.folder = folder_.path(), .reserve = 0}; }
    TemporaryFolder folder_{TemporaryFolder::Place::Memory};
};

TEST_F(HashSorterTest, records_come_by_hash_and_then_as_they_were_added) {
    HashSorter sorter(place());
    sorter.add({2, 1}, "c");
    sorter.add({1, 9}, "b");
    sorter.add({2, 1}, "d");
    sorter.add({std::uint64_t{255} << 56, 0}, "e");
    sorter.add({1, 8}, "");
    std::vector<std::string> seen;
    sorter.visit(Context(), [&](const Hash128&, std::span<const std::string_view> records) {
        seen.push_back(fmt::format("{}", fmt::join(records, "+")));
    });
    EXPECT_THAT(seen, ElementsAre("", "b", "c+d", "e"));
    EXPECT_EQ(sorter.records(), 5U);
}

// More than is loaded at once, most of it below one first byte.
TEST_F(HashSorterTest, what_does_not_fit_into_memory_is_divided) {
    std::mt19937_64 random(3);
    HashSorter sorter(place());
    std::map<Hash128, std::vector<std::string>> expected;
    for (int i = 0; i < 60'000; ++i) {
        const Hash128 hash{i % 10 == 0 ? random() : random() >> 8, i % 3 == 0 ? 0 : random()};
        for (int again = 0; again <= i % 2; ++again) {
            auto record = std::string(random() % 300, 'x') + std::to_string(i);
            sorter.add(hash, record);
            expected[hash].push_back(std::move(record));
        }
    }
    auto next = expected.begin();
    sorter.visit(Context(), [&](const Hash128& hash, std::span<const std::string_view> records) {
        ASSERT_NE(next, expected.end());
        EXPECT_EQ(hash, next->first);
        EXPECT_THAT(records, ::testing::ElementsAreArray(next->second));
        ++next;
    });
    EXPECT_EQ(next, expected.end());
}

TEST_F(HashSorterTest, a_hash_with_too_many_records_is_refused) {
    HashSorter sorter(place());
    const std::string record(1000, 'x');
    for (int i = 0; i < 40'000; ++i) {
        sorter.add({7, 7}, record);
    }
    EXPECT_THROW(sorter.visit(Context(), [](const Hash128&, std::span<const std::string_view>) {}), Error);
}

}  // namespace
}  // namespace rowhaul
