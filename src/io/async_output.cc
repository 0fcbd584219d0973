// SPDX-License-Identifier: Apache-2.0
#include "io/async_output.h"

#include <algorithm>
#include <system_error>

namespace rowhaul {

namespace {

constexpr auto stop_check = std::chrono::milliseconds(100);

}  // namespace

AsyncOutput::AsyncOutput(std::unique_ptr<OutputStream> inner, AsyncOutputOptions options)
    : options_(options), inner_(std::move(inner)) {}

AsyncOutput::~AsyncOutput() {
    if (!thread_.joinable()) {
        return;
    }
    {
        // Under the lock, so that the thread cannot miss it between looking and sleeping.
        const std::lock_guard lock(mutex_);
        abandon_.request();
    }
    changed_.notify_all();
    thread_.join();
}

void AsyncOutput::write(const Context& context, std::span<const std::byte> bytes) {
    start(context);
    while (!bytes.empty()) {
        if (!has_filling_) {
            filling_ = empty_block(context);
            has_filling_ = true;
        }
        const auto taken = bytes.first(std::min(bytes.size(), options_.block_bytes - filling_.size()));
        filling_.insert(filling_.end(), taken.begin(), taken.end());
        bytes = bytes.subspan(taken.size());
        if (filling_.size() == options_.block_bytes) {
            enqueue_filling();
        }
    }
}

void AsyncOutput::commit(const Context& context) {
    start(context);
    if (has_filling_) {
        enqueue_filling();
    }
    std::unique_lock lock(mutex_);
    committing_ = true;
    changed_.notify_all();
    wait_until(context, lock, [this] { return done_; });
}

void AsyncOutput::start(const Context& context) {
    context.check();
    if (thread_.joinable()) {
        return;
    }
    inner_context_ = context;
    inner_context_.stop = &abandon_;
    try {
        thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& error) {
        throw Error(ErrorKind::Exhausted, std::string("cannot start a thread for output: ") + error.what());
    }
}

AsyncOutput::Block AsyncOutput::empty_block(const Context& context) {
    std::unique_lock lock(mutex_);
    const auto most = std::max<std::size_t>(2, options_.queue_bytes / options_.block_bytes);
    wait_until(context, lock, [&] { return !spare_.empty() || blocks_made_ < most; });
    if (spare_.empty()) {
        ++blocks_made_;
        Block block;
        block.reserve(options_.block_bytes);
        return block;
    }
    Block block = std::move(spare_.back());
    spare_.pop_back();
    return block;
}

void AsyncOutput::enqueue_filling() {
    has_filling_ = false;
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(filling_));
    }
    changed_.notify_all();
}

template <class Ready>
void AsyncOutput::wait_until(const Context& context, std::unique_lock<std::mutex>& lock, Ready ready) {
    while (true) {
        if (failure_) {
            std::rethrow_exception(failure_);
        }
        if (ready()) {
            return;
        }
        context.check();
        changed_.wait_for(lock, stop_check);
    }
}

void AsyncOutput::run() noexcept {
    try {
        write_all();
    } catch (...) {
        const std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
    }
    changed_.notify_all();
}

void AsyncOutput::write_all() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return abandon_.requested() || committing_ || !queue_.empty(); });
        if (abandon_.requested()) {
            return;
        }
        if (queue_.empty()) {
            break;
        }
        Block block = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        inner_->write(inner_context_, block);
        block.clear();
        lock.lock();
        spare_.push_back(std::move(block));
        changed_.notify_all();
    }
    lock.unlock();
    inner_->commit(inner_context_);
    lock.lock();
    done_ = true;
}

}  // namespace rowhaul
