// SPDX-License-Identifier: Apache-2.0
// Bytes that do not fit into memory, in a temporary file without a name: nobody else finds it, and it
// is gone with its owner, whatever ends the program.
#pragma once
#include "base/context.h"
#include "base/descriptor.h"
#include "io/stream.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rowhaul {

// Where temporary files lie, and what they leave to others.
struct SpoolPlace {
    std::filesystem::path folder = {};  // made when missing; empty = the one of the environment (TMPDIR)
    // Begins the name that a file has for a moment where the file system knows none without: by it
    // recovery finds what was killed in that moment.
    std::string owner = "rowhaul";
    // Bytes that stay free on the disk, which is that of our own records, too. Looked at whenever a
    // file has grown by 16 MiB.
    std::uint64_t reserve = std::uint64_t{256} * 1024 * 1024;
};

class SpoolFile {
public:
    // Throws Exhausted, with the folder, when there can be no file.
    explicit SpoolFile(const SpoolPlace&);
    // Throws Exhausted when the disk is full, or but for the reserve.
    void append(std::span<const std::byte> bytes);
    // In place of what was written there.
    void write_over(std::uint64_t offset, std::span<const std::byte> bytes);
    // Exactly these bytes, which must have been written.
    void read(std::uint64_t offset, std::span<std::byte> into) const;
    std::uint64_t size() const { return size_; }
    int descriptor() const { return file_.number(); }

private:
    [[noreturn]] void fail(std::string_view reason) const;
    void write(std::uint64_t offset, std::span<const std::byte> bytes);
    void keep_reserve();

    SpoolPlace place_;
    Descriptor file_;
    std::uint64_t size_ = 0;
    std::uint64_t next_look_;
};

// All that a stream still has.
SpoolFile spooled(const Context&, InputStream& in, const SpoolPlace&);

// A spool file that is written in small pieces, and then read in small pieces from anywhere: what is
// read again soon is still in memory (2 MiB).
class SpoolPages {
public:
    explicit SpoolPages(const SpoolPlace& place) : file_(place) {}
    void append(std::span<const std::byte> bytes);
    std::uint64_t size() const { return file_.size() + pending_.size(); }
    // After the last append().
    void finish();
    void read(std::uint64_t offset, std::span<std::byte> into);

private:
    static constexpr std::size_t page_bytes = std::size_t{32} * 1024;
    static constexpr std::size_t pages = 64;
    struct Page {
        std::uint64_t number = ~std::uint64_t{0};
        std::unique_ptr<std::byte[]> bytes;
    };
    const std::byte* page(std::uint64_t number);

    SpoolFile file_;
    std::vector<std::byte> pending_;
    std::array<Page, pages> cache_;
};

}  // namespace rowhaul
