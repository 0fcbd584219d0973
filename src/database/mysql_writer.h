// SPDX-License-Identifier: Apache-2.0
// A MySQL or MariaDB database as a target. Rows arrive by `load data local` from memory, or by inserts
// of many rows where the server does not allow that. The server's silent repairs (a long text cut, a
// duplicate dropped, an "x" stored as 0) are refusals here: it must have taken every row without a
// warning.
#pragma once
#include "database/mysql.h"
#include "database/table_writer.h"

#include <memory>
#include <string>
#include <vector>

namespace rowhaul {

class MysqlWriter final : public TableWriter {
public:
    explicit MysqlWriter(MysqlOptions options);
    ~MysqlWriter() override;

    const Dialect& dialect() const override;
    // Invalid for a table whose engine cannot roll back.
    TargetTable table(const Context&, const std::string& name) override;
    TargetTable missing_table(const Context&, const std::string& name) override;
    void begin(const Context&, Reach) override;
    void commit(const Context&) override;
    void rollback(const Context&) override;
    std::uint64_t execute(const Context&, const std::string& sql) override;
    TableRows query(const Context&, const std::string& sql) override;
    std::unique_ptr<RowLoader> load(const Context&, const std::string& into, const Schema& columns, Rejects) override;

private:
    MysqlConnection& session(const Context&);

    MysqlOptions options_;
    MysqlDatabase looks_;  // at tables, in a session of its own
    std::unique_ptr<MysqlConnection> session_;
};

}  // namespace rowhaul
