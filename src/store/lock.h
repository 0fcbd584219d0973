// SPDX-License-Identifier: Apache-2.0
// One run of a mapping at a time, also across processes that share a home folder.
#pragma once
#include <filesystem>
#include <string>

namespace rowhaul {

// Holds the name for as long as it lives. The lock belongs to the open file, so it goes with the
// process, however that ends.
class RunLock {
public:
    // Throws Conflict, naming the process that holds it, when somebody else does.
    RunLock(const std::filesystem::path& home, const std::string& name);
    ~RunLock();
    RunLock(RunLock&& other) noexcept;
    RunLock(const RunLock&) = delete;
    RunLock& operator=(const RunLock&) = delete;
    RunLock& operator=(RunLock&&) = delete;

private:
    int descriptor_ = -1;
};

}  // namespace rowhaul
