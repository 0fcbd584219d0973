// SPDX-License-Identifier: Apache-2.0
// Compresses what is written, in blocks on several threads, into files that every ordinary tool
// unpacks: one gzip member, one bzip2 stream, one zstd frame, so that also readers that stop after
// the first of these lose nothing.
#pragma once
#include "io/stream.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace rowhaul {

enum class Compression : std::uint8_t { None, Gzip, Zstd, Bzip2 };

// "none", "gzip", "zstd", "bzip2".
std::string_view name_of(Compression);
// By the end of a file's name: .gz, .zst, .bz2, in small or capital letters; else None.
Compression compression_of(std::string_view file_name);
// "gz", "zst", "bz2"; empty for None.
std::string_view file_ending(Compression);

struct CompressionLevels {
    int lowest = 0, highest = 0, standard = 0;
};
// What the tool of that name takes and does by itself; for zstd without its ultra levels, which
// need more memory than we allow ourselves.
CompressionLevels levels_of(Compression);

struct CompressionOptions {
    Compression method = Compression::None;
    std::optional<int> level;  // none = the standard one
    // Zero = as many as the machine has cores. As many of these are used as fit into 32 MiB, which
    // are 3 for bzip2 at its highest level and more for everything else.
    unsigned threads = 0;
};

// Writes compressed bytes to `inner`, from the thread that calls write() and commit(). For None
// this is `inner` itself. Throws Invalid for a level that the method does not have.
std::unique_ptr<OutputStream> compressing(std::unique_ptr<OutputStream> inner, const CompressionOptions&);

}  // namespace rowhaul
