// SPDX-License-Identifier: Apache-2.0
// Streams that tests look into, break, or leave hanging.
#pragma once
#include "io/stream.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

namespace rowhaul::testing {

// Keeps everything; what it got outlives it when a Received is handed in.
struct Received {
    std::string bytes;
    bool committed = false;
};

class MemoryOutput : public OutputStream {
public:
    explicit MemoryOutput(Received& received) : received_(received) {}
    void write(const Context& context, std::span<const std::byte> bytes) override {
        context.check();
        received_.bytes += as_text(bytes);
    }
    void commit(const Context&) override { received_.committed = true; }

private:
    Received& received_;
};

// Fails, with the error given, at the write that exceeds `limit` bytes, or at commit.
class FailingOutput : public OutputStream {
public:
    FailingOutput(std::size_t limit, Error error) : left_(limit), error_(std::move(error)) {}
    void write(const Context&, std::span<const std::byte> bytes) override {
        if (bytes.size() > left_) {
            throw error_;
        }
        left_ -= bytes.size();
    }
    void commit(const Context&) override { throw error_; }

private:
    std::size_t left_;
    Error error_;
};

// Takes nothing until it is told to stop, as a server does that no longer answers.
class HangingOutput : public OutputStream {
public:
    void write(const Context& context, std::span<const std::byte>) override { context.sleep(std::chrono::hours(1)); }
    void commit(const Context& context) override { context.sleep(std::chrono::hours(1)); }
};

class MemoryInput : public InputStream {
public:
    explicit MemoryInput(std::string bytes) : bytes_(std::move(bytes)) {}
    std::size_t read(const Context&, std::span<std::byte> into) override {
        const auto count = std::min(into.size(), bytes_.size() - at_);
        std::memcpy(into.data(), bytes_.data() + at_, count);
        at_ += count;
        return count;
    }

private:
    std::string bytes_;
    std::size_t at_ = 0;
};

// Hands out a few bytes a time.
class ShortReads : public InputStream {
public:
    ShortReads(InputStream& inner, std::size_t bytes) : inner_(inner), bytes_(bytes) {}
    std::size_t read(const Context& context, std::span<std::byte> into) override {
        return inner_.read(context, into.first(std::min(into.size(), bytes_)));
    }

private:
    InputStream& inner_;
    std::size_t bytes_;
};

}  // namespace rowhaul::testing
