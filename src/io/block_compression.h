// SPDX-License-Identifier: Apache-2.0
// Compresses blocks on several threads and writes them in their order.
#pragma once
#include "io/stream.h"

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace rowhaul {

// Everything that compression may take, of the 64 MiB that a process has (P10).
constexpr std::size_t compression_memory = 32 * 1024 * 1024;

struct Block {
    std::vector<std::byte> input;     // what precedes the block, then the block
    std::size_t history = 0;          // bytes of `input` that precede it
    bool is_last = false;             // may be empty
    std::vector<std::byte> output;    // compressed
    std::vector<std::size_t> pieces;  // where pieces of `output` end, if the codec needs that
    std::uint32_t checksum = 0;       // of the block, if the codec needs that

    std::span<const std::byte> fresh() const { return std::span(input).subspan(history); }
};

// How one kind of file is made of blocks. Its own functions are called by one thread, in the order
// of the blocks.
class BlockCodec {
public:
    // Compresses blocks independently of each other, each worker on a thread of its own.
    class Worker {
    public:
        virtual ~Worker() = default;
        virtual void compress(Block&) = 0;
    };

    virtual ~BlockCodec() = default;
    virtual std::size_t block_bytes() const = 0;
    // How much of the preceding block a block wants to see.
    virtual std::size_t history_bytes() const = 0;
    virtual std::size_t worker_memory() const = 0;
    virtual std::unique_ptr<Worker> worker() const = 0;
    // These append bytes to a file.
    virtual void begin(std::vector<std::byte>& out) = 0;
    virtual void append(const Block&, std::vector<std::byte>& out) = 0;
    virtual void end(std::vector<std::byte>& out) = 0;
};

class BlockCompression : public OutputStream {
public:
    BlockCompression(std::unique_ptr<OutputStream> inner, std::unique_ptr<BlockCodec> codec, unsigned threads);
    ~BlockCompression() override;

    void write(const Context&, std::span<const std::byte> bytes) override;
    void commit(const Context&) override;

private:
    enum class State : std::uint8_t { Free, Waiting, Working, Done };
    struct Slot {
        Block block;
        State state = State::Free;
    };

    void start();
    void submit(bool is_last);
    // Waits until the next slot of the ring is done with its former block, and writes that.
    void enter_next_slot(const Context&);
    void write_block(const Context&, Slot&);
    void run() noexcept;
    void compress_blocks();

    std::unique_ptr<OutputStream> inner_;
    std::unique_ptr<BlockCodec> codec_;
    const unsigned thread_count_;
    std::vector<std::byte> compressed_;

    // Blocks go round the ring: filled at `filling_`, compressed in any order, written in order.
    std::vector<Slot> ring_;
    std::size_t filling_ = 0;

    std::mutex mutex_;
    std::condition_variable work_;  // there is a block to compress, or none will come
    std::condition_variable done_;  // a block was compressed, or could not be
    std::size_t next_to_compress_ = 0;
    bool ending_ = false;
    std::exception_ptr failure_;
    std::vector<std::thread> threads_;  // started by the first full block, or by commit()
};

}  // namespace rowhaul
