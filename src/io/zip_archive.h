// SPDX-License-Identifier: Apache-2.0
// A zip archive in a temporary file: its members by name and place, unpacked piece by piece. Nothing
// is ever written under a member's name.
#pragma once
#include "io/spool_file.h"
#include "io/stream.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct zip;

namespace rowhaul {

// Against archives that are small and become huge.
struct ZipLimits {
    std::uint64_t unpacked_bytes = std::numeric_limits<std::uint64_t>::max();  // of one member
    // The option that sets it, for messages.
    std::string_view option = {};
    // How many times larger than packed a member may be, once it is above free_bytes. Data that people
    // have stays below 100.
    std::uint64_t ratio = 250;
    std::uint64_t free_bytes = std::uint64_t{64} * 1024 * 1024;
    std::uint64_t members = 10'000;
};

// By the first bytes of a file.
bool is_zip(std::string_view first_bytes);
// Name of the first member; empty when it cannot be told from these first bytes.
std::string_view first_zip_member(std::string_view first_bytes);

class ZipArchive {
public:
    // `subject` is what messages call it: "the workbook". Throws Invalid for what is damaged or has too
    // many members.
    ZipArchive(SpoolFile file, const ZipLimits&, std::string subject);
    ~ZipArchive();
    ZipArchive(const ZipArchive&) = delete;
    ZipArchive& operator=(const ZipArchive&) = delete;

    // Members have places from 0 to size() - 1.
    std::uint64_t size() const;
    // For people: what its maker liked, in UTF-8, shortened. The library lets no control characters pass.
    std::string name(std::uint64_t place) const;
    // In small or capital letters.
    std::optional<std::uint64_t> find(const std::string& name) const;
    // From its start; must not outlive this. Throws Invalid for what is encrypted or packed in a way
    // that is not read, the stream for damaged members and beyond the limits.
    std::unique_ptr<InputStream> open(std::uint64_t place) const;

private:
    class Member;

    Error damaged(std::string_view what) const;
    void check_directories() const;
    void check_directory(std::uint64_t members, std::uint64_t bytes) const;
    void check_large_directory(std::uint64_t record) const;

    const SpoolFile file_;
    const ZipLimits limits_;
    const std::string subject_;
    zip* archive_ = nullptr;
};

}  // namespace rowhaul
