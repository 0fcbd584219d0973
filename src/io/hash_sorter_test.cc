// SPDX-License-Identifier: Apache-2.0
#include "io/hash_sorter.h"

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
    static std::vector<std::string> texts(const HashSorter::Records& records) {
        std::vector<std::string> all;
        records.each([&](std::string_view record) { all.emplace_back(record); });
        return all;
    }
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
    sorter.visit(Context(), [&](const Hash128&, const HashSorter::Records& records) {
        seen.push_back(fmt::format("{}", fmt::join(texts(records), "+")));
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
    sorter.visit(Context(), [&](const Hash128& hash, const HashSorter::Records& records) {
        ASSERT_NE(next, expected.end());
        EXPECT_EQ(hash, next->first);
        EXPECT_EQ(records.size(), next->second.size());
        EXPECT_EQ(texts(records), next->second);
        ++next;
    });
    EXPECT_EQ(next, expected.end());
}

// Beside others, and beside one that differs in its last byte only.
TEST_F(HashSorterTest, records_of_one_hash_may_be_more_than_fit_into_memory) {
    constexpr Hash128 crowded{7, 7};
    constexpr Hash128 near{7, 8};
    constexpr int many = 40'000;
    HashSorter sorter(place());
    std::mt19937_64 random(5);
    for (int i = 0; i < many; ++i) {
        sorter.add(crowded, std::to_string(i) + std::string(1000, 'x'));
        sorter.add({random(), 0}, "other");
        if (i % 10'000 == 0) {
            sorter.add(near, "near");
        }
    }
    int visits = 0;
    std::optional<Hash128> last;
    sorter.visit(Context(), [&](const Hash128& hash, const HashSorter::Records& records) {
        EXPECT_TRUE(!last || *last < hash);
        last = hash;
        if (hash == near) {
            EXPECT_EQ(texts(records), (std::vector<std::string>(4, "near")));
        }
        if (hash != crowded) {
            return;
        }
        EXPECT_EQ(records.size(), static_cast<std::uint64_t>(many));
        for (; visits < 2; ++visits) {
            int next = 0;
            records.each(
                [&](std::string_view record) { EXPECT_TRUE(record.starts_with(std::to_string(next++) + "x")); });
            EXPECT_EQ(next, many);
        }
    });
    EXPECT_EQ(visits, 2);
}

}  // namespace
}  // namespace rowhaul
