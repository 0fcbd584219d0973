// SPDX-License-Identifier: Apache-2.0
#include "io/spool_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

namespace rowhaul {

namespace {

[[noreturn]] void fail(const std::string& folder, int code) {
    throw Error(ErrorKind::Exhausted,
                fmt::format("temporary file in {}: {}", folder, std::generic_category().message(code)))
        .advise("The environment variable TMPDIR names another folder.");
}

Descriptor open_in(const std::string& folder) {
    Descriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file) {
        // Not every file system has files without a name.
        auto name = folder + "/rowhaul-XXXXXX";
        file = Descriptor(::mkostemp(name.data(), O_CLOEXEC));
        if (!file) {
            fail(folder, errno);
        }
        ::unlink(name.c_str());
    }
    return file;
}

std::string temporary_folder() {
    std::error_code error;
    const auto folder = std::filesystem::temp_directory_path(error);
    return error ? std::string("/tmp") : folder.string();
}

}  // namespace

SpoolFile::SpoolFile() : folder_(temporary_folder()), file_(open_in(folder_)) {}

void SpoolFile::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto count = ::pwrite(file_.number(), bytes.data(), bytes.size(), static_cast<off_t>(size_));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            fail(folder_, count < 0 ? errno : ENOSPC);
        }
        size_ += static_cast<std::uint64_t>(count);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

void SpoolFile::read(std::uint64_t offset, std::span<std::byte> into) const {
    while (!into.empty()) {
        const auto count = ::pread(file_.number(), into.data(), into.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            fail(folder_, count < 0 ? errno : EIO);
        }
        offset += static_cast<std::uint64_t>(count);
        into = into.subspan(static_cast<std::size_t>(count));
    }
}

void SpoolPages::append(std::span<const std::byte> bytes) {
    pending_.insert(pending_.end(), bytes.begin(), bytes.end());
    if (pending_.size() >= 2 * page_bytes) {
        finish();
    }
}

void SpoolPages::finish() {
    file_.append(pending_);
    pending_.clear();
}

const std::byte* SpoolPages::page(std::uint64_t number) {
    auto& slot = cache_[number % pages];
    if (slot.number != number) {
        if (!slot.bytes) {
            slot.bytes = std::make_unique_for_overwrite<std::byte[]>(page_bytes);
        }
        const auto start = number * page_bytes;
        const auto size = std::min<std::uint64_t>(page_bytes, file_.size() - start);
        file_.read(start, {slot.bytes.get(), static_cast<std::size_t>(size)});
        slot.number = number;
    }
    return slot.bytes.get();
}

void SpoolPages::read(std::uint64_t offset, std::span<std::byte> into) {
    while (!into.empty()) {
        const auto within = static_cast<std::size_t>(offset % page_bytes);
        const auto count = std::min(into.size(), page_bytes - within);
        std::memcpy(into.data(), page(offset / page_bytes) + within, count);
        offset += count;
        into = into.subspan(count);
    }
}

}  // namespace rowhaul
