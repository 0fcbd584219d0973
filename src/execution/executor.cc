// SPDX-License-Identifier: Apache-2.0
#include "execution/executor.h"

#include "base/identifier.h"
#include "base/near_miss.h"
#include "store/lock.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <utility>

namespace rowhaul {

namespace {

Moment now() {
    return std::chrono::system_clock::now();
}

ExecutionRecord record_of(const RunRequest& request, std::string id, Moment started) {
    return {.id = std::move(id),
            .kind = request.mode == RunMode::Run ? "run" : "test",
            .cause = request.cause,
            .started = started};
}

void interrupted(Store& store, ExecutionRecord record, const std::vector<StoredFile>& files = {}) {
    record.outcome = RunOutcome::Interrupted;
    record.message = "the process that ran it ended without notice";
    record.waybill.clear();
    record.ended = now();
    store.end(record, files);
}

// A file that was complete here and never uploaded; its name carries the execution.
void remove_spooled_files(const std::filesystem::path& folder, const std::string& execution) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
        if (entry.path().filename().string().find(execution) != std::string::npos) {
            std::filesystem::remove(entry.path(), ignored);
        }
    }
}

std::vector<FileRecord> file_records(const std::vector<StoredFile>& files) {
    std::vector<FileRecord> records;
    for (const auto& file : files) {
        records.push_back({file.name, file.bytes, file.rows, file.md5, file.sha256});
    }
    return records;
}

std::map<std::string, std::string> parameters_for(const TaskDefinition& task, const std::string& mapping) {
    const auto found = task.parameters.find(mapping);
    return found != task.parameters.end() ? found->second : std::map<std::string, std::string>();
}

std::vector<StoredFile> published(std::vector<StoredFile> files) {
    for (auto& file : files) {
        file.state = FileState::Published;
    }
    return files;
}

}  // namespace

RunOutcome combined(const std::vector<RunOutcome>& outcomes) {
    // From best to worst; a task is as good as its worst mapping, and empty only if all are.
    constexpr std::array order{RunOutcome::Empty,  RunOutcome::Succeeded, RunOutcome::Partial,
                               RunOutcome::Failed, RunOutcome::Cancelled, RunOutcome::Interrupted};
    std::size_t worst = 0;
    for (const auto outcome : outcomes) {
        const auto place = std::ranges::find(order, outcome) - order.begin();
        worst = std::max(worst, static_cast<std::size_t>(place));
    }
    return order[worst];
}

Executor::Executor(const Project& project, Store& store, std::filesystem::path home,
                   std::function<RunOutcome()> stopped_as)
    : project_(project), store_(store), home_(std::move(home)), stopped_as_(std::move(stopped_as)) {}

RunResult Executor::run(const Context& context, const RunRequest& request, RunObserver& observer) {
    end_dead_tests(store_, home_);
    if (const auto* task = project_.find_task(request.name)) {
        return run_task(context, request, *task, observer);
    }
    if (const auto* mapping = project_.find_mapping(request.name)) {
        return run_mapping(context, request, *mapping, observer);
    }
    std::vector<std::string> names;
    for (const auto& mapping : project_.mappings()) {
        names.push_back(mapping.name);
    }
    for (const auto& task : project_.tasks()) {
        names.push_back(task.name);
    }
    throw Error(ErrorKind::NotFound,
                fmt::format("there is no mapping or task \"{}\"{}", request.name, did_you_mean(request.name, names)))
        .advise(fmt::format("There are: {}.", fmt::join(names, ", ")));
}

void Executor::expect_complete(const std::vector<std::string>& mappings) const {
    std::vector<std::string> connections;
    for (const auto& name : mappings) {
        const auto& mapping = project_.mapping(name);
        connections.insert(connections.end(), {mapping.source_connection, mapping.target_connection});
    }
    project_.expect_complete(connections);
}

RunResult Executor::run_mapping(const Context& context, const RunRequest& request, const MappingDefinition& mapping,
                                RunObserver& observer) {
    const bool is_limited = !request.since.empty() || !request.until.empty() || !request.chunk.empty();
    if (mapping.read != ReadMode::New && is_limited) {
        throw Error(ErrorKind::Invalid, fmt::format("{} does not follow a cursor that could be limited", mapping.name))
            .advise("--since, --until and --chunk are for mappings with `read: new`.");
    }
    auto chunked =
        request.chunk.empty() ? std::nullopt : std::optional(chunked_reading(request, mapping, project_.zone()));
    expect_complete({mapping.name});
    std::vector<RunLock> locks;
    std::optional<Error> obstacle;
    if (request.mode == RunMode::Run) {
        locks.emplace_back(home_, mapping.name);
        obstacle = recover(context, mapping.name);
        drop_old_undo(mapping.name);
    }
    RunSetting setting{.project = project_,
                       .store = store_,
                       .home = home_,
                       .stopped_as = stopped_as_,
                       .request = request,
                       .created = now(),
                       .zone = project_.zone(),
                       .chunked = std::move(chunked)};
    ConnectionPool connections(project_);
    const auto run_once = [&] {
        MappingRun run(setting, mapping, connections);
        if (obstacle) {
            run.abandon(*obstacle);
        } else if (run.carry(context, observer)) {
            run.publish(context);
        }
        if (request.mode == RunMode::Run) {
            drop_old_undo(mapping.name);
        }
        observer.ended(run.waybill());
        return run.waybill();
    };
    if (!setting.chunked) {
        auto waybill = run_once();
        return {waybill.execution, waybill.outcome, {std::move(waybill)}};
    }
    return run_chunks(setting, mapping.name, run_once);
}

