// SPDX-License-Identifier: Apache-2.0
#include "store/lock.h"

#include "base/error.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace rowhaul {

namespace {

// Two names never share a file, whatever characters they have and however long they are.
std::string file_name(const std::string& name) {
    std::string safe;
    for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        safe += plain ? std::string(1, c) : fmt::format("_{:02x}", static_cast<unsigned char>(c));
    }
    return safe + ".lock";
}

std::string holder(int descriptor) {
    std::array<char, 32> text{};
    const auto size = ::pread(descriptor, text.data(), text.size() - 1, 0);
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "unknown";
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& home, const std::string& name) {
    const auto folder = home / "locks";
    std::filesystem::create_directories(folder);
    const auto path = folder / file_name(name);
    descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor_ < 0) {
        throw Error(ErrorKind::Denied, fmt::format("cannot open the lock {}: {}", path.string(), std::strerror(errno)))
            .advise("Choose another folder with --home.");
    }
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        const auto process = holder(descriptor_);
        ::close(std::exchange(descriptor_, -1));
        throw Error(ErrorKind::Conflict, fmt::format("{} is being run already, by process {}", name, process))
            .advise("Wait for it to end; `rowhaul history` shows it.");
    }
    const auto process = std::to_string(::getpid());
    if (::ftruncate(descriptor_, 0) == 0) {
        // For the message above only; a lock without it still holds.
        [[maybe_unused]] const auto written = ::pwrite(descriptor_, process.data(), process.size(), 0);
    }
}

RunLock::RunLock(RunLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

RunLock::~RunLock() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

}  // namespace rowhaul
