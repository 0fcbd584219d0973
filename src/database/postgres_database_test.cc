// SPDX-License-Identifier: Apache-2.0
#include "database/postgres_database.h"

#include "testing/servers/postgres.h"
#include "testing/suite/database_suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

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

    Row only_row(const std::string& query) {
        const auto rows = rows_of_query(*database_, query);
        EXPECT_EQ(rows.size(), 1U) << query;
        return rows.empty() ? Row{} : rows.front();
    }
    // Over TCP, with a password, as somebody who may only read.
    PostgresOptions reader_options() {
        lab_.execute(
            "do $$ begin create role reader login password 'reader-password'; exception when others then null; end $$");
        auto options = lab_.options();
        options.host = "localhost";
        options.user = "reader";
        options.password.value = "reader-password";
        return options;
    }

    PostgresLab lab_;
    std::unique_ptr<Database> database_ = lab_.open();
    Context context_;
};

TEST_F(PostgresDatabaseTest, EveryTypeArrivesAsCanonicalText) {
    struct Case {
        std::string expression;
        std::optional<std::string> text;
        Type type = Type::Text;
    };
    const std::vector<Case> cases = {
        {"true", "true", Type::Boolean},
        {"false", "false", Type::Boolean},
        {"null::boolean", std::nullopt, Type::Boolean},
        {"'-32768'::int2", "-32768", Type::Integer},
        {"9223372036854775807", "9223372036854775807", Type::Integer},
        {"4294967295::oid", "4294967295", Type::Integer},
        {"123456789012345678901234567890.000000000000000000001", "123456789012345678901234567890.000000000000000000001",
         Type::Decimal},
        {"1.50::numeric(10, 4)", "1.5000", Type::Decimal},
        {"'NaN'::numeric", "NaN", Type::Decimal},
        {"'-Infinity'::numeric", "-Infinity", Type::Decimal},
        {"1234567::numeric(3, -5)", "1200000", Type::Decimal},
        {"0.1::float8 + 0.2::float8", "0.30000000000000004", Type::Float},
        {"16777216::float4", "1.6777216e+07", Type::Float},
        {"'-Infinity'::float8", "-Infinity", Type::Float},
        {"'NaN'::float4", "NaN", Type::Float},
        {"3::float8", "3", Type::Float},
        {"'-1234.56'::money", "-1234.56", Type::Decimal},
        {"date '2026-02-28'", "2026-02-28", Type::Date},
        {"date 'infinity'", "infinity", Type::Date},
        {"date '0044-03-15 BC'", "0044-03-15 BC", Type::Date},
        {"date '294276-12-31'", "294276-12-31", Type::Date},
        {"time '23:59:59.123456'", "23:59:59.123456", Type::Time},
        {"time '24:00:00'", "24:00:00", Type::Time},
        {"timetz '10:00:00+02'", "10:00:00+02"},
        {"timestamp '2026-11-22 10:00:00.5'", "2026-11-22 10:00:00.5", Type::Timestamp},
        {"timestamp '-infinity'", "-infinity", Type::Timestamp},
        {"timestamptz '2026-11-22 10:00:00+01'", "2026-11-22 09:00:00+00:00", Type::TimestampZoned},
        {"timestamptz '2026-11-22 10:00:00.000001+00'", "2026-11-22 10:00:00.000001+00:00", Type::TimestampZoned},
        {"timestamptz '0044-03-15 10:00:00+00 BC'", "0044-03-15 10:00:00+00:00 BC", Type::TimestampZoned},
        {"timestamptz 'infinity'", "infinity", Type::TimestampZoned},
        {"interval '1 year 2 months 3 days 04:05:06.7'", "1 year 2 mons 3 days 04:05:06.7"},
        {"interval '-1 day'", "-1 days"},
        {"'7f0c1ba0-64a8-4c0e-9a86-4d2c6c6c7b13'::uuid", "7f0c1ba0-64a8-4c0e-9a86-4d2c6c6c7b13"},
        {"'{\"a\":  1}'::json", "{\"a\":  1}", Type::Json},
        {"'{\"a\\n\":  [1, null]}'::jsonb", "{\"a\\n\": [1, null]}", Type::Json},
        {"'\\x00ff5c09'::bytea", "00ff5c09", Type::Bytes},
        {"''::bytea", "", Type::Bytes},
        {"array['a', null, 'b c', '\"', '\\']", "{a,NULL,\"b c\",\"\\\"\",\"\\\\\"}"},
        {"array[[1, 2], [3, 4]]", "{{1,2},{3,4}}"},
        {"int4range(1, 10)", "[1,10)"},
        {"'{[1,3), [5,7)}'::int4multirange", "{[1,3),[5,7)}"},
        {"B'1010'", "1010"},
        {"B'101'::varbit", "101"},
        {"inet '192.168.0.1/24'", "192.168.0.1/24"},
        {"macaddr '08:00:2b:01:02:03'", "08:00:2b:01:02:03"},
        {"point(1.5, -2)", "(1.5,-2)"},
        {"row(1, 'a b', null)", "(1,\"a b\",)"},
        {"xmlelement(name a, 'b')", "<a>b</a>"},
        {"'a fat cat'::tsvector", "'a' 'cat' 'fat'"},
        {"'ab'::char(4)", "ab  "},
        {"'x'::\"char\"", "x"},
        {"'pg_class'::regclass", "pg_class"},
        {"''", ""},
        {"null", std::nullopt},
    };
    for (const auto& [expression, text, type] : cases) {
        const auto query = "select " + expression + " as x";
        EXPECT_EQ(only_row(query), Row{text}) << expression;
        const auto schema = database_->schema(context_, {.table = {}, .query = query, .columns = {}});
        EXPECT_EQ(name_of(schema.front().type), name_of(type)) << expression;
    }
}

