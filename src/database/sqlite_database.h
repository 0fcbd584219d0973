// SPDX-License-Identifier: Apache-2.0
// A SQLite file as a source of rows.
//
// Never changed (P2): the file is opened read-only, an authorizer lets a query do nothing but read,
// and there is exactly one statement. What SQLite itself may do beside a file in WAL mode when no
// other program has it open: create its empty "-wal" and "-shm" companions; the next writer takes
// them over. In rollback mode a writer has to wait until a read has ended, and the other way round
// (`busy_timeout`).
//
// SQLite's types are per value, not per column. The declared type of a column gives its logical type
// (data/schema.h); a value that is stored as something else is passed on with its own exact text and
// counted in the warning "stored_type_differs". In detail:
//   integers    all 64 bits; 0 and 1 in a BOOLEAN column are false and true
//   reals       shortest text that reads back the same, whole ones without ".0"; in a NUMERIC or
//               DECIMAL column never with an exponent
//   texts       as they are, also with NUL characters or broken UTF-8
//   blobs       lowercase hex; in a BLOB column everything is, as SQLite's own hex() does it
#pragma once
#include "data/rows.h"
#include "database/database.h"
#include "database/sqlite_handle.h"
#include "options/options.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace rowhaul {

struct SqliteOptions {
    std::string path;
    std::chrono::seconds busy_timeout{10};

    static constexpr auto spec = [] {
        return options(option("path", &SqliteOptions::path,
                              "File of the database; it is never created, and changed only as a target.")
                           .required()
                           .example("shop.db"),
                       option("busy_timeout", &SqliteOptions::busy_timeout,
                              "How long to wait while another program holds the file locked.")
                           .advanced());
    }();
};

class SqliteDatabase final : public Database {
public:
    using Options = SqliteOptions;
    static constexpr std::string_view type = "sqlite";
    static constexpr std::string_view title = "SQLite database file.";

    explicit SqliteDatabase(SqliteOptions options) : options_(std::move(options)) {}

    void check(const Context&) override;
    std::vector<TableInfo> tables(const Context&) override;
    Schema schema(const Context&, const Selection&) override;
    std::unique_ptr<RowReader> read(const Context&, const Selection&) override;
    std::optional<std::uint64_t> estimate(const Context&, const Selection&) override;
    std::unique_ptr<TableWriter> writer() const override;

private:
    struct Prepared;
    SqliteHandle& session(const Context&);
    // What `table:` means: the name as the file has it.
    std::string resolve(const std::string& table);
    std::vector<std::string> table_names();
    Prepared prepare(const Selection&);
    SqliteStatement prepare_query(const std::string& sql);
    [[noreturn]] void explain_failure(const Error&, const std::string& sql, int offset);

    SqliteOptions options_;
    std::unique_ptr<SqliteHandle> session_;
};

}  // namespace rowhaul
