// SPDX-License-Identifier: Apache-2.0
// The beginning of a file, for formats that say themselves what their columns are.
#pragma once
#include "format/format.h"

#include <cstring>
#include <string>
#include <string_view>

namespace rowhaul {

// Bytes that are in memory already; `bytes` must outlive this.
class MemoryInput final : public InputStream {
public:
    explicit MemoryInput(std::string_view bytes) : bytes_(bytes) {}
    std::size_t read(const Context&, std::span<std::byte> into) override {
        const auto count = std::min(into.size(), bytes_.size());
        if (count > 0) {
            std::memcpy(into.data(), bytes_.data(), count);
            bytes_.remove_prefix(count);
        }
        return count;
    }

private:
    std::string_view bytes_;
};

// The columns and first rows of a reader.
Sniffed sniffed_rows(const Context&, std::string format, FileReader&);

}  // namespace rowhaul
