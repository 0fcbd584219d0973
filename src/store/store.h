// SPDX-License-Identifier: Apache-2.0
// The memory of Rowhaul: executions with their waybills, files and rejects, and the numbers that
// file names count with. Lives in one SQLite file in the home folder. Several processes may use one
// home at a time; one object is used by one thread at a time.
#pragma once
#include "base/time.h"
#include "data/rows.h"
#include "database/sqlite_handle.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

enum class ExecutionState : std::uint8_t { Running, Committing, Ended };
enum class RunOutcome : std::uint8_t { Succeeded, Partial, Empty, Failed, Cancelled, Interrupted };

std::string_view name_of(ExecutionState);
std::string_view name_of(RunOutcome);
// Whether the rows of a run that ended so have arrived.
bool has_arrived(RunOutcome);

// One run or test of a mapping, or of a task (then `mapping` is empty).
struct ExecutionRecord {
    std::string id;
    std::string parent;  // the task's execution; empty outside a task
    std::string task;    // empty outside a task
    std::string mapping;
    std::string kind = "run";  // run, test, undo
    std::string cause = "command";
    ExecutionState state = ExecutionState::Running;
    std::optional<RunOutcome> outcome;
    Moment started;
    std::optional<Moment> ended;
    std::uint64_t rows_read = 0;
    std::string message;  // why it failed
    std::string waybill;  // JSON; empty while it runs
};

enum class FileState : std::uint8_t {
    Pending,    // may exist under a temporary name
    Complete,   // arrived whole, may have its final name or not yet
    Published,  // has its final name
};

struct StoredFile {
    std::string name;
    FileState state = FileState::Pending;
    std::uint64_t bytes = 0;
    std::uint64_t rows = 0;
    std::string md5;
    std::string sha256;
};

// A file that an execution took in.
struct StoredSourceFile {
    std::string name;
    std::uint64_t bytes = 0;
    std::optional<std::int64_t> modified;  // seconds since 1970
    std::int64_t seen = 0;
    std::string sha256;
    std::string header;  // what names its columns
};

// How far a mapping has read.
struct StoredCursor {
    std::string subject;  // what it belongs to; does not count for anything else
    std::string kind;
    std::string value;
    std::string low;
};

// How far a range was read that is read chunk by chunk.
struct StoredBackfill {
    std::string command;  // what is read, and in which chunks
    std::uint64_t done = 0;
    std::uint64_t of = 0;
};

class Store {
public:
    // Makes the home folder, for its owner only, and its store when missing, and brings an older one
    // up to date. Throws Conflict for a store that a newer Rowhaul wrote.
    explicit Store(const std::filesystem::path& home);

    void begin(const ExecutionRecord&);
    // Everything is at the target and complete; the files are about to get their final names.
    void committing(const std::string& id, const std::vector<StoredFile>& files, const std::string& waybill);
    // The end, whatever the outcome: takes state, times, counts, message, waybill and files in one
    // transaction. `sequence` is the mapping's {sequence}, when a file was published with it.
    void end(const ExecutionRecord&, const std::vector<StoredFile>& files,
             std::optional<std::uint64_t> sequence = std::nullopt);

    std::optional<ExecutionRecord> execution(const std::string& id);
    // The one execution whose id begins so; NotFound or Invalid (several) otherwise.
    ExecutionRecord execution_like(const std::string& beginning);
    // The latest of a mapping or task; with an empty name, of all that somebody asked for: a task,
    // not the mappings in it.
    std::optional<ExecutionRecord> latest(const std::string& name);
    // Latest first.
    std::vector<ExecutionRecord> history(const std::string& name, std::uint32_t at_most);
    std::vector<ExecutionRecord> children(const std::string& id);
    // Runs of a mapping or task: neither ended nor, if the caller holds its lock, alive any more.
    std::vector<ExecutionRecord> unfinished(const std::string& name);
    // Tests, of anything, that have not ended; alive while they show a LifeSign.
    std::vector<ExecutionRecord> unfinished_tests();
    // Executions of a mapping that ended with files not published, whose leftovers at the target
    // were not surely removed yet.
    std::vector<ExecutionRecord> uncleaned(const std::string& mapping);
    void mark_cleaned(const std::string& id);

    std::vector<StoredFile> files(const std::string& id);
    void put_file(const std::string& id, std::size_t place, const StoredFile&);

    // In the order they are given, from 0 a run.
    void add_rejects(const std::string& id, std::uint64_t first_place, const std::vector<Reject>&);
    // Of an execution that begins again.
    void drop_rejects(const std::string& id);
    void each_reject(const std::string& id, const std::function<void(const Reject&)>&);

    // What an execution read, in place of what was noted before. They count as taken in as soon as
    // the execution has ended well.
    void put_source_files(const std::string& id, const std::string& mapping, const std::vector<StoredSourceFile>&);
    std::vector<StoredSourceFile> source_files(const std::string& id);
    // The latest execution of the mapping that took in this content; empty when none did.
    std::string taken_by(const std::string& mapping, const std::string& sha256);
    std::optional<StoredSourceFile> latest_source_file(const std::string& mapping, const std::string& name);

    // Counts as soon as the execution has ended well, in place of the one before; forgotten otherwise.
    void stage_cursor(const std::string& id, const std::string& mapping, const StoredCursor&);
    std::optional<StoredCursor> cursor(const std::string& mapping);
    // The rows that a cursor remembers, piece by piece from place 0 on; they come and go with it, which must be
    // staged first.
    void stage_cursor_rows(const std::string& id, const std::string& mapping, std::int64_t place,
                           std::string_view rows);
    void each_cursor_rows(const std::string& mapping, const std::function<void(std::string_view)>& take);

    // Like a cursor.
    void stage_backfill(const std::string& id, const std::string& mapping, const StoredBackfill&);
    std::optional<StoredBackfill> backfill(const std::string& mapping);
    void forget_backfill(const std::string& mapping);

    std::uint64_t last_sequence(const std::string& mapping);
    // When the latest run of a mapping began that brought everything it was to bring.
    std::optional<Moment> last_success(const std::string& mapping);

    // For tests: the schema version that this program writes.
    static int newest_version();

private:
    SqliteStatement query(std::string_view name);
    std::vector<ExecutionRecord> executions(SqliteStatement);
    void settle_progress(const std::string& mapping, const std::string& id, RunOutcome outcome);
    static std::vector<StoredSourceFile> source_files_of(SqliteStatement);
    void migrate();

    SqliteHandle database_;
};

}  // namespace rowhaul
