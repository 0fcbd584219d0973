// SPDX-License-Identifier: Apache-2.0
#include "net/resolve.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;

TEST(Resolve, AnAddressIsItself) {
    EXPECT_THAT(resolve({}, "127.0.0.1", seconds(5)), ElementsAre("127.0.0.1"));
    EXPECT_THAT(resolve({}, "::1", seconds(5)), ElementsAre("::1"));
}

TEST(Resolve, KnowsThisMachine) {
    EXPECT_THAT(resolve({}, "localhost", seconds(5)), Contains("127.0.0.1"));
}

TEST(Resolve, AStopRequestEndsIt) {
    StopSignal stop;
    stop.request();
    Context context;
    context.stop = &stop;
    try {
        resolve(context, "localhost", seconds(5));
        ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
    }
}

TEST(Resolve, ANameThatCannotBeFoundIsAnError) {
    try {
        resolve({}, "no such host", seconds(5));
        ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_TRUE(error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::Unavailable);
    }
}

}  // namespace
}  // namespace rowhaul
