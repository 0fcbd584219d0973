// SPDX-License-Identifier: Apache-2.0
#include "base/context.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace rowhaul {

StopSignal::StopSignal(const StopSignal* parent)
    : parent_(parent), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), descriptor_(event_) {
    bool good = event_ >= 0;
    if (good && parent_ != nullptr) {
        descriptor_ = ::epoll_create1(EPOLL_CLOEXEC);
        epoll_event readable{};
        readable.events = EPOLLIN;
        good = descriptor_ >= 0 && ::epoll_ctl(descriptor_, EPOLL_CTL_ADD, event_, &readable) == 0 &&
               ::epoll_ctl(descriptor_, EPOLL_CTL_ADD, parent_->descriptor(), &readable) == 0;
    }
    if (!good) {
        const int reason = errno;
        close();
        throw Error(ErrorKind::Exhausted, std::string("cannot create an event descriptor: ") + std::strerror(reason));
    }
}

StopSignal::~StopSignal() {
    close();
}

void StopSignal::close() noexcept {
    if (descriptor_ >= 0 && descriptor_ != event_) {
        ::close(descriptor_);
    }
    if (event_ >= 0) {
        ::close(event_);
    }
}

void StopSignal::request() noexcept {
    requested_.store(true, std::memory_order_release);
    const int saved = errno;
    const std::uint64_t one = 1;
    // The counter can only be full when it is readable already.
    [[maybe_unused]] const auto written = ::write(event_, &one, sizeof one);
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
