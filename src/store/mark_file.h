// SPDX-License-Identifier: Apache-2.0
// The marks of one mapping, in an SQLite file of their own below the home folder. They are bulk data:
// read in the order of their keys' hashes or of the rows' arrival, written as a merge in that order,
// thousands at a time, and never one by one.
//
// What a run found out is staged first, under its execution (MarkStage), and becomes the marks when
// its target has committed: promote() does that in steps of some megabytes, each a transaction, and
// goes on where it stopped however often the process dies; discard() throws it away instead.
//
// Runs of a mapping write one at a time (its RunLock); anybody may read beside them. One object is
// used by one thread at a time.
#pragma once
#include "base/context.h"
#include "base/time.h"
#include "database/sqlite_handle.h"
#include "store/mark.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// A target of the mapping, and what its marks are worth.
struct MarkedTarget {
    std::int64_t id = 0;
    std::string connection;
    std::string object;
    std::vector<std::string> key;          // names of its fields
    Hash128 key_print;                     // what keys are made of: marks with another one are of no use
    Hash128 row_print;                     // what rows are made of: with another one, their hashes are not; {} =
                                           // nobody knows what the target has
    std::uint32_t complete_run = 0;        // the last one that read everything; 0 = none
    std::optional<std::int64_t> arrivals;  // a list of every mark that is not Absent, in the order of the last run
    std::uint64_t arrival_count = 0;
    std::string generated_key = {};  // the column of which the marks know the values (Mark::key_there); "" = none
};

struct MarkedRun {
    std::string execution;
    Moment moment;
};

// What becomes of the list of arrivals.
enum class ArrivalList : std::uint8_t {
    Replaced,  // by the one that is staged
    Kept,      // the rows arrived exactly as the last time
    Dropped,   // the run says nothing of the order
};

// What a run is about to say of a target.
struct MarkStageHead {
    std::string execution;
    Moment moment;
    MarkedTarget target;       // what it will be; id, complete_run, arrivals and their count are of no account
    bool is_complete = false;  // the run read everything there is
    bool replaces = false;     // earlier marks are of no use
    ArrivalList arrivals = ArrivalList::Replaced;
};

class MarkFile {
public:
    static std::filesystem::path path(const std::filesystem::path& home, const std::string& mapping);
    // Made when missing. Throws Conflict for one that a newer Rowhaul wrote.
    explicit MarkFile(const std::filesystem::path&);
    // The same for one that is there already; no mark is made or changed by it. What an older Rowhaul wrote is
    // brought into the layout of this one.
    static std::unique_ptr<MarkFile> existing(const std::filesystem::path&, SqliteAccess access);

    std::optional<MarkedTarget> target(const std::string& connection, const std::string& object);
    std::vector<MarkedTarget> targets();
    MarkedRun run(std::uint32_t number);
    std::uint64_t marks(const MarkedTarget&);
    // In the order of their keys' hashes, while it returns true.
    void each(const Context&, const MarkedTarget&, const std::function<bool(const Mark&)>&);

    // Whether an execution has something staged.
    bool has_stage(const std::string& execution);
    // Whether any has: what became of it is not settled.
    bool has_stages();
    // Nothing, when nothing is staged, or not any more.
    void promote(const Context&, const std::string& execution);
    void discard(const std::string& execution);
    // The same, where it may have arrived all the same: what the target has is not known any more.
    void discard_in_doubt(const std::string& execution);
    // What a target has is not known any more: the next run compares every row anew.
    void doubt(const std::string& connection, const std::string& object);
    // Of executions that ended before they could be settled.
    void discard_all();

private:
    friend class MarkCursor;
    friend class MarkStage;
    friend class ArrivalReader;
    class Promotion;

    MarkFile(const std::filesystem::path&, SqliteAccess access);
    std::int64_t version();
    // Makes it, or brings it into the newest layout.
    void renew();
    void expect_known(std::int64_t version) const;
    SqliteStatement query(std::string_view name);

    SqliteHandle database_;
};

// Looks marks up whose keys' hashes come in order, each chunk of them read once.
class MarkCursor {
public:
    MarkCursor(MarkFile& file, const MarkedTarget& target);
    // The hashes of successive calls rise. What it returns is valid until the next call.
    std::optional<Mark> find(const Hash128& key);

private:
    bool load(const Hash128& key);

    SqliteStatement chunk_at_;
    std::int64_t target_;
    std::int64_t chunk_ = 0;
    std::string body_;
    std::string_view rest_;
    std::optional<Mark> next_;
    Hash128 last_;
};

// Reads a list of arrivals block by block.
class ArrivalReader {
public:
    static constexpr std::size_t block = 4096;  // arrivals in every block but the last

    ArrivalReader(MarkFile& file, std::int64_t list);
    // From the block `place`, counted from 0; empty behind the last.
    std::vector<Arrival> read(std::uint64_t place);

private:
    SqliteStatement query_;
    std::int64_t list_;
};

// Writes what a run found out. Destroyed before finish(), it leaves it to discard() to clean up.
class MarkStage {
public:
    MarkStage(MarkFile& file, const MarkStageHead& head);
    // In the order of their keys' hashes, each key once; last_sync is filled in, and last_success of one that
    // succeeded. A mark that says nothing about its key, its last success, or its key there keeps what is known.
    void add(Mark mark);
    void add(const Arrival& arrival);
    void finish();

private:
    void write_marks();
    void write_arrivals();
    void breathe();

    MarkFile& file_;
    std::optional<SqliteTransaction> transaction_;
    std::uint32_t run_ = 0;
    std::int64_t id_ = 0;
    std::string marks_;
    std::string arrivals_;
    std::int64_t next_chunk_ = 0;
    std::int64_t next_block_ = 0;
    std::uint64_t arrival_count_ = 0;
    std::size_t unsaved_ = 0;  // bytes
};

}  // namespace rowhaul
