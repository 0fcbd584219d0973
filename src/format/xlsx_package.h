// SPDX-License-Identifier: Apache-2.0
// The zip archive that a workbook is: its parts by name, and how they belong together.
#pragma once
#include "io/spool_file.h"
#include "io/stream.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct zip;

namespace rowhaul {

// Against archives that are small and become huge.
struct XlsxLimits {
    std::uint64_t unpacked_bytes = std::uint64_t{8} * 1024 * 1024 * 1024;  // of one part
    // How many times larger than packed a part may be, once it is above free_bytes. Data that people
    // have stays below 100.
    std::uint64_t ratio = 250;
    std::uint64_t free_bytes = std::uint64_t{64} * 1024 * 1024;
    std::uint64_t parts = 10'000;
    std::uint64_t strings_in_memory = std::uint64_t{8} * 1024 * 1024;
};

struct XlsxRelationship {
    std::string id;
    std::string type;  // the last part of it: "worksheet"
    std::string part;  // "xl/worksheets/sheet1.xml"
};

class XlsxPackage {
public:
    // Reads `in` to its end, into a temporary file. Throws Invalid, saying what it seems to be, for
    // what is no workbook, is encrypted or damaged.
    XlsxPackage(const Context&, InputStream& in, const XlsxLimits&);
    ~XlsxPackage();
    XlsxPackage(const XlsxPackage&) = delete;
    XlsxPackage& operator=(const XlsxPackage&) = delete;

    bool has(std::string_view part) const;
    // From its start; must not outlive this. The stream throws Invalid for damaged parts and beyond the limits.
    std::unique_ptr<InputStream> open(std::string_view part) const;
    // What belongs to a part; to the whole package when `part` is empty.
    std::vector<XlsxRelationship> relationships(const Context&, std::string_view part) const;

private:
    class Part;
    std::optional<std::uint64_t> place_of(std::string_view part) const;
    void check_end_of_archive() const;
    [[noreturn]] void tell_encrypted_or_old(const Context&) const;

    const XlsxLimits limits_;
    SpoolFile file_;
    zip* archive_ = nullptr;
};

}  // namespace rowhaul
