// SPDX-License-Identifier: Apache-2.0
#include "transport/sftp_streams.h"

#include "transport/path.h"
#include "transport/sftp_status.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

namespace {

constexpr std::size_t send_bytes = std::size_t{256} << 10;

std::uint32_t post_close(const SftpFile& file) {
    return file.client->post(SftpType::Close, [&](auto& request) { request.string(file.handle); });
}

// Runs in destructors: what cannot be queued is left to the end of the session.
void close_unasked(const SftpFile& file) noexcept {
    try {
        file.client->forget(post_close(file));
    } catch (...) {  // out of memory
    }
}

}  // namespace

SftpInput::SftpInput(SftpFile file, std::uint64_t offset, SftpPipeline pipeline)
    : file_(std::move(file)), pipeline_(pipeline), next_offset_(offset), position_(offset) {
    size_request_ = file_.client->post(SftpType::Fstat, [&](auto& request) { request.string(file_.handle); });
    ask_ahead();
}

SftpInput::~SftpInput() {
    for (const auto& request : requests_) {
        file_.client->forget(request.id);
    }
    file_.client->forget(size_request_);
    close_unasked(file_);
}

SftpInput::Request SftpInput::ask(std::uint64_t offset, std::uint32_t size) {
    const auto id = file_.client->post(SftpType::Read, [&](auto& request) {
        request.string(file_.handle);
        request.u64(offset);
        request.u32(size);
    });
    return {id, offset, size};
}

void SftpInput::ask_ahead() {
    while (requests_.size() < std::min(ahead_, pipeline_.requests)) {
        requests_.push_back(ask(next_offset_, pipeline_.chunk_bytes));
        next_offset_ += pipeline_.chunk_bytes;
    }
}

void SftpInput::take_next(const Context& context) {
    const auto request = requests_.front();
    auto reply = file_.client->await(context, request.id);
    requests_.pop_front();
    if (status_of(reply) == SftpStatus::Eof) {
        end(context);
        return;
    }
    expect_type(SftpType::Data, "read", file_.path, *file_.client, reply);
    current_ = std::move(reply);
    left_ = current_.reader().bytes();
    if (left_.empty() || left_.size() > request.size) {
        throw Error(ErrorKind::Unavailable,
                    fmt::format("{} sent {} bytes of {} where up to {} were asked for", file_.client->peer(),
                                left_.size(), in_quotes(file_.path), request.size));
    }
    const auto size = static_cast<std::uint32_t>(left_.size());
    if (size < request.size) {
        requests_.push_front(ask(request.offset + size, request.size - size));
    }
    ++ahead_;
    ask_ahead();
}

void SftpInput::end(const Context& context) {
    has_ended_ = true;
    for (const auto& request : requests_) {
        file_.client->forget(request.id);
    }
    requests_.clear();
    const auto reply = file_.client->await(context, size_request_);
    if (reply.type != SftpType::Attributes) {
        return;
    }
    const auto size = reply.reader().attributes().size;
    if (size && position_ < *size) {
        throw Error(ErrorKind::Unavailable, fmt::format("{} ended {} after {} of its {} bytes", file_.client->peer(),
                                                        in_quotes(file_.path), position_, *size));
    }
}

std::size_t SftpInput::read(const Context& context, std::span<std::byte> into) {
    context.check();
    while (left_.empty()) {
        if (has_ended_) {
            return 0;
        }
        take_next(context);
    }
    const auto count = std::min(into.size(), left_.size());
    std::copy_n(left_.begin(), count, into.begin());
    left_ = left_.subspan(count);
    position_ += count;
    return count;
}

SftpOutput::SftpOutput(SftpFile file, std::uint64_t offset, SftpPipeline pipeline)
    : file_(std::move(file)), pipeline_(pipeline), offset_(offset) {}

SftpOutput::~SftpOutput() {
    for (const auto id : requests_) {
        file_.client->forget(id);
    }
    if (!is_closed_) {
        close_unasked(file_);
    }
}

void SftpOutput::write(const Context& context, std::span<const std::byte> bytes) {
    context.check();
    while (!bytes.empty()) {
        if (chunk_.empty() && bytes.size() >= pipeline_.chunk_bytes) {
            send(context, bytes.first(pipeline_.chunk_bytes));
            bytes = bytes.subspan(pipeline_.chunk_bytes);
            continue;
        }
        const auto size = std::min<std::size_t>(bytes.size(), pipeline_.chunk_bytes - chunk_.size());
        chunk_.insert(chunk_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        bytes = bytes.subspan(size);
        if (chunk_.size() == pipeline_.chunk_bytes) {
            send(context, chunk_);
            chunk_.clear();
        }
    }
}

void SftpOutput::send(const Context& context, std::span<const std::byte> chunk) {
    while (!requests_.empty() &&
           (requests_.size() >= pipeline_.requests || file_.client->is_answered(requests_.front()))) {
        confirm_oldest(context);
    }
    requests_.push_back(file_.client->post(SftpType::Write, [&](auto& request) {
        request.string(file_.handle);
        request.u64(offset_);
        request.string(chunk);
    }));
    offset_ += chunk.size();
    while (file_.client->unsent_bytes() >= send_bytes) {
        file_.client->advance(context);
    }
}

void SftpOutput::confirm_oldest(const Context& context) {
    const auto reply = file_.client->await(context, requests_.front());
    requests_.pop_front();
    if (reply.type != SftpType::Status || status_of(reply) != SftpStatus::Ok) {
        fail(context, reply);
    }
}

// OpenSSH says "Failure" when the disk is full; whether it is can be asked.
void SftpOutput::fail(const Context& context, const SftpReply& reply) {
    if (status_of(reply) == SftpStatus::Failure && file_.client->extensions().statvfs) {
        const auto answer = file_.client->ask(context, SftpType::Extended, [&](auto& request) {
            request.string("fstatvfs@openssh.com");
            request.string(file_.handle);
        });
        if (answer.type == SftpType::ExtendedReply) {
            auto reader = answer.reader();
            for (int skipped = 0; skipped < 4; ++skipped) {
                reader.u64();  // block sizes, blocks, free blocks
            }
            if (reader.u64() == 0) {
                throw Error(ErrorKind::Exhausted, fmt::format("cannot write {} on {}: the disk is full",
                                                              in_quotes(file_.path), file_.client->peer()))
                    .advise("The server's operator must make room.");
            }
        }
    }
    throw sftp_failure("write", file_.path, *file_.client, reply);
}

void SftpOutput::commit(const Context& context) {
    if (!chunk_.empty()) {
        send(context, chunk_);
        chunk_.clear();
    }
    while (!requests_.empty()) {
        confirm_oldest(context);
    }
    if (pipeline_.is_synced && file_.client->extensions().fsync) {
        const auto reply = file_.client->ask(context, SftpType::Extended, [&](auto& request) {
            request.string("fsync@openssh.com");
            request.string(file_.handle);
        });
        expect_ok("write", file_.path, *file_.client, reply);
    }
    is_closed_ = true;
    expect_ok("close", file_.path, *file_.client, file_.client->await(context, post_close(file_)));
}

}  // namespace rowhaul
