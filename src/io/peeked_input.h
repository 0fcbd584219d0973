// SPDX-License-Identifier: Apache-2.0
// A stream of which the first bytes were looked at.
#pragma once
#include "io/stream.h"

#include <memory>
#include <string>
#include <string_view>

namespace rowhaul {

class PeekedInput final : public InputStream {
public:
    explicit PeekedInput(std::unique_ptr<InputStream> inner) : inner_(std::move(inner)) {}
    // At most `bytes` from the start; fewer only at the end. Before the first read().
    std::string_view peek(const Context&, std::size_t bytes);
    std::size_t read(const Context&, std::span<std::byte> into) override;

private:
    std::unique_ptr<InputStream> inner_;
    std::string peeked_;
    std::size_t at_ = 0;
};

}  // namespace rowhaul
