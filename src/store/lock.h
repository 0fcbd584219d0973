// SPDX-License-Identifier: Apache-2.0
// Who is at work, across processes that share a home folder: one run of a mapping at a time, and
// whether the process behind an execution still lives.
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

// Shows that an execution is on its way, for as long as this lives; goes with the process, however
// that ends. For tests, of which any number may go on beside each other and beside a run.
class LifeSign {
public:
    LifeSign(const std::filesystem::path& home, const std::string& execution);
    ~LifeSign();
    LifeSign(const LifeSign&) = delete;
    LifeSign& operator=(const LifeSign&) = delete;

    static bool is_shown(const std::filesystem::path& home, const std::string& execution);

private:
    int descriptor_;
};

}  // namespace rowhaul
