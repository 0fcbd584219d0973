// SPDX-License-Identifier: Apache-2.0
// The one file that a zip archive holds, when people use zip to compress and not to bundle.
#pragma once
#include "io/decompression.h"
#include "io/zip_archive.h"

#include <memory>
#include <string_view>

namespace rowhaul {

// So much of a file is looked at.
inline constexpr std::size_t zip_peeked_bytes = 512;

// Whether an archive that begins so is to be unpacked.
bool is_to_be_unpacked(std::string_view first_bytes, ZipArchives);

// Reads the archive to its end and gives its member. Throws Invalid, saying what it is, for archives
// with none or several, and for Office documents, which are archives too.
std::unique_ptr<InputStream> only_zip_member(const Context&, InputStream& archive, ZipArchives, const SpoolPlace&);

}  // namespace rowhaul
