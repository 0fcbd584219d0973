// SPDX-License-Identifier: Apache-2.0
#include "execution/mark_keeper.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rowhaul {

namespace {

constexpr std::size_t most_duplicates = 500'000;

static_assert(GivenKey::longest <= longest_key_there);

template <class Value>
void append(std::string& bytes, const Value& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class Value>
Value take(std::string_view& bytes) {
    Value value;
    std::memcpy(&value, bytes.data(), sizeof value);
    bytes.remove_prefix(sizeof value);
    return value;
}
void append_text(std::string& bytes, std::string_view text) {
    append(bytes, static_cast<std::uint32_t>(text.size()));
    bytes.append(text);
}
std::string_view take_text(std::string_view& bytes) {
    const auto size = take<std::uint32_t>(bytes);
    const auto text = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return text;
}
constexpr std::uint32_t null_cell = ~std::uint32_t{0};

}  // namespace

// Of a row, or of a key of which there is no row.
enum class MarkKeeper::Kind : std::uint8_t {
    Sent,      // went on
    Held,      // waits, its cells here, until it is known whether it is to go on
    Equal,     // is what it was last time
    Missing,   // was there last time
    Rejected,  // by the mapping; its reason here
};

// What a record of events_ is.
enum class MarkKeeper::Event : std::uint8_t {
    Outcome,  // of a row
    Given,    // the key that the target gave
};

struct MarkKeeper::Head {
    std::uint64_t arrival = 0;  // place among all rows
    std::uint64_t number = 0;   // of NumberedFiles
    Hash128 row;
};

struct MarkKeeper::GroupRow {
    Kind kind;
    Head head;
    std::string_view key;
    std::string_view rest;
};

// The records of one key, which may be more than fit into memory.
struct MarkKeeper::Group {
    struct Winner {
        Kind kind;
        Head head;
        std::string key;
    };
    struct RejectedRow {
        std::string key;
        std::string reason;
    };
    Hash128 key;
    std::uint64_t rows = 0;
    std::optional<Winner> winner;  // the row that counts when there are several
    std::optional<Head> equal;     // the first one that is what it was last time
    std::optional<Hash128> missing;
    std::optional<RejectedRow> rejected;
};

struct MarkKeeper::Logged {
    Hash128 key;
    Hash128 row;
    std::uint64_t number;
    std::uint64_t is_equal;
};

// Every row in the order of arrival.
class MarkKeeper::Log {
public:
    explicit Log(const SpoolPlace& place) : file_(place) {}
    void add(const Logged& row) {
        rows_.push_back(row);
        ++count_;
        if (rows_.size() == at_once) {
            file_.append(std::as_bytes(std::span(rows_)));
            rows_.clear();
        }
    }
    std::uint64_t count() const { return count_; }
    template <class Visit>
    void each(const Context& context, const Visit& visit) const {
        std::vector<Logged> block(at_once);
        for (std::uint64_t offset = 0; offset < file_.size(); offset += at_once * sizeof(Logged)) {
            context.check();
            file_.read(offset, std::as_writable_bytes(std::span(block)));
            std::ranges::for_each(block, visit);
        }
        std::ranges::for_each(rows_, visit);
    }

private:
    static constexpr std::size_t at_once = 4096;
    SpoolFile file_;
    std::vector<Logged> rows_;
    std::uint64_t count_ = 0;
};

// Rows that waited, on their way again.
class MarkKeeper::Held {
public:
    Held(std::size_t width, const std::function<void(const Batch&)>& write, std::size_t parts, const Present& present)
        : batch_(width), write_(write), keys_(parts), present_(present) {}
    // A row that does not go on, although it is there.
    void leave_out(std::string_view key) {
        if (!present_) {
            return;
        }
        std::size_t part = 0;
        for (const auto text : key_parts(key)) {
            keys_.build(part++).emplace_back(keys_.arena().copy(text));
        }
        keys_.set_rows(keys_.rows() + 1);
        if (keys_.rows() == Batch::max_rows || keys_.arena().used() >= Batch::max_bytes) {
            flush_keys();
        }
    }
    void put(const Head& head, const std::string& file, std::string_view rest) {
        if (batch_.rows() == Batch::max_rows || batch_.arena().used() >= Batch::max_bytes ||
            (batch_.rows() > 0 && batch_.file() != file)) {
            flush();
        }
        batch_.set_file(file);
        const auto line = take<std::uint64_t>(rest);
        const auto raw = batch_.arena().copy(take_text(rest));
        batch_.origins().push_back({.row = RowNumbers::row_in_file(head.number), .line = line, .raw = raw});
        for (std::size_t column = 0; column < batch_.width(); ++column) {
            const auto size = take<std::uint32_t>(rest);
            if (size == null_cell) {
                batch_.build(column).emplace_back();
                continue;
            }
            batch_.build(column).emplace_back(batch_.arena().copy(rest.substr(0, size)));
            rest.remove_prefix(size);
        }
        batch_.set_rows(batch_.rows() + 1);
    }
    void flush() {
        if (batch_.rows() > 0) {
            sort();
            write_(batch_);
            batch_.clear();
        }
    }
    void flush_keys() {
        if (keys_.rows() > 0) {
            present_(keys_);
            keys_.clear();
        }
    }

private:
    // Whoever looks a row up by its number wants them in order.
    void sort() {
        std::vector<std::size_t> order(batch_.rows());
        for (std::size_t i = 0; i < order.size(); ++i) {
            order[i] = i;
        }
        std::ranges::sort(order, {}, [&](std::size_t i) { return batch_.origins()[i].row; });
        const auto permute = [&](auto& list) {
            auto old = list;
            for (std::size_t i = 0; i < order.size(); ++i) {
                list[i] = old[order[i]];
            }
        };
        permute(batch_.origins());
        for (std::size_t column = 0; column < batch_.width(); ++column) {
            permute(batch_.build(column));
        }
    }

