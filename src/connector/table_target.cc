// SPDX-License-Identifier: Apache-2.0
#include "connector/table_target.h"

#include "connector/decimal_fit.h"
#include "connector/row_numbers.h"
#include "connector/undecided_keys.h"
#include "database/table_name.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>

namespace rowhaul {

namespace {

constexpr std::string_view number_column = "rowhaul_row";

constexpr int most_attempts = 5;

Error swallowed(std::uint64_t rows, const std::string& table) {
    Error error(ErrorKind::Conflict,
                fmt::format("{} rows did not arrive in {}, although none of them was refused", rows, table));
    error.advise("Look for a trigger or rule on the table that swallows rows.");
    return error;
}

std::uint64_t number(const std::optional<std::string>& text) {
    return text ? std::stoull(*text) : 0;
}

}  // namespace

// Whether the values of a column grow from row to row: then none comes twice. Whole numbers only, of
// which everybody says alike which is the larger.
class RisingNumbers {
public:
    bool rise() const { return rise_; }
    void note(std::span<const Cell> cells) {
        for (const Cell& cell : cells) {
            std::int64_t value = 0;
            const auto text = cell.text();
            const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
            rise_ = rise_ && failure == std::errc() && end == text.data() + text.size() && value > last_;
            last_ = value;
        }
    }

private:
    bool rise_ = true;
    std::int64_t last_ = std::numeric_limits<std::int64_t>::min();
};

// Counts what comes; staged rows get their number beside them, by which is told later what the database
// refused.
class TableTarget::Intake final : public RowWriter {
public:
    Intake(const Context& context, TableTarget& target, const std::string& into, const Schema& columns)
        : target_(target),
          undecided_(places_of_key(target)),
          unfit_(places_of_key(target)),
          fit_(*target.table_, target.schema_),
          staged_(1 + target.schema_.size()),
          loader_(target.writer_->load(context, into, columns, [this, &context](Reject reject) {
              take_reject(context, undecided_, std::move(reject));
          })) {}

    void write(const Context& context, const Batch& batch) override {
        target_.taken_ += batch.rows();
        numbers_.enter(batch);
        unfit_.keep_last(0);
        const auto& fitting = fit_.fitting(batch, [&](Reject reject) {
            if (target_.absent_ && unfit_.empty()) {
                unfit_.note(batch, numbers_);
            }
            reject.row = numbers_.of(reject.row);
            take_reject(context, unfit_, std::move(reject));
        });
        if (target_.absent_) {
            undecided_.keep_last(loader_->undecided());
            undecided_.note(fitting, numbers_);
        }
        loader_->write(context, target_.is_staged() ? with_numbers(fitting) : fitting);
    }
    void finish(const Context& context) override {
        loader_->finish(context);
        if (target_.absent_) {
            target_.absent_->finish_noting(context, *target_.writer_);
        }
    }

private:
    const Batch& with_numbers(const Batch& batch) {
        staged_.clear();
        for (std::size_t row = 0; row < batch.rows(); ++row) {
            staged_.build(0).push_back(text(numbers_.of(batch.row_number(row))));
        }
        for (std::size_t column = 0; column < batch.width(); ++column) {
            const auto cells = batch.column(column);
            staged_.build(1 + column).assign(cells.begin(), cells.end());
        }
        note_order(batch);
        // What the loader refuses comes back with these numbers.
        staged_.origins() = batch.origins();
        for (auto& origin : staged_.origins()) {
            origin.row = numbers_.of(origin.row);
        }
        staged_.set_file(batch.file());
        staged_.set_first_row(batch.first_row());
        staged_.set_rows(batch.rows());
        target_.origins_.note(staged_);
        return staged_;
    }
    static std::vector<std::size_t> places_of_key(const TableTarget& target) {
        std::vector<std::size_t> places;
        for (const auto& name : target.request_.records.key) {
            const auto column = std::ranges::find(target.schema_, name, &Column::name);
            places.push_back(static_cast<std::size_t>(column - target.schema_.begin()));
        }
        return places;
    }
    void take_reject(const Context& context, UndecidedKeys& keys, Reject reject) {
        if (target_.absent_) {
            const auto& key = keys.find(reject.row);
            target_.absent_->note_unreadable(key.rows() == 0 ? 1 : 0);
            target_.absent_->note_present(context, *target_.writer_, key);
        }
        reject.row = RowNumbers::row_in_file(reject.row);
        target_.rejects_(std::move(reject));
    }
    void note_order(const Batch& batch) {
        const auto& key = target_.request_.records.key;
        if (key.size() != 1) {
            return;
        }
        const auto column = std::ranges::find(target_.schema_, key.front(), &Column::name);
        if (column->type == Type::Integer) {
            order_.note(batch.column(static_cast<std::size_t>(column - target_.schema_.begin())));
            target_.keys_rise_ = order_.rise();
        }
    }
    Cell text(std::uint64_t value) {
        const fmt::format_int digits(value);
        return {staged_.arena().copy({digits.data(), digits.size()})};
    }