TEST_F(PostgresDatabaseTest, ColumnsOfATableAreDescribed) {
    lab_.execute(
        "create type mood as enum ('sad', 'glad'); create domain price as numeric(12, 2) not null;"
        "create table t (id bigint primary key, name varchar(40) not null, code char(3), cost price, feeling mood, "
        "wage money, double_ int generated always as (id * 2) stored)");
    lab_.execute("insert into t values (7, 'Anna', 'a', 12.5, 'glad', 1234.5)");
    const auto schema = database_->schema(context_, {.table = "t", .query = {}, .columns = {}});
    ASSERT_EQ(schema.size(), 7U);
    EXPECT_EQ(schema[0].source_type, "bigint");
    EXPECT_FALSE(schema[0].nullable);
    EXPECT_EQ(schema[1].source_type, "character varying(40)");
    EXPECT_EQ(schema[1].length, 40);
    EXPECT_EQ(schema[3].type, Type::Decimal);
    EXPECT_EQ(schema[3].source_type, "price");
    EXPECT_EQ(schema[3].precision, 12);
    EXPECT_EQ(schema[3].scale, 2);
    EXPECT_EQ(schema[4].source_type, "mood");
    EXPECT_EQ(rows_of_table(*database_, "t"),
              (std::vector<Row>{{"7", "Anna", "a  ", "12.50", "glad", "1234.50", "14"}}));
    EXPECT_EQ(rows_of_table(*database_, "t", {"cost", "wage", "id"}), (std::vector<Row>{{"12.50", "1234.50", "7"}}));
    EXPECT_EQ(rows_of_table(*database_, "t", {"cost", "name"}), (std::vector<Row>{{"12.50", "Anna"}}));
}

TEST_F(PostgresDatabaseTest, TextsWithBackslashesGoToSeveralColumns) {
    lab_.execute("create table t (a text)");
    lab_.execute("insert into t values (E'back\\\\slash\\ttab\\nline')");
    const std::string text = "back\\slash\ttab\nline";
    EXPECT_EQ(rows_of_table(*database_, "t", {"a", "a"}), (std::vector<Row>{{text, text}}));
}

