// SPDX-License-Identifier: Apache-2.0
#include "database/mysql.h"

#include "base/error.h"
#include "data/number_text.h"
#include "database/mysql_connection.h"
#include "database/table_name.h"
#include "testing/servers/maria_db.h"
#include "testing/suite/database_suite.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using rowhaul::testing::MariaDb;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

MariaDb& server() {
    static MariaDb only([] {
        MariaDb::Settings settings;
        settings.arguments = {"--character-set-server=utf8mb4"};
        return settings;
    }());
    static const bool prepared = [] {
        only.exec("create user reader identified by 'secret'; grant select, create view on *.* to reader");
        return true;
    }();
    static_cast<void>(prepared);
    return only;
}

MysqlOptions reader() {
    MysqlOptions options;
    options.host = "127.0.0.1";
    options.port = server().port();
    options.database = "shop";
    options.user = "reader";
    options.password.value = "secret";
    return options;
}

Selection query(std::string text) {
    return {{}, std::move(text), {}};
}

std::vector<std::string> all_rows(RowReader& rows, std::size_t width) {
    std::vector<std::string> found;
    Batch batch(width);
    while (rows.next({}, batch)) {
        for (std::size_t row = 0; row < batch.rows(); ++row) {
            std::string line;
            for (std::size_t i = 0; i < width; ++i) {
                const auto cell = batch.column(i)[row];
                line += (i > 0 ? "|" : "") + (cell.is_null() ? "NULL" : std::string(cell.text()));
            }
            found.push_back(std::move(line));
        }
    }
    return found;
}

std::vector<std::string> rows_of(const Selection& selection, const MysqlOptions& options = reader()) {
    MysqlDatabase database(options);
    const auto width = database.schema({}, selection).size();
    return all_rows(*database.read({}, selection), width);
}

// A column of `declaration` holding `values`, each of them back as it arrives; the type before it.
std::vector<std::string> round_trip(const std::string& declaration, const std::vector<std::string>& values,
                                    const MysqlOptions& options = reader()) {
    server().exec(
        "set time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES';"
        "drop table if exists t; create table t (n int auto_increment primary key, v " +
        declaration + ")");
    for (const auto& value : values) {
        server().exec(
            "set time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES,NO_UNSIGNED_SUBTRACTION';"
            "insert into t (v) values (" +
            value + ")");
    }
    MysqlDatabase database(options);
    const auto schema = database.schema({}, {"t", {}, {"v"}});
    std::vector<std::string> result = {std::string(name_of(schema.at(0).type)) + " " + schema.at(0).source_type};
    std::ranges::copy(rows_of({"t", {}, {"v"}}, options), std::back_inserter(result));
    return result;
}

class MysqlLab {
public:
    MysqlLab() { server().exec("drop database shop; create database shop"); }
    std::unique_ptr<Database> open() const { return std::make_unique<MysqlDatabase>(reader()); }
    void execute(const std::string& sql) { server().exec(sql); }
    // In hexadecimal, because the client program that runs the statements has its own ideas of \r.
    static std::string literal(std::string_view text) {
        std::string hex(text.size() * 2, ' ');
        write_hex(hex.data(), text);
        return "convert(x'" + hex + "' using utf8mb4)";
    }
    static std::string quoted(std::string_view name) { return quote_identifier(name, '`'); }
    static std::string repeated(char c, std::size_t count) {
        return "repeat('" + std::string(1, c) + "', " + std::to_string(count) + ")";
    }
    static std::string analyze(std::string_view table) { return "analyze table " + std::string(table); }
    static std::string failing() { return "(9223372036854775807 + n)"; }
    static constexpr std::string_view long_text = "longtext";
    static constexpr bool has_decimals = true;
    static std::vector<std::string> writing_queries() {
        return {"replace into kept values (1, 'x')",
                "select * from kept into outfile '/tmp/rowhaul-kept'",
                "select * from kept for update",
                "select get_lock('kept', 1)",
                "optimize table kept",
                "truncate table kept",
                "handler kept open",
                "call anything()",
                "analyze update kept set name = 'x'",
                "set statement tx_read_only = 0 for select 1",
                "execute immediate 'delete from kept'",
                "lock tables kept write",
                "load data infile '/etc/passwd' into table kept",
                "select 1 /*! into @v */"};
    }
};

}  // namespace

