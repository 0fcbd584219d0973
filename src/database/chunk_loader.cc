// SPDX-License-Identifier: Apache-2.0
#include "database/chunk_loader.h"

#include "base/utf8.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace rowhaul {

namespace {

constexpr std::size_t shown_bytes = 200;

}  // namespace

void ChunkLoader::Chunk::clear() {
    text.clear();
    raws.clear();
    rows.clear();
    rejects.clear();
}

ChunkLoader::~ChunkLoader() {
    if (!thread_.joinable()) {
        return;
    }
    stop_->request();
    {
        const std::lock_guard lock(mutex_);
        has_ended_ = true;
        changed_.notify_all();
    }
    thread_.join();
}

void ChunkLoader::write(const Context& context, const Batch& batch) {
    if (batch.file() != filling_.file) {
        pass_on(context);
        filling_.file = batch.file();
    }
    auto& chunk = filling_;
    for (std::size_t row = 0; row < batch.rows(); ++row) {
        const auto begin = chunk.text.size();
        const auto zero_bytes = form_->encode(batch, row, chunk.text);
        if (zero_bytes == ZeroBytes::Some || !is_utf8(std::string_view(chunk.text).substr(begin))) {
            chunk.text.resize(begin);
            keep_back(context, batch, row, zero_bytes);
            continue;
        }
        auto& added = chunk.rows.emplace_back();
        added.end = chunk.text.size();
        added.number = batch.row_number(row);
        if (!batch.origins().empty()) {
            added.line = batch.origins()[row].line;
            chunk.raws += batch.origins()[row].raw;
        }
        added.raw_end = chunk.raws.size();
        if (chunk.text.size() + chunk.raws.size() >= chunk_bytes) {
            pass_on(context);
        }
    }
}

void ChunkLoader::keep_back(const Context& context, const Batch& batch, std::size_t row, ZeroBytes zero_bytes) {
    // Rejects of the rows before it come first.
    pass_on(context);
    settle();
    Reject reject{.row = batch.row_number(row), .reason = "unencodable_text", .field = {}, .value = {}, .message = {}};
    for (std::size_t column = 0; column < columns_.size() && reject.message.empty(); ++column) {
        const auto text = batch.column(column)[row].text();
        const auto good =
            zero_bytes == ZeroBytes::Some ? std::min(text.find('\0'), text.size()) : valid_utf8_prefix(text);
        if (good < text.size()) {
            reject.field = columns_[column];
            const auto shown = std::string_view(text).substr(0, std::min(good, shown_bytes));
            reject.value = shown.substr(0, valid_utf8_prefix(shown));
            reject.message =
                fmt::format("byte {} is {}", good + 1,
                            zero_bytes == ZeroBytes::Some ? "a NUL, which the database cannot hold in a text"
                                                          : "no character, and the database takes texts in UTF-8 only");
        }
    }
    if (!batch.origins().empty()) {
        reject.file = batch.file();
        reject.line = batch.origins()[row].line;
        reject.raw = batch.origins()[row].raw;
    }
    rejects_(std::move(reject));
}

void ChunkLoader::finish(const Context& context) {
    settle();
    if (filling_.rows.empty()) {
        return;
    }
    send_all(context, filling_);
    for (auto& reject : filling_.rejects) {
        rejects_(std::move(reject));
    }
    filling_.clear();
}

void ChunkLoader::pass_on(const Context& context) {
    if (filling_.rows.empty()) {
        return;
    }
    settle();
    std::swap(filling_, sending_);
    filling_.file = sending_.file;
    if (!thread_.joinable()) {
        context_ = context;
        stop_.emplace(context.stop);
        context_.stop = &*stop_;
        is_sending_ = true;
        thread_ = std::thread([this] { send_chunks(); });
        return;
    }
    const std::lock_guard lock(mutex_);
    is_sending_ = true;
    changed_.notify_all();
}

void ChunkLoader::settle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !is_sending_; });
    if (failure_) {
        std::rethrow_exception(failure_);
    }
    for (auto& reject : sending_.rejects) {
        rejects_(std::move(reject));
    }
    sending_.clear();
}

void ChunkLoader::send_chunks() noexcept {
    while (true) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return is_sending_ || has_ended_; });
        if (has_ended_) {
            return;
        }
        lock.unlock();
        std::exception_ptr failure;
        try {
            send_all(context_, sending_);
        } catch (...) {
            failure = std::current_exception();
        }
        lock.lock();
        failure_ = failure;
        is_sending_ = false;
        changed_.notify_all();
    }
}

void ChunkLoader::send_all(const Context& context, Chunk& chunk) {
    const std::lock_guard lock(writer_.turn);
    send_rows(context, chunk, 0, chunk.rows.size());
}

void ChunkLoader::send_rows(const Context& context, Chunk& chunk, std::size_t first, std::size_t last) {
    const auto begin = first == 0 ? 0 : chunk.rows[first - 1].end;
    writer_.execute(context, "savepoint rowhaul_load");
    try {
        form_->send(context, std::string_view(chunk.text).substr(begin, chunk.rows[last - 1].end - begin),
                    last - first);
        writer_.execute(context, "release savepoint rowhaul_load");
        return;
    } catch (const Refusal& refusal) {
        writer_.execute(context, "rollback to savepoint rowhaul_load");
        writer_.execute(context, "release savepoint rowhaul_load");
        if (last - first == 1) {
            chunk.rejects.push_back(reject_of(chunk, first, refusal));
            return;
        }
    }
    const auto middle = first + (last - first) / 2;
    send_rows(context, chunk, first, middle);
    send_rows(context, chunk, middle, last);
}

Reject ChunkLoader::reject_of(const Chunk& chunk, std::size_t row, const Refusal& refusal) {
    const auto raw_begin = row == 0 ? 0 : chunk.rows[row - 1].raw_end;
    Reject reject{
        .row = chunk.rows[row].number, .reason = refusal.reason(), .field = {}, .value = {}, .message = refusal.what()};
    reject.file = chunk.file;
    reject.line = chunk.rows[row].line;
    reject.raw = chunk.raws.substr(raw_begin, chunk.rows[row].raw_end - raw_begin);
    return reject;
}

}  // namespace rowhaul