TEST_F(PostgresDatabaseTest, TablesOfEveryKindAreFoundByEveryName) {
    lab_.execute(
        "create schema sales; create table sales.orders (id int); insert into sales.orders values (1);"
        "create table \"Mixed.Case\" (id int); insert into \"Mixed.Case\" values (2);"
        "create table plain (id int); insert into plain values (3);"
        "create table child () inherits (plain); insert into child values (4);"
        "create table parted (id int) partition by range (id);"
        "create table parted_1 partition of parted for values from (0) to (10);"
        "insert into parted values (5);"
        "create materialized view stored as select 6 as id; create view shown as select 7 as id;");
    const auto ids_of = [&](const std::string& table) {
        std::string ids;
        for (const auto& row : rows_of_table(*database_, table)) {
            ids += row.front().value_or("null");
        }
        return ids;
    };
    EXPECT_EQ(ids_of("sales.orders"), "1");
    EXPECT_EQ(ids_of("Sales.Orders"), "1");
    EXPECT_EQ(ids_of("\"sales\".\"orders\""), "1");
    EXPECT_EQ(ids_of("\"Mixed.Case\""), "2");
    EXPECT_EQ(ids_of("Mixed.Case"), "2");
    EXPECT_EQ(ids_of("public.\"Mixed.Case\""), "2");
    EXPECT_EQ(ids_of("plain"), "34");
    EXPECT_EQ(ids_of("PLAIN"), "34");
    EXPECT_EQ(ids_of("parted"), "5");
    EXPECT_EQ(ids_of("stored"), "6");
    EXPECT_EQ(ids_of("shown"), "7");
    EXPECT_EQ(ids_of("pg_catalog.pg_am"), ids_of("pg_am"));
    EXPECT_THAT(thrown_by([&] { ids_of("orders"); }).what(), ::testing::HasSubstr("did you mean \"sales.orders\"?"));
    EXPECT_EQ(thrown_by([&] { ids_of("\"PLAIN\""); }).kind(), ErrorKind::NotFound);
    std::vector<std::string> listed;
    for (const auto& info : database_->tables(context_)) {
        listed.push_back(info.name + ": " + info.kind);
    }
    EXPECT_THAT(listed, ::testing::ElementsAre("\"Mixed.Case\": table", "child: table", "parted: partitioned table",
                                               "parted_1: partition", "plain: table", "shown: view",
                                               "stored: materialized view", "sales.orders: table"));
}

TEST_F(PostgresDatabaseTest, TheZoneOfTimestampsCanBeChosen) {
    auto options = lab_.options();
    options.timezone = "Asia/Kolkata";
    PostgresDatabase india(options);
    EXPECT_EQ(rows_of_query(india, "select timestamptz '2026-11-22 10:00:00Z' as x"),
              (std::vector<Row>{{"2026-11-22 15:30:00+05:30"}}));
    options.timezone = "Europe/Zurich";
    PostgresDatabase zurich(options);
    EXPECT_EQ(rows_of_query(zurich, "select timestamptz '2026-07-22 10:00:00Z' as x"),
              (std::vector<Row>{{"2026-07-22 12:00:00+02:00"}}));
    options.timezone = "Mars/Olympus";
    PostgresDatabase mars(options);
    const auto error = thrown_by([&] { rows_of_query(mars, "select 1 as x"); });
    EXPECT_EQ(error.kind(), ErrorKind::Invalid);
    EXPECT_THAT(error.advice(), ::testing::HasSubstr("timezone"));
}

TEST_F(PostgresDatabaseTest, AQueryIsPointedAtWhereItIsWrong) {
    const auto error = thrown_by([&] { rows_of_query(*database_, "select 'ü' as a,\n  nothing_such"); });
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("; line 2, column 3\n    nothing_such\n    ^"));
    const auto syntax = thrown_by([&] { rows_of_query(*database_, "select 1 as a fro t"); });
    EXPECT_EQ(syntax.kind(), ErrorKind::Invalid);
    EXPECT_THAT(syntax.what(), ::testing::HasSubstr("line 1, column 15\n  select 1 as a fro t\n                ^"));
}

TEST_F(PostgresDatabaseTest, FunctionsThatOnlyComputeMayBeCalled) {
    lab_.execute("create function twice(n int) returns int language plpgsql as 'begin return 2 * n; end'");
    for (const auto* query :
         {"select twice(4) as a", "select upper('a') || lower('B')", "select random() < 2 as a",
          "select count(*) from generate_series(1, 10) as g(n) where n in (1, 2)", "select now() - now() as a",
          "select gen_random_uuid() is null as a", "(select 1 as a)", "table pg_am", "values (1), (2)",
          "select * from pg_class tablesample system (10) limit 1", "select $$ lo_create(1) $$ as a",
          "select substring('abc' from 1 for 2) as a", "select \"into\" from (select 1 as \"into\") as t",
          "select xmlforest(1 as a)::text", "select E'\\'; lo_create(1); --' as a"}) {
        EXPECT_NO_THROW(rows_of_query(*database_, query)) << query;
    }
}

TEST_F(PostgresDatabaseTest, AFunctionThatWritesIsStoppedByTheTransaction) {
    lab_.execute("create table kept (id int)");
    lab_.execute("create function sneak() returns int language sql as 'insert into kept values (1) returning id'");
    EXPECT_EQ(thrown_by([&] { rows_of_query(*database_, "select sneak() as a"); }).kind(), ErrorKind::Invalid);
    EXPECT_EQ(lab_.value("select count(*) from kept"), "0");
}

