// SPDX-License-Identifier: Apache-2.0
// Bytes that do not fit into memory, in a temporary file without a name: nobody else finds it, and it
// is gone with its owner, whatever ends the program.
#pragma once
#include "base/context.h"
#include "base/descriptor.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rowhaul {

class SpoolFile {
public:
    // In the folder that the environment names for temporary files (TMPDIR). Throws Exhausted.
    SpoolFile();
    // Throws Exhausted when the disk is full.
    void append(std::span<const std::byte> bytes);
    // Exactly these bytes, which must have been written.
    void read(std::uint64_t offset, std::span<std::byte> into) const;
    std::uint64_t size() const { return size_; }
    int descriptor() const { return file_.number(); }

private:
    std::string folder_;
    Descriptor file_;
    std::uint64_t size_ = 0;
};

// A spool file that is written in small pieces, and then read in small pieces from anywhere: what is
// read again soon is still in memory (2 MiB).
class SpoolPages {
public:
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
