// SPDX-License-Identifier: Apache-2.0
// The codecs behind compressing(), each in a file of its own name.
#pragma once
#include "io/block_compression.h"

#include <memory>

namespace rowhaul {

std::unique_ptr<BlockCodec> gzip_codec(int level);
std::unique_ptr<BlockCodec> bzip2_codec(int level);
// The library does its own blocks and threads.
std::unique_ptr<OutputStream> zstd_stream(std::unique_ptr<OutputStream> inner, int level, unsigned threads);

}  // namespace rowhaul
