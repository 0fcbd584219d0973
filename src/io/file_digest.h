// SPDX-License-Identifier: Apache-2.0
// MD5 and SHA-256 of the same bytes in one pass. Either alone leaves most of the processor idle while
// one step waits for the one before; side by side they take no longer than MD5 alone.
#pragma once
#include "io/digest.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace rowhaul {

struct FileDigests {
    std::string md5;  // lowercase hex
    std::string sha256;
};

enum class DigestInstructions : std::uint8_t { Portable, Sha };
// The best that this processor has.
DigestInstructions best_digest_instructions();

class FileDigest {
public:
    explicit FileDigest(DigestInstructions = best_digest_instructions());
    void update(std::span<const std::byte> bytes);
    // Of everything seen. Called once, as the last call.
    FileDigests finish();

    // The running values of RFC 1321 and FIPS 180-4.
    struct State {
        std::array<std::uint32_t, 4> md5{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
        std::array<std::uint32_t, 8> sha256{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    };

private:
    static constexpr std::size_t block_bytes = 64;

    State state_;
    std::array<std::byte, block_bytes> begun_{};  // a block that is not full yet
    std::uint64_t bytes_ = 0;
    // In place of all this where the processor lacks the instructions.
    std::optional<Hash> md5_;
    std::optional<Hash> sha256_;
};

}  // namespace rowhaul
