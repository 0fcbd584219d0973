// SPDX-License-Identifier: Apache-2.0
#include "transport/sftp_client.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

namespace {

constexpr std::size_t receive_bytes = std::size_t{128} << 10;
constexpr std::size_t compact_bytes = std::size_t{1} << 20;
// What a request needs beside its data; OpenSSH announces its limits without it.
constexpr std::uint32_t longest_chunk = 255U << 10U;

}  // namespace

SftpClient::SftpClient(const Context& context, const SshOptions& options)
    : session_(context, options, "sftp"), timeout_(options.timeout) {
    introduce(context);
    if (extensions_.longest_read == 0) {
        extensions_.longest_read = extensions_.longest_write = 32768;
        ask_limits(context);
    }
}

void SftpClient::introduce(const Context& context) {
    SftpPacketWriter writer(out_, SftpType::Init);
    writer.u32(sftp_version);
    writer.end();
    while (!version_) {
        advance(context);
    }
    auto reader = version_->reader();
    if (version_->type != SftpType::Version || reader.u32() < sftp_version) {
        throw Error(ErrorKind::Invalid, fmt::format("{} does not speak SFTP version {}", peer(), sftp_version));
    }
    while (!reader.at_end()) {
        const auto name = reader.string();
        reader.string();
        extensions_.posix_rename = extensions_.posix_rename || name == "posix-rename@openssh.com";
        extensions_.fsync = extensions_.fsync || name == "fsync@openssh.com";
        extensions_.check_file = extensions_.check_file || name == "check-file";
        extensions_.statvfs = extensions_.statvfs || name == "statvfs@openssh.com";
        if (name == "limits@openssh.com") {
            extensions_.longest_read = 0;  // to be asked for
        }
    }
}

void SftpClient::ask_limits(const Context& context) {
    const auto reply = ask(context, SftpType::Extended, [](auto& request) { request.string("limits@openssh.com"); });
    if (reply.type != SftpType::ExtendedReply) {
        return;
    }
    auto reader = reply.reader();
    reader.u64();  // longest packet
    const auto chunk = [](std::uint64_t limit) {
        return limit == 0 ? 32768U : static_cast<std::uint32_t>(std::min<std::uint64_t>(limit, longest_chunk));
    };
    extensions_.longest_read = chunk(reader.u64());
    extensions_.longest_write = chunk(reader.u64());
}

bool SftpClient::send() {
    bool has_sent = false;
    while (sent_ < out_.size()) {
        const auto count = session_.send(std::span<const std::byte>(out_).subspan(sent_));
        if (count == 0) {
            break;
        }
        sent_ += count;
        has_sent = true;
    }
    if (sent_ == out_.size()) {
        out_.clear();
        sent_ = 0;
    } else if (sent_ >= compact_bytes) {
        out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(sent_));
        sent_ = 0;
    }
    return has_sent;
}

bool SftpClient::receive() {
    const auto count = session_.receive(frames_.room(receive_bytes));
    frames_.filled(count);
    while (const auto packet = frames_.next()) {
        take(*packet);
    }
    return count > 0;
}

void SftpClient::advance(const Context& context) {
    context.check();
    const auto end = Context::Clock::now() + timeout_;
    while (true) {
        const bool has_sent = send();
        const bool has_received = receive();
        if (has_sent || has_received) {
            return;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Context::Clock::now());
        if (left <= std::chrono::milliseconds(0) || !session_.wait(context, left)) {
            throw Error(ErrorKind::Unavailable,
                        fmt::format("{} has been silent for {} s", peer(), timeout_.count() / 1000));
        }
    }
}

void SftpClient::take(std::span<const std::byte> packet) {
    SftpPacketReader reader(packet);
    const auto type = reader.type();
    if (!version_) {
        version_ = SftpReply{type, {reader.rest().begin(), reader.rest().end()}};
        return;
    }
    const auto id = reader.u32();
    if (forgotten_.erase(id) > 0) {
        return;
    }
    const auto found = waiting_.find(id);
    if (found == waiting_.end() || found->second) {
        throw Error(ErrorKind::Unavailable, fmt::format("{} answered what was not asked", peer()));
    }
    found->second = SftpReply{type, {reader.rest().begin(), reader.rest().end()}};
}

SftpReply SftpClient::await(const Context& context, std::uint32_t id) {
    try {
        while (!is_answered(id)) {
            advance(context);
        }
    } catch (...) {
        forget(id);
        throw;
    }
    auto found = waiting_.extract(id);
    return std::move(*found.mapped());
}

void SftpClient::forget(std::uint32_t id) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) {
        return;
    }
    if (!found->second) {
        forgotten_.emplace(id, true);
    }
    waiting_.erase(found);
}

}  // namespace rowhaul
