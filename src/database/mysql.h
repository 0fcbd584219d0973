// SPDX-License-Identifier: Apache-2.0
// MySQL and MariaDB as a source of rows. Tested with MariaDB; speaks MySQL's protocol.
#pragma once
#include "database/database.h"
#include "database/mysql_options.h"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rowhaul {

class MysqlConnection;
class MysqlError;
struct MysqlColumnFacts;
struct TableName;

// What the types of the server become: BIT and YEAR are integers, BOOLEAN (which is TINYINT) too;
// TIMESTAMP is an instant and arrives in UTC with +00:00, DATETIME and NOW() have no zone; columns
// of the character set "binary" and GEOMETRY (SRID and WKB) are bytes, every other text is UTF-8
// whatever the column's character set.
//
// Reading is kept harmless by four means: a read-only session, a read-only transaction, a prepared
// statement (which cannot hold two), and check_reading() (mysql_query.h). What a view or a stored
// function does beyond rows, such as waiting for a lock, is its owner's decision.
class MysqlDatabase final : public Database {
public:
    using Options = MysqlOptions;
    static constexpr std::string_view type = "mysql";
    static constexpr std::string_view title = "MySQL or MariaDB database.";
    static constexpr std::array<std::string_view, 1> aliases{"mariadb"};

    explicit MysqlDatabase(MysqlOptions);
    ~MysqlDatabase() override;

    void check(const Context&) override;
    std::vector<TableInfo> tables(const Context&) override;
    Schema schema(const Context&, const Selection&) override;
    std::unique_ptr<RowReader> read(const Context&, const Selection&) override;
    std::optional<std::uint64_t> estimate(const Context&, const Selection&) override;
    std::chrono::microseconds oldest_transaction(const Context&) override;
    std::unique_ptr<TableWriter> writer() const override;

    // The database and name that `table:` means.
    std::pair<std::string, std::string> full_name(const Context&, const std::string& table);

private:
    class Reader;
    struct Prepared;

    MysqlConnection& session(const Context&);
    TableName table_name(std::string_view text) const;
    Prepared prepare(const Context&, const Selection&);
    Prepared prepare_table(const Context&, const Selection&);
    // By column; none when the table is a view or cannot be told from another one.
    std::map<std::string, MysqlColumnFacts> stored_columns(const Context&, const TableName&);
    Prepared prepare_query(const Context&, const Selection&);
    void prepare_limited(const Context&, const std::string& query, const std::string& range);
    // Throws what a failed statement means to the person who named the table, columns or query.
    [[noreturn]] void explain_table(const Context&, const Selection&, const TableName&, const MysqlError&);
    [[noreturn]] void explain_query(const Context&, const std::string& query, const MysqlError&);
    std::vector<std::string> names_near(const Context&, const TableName&);

    MysqlOptions options_;
    std::unique_ptr<MysqlConnection> connection_;
};

}  // namespace rowhaul
