// SPDX-License-Identifier: Apache-2.0
// Waiting for something that another process or thread brings about.
#pragma once
#include <chrono>
#include <functional>
#include <thread>

namespace rowhaul::testing {

// Whether it comes to hold before one gives up.
inline bool eventually(const std::function<bool()>& holds, std::chrono::seconds limit = std::chrono::seconds(30)) {
    const auto give_up = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > give_up) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

}  // namespace rowhaul::testing
