// SPDX-License-Identifier: Apache-2.0
#include "io/compression.h"

#include "testing/process.h"
#include "testing/streams.h"
#include "testing/temporary_folder.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <thread>

namespace rowhaul {
namespace {

using testing::FailingOutput;
using testing::HangingOutput;
using testing::MemoryOutput;
using testing::Received;
using testing::TemporaryFolder;

std::string random_bytes(std::size_t size) {
    std::mt19937_64 random(5);
    std::string bytes(size, '\0');
    for (std::size_t at = 0; at + 8 <= size; at += 8) {
        const std::uint64_t number = random();
        std::memcpy(bytes.data() + at, &number, sizeof number);
    }
    return bytes;
}

std::string csv_like(std::size_t size) {
    std::mt19937 random(6);
    std::string bytes;
    while (bytes.size() < size) {
        bytes += std::to_string(random()) + ";Müller;Bahnhofstrasse " + std::to_string(random() % 200) + ";10000.00\n";
    }
    bytes.resize(size);
    return bytes;
}

std::string compressed(std::string_view bytes, const CompressionOptions& options, std::size_t piece = 1'000'000) {
    const Context context;
    Received received;
    const auto stream = compressing(std::make_unique<MemoryOutput>(received), options);
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        stream->write(context, as_bytes(bytes.substr(at, piece)));
    }
    EXPECT_FALSE(received.committed);
    stream->commit(context);
    EXPECT_TRUE(received.committed);
    return received.bytes;
}

class CompressionTest : public ::testing::TestWithParam<Compression> {
protected:
    // What the tool of the same name makes of it.
    std::string unpacked(const std::string& bytes) {
        const auto path = folder_ / ("file." + std::string(file_ending(GetParam())));
        testing::write_file(path, bytes);
        const auto outcome = testing::run({std::string(name_of(GetParam())), "-dc", path});
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        EXPECT_EQ(outcome.errors, "");
        return outcome.output;
    }
    CompressionOptions options(unsigned threads = 2) const {
        return {.method = GetParam(), .level = {}, .threads = threads};
    }
    void expect_round_trip(const std::string& bytes, const CompressionOptions& how) {
        const auto result = unpacked(compressed(bytes, how));
        EXPECT_TRUE(result == bytes) << bytes.size() << " bytes came back as " << result.size();
    }

    TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Methods, CompressionTest,
                         ::testing::Values(Compression::Gzip, Compression::Zstd, Compression::Bzip2),
                         [](const auto& parameter) { return std::string(name_of(parameter.param)); });

TEST_P(CompressionTest, UnpacksToWhatWasWritten) {
    expect_round_trip("", options());
    expect_round_trip("x", options());
    expect_round_trip(csv_like(2'500'000), options());
    expect_round_trip(random_bytes(2'500'000), options());
    expect_round_trip(std::string(3'000'000, 'z'), options());
}

TEST_P(CompressionTest, KeepsTheEdgesOfBlocks) {
    // Of gzip's blocks, of bzip2's at level 1, of zstd's jobs.
    const std::size_t edge = GetParam() == Compression::Gzip    ? 131'072
                             : GetParam() == Compression::Bzip2 ? 98'901
                                                                : 1'048'576;
    const auto bytes = csv_like(2 * edge + 1);
    for (const std::size_t size : {edge - 1, edge, edge + 1, 2 * edge - 1, 2 * edge, 2 * edge + 1}) {
        expect_round_trip(bytes.substr(0, size), {.method = GetParam(), .level = 1, .threads = 2});
    }
}

TEST_P(CompressionTest, TakesAnyLevelAndNumberOfThreads) {
    const auto bytes = csv_like(700'000) + random_bytes(200'000) + std::string(300'000, 'z');
    const auto levels = levels_of(GetParam());
    for (const int level : {levels.lowest, levels.standard, levels.highest}) {
        for (const unsigned threads : {1, 3, 64}) {
            expect_round_trip(bytes, {.method = GetParam(), .level = level, .threads = threads});
        }
    }
    for (const int level : {levels.lowest - 1, levels.highest + 1}) {
        Received received;
        EXPECT_THROW(
            compressing(std::make_unique<MemoryOutput>(received), {.method = GetParam(), .level = level, .threads = 1}),
            Error);
    }
}

// Runs of four letters grow when bzip2 codes them, which could split a block.
TEST_P(CompressionTest, TakesRunsOfEveryLength) {
    std::string bytes;
    for (const std::size_t run : {1, 2, 3, 4, 5, 254, 255, 256, 258, 259, 260}) {
        char letter = 'a';
        for (std::size_t size = 0; size < 200'000; size += run) {
            bytes.append(run, letter);
            letter = letter == 'a' ? 'b' : 'a';
        }
    }
    expect_round_trip(bytes, options());
}

TEST_P(CompressionTest, GivesTheSameBytesHoweverItIsWritten) {
    const auto bytes = csv_like(600'000);
    EXPECT_EQ(compressed(bytes, options(), 7777), compressed(bytes, options()));
    EXPECT_EQ(compressed(bytes, options(1), 1000), compressed(bytes, options(3)));
}

// Some readers stop after the first member, stream or frame.
TEST_P(CompressionTest, IsOneMemberForReadersThatStopAfterTheFirst) {
    if (GetParam() == Compression::Zstd) {
        const auto path = folder_ / "file.zst";
        testing::write_file(path, compressed(csv_like(2'000'000), options()));
        const auto outcome = testing::run({"zstd", "-lv", path});
        EXPECT_NE(outcome.output.find("# Zstandard Frames: 1\n"), std::string::npos)
            << outcome.output << outcome.errors;
        return;
    }
    const auto path = folder_ / "file";
    testing::write_file(path, compressed(csv_like(2'000'000), options()));
    const std::string decompressor =
        GetParam() == Compression::Gzip ? "zlib.decompressobj(wbits=31)" : "bz2.BZ2Decompressor()";
    const auto outcome = testing::run({"python3", "-c",
                                       "import bz2, sys, zlib\nreader = " + decompressor +
                                           "\ntext = reader.decompress(open(sys.argv[1], 'rb').read())\n"
                                           "print(len(text), reader.eof, len(reader.unused_data))",
                                       path});
    EXPECT_EQ(outcome.output, "2000000 True 0\n") << outcome.errors;
}

TEST_P(CompressionTest, LeavesNothingCommittedWhenItIsAbandoned) {
    const Context context;
    for (const std::size_t size : {0, 1, 3'000'000}) {
        Received received;
        {
            const auto stream = compressing(std::make_unique<MemoryOutput>(received), options());
            stream->write(context, as_bytes(random_bytes(size)));
        }
        EXPECT_FALSE(received.committed);
    }
}

TEST_P(CompressionTest, PassesOnWhatTheInnerStreamThrows) {
    const Context context;
    for (const std::size_t limit : {0, 1'000'000}) {
        const auto stream =
            compressing(std::make_unique<FailingOutput>(limit, Error(ErrorKind::Exhausted, "disk full")), options());
        try {
            stream->write(context, as_bytes(random_bytes(2'500'000)));
            stream->commit(context);
            FAIL() << "the failure was swallowed";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Exhausted);
        }
    }
}

TEST_P(CompressionTest, StopsOnRequest) {
    StopSignal stop;
    Context context;
    context.stop = &stop;
    Received received;
    const auto stream = compressing(std::make_unique<MemoryOutput>(received), options());
    const auto bytes = random_bytes(1'000'000);
    std::thread stopper([&] { stop.request(); });
    try {
        while (true) {
            stream->write(context, as_bytes(bytes));
        }
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
    }
    stopper.join();
    EXPECT_FALSE(received.committed);
}

TEST_P(CompressionTest, StopsWhileTheInnerStreamHangs) {
    StopSignal stop;
    Context context;
    context.stop = &stop;
    const auto stream = compressing(std::make_unique<HangingOutput>(), options());
    std::thread stopper([&] { stop.request(); });
    EXPECT_THROW(
        {
            stream->write(context, as_bytes(random_bytes(3'000'000)));
            stream->commit(context);
        },
        Error);
    stopper.join();
}

TEST(Compression, IsKnownByTheEndOfAName) {
    EXPECT_EQ(compression_of("orders.csv"), Compression::None);
    EXPECT_EQ(compression_of("orders.csv.gz"), Compression::Gzip);
    EXPECT_EQ(compression_of("orders.csv.zst"), Compression::Zstd);
    EXPECT_EQ(compression_of("ORDERS.CSV.BZ2"), Compression::Bzip2);
    EXPECT_EQ(compression_of("gz"), Compression::None);
    EXPECT_EQ(compression_of(".gz"), Compression::None);
    EXPECT_EQ(compression_of("orders.gz.csv"), Compression::None);
    EXPECT_EQ(compression_of(""), Compression::None);
}

TEST(Compression, NoneIsTheInnerStream) {
    EXPECT_EQ(compressed("abc", {}), "abc");
}

}  // namespace
}  // namespace rowhaul
