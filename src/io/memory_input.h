// SPDX-License-Identifier: Apache-2.0
// Bytes that are in memory already, as a stream.
#pragma once
#include "io/stream.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace rowhaul {

class MemoryInput final : public InputStream {
public:
    // `bytes` must outlive this.
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

}  // namespace rowhaul
