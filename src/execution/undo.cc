// SPDX-License-Identifier: Apache-2.0
// Giving back what an execution changed in a table.
#include "base/identifier.h"
#include "connector/undo_file.h"
#include "execution/executor.h"
#include "store/lock.h"
#include "store/mark_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rowhaul {

namespace {

bool has_arrived(const ExecutionRecord& record) {
    return record.outcome && has_arrived(*record.outcome);
}

Error not_undoable(const ExecutionRecord& record, const std::string& why, std::string advice) {
    return Error(ErrorKind::Invalid, fmt::format("{} cannot be undone: {}", record.id, why)).advise(std::move(advice));
}

// What is known without the mapping's lock.
void expect_run(Store& store, const ExecutionRecord& record) {
    if (record.mapping.empty()) {
        std::vector<std::string> parts;
        for (const auto& part : store.children(record.id)) {
            parts.push_back(fmt::format("{} ({})", part.id, part.mapping));
        }
        throw not_undoable(record, "it is the execution of a task",
                           fmt::format("Undo those of its mappings, the last one first: {}.", fmt::join(parts, ", ")));
    }
    if (record.kind == "test") {
        throw not_undoable(record, "it was a test, which changed nothing", "`rowhaul history` shows the runs.");
    }
    if (record.kind == "undo") {
        throw not_undoable(record, "it gave back what another execution had changed",
                           fmt::format("`rowhaul run {}` brings the rows again.", record.mapping));
    }
}

std::string warning_of(const Waybill& waybill, std::string_view code) {
    const auto& warnings = waybill.report.warnings;
    const auto found = std::ranges::find(warnings, code, &Warning::code);
    return found != warnings.end() ? found->message : "";
}

Moment now() {
    return std::chrono::system_clock::now();
}

void take(Delivery delivery, HaulReport& report) {
    auto& rows = report.rows;
    rows.created = delivery.created;
    rows.updated = delivery.updated;
    rows.deleted = delivery.deleted;
    rows.read = rows.created + rows.updated;  // what was kept of records that were there before
    check_accounts(rows);
    report.deleted_keys = std::move(delivery.deleted_keys);
}

}  // namespace

std::chrono::seconds Executor::undo_time(const std::string& mapping) const {
    const auto* known = project_.find_mapping(mapping);
    return (known != nullptr ? known->records.undo : std::nullopt).value_or(UndoKeeping{}).keep;
}

Waybill Executor::undoable(const Context& context, const std::string& execution, const std::filesystem::path& kept) {
    auto record = *store_.execution(execution);
    if (project_.find_mapping(record.mapping) != nullptr) {
        recover(context, record.mapping);
        record = *store_.execution(execution);
    }
    if (record.state != ExecutionState::Ended) {
        throw Error(ErrorKind::Unavailable,
                    fmt::format("{} cannot be undone yet: whether it arrived is not known", record.id))
            .advise(fmt::format("`rowhaul run {}` finds out, as soon as its target can be reached.", record.mapping));
    }
    if (!has_arrived(record)) {
        throw not_undoable(record, fmt::format("it {} and changed nothing", name_of(*record.outcome)),
                           "`rowhaul waybill` says why.");
    }
    auto waybill = waybill_from_json(record.waybill);
    const auto& rows = waybill.report.rows;
    if (!waybill.report.files.empty()) {
        throw not_undoable(record, "it wrote files", "Only what was written into tables is given back.");
    }
    if (rows.created + rows.updated + rows.deleted == 0) {
        throw not_undoable(record, "it changed nothing", "`rowhaul history` shows the other runs.");
    }
    if (const auto why = warning_of(waybill, "undo_not_kept"); !why.empty()) {
        throw not_undoable(record, why, "Raise `size` of `undo` in the mapping's `options` for later runs.");
    }
    const bool is_over = record.started + undo_time(record.mapping) <= now();
    if (!std::filesystem::exists(kept)) {
        const auto* mapping = project_.find_mapping(record.mapping);
        const bool keeps = mapping != nullptr && mapping->records.undo;
        throw not_undoable(record, is_over || keeps ? "what it changed is kept no longer" : "nothing is kept of it",
                           keeps ? "`keep` and `size` of `undo` in the mapping's `options` say how long and how much."
                                 : "Set `undo` in the mapping's `options`, and later runs can be undone.");
    }
    if (const auto by = UndoFile(kept).undone_by(); !by.empty()) {
        if (const auto undo = store_.execution(by); undo && has_arrived(*undo)) {
            throw Error(ErrorKind::Conflict, fmt::format("{} was undone already, by {}", record.id, by))
                .advise(fmt::format("`rowhaul run {}` brings the rows again.", record.mapping));
        }
    }
    if (is_over) {
        throw not_undoable(record, "what it changed is kept no longer",
                           "`keep` of `undo` in the mapping's `options` says how long.");
    }
    return waybill;
}

