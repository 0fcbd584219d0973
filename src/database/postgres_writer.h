// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL database as a target: rows arrive by `copy ... from stdin` in one transaction.
// Constraints that are deferrable are checked at once. Never cut short: a text that does not fit is
// refused by the server.
#pragma once
#include "database/postgres_database.h"
#include "database/table_writer.h"

#include <memory>
#include <string>
#include <vector>

namespace rowhaul {

class PostgresWriter final : public TableWriter {
public:
    explicit PostgresWriter(PostgresOptions options) : options_(std::move(options)), looks_(options_) {}

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
    PostgresConnection& session(const Context&);

    PostgresOptions options_;
    PostgresDatabase looks_;  // at tables, in a session of its own
    std::unique_ptr<PostgresConnection> session_;
};

}  // namespace rowhaul
