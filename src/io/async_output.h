// SPDX-License-Identifier: Apache-2.0
// Lets the one who makes bytes run ahead of the one who sends them.
#pragma once
#include "io/stream.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace rowhaul {

struct AsyncOutputOptions {
    std::size_t block_bytes = 256 * 1024;
    std::size_t queue_bytes = 2 * 1024 * 1024;  // memory for blocks; at least two blocks are made
};

// Collects bytes in blocks and writes them to the inner stream on a thread of its own. The inner
// stream is used by that thread alone until it has ended, and is destroyed by whoever destroys this.
//
// A failure of the inner stream is thrown, as it was, by the next write() or commit(). A stop
// request ends either within a tenth of a second. Destroyed before commit(), this tells the inner
// stream to stop as well and drops what is queued.
class AsyncOutput : public OutputStream {
public:
    explicit AsyncOutput(std::unique_ptr<OutputStream> inner, AsyncOutputOptions = {});
    ~AsyncOutput() override;

    void write(const Context&, std::span<const std::byte> bytes) override;
    void commit(const Context&) override;

private:
    using Block = std::vector<std::byte>;

    void start(const Context&);
    Block empty_block(const Context&);
    void enqueue_filling();
    // Waits until `ready`, the failure of the inner stream, or a reason in the context to give up.
    template <class Ready>
    void wait_until(const Context&, std::unique_lock<std::mutex>&, Ready ready);
    void run() noexcept;
    void write_all();

    const AsyncOutputOptions options_;
    std::unique_ptr<OutputStream> inner_;
    Block filling_;
    bool has_filling_ = false;

    StopSignal abandon_;
    // What the inner stream sees: the caller's, with a stop of our own, because it must also stop
    // when this is destroyed. The caller's stop ends write() and so, in the end, this.
    Context inner_context_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Block> queue_;
    std::vector<Block> spare_;
    std::size_t blocks_made_ = 0;
    bool committing_ = false;
    bool done_ = false;  // the inner stream is committed
    std::exception_ptr failure_;
    std::thread thread_;  // started by the first write() or commit()
};

}  // namespace rowhaul
