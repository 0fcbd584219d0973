// SPDX-License-Identifier: Apache-2.0
// Reaching a server and losing it, against a real MariaDB and against servers that misbehave.
#include "database/mysql.h"
#include "testing/servers/maria_db.h"
#include "testing/suite/read_rows.h"
#include "testing/tcp_proxy.h"

#include <csignal>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace rowhaul {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MariaDb;
using ::testing::Not;
using testing::Row;
using testing::rows_of_query;

constexpr int many = 200'000;

MariaDb& server() {
    static MariaDb only({.tls = testing::ServerTls::On, .arguments = {}});
    static const bool prepared = [] {
        only.exec(
            "create user reader identified by 'pa55phrase'; grant select, execute on shop.* to reader;"
            "create database vault; create table vault.gold (id int);"
            "create table customers (id int, first_name varchar(20)); insert into customers values (1, 'Anna');"
            "create table big (n int primary key, t varchar(200));"
            "insert into big select seq, repeat('x', 200) from seq_1_to_" +
            std::to_string(many));
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
    options.password.value = "pa55phrase";
    return options;
}

MysqlOptions through(const testing::TcpProxy& proxy) {
    auto options = reader();
    options.port = proxy.port();
    return options;
}

Selection query(std::string text) {
    return {.table = {}, .query = std::move(text), .columns = {}};
}

template <class Work>
Error error_of(Work work) {
    try {
        work();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), Not(HasSubstr("pa55phrase")));
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {ErrorKind::Internal, ""};
}

Error check_error(const MysqlOptions& options, const Context& context = {}) {
    return error_of([&] { MysqlDatabase(options).check(context); });
}

std::vector<std::string> steps_of(const MysqlOptions& options) {
    std::vector<std::string> steps;
    Context context;
    context.step = [&](std::string_view step, std::string_view) { steps.emplace_back(step); };
    MysqlDatabase(options).check(context);
    return steps;
}

// How many sessions of "reader" the server has, other than idle ones.
int busy_sessions() {
    return std::stoi(
        server().exec("select count(*) from information_schema.processlist"
                      " where user = 'reader' and command <> 'Sleep'"));
}

void wait_until_nobody_reads() {
    for (int tries = 0; busy_sessions() > 0; ++tries) {
        ASSERT_LT(tries, 1000) << "the server still works for a reader that is gone";
        std::this_thread::sleep_for(milliseconds(20));
    }
}

// Greets like a server that offers TLS, and never says anything again.
class MuteServer {
public:
    MuteServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 4) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            throw std::runtime_error("cannot listen");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { greet(); });
    }
    ~MuteServer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
        ::close(client_);
    }
    MuteServer(const MuteServer&) = delete;
    MuteServer& operator=(const MuteServer&) = delete;
    int port() const { return port_; }

private:
    void greet() {
        using std::string_literals::operator""s;
        client_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        const auto greeting =
            "\x0a"
            "5.5.5-10.11.0-MariaDB\0"
            "\x01\0\0\0"
            "12345678\0"
            "\xff\xff\x2d\x02\0\x0f\x80\x15"
            "\0\0\0\0\0\0\0\0\0\0"
            "123456789012\0"
            "mysql_native_password\0"s;
        const std::string packet = std::string{static_cast<char>(greeting.size()), 0, 0, 0} + greeting;
        [[maybe_unused]] const auto sent = ::send(client_, packet.data(), packet.size(), MSG_NOSIGNAL);
    }

    int listener_;
    int client_ = -1;
    int port_ = 0;
    std::thread thread_;
};

TEST(MysqlConnection, CheckTellsEachStep) {
    EXPECT_THAT(steps_of(reader()), ElementsAre("resolve name", "connect", "login", "server version", "database"));
    auto options = reader();
    options.tls = TlsUse::Always;
    options.ca_file = server().authority().ca_file();
    EXPECT_THAT(steps_of(options),
                ElementsAre("resolve name", "connect", "TLS", "login", "server version", "database"));
}

