// SPDX-License-Identifier: Apache-2.0
#include "io/decompression.h"

#include "io/async_input.h"
#include "io/digest_stream.h"
#include "testing/streams.h"

#include <gmock/gmock.h>
#include <random>

namespace rowhaul {
namespace {

using ::testing::HasSubstr;

std::string csv_like(std::size_t size) {
    std::mt19937 random(6);
    std::string bytes;
    while (bytes.size() < size) {
        bytes += std::to_string(random()) + ";Müller;Bahnhofstrasse " + std::to_string(random() % 200) + ";10000.00\n";
    }
    return bytes;
}

std::string packed(std::string_view bytes, Compression method) {
    const Context context;
    testing::Received received;
    const auto stream =
        compressing(std::make_unique<testing::MemoryOutput>(received), {.method = method, .threads = 1});
    stream->write(context, as_bytes(bytes));
    stream->commit(context);
    return received.bytes;
}

std::string read_all(InputStream& input, std::size_t bytes_a_read = 100'000) {
    const Context context;
    std::string all;
    std::vector<std::byte> block(bytes_a_read);
    while (const auto count = input.read(context, block)) {
        all += as_text(std::span(block).first(count));
    }
    EXPECT_EQ(input.read(context, block), 0U) << "the end stays the end";
    return all;
}

struct ShortInput final : InputStream {
    ShortInput(std::string bytes, std::size_t bytes_a_read) : memory(std::move(bytes)), input(memory, bytes_a_read) {}
    std::size_t read(const Context& context, std::span<std::byte> into) override { return input.read(context, into); }
    testing::MemoryInput memory;
    testing::ShortReads input;
};

std::string unpacked(const std::string& bytes, std::size_t bytes_a_read = 1'000'000) {
    const Context context;
    return read_all(
        *decompressing(context, std::make_unique<ShortInput>(bytes, bytes_a_read), ZipArchives::Unpack, {}));
}

std::string refusal_of(const std::string& bytes) {
    try {
        unpacked(bytes);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Invalid);
        return error.what();
    }
    ADD_FAILURE() << "it was unpacked";
    return {};
}

class Decompression : public ::testing::TestWithParam<Compression> {};
INSTANTIATE_TEST_SUITE_P(Methods, Decompression,
                         ::testing::Values(Compression::Gzip, Compression::Zstd, Compression::Bzip2),
                         [](const auto& method) { return std::string(name_of(method.param)); });

TEST_P(Decompression, UnpacksWhatWasPacked) {
    for (const std::size_t size : {0, 1, 1000, 3'000'000}) {
        const auto bytes = csv_like(size).substr(0, size);
        EXPECT_EQ(unpacked(packed(bytes, GetParam())), bytes) << size;
    }
}

TEST_P(Decompression, UnpacksFromReadsOfSevenBytes) {
    const auto bytes = csv_like(50'000);
    EXPECT_EQ(unpacked(packed(bytes, GetParam()), 7), bytes);
}

TEST_P(Decompression, UnpacksSeveralPartsAsOne) {
    const auto one = packed("first\n", GetParam());
    EXPECT_EQ(unpacked(one + packed("", GetParam()) + packed("second\n", GetParam())), "first\nsecond\n");
    EXPECT_EQ(unpacked(one + std::string(1000, '\0')), "first\n");
}

TEST_P(Decompression, TellsAFileThatEndsTooEarly) {
    const auto whole = packed(csv_like(300'000), GetParam());
    for (const std::size_t size : {std::size_t{11}, whole.size() / 2, whole.size() - 1}) {
        EXPECT_THAT(refusal_of(whole.substr(0, size)), HasSubstr("ends in the middle")) << size;
    }
}

TEST_P(Decompression, TellsDamage) {
    auto bytes = packed(csv_like(300'000), GetParam());
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x55);
    EXPECT_THAT(refusal_of(bytes), HasSubstr("is damaged"));
    EXPECT_THAT(refusal_of(packed("x", GetParam()) + "something else"), HasSubstr("something else behind the end"));
}

TEST(DecompressionOfOthers, PassesEverythingElse) {
    for (const std::string text : {"", "a", "id,name\n1,2\n", "BZh9,is,a,header\n", "\x1f\x8b"}) {
        EXPECT_EQ(unpacked(text), text);
        EXPECT_EQ(unpacked(text, 1), text);
    }
}

TEST(AsyncInput, ReadsTheSameBytesAhead) {
    const auto bytes = csv_like(3'000'000);
    ShortInput inner(bytes, 100'000);
    AsyncInput input(inner, {.block_bytes = 4096, .blocks = 3});
    EXPECT_EQ(read_all(input, 999), bytes);
}

class Failing final : public InputStream {
public:
    std::size_t read(const Context&, std::span<std::byte> into) override {
        if (reads_++ == 3) {
            throw Error(ErrorKind::Unavailable, "the link broke");
        }
        return into.size();
    }

private:
    int reads_ = 0;
};

TEST(AsyncInput, AFailureIsThrownWhereItHappenedAndIsNoEnd) {
    const Context context;
    Failing inner;
    AsyncInput input(inner, {.block_bytes = 100, .blocks = 2});
    std::vector<std::byte> block(100);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(input.read(context, block), 100U);
    }
    EXPECT_THROW(input.read(context, block), Error);
    EXPECT_THROW(input.read(context, block), Error);
}

class Hanging final : public InputStream {
public:
    std::size_t read(const Context& context, std::span<std::byte>) override {
        context.sleep(std::chrono::hours(1));
        return 0;
    }
};

TEST(AsyncInput, AStopEndsAReadThatHangs) {
    StopSignal stop;
    Context context;
    context.stop = &stop;
    Hanging inner;
    AsyncInput input(inner);
    std::vector<std::byte> block(100);
    stop.request();
    EXPECT_THROW(input.read(context, block), Error);
}

TEST(DigestInput, CountsAndDigestsWhatIsRead) {
    DigestInput input(std::make_unique<testing::MemoryInput>("abc"));
    EXPECT_EQ(read_all(input, 2), "abc");
    EXPECT_EQ(input.bytes(), 3U);
    EXPECT_EQ(input.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace rowhaul
