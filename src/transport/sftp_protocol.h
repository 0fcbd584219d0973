// SPDX-License-Identifier: Apache-2.0
// The packets of SFTP version 3 (draft-ietf-secsh-filexfer-02), written and read; both directions,
// so that a server can use the same. Everything read comes from strangers: lengths are checked
// before they are believed, and what does not fit throws Unavailable, as a broken link does.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

enum class SftpType : std::uint8_t {
    Init = 1,
    Version = 2,
    Open = 3,
    Close = 4,
    Read = 5,
    Write = 6,
    Lstat = 7,
    Fstat = 8,
    Setstat = 9,
    Fsetstat = 10,
    Opendir = 11,
    Readdir = 12,
    Remove = 13,
    Mkdir = 14,
    Rmdir = 15,
    Realpath = 16,
    Stat = 17,
    Rename = 18,
    Readlink = 19,
    Symlink = 20,
    Status = 101,
    Handle = 102,
    Data = 103,
    Name = 104,
    Attributes = 105,
    Extended = 200,
    ExtendedReply = 201,
};

enum class SftpStatus : std::uint32_t {
    Ok = 0,
    Eof = 1,
    NoSuchFile = 2,
    PermissionDenied = 3,
    Failure = 4,
    BadMessage = 5,
    NoConnection = 6,
    ConnectionLost = 7,
    Unsupported = 8,
    // Of later versions, but servers use them anyway.
    FileExists = 11,
    WriteProtected = 12,
    NoSpace = 14,
    QuotaExceeded = 15,
};

// Of an Open packet.
constexpr std::uint32_t sftp_open_read = 1;
constexpr std::uint32_t sftp_open_write = 2;
constexpr std::uint32_t sftp_open_create = 8;
constexpr std::uint32_t sftp_open_truncate = 16;

constexpr std::uint32_t sftp_version = 3;
// Longer packets are an attack or a broken link. OpenSSH stops at 256 KiB.
constexpr std::size_t sftp_longest_packet = std::size_t{1} << 20;

struct SftpAttributes {
    std::optional<std::uint64_t> size;
    std::optional<std::uint32_t> permissions;
    std::optional<std::uint32_t> accessed;  // seconds since 1970; both times or none
    std::optional<std::uint32_t> modified;

    bool is_folder() const { return (permissions.value_or(0) & 0170000U) == 0040000U; }
    bool is_link() const { return (permissions.value_or(0) & 0170000U) == 0120000U; }
};

// Appends one packet to `out`; complete once end() was called.
class SftpPacketWriter {
public:
    SftpPacketWriter(std::vector<std::byte>& out, SftpType type);

    void u8(std::uint8_t value) { integer(value); }
    void u32(std::uint32_t value) { integer(value); }
    void u64(std::uint64_t value) { integer(value); }
    void string(std::string_view text);
    void string(std::span<const std::byte> bytes);
    void attributes(const SftpAttributes&);
    void end();

private:
    template <class Integer>
    void integer(Integer value);

    std::vector<std::byte>& out_;
    const std::size_t start_;
};

// Takes one packet apart, from its type on.
class SftpPacketReader {
public:
    explicit SftpPacketReader(std::span<const std::byte> packet) : left_(packet) {}

    SftpType type() { return static_cast<SftpType>(u8()); }
    std::uint8_t u8() { return integer<std::uint8_t>(); }
    std::uint32_t u32() { return integer<std::uint32_t>(); }
    std::uint64_t u64() { return integer<std::uint64_t>(); }
    // Point into the packet.
    std::string_view string();
    std::span<const std::byte> bytes();
    SftpAttributes attributes();
    std::span<const std::byte> rest() const { return left_; }
    bool at_end() const { return left_.empty(); }

private:
    template <class Integer>
    Integer integer();
    std::span<const std::byte> take(std::size_t size);

    std::span<const std::byte> left_;
};

// Cuts a stream of bytes into packets.
class SftpFrames {
public:
    // Where the next bytes of the stream go; `size` of them or more.
    std::span<std::byte> room(std::size_t size);
    // So many of them were filled.
    void filled(std::size_t size) { end_ += size; }
    // The next whole packet without its length, valid until room() is called again.
    std::optional<std::span<const std::byte>> next();

private:
    std::vector<std::byte> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace rowhaul
