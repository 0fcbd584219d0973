// SPDX-License-Identifier: Apache-2.0
// Keeps the marks of the records that a run brings to a target, and with `read: changed` lets only
// those rows through that differ from what the target has.
//
// A row that comes where it came last time is compared with what it was then, and nothing else need be
// known of it (ArrivalOrder). Any other is sorted by the hash of its key, where necessary with its
// cells, and compared with the marks in that order once the source has ended. Memory does not depend
// on the number of rows; what must be remembered lies in `--home/tmp`.
#pragma once
#include "data/row_set.h"
#include "execution/record_marks.h"
#include "io/hash_sorter.h"
#include "io/numbered_log.h"
#include "mapping/row_hash.h"
#include "store/arrival_order.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace rowhaul {

// Rows that were rejected, by number, with the reasons as far as there is room for them.
class RejectedRows {
public:
    void add(std::uint64_t row, const std::string& remark);
    bool contains(std::uint64_t row) const { return rows_.contains(row); }
    std::string remark(std::uint64_t row) const;
    bool empty() const { return rows_.empty(); }

private:
    static constexpr std::size_t most_remark_bytes = std::size_t{8} << 20;

    RowSet rows_;
    std::unordered_map<std::uint64_t, std::string> remarks_;
    std::size_t remark_bytes_ = 0;
};

class MarkKeeper final : public RecordMarks {
public:
    explicit MarkKeeper(MarkKeeping keeping);
    ~MarkKeeper() override;

    void begin(const Context&, const Schema& schema, const std::vector<std::size_t>& key, Present present) override;
    const Batch& pass(const Context&, const Batch&) override;
    void rejected_by_mapping(const Reject&, const KeyCells& key) override;
    void rejected_by_target(const Reject&) override;
    void release(const Context&, std::uint64_t unreadable, const std::function<void(const Batch&)>& write,
                 const Rejects& reject) override;
    SiftedRows sifted() const override { return sifted_; }
    std::vector<Warning> warnings() const override { return warnings_; }

    void stage(const Context&, const RowCounts& rows) override;
    void note_given(const GivenKey&) override;

private:
    enum class Kind : std::uint8_t;
    enum class Event : std::uint8_t;
    struct Head;
    struct GroupRow;
    struct Group;
    static GroupRow row_of(std::string_view record);
    struct Logged;
    class Log;
    class Held;

    bool is_unchanged(const Hash128& known, const Hash128& row) const;
    bool drops_duplicates() const;
    void put(Kind kind, const Hash128& key, const Head& head, std::string_view key_text, std::string_view rest = {});
    void hold(const Batch&, std::size_t row, const Hash128& key, const Head& head);
    void note_missing(const Context&);
    void note_equal(const Context&);
    void settle(const Hash128& key, const HashSorter::Records& records);
    void note(Group& group, const GroupRow& row);
    void settle_duplicates(const Group& group, const HashSorter::Records& records);
    void look_up_next_time(const Hash128& key);
    void settle_beside_equal(const Head& equal, const HashSorter::Records& records);
    void put_all_held(const HashSorter::Records& records);
    void remember_rows(const Group& group, const HashSorter::Records& records);
    void tell_present(const Batch&);
    void remember(const Hash128& key, const Mark& mark, std::uint64_t row);
    // What a run says of a key: what became of its rows, and which key the target gave to its record.
    struct Said {
        std::optional<Mark> mark;  // of texts in `first`
        std::string first;         // record
        std::string remark;
        std::string key_there;
    };
    void take_said(const Hash128& key, const HashSorter::Records& records, Said& said) const;

    const MarkKeeping keeping_;
    std::unique_ptr<MarkFile> file_;
    std::optional<MarkedTarget> known_;  // of which the marks are of use
    bool hashes_compare_ = false;
    bool replaces_ = false;
    MarkedTarget becomes_;
    std::vector<std::size_t> key_;
    std::optional<RowHasher> key_hasher_;
    std::optional<RowHasher> row_hasher_;
    Schema key_schema_;
    std::optional<ArrivalOrder> order_;
    std::optional<MarkCursor> cursor_;
    std::unique_ptr<Log> log_;
    std::optional<HashSorter> open_;            // rows that are settled in the end
    std::optional<HashSorter> events_;          // what became of keys
    std::uint64_t outcomes_ = 0;                // among them: those that say more than which key the target gave
    std::optional<NumberedLog<Hash128>> keys_;  // of rows, where the target gives keys
    HashFilter in_doubt_;                       // the keys in open_ that rows have
    Present present_;
    std::optional<Batch> kept_;
    std::vector<std::uint32_t> left_out_;
    std::vector<std::uint32_t> chosen_;
    NumberedFiles numbers_;
    std::unique_ptr<Held> held_;
    const Rejects* reject_ = nullptr;
    RejectedRows rejected_;
    std::vector<Hash128> duplicates_;  // keys that several rows have
    bool knows_duplicates_ = true;
    bool is_complete_ = false;
    std::uint64_t unreadable_ = 0;
    SiftedRows sifted_;
    std::vector<Warning> warnings_;
    std::string record_;
};

}  // namespace rowhaul
