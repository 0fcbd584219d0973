// SPDX-License-Identifier: Apache-2.0
#include "io/digest_stream.h"

#include "testing/streams.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

using testing::FailingOutput;
using testing::MemoryOutput;
using testing::Received;

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
    FileDigest digest;
    digest.update(as_bytes(expected));
    const auto digests = digest.finish();
    EXPECT_EQ(stream.digests().md5, digests.md5);
    EXPECT_EQ(stream.digests().sha256, digests.sha256);
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
