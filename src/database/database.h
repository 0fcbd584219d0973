// SPDX-License-Identifier: Apache-2.0
// A database as a source of rows. One object is one session, made lazily by the first verb, used by
// one thread at a time. Nothing that goes through it changes the database (P2).
#pragma once
#include "data/rows.h"
#include "data/schema.h"
#include "database/table_writer.h"
#include "expression/column_range.h"
#include "expression/condition.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

// What to read: exactly one of `table` ("name" or "schema.name") and `query` (one SELECT).
struct Selection {
    std::string table;
    std::string query;
    std::vector<std::string> columns;  // which, in which order; empty = all. For a table only these are fetched.
    // Rows of a table that do not meet it may be kept back, but none in which it fails; the reader says
    // what was checked. Queries and views are read whole: a condition could be computed before theirs,
    // and fail in rows that they leave out.
    Condition rule = {};
    // Rows outside may be kept back, of queries and views, too: comparing a column with a value cannot
    // fail. The column is among `columns`.
    ColumnRange range = {};
};

struct TableInfo {
    std::string name;                   // as `table:` takes it
    std::string kind;                   // "table", "view", "foreign table", ...
    std::optional<std::uint64_t> rows;  // the database's own estimate
};

class Database {
public:
    virtual ~Database() = default;
    // Connects and logs in, telling context.step each step ("resolve name", "connect", "TLS",
    // "login", "server version"); the same code path as the other verbs.
    virtual void check(const Context&) = 0;
    // Tables and views that the user may read, by name.
    virtual std::vector<TableInfo> tables(const Context&) = 0;
    // The columns of a selection. NotFound for a missing table or column (naming near misses),
    // Invalid for a query that is wrong or is not a plain reading SELECT.
    virtual Schema schema(const Context&, const Selection&) = 0;
    // One consistent snapshot, streamed in bounded memory; the batches are as wide as schema() of
    // the same selection. The reader must be destroyed before the session is used again.
    virtual std::unique_ptr<RowReader> read(const Context&, const Selection&) = 0;
    // How many rows the selection has, where the database knows without counting; for progress.
    virtual std::optional<std::uint64_t> estimate(const Context&, const Selection&) { return {}; }
    // For how long the oldest transaction of others has been open, of those that the user may see; 0 when he
    // sees none. To be asked before read(): whatever its snapshot does not show was open then, or began later.
    virtual std::chrono::microseconds oldest_transaction(const Context&) { return {}; }
    // A session of its own through which tables are written.
    virtual std::unique_ptr<TableWriter> writer() const = 0;
};

}  // namespace rowhaul