namespace testing {
INSTANTIATE_TYPED_TEST_SUITE_P(Mysql, DatabaseSuite, MysqlLab);
}

namespace {

template <class Work>
Error error_of(Work work) {
    try {
        work();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {ErrorKind::Internal, ""};
}

// A session that has been writing for a while; the server tells whole seconds.
class OpenTransaction {
public:
    OpenTransaction() : session_(Context(), options_, MysqlAccess::ReadWrite) {
        session_.run(Context(), "begin");
        session_.run(Context(), "insert into t values (1)");
    }
    void commit() { session_.run(Context(), "commit"); }

private:
    static MysqlOptions owner() {
        MysqlOptions options;
        options.socket = server().socket();
        options.database = "shop";
        options.user = "root";
        return options;
    }
    const MysqlOptions options_ = owner();  // which the session looks into
    MysqlConnection session_;
};

bool comes_true(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        Context().sleep(std::chrono::milliseconds(150));  // as old as the server's list may be
    }
    return true;
}

TEST(MysqlTransactions, TheOldestIsToldToWhoeverMaySeeIt) {
    const MysqlLab lab;
    server().exec(
        "create table shop.t (i int) engine = innodb;"
        "create user if not exists watcher identified by 'secret'; grant select, process on *.* to watcher");
    const Context context;
    auto options = reader();
    options.user = "watcher";
    MysqlDatabase watcher(options);
    MysqlDatabase blind(reader());
    constexpr std::chrono::seconds age(2);
    EXPECT_TRUE(comes_true([&] { return watcher.oldest_transaction(context) < age; }));
    OpenTransaction slow;
    EXPECT_TRUE(comes_true([&] { return watcher.oldest_transaction(context) >= age; }));
    EXPECT_EQ(blind.oldest_transaction(context), std::chrono::seconds(0));
    // The session can be used as before.
    EXPECT_EQ(blind.schema(context, {.table = "t"}).size(), 1U);
    slow.commit();
    EXPECT_TRUE(comes_true([&] { return watcher.oldest_transaction(context) < age; }));
}

TEST(MysqlTypes, Integers) {
    EXPECT_THAT(round_trip("tinyint", {"-128", "127", "null"}), ElementsAre("integer tinyint", "-128", "127", "NULL"));
    EXPECT_THAT(round_trip("tinyint unsigned", {"255"}), ElementsAre("integer tinyint unsigned", "255"));
    EXPECT_THAT(round_trip("smallint", {"-32768"}), ElementsAre("integer smallint", "-32768"));
    EXPECT_THAT(round_trip("smallint unsigned", {"65535"}), ElementsAre("integer smallint unsigned", "65535"));
    EXPECT_THAT(round_trip("mediumint", {"-8388608"}), ElementsAre("integer mediumint", "-8388608"));
    EXPECT_THAT(round_trip("mediumint unsigned", {"16777215"}), ElementsAre("integer mediumint unsigned", "16777215"));
    EXPECT_THAT(round_trip("int", {"-2147483648"}), ElementsAre("integer int", "-2147483648"));
    EXPECT_THAT(round_trip("int unsigned", {"4294967295"}), ElementsAre("integer int unsigned", "4294967295"));
    EXPECT_THAT(round_trip("bigint", {"-9223372036854775808"}), ElementsAre("integer bigint", "-9223372036854775808"));
    EXPECT_THAT(round_trip("bigint unsigned", {"18446744073709551615"}),
                ElementsAre("integer bigint unsigned", "18446744073709551615"));
    EXPECT_THAT(round_trip("boolean", {"true", "false"}), ElementsAre("integer tinyint", "1", "0"));
}

TEST(MysqlTypes, ZerofillPadsAsDeclared) {
    EXPECT_THAT(round_trip("int(8) zerofill", {"42", "123456789"}),
                ElementsAre("integer int unsigned zerofill", "00000042", "123456789"));
    EXPECT_THAT(round_trip("year", {"1999", "0"}), ElementsAre("integer year", "1999", "0000"));
}

TEST(MysqlTypes, Bits) {
    EXPECT_THAT(round_trip("bit(1)", {"b'1'", "b'0'"}), ElementsAre("integer bit(1)", "1", "0"));
    EXPECT_THAT(round_trip("bit(64)", {"18446744073709551615"}),
                ElementsAre("integer bit(64)", "18446744073709551615"));
}

TEST(MysqlTypes, DecimalsKeepEveryDigit) {
    EXPECT_THAT(
        round_trip("decimal(65,30)", {"12345678901234567890123456789012345.123456789012345678901234567890",
                                      "-0.000000000000000000000000000001", "0"}),
        ElementsAre("decimal decimal(65,30)", "12345678901234567890123456789012345.123456789012345678901234567890",
                    "-0.000000000000000000000000000001", "0.000000000000000000000000000000"));
    EXPECT_THAT(round_trip("decimal(5,5)", {"0.12345"}), ElementsAre("decimal decimal(5,5)", "0.12345"));
    EXPECT_THAT(round_trip("decimal(8,2) unsigned", {"0.5"}), ElementsAre("decimal decimal(8,2) unsigned", "0.50"));
}

TEST(MysqlTypes, FloatsAreTheShortestTextThatReadsBack) {
    EXPECT_THAT(round_trip("float", {"16777216", "0.1", "1.1754943508222875e-38", "-3.4028234663852886e38"}),
                ElementsAre("float float", "16777216", "0.1", "1.1754944e-38", "-3.4028235e+38"));
    EXPECT_THAT(round_trip("double", {"0.1e0+0.2e0", "1.7976931348623157e308", "5e-324", "1e22"}),
                ElementsAre("float double", "0.30000000000000004", "1.7976931348623157e+308", "5e-324", "1e+22"));
}

TEST(MysqlTypes, DatesAndTimes) {
    EXPECT_THAT(round_trip("date", {"'1000-01-01'", "'9999-12-31'", "'2024-02-29'"}),
                ElementsAre("date date", "1000-01-01", "9999-12-31", "2024-02-29"));
    EXPECT_THAT(round_trip("datetime", {"'2024-02-29 23:59:59'", "'2024-01-01'"}),
                ElementsAre("timestamp datetime", "2024-02-29 23:59:59", "2024-01-01 00:00:00"));
    EXPECT_THAT(round_trip("datetime(3)", {"'2024-02-29 23:59:59.1'", "'2024-01-01'"}),
                ElementsAre("timestamp datetime(3)", "2024-02-29 23:59:59.100", "2024-01-01 00:00:00.000"));
    EXPECT_THAT(round_trip("datetime(6)", {"'2024-02-29 23:59:59.000001'"}),
                ElementsAre("timestamp datetime(6)", "2024-02-29 23:59:59.000001"));
    EXPECT_THAT(round_trip("timestamp(2) null", {"'2024-07-01 12:00:00.5'", "null"}),
                ElementsAre("timestamp_zoned timestamp(2)", "2024-07-01 12:00:00.50+00:00", "NULL"));
    EXPECT_THAT(round_trip("time", {"'-838:59:59'", "'838:59:59'", "'00:00:00'", "'25:00:00'", "'-00:00:01'"}),
                ElementsAre("time time", "-838:59:59", "838:59:59", "00:00:00", "25:00:00", "-00:00:01"));
    EXPECT_THAT(round_trip("time(6)", {"'-01:02:03.000004'", "'0'"}),
                ElementsAre("time time(6)", "-01:02:03.000004", "00:00:00.000000"));
}

TEST(MysqlTypes, DatesThatDoNotExist) {
    const std::vector<std::string> invalid = {"'0000-00-00'", "'2024-02-30'", "'2024-00-10'", "'2024-02-29'"};
    EXPECT_THAT(round_trip("date", invalid), ElementsAre("date date", "NULL", "NULL", "NULL", "2024-02-29"));
    auto options = reader();
    options.zero_dates = ZeroDates::Text;
    EXPECT_THAT(round_trip("date not null", invalid, options),
                ElementsAre("date date", "0000-00-00", "2024-02-30", "2024-00-10", "2024-02-29"));
    EXPECT_THAT(round_trip("datetime", {"'0000-00-00 00:00:00'"}, options),
                ElementsAre("timestamp datetime", "0000-00-00 00:00:00"));
    EXPECT_THAT(round_trip("timestamp", {"'0000-00-00 00:00:00'"}, options),
                ElementsAre("timestamp_zoned timestamp", "0000-00-00 00:00:00+00:00"));
    options.zero_dates = ZeroDates::Error;
    const auto error = error_of([&] { round_trip("date", {"'2024-02-29'", "'2024-02-30'"}, options); });
    EXPECT_EQ(error.kind(), ErrorKind::Invalid);
    EXPECT_THAT(error.what(), HasSubstr("row 2, column \"v\": 2024-02-30 is not a date"));
    EXPECT_THAT(error.advice(), HasSubstr("zero_dates"));
}

TEST(MysqlTypes, DatesThatBecameNullAreCounted) {
    server().exec(
        "set sql_mode = ''; create or replace table zero (d date not null);"
        "insert into zero values (0), (0), ('2024-01-01')");
    MysqlDatabase database(reader());
    EXPECT_TRUE(database.schema({}, {"zero", {}, {}}).at(0).nullable);
    const auto rows = database.read({}, {"zero", {}, {}});
    all_rows(*rows, 1);
    ASSERT_EQ(rows->warnings().size(), 1);
    EXPECT_EQ(rows->warnings()[0].code, "zero_date_as_null");
    EXPECT_EQ(rows->warnings()[0].count, 2);
    EXPECT_THAT(rows->warnings()[0].message, HasSubstr("\"d\""));
}

TEST(MysqlTypes, Texts) {
    EXPECT_THAT(round_trip("varchar(10) character set latin1", {"'Zürich €'", "''"}),
                ElementsAre("text varchar(10)", "Zürich €", ""));
    EXPECT_THAT(round_trip("char(4) character set utf16", {"'a€😀'"}), ElementsAre("text char(4)", "a€😀"));
    EXPECT_THAT(round_trip("longtext character set cp1251", {"'Привет'"}), ElementsAre("text text", "Привет"));
    EXPECT_THAT(round_trip("enum('klein','größer')", {"'größer'", "1"}), ElementsAre("text enum", "größer", "klein"));
    EXPECT_THAT(round_trip("set('a','b')", {"'b,a'", "''"}), ElementsAre("text set", "a,b", ""));
    EXPECT_THAT(round_trip("json", {"'{\"ä\": [1.50, null]}'"}), ElementsAre("json json", "{\"ä\": [1.50, null]}"));
    EXPECT_THAT(round_trip("uuid", {"'123e4567-e89b-12d3-a456-426655440000'"}),
                ElementsAre("text uuid", "123e4567-e89b-12d3-a456-426655440000"));
    EXPECT_THAT(round_trip("inet6", {"'2001:db8::ff00:42:8329'"}), ElementsAre("text inet6", "2001:db8::ff00:42:8329"));
    EXPECT_THAT(round_trip("inet4", {"'192.0.2.1'"}), ElementsAre("text inet4", "192.0.2.1"));
}

TEST(MysqlTypes, Bytes) {
    EXPECT_THAT(round_trip("binary(3)", {"x'00ff'"}), ElementsAre("bytes binary(3)", "00ff00"));
    EXPECT_THAT(round_trip("varbinary(9)", {"x'deadBEEF'", "''"}), ElementsAre("bytes varbinary(9)", "deadbeef", ""));
    EXPECT_THAT(round_trip("longblob", {"x'00'"}), ElementsAre("bytes blob", "00"));
    EXPECT_THAT(round_trip("point", {"point(1,2)"}),
                ElementsAre("bytes point", "000000000101000000000000000000f03f0000000000000040"));
}

TEST(MysqlTypes, Expressions) {
    EXPECT_THAT(rows_of(query("select 1, -1.50, 'ä', null, 1e0/3, x'ff', date '2024-01-02', cast('1:2:3' as time)")),
                ElementsAre("1|-1.50|ä|NULL|0.3333333333333333|ff|2024-01-02|01:02:03"));
}

TEST(MysqlTypes, TextsOfEveryLengthEncoding) {
    EXPECT_THAT(rows_of(query("select repeat('a', 250), length(repeat('a', 251))")),
                ElementsAre(std::string(250, 'a') + "|251"));
    for (const std::size_t size : {251U, 65535U, 65536U, 16777215U, 20000000U}) {
        const auto rows = rows_of(query("select repeat('x', " + std::to_string(size) + ")"));
        ASSERT_EQ(rows.size(), 1);
        EXPECT_EQ(rows[0].size(), size);
        EXPECT_EQ(rows[0].find_first_not_of('x'), std::string::npos);
    }
}

}  // namespace
}  // namespace rowhaul