    TableTarget& target_;
    RowNumbers numbers_;
    UndecidedKeys undecided_;
    UndecidedKeys unfit_;  // of the rows of a batch of which some do not fit
    DecimalFit fit_;
    RisingNumbers order_;
    Batch staged_;
    std::unique_ptr<RowLoader> loader_;
};

TableTarget::TableTarget(const Database& database, TableTargetOptions options, TargetRequest request)
    : database_(database),
      writer_(database.writer()),
      options_(std::move(options)),
      name_(options_.table),
      request_(std::move(request)),
      commit_(request_.mapping, request_.execution, request_.created),
      origins_({.folder = request_.spool_folder, .owner = request_.execution}) {}

TableTarget::~TableTarget() = default;

void TableTarget::prepare(const Context& context, const Schema& schema) {
    if (!table_) {
        wanted(context);
    }
    schema_ = schema;
    options_.check(writer_->dialect());
    options_.prepare_session(context, *writer_);
    if (!is_new_) {
        check_key_columns();
    }
    plan_columns();
    const auto& rules = request_.records;
    if (has_key()) {
        check_key(context);
    }
    if (rules.absent != Absent::Keep) {
        absent_ =
            std::make_unique<AbsentRecords>(*table_, schema_, rules, writer_->dialect(),
                                            AbsentRecords::Now{.moment = request_.created, .zone = request_.zone});
    }
    check_columns();
    make_keeper();
    make_given();
    if (request_.mode == RunMode::Run) {
        prepare_commits(context);
    }
    if (is_changed() && !is_made_along()) {
        make_table(context);
    }
    if (is_staged() && !is_made_along()) {
        make_stage(context);
        writer_->begin(context, Reach::Session);
        return;
    }
    writer_->begin(context, Reach::Tables);
    if (is_made_along()) {
        make_table(context);
    }
    if (is_staged()) {
        make_stage(context);
    } else {
        open_table(context);
    }
}

void TableTarget::make_stage(const Context& context) {
    const TableStatements statements(writer_->dialect(), *table_, schema_, request_.records.key);
    writer_->execute(
        context, statements.make_stage(absent_ ? TableStatements::Finding::ByKey : TableStatements::Finding::InOrder));
    if (absent_) {
        absent_->prepare(context, *writer_);
    }
    if (keeper_) {
        keeper_->prepare(context, *writer_);
    }
    if (given_) {
        given_->prepare(context, *writer_);
    }
}

void TableTarget::make_given() {
    if (options_.generated_key.empty()) {
        return;
    }
    if (is_new_) {
        throw Error(ErrorKind::Invalid,
                    fmt::format("the table {} is missing, and `create` makes none with a `generated_key`", name_))
            .advise(fmt::format("Create it, with a column \"{}\" that the database fills.", options_.generated_key));
    }
    given_ = std::make_unique<GivenKeys>(writer_->dialect(), *table_, request_.records.key, options_.generated_key);
    given_->check(schema_);
}

void TableTarget::read_back(const Context& context) const {
    if (given_ && request_.given) {
        given_->each(context, *writer_, [&](std::uint64_t row, const std::string& key) {
            request_.given({.file = origins_.file(row), .row = RowNumbers::row_in_file(row), .key = key});
        });
    }
}

void TableTarget::make_keeper() {
    const auto& rules = request_.records;
    if (!rules.undo || !has_key()) {
        return;
    }
    auto written = names_of(schema_);
    if (mark()) {
        written.push_back(mark()->column);
    }
    std::erase_if(written,
                  [&](const std::string& name) { return std::ranges::find(rules.key, name) != rules.key.end(); });
    keeper_ = std::make_unique<ChangeKeeper>(writer_->dialect(), *table_, rules.key, std::move(written),
                                             UndoFile::path(request_.undo_folder, request_.execution),
                                             rules.undo->size.count);
}

std::optional<TableStatements::Change> TableTarget::update_change() const {
    const auto& rules = request_.records;
    if (rules.existing == Existing::Update && schema_.size() > rules.key.size()) {
        return TableStatements::Change::Fields;
    }
    return mark() ? std::optional(TableStatements::Change::ExtraOnly) : std::nullopt;
}

void TableTarget::keep_former(const Context& context) {
    const TableStatements statements(writer_->dialect(), *table_, schema_, request_.records.key);
    keeper_->begin();
    if (const auto change = update_change()) {
        keeper_->note(context, *writer_, "t", statements.pending_updates(*change, mark()));
    }
    if (request_.records.missing == Missing::Insert) {
        keeper_->note(context, *writer_, "s", "rowhaul_stage s where not " + statements.is_known());
    }
}

void TableTarget::open_table(const Context& context) {
    if (writes_commit()) {
        commit_.claim(context, *writer_, *table_);
    }
    options_.lock_table(context, *writer_, *table_);
    options_.run_before(context, *writer_);
}

const std::optional<TableStatements::Extra>& TableTarget::mark() const {
    static const std::optional<TableStatements::Extra> none;
    return absent_ ? absent_->mark() : none;
}

void TableTarget::prepare_commits(const Context& context) {
    std::string obstacle;
    has_commits_ = CommitRecord::open(context, *writer_, *table_, obstacle);
    if (has_commits_) {
        return;
    }
    const auto column = quote_identifier(schema_.front().name, writer_->dialect().quote);
    // Who may not write at all is told so, and not sent for the wrong right.
    writer_->query(context,
                   fmt::format("explain insert into {0} ({1}) select {1} from {0} where 1 = 0", table_->sql, column));
    writer_->begin(context, Reach::Tables);
    writer_->rollback(context);
    if (is_staged() || request_.records.at_least_once) {
        return;
    }
    throw Error(ErrorKind::Denied, fmt::format("the table {} may not be created: {}", table_->commits, obstacle))
        .advise(fmt::format("Create it once, for this user to read and write: create table {} {}; or give a `key`; or "
                            "set `at_least_once: true`, and rows may come twice after a failure.",
                            table_->commits, writer_->dialect().commits_columns));
}

std::unique_ptr<RowWriter> TableTarget::writer(const Context& context, Rejects rejects) {
    rejects_ = [this, tell = std::move(rejects)](Reject reject) {
        ++rejected_;
        tell(std::move(reject));
    };
    auto columns = schema_;
    std::string into = table_->sql;
    if (is_staged()) {
        into = "rowhaul_stage";
        columns.insert(columns.begin(), {.name = std::string(number_column), .type = Type::Integer});
    }
    return std::make_unique<Intake>(context, *this, into, columns);
}

LeftOut TableTarget::bystanders() const {
    const auto& rules = request_.records;
    if (rules.absent != Absent::Keep && rules.filtered == Filtered::Keep) {
        return LeftOut::RejectedAndFiltered;
    }
    return rules.absent != Absent::Keep || rules.replaces_all ? LeftOut::Rejected : LeftOut::None;
}

void TableTarget::note_present(const Context& context, const Batch& keys) {
    lost_ += keys.rows();
    if (absent_) {
        absent_->note_present(context, *writer_, keys);
    }
}

void TableTarget::note_unreadable(std::uint64_t rows) {
    lost_ += rows;
    if (absent_) {
        absent_->note_unreadable(rows);
    }
}

std::uint64_t TableTarget::count(const Context& context, const std::string& sql) const {
    return number(writer_->query(context, sql).at(0).at(0));
}

Delivery TableTarget::complete(const Context& context) {
    Delivery delivery;
    note_changes(delivery);
    if (!is_staged()) {
        delivery.created = taken_ - rejected_;
        finish(context, delivery);
        return delivery;
    }
    if (has_key()) {
        settle_duplicates(context, delivery);
    }
    if (is_made_along()) {
        open_table(context);
        apply_all(context, delivery);
        finish(context, delivery);
        read_back(context);
        return delivery;
    }
    writer_->commit(context);
    for (int attempt = 1;; ++attempt) {
        const auto rejected = rejected_;
        auto applied = delivery;
        try {
            writer_->begin(context, Reach::Tables);
            open_table(context);
            apply_all(context, applied);
            finish(context, applied);
            read_back(context);
            return applied;
        } catch (const Collision&) {
            // Rejects that were told cannot be taken back.
            if (attempt == most_attempts || rejected_ != rejected) {
                throw;
            }
        } catch (const Error& error) {
            // A statement that was right when it was planned: tell rather what has happened to the table.
            if (error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::Invalid) {
                writer_->rollback(context);
                check_unaltered(context);
            }
            throw;
        }
        writer_->rollback(context);
    }
}

void TableTarget::finish(const Context& context, Delivery& delivery) {
    check_unaltered(context);
    options_.run_after(context, *writer_);
    if (keeper_) {
        keeper_->finish(context, *writer_, delivery);
    }
    if (writes_commit()) {
        commit_.write(context, *writer_, *table_);
    }
}

void TableTarget::apply_all(const Context& context, Delivery& delivery) {
    if (!has_key()) {
        replace_all(context, delivery);
        return;
    }
    if (keeper_) {
        keep_former(context);
    }
    apply_staged(context, delivery);
    if (absent_) {
        absent_->take_away(context, *writer_,
                           taken_ == 0 ? AbsentRecords::Delivered::Nothing : AbsentRecords::Delivered::Rows,
                           keeper_.get(), delivery);
    }
}

void TableTarget::settle_duplicates(const Context& context, Delivery& delivery) {
    if (keys_rise_) {
        return;
    }
    const TableStatements statements(writer_->dialect(), *table_, schema_, request_.records.key);
    writer_->execute(context, statements.make_duplicates());
    const auto keys = count(context, "select count(*) from rowhaul_duplicates");
    if (keys == 0) {
        return;
    }
    const auto drop = [&](std::string_view other_than) {
        delivery.skipped +=
            writer_->execute(context, "delete from rowhaul_stage where " + statements.is_duplicate(other_than));
    };
    switch (request_.records.duplicates) {
        case Duplicates::Reject:
            reject_staged(context, statements.is_duplicate(""), "duplicate_key",
                          fmt::format("the key ({}) stands in several rows", fmt::join(request_.records.key, ", ")));
            return;
        case Duplicates::First:
            return drop("first");
        case Duplicates::Last:
            return drop("last");
        case Duplicates::Error:
            throw Error(ErrorKind::Conflict, fmt::format("{} keys ({}) stand in several rows of the source", keys,
                                                         fmt::join(request_.records.key, ", ")))
                .advise("Choose a finer `key`, or what becomes of such rows with `duplicates` in `options`.");
    }
}

void TableTarget::apply_staged(const Context& context, Delivery& delivery) {
    const auto& rules = request_.records;
    const TableStatements statements(writer_->dialect(), *table_, schema_, rules.key);
    const auto known = [&] {
        return count(context, "select count(*) from rowhaul_stage s where " + statements.is_known());
    };
    if (rules.existing == Existing::Error) {
        if (const auto rows = known(); rows != 0) {
            throw Error(ErrorKind::Conflict,
                        fmt::format("{} rows have a key that the table {} has already", rows, name_))
                .advise("Choose what becomes of such rows with `existing` in `options`.");
        }
    }
    const auto out_of_stage = delivery.skipped;  // duplicates
    const auto staged = [&] { return taken_ - rejected_ - out_of_stage; };
    if (upsert_staged(context, statements, staged(), delivery)) {
        return;
    }
    update_staged(context, statements, delivery);
    std::uint64_t found = 0;
    if (rules.missing == Missing::Insert) {
        delivery.created = apply(context, statements.insert(mark()));
        found = staged() - delivery.created;
        if (const auto lost = table_->has_triggers ? staged() - known() : 0; lost != 0) {
            throw swallowed(lost, name_);
        }
    } else {
        found = known();
        delivery.skipped += staged() - found;
    }
    if (rules.existing == Existing::Update) {
        delivery.unchanged = found - delivery.updated;
    } else {
        delivery.skipped += found - delivery.updated;
    }
}

bool TableTarget::upsert_staged(const Context& context, const TableStatements& statements, std::uint64_t staged,
                                Delivery& delivery) {
    const auto& rules = request_.records;
    const auto upsert = statements.upsert();
    if (!upsert || mark() || rules.missing != Missing::Insert || rules.existing != Existing::Update || staged == 0) {
        return false;
    }
    // What was created is seen from how the table grew, unless that takes longer than looking for each row.
    const auto most = 8 * staged;
    const auto size = [&] {
        return count(context, fmt::format("select count(*) from (select 1 from {} limit {})", table_->sql, most));
    };
    const auto before = size();
    const auto known =
        before < most - staged
            ? std::nullopt
            : std::optional(count(context, "select count(*) from rowhaul_stage s where " + statements.is_known()));
    writer_->execute(context, "savepoint rowhaul_apply");
    try {
        const auto changed = writer_->execute(context, upsert->whole());
        writer_->execute(context, "release savepoint rowhaul_apply");
        delivery.created = known ? staged - *known : size() - before;
        delivery.updated = changed - delivery.created;
        delivery.unchanged = staged - changed;
        return true;
    } catch (const Refusal&) {
        undo_apply(context);
        return false;
    }
}

void TableTarget::update_staged(const Context& context, const TableStatements& statements, Delivery& delivery) {
    const auto change = update_change();
    if (!change) {
        return;
    }
    const auto rejected = rejected_;
    const auto wanted = table_->has_triggers
                            ? count(context, "select count(*) from " + statements.pending_updates(*change, mark()))
                            : 0;
    delivery.updated = apply(context, statements.update(*change, mark()));
    if (wanted > delivery.updated + rejected_ - rejected) {
        throw swallowed(wanted - delivery.updated - (rejected_ - rejected), name_);
    }
}

void TableTarget::expect_no_rejects() const {
    if (const auto rows = lost_ + rejected_; rows != 0) {
        throw Error(ErrorKind::Guarded,
                    fmt::format("{} rows or files of the source were rejected, and nobody knows which rows of {} they "
                                "are: nothing was replaced",
                                rows, name_))
            .advise("Correct them (`rowhaul waybill --rejects` has them), or give a `key`: then their records stay.");
    }
}

void TableTarget::replace_all(const Context& context, Delivery& delivery) {
    const auto& rules = request_.records;
    expect_no_rejects();
    if (!rules.absent_stays.empty()) {
        throw Error(ErrorKind::Guarded, fmt::format("{} is not replaced: {}", name_, rules.absent_stays));
    }
    const auto before = count(context, fmt::format("select count(*) from {}", table_->sql));
    if (taken_ == 0 && before != 0 && rules.empty_source == EmptySource::Refuse) {
        throw Error(
            ErrorKind::Guarded,
            fmt::format("the source is empty, so that all {} rows of {} would go: nothing was replaced", before, name_))
            .advise("Look at source and rule. If it may be empty, set `empty_source: accept` in `options`.");
    }
    if (before > taken_) {
        check_delete_limit(rules.max_delete, before - taken_, before, name_, "");
    }
    try {
        writer_->execute(context, fmt::format("delete from {}", table_->sql));
    } catch (const Refusal& refusal) {
        throw Error(ErrorKind::Conflict, fmt::format("{} cannot be replaced: {}", name_, refusal.what()))
            .advise("Give a `key`: then only records that are absent are deleted.");
    }
    delivery.deleted = before;
    const TableStatements statements(writer_->dialect(), *table_, schema_, rules.key);
    delivery.created = apply(context, statements.insert_all());
    expect_no_rejects();
    if (const auto after = count(context, fmt::format("select count(*) from {}", table_->sql)); after != taken_) {
        throw swallowed(taken_ > after ? taken_ - after : after - taken_, name_);
    }
}

std::uint64_t TableTarget::apply(const Context& context, const StageStatement& statement) {
    writer_->execute(context, "savepoint rowhaul_apply");
    try {
        const auto changed = writer_->execute(context, statement.whole());
        writer_->execute(context, "release savepoint rowhaul_apply");
        return changed;
    } catch (const Refusal&) {
        undo_apply(context);
    }
    const auto ends = writer_->query(context, "select min(rowhaul_row), max(rowhaul_row) from rowhaul_stage");
    if (const auto index = writer_->dialect().stage_index; !index.empty()) {
        writer_->execute(context, std::string(index));
    }
    return apply_range(context, statement, number(ends[0][0]), number(ends[0][1]));
}

void TableTarget::undo_apply(const Context& context) {
    writer_->execute(context, "rollback to savepoint rowhaul_apply");
    writer_->execute(context, "release savepoint rowhaul_apply");
}

// Halves the range until the rows that are to blame stand alone.
std::uint64_t TableTarget::apply_range(const Context& context, const StageStatement& statement, std::uint64_t first,
                                       std::uint64_t last) {
    const auto range = fmt::format("s.rowhaul_row between {} and {}", first, last);
    writer_->execute(context, "savepoint rowhaul_apply");
    try {
        const auto changed = writer_->execute(context, statement.where(range));
        writer_->execute(context, "release savepoint rowhaul_apply");
        return changed;
    } catch (const Refusal& refusal) {
        undo_apply(context);
        if (first == last) {
            reject_staged(context, fmt::format("rowhaul_row = {}", first), refusal.reason(), refusal.what());
            return 0;
        }
    }
    const auto middle = first + (last - first) / 2;
    return apply_range(context, statement, first, middle) + apply_range(context, statement, middle + 1, last);
}

void TableTarget::reject_staged(const Context& context, const std::string& condition, const std::string& reason,
                                const std::string& message) {
    constexpr std::size_t at_once = 1000;
    std::string key;
    for (const auto& name : request_.records.key) {
        key += ", " + quote_identifier(name, writer_->dialect().quote);
    }
    std::uint64_t after = 0;
    while (true) {
        const auto rows = writer_->query(
            context, fmt::format("select {}{} from rowhaul_stage where {} and rowhaul_row > {} order by rowhaul_row "
                                 "limit {}",
                                 number_column, key, condition, after, at_once));
        for (const auto& row : rows) {
            Reject reject{.row = number(row[0]), .reason = reason, .field = {}, .value = {}, .message = message};
            origins_.tell(reject);
            reject.row = RowNumbers::row_in_file(reject.row);
            for (std::size_t i = 1; i < row.size(); ++i) {
                reject.key += (reject.key.empty() ? "" : ", ") + row[i].value_or("");
            }
            rejects_(std::move(reject));
        }
        if (rows.size() < at_once) {
            break;
        }
        after = number(rows.back()[0]);
    }
    if (absent_) {
        const TableStatements statements(writer_->dialect(), *table_, schema_, request_.records.key);
        writer_->execute(context, statements.copy_keys("rowhaul_present", condition));
    }
    writer_->execute(context, "delete from rowhaul_stage where " + condition);
}

std::vector<FileRecord> TableTarget::publish(const Context& context) {
    if (request_.mode != RunMode::Run) {
        return {};
    }
    try {
        if (keeper_) {
            keeper_->keep();
        }
        writer_->commit(context);
    } catch (const Error& error) {
        writer_.reset();
        if (!has_commits_) {
            throw OutcomeUnknown(error,
                                 fmt::format("whether the rows are in {} is not known: {}", name_, error.what()));
        }
        if (!commit_.did_commit(context, database_, name_, error)) {
            throw;
        }
    }
    return {};
}

}  // namespace rowhaul
