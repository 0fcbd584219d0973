// SPDX-License-Identifier: Apache-2.0
// One execution of one mapping, from its record in the store to its waybill.
#pragma once
#include "connector/connection.h"
#include "execution/project.h"
#include "execution/record_marks.h"
#include "execution/waybill.h"
#include "pipeline/cursor_source.h"
#include "pipeline/haul.h"
#include "store/lock.h"
#include "store/store.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

// Where files lie that must be complete here first.
inline std::filesystem::path spool_folder(const std::filesystem::path& home) {
    return home / "tmp";
}

// Where what executions changed is kept, to be given back.
inline std::filesystem::path undo_folder(const std::filesystem::path& home) {
    return home / "undo";
}

// A mapping on its way, for whoever shows it; valid until waiting() or ended().
struct RunningMapping {
    const std::string& mapping;  // with the chunk, where there are several
    const HaulProgress& progress;
    const Target& target;
};

// Called on the thread that runs.
class RunObserver {
public:
    virtual ~RunObserver() = default;
    virtual void started(const RunningMapping&) {}
    // Carried, or failed; nothing of RunningMapping may be used any more.
    virtual void waiting() {}
    virtual void ended(const Waybill&) {}
};

struct RunRequest {
    std::string name;  // of a mapping or task
    RunMode mode = RunMode::Run;
    std::string cause = "command";
    std::filesystem::path input = {};  // a file of this machine in place of the source's; a mapping only
    bool again = false;                // also files that were taken in before
    std::map<std::string, std::string> parameters = {};  // for `:name` in expressions
    std::optional<std::int64_t> max_delete = {};         // records that may be deleted this once; a mapping only
    std::string since = {};  // limits of the cursor for this once; a mapping that reads new rows only
    std::string until = {};
    std::string chunk = {};  // as long as each piece of what lies between them, which are run one by one
};

// One chunk of a range, and what the whole is, by which it is known again.
struct ChunkedReading {
    std::string command;
    CursorChunk chunk;
    std::uint64_t of = 0;  // chunks in all; 0 = not known yet
};

// What the mappings of a run have in common.
struct RunSetting {
    const Project& project;
    Store& store;
    const std::filesystem::path& home;
    const std::function<RunOutcome()>& stopped_as;  // what a stop request means
    const RunRequest& request;
    Moment created;
    std::string zone;
    std::string task;                               // empty outside a task
    std::string parent;                             // the task's execution
    std::map<std::string, std::string> parameters;  // the task's, for this mapping
    std::optional<ChunkedReading> chunked = {};
};

// The connections of one run, each made once: several files go over one session. Sources and targets
// have sessions of their own.
class ConnectionPool {
public:
    explicit ConnectionPool(const Project& project) : project_(project) {}
    Connection& source(const std::string& name) { return *find(sources_, name); }
    Connection& target(const std::string& name) { return *find(targets_, name); }

private:
    using Connections = std::map<std::string, std::unique_ptr<Connection>>;
    Connection* find(Connections& connections, const std::string& name);

    const Project& project_;
    Connections sources_;
    Connections targets_;
};

// A test shows that it lives; a run is protected by its mapping's lock already.
std::unique_ptr<LifeSign> life_sign(RunMode mode, const std::filesystem::path& home, const std::string& execution);

// carry(), then publish() or abandon(). None of them throws for what goes wrong with this mapping:
// that is an outcome, recorded with its message.
class MappingRun {
public:
    MappingRun(RunSetting setting, const MappingDefinition& mapping, ConnectionPool& connections);
    ~MappingRun();
    MappingRun(const MappingRun&) = delete;
    MappingRun& operator=(const MappingRun&) = delete;

    // True when everything arrived and waits to be published.
    bool carry(const Context&, RunObserver&);
    // True when it was published.
    bool publish(const Context&);
    // Fails for this reason and throws away what was carried; nothing, when the run has ended already.
    void abandon(const Error& reason);
    // Complete once the run has ended.
    const Waybill& waybill() const { return waybill_; }

private:
    class RejectKeeper;
    class Taken;

    void prepare_source();
    void follow_cursor();
    void stage_progress(const Context&);
    void note_cursor();
    void prepare_target();
    void carry_whole(const Context&, RunObserver&);
    RowRules rules() const;
    RunFacts facts() const;
    MarkKeeping mark_keeping() const;
    std::unique_ptr<MarkFile> existing_marks() const;
    void promote_marks(const Context&);
    std::vector<Parameter> parameters() const;
    void fail(const Error&);
    // The execution stays `committing` in the store, for the next run to settle.
    void leave_open(const Error&);
    // `files` may lie unfinished at the target; those that were delivered are known.
    void end(RunOutcome outcome, std::vector<StoredFile> files = {});
    bool guarded(const std::function<void()>& step);
    ExecutionRecord record() const;
    std::vector<StoredFile> stored_files(FileState state) const;
    std::vector<StoredSourceFile> stored_source_files() const;

    const RunSetting setting_;
    const MappingDefinition& mapping_;
    ConnectionPool& connections_;
    std::uint64_t sequence_;
    RowRules rules_;
    Waybill waybill_;
    std::string label_;  // for whoever shows it
    std::unique_ptr<LifeSign> alive_;
    HaulProgress progress_;
    std::mutex store_access_;  // while rows are carried, which two threads do
    std::unique_ptr<RejectKeeper> rejects_;
    std::unique_ptr<Taken> taken_;
    std::unique_ptr<Source> source_;
    CursorSource* cursor_ = nullptr;  // the source, where the mapping reads new rows
    std::unique_ptr<Target> target_;
    std::unique_ptr<RecordMarks> marks_;  // of a mapping with a key
    std::unique_ptr<Haul> haul_;
    bool has_reached_target_ = false;  // before it began again without a part of the source
    bool has_ended_ = false;
};

}  // namespace rowhaul
