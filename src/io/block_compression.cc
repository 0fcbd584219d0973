// SPDX-License-Identifier: Apache-2.0
#include "io/block_compression.h"

#include <algorithm>
#include <system_error>

namespace rowhaul {

namespace {

constexpr auto stop_check = std::chrono::milliseconds(100);

// Beside the blocks being compressed there is one being filled and one to take up next, and more
// where they are small: a thread that the system lets wait for a while then holds nobody up.
constexpr std::size_t fewest_spare_slots = 2;
constexpr std::size_t spare_memory = 6 * 1024 * 1024;

std::size_t slot_memory(const BlockCodec& codec) {
    return 2 * codec.block_bytes() + codec.history_bytes();
}

std::size_t spare_slots(const BlockCodec& codec) {
    return std::max(fewest_spare_slots, spare_memory / slot_memory(codec));
}

unsigned affordable_threads(const BlockCodec& codec, unsigned wanted) {
    const std::size_t slot = slot_memory(codec);
    const std::size_t affordable = (compression_memory - spare_slots(codec) * slot) / (codec.worker_memory() + slot);
    return static_cast<unsigned>(std::clamp<std::size_t>(wanted, 1, std::max<std::size_t>(1, affordable)));
}

}  // namespace

BlockCompression::BlockCompression(std::unique_ptr<OutputStream> inner, std::unique_ptr<BlockCodec> codec,
                                   unsigned threads)
    : inner_(std::move(inner)),
      codec_(std::move(codec)),
      thread_count_(affordable_threads(*codec_, threads)),
      ring_(thread_count_ + spare_slots(*codec_)) {
    codec_->begin(compressed_);
}

BlockCompression::~BlockCompression() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    work_.notify_all();
    for (auto& thread : threads_) {
        thread.join();
    }
}

void BlockCompression::write(const Context& context, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        Block& block = ring_[filling_].block;
        const std::size_t full = block.history + codec_->block_bytes();
        if (block.input.capacity() < full) {
            block.input.reserve(codec_->history_bytes() + codec_->block_bytes());
        }
        const auto taken = bytes.first(std::min(bytes.size(), full - block.input.size()));
        block.input.insert(block.input.end(), taken.begin(), taken.end());
        bytes = bytes.subspan(taken.size());
        // Only when more is known to come: the last block must know that it is the last.
        if (block.input.size() == full && !bytes.empty()) {
            submit(false);
            enter_next_slot(context);
        } else if (block.input.size() == full) {
            context.check();
        }
    }
}

void BlockCompression::commit(const Context& context) {
    submit(true);
    for (std::size_t slot = 0; slot < ring_.size(); ++slot) {
        enter_next_slot(context);
    }
    codec_->end(compressed_);
    inner_->write(context, compressed_);
    inner_->commit(context);
}

void BlockCompression::start() {
    try {
        while (threads_.size() < thread_count_) {
            threads_.emplace_back([this] { run(); });
        }
    } catch (const std::system_error& error) {
        throw Error(ErrorKind::Exhausted, std::string("cannot start a thread for compression: ") + error.what());
    }
}

void BlockCompression::submit(bool is_last) {
    start();
    {
        const std::lock_guard lock(mutex_);
        ring_[filling_].block.is_last = is_last;
        ring_[filling_].state = State::Waiting;
    }
    work_.notify_one();
}

void BlockCompression::enter_next_slot(const Context& context) {
    const Block& former = ring_[filling_].block;
    filling_ = (filling_ + 1) % ring_.size();
    Slot& slot = ring_[filling_];
    {
        std::unique_lock lock(mutex_);
        while (!failure_ && slot.state != State::Free && slot.state != State::Done) {
            context.check();
            done_.wait_for(lock, stop_check);
        }
        if (failure_) {
            std::rethrow_exception(failure_);
        }
    }
    context.check();
    if (slot.state == State::Done) {
        write_block(context, slot);
    }
    const auto history = std::min(codec_->history_bytes(), former.input.size());
    slot.block.input.reserve(codec_->history_bytes() + codec_->block_bytes());
    slot.block.input.assign(former.input.end() - static_cast<std::ptrdiff_t>(history), former.input.end());
    slot.block.history = history;
}

void BlockCompression::write_block(const Context& context, Slot& slot) {
    codec_->append(slot.block, compressed_);
    inner_->write(context, compressed_);
    compressed_.clear();
    slot.block.output.clear();
    slot.block.pieces.clear();
    const std::lock_guard lock(mutex_);
    slot.state = State::Free;
}

void BlockCompression::run() noexcept {
    try {
        compress_blocks();
    } catch (...) {
        const std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
    }
    done_.notify_one();
}

void BlockCompression::compress_blocks() {
    const auto worker = codec_->worker();
    std::unique_lock lock(mutex_);
    while (true) {
        work_.wait(lock, [this] { return ending_ || ring_[next_to_compress_].state == State::Waiting; });
        if (ending_) {
            return;
        }
        Slot& slot = ring_[next_to_compress_];
        slot.state = State::Working;
        next_to_compress_ = (next_to_compress_ + 1) % ring_.size();
        lock.unlock();
        worker->compress(slot.block);
        lock.lock();
        slot.state = State::Done;
        done_.notify_one();
    }
}

}  // namespace rowhaul
