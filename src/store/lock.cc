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

int open_lock(const std::filesystem::path& home, const std::string& file) {
    const auto folder = home / "locks";
    std::filesystem::create_directories(folder);
    const auto path = folder / file;
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) {
        throw Error(ErrorKind::Denied, fmt::format("cannot open the lock {}: {}", path.string(), std::strerror(errno)))
            .advise("Choose another folder with --home.");
    }
    return descriptor;
}

constexpr auto signs_of_life = "signs_of_life";

// Every execution has a byte of one file, chosen by a hash (FNV-1a) of its id; the byte need not exist.
struct flock byte_of(const std::string& execution, short kind) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : execution) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
    struct flock range {};
    range.l_type = kind;
    range.l_whence = SEEK_SET;
    range.l_start = static_cast<off_t>(hash >> 2);
    range.l_len = 1;
    return range;
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& home, const std::string& name)
    : descriptor_(open_lock(home, file_name(name))) {
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

LifeSign::LifeSign(const std::filesystem::path& home, const std::string& execution)
    : descriptor_(open_lock(home, signs_of_life)) {
    // Shared, so that two executions on one byte are both alive. Where the file system has no such
    // locks, a test counts as dead while it still goes on, and its own end corrects that.
    auto range = byte_of(execution, F_RDLCK);
    ::fcntl(descriptor_, F_OFD_SETLK, &range);
}

LifeSign::~LifeSign() {
    ::close(descriptor_);
}

bool LifeSign::is_shown(const std::filesystem::path& home, const std::string& execution) {
    const int descriptor = open_lock(home, signs_of_life);
    auto range = byte_of(execution, F_WRLCK);
    const bool free = ::fcntl(descriptor, F_OFD_GETLK, &range) == 0 && range.l_type == F_UNLCK;
    ::close(descriptor);
    return !free;
}

}  // namespace rowhaul
