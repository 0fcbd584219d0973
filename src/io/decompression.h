// SPDX-License-Identifier: Apache-2.0
// Unpacks what is read, by what it is and not by what it is called: gzip, zstd, bzip2 and zip are known
// by their first bytes, and everything else passes as it is.
#pragma once
#include "io/compression.h"
#include "io/spool_file.h"
#include "io/stream.h"

#include <cstdint>
#include <memory>
#include <string_view>

namespace rowhaul {

// By the first bytes of a file; the longest mark has 10. Zip archives, which are not only compressed,
// are None.
Compression compression_by_content(std::string_view first_bytes);

enum class ZipArchives : std::uint8_t {
    Unpack,
    OnlyWorkbooks,    // what begins with a file called .xlsx; others are workbooks themselves
    AllButDocuments,  // of Excel or another Office program, by how they begin
};

// Reads so far that the method is known. Files of several parts, one after the other, are unpacked
// as one. A damaged file, one that ends too early and one with something else behind its end throw
// Invalid, which says so, without the file's name.
//
// A zip archive must have one file in it, under whatever name, beside folders and what macOS adds.
// It is read to its end at once, into a temporary file, because its list of members stands there.
std::unique_ptr<InputStream> decompressing(const Context&, std::unique_ptr<InputStream> inner, ZipArchives,
                                           const SpoolPlace&);

}  // namespace rowhaul
