// SPDX-License-Identifier: Apache-2.0
// A place that holds files: a local folder, an FTP or SFTP server. One object is one session, made
// lazily by the first verb, used by one thread at a time, with at most one stream open at a time.
//
// Paths are relative to the connection's folder, '/' between parts, UTF-8, never absolute and
// without ".." (transport/path.h checks that). Every verb throws Error: NotFound and Denied name
// the path, Unavailable means the session is broken and the same verb may work after reconnect().
#pragma once
#include "base/context.h"
#include "io/digest.h"
#include "io/stream.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rowhaul {

struct Entry {
    std::string path;  // relative to the connection's folder
    bool is_folder = false;
    std::optional<std::uint64_t> size;  // bytes
    std::optional<std::chrono::sys_seconds> modified;
    // The time is in a zone that nobody knows, or without seconds; list() of some servers knows no
    // better, where stat() may.
    bool is_roughly_timed = false;
};

// What a transport can do beyond the interface. The conformance suite reads the same struct, so a
// claim that is not true fails a test. Known after the first verb that reached the server.
struct Capabilities {
    bool resume_read = false;      // read() honours an offset without reading the start
    bool resume_write = false;     // write() can continue a file at its end
    bool resume_anywhere = false;  // and also before its end, overwriting what lies there
    bool rename_replaces = false;  // rename() replaces an existing file in one step
    bool modified_times = false;   // list and stat know them
    bool checksums = false;        // checksum() can answer
    // How much of what write() took the server may never get when the link breaks, at most: what a
    // retry must remember.
    std::size_t unconfirmed_bytes = 0;
};

struct Checksum {
    HashAlgorithm digest;
    std::string hex;  // lowercase
};

class Transport {
public:
    virtual ~Transport() = default;
    virtual Capabilities capabilities() const = 0;
    // Gives up the session, if any; the next verb makes a new one. For use after Unavailable.
    virtual void reconnect() = 0;
    // A missing entry is an answer, not an error.
    virtual std::optional<Entry> stat(const Context&, std::string_view path) = 0;
    // Calls `each` for every entry directly in `folder` ("" is the connection's own), in any order,
    // without "." and "..", until it returns false.
    virtual void list(const Context&, std::string_view folder, const std::function<bool(const Entry&)>& each) = 0;
    virtual std::unique_ptr<InputStream> read(const Context&, std::string_view path, std::uint64_t offset = 0) = 0;
    // With offset 0 makes or empties exactly this file (temporary names are transport/pending_file.h's
    // affair); else continues the existing file at the offset. commit() returns when the server has
    // confirmed every byte.
    virtual std::unique_ptr<OutputStream> write(const Context&, std::string_view path, std::uint64_t offset = 0) = 0;
    // Conflict when `to` exists and the server cannot replace it (capabilities().rename_replaces).
    virtual void rename(const Context&, std::string_view from, std::string_view to) = 0;
    // Succeeds when the file is already gone.
    virtual void remove(const Context&, std::string_view path) = 0;
    // Creates missing parents; succeeds when the folder exists.
    virtual void make_folder(const Context&, std::string_view path) = 0;
    // The server's own digest of a file, in whichever algorithm it offers; nothing when it offers none.
    virtual std::optional<Checksum> checksum(const Context&, std::string_view path) = 0;
};

}  // namespace rowhaul