TEST(MysqlConnection, ByNameAndBySocket) {
    auto options = reader();
    options.host = "localhost";
    EXPECT_NO_THROW(MysqlDatabase(options).check({}));
    options.socket = server().socket();
    EXPECT_THAT(steps_of(options), ElementsAre("connect", "login", "server version", "database"));
    options.socket = "/nowhere/mysqld.sock";
    const auto error = check_error(options);
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    EXPECT_THAT(error.what(), HasSubstr("/nowhere/mysqld.sock"));
}

TEST(MysqlConnection, AWrongPasswordIsDenied) {
    auto options = reader();
    options.password.value = "wrong-pa55phrase";
    const auto error = check_error(options);
    EXPECT_EQ(error.kind(), ErrorKind::Denied);
    EXPECT_THAT(error.what(), HasSubstr("Access denied for user 'reader'"));
    EXPECT_THAT(error.advice(), HasSubstr("user and password"));
}

TEST(MysqlConnection, AnUnknownDatabaseNamesItsNearMiss) {
    auto options = reader();
    options.database = "shoop";
    // Servers do not tell someone without rights whether a database exists.
    const auto denied = check_error(options);
    EXPECT_EQ(denied.kind(), ErrorKind::Denied);
    EXPECT_THAT(denied.what(), HasSubstr("; did you mean \"shop\"?"));
    server().exec("create user auditor identified by 'pa55phrase'; grant select on *.* to auditor");
    options.user = "auditor";
    const auto missing = check_error(options);
    EXPECT_EQ(missing.kind(), ErrorKind::NotFound);
    EXPECT_THAT(missing.what(), HasSubstr("database \"shoop\" does not exist; did you mean \"shop\"?"));
}

TEST(MysqlConnection, AForbiddenDatabaseOrTableIsDenied) {
    auto options = reader();
    options.database = "vault";
    EXPECT_EQ(check_error(options).kind(), ErrorKind::Denied);
    MysqlDatabase database(reader());
    const auto error = error_of([&] { database.schema({}, {"vault.gold", {}, {}}); });
    EXPECT_EQ(error.kind(), ErrorKind::Denied);
    EXPECT_THAT(error.what(), HasSubstr("vault.gold"));
}

TEST(MysqlConnection, AnUnreachableServerIsUnavailable) {
    auto options = reader();
    options.port = testing::free_port();
    const auto error = check_error(options);
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    EXPECT_THAT(error.what(), HasSubstr("127.0.0.1:" + std::to_string(options.port)));
    options.host = "no such host";
    EXPECT_THAT(check_error(options).what(), HasSubstr("no such host"));
}

TEST(MysqlConnection, ASilentServerIsGivenUpAfterConnectTimeout) {
    testing::TcpProxy proxy(server().port());
    proxy.stall();
    auto options = through(proxy);
    options.connect_timeout = seconds(1);
    const auto before = Context::Clock::now();
    EXPECT_EQ(check_error(options).kind(), ErrorKind::Unavailable);
    EXPECT_LT(Context::Clock::now() - before, seconds(3));
}

TEST(MysqlConnection, AStopRequestEndsConnectingInEveryStage) {
    testing::TcpProxy proxy(server().port());
    proxy.stall();
    const MuteServer mute;
    auto without_greeting = through(proxy);
    auto in_login = reader();
    in_login.port = mute.port();
    const MuteServer mute_too;
    auto in_handshake = reader();
    in_handshake.port = mute_too.port();
    in_handshake.tls = TlsUse::Always;
    in_handshake.ca_file = server().authority().ca_file();
    for (const auto& options : {without_greeting, in_login, in_handshake}) {
        StopSignal stop;
        Context context;
        context.stop = &stop;
        Context::Clock::time_point requested;
        std::jthread requester([&] {
            std::this_thread::sleep_for(milliseconds(100));
            requested = Context::Clock::now();
            stop.request();
        });
        EXPECT_EQ(check_error(options, context).kind(), ErrorKind::Cancelled);
        const auto ended = Context::Clock::now();
        requester.join();
        EXPECT_LT(ended - requested, seconds(1));
    }
}

