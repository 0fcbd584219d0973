// SPDX-License-Identifier: Apache-2.0
#include "table_model.h"

#include <algorithm>
#include <set>

namespace rowhaul::testing {

namespace {

constexpr int guarded = 5;
constexpr int failed = 1;
constexpr int partial = 3;

class Walk {
public:
    Walk(const ModelSetting& setting, const ModelTable& table)
        : rules_(setting.rules), longest_text_(setting.longest_text), table_(table) {}

    int run(const std::vector<ModelRow>& rows) {
        for (const auto& row : rows) {
            take(row);
        }
        if (rules_.key.empty()) {
            return rules_.replaces_all ? replace() : append();
        }
        if (const int status = settle_duplicates(); status != 0) {
            return status;
        }
        if (const int status = apply(); status != 0) {
            return status;
        }
        if (const int status = take_away(); status != 0) {
            return status;
        }
        return ended();
    }
    ModelTable table() const { return table_; }
    std::map<std::string, std::uint64_t> counts() const {
        auto counts = counts_;
        std::erase_if(counts, [](const auto& count) { return count.second == 0; });
        return counts;
    }

private:
    bool uses(const std::string& column) const { return std::ranges::find(rules_.key, column) != rules_.key.end(); }
    // Parts that are no part of the key are one for all.
    ModelKey key_of(const ModelRow& row) const {
        return {uses("number") ? row.number : "1", uses("letter") ? row.letter : "a"};
    }
    bool has_key(const ModelRow& row) const {
        return !(uses("number") && (row.number.empty() || row.number == "x")) &&
               !(uses("letter") && row.letter.empty());
    }
    bool is_good(const ModelRow& row) const {
        const bool has_number = rules_.key.empty() || uses("number");
        return has_key(row) && !(has_number && row.number == "x") && row.amount != "x" &&
               row.text.size() <= longest_text_;
    }
    bool is_marked(const ModelRecord& record) const { return rules_.absent == Absent::Mark && record.gone == "1"; }