RunResult Executor::undo(const Context& context, const UndoCommand& command, RunObserver& observer) {
    end_dead_tests(store_, home_);
    const auto undone = store_.execution_like(command.execution);
    expect_run(store_, undone);
    const RunLock lock(home_, undone.mapping);
    const auto kept = UndoFile::path(undo_folder(home_), undone.id);
    const auto run = undoable(context, undone.id, kept);
    project_.expect_complete({run.target_connection});
    const bool is_test = command.mode == RunMode::Test;
    Waybill waybill{.execution = new_identifier(),
                    .mapping = undone.mapping,
                    .kind = is_test ? "test" : "undo",
                    .cause = command.cause,
                    .started = now(),
                    .source_connection = run.target_connection,
                    .source_object = undone.id,
                    .target_connection = run.target_connection,
                    .target_object = run.target_object};
    const auto alive = life_sign(command.mode, home_, waybill.execution);
    store_.begin(record_of(waybill));
    bool is_open = false;
    const auto fail = [&](const Error& error, RunOutcome outcome) {
        waybill.outcome = outcome;
        waybill.message = error.what();
        waybill.advice = error.advice();
    };
    try {
        const auto connection = project_.connect(run.target_connection);
        const auto undoing = connection->undoing({.mode = command.mode,
                                                  .mapping = undone.mapping,
                                                  .execution = waybill.execution,
                                                  .created = waybill.started,
                                                  .file = kept});
        take(undoing->complete(context), waybill.report);
        waybill.outcome = outcome_of(waybill.report);
        waybill.ended = now();
        if (!is_test) {
            // Before it happens, so that no marks say otherwise, whatever becomes of this process.
            if (const auto marks = MarkFile::path(home_, undone.mapping); std::filesystem::exists(marks)) {
                MarkFile(marks).doubt(run.target_connection, run.target_object);
            }
            store_.committing(waybill.execution, {}, to_json(waybill));
        }
        undoing->publish(context);
    } catch (const OutcomeUnknown& error) {
        is_open = true;
        fail(error, RunOutcome::Failed);
    } catch (const Error& error) {
        waybill.report = {};
        fail(error, error.kind() == ErrorKind::Cancelled ? stopped_as_() : RunOutcome::Failed);
    } catch (const std::exception& error) {
        waybill.report = {};
        fail(Error(ErrorKind::Internal, error.what()), RunOutcome::Failed);
    }
    waybill.ended = now();
    if (!is_open) {
        store_.end(record_of(waybill), {});
    }
    observer.ended(waybill);
    return {waybill.execution, waybill.outcome, {waybill}};
}

void Executor::drop_old_undo(const std::string& mapping) {
    const auto* known = project_.find_mapping(mapping);
    const auto size = (known != nullptr ? known->records.undo : std::nullopt).value_or(UndoKeeping{}).size.count;
    std::vector<std::filesystem::path> files;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(undo_folder(home_), ignored)) {
        files.push_back(entry.path());
    }
    // Identifiers begin with the time: the latest comes first.
    std::ranges::sort(files, std::greater<>());
    std::uint64_t kept = 0;
    for (const auto& file : files) {
        const auto record = store_.execution(file.stem().string());
        const bool is_ours = record && record->mapping == mapping;
        const bool is_over = record && record->ended && record->started + undo_time(record->mapping) <= now();
        const bool is_dead = is_ours && record->ended && !has_arrived(*record);
        const auto bytes = is_ours ? std::filesystem::file_size(file, ignored) : 0;
        // The last one may be larger as a file than as rows, by which it was measured.
        const bool is_too_much = is_ours && kept != 0 && kept + bytes > size;
        if (is_over || is_dead || is_too_much || (is_ours && bytes == static_cast<std::uintmax_t>(-1))) {
            std::filesystem::remove(file, ignored);
        } else {
            kept += bytes;
        }
    }
}

}  // namespace rowhaul
