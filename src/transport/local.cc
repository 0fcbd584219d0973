// SPDX-License-Identifier: Apache-2.0
#include "transport/local.h"

#include "transport/path.h"

#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

namespace rowhaul {

namespace {

// The kernel is told to write after so many bytes, so that the final sync does not wait for all.
constexpr std::uint64_t flush_bytes = std::uint64_t{8} << 20;

ErrorKind kind_of(int code) {
    switch (code) {
        case ENOENT:
        case ENOTDIR:
            return ErrorKind::NotFound;
        case EACCES:
        case EPERM:
        case EROFS:
        case ELOOP:
            return ErrorKind::Denied;
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
        case EMFILE:
        case ENFILE:
            return ErrorKind::Exhausted;
        case EEXIST:
        case ENOTEMPTY:
        case EISDIR:
            return ErrorKind::Conflict;
        case ENAMETOOLONG:
        case EINVAL:
            return ErrorKind::Invalid;
        default:
            return ErrorKind::Unavailable;
    }
}

std::string text_of(int code) {
    switch (code) {
        case ENOSPC:
            return "the disk is full";
        case EDQUOT:
            return "the disk quota is used up";
        case ELOOP:
            return "a symbolic link, which could leave the connection's folder";
        default:
            return std::strerror(code);
    }
}

Error failure(std::string_view doing, std::string_view path, int code) {
    Error error(kind_of(code), fmt::format("cannot {} {}: {}", doing, in_quotes(path), text_of(code)));
    if (code == ENOSPC || code == EDQUOT) {
        error.advise("Free some space there, or choose another folder.");
    }
    return error;
}

// A link seen with O_NOFOLLOW | O_DIRECTORY is "not a directory"; that it is a link tells more.
int open_error(int folder, const std::string& name, int code) {
    struct stat status {};
    const bool is_link = ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
    return is_link ? ELOOP : code;
}

Entry entry_of(std::string path, const struct stat& status) {
    Entry entry;
    entry.path = std::move(path);
    entry.is_folder = S_ISDIR(status.st_mode);
    if (S_ISREG(status.st_mode)) {
        entry.size = static_cast<std::uint64_t>(status.st_size);
    }
    entry.modified = std::chrono::sys_seconds(std::chrono::seconds(status.st_mtim.tv_sec));
    return entry;
}

class LocalInput final : public InputStream {
public:
    LocalInput(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

    std::size_t read(const Context& context, std::span<std::byte> into) override {
        context.check();
        while (true) {
            const auto count = ::read(file_.number(), into.data(), into.size());
            if (count >= 0) {
                return static_cast<std::size_t>(count);
            }
            if (errno != EINTR) {
                throw failure("read", path_, errno);
            }
        }
    }

private:
    Descriptor file_;
    std::string path_;
};

enum class Durability : std::uint8_t { Synced, Cached };

class LocalOutput final : public OutputStream {
public:
    LocalOutput(Descriptor file, Descriptor folder, std::string path, Durability durability)
        : file_(std::move(file)), folder_(std::move(folder)), path_(std::move(path)), durability_(durability) {}

    void write(const Context& context, std::span<const std::byte> bytes) override {
        context.check();
        while (!bytes.empty()) {
            const auto count = ::write(file_.number(), bytes.data(), bytes.size());
            if (count < 0) {
                if (errno == EINTR) {
                    continue;
                }
                throw failure("write", path_, errno);
            }
            bytes = bytes.subspan(static_cast<std::size_t>(count));
            unflushed_ += static_cast<std::uint64_t>(count);
        }
        if (durability_ == Durability::Synced && unflushed_ >= flush_bytes) {
            ::sync_file_range(file_.number(), 0, 0, SYNC_FILE_RANGE_WRITE);
            unflushed_ = 0;
        }
    }

