// SPDX-License-Identifier: Apache-2.0
#include "transport/sftp_status.h"

#include "transport/path.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

namespace {

bool contains_any(std::string_view text, std::initializer_list<std::string_view> words) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    });
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

// Servers say much with a plain "failure"; some explain it in the text.
ErrorKind kind_of(SftpStatus status, std::string_view text) {
    switch (status) {
        case SftpStatus::NoSuchFile:
            return ErrorKind::NotFound;
        case SftpStatus::NoConnection:
        case SftpStatus::ConnectionLost:
            return ErrorKind::Unavailable;
        case SftpStatus::FileExists:
            return ErrorKind::Conflict;
        case SftpStatus::NoSpace:
        case SftpStatus::QuotaExceeded:
            return ErrorKind::Exhausted;
        case SftpStatus::Failure:
            if (contains_any(text, {"no space", "disk full", "quota", "out of space"})) {
                return ErrorKind::Exhausted;
            }
            return ErrorKind::Denied;
        case SftpStatus::BadMessage:
        case SftpStatus::Unsupported:
            return ErrorKind::Invalid;
        default:
            return ErrorKind::Denied;
    }
}

}  // namespace

SftpStatus status_of(const SftpReply& reply) {
    return reply.type == SftpType::Status ? static_cast<SftpStatus>(reply.reader().u32()) : SftpStatus::Ok;
}

Error sftp_failure(std::string_view doing, std::string_view path, const SftpClient& client, const SftpReply& reply) {
    if (reply.type != SftpType::Status || status_of(reply) == SftpStatus::Ok) {
        return {ErrorKind::Unavailable,
                fmt::format("cannot {} {} on {}: an answer of another kind", doing, in_quotes(path), client.peer())};
    }
    auto reader = reply.reader();
    const auto status = static_cast<SftpStatus>(reader.u32());
    const auto text = reader.at_end() ? std::string_view() : reader.string();
    const auto kind = kind_of(status, text);
    Error error(kind, fmt::format("cannot {} {} on {}: the server says {}", doing, in_quotes(path), client.peer(),
                                  text.empty() ? fmt::format("status {}", static_cast<std::uint32_t>(status))
                                               : in_quotes(text.substr(0, 200))));
    if (kind == ErrorKind::Exhausted) {
        error.advise("The disk or quota on the server is full; its operator must make room.");
    }
    return error;
}

void expect_ok(std::string_view doing, std::string_view path, const SftpClient& client, const SftpReply& reply) {
    if (reply.type != SftpType::Status || status_of(reply) != SftpStatus::Ok) {
        throw sftp_failure(doing, path, client, reply);
    }
}

void expect_type(SftpType type, std::string_view doing, std::string_view path, const SftpClient& client,
                 const SftpReply& reply) {
    if (reply.type != type) {
        throw sftp_failure(doing, path, client, reply);
    }
}

}  // namespace rowhaul
