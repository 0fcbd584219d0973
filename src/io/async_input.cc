// SPDX-License-Identifier: Apache-2.0
#include "io/async_input.h"

#include <algorithm>
#include <cstring>

namespace rowhaul {

AsyncInput::AsyncInput(InputStream& inner, AsyncInputOptions options) : inner_(inner), options_(options) {}

AsyncInput::~AsyncInput() {
    if (thread_.joinable()) {
        abandon_.request();
        {
            const std::lock_guard lock(mutex_);
            done_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
}

void AsyncInput::start(const Context& context) {
    inner_context_ = context;
    inner_context_.stop = &abandon_;
    free_.resize(options_.blocks);
    thread_ = std::thread([this] { run(); });
}

std::size_t AsyncInput::read(const Context& context, std::span<std::byte> into) {
    constexpr std::chrono::milliseconds between_looks{50};
    if (!thread_.joinable() && !ended_) {
        start(context);
    }
    while (at_ == current_.size && !ended_) {
        std::unique_lock lock(mutex_);
        if (!current_.bytes.empty()) {
            free_.push_back(std::move(current_));
            current_ = {};
            at_ = 0;
            changed_.notify_all();
        }
        while (!changed_.wait_for(lock, between_looks, [this] { return !full_.empty() || done_; })) {
            context.check();
        }
        if (!full_.empty()) {
            current_ = std::move(full_.front());
            full_.pop_front();
        } else {
            ended_ = true;
        }
    }
    if (ended_ && failure_) {
        std::rethrow_exception(failure_);
    }
    const auto count = std::min(into.size(), current_.size - at_);
    if (count > 0) {
        std::memcpy(into.data(), current_.bytes.data() + at_, count);
        at_ += count;
    }
    return count;
}

void AsyncInput::run() noexcept {
    try {
        read_all();
    } catch (...) {
        failure_ = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
}

void AsyncInput::read_all() {
    while (true) {
        Block block;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return !free_.empty() || done_; });
            if (done_) {
                return;
            }
            block = std::move(free_.front());
            free_.pop_front();
        }
        block.bytes.resize(options_.block_bytes);
        block.size = inner_.read(inner_context_, block.bytes);
        if (block.size == 0) {
            return;
        }
        const std::lock_guard lock(mutex_);
        full_.push_back(std::move(block));
        changed_.notify_all();
    }
}

}  // namespace rowhaul
