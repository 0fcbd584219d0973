// SPDX-License-Identifier: Apache-2.0
#include "io/digest_stream.h"

#include "base/error.h"

#include <system_error>

namespace rowhaul {

namespace {

constexpr std::size_t worth_a_thread = 64 * 1024;

}  // namespace

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
        digest_.update(bytes);
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
    digests_ = digest_.finish();
    inner_->commit(context);
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
            digest_.update(block);
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
