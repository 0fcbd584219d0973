// SPDX-License-Identifier: Apache-2.0
#include "io/digest.h"

#include <openssl/evp.h>
#include <system_error>

namespace rowhaul {

namespace {

constexpr std::size_t worth_a_thread = 64 * 1024;

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
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (unsigned index = 0; index < size; ++index) {
        hex += digits[digest[index] >> 4];
        hex += digits[digest[index] & 15];
    }
    return hex;
}

DigestStream::DigestStream(std::unique_ptr<OutputStream> inner) : inner_(std::move(inner)) {}

DigestStream::~DigestStream() {
    if (!thread_.joinable()) {
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void DigestStream::write(const Context& context, std::span<const std::byte> bytes) {
    if (bytes.size() < worth_a_thread || has_one_processor_) {
        digest(bytes);
        inner_->write(context, bytes);
    } else {
        hand_over(bytes);
        try {
            inner_->write(context, bytes);
        } catch (...) {
            // The caller's bytes go away with its stack: the thread must be done with them first.
            wait_for_digest();
            throw;
        }
        wait_for_digest();
        if (failed_) {
            throw Error(ErrorKind::Internal, "OpenSSL could not compute a digest");
        }
    }
    bytes_.fetch_add(bytes.size(), std::memory_order_relaxed);
}

void DigestStream::commit(const Context& context) {
    digests_ = {md5_.finish(), sha256_.finish()};
    inner_->commit(context);
}

void DigestStream::digest(std::span<const std::byte> bytes) {
    md5_.update(bytes);
    sha256_.update(bytes);
}

void DigestStream::hand_over(std::span<const std::byte> bytes) {
    if (!thread_.joinable()) {
        try {
            thread_ = std::thread([this] { run(); });
        } catch (const std::system_error& error) {
            throw Error(ErrorKind::Exhausted, std::string("cannot start a thread for digests: ") + error.what());
        }
    }
    {
        const std::lock_guard lock(mutex_);
        block_ = bytes;
    }
    changed_.notify_all();
}

void DigestStream::wait_for_digest() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return block_.empty(); });
}

void DigestStream::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return ending_ || !block_.empty(); });
        if (block_.empty()) {
            return;
        }
        const auto block = block_;
        lock.unlock();
        bool failed = false;
        try {
            digest(block);
        } catch (const std::exception&) {
            failed = true;
        }
        lock.lock();
        failed_ = failed_ || failed;
        block_ = {};
        changed_.notify_all();
    }
}

}  // namespace rowhaul
