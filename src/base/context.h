// SPDX-License-Identifier: Apache-2.0
// What every long operation is handed: when to stop, where to say what happened.
#pragma once
#include "base/error.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <string_view>

namespace rowhaul {

enum class Level : std::uint8_t { Debug, Info, Warning, Error };

// Asks running operations to stop, also ones that wait for a descriptor. `request` may be called
// from a signal handler and from any thread, any number of times.
class StopSignal {
public:
    StopSignal() : StopSignal(nullptr) {}
    // Also requested whenever `parent` is, which must outlive this one: for work that is to end with
    // a larger work, or alone.
    explicit StopSignal(const StopSignal* parent);
    ~StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;

    void request() noexcept;
    bool requested() const noexcept {
        return requested_.load(std::memory_order_acquire) || (parent_ != nullptr && parent_->requested());
    }
    // Readable once a stop was requested; for poll(2) beside one's own descriptors.
    int descriptor() const noexcept { return descriptor_; }

private:
    void close() noexcept;

    std::atomic<bool> requested_{false};
    const StopSignal* parent_;
    int event_ = -1;
    int descriptor_ = -1;  // the event, or an epoll over it and the parent's
};

enum class Readiness : std::uint8_t { Read, Write, ReadOrWrite };

// Cheap to copy; copies share the stop signal and the sinks.
struct Context {
    using Clock = std::chrono::steady_clock;

    const StopSignal* stop = nullptr;
    Clock::time_point deadline = Clock::time_point::max();
    // Diagnostics for the log. Never contains a secret (P12). Callable from any thread.
    std::function<void(Level, std::string_view)> log = [](Level, std::string_view) {};
    // Told after each completed step of reaching a system ("resolve name", "127.0.0.1"); `check`
    // prints them with their times. Steps of a run go through the same code and are ignored.
    std::function<void(std::string_view step, std::string_view detail)> step = [](std::string_view, std::string_view) {
    };

    // Throws Cancelled when asked to stop, Unavailable when the deadline has passed. Called once a
    // batch, never once a row.
    void check() const;
    // Waits until `descriptor` is ready; false when `timeout` passed first. Throws as check() does,
    // within milliseconds of a stop request.
    bool wait(int descriptor, Readiness what, std::chrono::milliseconds timeout) const;
    // Sleeps; throws as check() does.
    void sleep(std::chrono::milliseconds duration) const;
};

}  // namespace rowhaul
