// SPDX-License-Identifier: Apache-2.0
#include "app/progress_line.h"

#include "app/text_table.h"

#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

namespace rowhaul {

ProgressLine::ProgressLine() : is_on_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
    waiting();
}

void ProgressLine::started(const RunningMapping& running) {
    if (is_on_) {
        running_.emplace(running);
        thread_ = std::thread([this] { draw_until_told(); });
    }
}

void ProgressLine::waiting() {
    if (!thread_.joinable()) {
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        running_.reset();
        changed_.notify_all();
    }
    thread_.join();
}

void ProgressLine::draw_until_told() {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, std::chrono::milliseconds(200), [this] { return !running_; })) {
        const std::chrono::duration<double> seconds = Clock::now() - begin;
        fmt::print(stderr, "\r{}\x1b[K",
                   progress_text(running_->mapping, running_->progress.rows, running_->progress.expected_rows,
                                 running_->target.bytes(), seconds.count()));
        std::fflush(stderr);
    }
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
}

std::string progress_text(const std::string& mapping, std::uint64_t rows, std::uint64_t expected_rows,
                          std::uint64_t bytes, double seconds) {
    const double rate = seconds > 0 ? static_cast<double>(rows) / seconds : 0;
    auto text = fmt::format("{}  {} rows  {} rows/s  {}", mapping, with_thousands(rows),
                            with_thousands(static_cast<std::uint64_t>(rate)), byte_text(bytes));
    if (expected_rows > rows && rate > 0) {
        text += fmt::format("  {} left", duration_text(static_cast<double>(expected_rows - rows) / rate));
    }
    return text;
}

}  // namespace rowhaul
