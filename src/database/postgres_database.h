// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL database as a source of rows. Each verb is one read-only transaction with one
// snapshot, and `copy (query) to stdout` streams the rows; postgres_query.h says what keeps the
// source as it is (P2). The session's settings are set in each transaction, so that a connection
// pool between us and the server does no harm.
//
// Texts: money arrives as an exact decimal, timestamps with time zone in the zone of the option
// `timezone`, intervals as PostgreSQL writes them by default ("1 mon 2 days 03:04:05"), arrays,
// ranges, composite and geometric values as PostgreSQL's own text.
#pragma once
#include "database/database.h"
#include "database/postgres_connection.h"
#include "database/postgres_options.h"

#include <memory>
#include <string>
#include <vector>

namespace rowhaul {

class PostgresDatabase final : public Database {
public:
    using Options = PostgresOptions;
    static constexpr std::string_view type = "postgres";
    static constexpr std::string_view title = "PostgreSQL database.";

    explicit PostgresDatabase(PostgresOptions options) : options_(std::move(options)) {}

    void check(const Context&) override;
    std::vector<TableInfo> tables(const Context&) override;
    Schema schema(const Context&, const Selection&) override;
    std::unique_ptr<RowReader> read(const Context&, const Selection&) override;
    std::optional<std::uint64_t> estimate(const Context&, const Selection&) override;
    std::chrono::microseconds oldest_transaction(const Context&) override;
    std::unique_ptr<TableWriter> writer() const override;

    // The full name of a table, as SQL takes it.
    std::string sql_name(const Context&, const std::string& table);

private:
    struct Table;
    struct Plan;

    PostgresConnection& session(const Context&);
    // Runs a verb inside a transaction; whatever it throws, the next verb finds a fresh connection.
    template <class Verb>
    auto in_transaction(const Context&, Verb&& verb);
    void begin(const Context&);
    void start_transaction(const Context&, PostgresConnection&) const;
    Table resolve(const Context&, const std::string& name);
    [[noreturn]] void refuse_table(const Context&, const std::string& name, const std::string& wanted,
                                   const std::string& where);
    Plan plan(const Context&, const Selection&);
    Plan plan_table(const Context&, const Selection&);
    Plan plan_query(const Context&, const Selection&);
    PostgresConnection::Result describe_query(const Context&, const std::string& sql);
    void refuse_harmful_functions(const Context&, const std::vector<std::string>& functions);
    std::vector<std::string> type_names(const Context&, const PGresult* described);

    PostgresOptions options_;
    std::unique_ptr<PostgresConnection> session_;
};

}  // namespace rowhaul
