// SPDX-License-Identifier: Apache-2.0
#include "io/async_output.h"

#include "testing/streams.h"

#include <gtest/gtest.h>
#include <random>

namespace rowhaul {
namespace {

using testing::FailingOutput;
using testing::HangingOutput;
using testing::MemoryOutput;
using testing::Received;

constexpr AsyncOutputOptions small_blocks{.block_bytes = 100, .queue_bytes = 300};

ErrorKind kind_of_failure(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.kind();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorKind::Internal;
}

TEST(AsyncOutput, DeliversEverythingInOrder) {
    const Context context;
    Received received;
    AsyncOutput output(std::make_unique<MemoryOutput>(received), small_blocks);
    std::mt19937 random(1);
    std::string expected;
    for (int round = 0; round < 1000; ++round) {
        const std::string piece(random() % 350, static_cast<char>('a' + round % 26));
        output.write(context, as_bytes(piece));
        expected += piece;
    }
    output.commit(context);
    EXPECT_TRUE(received.committed);
    EXPECT_EQ(received.bytes, expected);
}

TEST(AsyncOutput, CommitsAnEmptyStream) {
    Received received;
    AsyncOutput output(std::make_unique<MemoryOutput>(received));
    output.commit(Context{});
    EXPECT_TRUE(received.committed);
    EXPECT_EQ(received.bytes, "");
}

TEST(AsyncOutput, CommitsNothingWhenItIsAbandoned) {
    const Context context;
    Received received;
    {
        AsyncOutput output(std::make_unique<MemoryOutput>(received), small_blocks);
        output.write(context, as_bytes(std::string(1000, 'x')));
    }
    EXPECT_FALSE(received.committed);
}

TEST(AsyncOutput, ThrowsTheErrorOfTheInnerStreamWhenWriting) {
    const Context context;
    AsyncOutput output(std::make_unique<FailingOutput>(250, Error(ErrorKind::Denied, "no")), small_blocks);
    EXPECT_EQ(kind_of_failure([&] {
                  for (int round = 0; round < 100; ++round) {
                      output.write(context, as_bytes(std::string(100, 'x')));
                  }
              }),
              ErrorKind::Denied);
}

TEST(AsyncOutput, ThrowsTheErrorOfTheInnerStreamWhenCommitting) {
    const Context context;
    AsyncOutput output(std::make_unique<FailingOutput>(1000, Error(ErrorKind::Exhausted, "full")), small_blocks);
    output.write(context, as_bytes("abc"));
    EXPECT_EQ(kind_of_failure([&] { output.commit(context); }), ErrorKind::Exhausted);
}

TEST(AsyncOutput, StopsWhileTheInnerStreamHangs) {
    StopSignal stop;
    Context context;
    context.stop = &stop;
    const auto start = Context::Clock::now();
    {
        AsyncOutput output(std::make_unique<HangingOutput>(), small_blocks);
        output.write(context, as_bytes("abc"));
        stop.request();
        EXPECT_EQ(kind_of_failure([&] { output.write(context, as_bytes(std::string(1000, 'x'))); }),
                  ErrorKind::Cancelled);
    }
    EXPECT_LT(Context::Clock::now() - start, std::chrono::seconds(1));
}

TEST(AsyncOutput, StopsWhileWaitingForSpaceAndForTheCommit) {
    for (const bool committing : {false, true}) {
        StopSignal stop;
        Context context;
        context.stop = &stop;
        AsyncOutput output(std::make_unique<HangingOutput>(), small_blocks);
        output.write(context, as_bytes("abc"));
        std::thread stopper([&] { stop.request(); });
        EXPECT_EQ(kind_of_failure([&] {
                      if (committing) {
                          output.commit(context);
                      } else {
                          output.write(context, as_bytes(std::string(10'000, 'x')));
                      }
                  }),
                  ErrorKind::Cancelled);
        stopper.join();
    }
}

TEST(AsyncOutput, KeepsTheDeadline) {
    Context context;
    context.deadline = Context::Clock::now() + std::chrono::milliseconds(50);
    AsyncOutput output(std::make_unique<HangingOutput>(), small_blocks);
    EXPECT_EQ(kind_of_failure([&] { output.write(context, as_bytes(std::string(10'000, 'x'))); }),
              ErrorKind::Unavailable);
}

}  // namespace
}  // namespace rowhaul
