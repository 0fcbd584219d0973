// SPDX-License-Identifier: Apache-2.0
#include "io/file_digest.h"
#include "testing/streams.h"

#include <gtest/gtest.h>
#include <random>

namespace rowhaul {
namespace {

std::string hash_of(HashAlgorithm algorithm, std::string_view text) {
    Hash hash(algorithm);
    hash.update(as_bytes(text));
    return hash.finish();
}

TEST(Hash, GivesThePublishedValues) {
    EXPECT_EQ(hash_of(HashAlgorithm::Md5, ""), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(hash_of(HashAlgorithm::Md5, "abc"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(hash_of(HashAlgorithm::Sha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hash_of(HashAlgorithm::Sha256, "abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

class EveryInstructions : public ::testing::TestWithParam<DigestInstructions> {};
INSTANTIATE_TEST_SUITE_P(FileDigest, EveryInstructions,
                         ::testing::Values(DigestInstructions::Portable, best_digest_instructions()),
                         [](const auto& one) { return one.index == 0 ? "Portable" : "Best"; });

TEST_P(EveryInstructions, GiveTheDigestsOfEverySizeInAnyPieces) {
    std::mt19937 random(7);
    std::string text(5000, ' ');
    std::ranges::generate(text, [&] { return static_cast<char>(random()); });
    for (std::size_t size = 0; size < text.size(); size += size < 300 ? 1 : 97) {
        const auto whole = std::string_view(text).substr(0, size);
        FileDigest digest(GetParam());
        for (std::size_t at = 0; at < size;) {
            const auto piece = whole.substr(at, random() % 200);
            digest.update(as_bytes(piece));
            at += piece.size();
        }
        const auto digests = digest.finish();
        EXPECT_EQ(digests.md5, hash_of(HashAlgorithm::Md5, whole)) << size;
        EXPECT_EQ(digests.sha256, hash_of(HashAlgorithm::Sha256, whole)) << size;
    }
}

TEST_P(EveryInstructions, CountMoreThanFourGigabits) {
    const std::string piece(std::size_t{1} << 24, 'r');
    FileDigest digest(GetParam());
    Hash md5(HashAlgorithm::Md5);
    Hash sha256(HashAlgorithm::Sha256);
    for (int i = 0; i < 34; ++i) {
        digest.update(as_bytes(piece));
        md5.update(as_bytes(piece));
        sha256.update(as_bytes(piece));
    }
    const auto digests = digest.finish();
    EXPECT_EQ(digests.md5, md5.finish());
    EXPECT_EQ(digests.sha256, sha256.finish());
}

}  // namespace
}  // namespace rowhaul
