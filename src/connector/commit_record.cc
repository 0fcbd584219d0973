// SPDX-License-Identifier: Apache-2.0
#include "connector/commit_record.h"

#include "connector/connector.h"
#include "database/table_statements.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

namespace {

std::int64_t fence_of(Moment moment) {
    return std::chrono::floor<std::chrono::microseconds>(moment.time_since_epoch()).count();
}

}  // namespace

bool CommitRecord::open(const Context& context, TableWriter& writer, const TargetTable& table, std::string& obstacle) {
    const auto& commits = table.commits;
    try {
        writer.execute(context, fmt::format("update {} set fence = fence where 1 = 0", commits));
        return true;
    } catch (const Error& error) {
        if (error.is_transient() || error.kind() == ErrorKind::Cancelled) {
            throw;
        }
    }
    try {
        writer.execute(context,
                       fmt::format("create table if not exists {} {}", commits, writer.dialect().commits_columns));
        return true;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Denied) {
            throw;
        }
        obstacle = error.what();
        obstacle.resize(std::min(obstacle.find('\n'), obstacle.size()));  // without the statement
        return false;
    }
}

void CommitRecord::claim(const Context& context, TableWriter& writer, const TargetTable& table) const {
    const auto mapping = quote_literal(mapping_);
    writer.execute(context, fmt::format("update {} set fence = fence where mapping = {}", table.commits, mapping));
    const auto rows =
        writer.query(context, fmt::format("select fence from {} where mapping = {}", table.commits, mapping));
    if (!rows.empty() && std::stoll(rows.front().front().value_or("0")) > fence_of(created_)) {
        throw Error(ErrorKind::Conflict,
                    fmt::format("a later run of the mapping {} has written to {} already", mapping_, table.name))
            .advise("Look whether another Rowhaul runs the same mapping, and at the clocks of both machines.");
    }
}

void CommitRecord::write(const Context& context, TableWriter& writer, const TargetTable& table) const {
    const auto fence = fence_of(created_);
    const auto mapping = quote_literal(mapping_);
    const auto execution = quote_literal(execution_);
    if (writer.execute(context, fmt::format("update {} set execution = {}, fence = {} where mapping = {}",
                                            table.commits, execution, fence, mapping)) == 0) {
        writer.execute(context, fmt::format("insert into {} (mapping, execution, fence) values ({}, {}, {})",
                                            table.commits, mapping, execution, fence));
    }
}

// Whoever does not hear the answer to a commit has to ask for it.
bool CommitRecord::did_commit(const Context& context, const Database& database, const std::string& table,
                              const Error& failure) const {
    constexpr std::chrono::milliseconds after_a_stop(700);
    Context asking;
    asking.log = context.log;
    if (failure.kind() == ErrorKind::Cancelled) {
        asking.deadline = Context::Clock::now() + after_a_stop;
    } else {
        asking.stop = context.stop;
    }
    try {
        return has_committed(asking, *database.writer(), table, mapping_, execution_);
    } catch (const Error& error) {
        throw OutcomeUnknown(failure, fmt::format("whether the rows are in {} is not known: {} ({})", table,
                                                  failure.what(), error.what()));
    }
}

bool CommitRecord::has_committed(const Context& context, TableWriter& writer, const std::string& table,
                                 const std::string& mapping, const std::string& execution) {
    TargetTable known;
    try {
        known = writer.table(context, table);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::NotFound) {
            throw;
        }
        return false;  // it was to be created, with the rows
    }
    const auto name = quote_literal(mapping);
    std::string obstacle;
    if (!open(context, writer, known, obstacle)) {
        return false;
    }
    const auto fence = fence_of(std::chrono::system_clock::now());
    const auto raise = [&] {
        writer.begin(context, Reach::Tables);
        return writer.execute(
                   context, fmt::format("update {} set fence = {} where mapping = {}", known.commits, fence, name)) > 0;
    };
    if (!raise()) {
        try {
            writer.execute(context, fmt::format("insert into {} (mapping, execution, fence) values ({}, '', {})",
                                                known.commits, name, fence));
        } catch (const Refusal&) {
            // Whoever committed just now has made it.
            writer.rollback(context);
            raise();
        }
    }
    const auto rows =
        writer.query(context, fmt::format("select execution from {} where mapping = {}", known.commits, name));
    const bool committed = rows.at(0).at(0) == execution;
    writer.commit(context);
    return committed;
}

}  // namespace rowhaul
