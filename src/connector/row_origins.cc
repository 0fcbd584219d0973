// SPDX-License-Identifier: Apache-2.0
#include "connector/row_origins.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace rowhaul {

namespace {

struct Head {
    std::uint64_t row = 0;
    std::uint64_t line = 0;
    std::uint64_t raw_bytes = 0;
};

}  // namespace

void RowOrigins::note(const Batch& batch) {
    if (batch.file().empty() || batch.origins().empty() || batch.rows() == 0) {
        return;
    }
    if (!pages_) {
        pages_ = std::make_unique<SpoolPages>(place_);
    }
    if (files_.empty() || files_.back() != batch.file()) {
        files_.emplace_back(batch.file());
    }
    text_.clear();
    for (const auto& origin : std::span(batch.origins()).first(batch.rows())) {
        const Head head{.row = origin.row, .line = origin.line, .raw_bytes = origin.raw.size()};
        text_.append(reinterpret_cast<const char*>(&head), sizeof(head));
        text_.append(origin.raw);
    }
    parts_.push_back(
        {.first_row = batch.row_number(0), .begin = pages_->size(), .bytes = text_.size(), .file = files_.size() - 1});
    pages_->append(std::as_bytes(std::span(text_)));
}

const RowOrigins::Part* RowOrigins::part(std::uint64_t row) const {
    const auto after = std::ranges::upper_bound(parts_, row, {}, &Part::first_row);
    return after == parts_.begin() ? nullptr : &*std::prev(after);
}

std::string_view RowOrigins::file(std::uint64_t row) const {
    const auto* found = part(row);
    return found == nullptr ? std::string_view() : files_[found->file];
}

void RowOrigins::tell(Reject& reject) {
    const auto* found = part(reject.row);
    if (found == nullptr) {
        return;
    }
    if (!is_finished_) {
        pages_->finish();
        is_finished_ = true;
    }
    auto at = found->begin;
    while (at != found->begin + found->bytes) {
        Head head;
        pages_->read(at, std::as_writable_bytes(std::span(&head, 1)));
        at += sizeof(head);
        if (head.row == reject.row) {
            reject.file = files_[found->file];
            reject.line = head.line;
            reject.raw.resize(head.raw_bytes);
            pages_->read(at, std::as_writable_bytes(std::span(reject.raw)));
            return;
        }
        at += head.raw_bytes;
    }
}

}  // namespace rowhaul