TEST(MysqlTls, StreamsAndStops) {
    auto options = reader();
    options.tls = TlsUse::Always;
    options.ca_file = server().authority().ca_file();
    MysqlDatabase database(options);
    EXPECT_EQ(rows_of_query(database, "select n, t from big").size(), many);
    StopSignal stop;
    Context context;
    context.stop = &stop;
    std::jthread requester([&] {
        std::this_thread::sleep_for(milliseconds(100));
        stop.request();
    });
    const auto before = Context::Clock::now();
    EXPECT_EQ(
        error_of([&] { database.read(context, query("select count(*) from big a, big b where a.t < b.n")); }).kind(),
        ErrorKind::Cancelled);
    EXPECT_LT(Context::Clock::now() - before, milliseconds(1100));
    wait_until_nobody_reads();
}

TEST(MysqlLoss, AServerThatGivesUpOnASlowReaderIsAnErrorNeverAShortResult) {
    auto options = reader();
    options.slow_reader_timeout = seconds(1);
    MysqlDatabase database(options);
    const auto reading = database.read({}, {"big", {}, {}});
    Batch batch(2);
    ASSERT_TRUE(reading->next({}, batch));
    wait_until_nobody_reads();
    std::uint64_t rows = batch.rows();
    const auto error = error_of([&] {
        while (reading->next({}, batch)) {
            rows += batch.rows();
        }
    });
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    EXPECT_THAT(error.what(), HasSubstr("broke off after row"));
    EXPECT_THAT(error.advice(), HasSubstr("slow_reader_timeout"));
    EXPECT_LT(rows, many);
    EXPECT_EQ(error_of([&] { reading->next({}, batch); }).kind(), ErrorKind::Unavailable);
}

TEST(MysqlLoss, ACutConnectionIsAnErrorNeverAShortResult) {
    testing::TcpProxy proxy(server().port());
    MysqlDatabase database(through(proxy));
    {
        const auto reading = database.read({}, {"big", {}, {}});
        Batch batch(2);
        ASSERT_TRUE(reading->next({}, batch));
        proxy.cut();
        const auto error = error_of([&] {
            while (reading->next({}, batch)) {
            }
        });
        EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    }
    EXPECT_EQ(rows_of_query(database, "select 1 as a"), (std::vector<Row>{{"1"}}));
}

TEST(MysqlLoss, ASilentServerIsGivenUpAfterTimeout) {
    testing::TcpProxy proxy(server().port());
    auto options = through(proxy);
    options.timeout = seconds(1);
    MysqlDatabase database(options);
    const auto reading = database.read({}, {"big", {}, {}});
    Batch batch(2);
    ASSERT_TRUE(reading->next({}, batch));
    proxy.stall();
    const auto before = Context::Clock::now();
    const auto error = error_of([&] {
        while (reading->next({}, batch)) {
        }
    });
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    EXPECT_THAT(error.advice(), HasSubstr("timeout"));
    EXPECT_LT(Context::Clock::now() - before, seconds(4));
}

TEST(MysqlLoss, AKilledSessionIsAnErrorAndAnIdleOneIsReplaced) {
    MysqlDatabase database(reader());
    const auto kill_readers = [] { server().exec("kill user reader"); };
    database.check({});
    kill_readers();
    EXPECT_EQ(rows_of_query(database, "select 1 as a"), (std::vector<Row>{{"1"}}));
    const auto reading = database.read({}, {"big", {}, {}});
    Batch batch(2);
    ASSERT_TRUE(reading->next({}, batch));
    kill_readers();
    const auto error = error_of([&] {
        while (reading->next({}, batch)) {
        }
    });
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
}

TEST(MysqlLoss, AServerThatDiesIsAnErrorAndItsSuccessorIsUsed) {
    MariaDb mortal;
    mortal.exec(
        "create table big (n int primary key, t varchar(200));"
        "insert into big select seq, repeat('x', 200) from seq_1_to_200000;"
        "create user reader identified by 'pa55phrase'; grant select on shop.* to reader");
    auto options = reader();
    options.port = mortal.port();
    MysqlDatabase database(options);
    {
        const auto reading = database.read({}, {"big", {}, {}});
        Batch batch(2);
        ASSERT_TRUE(reading->next({}, batch));
        mortal.process().stop(SIGKILL);
        const auto error = error_of([&] {
            while (reading->next({}, batch)) {
            }
        });
        EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    }
    EXPECT_EQ(error_of([&] { database.check({}); }).kind(), ErrorKind::Unavailable);
    mortal.start();
    EXPECT_EQ(rows_of_query(database, "select 1 as a"), (std::vector<Row>{{"1"}}));
}

