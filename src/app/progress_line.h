// SPDX-License-Identifier: Apache-2.0
// One line on a terminal that tells how far a run is: rows, rows a second, bytes, time left.
#pragma once
#include "execution/mapping_run.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace rowhaul {

// Draws on stderr while a mapping runs, if stderr is a terminal; else does nothing.
class ProgressLine final : public RunObserver {
public:
    ProgressLine();
    ~ProgressLine() override;
    void started(const RunningMapping&) override;
    void waiting() override;

private:
    void draw_until_told();

    const bool is_on_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<RunningMapping> running_;
    std::thread thread_;
};

// "customers  1,234,567 rows  210,000 rows/s  123.4 MB  12.0 s left"
std::string progress_text(const std::string& mapping, std::uint64_t rows, std::uint64_t expected_rows,
                          std::uint64_t bytes, double seconds);

}  // namespace rowhaul
