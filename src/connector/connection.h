// SPDX-License-Identifier: Apache-2.0
// A connection of the configuration, ready to be used: how to reach one system, and the sources and
// targets that it can be. Made and asked for sources and targets without reaching anything, so that
// `validate` walks the same way as `run`.
#pragma once
#include "base/time.h"
#include "connector/connector.h"
#include "connector/record_rules.h"
#include "io/spool_file.h"
#include "options/document.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

enum class RunMode : std::uint8_t {
    Run,
    Test,  // the same walk, but what arrives is counted and thrown away (P6)
};

// The key that a target gave itself to the record of a row.
struct GivenKey {
    static constexpr std::size_t longest = 255;  // bytes

    std::string_view file;  // of the source; "" where it has none
    std::uint64_t row = 0;  // in it, from 1
    std::string_view key;
};

// What a target must know of the execution that it serves.
struct TargetRequest {
    RunMode mode = RunMode::Run;
    std::string mapping;
    std::string execution;
    std::uint64_t sequence = 1;
    Moment created;
    std::string zone = "UTC";
    std::filesystem::path spool_folder;      // for files that must be complete here first
    std::filesystem::path undo_folder = {};  // for what is kept to be given back
    RecordRules records = {};
    // Told in the order of rows, before complete() returns, by a target that is to read such keys back. May be empty.
    std::function<void(const GivenKey&)> given = {};
};

// What is to be given back, and on whose behalf.
struct UndoRequest {
    RunMode mode = RunMode::Run;
    std::string mapping;
    std::string execution;  // that gives back
    Moment created;
    std::filesystem::path file;  // in which is kept what another execution changed
};

// What earlier runs of a mapping took in, so that nothing is taken in twice (P8).
class TakenFiles {
public:
    virtual ~TakenFiles() = default;
    // The execution that took in a file with this digest; empty when none did.
    virtual std::string taken_by(const std::string& sha256) const = 0;
    // The latest file of this name that was taken in.
    virtual std::optional<SourceFile> latest(const std::string& name) const = 0;
};

// What a source must know of the execution that it serves.
struct SourceRequest {
    std::string mapping;
    std::string execution;
    std::filesystem::path input;        // a file of this machine to read instead; empty = as configured
    bool again = false;                 // also what was taken in before
    const TakenFiles* taken = nullptr;  // none = nothing was; outlives the source
    SpoolPlace spool = {};              // for what does not fit into memory
};

// Something that a connection holds: a table, a view, a file, a folder.
struct Holding {
    std::string name;
    std::string kind;
    std::optional<std::uint64_t> rows;  // the system's own estimate
    std::optional<std::uint64_t> bytes;
    std::optional<std::chrono::sys_seconds> modified;
};

// What is in a connection, or in one of its objects.
struct Contents {
    std::vector<Holding> holdings;                              // of the connection or a folder
    Schema schema;                                              // of a table
    std::vector<std::vector<std::optional<std::string>>> rows;  // its first rows; nothing = NULL
    std::string format;                                         // of a file: what to write under `format`
};

// What an execution was about to make visible when its process ended.
struct InterruptedDelivery {
    std::string mapping;
    std::string execution;
    std::string object;  // of the target
    std::vector<FileRecord> files;
};

class Connection {
public:
    virtual ~Connection() = default;

    // Reads the mapping's `source` or `target`; `path` is where it stands ("mappings.customers.source").
    // Null when it told problems. What is returned must not outlive the connection; one source and
    // one target may be in use at a time.
    virtual std::unique_ptr<Source> source(const Node& section, std::string_view path, const SourceRequest&,
                                           Problems&) = 0;
    virtual std::unique_ptr<Target> target(const Node& section, std::string_view path, const TargetRequest&,
                                           Problems&) = 0;

    // The way back for what an execution into this connection changed. Throws Invalid where there is none.
    virtual std::unique_ptr<Undoing> undoing(const UndoRequest&);

    // Reaches the system by the way of a run and tries what runs need, telling context.step each step.
    virtual void check(const Context&) = 0;
    // `object` is a name as it stands in Holding, or "" for the connection itself.
    virtual Contents browse(const Context&, std::string_view object) = 0;
    // What an interrupted execution left behind: removes unfinished files among and beside `files`.
    virtual void clean_up(const Context&, const std::string& execution, const std::vector<FileRecord>& files) = 0;
    // Whether all of an interrupted delivery became visible: its files lie complete under their final
    // names, by size and digest; its rows were committed. If they were not, they never will be.
    virtual bool has_arrived(const Context&, const InterruptedDelivery&) = 0;
};

}  // namespace rowhaul
