// SPDX-License-Identifier: Apache-2.0
#include "execution/mapping_run.h"

#include "base/identifier.h"
#include "execution/cursor_subject.h"
#include "execution/failure_keeper.h"
#include "execution/mark_keeper.h"

#include <algorithm>
#include <exception>
#include <fmt/format.h>

namespace rowhaul {

// Keeps every reject in the store, some at a time.
class MappingRun::RejectKeeper {
public:
    RejectKeeper(Store& store, std::mutex& access, std::string execution)
        : store_(store), access_(access), execution_(std::move(execution)) {}
    void keep(Reject reject) {
        held_bytes_ += reject.raw.size();
        held_.push_back(std::move(reject));
        if (held_.size() >= 500 || held_bytes_ >= most_held_bytes) {
            flush();
        }
    }
    void flush() {
        if (!held_.empty()) {
            const std::lock_guard lock(access_);
            store_.add_rejects(execution_, kept_, held_);
            kept_ += held_.size();
            held_.clear();
            held_bytes_ = 0;
        }
    }
    // The rows come once more.
    void restart() {
        held_.clear();
        held_bytes_ = 0;
        kept_ = 0;
        store_.drop_rejects(execution_);
    }

private:
    static constexpr std::size_t most_held_bytes = std::size_t{1} << 20;

