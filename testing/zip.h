// SPDX-License-Identifier: Apache-2.0
// Zip archives as programs write them, and as they should not be.
#pragma once
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <zip.h>
#include <zlib.h>

namespace rowhaul::testing {

// An archive of these members, deflated, in memory.
inline std::string zipped(const std::map<std::string, std::string>& members) {
    zip_error_t error;
    ::zip_error_init(&error);
    auto* const memory = ::zip_source_buffer_create(nullptr, 0, 0, &error);
    ::zip_source_keep(memory);
    auto* const archive = ::zip_open_from_source(memory, ZIP_TRUNCATE, &error);
    if (archive == nullptr) {
        throw std::runtime_error("no archive");
    }
    for (const auto& [name, content] : members) {
        auto* const part = ::zip_source_buffer(archive, content.data(), content.size(), 0);
        ::zip_file_add(archive, name.c_str(), part, ZIP_FL_OVERWRITE | ZIP_FL_ENC_UTF_8);
    }
    if (::zip_close(archive) != 0 || ::zip_source_open(memory) != 0) {
        throw std::runtime_error("the archive could not be written");
    }
    ::zip_source_seek(memory, 0, SEEK_END);
    std::string bytes(static_cast<std::size_t>(::zip_source_tell(memory)), '\0');
    ::zip_source_seek(memory, 0, SEEK_SET);
    ::zip_source_read(memory, bytes.data(), bytes.size());
    ::zip_source_close(memory);
    ::zip_source_free(memory);
    return bytes;
}

// An archive of one stored member, written byte by byte.
struct RawZip {
    std::string name = "a.csv";
    std::string content;
    std::uint16_t flags = 0;   // 1 = encrypted, 8 = sizes stand behind the content
    std::uint16_t method = 0;  // stored
    bool is_large = false;     // in the form for more than 4 GiB
    std::string comment = {};

    static void put(std::string& out, std::uint64_t value, std::size_t bytes) {
        for (; bytes > 0; --bytes, value >>= 8) {
            out += static_cast<char>(value & 0xFF);
        }
    }

    std::string bytes() const {
        constexpr std::uint64_t elsewhere = 0xFFFFFFFF;
        const bool is_streamed = (flags & 8U) != 0;
        const auto crc = ::crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
        std::string extra;
        if (is_large) {
            put(extra, 1, 2);
            put(extra, 16, 2);
            put(extra, content.size(), 8);
            put(extra, content.size(), 8);
        }
        const auto header = [&](std::string& out, bool has_sizes) {
            put(out, is_large ? 45 : 20, 2);
            put(out, flags, 2);
            put(out, method, 2);
            put(out, 0, 4);
            put(out, has_sizes ? crc : 0, 4);
            put(out, is_large ? elsewhere : has_sizes ? content.size() : 0, 4);
            put(out, is_large ? elsewhere : has_sizes ? content.size() : 0, 4);
            put(out, name.size(), 2);
            put(out, extra.size(), 2);
        };
        std::string out = "PK\x03\x04";
        header(out, !is_streamed);
        out += name + extra + content;
        if (is_streamed) {
            out += "PK\x07\x08";
            put(out, crc, 4);
            put(out, content.size(), is_large ? 8 : 4);
            put(out, content.size(), is_large ? 8 : 4);
        }
        const auto start = out.size();
        out += "PK\x01\x02";
        put(out, 45, 2);
        header(out, true);
        put(out, 0, 2 + 2 + 2 + 4 + 4);
        out += name + extra;
        const auto end = out.size();
        if (is_large) {
            out += "PK\x06\x06";
            put(out, 44, 8);
            put(out, 45, 2);
            put(out, 45, 2);
            put(out, 0, 4 + 4);
            put(out, 1, 8);
            put(out, 1, 8);
            put(out, end - start, 8);
            put(out, start, 8);
            out += "PK\x06\x07";
            put(out, 0, 4);
            put(out, end, 8);
            put(out, 1, 4);
        }
        out += "PK\x05\x06";
        put(out, 0, 2 + 2);
        put(out, is_large ? 0xFFFF : 1, 2);
        put(out, is_large ? 0xFFFF : 1, 2);
        put(out, is_large ? elsewhere : end - start, 4);
        put(out, is_large ? elsewhere : start, 4);
        put(out, comment.size(), 2);
        return out + comment;
    }
};

}  // namespace rowhaul::testing
