// SPDX-License-Identifier: Apache-2.0
#include "database/chunk_loader.h"

namespace rowhaul {

void ChunkLoader::write(const Context& context, const Batch& batch) {
    if (batch.file() != file_) {
        send_all(context);
        file_ = batch.file();
    }
    for (std::size_t row = 0; row < batch.rows(); ++row) {
        encode(batch, row, chunk_);
        auto& added = rows_.emplace_back();
        added.end = chunk_.size();
        added.number = batch.row_number(row);
        if (!batch.origins().empty()) {
            added.line = batch.origins()[row].line;
            raws_ += batch.origins()[row].raw;
        }
        added.raw_end = raws_.size();
        if (chunk_.size() + raws_.size() >= chunk_bytes) {
            send_all(context);
        }
    }
}

void ChunkLoader::finish(const Context& context) {
    send_all(context);
}

void ChunkLoader::send_all(const Context& context) {
    if (!rows_.empty()) {
        send_rows(context, 0, rows_.size());
    }
    chunk_.clear();
    raws_.clear();
    rows_.clear();
}

void ChunkLoader::send_rows(const Context& context, std::size_t first, std::size_t last) {
    const auto begin = first == 0 ? 0 : rows_[first - 1].end;
    writer_.execute(context, "savepoint rowhaul_load");
    try {
        send(context, std::string_view(chunk_).substr(begin, rows_[last - 1].end - begin), last - first);
        writer_.execute(context, "release savepoint rowhaul_load");
        return;
    } catch (const Refusal& refusal) {
        writer_.execute(context, "rollback to savepoint rowhaul_load");
        writer_.execute(context, "release savepoint rowhaul_load");
        if (last - first == 1) {
            reject(first, refusal);
            return;
        }
    }
    const auto middle = first + (last - first) / 2;
    send_rows(context, first, middle);
    send_rows(context, middle, last);
}

void ChunkLoader::reject(std::size_t row, const Refusal& refusal) {
    const auto raw_begin = row == 0 ? 0 : rows_[row - 1].raw_end;
    Reject reject{
        .row = rows_[row].number, .reason = refusal.reason(), .field = {}, .value = {}, .message = refusal.what()};
    reject.file = file_;
    reject.line = rows_[row].line;
    reject.raw = raws_.substr(raw_begin, rows_[row].raw_end - raw_begin);
    rejects_(std::move(reject));
}

}  // namespace rowhaul
