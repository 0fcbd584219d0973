// SPDX-License-Identifier: Apache-2.0
// Keeps marks of those records only that failed, until they succeed. A row costs the hash of its key;
// nothing is written while nothing fails.
#pragma once
#include "execution/record_marks.h"
#include "io/hash_sorter.h"
#include "io/numbered_log.h"
#include "mapping/row_hash.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

class FailureKeeper final : public RecordMarks {
public:
    explicit FailureKeeper(MarkKeeping keeping);
    ~FailureKeeper() override;

    void begin(const Context&, const Schema& schema, const std::vector<std::size_t>& key, Present present) override;
    const Batch& pass(const Context&, const Batch&) override;
    void rejected_by_mapping(const Reject&, const KeyCells& key) override;
    void rejected_by_target(const Reject&) override;
    void release(const Context&, std::uint64_t unreadable, const std::function<void(const Batch&)>& write,
                 const Rejects& reject) override;
    SiftedRows sifted() const override { return sifted_; }
    std::vector<Warning> warnings() const override { return {}; }
    void stage(const Context&, const RowCounts& rows) override;

private:
    enum class Kind : std::uint8_t;
    struct KeptMark;

    void note_failed(const Mark& mark);
    void settle(const HashSorter::Records& records);
    void remember(const Mark& mark);

    const MarkKeeping keeping_;
    MarkedTarget becomes_;
    bool replaces_ = false;  // the marks of a run that kept all of them, or with another key
    bool is_complete_ = false;
    std::vector<std::size_t> key_;
    std::optional<RowHasher> hasher_;
    Schema key_schema_;
    NumberedFiles numbers_;
    std::optional<NumberedLog<Hash128>> log_;
    std::optional<HashFilter> failed_;  // keys that failed before
    std::optional<HashSorter> met_;     // what is known of keys, and which of them came
    std::optional<HashSorter> marks_;   // what becomes of them
    std::uint64_t unreadable_ = 0;
    SiftedRows sifted_;
    std::string record_;
};

}  // namespace rowhaul
