// SPDX-License-Identifier: Apache-2.0
#include "io/numbered_log.h"

#include "testing/temporary_folder.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

TEST(NumberedLogTest, finds_every_number_that_was_given_and_no_other) {
    const testing::TemporaryFolder folder(testing::TemporaryFolder::Place::Memory);
    NumberedLog<std::uint32_t> log({.folder = folder.path()});
    EXPECT_FALSE(log.find(1));
    constexpr std::uint64_t count = 20'000;
    for (std::uint64_t i = 1; i <= count; ++i) {
        log.add(3 * i, static_cast<std::uint32_t>(i));
        if (i % 4999 == 0) {
            EXPECT_EQ(log.find(3 * i), i);
            EXPECT_EQ(log.find(3), 1U);
        }
    }
    for (std::uint64_t i = 1; i <= count; i += 7) {
        EXPECT_EQ(log.find(3 * i), i);
        EXPECT_EQ(log.find(3 * (count - i + 1)), count - i + 1);
        EXPECT_FALSE(log.find(3 * i + 1));
    }
    EXPECT_FALSE(log.find(0));
    EXPECT_FALSE(log.find(3 * count + 3));
}

}  // namespace
}  // namespace rowhaul