    void commit(const Context& context) override {
        context.check();
        if (durability_ == Durability::Synced && (::fsync(file_.number()) != 0 || ::fsync(folder_.number()) != 0)) {
            throw failure("write", path_, errno);
        }
        // Some file systems report a failed write only now.
        if (::close(file_.release()) != 0) {
            throw failure("write", path_, errno);
        }
    }

private:
    Descriptor file_;
    Descriptor folder_;
    std::string path_;
    Durability durability_;
    std::uint64_t unflushed_ = 0;
};

}  // namespace

Capabilities LocalTransport::capabilities() const {
    return {.resume_read = true,
            .resume_write = true,
            .resume_anywhere = true,
            .rename_replaces = true,
            .modified_times = true,
            .checksums = false};
}

std::string LocalTransport::full(std::string_view path) const {
    return path_on_server(options_.folder, path);
}

const Descriptor& LocalTransport::root(const Context& context) {
    context.check();
    if (!root_) {
        root_ = Descriptor(::open(full("").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!root_) {
            throw failure("open the folder", options_.folder, errno)
                .advise("Create the folder, or correct the option folder.");
        }
        context.step("open folder", options_.folder);
    }
    return root_;
}

Descriptor LocalTransport::open_folder(const Context& context, std::string_view folder) {
    const std::string checked = checked_folder(folder);
    Descriptor here(::openat(root(context).number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!here) {
        throw failure("open the folder", options_.folder, errno);
    }
    std::string_view left = checked;
    while (!left.empty()) {
        const auto slash = left.find('/');
        const std::string part(left.substr(0, slash));
        Descriptor next(::openat(here.number(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!next) {
            throw failure("open the folder", full(checked), open_error(here.number(), part, errno));
        }
        here = std::move(next);
        left.remove_prefix(slash == std::string_view::npos ? left.size() : slash + 1);
    }
    return here;
}

std::optional<Entry> LocalTransport::stat(const Context& context, std::string_view path) {
    const std::string checked = checked_path(path);
    try {
        const Descriptor folder = open_folder(context, folder_of(checked));
        struct stat status {};
        if (::fstatat(folder.number(), std::string(file_name_of(checked)).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
            throw failure("look at", full(checked), errno);
        }
        return entry_of(checked, status);
    } catch (const Error& error) {
        // A missing folder of the connection itself stays an error.
        if (error.kind() == ErrorKind::NotFound && root_) {
            return {};
        }
        throw;
    }
}

void LocalTransport::list(const Context& context, std::string_view folder,
                          const std::function<bool(const Entry&)>& each) {
    Descriptor opened = open_folder(context, folder);
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(opened.number()), &::closedir);
    if (!entries) {
        throw failure("list", full(folder), errno);
    }
    const int number = opened.release();
    while (true) {
        errno = 0;
        const dirent* found = ::readdir(entries.get());
        if (found == nullptr) {
            if (errno != 0) {
                throw failure("list", full(folder), errno);
            }
            return;
        }
        const std::string_view name = found->d_name;
        struct stat status {};
        if (name == "." || name == ".." || ::fstatat(number, found->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        context.check();
        if (!each(entry_of(path_below(folder, name), status))) {
            return;
        }
    }
}

std::unique_ptr<InputStream> LocalTransport::read(const Context& context, std::string_view path, std::uint64_t offset) {
    const std::string checked = checked_path(path);
    const std::string name(file_name_of(checked));
    const Descriptor folder = open_folder(context, folder_of(checked));
    // Non-blocking, because opening a named pipe would wait for its writer.
    Descriptor file(::openat(folder.number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) {
        throw failure("read", full(checked), errno);
    }
    struct stat status {};
    if (::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode)) {
        throw Error(ErrorKind::Invalid, fmt::format("cannot read {}: not a file", in_quotes(full(checked))));
    }
    if (::lseek(file.number(), static_cast<off_t>(offset), SEEK_SET) < 0) {
        throw failure("read", full(checked), errno);
    }
    ::posix_fadvise(file.number(), 0, 0, POSIX_FADV_SEQUENTIAL);
    return std::make_unique<LocalInput>(std::move(file), full(checked));
}

std::unique_ptr<OutputStream> LocalTransport::write(const Context& context, std::string_view path,
                                                    std::uint64_t offset) {
    const std::string checked = checked_path(path);
    const std::string name(file_name_of(checked));
    Descriptor folder = open_folder(context, folder_of(checked));
    int flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    if (offset == 0) {
        if (::unlinkat(folder.number(), name.c_str(), 0) != 0 && errno != ENOENT) {
            throw failure("write", full(checked), errno);
        }
        flags |= O_CREAT | O_EXCL;
    }
    Descriptor file(::openat(folder.number(), name.c_str(), flags, 0666));
    if (!file) {
        throw failure("write", full(checked), errno);
    }
    if (::lseek(file.number(), static_cast<off_t>(offset), SEEK_SET) < 0) {
        throw failure("write", full(checked), errno);
    }
    return std::make_unique<LocalOutput>(std::move(file), std::move(folder), full(checked),
                                         options_.sync ? Durability::Synced : Durability::Cached);
}

void LocalTransport::rename(const Context& context, std::string_view from, std::string_view to) {
    const std::string old_path = checked_path(from);
    const std::string new_path = checked_path(to);
    const Descriptor old_folder = open_folder(context, folder_of(old_path));
    const Descriptor new_folder = open_folder(context, folder_of(new_path));
    if (::renameat(old_folder.number(), std::string(file_name_of(old_path)).c_str(), new_folder.number(),
                   std::string(file_name_of(new_path)).c_str()) != 0) {
        throw failure("rename " + in_quotes(full(old_path)) + " to", full(new_path), errno);
    }
    if (options_.sync && (::fsync(new_folder.number()) != 0 || ::fsync(old_folder.number()) != 0)) {
        throw failure("rename " + in_quotes(full(old_path)) + " to", full(new_path), errno);
    }
}

void LocalTransport::remove(const Context& context, std::string_view path) {
    const std::string checked = checked_path(path);
    if (!stat(context, checked)) {
        return;
    }
    const Descriptor folder = open_folder(context, folder_of(checked));
    if (::unlinkat(folder.number(), std::string(file_name_of(checked)).c_str(), 0) != 0 && errno != ENOENT) {
        throw failure("remove", full(checked), errno);
    }
}

void LocalTransport::make_folder(const Context& context, std::string_view path) {
    const std::string checked = checked_path(path);
    std::size_t end = 0;
    while (end != std::string::npos) {
        end = checked.find('/', end + 1);
        const std::string_view part = std::string_view(checked).substr(0, end);
        const Descriptor parent = open_folder(context, folder_of(part));
        if (::mkdirat(parent.number(), std::string(file_name_of(part)).c_str(), 0777) != 0 && errno != EEXIST) {
            throw failure("make the folder", full(part), errno);
        }
    }
    open_folder(context, checked);
}

}  // namespace rowhaul
