// SPDX-License-Identifier: Apache-2.0
#include "database/postgres_database.h"

#include "testing/servers/postgres.h"
#include "testing/suite/database_suite.h"

namespace rowhaul {
namespace {

using testing::Postgres;
using testing::Row;
using testing::rows_of_query;
using testing::rows_of_table;

class PostgresLab {
public:
    PostgresOptions options() const {
        PostgresOptions options;
        options.host = Postgres::shared().socket_folder();
        options.port = Postgres::shared().port();
        options.database = database_;
        options.user = "owner";
        return options;
    }
    std::unique_ptr<Database> open() const { return std::make_unique<PostgresDatabase>(options()); }
    void execute(const std::string& sql) { Postgres::shared().execute(sql, database_); }
    std::string value(const std::string& sql) { return Postgres::shared().execute(sql, database_); }
    static std::string literal(std::string_view text) { return testing::doubled_quotes(text); }
    static std::string quoted(std::string_view name) { return testing::doubled_quotes(name, '"'); }
    static std::string repeated(char c, std::size_t count) {
        return std::string("repeat('") + c + "', " + std::to_string(count) + ")";
    }
    static std::string analyze(std::string_view table) { return "analyze " + std::string(table); }
    static std::string failing() { return "1 / (n - n)"; }
    static constexpr std::string_view long_text = "text";
    static constexpr bool has_decimals = true;
    static std::vector<std::string> writing_queries() {
        return {
            "copy kept to stdout",
            "copy kept to program 'true'",
            "copy (select 1) to '/tmp/rowhaul-must-not-exist'",
            "select 1) to program 'touch /tmp/rowhaul-must-not-exist' --",
            "select 1) to stdout; drop table kept; --",
            "select 1\n) to program 'true' --",
            "do $$ begin delete from kept; end $$",
            "call something()",
            "select * into made from kept",
            "select 1 as a into made",
            "with w as (delete from kept returning id) select * from w",
            "with w as materialized (insert into kept values (9, 'x') returning id) select * from w",
            "explain analyze delete from kept",
            "explain select 1",
            "show all",
            "set default_transaction_read_only = off",
            "execute something",
            "fetch all from something",
            "select * from kept for update",
            "select * from kept for share",
            "select nextval('s')",
            "select setval('s', 7)",
            "select lo_create(4711)",
            "select lo_unlink(4711)",
            "select pg_catalog.lo_export(4711, '/tmp/rowhaul-must-not-exist')",
            "select \"lo_from_bytea\" (0, 'x')",
            "select /* x */ lo_from_bytea /* ( */ -- (\n (0, 'x')",
            "select U&\"lo\\005ffrom_bytea\"(0, 'x')",
            "select E'a'\n'\\' ' , lo_create(5) , ' '",
            "select pg_terminate_backend(1)",
            "select pg_notify('a', 'b')",
            "select pg_advisory_lock(1)",
            "select set_config('transaction_read_only', 'off', true)",
            "select query_to_xml('select lo_create(5)', true, true, '')",
            "select pg_reload_conf()",
            "select * from ts_stat('select lo_create(5)')",
            "truncate kept",
            "lock table kept",
            "notify a",
            "listen a",
            "prepare p as select 1",
            "declare c cursor for select 1",
            "select $1",
            "select",
            "select from kept",
            "grant select on kept to public",
            "vacuum kept",
            "merge into kept using kept k on false when matched then delete",
        };
    }

private:
    std::string database_ = Postgres::shared().make_database();
};

class PostgresDatabaseTest : public ::testing::Test {
protected:
    template <class Action>
    static Error thrown_by(Action&& action) {
        try {
            action();
        } catch (const Error& error) {
            return error;
        }
        ADD_FAILURE() << "nothing was thrown";
        return {ErrorKind::Internal, "nothing was thrown"};
    }

    PostgresLab lab_;
    std::unique_ptr<Database> database_ = lab_.open();
    Context context_;
};

}  // namespace

namespace testing {
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, DatabaseSuite, PostgresLab);
}
}  // namespace rowhaul
