// SPDX-License-Identifier: Apache-2.0
#include "io/peeked_input.h"

#include <algorithm>
#include <cstring>

namespace rowhaul {

std::string_view PeekedInput::peek(const Context& context, std::size_t bytes) {
    std::size_t size = peeked_.size();
    bool at_end = false;
    while (size < bytes && !at_end) {
        peeked_.resize(bytes);
        const auto count = inner_->read(context, std::as_writable_bytes(std::span(peeked_).subspan(size)));
        at_end = count == 0;
        size += count;
    }
    peeked_.resize(size);
    return std::string_view(peeked_).substr(0, bytes);
}

std::size_t PeekedInput::read(const Context& context, std::span<std::byte> into) {
    if (at_ == peeked_.size()) {
        return inner_->read(context, into);
    }
    const auto count = std::min(into.size(), peeked_.size() - at_);
    std::memcpy(into.data(), peeked_.data() + at_, count);
    at_ += count;
    return count;
}

}  // namespace rowhaul
