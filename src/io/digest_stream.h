// SPDX-License-Identifier: Apache-2.0
// Digests of the bytes that pass by: the fingerprint of a file that a waybill names and a server's
// own checksum is compared with.
#pragma once
#include "io/digest.h"
#include "io/file_digest.h"
#include "io/stream.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>

namespace rowhaul {

// Passes bytes on unchanged, counting and digesting them. Digesting runs on a thread of its own
// while the inner stream writes the same block, so the slower of the two sets the pace, not their
// sum; it needs no copy because both are done with a block before write() returns. Blocks of
// 64 KiB and more make that worth its while; smaller ones, and all where there is but one processor,
// are digested in place.
class DigestStream : public OutputStream {
public:
    explicit DigestStream(std::unique_ptr<OutputStream> inner);
    ~DigestStream() override;

    void write(const Context&, std::span<const std::byte> bytes) override;
    void commit(const Context&) override;

    // Callable from any thread.
    std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
    // Of everything written; known after commit().
    const FileDigests& digests() const { return digests_; }

private:
    void hand_over(std::span<const std::byte> bytes);
    void wait_for_digest();
    void run();

    const bool has_one_processor_ = std::thread::hardware_concurrency() == 1;
    std::unique_ptr<OutputStream> inner_;
    FileDigest digest_;
    std::atomic<std::uint64_t> bytes_{0};
    FileDigests digests_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::span<const std::byte> block_;  // being digested; empty when there is nothing to do
    bool ending_ = false;
    bool failed_ = false;
    std::thread thread_;  // started with the first large block
};

// Counts and digests what is read, in place.
class DigestInput final : public InputStream {
public:
    // `also` beside SHA-256.
    explicit DigestInput(std::unique_ptr<InputStream> inner, std::optional<HashAlgorithm> also = {})
        : inner_(std::move(inner)) {
        if (also) {
            also_.emplace(*also);
        }
    }
    std::size_t read(const Context& context, std::span<std::byte> into) override {
        const auto count = inner_->read(context, into);
        sha256_.update(into.first(count));
        if (also_) {
            also_->update(into.first(count));
        }
        bytes_ += count;
        return count;
    }
    std::uint64_t bytes() const { return bytes_; }
    // Lowercase hex of everything read. Each called once, after the last read.
    std::string finish() { return sha256_.finish(); }
    std::string finish_also() { return also_ ? also_->finish() : std::string(); }

private:
    std::unique_ptr<InputStream> inner_;
    Hash sha256_{HashAlgorithm::Sha256};
    std::optional<Hash> also_;
    std::uint64_t bytes_ = 0;
};

}  // namespace rowhaul
