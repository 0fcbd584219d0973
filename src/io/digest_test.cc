// SPDX-License-Identifier: Apache-2.0
#include "io/digest.h"

#include "testing/streams.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

using testing::FailingOutput;
using testing::MemoryOutput;
using testing::Received;

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

TEST(DigestStream, PassesBytesOnAndDigestsThem) {
    const Context context;
    Received received;
    DigestStream stream(std::make_unique<MemoryOutput>(received));
    std::string expected;
    for (const std::size_t size : {0, 1, 65535, 65536, 300000, 7}) {
        const std::string piece(size, static_cast<char>('a' + size % 26));
        stream.write(context, as_bytes(piece));
        expected += piece;
    }
    EXPECT_EQ(stream.bytes(), expected.size());
    EXPECT_FALSE(received.committed);
    stream.commit(context);
    EXPECT_TRUE(received.committed);
    EXPECT_EQ(received.bytes, expected);
    EXPECT_EQ(stream.digests().md5, hash_of(HashAlgorithm::Md5, expected));
    EXPECT_EQ(stream.digests().sha256, hash_of(HashAlgorithm::Sha256, expected));
}

TEST(DigestStream, PassesOnWhatTheInnerStreamThrows) {
    const Context context;
    DigestStream stream(std::make_unique<FailingOutput>(200'000, Error(ErrorKind::Exhausted, "disk full")));
    const std::string block(150'000, 'x');
    stream.write(context, as_bytes(block));
    try {
        stream.write(context, as_bytes(block));
        FAIL() << "the second block does not fit";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Exhausted);
    }
    EXPECT_EQ(stream.bytes(), block.size());
}

}  // namespace
}  // namespace rowhaul