TEST_F(PostgresDatabaseTest, LogsInOverTcpWithAPassword) {
    std::vector<std::string> steps;
    context_.step = [&](std::string_view step, std::string_view) { steps.emplace_back(step); };
    PostgresDatabase database(reader_options());
    database.check(context_);
    EXPECT_THAT(steps, ::testing::ElementsAre("resolve name", "connect", "login", "server version", "read"));
}

TEST_F(PostgresDatabaseTest, TheOldestTransactionIsToldToWhoeverMaySeeIt) {
    constexpr std::chrono::microseconds none{};
    EXPECT_EQ(database_->oldest_transaction(context_), none);
    PostgresConnection slow(context_, lab_.options());
    slow.run(context_, "begin");
    const auto told = slow.query(context_, "select (extract(epoch from clock_timestamp() - now()) * 1000000)::int8");
    const std::chrono::microseconds open_for(std::stoll(PQgetvalue(told.get(), 0, 0)));
    EXPECT_GT(database_->oldest_transaction(context_), open_for);
    PostgresDatabase reader(reader_options());
    EXPECT_EQ(reader.oldest_transaction(context_), none);
    lab_.execute("grant pg_read_all_stats to reader");
    EXPECT_GT(reader.oldest_transaction(context_), open_for);
    lab_.execute("revoke pg_read_all_stats from reader");
    slow.run(context_, "commit");
    EXPECT_EQ(database_->oldest_transaction(context_), none);
}

TEST_F(PostgresDatabaseTest, WhoeverMayNotAskForTransactionsReadsAllTheSame) {
    lab_.execute("create table t (id int); insert into t values (1); grant select on t to public");
    lab_.execute("revoke select on pg_catalog.pg_stat_activity from public");
    PostgresDatabase reader(reader_options());
    EXPECT_EQ(reader.oldest_transaction(context_), std::chrono::microseconds(0));
    EXPECT_EQ(reader.schema(context_, {.table = "t"}).size(), 1U);
}

TEST_F(PostgresDatabaseTest, ASuperuserIsWarnedAbout) {
    std::string log;
    context_.log = [&](Level level, std::string_view text) { log += level == Level::Warning ? text : ""; };
    database_->check(context_);
    EXPECT_THAT(log, ::testing::HasSubstr("superuser"));
}

TEST_F(PostgresDatabaseTest, WhoMayNotIsDeniedAndNoPasswordIsTold) {
    auto options = reader_options();
    options.password.value = "wrong-secret";
    PostgresDatabase wrong(options);
    auto error = thrown_by([&] { wrong.check(context_); });
    EXPECT_EQ(error.kind(), ErrorKind::Denied) << error.what();
    EXPECT_THAT(error.what(), ::testing::HasSubstr("password authentication failed for user \"reader\""));
    EXPECT_THAT(error.what(), ::testing::Not(::testing::HasSubstr("wrong-secret")));
    EXPECT_THAT(error.advice(), ::testing::HasSubstr("'password'"));

    options.password.value.clear();
    PostgresDatabase none(options);
    EXPECT_EQ(thrown_by([&] { none.check(context_); }).kind(), ErrorKind::Denied);

    options = lab_.options();
    options.user = "nobody_such";
    PostgresDatabase nobody(options);
    EXPECT_EQ(thrown_by([&] { nobody.check(context_); }).kind(), ErrorKind::Denied);

    options = reader_options();
    options.database = "missing_database";
    PostgresDatabase missing(options);
    error = thrown_by([&] { missing.check(context_); });
    EXPECT_EQ(error.kind(), ErrorKind::NotFound) << error.what();
    EXPECT_THAT(error.what(), ::testing::HasSubstr("missing_database"));

    lab_.execute("create table secret (id int)");
    PostgresDatabase reader(reader_options());
    error = thrown_by([&] { rows_of_table(reader, "secret"); });
    EXPECT_EQ(error.kind(), ErrorKind::Denied) << error.what();
    EXPECT_THAT(error.what(), ::testing::HasSubstr("secret"));
    EXPECT_THAT(error.advice(), ::testing::HasSubstr("GRANT SELECT"));
}

TEST_F(PostgresDatabaseTest, AServerThatIsNotThereIsUnavailable) {
    auto options = reader_options();
    options.port = testing::free_port();
    PostgresDatabase tcp(options);
    EXPECT_EQ(thrown_by([&] { tcp.check(context_); }).kind(), ErrorKind::Unavailable);
    options.host = "/nonexistent/folder";
    PostgresDatabase socket(options);
    EXPECT_EQ(thrown_by([&] { socket.check(context_); }).kind(), ErrorKind::Unavailable);
}

