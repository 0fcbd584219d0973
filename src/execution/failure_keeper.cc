// SPDX-License-Identifier: Apache-2.0
#include "execution/failure_keeper.h"

#include <algorithm>
#include <cstring>

namespace rowhaul {

// What is said of a key.
enum class FailureKeeper::Kind : std::uint8_t {
    Failed,    // before; its mark here
    Came,      // in a row
    Rejected,  // by the mapping, for the reason here
};

// A mark with its texts.
struct FailureKeeper::KeptMark {
    explicit KeptMark(std::string_view record) : bytes(record), mark(mark_in(bytes)) {}
    KeptMark(const KeptMark&) = delete;
    KeptMark& operator=(const KeptMark&) = delete;

    std::string bytes;
    Mark mark;

private:
    static Mark mark_in(std::string_view bytes) { return take_mark(bytes); }
};

FailureKeeper::FailureKeeper(MarkKeeping keeping) : keeping_(std::move(keeping)) {}

FailureKeeper::~FailureKeeper() = default;

void FailureKeeper::begin(const Context& context, const Schema& schema, const std::vector<std::size_t>& key,
                          Present /*present*/) {
    key_ = key;
    hasher_.emplace(schema, key);
    for (const auto place : key) {
        key_schema_.push_back(schema[place]);
    }
    becomes_ = keeping_.target;
    becomes_.key_print = key_print(key_schema_);
    log_.emplace(keeping_.spool);
    met_.emplace(keeping_.spool);
    marks_.emplace(keeping_.spool);
    const auto file = MarkFile::existing(keeping_.file, SqliteAccess::ReadOnly);
    if (const auto known = file ? file->target(becomes_.connection, becomes_.object) : std::nullopt) {
        replaces_ = known->key_print != becomes_.key_print || known->arrivals || known->row_print != Hash128();
        if (known->key_print == becomes_.key_print) {
            file->each(context, *known, [&](const Mark& mark) {
                if (mark.status == MarkStatus::Failed) {
                    note_failed(mark);
                }
                return true;
            });
        }
    }
}

void FailureKeeper::note_failed(const Mark& mark) {
    if (!failed_) {
        failed_.emplace();
    }
    failed_->add(mark.key_hash);
    auto kept = mark;
    kept.key_there = {};  // nobody asks for it any more
    record_.assign(1, static_cast<char>(Kind::Failed));
    append_mark(record_, kept);
    met_->add(mark.key_hash, record_);
}

const Batch& FailureKeeper::pass(const Context&, const Batch& batch) {
    const auto keys = hasher_->hash(batch);
    for (std::size_t row = 0; row < batch.rows(); ++row) {
        if (std::ranges::any_of(key_, [&](std::size_t column) { return batch.column(column)[row].is_null(); })) {
            ++unreadable_;
            continue;
        }
        log_->add(numbers_.number(batch.file(), batch.row_number(row)), keys[row]);
        if (failed_ && failed_->may_hold(keys[row])) {
            met_->add(keys[row], std::string(1, static_cast<char>(Kind::Came)));
        }
    }
    return batch;
}

void FailureKeeper::rejected_by_mapping(const Reject& reject, const KeyCells& key) {
    const auto known = rejected_key(key, key_schema_);
    if (!known) {
        ++unreadable_;
        return;
    }
    record_.assign(1, static_cast<char>(Kind::Rejected));
    append_mark(record_,
                {.key_hash = known->hash, .status = MarkStatus::Failed, .key = known->text, .remark = reject.message});
    met_->add(known->hash, record_);
}

void FailureKeeper::rejected_by_target(const Reject& reject) {
    if (const auto key = log_->find(numbers_.number(reject.file, reject.row))) {
        std::string text;
        append_key_part(text, reject.key);
        remember({.key_hash = *key, .status = MarkStatus::Failed, .key = text, .remark = reject.message});
    }
}

void FailureKeeper::release(const Context& context, std::uint64_t unreadable,
                            const std::function<void(const Batch&)>& /*write*/, const Rejects& /*reject*/) {
    is_complete_ = keeping_.reads_everything && unreadable_ + unreadable == 0;
    met_->visit(context, [&](const Hash128&, const HashSorter::Records& records) { settle(records); });
}

void FailureKeeper::settle(const HashSorter::Records& records) {
    std::optional<KeptMark> failed_before;
    std::optional<KeptMark> rejected_now;
    bool came = false;
    records.each([&](std::string_view record) {
        const auto kind = static_cast<Kind>(record.front());
        record.remove_prefix(1);
        switch (kind) {
            case Kind::Failed:
                failed_before.emplace(record);
                break;
            case Kind::Rejected:
                rejected_now.emplace(record);
                break;
            case Kind::Came:
                came = true;
                break;
        }
    });
    auto* const failed = failed_before ? &failed_before->mark : nullptr;
    auto* const rejected = rejected_now ? &rejected_now->mark : nullptr;
    if (failed != nullptr && (came || rejected != nullptr)) {
        ++sifted_.retried;
    }
    if (rejected != nullptr) {
        rejected->last_success = failed != nullptr ? failed->last_success : 0;
        remember(*rejected);
    } else if (failed != nullptr && came) {
        failed->status = MarkStatus::Succeeded;
        failed->remark = {};
        remember(*failed);
    } else if (failed != nullptr && is_complete_) {
        failed->status = MarkStatus::Absent;
        failed->remark = {};
        remember(*failed);
    } else if (failed != nullptr && replaces_) {
        remember(*failed);
    }
}

void FailureKeeper::remember(const Mark& mark) {
    record_.clear();
    append_mark(record_, mark);
    marks_->add(mark.key_hash, record_);
}

void FailureKeeper::stage(const Context& context, const RowCounts& rows) {
    if (!marks_ || (marks_->records() == 0 && !replaces_)) {
        return;
    }
    MarkFile file(keeping_.file);
    file.discard_all();  // of a run of which nobody knows yet whether it arrived; its rows come again
    MarkStage stage(file, {.execution = keeping_.execution,
                           .moment = keeping_.started,
                           .target = becomes_,
                           .is_complete = false,  // of records that never failed nothing is known
                           .replaces = replaces_,
                           .arrivals = ArrivalList::Dropped});
    marks_->visit(context, [&](const Hash128&, const HashSorter::Records& records) {
        std::optional<KeptMark> kept;
        records.each([&](std::string_view record) {
            auto bytes = record;
            const auto said = take_mark(bytes);
            if (!kept || (kept->mark.status != MarkStatus::Failed && said.status == MarkStatus::Failed)) {
                const auto last_success = kept ? kept->mark.last_success : said.last_success;
                kept.emplace(record);
                kept->mark.last_success = last_success;
            }
        });
        auto* const mark = &kept->mark;
        if (mark->status == MarkStatus::Succeeded && keeping_.target_may_skip && rows.skipped > 0) {
            mark->status = MarkStatus::Skipped;  // it may be one of these
        }
        mark->row_hash = compare_anew;
        stage.add(*mark);
    });
    stage.finish();
}

}  // namespace rowhaul
