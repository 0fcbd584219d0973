// SPDX-License-Identifier: Apache-2.0
// Lets the one who fetches bytes run ahead of the one who reads them.
#pragma once
#include "io/stream.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace rowhaul {

struct AsyncInputOptions {
    std::size_t block_bytes = std::size_t{256} * 1024;
    std::size_t blocks = 6;
};

// Reads the inner stream on a thread of its own, from the first read() on, a few blocks ahead. A
// failure of the inner stream is thrown, as it was, by the read() that comes to it. Destroyed before
// the end, this tells the inner stream to stop.
class AsyncInput final : public InputStream {
public:
    // `inner` is used by the thread alone until the end was read or this is destroyed, which it must outlive.
    explicit AsyncInput(InputStream& inner, AsyncInputOptions = {});
    ~AsyncInput() override;

    std::size_t read(const Context&, std::span<std::byte> into) override;

private:
    struct Block {
        std::vector<std::byte> bytes;
        std::size_t size = 0;
    };
    void start(const Context&);
    void run() noexcept;
    void read_all();

    InputStream& inner_;
    const AsyncInputOptions options_;
    StopSignal abandon_;
    Context inner_context_;
    Block current_;
    std::size_t at_ = 0;  // in the current block
    bool ended_ = false;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Block> full_;
    std::deque<Block> free_;
    bool done_ = false;
    std::exception_ptr failure_;
    std::thread thread_;
};

}  // namespace rowhaul