// The mapping is locked all the while, so that no other run of it comes between.
RunResult Executor::run_chunks(RunSetting& setting, const std::string& mapping,
                               const std::function<Waybill()>& run_once) {
    auto& next = setting.chunked->chunk.number;
    const auto before = store_.backfill(mapping);
    if (before && before->command == setting.chunked->command) {
        next = before->done;
        setting.chunked->of = before->of;
    }
    BackfillResult backfill{.mapping = mapping, .done = next, .of = setting.chunked->of};
    std::vector<RunOutcome> outcomes;
    RunResult result{.outcome = RunOutcome::Succeeded};
    while (next < backfill.of || backfill.of == 0) {
        setting.created = now();
        result.waybills = {run_once()};
        const auto& waybill = result.waybills.front();
        outcomes.push_back(waybill.outcome);
        backfill.executions.push_back(waybill.execution);
        if (!has_arrived(waybill.outcome)) {
            break;
        }
        add(backfill.rows, waybill.report.rows);
        backfill.done = ++next;
        backfill.of = setting.chunked->of = waybill.chunk.of;
    }
    if (!outcomes.empty()) {
        result.execution = backfill.executions.back();
        result.outcome = combined(outcomes);
    }
    // Until somebody could be told, a process that dies leaves it to the next one to tell.
    if (backfill.done == backfill.of) {
        store_.forget_backfill(mapping);
    }
    result.backfill = std::move(backfill);
    return result;
}

RunResult Executor::run_task(const Context& context, const RunRequest& request, const TaskDefinition& task,
                             RunObserver& observer) {
    if (!request.input.empty()) {
        throw Error(ErrorKind::Invalid, fmt::format("{} is a task, and a file is read by a mapping", task.name))
            .advise(fmt::format("Its mappings are: {}.", fmt::join(task.options.mappings, ", ")));
    }
    if (request.max_delete) {
        throw Error(ErrorKind::Invalid,
                    fmt::format("{} is a task, and how much may be deleted is said of a mapping", task.name))
            .advise(fmt::format("Its mappings are: {}.", fmt::join(task.options.mappings, ", ")));
    }
    if (!request.since.empty() || !request.until.empty() || !request.chunk.empty()) {
        throw Error(ErrorKind::Invalid,
                    fmt::format("{} is a task, and since when rows are read is said of a mapping", task.name))
            .advise(fmt::format("Its mappings are: {}.", fmt::join(task.options.mappings, ", ")));
    }
    if (!task.options.enabled) {
        throw Error(ErrorKind::Invalid, fmt::format("the task {} is switched off", task.name))
            .advise("Set `enabled: true`, or run its mappings by their own names.");
    }
    expect_complete(task.options.mappings);
    std::vector<RunLock> locks;
    std::map<std::string, Error> obstacles;
    if (request.mode == RunMode::Run) {
        locks.emplace_back(home_, fmt::format("task {}", task.name));
        for (const auto& name : task.options.mappings) {
            locks.emplace_back(home_, name);
        }
        recover_task(task.name);
        for (const auto& name : task.options.mappings) {
            if (auto obstacle = recover(context, name)) {
                obstacles.emplace(name, *std::move(obstacle));
            }
            drop_old_undo(name);
        }
    }
    auto record = record_of(request, new_identifier(), now());
    record.task = task.name;
    const auto alive = life_sign(request.mode, home_, record.id);
    store_.begin(record);
    RunResult result{.execution = record.id};
    const bool together = task.options.publish == Publish::Together;
    ConnectionPool connections(project_);
    std::vector<std::unique_ptr<MappingRun>> runs;
    bool all_well = true;
    for (const auto& name : task.options.mappings) {
        RunSetting setting{.project = project_,
                           .store = store_,
                           .home = home_,
                           .stopped_as = stopped_as_,
                           .request = request,
                           .created = together ? record.started : now(),
                           .zone = task.options.timezone.empty() ? project_.zone() : task.options.timezone,
                           .task = task.name,
                           .parent = record.id,
                           .parameters = parameters_for(task, name)};
        auto& run = *runs.emplace_back(std::make_unique<MappingRun>(setting, project_.mapping(name), connections));
        if (const auto obstacle = obstacles.find(name); obstacle != obstacles.end()) {
            run.abandon(obstacle->second);
            all_well = false;
        } else {
            all_well = run.carry(context, observer) && (together || run.publish(context)) && all_well;
        }
        const bool stopped = context.stop != nullptr && context.stop->requested();
        if (stopped || (together && !all_well)) {
            break;
        }
    }
    for (auto& run : runs) {
        if (together && all_well) {
            all_well = run->publish(context);
        } else if (together) {
            run->abandon(Error(ErrorKind::Conflict,
                               "nothing of this task was published, because another of its mappings did not succeed"));
        }
        observer.ended(run->waybill());
        result.waybills.push_back(run->waybill());
    }
    if (request.mode == RunMode::Run) {
        for (const auto& name : task.options.mappings) {
            drop_old_undo(name);
        }
    }
    const bool complete = runs.size() == task.options.mappings.size();
    const bool stopped = context.stop != nullptr && context.stop->requested();
    std::vector<RunOutcome> outcomes;
    for (const auto& waybill : result.waybills) {
        outcomes.push_back(waybill.outcome);
    }
    result.outcome = !complete && stopped ? stopped_as_() : combined(outcomes);
    record.outcome = result.outcome;
    record.ended = now();
    for (const auto& waybill : result.waybills) {
        record.rows_read += waybill.report.rows.read;
        if (record.message.empty() && !waybill.message.empty()) {
            record.message = fmt::format("{}: {}", waybill.mapping, waybill.message);
        }
    }
    store_.end(record, {});
    return result;
}

