// SPDX-License-Identifier: Apache-2.0
// Digests taken piece by piece.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace rowhaul {

enum class HashAlgorithm : std::uint8_t { Md5, Sha1, Sha256 };

class Hash {
public:
    explicit Hash(HashAlgorithm);
    void update(std::span<const std::byte> bytes);
    // Lowercase hex of everything seen. Called once, as the last call.
    std::string finish();

private:
    struct Free {
        void operator()(evp_md_ctx_st*) const noexcept;
    };
    std::unique_ptr<evp_md_ctx_st, Free> state_;
};

// Lowercase, as digests are written.
std::string hex(std::span<const std::byte> bytes);

}  // namespace rowhaul
