// SPDX-License-Identifier: Apache-2.0
#include "io/spool_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

namespace rowhaul {

namespace {

constexpr std::uint64_t look_every = std::uint64_t{16} * 1024 * 1024;

Error failure(const SpoolPlace& place, std::string_view reason) {
    return Error(ErrorKind::Exhausted, fmt::format("temporary file in {}: {}", place.folder.string(), reason))
        .advise(
            "Make room there, or name another folder: with --home for runs, with the environment variable TMPDIR "
            "for everything else.");
}

std::string reason_of(int code) {
    return std::generic_category().message(code);
}

SpoolPlace with_folder(SpoolPlace place) {
    std::error_code error;
    if (place.folder.empty()) {
        place.folder = std::filesystem::temp_directory_path(error);
        if (error) {
            place.folder = "/tmp";
        }
        return place;
    }
    std::filesystem::create_directories(place.folder, error);
    if (error) {
        throw failure(place, error.message());
    }
    return place;
}

Descriptor open_in(const SpoolPlace& place) {
    Descriptor file(::open(place.folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file) {
        // Not every file system has files without a name.
        auto name = fmt::format("{}/{}-XXXXXX", place.folder.string(), place.owner);
        file = Descriptor(::mkostemp(name.data(), O_CLOEXEC));
        if (!file) {
            throw failure(place, reason_of(errno));
        }
        ::unlink(name.c_str());
    }
    return file;
}

}  // namespace

SpoolFile::SpoolFile(const SpoolPlace& place)
    : place_(with_folder(place)), file_(open_in(place_)), next_look_(look_every) {}

void SpoolFile::fail(std::string_view reason) const {
    throw failure(place_, reason);
}

void SpoolFile::keep_reserve() {
    next_look_ = size_ + look_every;
    struct statvfs disk {};
    if (::fstatvfs(file_.number(), &disk) != 0) {
        return;
    }
    const auto free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    if (free_bytes < place_.reserve) {
        fail(fmt::format("{} MiB are left on the disk, and the last {} MiB are kept free", free_bytes >> 20,
                         place_.reserve >> 20));
    }
}

void SpoolFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto count = ::pwrite(file_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            fail(reason_of(count < 0 ? errno : ENOSPC));
        }
        offset += static_cast<std::uint64_t>(count);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

void SpoolFile::append(std::span<const std::byte> bytes) {
    write(size_, bytes);
    size_ += bytes.size();
    if (size_ >= next_look_) {
        keep_reserve();
    }
}

void SpoolFile::write_over(std::uint64_t offset, std::span<const std::byte> bytes) {
    write(offset, bytes);
}

void SpoolFile::read(std::uint64_t offset, std::span<std::byte> into) const {
    while (!into.empty()) {
        const auto count = ::pread(file_.number(), into.data(), into.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            fail(reason_of(count < 0 ? errno : EIO));
        }
        offset += static_cast<std::uint64_t>(count);
        into = into.subspan(static_cast<std::size_t>(count));
    }
}

SpoolFile spooled(const Context& context, InputStream& in, const SpoolPlace& place) {
    SpoolFile file(place);
    std::vector<std::byte> block(std::size_t{256} * 1024);
    while (const auto size = in.read(context, block)) {
        file.append(std::span(block).first(size));
    }
    return file;
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