void Executor::record_end(Store& store, const RunRequest& request, Subject subject, RunOutcome outcome,
                          const Error& reason) {
    auto record = record_of(request, new_identifier(), now());
    (subject == Subject::Task ? record.task : record.mapping) = request.name;
    record.outcome = outcome;
    record.message = reason.what();
    record.ended = record.started;
    store.begin(record);
    store.end(record, {});
}

void Executor::end_dead_tests(Store& store, const std::filesystem::path& home) {
    for (auto& record : store.unfinished_tests()) {
        if (!LifeSign::is_shown(home, record.id)) {
            interrupted(store, std::move(record));
        }
    }
}

void Executor::recover_task(const std::string& task) {
    for (auto& record : store_.unfinished(task)) {
        if (record.mapping.empty()) {
            interrupted(store_, std::move(record));
        }
    }
}

// The caller holds the mapping's lock, so whoever ran what is unfinished is dead.
std::optional<Error> Executor::recover(const Context& context, const std::string& mapping) {
    const auto unfinished = store_.unfinished(mapping);
    if (unfinished.empty() && store_.uncleaned(mapping).empty()) {
        return {};
    }
    const auto target = project_.connect(project_.mapping(mapping).target_connection);
    const auto later = [&](const Error& error) {
        if (error.kind() == ErrorKind::Cancelled) {
            throw Error(error);
        }
        Error obstacle = error;
        return obstacle.while_doing(fmt::format("cannot look after an earlier run of {} yet", mapping));
    };
    try {
        for (const auto& record : unfinished) {
            recover(context, *target, record);
        }
    } catch (const Error& error) {
        // Were rows delivered now, those of the earlier run might come twice, and nobody could find out any more.
        return later(error);
    }
    try {
        for (const auto& record : store_.uncleaned(mapping)) {
            target->clean_up(context, record.id, file_records(store_.files(record.id)));
            store_.mark_cleaned(record.id);
        }
    } catch (const Error& error) {
        // It harms nobody, and stays noted for the next run.
        context.log(Level::Warning, later(error).what());
    }
    return {};
}

void Executor::recover(const Context& context, Connection& target, ExecutionRecord record) {
    remove_spooled_files(spool_folder(home_), record.id);
    auto files = store_.files(record.id);
    const auto waybill =
        record.state == ExecutionState::Committing ? std::optional(waybill_from_json(record.waybill)) : std::nullopt;
    record.ended = now();
    const auto marks = MarkFile::path(home_, record.mapping);
    const bool has_marks = std::filesystem::exists(marks);
    if (waybill && target.has_arrived(context, {.mapping = record.mapping,
                                                .execution = record.id,
                                                .object = waybill->target_object,
                                                .files = file_records(files)})) {
        if (has_marks) {
            MarkFile(marks).promote(context, record.id);
        }
        record.outcome = waybill->outcome;
        record.rows_read = waybill->report.rows.read;
        record.message = "recovered: the process ended after everything had arrived";
        try {
            // An equal file of an earlier run may bear the name, and ours still the temporary one.
            target.clean_up(context, record.id, file_records(files));
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::Cancelled) {
                throw;
            }
            context.log(Level::Warning, fmt::format("what {} may have left stays: {}", record.id, error.what()));
        }
        const auto sequence = files.empty() ? std::nullopt : std::optional(store_.last_sequence(record.mapping) + 1);
        store_.end(record, published(std::move(files)), sequence);
    } else {
        if (has_marks) {
            MarkFile file(marks);
            waybill ? file.discard_in_doubt(record.id) : file.discard(record.id);
        }
        interrupted(store_, std::move(record), files);
    }
}

}  // namespace rowhaul
