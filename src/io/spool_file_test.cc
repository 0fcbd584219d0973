// SPDX-License-Identifier: Apache-2.0
#include "io/spool_file.h"

#include "testing/temporary_folder.h"

#include <csignal>
#include <cstdlib>
#include <gmock/gmock.h>
#include <random>
#include <sys/resource.h>

namespace rowhaul {
namespace {

TEST(SpoolPages, GiveBackWhatWasWrittenInAnyOrder) {
    std::mt19937 random(7);
    std::string all;
    SpoolPages pages({});
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
        const SpoolFile file({});
        ADD_FAILURE() << "a file was made in /proc";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Exhausted);
        EXPECT_NE(std::string(error.what()).find("/proc"), std::string::npos);
    }
    before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", kept.c_str(), 1);
}

std::string refusal_of(const SpoolPlace& place, std::size_t bytes) {
    try {
        SpoolFile file(place);
        file.append(std::vector<std::byte>(bytes));
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Exhausted);
        return error.what() + error.advice();
    }
    return {};
}

TEST(SpoolFile, LiesInItsFolderUnderNoName) {
    const testing::TemporaryFolder folder;
    SpoolFile file({.folder = folder / "home/tmp", .owner = "01EXECUTION"});
    file.append(as_bytes("abc"));
    EXPECT_TRUE(std::filesystem::is_empty(folder / "home/tmp"));
}

TEST(SpoolFile, TakesOtherBytesInPlaceOfOlderOnes) {
    const testing::TemporaryFolder folder;
    SpoolFile file({.folder = folder.path()});
    file.append(as_bytes("abcdef"));
    file.write_over(2, as_bytes("CD"));
    file.append(as_bytes("g"));
    std::string all(7, ' ');
    file.read(0, std::as_writable_bytes(std::span(all)));
    EXPECT_EQ(all, "abCDefg");
}

TEST(SpoolFile, SaysWhereTheDiskIsFull) {
    const testing::TemporaryFolder folder;
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit small = before;
    small.rlim_cur = 1'000'000;
    auto* const signal_before = std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &small);
    const auto refusal = refusal_of({.folder = folder.path()}, 1'000'001);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, signal_before);
    EXPECT_THAT(refusal, ::testing::HasSubstr(folder.path().string() + ": File too large"));
    EXPECT_THAT(refusal, ::testing::HasSubstr("--home"));
}

TEST(SpoolFile, LeavesTheReserveFree) {
    const testing::TemporaryFolder folder;
    const SpoolPlace place{.folder = folder.path(), .reserve = std::uint64_t{1} << 60};
    EXPECT_EQ(refusal_of(place, 1'000'000), "") << "what is small does not matter";
    EXPECT_THAT(refusal_of(place, 17'000'000), ::testing::HasSubstr("are kept free"));
}

}  // namespace
}  // namespace rowhaul
