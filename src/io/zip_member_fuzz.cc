// SPDX-License-Identifier: Apache-2.0
// Any bytes as a file that may be a zip archive: refused, or unpacked the same twice.
#include "io/memory_input.h"
#include "io/zip_member.h"

#include <cstdlib>

namespace rowhaul {
namespace {

std::string told(std::string_view bytes, ZipArchives archives) {
    const Context context;
    std::string all;
    try {
        const auto input = decompressing(context, std::make_unique<MemoryInput>(bytes), archives, {});
        std::vector<std::byte> block(4096);
        while (const auto count = input->read(context, block)) {
            all += as_text(std::span(block).first(count));
        }
    } catch (const Error& error) {
        all += error.what();
        if (error.kind() != ErrorKind::Invalid) {
            std::abort();
        }
    }
    return all;
}

}  // namespace
}  // namespace rowhaul

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto archives = static_cast<rowhaul::ZipArchives>(data[0] % 3);
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (rowhaul::told(bytes, archives) != rowhaul::told(bytes, archives)) {
        std::abort();
    }
    return 0;
}
