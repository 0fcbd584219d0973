// SPDX-License-Identifier: Apache-2.0
// A database of each product for a test of rows into and out of tables.
#pragma once
#include "database/mysql.h"
#include "database/postgres_database.h"
#include "database/sqlite_database.h"
#include "database/sqlite_handle.h"
#include "testing/servers/maria_db.h"
#include "testing/servers/postgres.h"

#include <fmt/format.h>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace rowhaul::testing {

// A database of some product, for one test.
class Place {
public:
    virtual ~Place() = default;
    // The connection "erp".
    virtual std::string connection() const = 0;
    virtual void sql(const std::string& statements) = 0;
    // As somebody else reaches it.
    virtual std::unique_ptr<Database> database() const = 0;
    // Rows as "a|b;c|d", NULL as "NULL".
    virtual std::string rows(const std::string& query) = 0;
    // Whether one session waits for a lock of another one. Nobody can tell of SQLite: there it is true.
    virtual bool somebody_waits() { return true; }
};

class SqlitePlace final : public Place {
public:
    explicit SqlitePlace(std::string path) : path_(std::move(path)) { sql("pragma journal_mode = wal"); }
    std::string connection() const override { return fmt::format("  erp: {{ type: sqlite, path: {} }}\n", path_); }
    void sql(const std::string& statements) override { SqliteHandle(path_, SqliteAccess::Create).execute(statements); }
    std::unique_ptr<Database> database() const override {
        SqliteOptions options;
        options.path = path_;
        return std::make_unique<SqliteDatabase>(options);
    }
    std::string rows(const std::string& query) override {
        SqliteHandle handle(path_, SqliteAccess::ReadWrite);
        auto statement = handle.prepare(query);
        std::string out;
        while (statement.step()) {
            out += out.empty() ? "" : ";";
            for (int column = 0; column < statement.columns(); ++column) {
                out += (column == 0 ? "" : "|") + statement.optional_text(column).value_or("NULL");
            }
        }
        return out;
    }

private:
    std::string path_;  // no handle on it: processes that were forked may not share one
};

class PostgresPlace final : public Place {
public:
    explicit PostgresPlace(Postgres& server = Postgres::shared())
        : server_(server), database_(server.make_database()) {}
    std::string connection() const override {
        return fmt::format("  erp: {{ type: postgres, host: {}, port: {}, database: {}, user: owner }}\n",
                           server_.socket_folder(), server_.port(), database_);
    }
    void sql(const std::string& statements) override { server_.execute(statements, database_); }
    std::unique_ptr<Database> database() const override {
        PostgresOptions options;
        options.host = server_.socket_folder();
        options.port = server_.port();
        options.database = database_;
        options.user = "owner";
        return std::make_unique<PostgresDatabase>(options);
    }
    std::string rows(const std::string& query) override {
        return server_.execute(
            fmt::format("select string_agg((select string_agg(coalesce(v.value, 'NULL'), '|' order by v.place) from "
                        "json_each_text(row_to_json(r)) with ordinality as v(key, value, place)), ';') from ({}) r",
                        query),
            database_);
    }

    bool somebody_waits() override { return rows("select count(*) from pg_locks where not granted") == "1"; }

private:
    Postgres& server_;
    std::string database_;
};

enum class LocalInfile : std::uint8_t { Allowed, Forbidden };

class MariaDbPlace final : public Place {
public:
    explicit MariaDbPlace(LocalInfile local_infile) : MariaDbPlace(server(local_infile)) {}
    explicit MariaDbPlace(MariaDb& server) : server_(server) {
        server_.exec("drop database if exists erp; create database erp");
    }
    std::string connection() const override {
        return fmt::format("  erp: {{ type: mariadb, socket: {}, database: erp, user: root }}\n", server_.socket());
    }
    void sql(const std::string& statements) override { server_.exec("use erp; " + statements); }
    std::unique_ptr<Database> database() const override {
        MysqlOptions options;
        options.socket = server_.socket();
        options.database = "erp";
        options.user = "root";
        return std::make_unique<MysqlDatabase>(options);
    }
    std::string rows(const std::string& query) override {
        auto printed = server_.exec("use erp; " + query);
        while (printed.ends_with('\n')) {
            printed.pop_back();
        }
        for (char& c : printed) {
            c = c == '\t' ? '|' : c == '\n' ? ';' : c;
        }
        return printed;
    }

    // Unlike information_schema.innodb_trx, this is never out of date, however often it is asked.
    bool somebody_waits() override {
        return rows(
                   "select variable_value from information_schema.global_status where variable_name = "
                   "'INNODB_ROW_LOCK_CURRENT_WAITS'") == "1";
    }

private:
    static MariaDb& server(LocalInfile local_infile) {
        static MariaDb with({.arguments = {"--local-infile=1"}});
        static MariaDb without({.arguments = {"--local-infile=0"}});
        return local_infile == LocalInfile::Allowed ? with : without;
    }

    MariaDb& server_;
};

// "sqlite", in this file; "postgres", "mariadb", "mariadb_without_load".
inline std::unique_ptr<Place> make_place(std::string_view name, const std::string& file) {
    if (name == "sqlite") {
        return std::make_unique<SqlitePlace>(file);
    }
    if (name == "postgres") {
        return std::make_unique<PostgresPlace>();
    }
    return std::make_unique<MariaDbPlace>(name == "mariadb" ? LocalInfile::Allowed : LocalInfile::Forbidden);
}

}  // namespace rowhaul::testing
