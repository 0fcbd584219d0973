// SPDX-License-Identifier: Apache-2.0
// The zip archive that a workbook is: its parts by name, and how they belong together.
#pragma once
#include "io/spool_file.h"
#include "io/stream.h"
#include "io/zip_archive.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// What a workbook may take, and where it does.
struct XlsxLimits {
    ZipLimits archive;
    std::uint64_t strings_in_memory = std::uint64_t{8} * 1024 * 1024;
    SpoolPlace spool = {};
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

    bool has(std::string_view part) const;
    // From its start; must not outlive this. The stream throws Invalid for damaged parts and beyond the limits.
    std::unique_ptr<InputStream> open(std::string_view part) const;
    // What belongs to a part; to the whole package when `part` is empty.
    std::vector<XlsxRelationship> relationships(const Context&, std::string_view part) const;

private:
    std::unique_ptr<ZipArchive> archive_;
};

}  // namespace rowhaul