    Batch batch_;
    const std::function<void(const Batch&)>& write_;
    Batch keys_;
    const Present& present_;
};

void RejectedRows::add(std::uint64_t row, const std::string& remark) {
    rows_.add(row);
    if (remark_bytes_ < most_remark_bytes) {
        remark_bytes_ += remark.size() + 64;
        remarks_.try_emplace(row, remark);
    }
}

std::string RejectedRows::remark(std::uint64_t row) const {
    const auto known = remarks_.find(row);
    return known != remarks_.end() ? known->second : "rejected; the waybill's rejects say why";
}

MarkKeeper::MarkKeeper(MarkKeeping keeping) : keeping_(std::move(keeping)) {}

MarkKeeper::~MarkKeeper() = default;

void MarkKeeper::begin(const Context&, const Schema& schema, const std::vector<std::size_t>& key, Present present) {
    present_ = std::move(present);
    file_ = open_marks(keeping_);
    key_ = key;
    key_hasher_.emplace(schema, key);
    row_hasher_.emplace(schema);
    becomes_ = keeping_.target;
    std::vector<std::string> texts{fmt::format("{}", RowHasher::version), keeping_.rule_text};
    for (const auto& column : schema) {
        texts.push_back(column.name);
        texts.emplace_back(name_of(column.type));
    }
    if (!becomes_.generated_key.empty()) {
        texts.push_back(becomes_.generated_key);  // what was sent before it was asked for was not read back
    }
    becomes_.row_print = hash_of_texts(texts);
    for (const auto place : key) {
        key_schema_.push_back(schema[place]);
    }
    becomes_.key_print = key_print(key_schema_);
    known_ = file_ ? file_->target(becomes_.connection, becomes_.object) : std::nullopt;
    if (known_ && known_->key_print != becomes_.key_print) {
        warnings_.push_back(
            {"key_changed", fmt::format("the key of this mapping is another one since its last run ({} before): every "
                                        "row is compared anew, and no record counts as absent",
                                        fmt::join(known_->key, ", "))});
        known_.reset();
        replaces_ = true;
    } else if (known_ && !known_->generated_key.empty() && known_->generated_key != becomes_.generated_key) {
        warnings_.push_back({"generated_key_changed",
                             fmt::format("the `generated_key` of this mapping is another one since its last run ({} "
                                         "before): every row is compared anew, and no record counts as absent",
                                         known_->generated_key)});
        known_.reset();
        replaces_ = true;
    }
    const bool is_settled = !file_ || !file_->has_stages();
    hashes_compare_ = known_ && known_->row_print == becomes_.row_print && is_settled;
    if (known_ && is_settled && !hashes_compare_ && known_->row_print != Hash128()) {
        warnings_.push_back({"rule_changed",
                             "the rule, fields or columns of this mapping are others since its last run: every row is "
                             "compared anew, and no record counts as absent"});
    }
    if (known_) {
        cursor_.emplace(*file_, *known_);
        if (known_->arrivals && keeping_.read != ReadMode::New) {
            order_.emplace(*file_, *known_);
        }
    }
    log_ = std::make_unique<Log>(keeping_.spool);
    open_.emplace(keeping_.spool);
    events_.emplace(keeping_.spool);
    if (!becomes_.generated_key.empty()) {
        keys_.emplace(keeping_.spool);
    }
    kept_.emplace(schema.size());
}

bool MarkKeeper::is_unchanged(const Hash128& known, const Hash128& row) const {
    return hashes_compare_ && known != compare_anew && known == row;
}

bool MarkKeeper::drops_duplicates() const {
    return keeping_.duplicates == Duplicates::First || keeping_.duplicates == Duplicates::Last;
}

void MarkKeeper::put(Kind kind, const Hash128& key, const Head& head, std::string_view key_text,
                     std::string_view rest) {
    record_.clear();
    append(record_, kind);
    append(record_, head);
    append_text(record_, key_text);
    record_.append(rest);
    open_->add(key, record_);
    if (kind != Kind::Missing) {
        in_doubt_.add(key);
    }
}

void MarkKeeper::hold(const Batch& batch, std::size_t row, const Hash128& key, const Head& head) {
    std::string text;
    for (const auto place : key_) {
        append_key_part(text, batch.column(place)[row].text());
    }
    std::string rest;
    const auto* origin = batch.origins().empty() ? nullptr : &batch.origins()[row];
    append(rest, origin != nullptr ? origin->line : std::uint64_t{0});
    append_text(rest, origin != nullptr ? origin->raw : std::string_view());
    for (std::size_t column = 0; column < batch.width(); ++column) {
        const auto cell = batch.column(column)[row];
        if (cell.is_null()) {
            append(rest, null_cell);
        } else {
            append_text(rest, cell.text());
        }
    }
    put(Kind::Held, key, head, text, rest);
}

const Batch& MarkKeeper::pass(const Context&, const Batch& batch) {
    const auto keys = key_hasher_->hash(batch);
    const auto rows = row_hasher_->hash(batch);
    const bool only_changed = keeping_.read == ReadMode::Changed;
    const bool may_be_dropped = drops_duplicates() && keeping_.target_settles_duplicates;
    chosen_.clear();
    left_out_.clear();
    for (std::size_t row = 0; row < batch.rows(); ++row) {
        const auto place = static_cast<std::uint32_t>(row);
        if (std::ranges::any_of(key_, [&](std::size_t column) { return batch.column(column)[row].is_null(); })) {
            ++unreadable_;
            chosen_.push_back(place);
            continue;
        }
        const Head head{log_->count(), numbers_.number(batch.file(), batch.row_number(row)), rows[row]};
        const auto known = order_ ? order_->match(keys[row]) : std::nullopt;
        const bool is_equal = known && is_unchanged(*known, rows[row]);
        log_->add({keys[row], rows[row], head.number, is_equal ? 1U : 0U});
        if (keys_) {
            keys_->add(head.number, keys[row]);
        }
        if (is_equal) {
            if (only_changed) {
                ++sifted_.unchanged;
                left_out_.push_back(place);
            } else {
                chosen_.push_back(place);
            }
            continue;
        }
        if (only_changed && (!known || may_be_dropped)) {
            hold(batch, row, keys[row], head);
            continue;
        }
        std::string text;
        for (const auto column : key_) {
            append_key_part(text, batch.column(column)[row].text());
        }
        put(Kind::Sent, keys[row], head, text);
        chosen_.push_back(place);
    }
    tell_present(batch);
    if (chosen_.size() == batch.rows()) {
        return batch;
    }
    kept_->clear();
    for (std::size_t column = 0; column < batch.width(); ++column) {
        const auto cells = batch.column(column);
        auto& out = kept_->build(column);
        out.resize(chosen_.size());
        std::ranges::transform(chosen_, out.begin(), [&](std::uint32_t row) { return cells[row]; });
    }
    for (const auto row : chosen_) {
        kept_->origins().push_back(batch.origins().empty() ? RowOrigin{batch.row_number(row), 0, {}}
                                                           : batch.origins()[row]);
    }
    kept_->set_file(batch.file());
    kept_->set_rows(chosen_.size());
    return *kept_;
}

void MarkKeeper::tell_present(const Batch& batch) {
    if (!present_ || left_out_.empty()) {
        return;
    }
    Batch keys(key_.size());
    for (std::size_t part = 0; part < key_.size(); ++part) {
        const auto cells = batch.column(key_[part]);
        keys.build(part).resize(left_out_.size());
        std::ranges::transform(left_out_, keys.build(part).begin(), [&](std::uint32_t row) { return cells[row]; });
    }
    keys.set_rows(left_out_.size());
    present_(keys);
}

void MarkKeeper::rejected_by_mapping(const Reject& reject, const KeyCells& key) {
    const auto known = rejected_key(key, key_schema_);
    if (!known) {
        ++unreadable_;
        return;
    }
    std::string rest;
    append_text(rest, reject.message);
    put(Kind::Rejected, known->hash, {log_->count(), 0, {}}, known->text, rest);
}

void MarkKeeper::rejected_by_target(const Reject& reject) {
    rejected_.add(numbers_.number(reject.file, reject.row), reject.message);
}

void MarkKeeper::release(const Context& context, std::uint64_t unreadable,
                         const std::function<void(const Batch&)>& write, const Rejects& reject) {
    unreadable_ += unreadable;
    is_complete_ = keeping_.reads_everything && unreadable_ == 0 && (!known_ || hashes_compare_);
    note_missing(context);
    note_equal(context);
    held_ = std::make_unique<Held>(kept_->width(), write, key_.size(), present_);
    reject_ = &reject;
    open_->visit(context, [&](const Hash128& key, const HashSorter::Records& records) { settle(key, records); });
    held_->flush();
    held_->flush_keys();
    held_.reset();
    reject_ = nullptr;
    kept_.reset();
}

// What was there last time and was not met yet: it may still be among the rows that are to be settled.
void MarkKeeper::note_missing(const Context& context) {
    if (order_) {
        order_->each_unmatched(context, [&](const Arrival& arrival) {
            put(Kind::Missing, arrival.key, {0, 0, arrival.row}, {});
        });
    } else if (known_ && keeping_.read != ReadMode::New) {
        file_->each(context, *known_, [&](const Mark& mark) {
            if (mark.status != MarkStatus::Absent) {
                put(Kind::Missing, mark.key_hash, {0, 0, mark.row_hash}, {});
            }
            return true;
        });
    }
}

// A row that is what it was last time matters again where another one may have its key.
void MarkKeeper::note_equal(const Context& context) {
    if (open_->records() == 0) {
        return;
    }
    std::uint64_t arrival = 0;
    log_->each(context, [&](const Logged& row) {
        if (row.is_equal != 0 && in_doubt_.may_hold(row.key)) {
            put(Kind::Equal, row.key, {arrival, row.number, row.row}, {});
        }
        ++arrival;
    });
}

void MarkKeeper::note_given(const GivenKey& given) {
    const auto key = keys_ ? keys_->find(numbers_.number(given.file, given.row)) : std::nullopt;
    if (key) {
        record_.clear();
        append(record_, Event::Given);
        record_.append(given.key);
        events_->add(*key, record_);
    }
}

void MarkKeeper::remember(const Hash128& key, const Mark& mark, std::uint64_t row) {
    ++outcomes_;
    record_.clear();
    append(record_, Event::Outcome);
    append(record_, row);
    append(record_, mark.row_hash);
    append(record_, mark.status);
    append_text(record_, mark.key);
    append_text(record_, mark.remark);
    events_->add(key, record_);
}

MarkKeeper::GroupRow MarkKeeper::row_of(std::string_view record) {
    GroupRow row{.kind = take<Kind>(record), .head = take<Head>(record), .key = {}, .rest = {}};
    row.key = take_text(record);
    row.rest = record;
    return row;
}

void MarkKeeper::note(Group& group, const GroupRow& row) {
    if (row.kind == Kind::Missing) {
        group.missing = row.head.row;
        return;
    }
    if (row.kind == Kind::Rejected) {
        auto rest = row.rest;
        group.rejected = {std::string(row.key), std::string(take_text(rest))};
        return;
    }
    ++group.rows;
    const auto arrival = row.head.arrival;
    const bool wins = !group.winner || (keeping_.duplicates == Duplicates::Last ? arrival > group.winner->head.arrival
                                                                                : arrival < group.winner->head.arrival);
    if (wins) {
        group.winner = {row.kind, row.head, std::string(row.key)};
    }
    if (row.kind == Kind::Equal && (!group.equal || arrival < group.equal->arrival)) {
        group.equal = row.head;
    }
}

void MarkKeeper::settle(const Hash128& key, const HashSorter::Records& records) {
    Group group{.key = key};
    records.each([&](std::string_view record) { note(group, row_of(record)); });
    const auto known = cursor_ ? cursor_->find(key) : std::nullopt;
    if (known && known->status == MarkStatus::Failed && (group.rejected || group.rows > 0)) {
        ++sifted_.retried;
    }
    if (group.rows == 1 && group.winner->kind == Kind::Held) {
        if (!group.rejected && known && known->status == MarkStatus::Succeeded &&
            is_unchanged(known->row_hash, group.winner->head.row)) {
            ++sifted_.unchanged;
            held_->leave_out(group.winner->key);
            return;
        }
        put_all_held(records);
    }
    if (group.rows > 1) {
        settle_duplicates(group, records);
    } else if (group.rejected && group.rows > 0) {
        look_up_next_time(key);  // when only the row is left that was not rejected
    }
    if (group.rejected) {
        remember(key, {.status = MarkStatus::Failed, .key = group.rejected->key, .remark = group.rejected->reason}, 0);
        if (group.rows == 0) {
            log_->add({key, compare_anew, 0, 0});
        }
    } else if (group.rows == 0) {
        if (is_complete_) {
            remember(key, {.status = MarkStatus::Absent}, 0);
        } else {
            log_->add({key, *group.missing, 0, 0});
        }
    } else if (group.rows > 1 || group.winner->kind != Kind::Equal) {
        remember_rows(group, records);
    }
}

void MarkKeeper::remember_rows(const Group& group, const HashSorter::Records& records) {
    const auto& winner = *group.winner;
    remember(group.key, {.row_hash = winner.head.row, .key = winner.key}, winner.head.number);
    if (group.rows == 1) {
        return;
    }
    records.each([&](std::string_view record) {
        const auto row = row_of(record);
        if (row.kind != Kind::Missing && row.head.number != winner.head.number) {
            remember(group.key, {.row_hash = row.head.row, .key = row.key}, row.head.number);
        }
    });
}

void MarkKeeper::put_all_held(const HashSorter::Records& records) {
    records.each([&](std::string_view record) {
        if (const auto row = row_of(record); row.kind == Kind::Held) {
            held_->put(row.head, numbers_.file(row.head.number), row.rest);
        }
    });
}

void MarkKeeper::look_up_next_time(const Hash128& key) {
    if (duplicates_.size() < most_duplicates) {
        duplicates_.push_back(key);
    } else {
        knows_duplicates_ = false;
    }
}

// Rows of one key. The target is to see them all, in the order in which they arrived: it knows which of
// them are of use. Only where one was left out as unchanged, before the others came, it is for us.
void MarkKeeper::settle_duplicates(const Group& group, const HashSorter::Records& records) {
    look_up_next_time(group.key);
    const bool was_left_out = keeping_.read == ReadMode::Changed && group.equal;
    if (was_left_out && keeping_.target_settles_duplicates) {
        settle_beside_equal(*group.equal, records);
    } else {
        put_all_held(records);
    }
}

void MarkKeeper::settle_beside_equal(const Head& equal, const HashSorter::Records& records) {
    const auto names = fmt::format("{}", fmt::join(keeping_.target.key, ", "));
    if (keeping_.duplicates == Duplicates::Error) {
        throw Error(ErrorKind::Conflict, fmt::format("several rows of the source have one key ({})", names))
            .advise("Choose a finer `key`, or what becomes of such rows with `duplicates` in `options`.");
    }
    if (keeping_.duplicates == Duplicates::Reject) {
        --sifted_.unchanged;
    }
    bool is_displaced = false;
    records.each([&](std::string_view record) {
        const auto row = row_of(record);
        if (row.kind == Kind::Missing || row.kind == Kind::Rejected) {
            return;
        }
        if (keeping_.duplicates == Duplicates::Reject) {
            (*reject_)({.row = RowNumbers::row_in_file(row.head.number),
                        .reason = "duplicate_key",
                        .message = fmt::format("the key ({}) stands in several rows", names),
                        .file = numbers_.file(row.head.number)});
            return;
        }
        // The target has the equal one already: whatever does not come before it, by the rule, is of no account.
        const bool displaces = keeping_.duplicates == Duplicates::Last ? row.head.arrival > equal.arrival
                                                                       : row.head.arrival < equal.arrival;
        if (displaces) {
            held_->put(row.head, numbers_.file(row.head.number), row.rest);
            is_displaced = true;
        } else if (row.head.arrival != equal.arrival) {
            ++sifted_.skipped;
        }
    });
    if (is_displaced) {
        // Also where the target refuses those that displace it, and it stays.
        --sifted_.unchanged;
        ++sifted_.skipped;
    }
}

// The first row is the one that counts; but it is a failure when any is rejected.
void MarkKeeper::take_said(const Hash128& key, const HashSorter::Records& records, Said& said) const {
    auto& mark = said.mark;
    records.each([&](std::string_view record) {
        if (take<Event>(record) == Event::Given) {
            said.key_there = record;
            return;
        }
        if (!mark) {
            said.first = record;
            record = said.first;
        }
        const auto row = take<std::uint64_t>(record);
        Mark one{.key_hash = key, .row_hash = take<Hash128>(record)};
        one.status = take<MarkStatus>(record);
        one.key = take_text(record);
        one.remark = take_text(record);
        if (!mark) {
            mark = one;
        }
        if (mark->status == MarkStatus::Succeeded && one.status == MarkStatus::Succeeded && rejected_.contains(row)) {
            said.remark = rejected_.remark(row);
            mark->status = MarkStatus::Failed;
        }
    });
}

void MarkKeeper::stage(const Context& context, const RowCounts& rows) {
    if (!file_) {
        return;  // there was nothing to read
    }
    const bool are_in_doubt = keeping_.target_may_skip && rows.skipped > sifted_.skipped;
    if (keeping_.read == ReadMode::All && !rejected_.empty()) {
        log_->each(context, [&](const Logged& row) {
            if (row.is_equal != 0 && rejected_.contains(row.number)) {
                remember(row.key, {.row_hash = row.row}, row.number);
            }
        });
    }
    const bool is_the_same = order_ && order_->is_in_order() && order_->unmatched() == 0 && outcomes_ == 0;
    file_->discard_all();  // of a run of which nobody knows yet whether it arrived; all was compared anew
    MarkStage stage(*file_, {.execution = keeping_.execution,
                             .moment = keeping_.started,
                             .target = becomes_,
                             .is_complete = is_complete_ || (keeping_.reads_everything && unreadable_ == 0),
                             .replaces = replaces_,
                             .arrivals = keeping_.read == ReadMode::New ? ArrivalList::Dropped
                                         : is_the_same                  ? ArrivalList::Kept
                                                                        : ArrivalList::Replaced});
    std::optional<MarkCursor> known;
    if (known_) {
        known.emplace(*file_, *known_);
    }
    events_->visit(context, [&](const Hash128& key, const HashSorter::Records& records) {
        Said said;
        take_said(key, records, said);
        auto& mark = said.mark;
        if (!mark) {
            // The row is what it was; only the key there need be told, where it is another one.
            mark = known ? known->find(key) : std::nullopt;
            if (!mark || mark->key_there == said.key_there) {
                return;
            }
        } else if (mark->status == MarkStatus::Succeeded && are_in_doubt) {
            mark->status = MarkStatus::Skipped;
        }
        if (mark->status != MarkStatus::Succeeded) {
            mark->row_hash = compare_anew;
        }
        if (!said.remark.empty()) {
            mark->remark = said.remark;
        }
        mark->key_there = said.key_there;
        stage.add(*mark);
    });
    if (!is_the_same && keeping_.read != ReadMode::New) {
        log_->each(context, [&](const Logged& row) {
            const bool is_open = (row.is_equal == 0 && are_in_doubt) || !knows_duplicates_ ||
                                 rejected_.contains(row.number) || std::ranges::binary_search(duplicates_, row.key);
            stage.add(Arrival{row.key, is_open ? compare_anew : row.row});
        });
    }
    stage.finish();
}

}  // namespace rowhaul
