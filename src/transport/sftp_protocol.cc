// SPDX-License-Identifier: Apache-2.0
#include "transport/sftp_protocol.h"

#include "base/error.h"
#include "io/stream.h"

#include <algorithm>

namespace rowhaul {

namespace {

constexpr std::uint32_t has_size = 0x1;
constexpr std::uint32_t has_owner = 0x2;
constexpr std::uint32_t has_permissions = 0x4;
constexpr std::uint32_t has_times = 0x8;
constexpr std::uint32_t has_extended = 0x80000000;
constexpr std::size_t length_size = sizeof(std::uint32_t);

[[noreturn]] void refuse(std::string_view what) {
    throw Error(ErrorKind::Unavailable, "the other side speaks no proper SFTP: " + std::string(what));
}

template <class Integer>
void store(Integer value, std::byte* at) {
    for (std::size_t i = sizeof value; i-- > 0;) {
        at[i] = static_cast<std::byte>(value & 0xffU);
        if constexpr (sizeof value > 1) {
            value >>= 8U;
        }
    }
}

template <class Integer>
Integer load(const std::byte* at) {
    Integer value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) {
        if constexpr (sizeof value > 1) {
            value <<= 8U;
        }
        value = static_cast<Integer>(value | std::to_integer<Integer>(at[i]));
    }
    return value;
}

}  // namespace

SftpPacketWriter::SftpPacketWriter(std::vector<std::byte>& out, SftpType type) : out_(out), start_(out.size()) {
    u32(0);
    u8(static_cast<std::uint8_t>(type));
}

template <class Integer>
void SftpPacketWriter::integer(Integer value) {
    std::byte bytes[sizeof value];
    store(value, bytes);
    out_.insert(out_.end(), bytes, bytes + sizeof value);
}

void SftpPacketWriter::string(std::string_view text) {
    string(as_bytes(text));
}

void SftpPacketWriter::string(std::span<const std::byte> bytes) {
    u32(static_cast<std::uint32_t>(bytes.size()));
    out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void SftpPacketWriter::attributes(const SftpAttributes& attributes) {
    const bool with_times = attributes.accessed && attributes.modified;
    u32((attributes.size ? has_size : 0) | (attributes.permissions ? has_permissions : 0) |
        (with_times ? has_times : 0));
    if (attributes.size) {
        u64(*attributes.size);
    }
    if (attributes.permissions) {
        u32(*attributes.permissions);
    }
    if (with_times) {
        u32(*attributes.accessed);
        u32(*attributes.modified);
    }
}

void SftpPacketWriter::end() {
    store(static_cast<std::uint32_t>(out_.size() - start_ - length_size), out_.data() + start_);
}

std::span<const std::byte> SftpPacketReader::take(std::size_t size) {
    if (size > left_.size()) {
        refuse("a packet ends too early");
    }
    const auto taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
}

template <class Integer>
Integer SftpPacketReader::integer() {
    return load<Integer>(take(sizeof(Integer)).data());
}

template std::uint8_t SftpPacketReader::integer<std::uint8_t>();
template std::uint32_t SftpPacketReader::integer<std::uint32_t>();
template std::uint64_t SftpPacketReader::integer<std::uint64_t>();
template void SftpPacketWriter::integer<std::uint8_t>(std::uint8_t);
template void SftpPacketWriter::integer<std::uint32_t>(std::uint32_t);
template void SftpPacketWriter::integer<std::uint64_t>(std::uint64_t);

std::string_view SftpPacketReader::string() {
    return as_text(bytes());
}

std::span<const std::byte> SftpPacketReader::bytes() {
    return take(u32());
}

SftpAttributes SftpPacketReader::attributes() {
    SftpAttributes attributes;
    const auto flags = u32();
    if ((flags & has_size) != 0) {
        attributes.size = u64();
    }
    if ((flags & has_owner) != 0) {
        take(2 * sizeof(std::uint32_t));
    }
    if ((flags & has_permissions) != 0) {
        attributes.permissions = u32();
    }
    if ((flags & has_times) != 0) {
        attributes.accessed = u32();
        attributes.modified = u32();
    }
    if ((flags & has_extended) != 0) {
        // Each takes eight bytes at least, so a false count ends soon.
        for (auto count = u32(); count > 0; --count) {
            bytes();
            bytes();
        }
    }
    return attributes;
}

std::span<std::byte> SftpFrames::room(std::size_t size) {
    if (begin_ == end_) {
        begin_ = end_ = 0;
    }
    if (buffer_.size() - end_ < size) {
        std::copy_n(buffer_.data() + begin_, end_ - begin_, buffer_.data());
        end_ -= begin_;
        begin_ = 0;
        if (buffer_.size() - end_ < size) {
            buffer_.resize(end_ + size);
        }
    }
    return std::span(buffer_).subspan(end_);
}

std::optional<std::span<const std::byte>> SftpFrames::next() {
    if (end_ - begin_ < length_size) {
        return {};
    }
    const std::size_t length = load<std::uint32_t>(buffer_.data() + begin_);
    if (length == 0 || length > sftp_longest_packet) {
        refuse("a packet of " + std::to_string(length) + " bytes");
    }
    if (end_ - begin_ - length_size < length) {
        return {};
    }
    const auto packet = std::span<const std::byte>(buffer_).subspan(begin_ + length_size, length);
    begin_ += length_size + length;
    return packet;
}

}  // namespace rowhaul
