// SPDX-License-Identifier: Apache-2.0
#include "base/context.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/eventfd.h>
#include <unistd.h>

namespace rowhaul {

StopSignal::StopSignal() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) {
        throw Error(ErrorKind::Exhausted, std::string("cannot create an event descriptor: ") + std::strerror(errno));
    }
}

StopSignal::~StopSignal() {
    ::close(descriptor_);
}

void StopSignal::request() noexcept {
    requested_.store(true, std::memory_order_release);
    const int saved = errno;
    const std::uint64_t one = 1;
    // The counter can only be full when it is readable already.
    [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
    errno = saved;
}

void Context::check() const {
    if (stop != nullptr && stop->requested()) {
        throw Error(ErrorKind::Cancelled, "stopped on request");
    }
    if (deadline != Clock::time_point::max() && Clock::now() > deadline) {
        throw Error(ErrorKind::Unavailable, "took longer than its time limit");
    }
}

bool Context::wait(int descriptor, Readiness what, std::chrono::milliseconds timeout) const {
    short events = POLLIN;
    if (what == Readiness::Write) {
        events = POLLOUT;
    } else if (what == Readiness::ReadOrWrite) {
        events = POLLIN | POLLOUT;
    }
    const auto give_up = std::min(deadline, Clock::now() + timeout);
    while (true) {
        check();
        // poll(2) passes over negative descriptors, so a missing one needs no case of its own.
        pollfd watched[2] = {{descriptor, events, 0}, {stop != nullptr ? stop->descriptor() : -1, POLLIN, 0}};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(give_up - Clock::now()).count();
        const int ready = ::poll(watched, 2, static_cast<int>(std::clamp<long long>(left, 0, 3'600'000)));
        if (ready < 0 && errno != EINTR) {
            throw Error(ErrorKind::Internal, std::string("poll failed: ") + std::strerror(errno));
        }
        if (ready > 0 && watched[0].revents != 0) {
            return true;
        }
        if (ready <= 0 && Clock::now() >= give_up) {
            check();
            return false;
        }
    }
}

void Context::sleep(std::chrono::milliseconds duration) const {
    wait(-1, Readiness::Read, duration);
}

}  // namespace rowhaul
