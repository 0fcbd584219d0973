// SPDX-License-Identifier: Apache-2.0
#include "net/tcp.h"

#include "testing/process.h"
#include "testing/tcp_proxy.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Tcp, connects_and_tells_its_steps) {
    const testing::TcpProxy listening(1);
    Context context;
    std::vector<std::string> steps;
    context.step = [&](std::string_view step, std::string_view) { steps.emplace_back(step); };
    EXPECT_TRUE(connect_tcp(context, "127.0.0.1", listening.port(), 5s));
    EXPECT_THAT(steps, ElementsAre("resolve name", "connect"));
}

TEST(Tcp, says_where_nobody_listens) {
    const int port = testing::free_port();
    try {
        connect_tcp(Context(), "127.0.0.1", port, 5s);
        FAIL() << "connected";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
        EXPECT_THAT(error.what(), HasSubstr("127.0.0.1:" + std::to_string(port)));
    }
}

TEST(Tcp, a_stop_request_comes_before_the_name_is_resolved) {
    StopSignal stop;
    stop.request();
    Context context;
    context.stop = &stop;
    try {
        connect_tcp(context, "localhost", 22, 5s);
        FAIL() << "connected";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
    }
}

}  // namespace
}  // namespace rowhaul