    Store& store_;
    std::mutex& access_;
    std::string execution_;
    std::vector<Reject> held_;
    std::size_t held_bytes_ = 0;
    std::uint64_t kept_ = 0;
};

class MappingRun::Taken final : public TakenFiles {
public:
    Taken(Store& store, std::mutex& access, std::string mapping)
        : store_(store), access_(access), mapping_(std::move(mapping)) {}
    std::string taken_by(const std::string& sha256) const override {
        const std::lock_guard lock(access_);
        return store_.taken_by(mapping_, sha256);
    }
    std::optional<SourceFile> latest(const std::string& name) const override {
        const std::lock_guard lock(access_);
        const auto stored = store_.latest_source_file(mapping_, name);
        if (!stored) {
            return {};
        }
        SourceFile file{.name = stored->name, .bytes = stored->bytes, .sha256 = stored->sha256};
        if (stored->modified) {
            file.modified = std::chrono::sys_seconds(std::chrono::seconds(*stored->modified));
        }
        file.seen = std::chrono::sys_seconds(std::chrono::seconds(stored->seen));
        return file;
    }

private:
    Store& store_;
    std::mutex& access_;
    std::string mapping_;
};

Connection* ConnectionPool::find(Connections& connections, const std::string& name) {
    auto& connection = connections[name];
    if (!connection) {
        connection = project_.connect(name);
    }
    return connection.get();
}

std::unique_ptr<LifeSign> life_sign(RunMode mode, const std::filesystem::path& home, const std::string& execution) {
    return mode == RunMode::Test ? std::make_unique<LifeSign>(home, execution) : nullptr;
}

MappingRun::MappingRun(RunSetting setting, const MappingDefinition& mapping, ConnectionPool& connections)
    : setting_(std::move(setting)),
      mapping_(mapping),
      connections_(connections),
      sequence_(setting_.store.last_sequence(mapping.name) + 1) {
    waybill_.execution = new_identifier();
    waybill_.task = setting_.task;
    waybill_.mapping = mapping.name;
    waybill_.kind = setting_.request.mode == RunMode::Run ? "run" : "test";
    waybill_.cause = setting_.request.cause;
    waybill_.started = std::chrono::system_clock::now();
    waybill_.source_connection = mapping.source_connection;
    waybill_.target_connection = mapping.target_connection;
    label_ = mapping.name;
    if (const auto& chunked = setting_.chunked) {
        label_ += fmt::format("  chunk {}{}", chunked->chunk.number + 1,
                              chunked->of != 0 ? fmt::format(" of {}", chunked->of) : "");
    }
    alive_ = life_sign(setting_.request.mode, setting_.home, waybill_.execution);
    setting_.store.begin(record());
    rejects_ = std::make_unique<RejectKeeper>(setting_.store, store_access_, waybill_.execution);
    taken_ = std::make_unique<Taken>(setting_.store, store_access_, mapping.name);
}

MappingRun::~MappingRun() = default;

void MappingRun::prepare_source() {
    Problems problems;
    source_ = connections_.source(mapping_.source_connection)
                  .source(mapping_.source, fmt::format("{}.source", mapping_.path),
                          {.mapping = mapping_.name,
                           .execution = waybill_.execution,
                           .input = setting_.request.input,
                           .again = setting_.request.again,
                           .taken = taken_.get(),
                           .spool = {.folder = spool_folder(setting_.home), .owner = waybill_.execution}},
                          problems);
    problems.throw_if_any();
    waybill_.source_object = source_->object();
    if (mapping_.read == ReadMode::New) {
        follow_cursor();
    }
}

void MappingRun::follow_cursor() {
    CursorReading reading{.column = mapping_.cursor,
                          .overlap = mapping_.overlap,
                          .since = setting_.request.since,
                          .until = setting_.request.until,
                          .chunk = setting_.chunked ? std::optional(setting_.chunked->chunk) : std::nullopt,
                          .zone = setting_.zone,
                          .has_key = !mapping_.records.key.empty(),
                          .spool = {.folder = spool_folder(setting_.home), .owner = waybill_.execution}};
    CursorMemory before;
    if (auto stored = setting_.store.cursor(mapping_.name)) {
        if (const auto changed = change_of_subject(stored->subject, cursor_subject(mapping_)); changed.empty()) {
            before = {std::move(stored->kind), std::move(stored->value), std::move(stored->low)};
        } else {
            reading.notes.push_back({"cursor_reset", fmt::format("how far was read does not count any more, because {} "
                                                                 "changed: everything is read",
                                                                 changed)});
        }
    }
    waybill_.cursor_before = before.value;
    waybill_.cursor_after = before.value;
    auto source = std::make_unique<CursorSource>(std::move(source_), std::move(reading), std::move(before),
                                                 [this](const PutRemembered& put) {
                                                     const std::lock_guard lock(store_access_);
                                                     setting_.store.each_cursor_rows(mapping_.name, put);
                                                 });
    cursor_ = source.get();
    source_ = std::move(source);
}

// How far was read, for the waybill.
void MappingRun::note_cursor() {
    if (cursor_ == nullptr) {
        return;
    }
    waybill_.cursor_after = cursor_->memory().value;
    if (const auto& chunk = cursor_->chunk()) {
        waybill_.chunk = {.number = chunk->number + 1,
                          .of = chunk->of,
                          .from = cursor_->text(chunk->from),
                          .to = cursor_->text(chunk->to)};
    }
}

void MappingRun::stage_progress(const Context& context) {
    if (setting_.chunked) {
        setting_.store.stage_backfill(
            waybill_.execution, mapping_.name,
            {.command = setting_.chunked->command, .done = waybill_.chunk.number, .of = waybill_.chunk.of});
    }
    if (cursor_ == nullptr || !cursor_->has_read_any()) {
        return;
    }
    auto memory = cursor_->memory();
    setting_.store.stage_cursor(waybill_.execution, mapping_.name,
                                {.subject = cursor_subject(mapping_),
                                 .kind = std::move(memory.kind),
                                 .value = std::move(memory.value),
                                 .low = std::move(memory.low)});
    cursor_->each_remembered(context, [&, place = std::int64_t{0}](std::string_view lines) mutable {
        setting_.store.stage_cursor_rows(waybill_.execution, mapping_.name, place++, lines);
    });
}

void MappingRun::prepare_target() {
    Problems problems;
    auto records = mapping_.records;
    if (setting_.request.max_delete) {
        records.max_delete = {.percent = 0, .rows = *setting_.request.max_delete};
    } else if (!setting_.request.input.empty()) {
        records.absent_stays =
            "a file that is read in place of the source need not hold every record (--max-delete says that it does)";
    }
    target_ = connections_.target(mapping_.target_connection)
                  .target(mapping_.target, fmt::format("{}.target", mapping_.path),
                          {.mode = setting_.request.mode,
                           .mapping = mapping_.name,
                           .execution = waybill_.execution,
                           .sequence = sequence_,
                           .created = setting_.created,
                           .zone = setting_.zone,
                           .spool_folder = spool_folder(setting_.home),
                           .undo_folder = undo_folder(setting_.home),
                           .records = std::move(records),
                           .given = [this](const GivenKey& given) { marks_->note_given(given); }},
                          problems);
    problems.throw_if_any();
    waybill_.target_object = target_->object();
    if (setting_.request.mode == RunMode::Run) {
        setting_.store.put_file(waybill_.execution, 0, {.name = waybill_.target_object});
    }
    if (!mapping_.records.key.empty()) {
        if (mapping_.marks == MarkedRecords::All) {
            marks_ = std::make_unique<MarkKeeper>(mark_keeping());
        } else {
            marks_ = std::make_unique<FailureKeeper>(mark_keeping());
        }
    }
    haul_ = std::make_unique<Haul>(
        *source_, rules_, *target_,
        [this](Reject reject) {
            if (cursor_ != nullptr) {
                cursor_->forget(reject.row);
            }
            rejects_->keep(std::move(reject));
        },
        mapping_.reject_limit, marks_.get());
}

MarkKeeping MappingRun::mark_keeping() const {
    const auto& target = mapping_.target;
    const auto* object = target.find("table") != nullptr ? target.find("table") : target.find("file");
    const auto* fields = mapping_.section.find("fields");
    MarkKeeping keeping{
        .file = MarkFile::path(setting_.home, mapping_.name),
        .spool = {.folder = spool_folder(setting_.home), .owner = waybill_.execution},
        .execution = waybill_.execution,
        .started = waybill_.started,
        .mode = setting_.request.mode,
        .target = {},
        .rule_text = mapping_.where + "\n" + (fields != nullptr ? to_flow_yaml(*fields) : ""),
        .read = setting_.request.again ? ReadMode::All : mapping_.read,
        .duplicates = mapping_.records.duplicates,
        .target_settles_duplicates = target.find("table") != nullptr,
        .target_may_skip = mapping_.records.missing == Missing::Skip || mapping_.records.existing == Existing::Skip,
        .reads_everything = mapping_.read != ReadMode::New && setting_.request.input.empty()};
    keeping.target.connection = mapping_.target_connection;
    keeping.target.object = object != nullptr ? object->text() : "";
    keeping.target.key = mapping_.records.key;
    keeping.target.generated_key = mapping_.generated_key;
    return keeping;
}

// From the start once more for every part of the source that turns out to be unusable: what it gave
// is in the target already, of which nothing is visible yet.
void MappingRun::carry_whole(const Context& context, RunObserver& observer) {
    prepare_source();
    rules_ = rules();
    while (true) {
        prepare_target();
        observer.started({label_, progress_, *target_});
        try {
            haul_->carry(context, progress_);
            return;
        } catch (const Error& error) {
            if (!source_->set_aside(error)) {
                throw;
            }
        }
        observer.waiting();
        has_reached_target_ = has_reached_target_ || haul_->has_reached_target();
        haul_.reset();
        marks_.reset();
        target_.reset();
        rejects_->restart();
    }
}

RowRules MappingRun::rules() const {
    return {.fields = mapping_.fields,
            .where = mapping_.where,
            .parameters = parameters(),
            .facts = facts(),
            .key = mapping_.records.key,
            .path = mapping_.path};
}

RunFacts MappingRun::facts() const {
    const auto since_epoch = std::chrono::floor<std::chrono::microseconds>(setting_.created.time_since_epoch());
    return {.now_utc = {since_epoch.count()}, .zone = setting_.zone};
}

std::vector<Parameter> MappingRun::parameters() const {
    auto given = setting_.parameters;
    for (const auto& [name, text] : setting_.request.parameters) {
        given[name] = text;
    }
    return run_parameters(facts(), setting_.store.last_success(mapping_.name), given);
}

bool MappingRun::carry(const Context& context, RunObserver& observer) {
    const bool carried = guarded([&] {
        carry_whole(context, observer);
        rejects_->flush();
        waybill_.report = haul_->report();
        note_cursor();
    });
    observer.waiting();
    return carried;
}

bool MappingRun::publish(const Context& context) {
    const bool published = guarded([&] {
        waybill_.outcome = outcome_of(waybill_.report);
        waybill_.ended = std::chrono::system_clock::now();
        if (setting_.request.mode == RunMode::Run) {
            setting_.store.put_source_files(waybill_.execution, mapping_.name, stored_source_files());
            stage_progress(context);
            if (marks_) {
                marks_->stage(context, waybill_.report.rows);
            }
            setting_.store.committing(waybill_.execution, stored_files(FileState::Complete), to_json(waybill_));
        }
        haul_->publish(context);
        promote_marks(context);
        if (setting_.request.mode == RunMode::Run) {
            haul_->conclude(context);
        }
        waybill_.report = haul_->report();
    });
    if (published) {
        try {
            end(waybill_.outcome);
        } catch (Error& error) {
            // The next run finds out and catches up.
            throw error.while_doing("everything has arrived, but that could not be recorded");
        }
    }
    return published;
}

std::unique_ptr<MarkFile> MappingRun::existing_marks() const {
    return MarkFile::existing(MarkFile::path(setting_.home, mapping_.name), SqliteAccess::ReadWrite);
}

// The rows have arrived: whatever keeps the marks from being written down now, the next run does it.
void MappingRun::promote_marks(const Context& context) {
    if (!marks_ || setting_.request.mode != RunMode::Run) {
        return;
    }
    try {
        if (const auto file = existing_marks()) {
            file->promote(context, waybill_.execution);
        }
    } catch (const Error& error) {
        throw OutcomeUnknown(
            error,
            fmt::format("the rows have arrived, but not yet what is to be remembered of them: {}", error.what()));
    }
}

void MappingRun::abandon(const Error& reason) {
    if (!has_ended_) {
        fail(reason);
    }
}

bool MappingRun::guarded(const std::function<void()>& step) {
    try {
        step();
        return true;
    } catch (const OutcomeUnknown& error) {
        leave_open(error);
    } catch (const Error& error) {
        fail(error);
    } catch (const std::exception& error) {
        fail(Error(ErrorKind::Internal, error.what()));
    }
    return false;
}

void MappingRun::leave_open(const Error& error) {
    has_ended_ = true;
    waybill_.outcome = error.kind() == ErrorKind::Cancelled ? setting_.stopped_as() : RunOutcome::Failed;
    waybill_.message = error.what();
    waybill_.advice = error.advice();
}

void MappingRun::fail(const Error& error) {
    // What was read and rejected stays told; what was not published did not arrive.
    if (haul_) {
        waybill_.report = haul_->report();
    }
    auto& rows = waybill_.report.rows;
    rows.created = rows.updated = rows.unchanged = rows.skipped = rows.deleted = 0;
    waybill_.report.deleted_keys.clear();
    waybill_.report.files.clear();
    waybill_.message = error.what();
    waybill_.advice = error.advice();
    waybill_.guarded = error.kind() == ErrorKind::Guarded;
    const bool may_have_left_something = has_reached_target_ || (haul_ && haul_->has_reached_target());
    haul_.reset();
    if (marks_ && setting_.request.mode == RunMode::Run) {
        if (const auto file = existing_marks()) {
            file->discard(waybill_.execution);
        }
    }
    marks_.reset();
    target_.reset();  // removes what it wrote, if it still can
    note_cursor();
    source_.reset();
    cursor_ = nullptr;
    waybill_.cursor_after = waybill_.cursor_before;
    rejects_->flush();
    if (setting_.request.mode == RunMode::Run) {
        // Nothing is taken in by a run that failed, but its rejects need the headers of their files.
        setting_.store.put_source_files(waybill_.execution, mapping_.name, stored_source_files());
    }
    end(error.kind() == ErrorKind::Cancelled ? setting_.stopped_as() : RunOutcome::Failed,
        may_have_left_something ? std::vector{StoredFile{.name = waybill_.target_object}} : std::vector<StoredFile>{});
}

void MappingRun::end(RunOutcome outcome, std::vector<StoredFile> files) {
    has_ended_ = true;
    waybill_.outcome = outcome;
    waybill_.ended = std::chrono::system_clock::now();
    const bool is_run = setting_.request.mode == RunMode::Run;
    const bool delivered = is_run && !waybill_.report.files.empty();
    if (delivered) {
        files = stored_files(FileState::Published);
    }
    setting_.store.end(record(), is_run ? files : std::vector<StoredFile>{},
                       delivered ? std::optional(sequence_) : std::nullopt);
}

ExecutionRecord MappingRun::record() const {
    auto record = record_of(waybill_);
    record.parent = setting_.parent;
    return record;
}

std::vector<StoredFile> MappingRun::stored_files(FileState state) const {
    std::vector<StoredFile> files;
    for (const auto& file : waybill_.report.files) {
        files.push_back({file.name, state, file.bytes, file.rows, file.md5, file.sha256});
    }
    return files;
}

std::vector<StoredSourceFile> MappingRun::stored_source_files() const {
    std::vector<StoredSourceFile> files;
    for (const auto& file : waybill_.report.source_files) {
        if (!file.problem.empty()) {
            continue;
        }
        files.push_back({.name = file.name,
                         .bytes = file.bytes,
                         .modified = file.modified
                                         ? std::optional(std::int64_t{file.modified->time_since_epoch().count()})
                                         : std::nullopt,
                         .seen = file.seen.time_since_epoch().count(),
                         .sha256 = file.sha256,
                         .header = file.header});
    }
    return files;
}

}  // namespace rowhaul
