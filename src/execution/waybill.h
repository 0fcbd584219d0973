// SPDX-License-Identifier: Apache-2.0
// The waybill: what became of every row of one execution, for people and programs.
#pragma once
#include "pipeline/haul.h"
#include "store/store.h"

#include <string>

namespace rowhaul {

// The piece of a range that an execution read, of a range that is read piece by piece.
struct WaybillChunk {
    std::uint64_t number = 0;  // from 1; 0 = it read no such piece
    std::uint64_t of = 0;
    std::string from;
    std::string to;  // included in the last piece only
};

struct Waybill {
    std::string execution;
    std::string task;  // empty outside a task
    std::string mapping;
    std::string kind = "run";  // run, test, undo
    std::string cause = "command";
    RunOutcome outcome = RunOutcome::Failed;
    Moment started;
    Moment ended;
    std::string source_connection;
    std::string source_object;
    std::string target_connection;
    std::string target_object;
    HaulReport report;
    std::string cursor_before;  // how far was read, with `read: new`; empty = not at all
    std::string cursor_after;
    WaybillChunk chunk;
    std::string message;   // why it failed; empty otherwise
    std::string advice;    // what would help
    bool guarded = false;  // it failed because a limit was exceeded

    double seconds() const { return std::chrono::duration<double>(ended - started).count(); }
};

// The JSON of the design's 3.3, on one line.
std::string to_json(const Waybill&);
// Its part "rows".
std::string to_json(const RowCounts&);
// The entry of its execution, ended as it says.
ExecutionRecord record_of(const Waybill&);
// Reads what to_json wrote.
Waybill waybill_from_json(std::string_view json);

// What the accounts of a run that ended in order mean.
RunOutcome outcome_of(const HaulReport&);

}  // namespace rowhaul