    void leave_out(const ModelRow& row) { has_key(row) ? (void)present_.insert(key_of(row)) : (void)++unreadable_; }
    void reject(const ModelRow& row) {
        ++counts_["rejected"];
        leave_out(row);
    }
    void take(const ModelRow& row) {
        ++counts_["read"];
        if (row.is_malformed) {
            ++counts_["rejected"];
            ++unreadable_;
        } else if (!row.meets_rule) {
            ++counts_["filtered"];
            if (rules_.filtered == Filtered::Keep) {
                leave_out(row);
            }
        } else if (!is_good(row)) {
            reject(row);
        } else {
            staged_.push_back(row);
            has_taken_ = true;
        }
    }
    int settle_duplicates() {
        std::map<ModelKey, std::vector<std::size_t>> places;
        for (std::size_t i = 0; i < staged_.size(); ++i) {
            places[key_of(staged_[i])].push_back(i);
        }
        std::vector<ModelRow> kept;
        for (std::size_t i = 0; i < staged_.size(); ++i) {
            const auto& same = places[key_of(staged_[i])];
            if (same.size() == 1) {
                kept.push_back(staged_[i]);
                continue;
            }
            switch (rules_.duplicates) {
                case Duplicates::Reject:
                    reject(staged_[i]);
                    break;
                case Duplicates::Error:
                    return failed;
                case Duplicates::First:
                case Duplicates::Last:
                    if (i == (rules_.duplicates == Duplicates::First ? same.front() : same.back())) {
                        kept.push_back(staged_[i]);
                    } else {
                        ++counts_["skipped"];
                    }
            }
        }
        staged_ = kept;
        return 0;
    }
    int apply() {
        if (rules_.existing == Existing::Error &&
            std::ranges::any_of(staged_, [&](const ModelRow& row) { return table_.contains(key_of(row)); })) {
            return failed;
        }
        std::set<ModelKey> arrived;
        for (const auto& row : staged_) {
            const auto known = table_.find(key_of(row));
            if (known != table_.end() ? change(row, known->second) : create(row)) {
                arrived.insert(key_of(row));
            }
        }
        present_.insert(arrived.begin(), arrived.end());
        return 0;
    }
    bool change(const ModelRow& row, ModelRecord& record) {
        const bool may_change = rules_.existing == Existing::Update;
        const bool differs = may_change && (record.text != row.text || record.amount != row.amount);
        if (!differs && !is_marked(record)) {
            ++counts_[may_change ? "unchanged" : "skipped"];
            return true;
        }
        if (differs && row.amount == "-1") {
            reject(row);
            return false;
        }
        if (may_change) {
            record.text = row.text;
            record.amount = row.amount;
        }
        if (is_marked(record)) {
            record.gone = "0";
        }
        ++counts_["updated"];
        return true;
    }
    bool create(const ModelRow& row) {
        if (rules_.missing == Missing::Skip) {
            ++counts_["skipped"];
            return true;
        }
        if (row.amount == "-1") {
            reject(row);
            return false;
        }
        ModelRecord record{.text = row.text, .amount = row.amount};
        record.gone = rules_.absent == Absent::Mark ? "0" : "";
        table_.emplace(key_of(row), record);
        ++counts_["created"];
        return true;
    }
    bool exceeds_limit(std::uint64_t gone, std::uint64_t records) const {
        return gone > static_cast<std::uint64_t>(rules_.max_delete.rows) &&
               100.0 * static_cast<double>(gone) > rules_.max_delete.percent * static_cast<double>(records);
    }
    int take_away() {
        if (rules_.absent == Absent::Keep) {
            return 0;
        }
        std::vector<ModelKey> gone;
        std::uint64_t live = 0;
        for (const auto& [key, record] : table_) {
            live += is_marked(record) ? 0 : 1;
            if (!present_.contains(key) && !is_marked(record)) {
                gone.push_back(key);
            }
        }
        if (gone.empty() || unreadable_ != 0) {
            return 0;
        }
        if ((!has_taken_ && present_.empty() && rules_.empty_source == EmptySource::Refuse) ||
            exceeds_limit(gone.size(), live - counts_["created"])) {
            return guarded;
        }
        for (const auto& key : gone) {
            if (rules_.absent == Absent::Mark) {
                table_.find(key)->second.gone = "1";
            } else {
                table_.erase(key);
            }
        }
        counts_["deleted"] = gone.size();
        return 0;
    }
    int append() {
        for (const auto& row : staged_) {
            if (row.amount == "-1") {
                ++counts_["rejected"];
                continue;
            }
            table_.emplace(ModelKey{row.number, row.letter}, ModelRecord{.text = row.text, .amount = row.amount});
            ++counts_["created"];
        }
        return ended();
    }
    int replace() {
        const auto before = table_.size();
        const bool is_empty = staged_.empty() && before != 0 && rules_.empty_source == EmptySource::Refuse;
        if (counts_["rejected"] != 0 || is_empty ||
            (before > staged_.size() && exceeds_limit(before - staged_.size(), before))) {
            return guarded;
        }
        table_.clear();
        append();
        counts_["deleted"] = before;
        return counts_["rejected"] != 0 ? guarded : ended();
    }
    int ended() { return counts_["rejected"] != 0 ? partial : 0; }

    RecordRules rules_;
    std::size_t longest_text_;
    ModelTable table_;
    std::map<std::string, std::uint64_t> counts_;
    std::vector<ModelRow> staged_;
    std::set<ModelKey> present_;
    std::uint64_t unreadable_ = 0;
    bool has_taken_ = false;
};

}  // namespace

ModelOutcome model_run(const ModelSetting& setting, const std::vector<ModelRow>& rows, const ModelTable& table) {
    Walk walk(setting, table);
    const int status = walk.run(rows);
    const bool has_arrived = status == 0 || status == partial;
    return {.status = status,
            .counts = has_arrived ? walk.counts() : std::map<std::string, std::uint64_t>(),
            .table = has_arrived ? walk.table() : table};
}

}  // namespace rowhaul::testing
