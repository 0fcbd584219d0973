// SPDX-License-Identifier: Apache-2.0
#include "io/digest.h"

#include "base/error.h"

#include <array>
#include <openssl/evp.h>
#include <string_view>

namespace rowhaul {

namespace {

// Fetching is slow and takes a lock inside OpenSSL, so it is done once a process.
const EVP_MD* algorithm_of(HashAlgorithm algorithm) {
    static const EVP_MD* const md5 = ::EVP_MD_fetch(nullptr, "MD5", nullptr);
    static const EVP_MD* const sha1 = ::EVP_MD_fetch(nullptr, "SHA1", nullptr);
    static const EVP_MD* const sha256 = ::EVP_MD_fetch(nullptr, "SHA256", nullptr);
    switch (algorithm) {
        case HashAlgorithm::Md5:
            return md5;
        case HashAlgorithm::Sha1:
            return sha1;
        case HashAlgorithm::Sha256:
            return sha256;
    }
    return nullptr;
}

}  // namespace

void Hash::Free::operator()(EVP_MD_CTX* state) const noexcept {
    ::EVP_MD_CTX_free(state);
}

Hash::Hash(HashAlgorithm algorithm) : state_(::EVP_MD_CTX_new()) {
    const EVP_MD* const method = algorithm_of(algorithm);
    if (method == nullptr || !state_ || ::EVP_DigestInit_ex2(state_.get(), method, nullptr) != 1) {
        throw Error(ErrorKind::Internal, "OpenSSL offers no MD5, SHA-1 or SHA-256 here");
    }
}

void Hash::update(std::span<const std::byte> bytes) {
    if (::EVP_DigestUpdate(state_.get(), bytes.data(), bytes.size()) != 1) {
        throw Error(ErrorKind::Internal, "OpenSSL could not compute a digest");
    }
}

std::string Hash::finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (::EVP_DigestFinal_ex(state_.get(), digest.data(), &size) != 1) {
        throw Error(ErrorKind::Internal, "OpenSSL could not compute a digest");
    }
    return hex(std::as_bytes(std::span(digest)).first(size));
}

std::string hex(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const auto byte : bytes) {
        text += digits[std::to_integer<std::size_t>(byte >> 4)];
        text += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
    }
    return text;
}

}  // namespace rowhaul
