// SPDX-License-Identifier: Apache-2.0
#include "io/spool_file.h"

#include "io/stream.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <random>

namespace rowhaul {
namespace {

TEST(SpoolPages, GiveBackWhatWasWrittenInAnyOrder) {
    std::mt19937 random(7);
    std::string all;
    SpoolPages pages;
    while (all.size() < 5'000'000) {
        const std::string piece(random() % 50'000, static_cast<char>('a' + random() % 26));
        pages.append(as_bytes(piece));
        all += piece;
    }
    pages.finish();
    EXPECT_EQ(pages.size(), all.size());
    std::string back(all.size(), '\0');
    pages.read(0, std::as_writable_bytes(std::span(back)));
    EXPECT_EQ(back, all);
    for (int i = 0; i < 1000; ++i) {
        const auto at = random() % all.size();
        back.resize(std::min<std::size_t>(random() % 100'000, all.size() - at));
        pages.read(at, std::as_writable_bytes(std::span(back)));
        ASSERT_EQ(back, std::string_view(all).substr(at, back.size()));
    }
}

TEST(SpoolFile, SaysWhichFolderHasNoPlace) {
    const char* before = std::getenv("TMPDIR");
    const std::string kept = before == nullptr ? "" : before;
    ::setenv("TMPDIR", "/proc", 1);
    try {
        const SpoolFile file;
        ADD_FAILURE() << "a file was made in /proc";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Exhausted);
        EXPECT_NE(std::string(error.what()).find("/proc"), std::string::npos);
    }
    before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
}

}  // namespace
}  // namespace rowhaul
