// SPDX-License-Identifier: Apache-2.0
#include "base/context.h"
#include "base/identifier.h"
#include "base/near_miss.h"
#include "base/time.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace rowhaul {
namespace {

using std::chrono::milliseconds;

const std::vector<std::string> options{"host", "port", "password", "private_key"};

TEST(NearMiss, finds_the_slip_of_a_finger) {
    EXPECT_EQ(near_miss("prot", options), "port");
    EXPECT_EQ(near_miss("passwort", options), "password");
    EXPECT_EQ(near_miss("Port", options), "port");
    EXPECT_EQ(did_you_mean("hots", options), "; did you mean \"host\"?");
}

TEST(NearMiss, does_not_guess_wildly) {
    EXPECT_EQ(near_miss("delimiter", options), std::nullopt);
    EXPECT_EQ(near_miss("", options), std::nullopt);
    EXPECT_EQ(near_miss(std::string(100'000, 'x'), options), std::nullopt);
    EXPECT_EQ(did_you_mean("zzz", options), "");
}

TEST(Identifier, sorts_by_time_and_never_repeats) {
    const auto now = std::chrono::system_clock::now();
    const auto earlier = new_identifier(now - std::chrono::hours(1));
    const auto later = new_identifier(now);
    EXPECT_EQ(earlier.size(), 26U);
    EXPECT_LT(earlier, later);
    EXPECT_NE(new_identifier(now), later);
}

TEST(Time, goes_to_text_and_back) {
    const auto moment = parse_utc("2026-11-22T04:00:00.123Z");
    EXPECT_EQ(utc_text(moment), "2026-11-22T04:00:00.123Z");
    EXPECT_THROW(parse_utc("yesterday"), Error);
}

TEST(Time, is_told_in_the_zone_asked_for) {
    const auto winter = parse_utc("2026-01-15T11:00:00.000Z");
    EXPECT_EQ(format_time(winter, "Europe/Zurich", "%Y%m%d-%H%M%S"), "20260115-120000");
    const auto summer = parse_utc("2026-07-15T11:00:00.000Z");
    EXPECT_EQ(format_time(summer, "Europe/Zurich", "%d.%m.%Y %H:%M"), "15.07.2026 13:00");
}

// Failure story 14: file names on the night the clocks change.
TEST(Time, names_both_half_past_two_of_the_autumn_night) {
    EXPECT_EQ(format_time(parse_utc("2026-10-25T00:30:00.000Z"), "Europe/Zurich", "%Y%m%d-%H%M%S%z"),
              "20261025-023000+0200");
    EXPECT_EQ(format_time(parse_utc("2026-10-25T01:30:00.000Z"), "Europe/Zurich", "%Y%m%d-%H%M%S%z"),
              "20261025-023000+0100");
}

TEST(Time, refuses_unknown_zones_with_a_suggestion) {
    try {
        format_time({}, "Europe/Zürich", "%Y");
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "there is no time zone \"Europe/Zürich\"; did you mean \"Europe/Zurich\"?");
    }
    EXPECT_FALSE(zone_exists("Mars/Olympus"));
    EXPECT_FALSE(zone_exists(""));
    EXPECT_TRUE(zone_exists(local_zone()));
}

TEST(Time, durations_read_well) {
    EXPECT_EQ(duration_text(1.94), "1.9 s");
    EXPECT_EQ(duration_text(125), "2 min 5 s");
    EXPECT_EQ(duration_text(3780), "1 h 3 min");
}

TEST(Context, a_stop_request_ends_a_wait_at_once) {
    StopSignal stop;
    const Context context{.stop = &stop};
    std::thread stopper([&] { stop.request(); });
    EXPECT_THROW(context.wait(-1, Readiness::Read, std::chrono::minutes(5)), Error);
    stopper.join();
    EXPECT_THROW(context.check(), Error);
}

TEST(Context, a_stop_signal_follows_its_parent_but_not_the_other_way_round) {
    StopSignal parent;
    StopSignal first(&parent);
    StopSignal second(&parent);
    first.request();
    EXPECT_TRUE(first.requested());
    EXPECT_FALSE(parent.requested());
    EXPECT_FALSE(second.requested());
    const Context context{.stop = &second};
    std::thread stopper([&] { parent.request(); });
    EXPECT_THROW(context.wait(-1, Readiness::Read, std::chrono::minutes(5)), Error);
    stopper.join();
}

TEST(Context, a_wait_tells_readiness_from_time_out) {
    const int ready = ::eventfd(1, EFD_CLOEXEC);
    const int idle = ::eventfd(0, EFD_CLOEXEC);
    const Context context;
    EXPECT_TRUE(context.wait(ready, Readiness::Read, std::chrono::minutes(5)));
    EXPECT_FALSE(context.wait(idle, Readiness::Read, milliseconds(1)));
    ::close(ready);
    ::close(idle);
}

TEST(Context, a_passed_deadline_is_told) {
    const Context context{.deadline = Context::Clock::now() - milliseconds(1)};
    EXPECT_THROW(context.check(), Error);
    EXPECT_THROW(context.wait(-1, Readiness::Read, std::chrono::minutes(5)), Error);
}

}  // namespace
}  // namespace rowhaul
