// SPDX-License-Identifier: Apache-2.0
// A SQLite file as a target. From begin() on nobody else can write to it; readers go on where the
// file is in WAL mode. Foreign keys are enforced. What a column takes for a number is stored as one;
// numbers with more digits than SQLite's own arithmetic has stay as they are.
#pragma once
#include "database/sqlite_database.h"
#include "database/table_writer.h"

#include <memory>
#include <string>
#include <vector>

namespace rowhaul {

class SqliteWriter final : public TableWriter {
public:
    explicit SqliteWriter(SqliteOptions options) : options_(std::move(options)) {}

    const Dialect& dialect() const override;
    TargetTable table(const Context&, const std::string& name) override;
    TargetTable missing_table(const Context&, const std::string& name) override;
    void begin(const Context&, Reach) override;
    void commit(const Context&) override;
    void rollback(const Context&) override;
    std::uint64_t execute(const Context&, const std::string& sql) override;
    TableRows query(const Context&, const std::string& sql) override;
    std::unique_ptr<RowLoader> load(const Context&, const std::string& into, const Schema& columns, Rejects) override;

private:
    SqliteHandle& session(const Context&);

    SqliteOptions options_;
    std::unique_ptr<SqliteHandle> session_;
    std::unique_ptr<SqliteTransaction> transaction_;
};

}  // namespace rowhaul