TEST_F(PostgresDatabaseTest, CheckTellsEachStep) {
    auto options = reader_options();
    options.tls = TlsUse::Always;
    options.ca_file = Postgres::shared().authority().ca_file();
    std::vector<std::string> steps;
    context_.step = [&](std::string_view step, std::string_view) { steps.emplace_back(step); };
    PostgresDatabase database(options);
    database.check(context_);
    EXPECT_THAT(steps, ::testing::ElementsAre("resolve name", "connect", "TLS", "login", "server version", "read"));
}

TEST_F(PostgresDatabaseTest, AServerThatDiesMidStreamNeverGivesAShortResult) {
    Postgres server;
    auto options = lab_.options();
    options.host = server.socket_folder();
    options.port = server.port();
    options.database = "postgres";
    PostgresDatabase database(options);
    const auto reader =
        database.read(context_, {.table = {},
                                 .query = "select n, repeat('x', 1000) as x from generate_series(1, 1000000) as n",
                                 .columns = {}});
    Batch batch(2);
    ASSERT_TRUE(reader->next(context_, batch));
    server.stop();
    const auto error = thrown_by([&] {
        while (reader->next(context_, batch)) {
        }
    });
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable) << error.what();
    server.start();
}

TEST_F(PostgresDatabaseTest, ASessionThatIsTerminatedMidStreamIsUnavailable) {
    const auto reader =
        database_->read(context_, {.table = {},
                                   .query = "select n, repeat('x', 1000) as x from generate_series(1, 1000000) as n",
                                   .columns = {}});
    Batch batch(2);
    ASSERT_TRUE(reader->next(context_, batch));
    lab_.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rowhaul'");
    const auto error = thrown_by([&] {
        while (reader->next(context_, batch)) {
        }
    });
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable) << error.what();
    EXPECT_EQ(only_row("select 1 as a"), Row{"1"});
}

TEST_F(PostgresDatabaseTest, AnIdleSessionThatTheServerClosedIsReplaced) {
    EXPECT_EQ(only_row("select 1 as a"), Row{"1"});
    lab_.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'rowhaul'");
    EXPECT_EQ(only_row("select 2 as a"), Row{"2"});
}

TEST_F(PostgresDatabaseTest, AServerThatIsSilentForTooLongIsUnavailable) {
    auto options = lab_.options();
    options.timeout = std::chrono::seconds(1);
    PostgresDatabase database(options);
    const auto error = thrown_by([&] { rows_of_query(database, "select pg_sleep(60)"); });
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    EXPECT_THAT(error.advice(), ::testing::HasSubstr("'timeout'"));
}

TEST_F(PostgresDatabaseTest, ACancelledQueryEndsOnTheServerToo) {
    StopSignal stop;
    Context context;
    context.stop = &stop;
    std::jthread requester([&] {
        while (
            lab_.value("select count(*) from pg_stat_activity where query like '%pg_sleep(61)%' and state = 'active' "
                       "and pid <> pg_backend_pid()") == "0") {
        }
        stop.request();
    });
    const auto error = thrown_by([&] {
        Batch batch(1);
        database_->read(context, {.table = {}, .query = "select pg_sleep(61)", .columns = {}})->next(context, batch);
    });
    EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
    const auto give_up = Context::Clock::now() + std::chrono::seconds(5);
    std::string running;
    do {
        running =
            lab_.value("select count(*) from pg_stat_activity where application_name = 'rowhaul' and state = 'active'");
    } while (running != "0" && Context::Clock::now() < give_up);
    EXPECT_EQ(running, "0");
}

TEST_F(PostgresDatabaseTest, ConnectingToAServerThatHangsCanBeStopped) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(listener, 5), 0);
    ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
    auto options = reader_options();
    options.port = ntohs(address.sin_port);
    options.connect_timeout = std::chrono::seconds(1);
    PostgresDatabase slow(options);
    EXPECT_EQ(thrown_by([&] { slow.check(context_); }).kind(), ErrorKind::Unavailable);

    options.connect_timeout = std::chrono::seconds(60);
    PostgresDatabase hanging(options);
    StopSignal stop;
    Context context;
    context.stop = &stop;
    context.step = [&](std::string_view, std::string_view) { stop.request(); };
    EXPECT_EQ(thrown_by([&] { hanging.check(context); }).kind(), ErrorKind::Cancelled);
    ::close(listener);
}

}  // namespace

namespace testing {
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, DatabaseSuite, PostgresLab);
}
}  // namespace rowhaul
