// SPDX-License-Identifier: Apache-2.0
// Rows on their way into a table of each database, for tests of whole flows.
#pragma once
#include "company.h"
#include "database/mysql.h"
#include "database/postgres_database.h"
#include "database/sqlite_database.h"
#include "database/sqlite_handle.h"
#include "testing/servers/maria_db.h"
#include "testing/servers/postgres.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>

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
};

class SqlitePlace final : public Place {
public:
    explicit SqlitePlace(const Company& company)
        : path_(company / "erp.db"), handle_(std::make_unique<SqliteHandle>(path_, SqliteAccess::Create)) {
        handle_->execute("pragma journal_mode = wal");
    }
    std::string connection() const override { return fmt::format("  erp: {{ type: sqlite, path: {} }}\n", path_); }
    void sql(const std::string& statements) override { handle_->execute(statements); }
    std::unique_ptr<Database> database() const override {
        SqliteOptions options;
        options.path = path_;
        return std::make_unique<SqliteDatabase>(options);
    }
    std::string rows(const std::string& query) override {
        auto statement = handle_->prepare(query);
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
    std::string path_;
    std::unique_ptr<SqliteHandle> handle_;
};

class PostgresPlace final : public Place {
public:
    PostgresPlace() : database_(Postgres::shared().make_database()) {}
    std::string connection() const override {
        const auto& server = Postgres::shared();
        return fmt::format("  erp: {{ type: postgres, host: {}, port: {}, database: {}, user: owner }}\n",
                           server.socket_folder(), server.port(), database_);
    }
    void sql(const std::string& statements) override { Postgres::shared().execute(statements, database_); }
    std::unique_ptr<Database> database() const override {
        const auto& server = Postgres::shared();
        PostgresOptions options;
        options.host = server.socket_folder();
        options.port = server.port();
        options.database = database_;
        options.user = "owner";
        return std::make_unique<PostgresDatabase>(options);
    }
    std::string rows(const std::string& query) override {
        return Postgres::shared().execute(
            fmt::format("select string_agg((select string_agg(coalesce(v.value, 'NULL'), '|' order by v.place) from "
                        "json_each_text(row_to_json(r)) with ordinality as v(key, value, place)), ';') from ({}) r",
                        query),
            database_);
    }

private:
    std::string database_;
};

enum class LocalInfile : std::uint8_t { Allowed, Forbidden };

class MariaDbPlace final : public Place {
public:
    explicit MariaDbPlace(LocalInfile local_infile) : server_(server(local_infile)) {
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

private:
    static MariaDb& server(LocalInfile local_infile) {
        static MariaDb with({.arguments = {"--local-infile=1"}});
        static MariaDb without({.arguments = {"--local-infile=0"}});
        return local_infile == LocalInfile::Allowed ? with : without;
    }

    MariaDb& server_;
};

// Each test runs on each database; in it lies the table customers.
class TableFlow : public ::testing::TestWithParam<std::string_view> {
protected:
    TableFlow() {
        if (GetParam() == "sqlite") {
            place_ = std::make_unique<SqlitePlace>(company_);
        } else if (GetParam() == "postgres") {
            place_ = std::make_unique<PostgresPlace>();
        } else {
            place_ =
                std::make_unique<MariaDbPlace>(GetParam() == "mariadb" ? LocalInfile::Allowed : LocalInfile::Forbidden);
        }
        sql("create table customers (id int primary key, name varchar(20) not null, amount decimal(10,2), "
            "check (amount >= 0))");
    }

    void sql(const std::string& statements) { place_->sql(statements); }
    std::string rows() { return place_->rows("select id, name, amount from customers order by id"); }
    // `mapping` is what stands beside source and target.
    void configure(std::string_view mapping = "key: [id]") const {
        company_.configure(fmt::format("mappings:\n"
                                       "  customers:\n"
                                       "    source: {{ connection: files, file: customers.csv, settle: {{ age: 0s }}, "
                                       "again: true }}\n"
                                       "    target: {{ connection: erp, table: customers }}\n"
                                       "    {}\n",
                                       mapping),
                           place_->connection() + "  files: { type: local, folder: . }\n");
    }
    void given(std::string_view csv) const { write_file(company_ / "customers.csv", csv); }
    // The counts of a run that is tried before; both must be the same, and trying must change nothing.
    std::string run(int status = 0) {
        const auto before = rows();
        const auto tried = counts(company_.rowhaul({"test", "customers", "--output", "json"}), status);
        EXPECT_EQ(rows(), before);
        const auto done = counts(company_.rowhaul({"run", "customers", "--output", "json"}), status);
        EXPECT_EQ(done, tried);
        return done;
    }
    static std::string counts(const Outcome& outcome, int status) {
        EXPECT_EQ(outcome.status, status) << outcome.output << outcome.errors;
        std::string out;
        const auto waybill = boost::json::parse(outcome.output);
        for (const auto& [name, value] : waybill.at("rows").as_object()) {
            if (value.to_number<int>() != 0) {
                out += fmt::format("{}{} {}", out.empty() ? "" : ", ", value.to_number<int>(), std::string(name));
            }
        }
        return out;
    }

    const Company company_;
    std::unique_ptr<Place> place_;
};

inline auto all_places() {
    return ::testing::Values("sqlite", "postgres", "mariadb", "mariadb_without_load");
}
inline std::string place_name(const ::testing::TestParamInfo<std::string_view>& tested) {
    return std::string(tested.param);
}

}  // namespace rowhaul::testing
