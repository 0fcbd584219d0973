// SPDX-License-Identifier: Apache-2.0
#include "transport/path.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

using namespace std::string_literals;

class RefusedPath : public ::testing::TestWithParam<std::string> {};

TEST_P(RefusedPath, is_invalid) {
    try {
        checked_path(GetParam());
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Invalid);
    }
}

INSTANTIATE_TEST_SUITE_P(Paths, RefusedPath,
                         ::testing::Values("", "/", "/etc/passwd", "..", "../x", "a/../b", "a/..", ".", "./a", "a/./b",
                                           "a//b", "a/", "a\\b", "..\\a", "a\0b"s, "a\nb", "a\r\nDELE b", "a\tb",
                                           "a\x7f", std::string(4097, 'a')));

TEST(Path, accepts_what_people_name_files) {
    for (const auto* path : {"a.csv", "in/Ä ö ü.csv", "..a", "a..b/c", ".hidden", "~x", "a'b\"c", "日本.csv"}) {
        EXPECT_EQ(checked_path(path), path);
    }
    EXPECT_EQ(checked_folder(""), "");
}

TEST(Path, joins_the_folder_of_the_connection) {
    EXPECT_EQ(path_on_server("", "a"), "a");
    EXPECT_EQ(path_on_server("/", "a"), "/a");
    EXPECT_EQ(path_on_server("/in", "a/b"), "/in/a/b");
    EXPECT_EQ(path_on_server("in/", ""), "in/");
    EXPECT_EQ(path_on_server("", ""), ".");
    EXPECT_THROW(path_on_server("/in", "../a"), Error);
}

TEST(Path, splits) {
    EXPECT_EQ(folder_of("a/b/c"), "a/b");
    EXPECT_EQ(folder_of("c"), "");
    EXPECT_EQ(file_name_of("a/b/c"), "c");
    EXPECT_EQ(file_name_of("c"), "c");
}

TEST(Path, shows_control_characters_in_messages) {
    EXPECT_EQ(in_quotes("a\nb"), "\"a\\x0ab\"");
}

}  // namespace
}  // namespace rowhaul
