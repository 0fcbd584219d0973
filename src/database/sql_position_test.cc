// SPDX-License-Identifier: Apache-2.0
#include "database/sql_position.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

TEST(SqlPosition, PointsBelowTheCharacter) {
    EXPECT_EQ(point_at("select a,\n  ü, b", 14), "line 2, column 4\n    ü, b\n     ^");
    EXPECT_EQ(point_at("select", 0), "line 1, column 1\n  select\n  ^");
    EXPECT_EQ(point_at("select", 100), "line 1, column 7\n  select\n        ^");
    EXPECT_EQ(point_at("", 0), "line 1, column 1\n  \n  ^");
    EXPECT_EQ(point_at("a\tb", 2), "line 1, column 3\n  a b\n    ^");
}

TEST(SqlPosition, CutsLongLines) {
    const std::string line = std::string(200, 'x') + "!" + std::string(200, 'y');
    const auto shown = point_at(line, 200);
    EXPECT_LT(shown.size(), 250U);
    const auto caret = shown.rfind('^') - shown.rfind('\n');
    const auto row = shown.substr(shown.find('\n') + 1);
    // The sign for what was cut is three bytes long and one column wide.
    EXPECT_EQ(row[caret - 1 + 2], '!') << shown;
}

TEST(SqlPosition, CountsCharacters) {
    EXPECT_EQ(byte_offset("aüb", 1), 0U);
    EXPECT_EQ(byte_offset("aüb", 3), 3U);
    EXPECT_EQ(byte_offset("aüb", 9), 4U);
    EXPECT_EQ(shorten_query("  select\n\t1  "), "select 1 ");
    EXPECT_EQ(shorten_query(std::string(100, 'x')), std::string(59, 'x') + "…");
}

}  // namespace
}  // namespace rowhaul
