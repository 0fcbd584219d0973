// SPDX-License-Identifier: Apache-2.0
// Bytes in, bytes out. Compression, hashing, throttling and encryption are streams around streams.
#pragma once
#include "base/context.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace rowhaul {

// Used by one thread at a time.
class InputStream {
public:
    virtual ~InputStream() = default;
    // Fills at most `into` (which is not empty); returns how much. Zero means the end, always.
    virtual std::size_t read(const Context&, std::span<std::byte> into) = 0;
};

// Used by one thread at a time. A stream that throws is dead: only its destructor may follow.
class OutputStream {
public:
    // Destroying a stream that was not committed abandons it; what became of the bytes is up to
    // whoever named the file (transport/pending_file.h removes them).
    virtual ~OutputStream() = default;
    // Takes all of `bytes` or throws.
    virtual void write(const Context&, std::span<const std::byte> bytes) = 0;
    // Everything written has arrived where it belongs and the other side has said so. A stream
    // around a stream commits the inner one as its last act. Called once, as the last call.
    virtual void commit(const Context&) = 0;
};

inline std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace rowhaul
