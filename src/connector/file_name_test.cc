// SPDX-License-Identifier: Apache-2.0
#include "connector/file_name.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

FileNameValues values() {
    return {.mapping = "customers",
            .execution = "01J0",
            .sequence = 42,
            .created = parse_utc("2026-11-22T03:00:00.000Z"),
            .zone = "Europe/Zurich"};
}

std::string failure(std::string_view pattern) {
    try {
        return "no error: " + file_name(pattern, values());
    } catch (const Error& error) {
        return error.what();
    }
}

TEST(FileName, fills_in_placeholders) {
    EXPECT_EQ(file_name("{mapping}_{date}.csv", values()), "customers_20261122-040000.csv");
    EXPECT_EQ(file_name("{date:%Y}/{date:%m-%d}/x.csv", values()), "2026/11-22/x.csv");
    EXPECT_EQ(file_name("{execution}-{sequence}.csv.gz", values()), "01J0-42.csv.gz");
    EXPECT_EQ(file_name("Kunden für Müller.csv", values()), "Kunden für Müller.csv");
    EXPECT_EQ(file_name("{{date}}.csv", values()), "{date}.csv");
}

TEST(FileName, refuses_what_it_does_not_know) {
    EXPECT_EQ(failure("{mappping}.csv"), "there is no placeholder {mappping}; did you mean \"mapping\"?");
    EXPECT_EQ(failure("{date.csv"), "there is a lone { in the file name");
    EXPECT_EQ(failure("date}.csv"), "there is a lone } in the file name");
}

TEST(FileName, never_leaves_the_folder) {
    for (const auto* pattern : {"../x.csv", "/etc/passwd", "a/../../x", "a//b", "", "a\nb", "{date:../%Y}.csv/.."}) {
        EXPECT_THROW(file_name(pattern, values()), Error) << pattern;
    }
    auto hostile = values();
    hostile.mapping = "..";
    EXPECT_THROW(file_name("{mapping}/x.csv", hostile), Error);
}

}  // namespace
}  // namespace rowhaul