TEST(MysqlLoss, NothingRunsOnForAReaderThatIsGone) {
    MysqlDatabase database(reader());
    Context context;
    context.deadline = Context::Clock::now() + milliseconds(100);
    error_of([&] { database.read(context, query("select count(*) from big a, big b where a.t < b.n")); });
    wait_until_nobody_reads();
    {
        const auto reading = database.read({}, query("select a.t from big a, big b"));
        Batch batch(1);
        ASSERT_TRUE(reading->next({}, batch));
    }
    wait_until_nobody_reads();
}

TEST(MysqlReading, WhatViewsAndFunctionsWriteIsRefusedByTheServer) {
    server().exec(
        "create table log (n int); create table old_log (n int) engine=myisam;"
        "create sequence numbers; create view next_number as select nextval(numbers) as n;"
        "delimiter //\n"
        "create function shout() returns int begin insert into log values (1); return 1; end//\n"
        "create function murmur() returns int begin insert into old_log values (1); return 1; end//\n"
        "delimiter ;\n");
    MysqlDatabase database(reader());
    for (const auto* sql : {"select shout() as a", "select murmur() as a", "select n from next_number"}) {
        EXPECT_EQ(error_of([&] { rows_of_query(database, sql); }).kind(), ErrorKind::Invalid) << sql;
    }
    EXPECT_EQ(server().exec("select count(*) from log union all select count(*) from old_log"), "0\n0\n");
    EXPECT_EQ(server().exec("select next_not_cached_value from numbers"), "1\n");
    server().exec("drop view next_number");
}

TEST(MysqlReading, OddNames) {
    server().exec(
        "create database if not exists `odd.one`; grant select on `odd.one`.* to reader;"
        "create or replace table `odd.one`.`a``b \"c\"` (`ä.``x` int);"
        "insert into `odd.one`.`a``b \"c\"` values (7)");
    MysqlDatabase database(reader());
    const std::vector<Row> seven = {{"7"}};
    EXPECT_EQ(testing::rows_of_table(database, "`odd.one`.`a``b \"c\"`"), seven);
    EXPECT_EQ(testing::rows_of_table(database, "\"odd.one\".\"a`b \"\"c\"\"\"", {"ä.`x"}), seven);
    auto options = reader();
    options.database.clear();
    MysqlDatabase everywhere(options);
    for (const auto& table : everywhere.tables({})) {
        EXPECT_NO_THROW(everywhere.schema({}, {table.name, {}, {}})) << table.name;
    }
    EXPECT_EQ(error_of([&] { everywhere.schema({}, {"customers", {}, {}}); }).kind(), ErrorKind::Invalid);
    EXPECT_EQ(testing::rows_of_table(everywhere, "shop.customers"), (std::vector<Row>{{"1", "Anna"}}));
}

TEST(MysqlReading, ASyntaxErrorShowsItsPlace) {
    MysqlDatabase database(reader());
    const auto error = error_of([&] { database.schema({}, query("select id\nfrm customers c where x")); });
    EXPECT_EQ(error.kind(), ErrorKind::Invalid);
    EXPECT_THAT(error.what(), HasSubstr("line 2"));
    EXPECT_THAT(error.what(), HasSubstr("^"));
    EXPECT_EQ(error_of([&] { database.schema({}, query("select ?")); }).kind(), ErrorKind::Invalid);
}

TEST(MysqlReading, AllCountsAndEstimates) {
    MysqlDatabase database(reader());
    EXPECT_FALSE(database.estimate({}, query("select 1")).has_value());
    const auto tables = database.tables({});
    const auto big = std::ranges::find(tables, "big", &TableInfo::name);
    ASSERT_NE(big, tables.end());
    EXPECT_EQ(big->kind, "table");
    EXPECT_TRUE(big->rows.has_value());
}

}  // namespace
}  // namespace rowhaul
