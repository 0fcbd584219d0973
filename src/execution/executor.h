// SPDX-License-Identifier: Apache-2.0
// Runs mappings and tasks by name and keeps the record: locks, recovery of what a killed process
// left, executions, waybills, files and rejects. What command, worker and agent share.
#pragma once
#include "connector/connection.h"
#include "execution/backfill.h"
#include "execution/mapping_run.h"
#include "execution/project.h"
#include "execution/waybill.h"
#include "store/store.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

struct RunResult {
    std::string execution;  // the task's, or the mapping's own
    RunOutcome outcome = RunOutcome::Failed;
    std::vector<Waybill> waybills;  // of a backfill that of the last chunk at most
    std::optional<BackfillResult> backfill = {};
};

struct UndoCommand {
    std::string execution;  // or the beginning of its id
    RunMode mode = RunMode::Run;
    std::string cause = "command";
};

enum class Subject : std::uint8_t { Mapping, Task };

class Executor {
public:
    // `stopped_as` says what a stop request means: Cancelled (a person) or Interrupted (the system).
    Executor(const Project& project, Store& store, std::filesystem::path home, std::function<RunOutcome()> stopped_as);

    // Runs to the end, whatever it is: failures of a mapping are outcomes with a message. Throws only
    // when nothing could be started: unknown name, disabled task, already running, store unusable.
    RunResult run(const Context&, const RunRequest&, RunObserver&);

    // Gives back what an execution of a mapping changed in a table, as an execution of its own. Throws what
    // stands against even trying it.
    RunResult undo(const Context&, const UndoCommand&, RunObserver&);

    // For what ended before anything could be started: an entry in the history.
    static void record_end(Store&, const RunRequest&, Subject, RunOutcome outcome, const Error& reason);
    // Tests whose process died become `interrupted`: they left nothing, so nobody need be reached.
    static void end_dead_tests(Store&, const std::filesystem::path& home);

private:
    // Throws what is missing for these mappings, all of it, before anything is begun.
    void expect_complete(const std::vector<std::string>& mappings) const;
    RunResult run_mapping(const Context&, const RunRequest&, const MappingDefinition&, RunObserver&);
    RunResult run_chunks(RunSetting& setting, const std::string& mapping, const std::function<Waybill()>& run_once);
    RunResult run_task(const Context&, const RunRequest&, const TaskDefinition&, RunObserver&);
    // Why nothing may be delivered yet, if so: whether an earlier run arrived is not known.
    std::optional<Error> recover(const Context&, const std::string& mapping);
    void recover(const Context&, Connection& target, ExecutionRecord unfinished);
    void recover_task(const std::string& task);
    // The execution that can be undone, with its waybill; its mapping is locked and recovered.
    Waybill undoable(const Context&, const std::string& execution, const std::filesystem::path& kept);
    std::chrono::seconds undo_time(const std::string& mapping) const;
    // Removes what is kept and of no use any more, oldest first where a mapping keeps too much. The caller
    // holds the mapping's lock.
    void drop_old_undo(const std::string& mapping);

    const Project& project_;
    Store& store_;
    std::filesystem::path home_;
    std::function<RunOutcome()> stopped_as_;
};

// The worst of several outcomes: what a task with these mappings ended as.
RunOutcome combined(const std::vector<RunOutcome>&);

}  // namespace rowhaul
