// SPDX-License-Identifier: Apache-2.0
#include "transport/sftp.h"

#include "transport/path.h"
#include "transport/sftp_status.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <utility>

namespace rowhaul {

namespace {

Entry entry_of(std::string path, const SftpAttributes& attributes) {
    Entry entry;
    entry.path = std::move(path);
    entry.is_folder = attributes.is_folder();
    if (!entry.is_folder) {
        entry.size = attributes.size;
    }
    if (attributes.modified) {
        entry.modified = std::chrono::sys_seconds(std::chrono::seconds(*attributes.modified));
    }
    return entry;
}

std::optional<HashAlgorithm> digest_named(std::string_view name) {
    if (name == "sha256") {
        return HashAlgorithm::Sha256;
    }
    if (name == "sha1") {
        return HashAlgorithm::Sha1;
    }
    return name == "md5" ? std::optional(HashAlgorithm::Md5) : std::nullopt;
}

std::size_t size_of(HashAlgorithm digest) {
    return digest == HashAlgorithm::Sha256 ? 32 : digest == HashAlgorithm::Sha1 ? 20 : 16;
}

}  // namespace

Capabilities SftpTransport::capabilities() const {
    const std::size_t chunk = pipeline(extensions_.longest_write).chunk_bytes;
    return {.resume_read = true,
            .resume_write = true,
            .resume_anywhere = true,
            .rename_replaces = extensions_.posix_rename,
            .modified_times = true,
            .checksums = check_file_ == CheckFile::Offered,
            .unconfirmed_bytes = std::max(SftpOutput::longest_window, chunk) + chunk};
}

SftpClient& SftpTransport::client(const Context& context) {
    context.check();
    const auto now = Context::Clock::now();
    // A stream that is still open keeps its session.
    if (client_ && client_.use_count() == 1 && now - last_use_ > options_.idle_timeout) {
        client_.reset();
    }
    if (!client_) {
        client_ = std::make_shared<SftpClient>(context, options_);
        extensions_ = client_->extensions();
        if (extensions_.check_file) {
            check_file_ = CheckFile::Offered;
        }
    }
    last_use_ = now;
    return *client_;
}

std::string SftpTransport::full(std::string_view path) const {
    return path_on_server(options_.folder, path);
}

std::optional<SftpAttributes> SftpTransport::attributes(const Context& context, const std::string& full_path) {
    auto& server = client(context);
    const auto reply = server.ask(context, SftpType::Stat, [&](auto& request) { request.string(full_path); });
    if (status_of(reply) == SftpStatus::NoSuchFile) {
        return {};
    }
    expect_type(SftpType::Attributes, "look at", full_path, server, reply);
    return reply.reader().attributes();
}

std::optional<Entry> SftpTransport::stat(const Context& context, std::string_view path) {
    const auto found = attributes(context, full(checked_path(path)));
    return found ? std::optional(entry_of(std::string(path), *found)) : std::nullopt;
}

void SftpTransport::list(const Context& context, std::string_view folder,
                         const std::function<bool(const Entry&)>& each) {
    const auto path = full(folder);
    auto& server = client(context);
    const auto opened = server.ask(context, SftpType::Opendir, [&](auto& request) { request.string(path); });
    expect_type(SftpType::Handle, "list", path, server, opened);
    const std::string handle(opened.reader().string());
    const auto close = [&] {
        server.forget(server.post(SftpType::Close, [&](auto& request) { request.string(handle); }));
    };
    while (true) {
        const auto reply = server.ask(context, SftpType::Readdir, [&](auto& request) { request.string(handle); });
        if (status_of(reply) == SftpStatus::Eof) {
            break;
        }
        expect_type(SftpType::Name, "list", path, server, reply);
        auto reader = reply.reader();
        for (auto count = reader.u32(); count > 0; --count) {
            const auto name = reader.string();
            reader.string();
            auto found = reader.attributes();
            // A name with a slash is none; only a server that means harm sends it.
            if (name == "." || name == ".." || name.empty() || name.find('/') != std::string_view::npos) {
                continue;
            }
            if (found.is_link()) {
                found = attributes(context, path_below(path, name)).value_or(found);
            }
            if (!each(entry_of(path_below(folder, name), found))) {
                close();
                return;
            }
        }
    }
    close();
}

SftpFile SftpTransport::open(const Context& context, std::string_view doing, std::string_view path,
                             std::uint32_t flags) {
    const auto full_path = full(checked_path(path));
    auto& server = client(context);
    const auto reply = server.ask(context, SftpType::Open, [&](auto& request) {
        request.string(full_path);
        request.u32(flags);
        request.attributes({});
    });
    expect_type(SftpType::Handle, doing, full_path, server, reply);
    return {client_, std::string(reply.reader().string()), full_path};
}

SftpPipeline SftpTransport::pipeline(std::uint32_t longest_chunk) const {
    SftpPipeline pipeline;
    pipeline.chunk_bytes = options_.chunk_size ? static_cast<std::uint32_t>(options_.chunk_size->count) : longest_chunk;
    const auto most = std::max<std::size_t>(1, SftpOutput::longest_window / pipeline.chunk_bytes);
    pipeline.requests = std::min<std::size_t>(static_cast<std::size_t>(options_.concurrency), most);
    pipeline.is_synced = options_.sync;
    return pipeline;
}

std::unique_ptr<InputStream> SftpTransport::read(const Context& context, std::string_view path, std::uint64_t offset) {
    auto file = open(context, "read", path, sftp_open_read);
    return std::make_unique<SftpInput>(std::move(file), offset, pipeline(extensions_.longest_read));
}

std::unique_ptr<OutputStream> SftpTransport::write(const Context& context, std::string_view path,
                                                   std::uint64_t offset) {
    const auto flags = offset == 0 ? sftp_open_write | sftp_open_create | sftp_open_truncate : sftp_open_write;
    auto file = open(context, "write", path, flags);
    return std::make_unique<SftpOutput>(std::move(file), offset, pipeline(extensions_.longest_write));
}

void SftpTransport::rename(const Context& context, std::string_view from, std::string_view to) {
    const auto old_path = full(checked_path(from));
    const auto new_path = full(checked_path(to));
    auto& server = client(context);
    const bool replaces = extensions_.posix_rename;
    const auto reply = server.ask(context, replaces ? SftpType::Extended : SftpType::Rename, [&](auto& request) {
        if (replaces) {
            request.string("posix-rename@openssh.com");
        }
        request.string(old_path);
        request.string(new_path);
    });
    if (status_of(reply) == SftpStatus::Ok && reply.type == SftpType::Status) {
        return;
    }
    const auto doing = fmt::format("rename {} to", in_quotes(old_path));
    const auto error = sftp_failure(doing, new_path, server, reply);
    // Servers answer a plain failure to most of what can be wrong with a rename.
    if (error.kind() == ErrorKind::Denied || error.kind() == ErrorKind::Conflict) {
        if (!attributes(context, old_path)) {
            throw Error(ErrorKind::NotFound, error.what());
        }
        if (!replaces && attributes(context, new_path)) {
            throw Error(ErrorKind::Conflict,
                        fmt::format("cannot {} {} on {}: that exists, and the server cannot replace it", doing,
                                    in_quotes(new_path), server.peer()));
        }
    }
    throw error;
}

void SftpTransport::remove(const Context& context, std::string_view path) {
    const auto full_path = full(checked_path(path));
    auto& server = client(context);
    const auto reply = server.ask(context, SftpType::Remove, [&](auto& request) { request.string(full_path); });
    if (status_of(reply) != SftpStatus::NoSuchFile) {
        expect_ok("remove", full_path, server, reply);
    }
}

void SftpTransport::make_folder(const Context& context, std::string_view path) {
    const auto checked = checked_path(path);
    const auto found = attributes(context, full(checked));
    if (found && found->is_folder()) {
        return;
    }
    for (auto end = checked.find('/');; end = checked.find('/', end + 1)) {
        make_one_folder(context, std::string_view(checked).substr(0, end));
        if (end == std::string::npos) {
            return;
        }
    }
}

void SftpTransport::make_one_folder(const Context& context, std::string_view path) {
    const auto full_path = full(path);
    auto& server = client(context);
    const auto reply = server.ask(context, SftpType::Mkdir, [&](auto& request) {
        request.string(full_path);
        request.attributes({});
    });
    if (status_of(reply) == SftpStatus::Ok && reply.type == SftpType::Status) {
        return;
    }
    // Servers do not agree on how they say that it exists.
    const auto found = attributes(context, full_path);
    if (!found || !found->is_folder()) {
        throw sftp_failure("make the folder", full_path, server, reply);
    }
}

// ProFTPD answers this without announcing it to clients of version 3. So every server is asked, but
// one that refuses, or hangs up when asked, only once.
std::optional<Checksum> SftpTransport::checksum(const Context& context, std::string_view path) {
    const auto full_path = full(checked_path(path));
    auto& server = client(context);
    if (check_file_ == CheckFile::Missing) {
        return {};
    }
    const auto known = std::exchange(check_file_, CheckFile::Missing);
    const auto reply = server.ask(context, SftpType::Extended, [&](auto& request) {
        request.string("check-file-name");
        request.string(full_path);
        request.string("sha256,md5,sha1");
        request.u64(0);  // from the start
        request.u64(0);  // to the end
        request.u32(0);  // in one piece
    });
    const auto status = status_of(reply);
    if (status == SftpStatus::Unsupported) {
        return {};
    }
    if (known == CheckFile::Offered || status == SftpStatus::NoSuchFile) {
        check_file_ = known;
        expect_type(SftpType::ExtendedReply, "take the checksum of", full_path, server, reply);
    } else if (reply.type != SftpType::ExtendedReply) {
        return {};
    }
    check_file_ = CheckFile::Offered;
    auto reader = reply.reader();
    auto name = reader.string();
    if (name == "check-file") {
        name = reader.string();
    }
    const auto digest = digest_named(name);
    if (!digest || reader.rest().size() != size_of(*digest)) {
        return {};
    }
    std::string hex;
    for (const auto byte : reader.rest()) {
        hex += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    }
    return Checksum{*digest, hex};
}

}  // namespace rowhaul
