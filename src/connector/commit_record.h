// SPDX-License-Identifier: Apache-2.0
// The table rowhaul_commits beside a table: which execution of a mapping changed that table last, written in
// the transaction that changes it. Whether a commit whose answer was lost took place is read there, and a
// fence in its row keeps a run that was given up from committing later.
#pragma once
#include "base/error.h"
#include "base/time.h"
#include "database/database.h"
#include "database/table_writer.h"

#include <string>

namespace rowhaul {

class CommitRecord {
public:
    // One execution of a mapping, created at this moment.
    CommitRecord(std::string mapping, std::string execution, Moment created)
        : mapping_(std::move(mapping)), execution_(std::move(execution)), created_(created) {}

    // Makes it when it is missing. False, with the database's words, where it may not be made.
    static bool open(const Context&, TableWriter&, const TargetTable&, std::string& obstacle);
    // The mapping's row stays locked until the end of the transaction. Throws Conflict when a later execution
    // has written already.
    void claim(const Context&, TableWriter&, const TargetTable&) const;
    // The last thing in the transaction.
    void write(const Context&, TableWriter&, const TargetTable&) const;
    // After a commit that threw `failure`: asks in a new session. Throws OutcomeUnknown when nobody answers.
    bool did_commit(const Context&, const Database&, const std::string& table, const Error& failure) const;

    // Whether this execution's commit took place; if not, it never will. Where rowhaul_commits may not be
    // made it did not, as far as anybody can tell.
    static bool has_committed(const Context&, TableWriter&, const std::string& table, const std::string& mapping,
                              const std::string& execution);

private:
    std::string mapping_;
    std::string execution_;
    Moment created_;
};

}  // namespace rowhaul
