// SPDX-License-Identifier: Apache-2.0
// Unpacks what is read, by what it is and not by what it is called: gzip, zstd and bzip2 are known
// by their first bytes, and everything else passes as it is.
#pragma once
#include "io/compression.h"
#include "io/stream.h"

#include <memory>
#include <string_view>

namespace rowhaul {

// By the first bytes of a file; the longest mark has 10.
Compression compression_by_content(std::string_view first_bytes);

// Reads so far that the method is known. Files of several parts, one after the other, are unpacked
// as one. A damaged file, one that ends too early and one with something else behind its end throw
// Invalid, which says so, without the file's name.
std::unique_ptr<InputStream> decompressing(const Context&, std::unique_ptr<InputStream> inner);

}  // namespace rowhaul
