// SPDX-License-Identifier: Apache-2.0
#include "transport/sftp_protocol.h"

#include "base/error.h"
#include "io/stream.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
    std::vector<std::byte> bytes;
    for (const int value : values) {
        bytes.push_back(static_cast<std::byte>(value));
    }
    return bytes;
}

void feed(SftpFrames& frames, std::span<const std::byte> bytes) {
    std::copy(bytes.begin(), bytes.end(), frames.room(bytes.size()).begin());
    frames.filled(bytes.size());
}

TEST(SftpProtocol, reads_what_it_writes) {
    std::vector<std::byte> out;
    SftpPacketWriter writer(out, SftpType::Open);
    writer.u32(7);
    writer.string("Zürich.csv");
    writer.u64(0x0102030405060708);
    writer.attributes({.size = 5, .permissions = 0100644, .accessed = 1, .modified = 2});
    writer.end();

    SftpFrames frames;
    feed(frames, out);
    const auto packet = frames.next();
    ASSERT_TRUE(packet);
    SftpPacketReader reader(*packet);
    EXPECT_EQ(reader.type(), SftpType::Open);
    EXPECT_EQ(reader.u32(), 7U);
    EXPECT_EQ(reader.string(), "Zürich.csv");
    EXPECT_EQ(reader.u64(), 0x0102030405060708U);
    const auto attributes = reader.attributes();
    EXPECT_EQ(attributes.size, 5U);
    EXPECT_EQ(attributes.permissions, 0100644U);
    EXPECT_EQ(attributes.modified, 2U);
    EXPECT_TRUE(reader.at_end());
    EXPECT_FALSE(frames.next());
}

TEST(SftpProtocol, is_big_endian_on_the_wire) {
    std::vector<std::byte> out;
    SftpPacketWriter writer(out, SftpType::Init);
    writer.u32(3);
    writer.end();
    EXPECT_EQ(out, bytes_of({0, 0, 0, 5, 1, 0, 0, 0, 3}));
}

TEST(SftpProtocol, joins_packets_that_arrive_byte_by_byte) {
    const auto bytes = bytes_of({0, 0, 0, 2, 101, 1, 0, 0, 0, 1, 102});
    SftpFrames frames;
    std::vector<std::size_t> sizes;
    for (const auto byte : bytes) {
        feed(frames, std::span(&byte, 1));
        while (const auto packet = frames.next()) {
            sizes.push_back(packet->size());
        }
    }
    EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 1}));
}

TEST(SftpProtocol, refuses_lengths_that_cannot_be) {
    for (const auto& bytes : {bytes_of({0, 0, 0, 0}), bytes_of({0, 0x10, 0, 1}), bytes_of({255, 255, 255, 255})}) {
        SftpFrames frames;
        feed(frames, bytes);
        EXPECT_THROW(frames.next(), Error);
    }
}

TEST(SftpProtocol, refuses_packets_that_end_too_early) {
    const auto bytes = bytes_of({0, 0, 0, 9, 'a'});
    EXPECT_THROW(SftpPacketReader(bytes).string(), Error);
    EXPECT_THROW(SftpPacketReader(std::span(bytes).first(3)).u32(), Error);
    // Attributes that announce four billion extensions.
    const auto extended = bytes_of({0x80, 0, 0, 0, 255, 255, 255, 255});
    EXPECT_THROW(SftpPacketReader(extended).attributes(), Error);
}

}  // namespace
}  // namespace rowhaul
