// SPDX-License-Identifier: Apache-2.0
// The promises of the design, by their numbers, as far as the way from a database to a file goes.
#include "database/sqlite_handle.h"
#include "testing/servers/ftp_server.h"
#include "testing/servers/open_ssh.h"
#include "testing/servers/postgres.h"
#include "testing/tcp_proxy.h"
#include "tests/flows/company.h"

#include <csignal>
#include <fmt/format.h>
#include <functional>
#include <gmock/gmock.h>
#include <random>
#include <thread>

namespace rowhaul::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;

bool adds_up(const json::value& waybill) {
    const auto count = [&](const char* name) { return waybill.at("rows").at(name).to_number<std::uint64_t>(); };
    return count("read") == count("created") + count("updated") + count("unchanged") + count("skipped") +
                                count("filtered") + count("rejected");
}

// A company whose mapping "people" goes from a table of so many rows to out/people.csv.
class Promises : public ::testing::Test {
protected:
    void given_people(int count) const {
        company.sql(
            fmt::format("create table people (id int, name text);"
                        "with recursive n(i) as (select 1 union all select i + 1 from n where i < {}) "
                        "insert into people select i, 'Person no. ' || i from n",
                        count));
        configure("source: { connection: shop, table: people }");
    }
    void configure(std::string_view source, std::string_view connections = {}) const {
        company.configure(fmt::format("mappings:\n"
                                      "  people:\n"
                                      "    {}\n"
                                      "    target: {{ connection: export, file: people.csv }}\n",
                                      source),
                          connections);
    }
    // Rows come, and then the database thinks for ten minutes.
    void configure_hanging_query(std::string_view tasks = {}) const {
        end_hanging_queries();
        const auto& server = Postgres::shared();
        company.configure(
            fmt::format("mappings:\n"
                        "  people:\n"
                        "    source: {{ connection: erp, query: 'select g as id, case when g = 200000 then "
                        "pg_sleep(600)::text end as x from generate_series(1, 300000) g' }}\n"
                        "    target: {{ connection: export, file: people.csv }}\n{}",
                        tasks),
            fmt::format("  erp: {{ type: postgres, host: {}, port: {}, database: postgres, user: owner }}\n",
                        server.socket_folder(), server.port()));
    }
    static std::string hanging_queries() {
        return Postgres::shared().execute(
            "select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(600)%' and "
            "pid <> pg_backend_pid()");
    }
    // A server does not notice that the client of a query that hangs was killed.
    static void end_hanging_queries() {
        Postgres::shared().execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity where query like '%pg_sleep(600)%' and "
            "pid <> pg_backend_pid()");
    }
    bool has_temporary_file() const {
        const auto files = company.files();
        return std::ranges::any_of(files, [](const auto& name) { return name.ends_with(".part"); });
    }

    const Company company;
};

TEST_F(Promises, P1TheRowsOfEveryRunAddUp) {
    given_people(2500);
    company.sql("insert into people values (0, 'Łukasz')");
    for (const std::string format : {"excel-de", "{ type: csv, encoding: windows-1252 }"}) {
        company.configure(
            fmt::format("mappings:\n"
                        "  people:\n"
                        "    source: {{ connection: shop, table: people }}\n"
                        "    target: {{ connection: export, file: people.csv, format: {} }}\n",
                        format));
        const auto waybill = company.ask({"run", "people"});
        EXPECT_EQ(text_at(waybill, "/rows/read"), "2501");
        EXPECT_TRUE(adds_up(waybill)) << waybill;
    }
}

TEST_F(Promises, P2TheSourceIsTheSameAfterARun) {
    given_people(100);
    const auto before = read_file(company / "shop.db");
    EXPECT_EQ(company.rowhaul({"run", "people"}).status, 0);
    EXPECT_EQ(company.rowhaul({"browse", "shop", "people"}).status, 0);
    EXPECT_EQ(company.rowhaul({"check", "shop"}).status, 0);
    EXPECT_EQ(read_file(company / "shop.db"), before);
    EXPECT_THAT(company.contents(), SizeIs(3)) << "rowhaul.yaml, shop.db, people.csv";
}

// ---- P3

TEST_F(Promises, P3WhereverARunIsKilledNoShortFileHasTheFinalName) {
    given_people(200000);
    ASSERT_EQ(company.rowhaul({"run", "people"}).status, 0);
    const auto whole = company.exported("people.csv");
    const std::string old = "the file of yesterday";
    std::minstd_rand random(20261122);
    int killed_midway = 0;
    for (int round = 0; round < 25; ++round) {
        write_file(company / "out/people.csv", old);
        auto run = company.start({"run", "people"});
        run.wait(milliseconds(random() % 400));
        run.send(SIGKILL);
        ASSERT_TRUE(run.wait(std::chrono::seconds(10)));
        killed_midway += *run.wait({}) == 137 ? 1 : 0;
        const auto found = company.exported("people.csv");
        ASSERT_TRUE(found == old || found == whole) << found.size() << " bytes in round " << round;
    }
    EXPECT_GT(killed_midway, 0);

    EXPECT_EQ(company.rowhaul({"run", "people"}).status, 0);
    EXPECT_EQ(company.exported("people.csv"), whole);
    EXPECT_THAT(company.files(), ElementsAre("people.csv")) << "what the killed runs left is removed by the next";
    for (const auto& entry : company.history()) {
        EXPECT_EQ(text_at(entry, "/state"), "ended");
        EXPECT_THAT(text_at(entry, "/outcome"), AnyOf("succeeded", "interrupted"));
    }
}

TEST_F(Promises, P3TheNextRunCleansUpAfterAKilledOneAndTellsItInTheHistory) {
    given_people(3);
    configure_hanging_query();
    auto run = company.start({"run", "people"});
    ASSERT_TRUE(eventually([&] { return has_temporary_file(); })) << read_file(company / "said");
    run.send(SIGKILL);
    EXPECT_EQ(run.wait(std::chrono::seconds(10)), 137);
    EXPECT_FALSE(std::filesystem::exists(company / "out/people.csv"));
    EXPECT_EQ(text_at(company.history(), "/0/state"), "running") << "nobody has looked yet";

    configure("source: { connection: shop, table: people }");
    EXPECT_EQ(company.rowhaul({"run", "people"}).status, 0);

    EXPECT_THAT(company.files(), ElementsAre("people.csv"));
    const auto history = company.history();
    ASSERT_THAT(history, SizeIs(2));
    EXPECT_EQ(text_at(history, "/0/outcome"), "succeeded");
    EXPECT_EQ(text_at(history, "/1/outcome"), "interrupted");
    EXPECT_THAT(text_at(history, "/1/message"), HasSubstr("ended without notice"));
}

TEST_F(Promises, P9ATestThatWasKilledIsInterruptedAndOneThatStillGoesOnIsNot) {
    configure_hanging_query("tasks: { nightly: { mappings: [people] } }\n");
    auto killed = company.start({"test", "nightly"});
    ASSERT_TRUE(eventually([&] { return hanging_queries() == "1"; })) << read_file(company / "said");
    auto living = company.start({"test", "people"});
    ASSERT_TRUE(eventually([&] { return hanging_queries() == "2"; })) << read_file(company / "said");
    for (const auto& entry : company.history()) {
        EXPECT_EQ(text_at(entry, "/state"), "running");
    }

    killed.send(SIGKILL);
    EXPECT_EQ(killed.wait(std::chrono::seconds(10)), 137);
    const auto history = company.history();
    ASSERT_THAT(history, SizeIs(3));
    EXPECT_EQ(text_at(history, "/0/state"), "running") << "the one that lives";
    for (const auto* dead : {"/1", "/2"}) {
        EXPECT_EQ(text_at(history, std::string(dead) + "/outcome"), "interrupted");
        EXPECT_THAT(text_at(history, std::string(dead) + "/message"), HasSubstr("ended without notice"));
    }
    living.send(SIGINT);
    EXPECT_EQ(living.wait(std::chrono::seconds(10)), 130);
    EXPECT_EQ(text_at(company.history(), "/0/outcome"), "cancelled");
}

TEST_F(Promises, P3AFailureMidwayLeavesTheOldFile) {
    given_people(100000);
    write_file(company / "out/people.csv", "old");
    // The 100,000th value overflows.
    configure(
        "source: { connection: shop, query: 'select id, abs(case when id = 100000 then -9223372036854775807 - 1 "
        "else id end) as x from people' }");
    EXPECT_EQ(company.rowhaul({"run", "people"}).status, 1);
    EXPECT_EQ(company.exported("people.csv"), "old");
    EXPECT_THAT(company.files(), ElementsAre("people.csv"));
    EXPECT_TRUE(adds_up(company.ask({"waybill"})) || text_at(company.history(), "/0/outcome") == "failed");
}

// ---- P6

TEST_F(Promises, P6ATestTellsWhatTheRunWillDoAndDoesNothing) {
    given_people(5000);
    company.sql("insert into people values (0, 'Łukasz')");
    for (const std::string file : {"people.csv", "people.csv.gz", "people.csv.zst", "people.csv.bz2"}) {
        company.configure(
            fmt::format("mappings:\n"
                        "  people:\n"
                        "    source: {{ connection: shop, table: people }}\n"
                        "    target: {{ connection: export, file: {}, "
                        "format: {{ type: csv, encoding: windows-1252 }} }}\n",
                        file));
        const auto before = company.contents();
        const auto told = company.ask({"test", "people"});
        EXPECT_EQ(company.contents(), before);
        const auto done = company.ask({"run", "people"});
        for (const auto* part : {"/rows", "/files", "/rejects", "/outcome", "/source", "/target", "/warnings"}) {
            EXPECT_EQ(text_at(told, part), text_at(done, part)) << file;
        }
        EXPECT_EQ(text_at(told, "/kind"), "test");
        EXPECT_EQ(text_at(done, "/files/0/sha256"), sha256_of(company.exported(file)));
    }
}

TEST_F(Promises, P6ATestFailsWhereTheRunWouldFail) {
    given_people(1);
    configure("source: { connection: shop, table: nobody }");
    EXPECT_EQ(company.rowhaul({"test", "people"}).status, 1);
    EXPECT_THAT(company.files(), IsEmpty());
}

// ---- P9, failure story 1: "green run, empty table"

TEST_F(Promises, P9ASourceThatBreaksAtAnyByteNeverLooksLikeSuccess) {
    const auto& server = Postgres::shared();
    server.execute(
        "create table if not exists p9 as select g as id, repeat('x', 100) as text from generate_series(1, "
        "20000) g");
    TcpProxy link(server.port());
    configure("source: { connection: erp, table: p9 }",
              fmt::format("  erp: {{ type: postgres, host: 127.0.0.1, port: {}, database: postgres, user: owner, "
                          "password: owner-password, tls: none, connect_timeout: 5s }}\n",
                          link.port()));
    ASSERT_EQ(company.rowhaul({"run", "people"}).status, 0);
    const auto whole = company.exported("people.csv");
    const auto asked = link.bytes_to_server();
    write_file(company / "out/people.csv", "old");
    for (std::uint64_t after = 0; after < asked; after += 40) {
        link.cut_after(after);
        const auto run = company.rowhaul({"run", "people"});
        link.heal();
        if (run.status == 0) {
            ASSERT_EQ(company.exported("people.csv"), whole) << "cut after " << after;
            write_file(company / "out/people.csv", "old");
        } else {
            ASSERT_EQ(run.status, 1) << "cut after " << after;
            ASSERT_EQ(company.exported("people.csv"), "old") << "cut after " << after;
            ASSERT_EQ(text_at(company.history(), "/0/outcome"), "failed");
        }
        ASSERT_THAT(company.files(), ElementsAre("people.csv"));
    }
}

// ---- P10

TEST_F(Promises, P10AMillionRowsNeedLessThan64MiBHoweverTheyAreCompressed) {
    given_people(1000000);
    for (const std::string ending : {"", ".gz", ".zst", ".bz2"}) {
        company.configure(
            fmt::format("mappings: {{ people: {{ source: {{ connection: shop, table: people }}, "
                        "target: {{ connection: export, file: 'people.csv{}' }} }} }}\n",
                        ending));
        auto run = company.start({"run", "people"});
        const auto peak = peak_of(run);
        EXPECT_EQ(run.wait({}), 0);
        EXPECT_GT(peak, 0);
        EXPECT_LT(peak, 64 * 1024) << "kB for people.csv" << ending;
        RecordProperty("kilobytes_plain" + ending, static_cast<int>(peak));
        EXPECT_EQ(text_at(company.history(), "/0/rows_read"), "1000000");
    }
}

TEST_F(Promises, P10AMillionRowsFromPostgresOverSftpNeedLessThan64MiB) {
    const auto& server = Postgres::shared();
    const OpenSsh partner;
    company.configure(
        "mappings: { people: { source: { connection: erp, query: 'select g, md5(g::text) as a, repeat(g::text, 10) as "
        "b "
        "from generate_series(1, 1000000) g' }, target: { connection: partner, file: people.csv.zst } } }\n",
        fmt::format("  erp: {{ type: postgres, host: {}, port: {}, database: postgres, user: owner }}\n"
                    "  partner: {{ type: sftp, host: 127.0.0.1, port: {}, user: {}, private_key_file: '{}', "
                    "folder: '{}', host_key: '{}' }}\n",
                    server.socket_folder(), server.port(), partner.port(), partner.user(), partner.key().file.string(),
                    partner.files().string(), partner.host_key().fingerprint()));
    auto run = company.start({"run", "people"});
    const auto peak = peak_of(run);
    EXPECT_EQ(run.wait({}), 0) << read_file(company / "said");
    EXPECT_LT(peak, 64 * 1024) << "kB";
    RecordProperty("kilobytes", static_cast<int>(peak));
    EXPECT_EQ(text_at(company.history(), "/0/rows_read"), "1000000");
}

TEST_F(Promises, P10AnyNumberOfRowsWithinTheOverlapNeedsLessThan64MiB) {
    company.sql("create table copied (id integer, name text)");
    SqliteHandle source(company / "erp.db", SqliteAccess::Create);
    source.execute(
        "create table events (id integer, name text, changed timestamp);"
        "insert into events with recursive n(i) as (select 1 union all select i + 1 from n where i < 600000) "
        "select i, 'event number ' || i, datetime('2026-01-01 10:00:00', (i % 250) || ' seconds') from n");
    company.configure(
        "mappings: { events: { source: { connection: erp, table: events }, target: { connection: shop, table: copied "
        "}, "
        "fields: [id, name], read: new, cursor: changed } }\n",
        "  erp: { type: sqlite, path: erp.db }\n");
    const auto run_events = [&](std::string_view read, std::string_view unchanged) {
        auto run = company.start({"run", "events"});
        const auto peak = peak_of(run);
        EXPECT_EQ(run.wait({}), 0) << read_file(company / "said");
        EXPECT_LT(peak, 64 * 1024) << "kB";
        RecordProperty("kilobytes", static_cast<int>(peak));
        const auto waybill = company.ask({"waybill"});
        EXPECT_EQ(text_at(waybill, "/rows/read"), read);
        EXPECT_EQ(text_at(waybill, "/rows/unchanged"), unchanged);
    };
    run_events("600000", "0");
    run_events("600000", "600000");
    source.execute("insert into events values (600001, 'late', '2026-01-01 10:00:01')");
    run_events("600001", "600000");
    EXPECT_THAT(company.files(".rowhaul/tmp"), ElementsAre());
}

TEST_F(Promises, P10AnyNumberOfRowsOfOneKeyNeedsLessThan64MiB) {
    company.sql("create table copied (id integer primary key, name text)");
    SqliteHandle source(company / "erp.db", SqliteAccess::Create);
    source.execute(
        "create table entries (id integer, name text);"
        "insert into entries with recursive n(i) as (select 1 union all select i + 1 from n where i < 600000) "
        "select 7, 'entry number ' || i from n;"
        "insert into entries values (8, 'another')");
    company.configure(
        "mappings: { entries: { source: { connection: erp, table: entries }, target: { connection: shop, table: copied "
        "}, "
        "key: [id], read: changed, options: { duplicates: last } } }\n",
        "  erp: { type: sqlite, path: erp.db }\n");
    const auto run_entries = [&](std::string_view created, std::string_view updated) {
        auto run = company.start({"run", "entries"});
        const auto peak = peak_of(run);
        EXPECT_EQ(run.wait({}), 0) << read_file(company / "said");
        EXPECT_LT(peak, 64 * 1024) << "kB";
        RecordProperty("kilobytes", static_cast<int>(peak));
        const auto waybill = company.ask({"waybill"});
        EXPECT_EQ(text_at(waybill, "/rows/created"), created);
        EXPECT_EQ(text_at(waybill, "/rows/updated"), updated);
    };
    run_entries("2", "0");
    source.execute("insert into entries values (7, 'the last one')");
    run_entries("0", "1");
}

// ---- P12

class Secrets : public Promises {
protected:
    static constexpr std::array planted{"Hunter2-in-yaml", "Hunter3-in-environment", "Hunter4-in-a-file"};

    // Runs commands that succeed and fail, and looks everywhere.
    void expect_untold(const std::vector<std::vector<std::string>>& commands) const {
        for (auto arguments : commands) {
            for (const auto& more : std::vector<std::vector<std::string>>{{}, {"--output", "json"}}) {
                auto all = arguments;
                all.insert(all.end(), more.begin(), more.end());
                all.insert(all.end(), {"--log-level", "debug"});
                const auto run = company.rowhaul(all, {.environment = {{"ERP_PASSWORD", planted[1]}}});
                for (const auto* secret : planted) {
                    EXPECT_THAT(run.output, Not(HasSubstr(secret))) << fmt::format("{}", fmt::join(all, " "));
                    EXPECT_THAT(run.errors, Not(HasSubstr(secret))) << fmt::format("{}", fmt::join(all, " "));
                }
            }
        }
        for (const auto& name : company.files("")) {
            if (name != "rowhaul.yaml" && name != "password.txt" && std::filesystem::is_regular_file(company / name)) {
                for (const auto* secret : planted) {
                    EXPECT_THAT(read_file(company / name), Not(HasSubstr(secret))) << name;
                }
            }
        }
    }
};

TEST_F(Secrets, P12PasswordsAreNowhereInWhatIsToldOrKept) {
    const auto& server = Postgres::shared();
    const OpenSsh ssh({.questions = {SshQuestion::Hidden}});
    const auto ftp = start_vsftpd();
    given_people(3);
    write_file(company / "password.txt", std::string(planted[2]) + "\n");
    server.execute(
        fmt::format("drop role if exists reader; create role reader login password '{}';"
                    "create table if not exists p12 as select 1 as id; grant select on p12 to reader",
                    planted[1]));
    company.configure(
        "defaults: { target: { connection: export, file: '{mapping}.csv' } }\n"
        "mappings:\n"
        "  works: { source: { connection: good, table: p12 } }\n"
        "  wrong: { source: { connection: wrong, table: p12 } }\n"
        "  lost: { source: { connection: lost, table: p12 } }\n"
        "  sent: { source: { connection: shop, table: people }, target: { connection: partner } }\n"
        "  dropped: { source: { connection: shop, table: people }, target: { connection: drop } }\n"
        "tasks: { all: { mappings: [works, wrong, lost, sent, dropped] } }\n",
        fmt::format("  good: {{ type: postgres, host: 127.0.0.1, port: {0}, database: postgres, user: reader, "
                    "password: '${{ERP_PASSWORD}}', tls: none }}\n"
                    "  wrong: {{ type: postgres, host: 127.0.0.1, port: {0}, database: postgres, user: reader, "
                    "password: '{1}', tls: none }}\n"
                    "  lost: {{ type: mysql, host: 127.0.0.1, port: {3}, user: reader, "
                    "password: '${{file:password.txt}}', tls: none }}\n"
                    "  partner: {{ type: sftp, host: 127.0.0.1, port: {2}, user: {4}, password: '{1}', "
                    "host_key: '{5}' }}\n"
                    "  drop: {{ type: ftp, host: 127.0.0.1, port: {6}, user: {7}, password: '{1}', tls: none }}\n",
                    server.port(), planted[0], ssh.port(), free_port(), ssh.user(), ssh.host_key().fingerprint(),
                    ftp->port(), ftp->user()));
    ASSERT_EQ(company.rowhaul({"run", "works"}, {.environment = {{"ERP_PASSWORD", planted[1]}}}).status, 0);
    expect_untold({{"validate"},
                   {"run", "all"},
                   {"run", "works"},
                   {"test", "all"},
                   {"check", "good"},
                   {"check", "wrong"},
                   {"check", "lost"},
                   {"check", "partner"},
                   {"check", "drop"},
                   {"browse", "good"},
                   {"history"},
                   {"waybill"},
                   {"schema"},
                   {"reference"}});
}

TEST_F(Secrets, P12PasswordsInTheWrongPlaceAreNotRepeated) {
    write_file(company / "password.txt", std::string(planted[2]) + "\n");
    for (const std::string erp :
         {"type: postgres, host: h, database: d, user: u, port: '${ERP_PASSWORD}'", "type: '${ERP_PASSWORD}'",
          "type: postgres, host: h, database: d, user: u, tls: '${file:password.txt}'",
          "type: postgres, host: h, database: d, user: u, connect_timeout: '${ERP_PASSWORD}'",
          "type: postgres, host: h, database: d, user: u, password: [ Hunter2-in-yaml ]",
          "type: postgres, host: h, database: d, user: u, password: { a: Hunter2-in-yaml }",
          "type: postgres, host: h, database: d, user: u, password: Hunter2-in-yaml, pasword: Hunter2-in-yaml"}) {
        company.configure(
            "mappings: { people: { source: { connection: erp, table: t }, "
            "target: { connection: export, file: p.csv } } }\n",
            fmt::format("  erp: {{ {} }}\n", erp));
        expect_untold({{"validate"}, {"run", "people"}, {"check", "erp"}});
    }
}

// ---- being stopped

struct Stop {
    int signal;
    int status;
    const char* outcome;
};

class Stopping : public Promises, public ::testing::WithParamInterface<Stop> {
protected:
    // The mapping "people" goes to a server over this link.
    void configure_partner(const OpenSsh& server, const TcpProxy& link) const {
        company.configure(
            "mappings:\n"
            "  people:\n"
            "    source: { connection: shop, table: people }\n"
            "    target: { connection: partner, file: people.csv }\n",
            fmt::format("  partner: {{ type: sftp, host: 127.0.0.1, port: {}, user: {}, private_key_file: '{}', "
                        "folder: '{}', host_key: '{}' }}\n",
                        link.port(), server.user(), server.key().file.string(), server.files().string(),
                        server.host_key().fingerprint()));
    }
    // Stops a run that hangs and looks at what it left.
    void expect_to_end(Process& run) const {
        const auto asked = Clock::now();
        run.send(GetParam().signal);
        EXPECT_EQ(run.wait(std::chrono::seconds(10)), GetParam().status) << read_file(company / "said");
        EXPECT_LT(Clock::now() - asked, std::chrono::seconds(1));
        EXPECT_THAT(company.files(), IsEmpty());
        EXPECT_EQ(text_at(company.history(), "/0/outcome"), GetParam().outcome);
        EXPECT_EQ(text_at(company.history(), "/0/state"), "ended");
    }
};

TEST_P(Stopping, EndsARunWhoseQueryHangsWithinASecond) {
    configure_hanging_query();
    auto run = company.start({"run", "people"});
    ASSERT_TRUE(eventually([&] { return has_temporary_file(); })) << read_file(company / "said");
    expect_to_end(run);
}

TEST_P(Stopping, EndsARunWhoseServerDoesNotAnswerWithinASecond) {
    TcpProxy link(Postgres::shared().port());
    link.stall();
    configure("source: { connection: erp, table: p9 }",
              fmt::format("  erp: {{ type: postgres, host: 127.0.0.1, port: {}, database: postgres, user: owner, "
                          "password: owner-password, tls: none }}\n",
                          link.port()));
    auto run = company.start({"run", "people"});
    ASSERT_TRUE(eventually([&] { return link.connections() > 0; })) << read_file(company / "said");
    expect_to_end(run);
}

TEST_P(Stopping, EndsARunWhosePartnerStopsTakingBytesWithinASecond) {
    const OpenSsh server;
    TcpProxy link(server.port());
    given_people(300000);
    configure_partner(server, link);
    auto run = company.start({"run", "people"});
    ASSERT_TRUE(eventually([&] { return link.bytes_to_server() > 100000; })) << read_file(company / "said");
    link.stall();
    expect_to_end(run);
    EXPECT_FALSE(std::filesystem::exists(server.files() / "people.csv"));

    link.heal();
    EXPECT_EQ(company.rowhaul({"run", "people"}).status, 0);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(server.files()), {}), 1)
        << "what the stopped run could not remove is removed by the next";
}

TEST_P(Stopping, EndsARunThatLooksAfterAKilledOne) {
    const OpenSsh server;
    TcpProxy link(server.port());
    given_people(300000);
    configure_partner(server, link);
    auto killed = company.start({"run", "people"});
    ASSERT_TRUE(eventually([&] { return link.bytes_to_server() > 100000; })) << read_file(company / "said");
    link.stall();
    killed.send(SIGKILL);
    ASSERT_EQ(killed.wait(std::chrono::seconds(10)), 137);

    const auto connections = link.connections();
    auto run = company.start({"run", "people"});
    ASSERT_TRUE(eventually([&] { return link.connections() > connections; })) << read_file(company / "said");
    expect_to_end(run);
    EXPECT_THAT(company.history(), SizeIs(2)) << "it did not come so far as to carry anything";
}

TEST_P(Stopping, EndsATaskBetweenItsMappingsAsStopped) {
    end_hanging_queries();
    const auto& server = Postgres::shared();
    company.configure(
        "defaults: { source: { connection: erp }, target: { connection: export, file: '{mapping}.csv' } }\n"
        "mappings: { a: { source: { query: 'select pg_sleep(600)::text' } }, b: { source: { query: select 1 } } }\n"
        "tasks: { nightly: { mappings: [a, b] } }\n",
        fmt::format("  erp: {{ type: postgres, host: {}, port: {}, database: postgres, user: owner }}\n",
                    server.socket_folder(), server.port()));
    auto run = company.start({"run", "nightly"});
    ASSERT_TRUE(eventually([] { return hanging_queries() != "0"; }));
    expect_to_end(run);
    EXPECT_EQ(text_at(company.history("nightly"), "/0/outcome"), GetParam().outcome);
    EXPECT_THAT(company.history("b"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Signals, Stopping,
                         ::testing::Values(Stop{SIGINT, 130, "cancelled"}, Stop{SIGTERM, 143, "interrupted"}),
                         [](const auto& stop) { return stop.param.signal == SIGINT ? "ControlC" : "Sigterm"; });

// ---- two at a time

TEST_F(Promises, AMappingRunsOnceAtATimeAndOthersBesideIt) {
    given_people(3);
    const auto& server = Postgres::shared();
    company.configure(
        "defaults: { target: { connection: export, file: '{mapping}.csv' } }\n"
        "mappings:\n"
        "  slow: { source: { connection: erp, query: 'select pg_sleep(600)::text' } }\n"
        "  people: { source: { connection: shop, table: people } }\n"
        "tasks: { nightly: { mappings: [people, slow] } }\n",
        fmt::format("  erp: {{ type: postgres, host: {}, port: {}, database: postgres, user: owner }}\n",
                    server.socket_folder(), server.port()));
    auto first = company.start({"run", "slow"});
    ASSERT_TRUE(eventually([&] { return !company.history("slow").empty(); }));

    const auto second = company.rowhaul({"run", "slow"});
    EXPECT_EQ(second.status, 1);
    EXPECT_THAT(second.errors, HasSubstr(fmt::format("slow is being run already, by process {}", first.id())));
    EXPECT_EQ(company.rowhaul({"run", "nightly"}).status, 1) << "the task has that mapping";
    EXPECT_EQ(company.rowhaul({"run", "people"}).status, 0);
    EXPECT_EQ(company.exported("people.csv"), "id,name\n1,Person no. 1\n2,Person no. 2\n3,Person no. 3\n");
    first.send(SIGINT);
    EXPECT_EQ(first.wait(std::chrono::seconds(10)), 130);
}

TEST_F(Promises, ManyProcessesOnOneHomeDoEachOtherNoHarm) {
    given_people(2000);
    std::string mappings =
        "defaults: { source: { connection: shop, table: people }, target: { connection: export, "
        "file: '{mapping}.csv' } }\nmappings:\n";
    for (int i = 0; i < 8; ++i) {
        mappings += fmt::format("  m{}: {{}}\n", i);
    }
    company.configure(mappings);
    std::vector<std::unique_ptr<Process>> runs;
    for (int i = 0; i < 8; ++i) {
        ProcessOptions options{.working_folder = company / ""};
        runs.push_back(std::make_unique<Process>(Company::command({"run", fmt::format("m{}", i)}), options));
    }
    for (auto& run : runs) {
        EXPECT_EQ(run->wait(std::chrono::minutes(1)), 0);
    }
    EXPECT_THAT(company.files(), SizeIs(8));
    EXPECT_THAT(company.history(), SizeIs(8));
}

// ---- what is said where

TEST_F(Promises, JsonGoesToTheOutputAloneAndProgressNeverThroughAPipe) {
    given_people(200000);
    for (const auto* command : {"test", "run"}) {
        const auto told = company.rowhaul({command, "people", "--output", "json"});
        EXPECT_NO_THROW(json::parse(told.output)) << told.output;
        EXPECT_THAT(told.errors, IsEmpty());
    }
    const auto plain = company.rowhaul({"run", "people"});
    EXPECT_THAT(plain.errors, IsEmpty());
    EXPECT_THAT(plain.output, Not(HasSubstr("rows/s")));
}

TEST_F(Promises, WhyARunFailedIsToldBesideAnOutputThatGoesElsewhere) {
    given_people(3);
    configure("source: { connection: shop, table: peopel }");
    const auto told = company.rowhaul({"run", "people"});
    EXPECT_EQ(told.status, 1);
    EXPECT_THAT(told.output, AllOf(HasSubstr("error   "), HasSubstr("peopel")));
    EXPECT_THAT(told.errors, AllOf(StartsWith("rowhaul: people failed: "), HasSubstr("peopel")));
    EXPECT_EQ(std::ranges::count(told.errors.substr(0, told.errors.find("\n  ")), '\n'), 1) << told.errors;

    const auto as_json = company.rowhaul({"run", "people", "--output", "json"});
    EXPECT_EQ(text_at(json::parse(as_json.output), "/outcome"), "failed");
    EXPECT_EQ(as_json.errors, told.errors);
}

TEST_F(Promises, WhyARunFailedIsSaidOnceWhereTheWaybillIsSeen) {
    given_people(3);
    configure("source: { connection: shop, table: peopel }");
    const auto together =
        run({"sh", "-c", "exec \"$0\" run people 2>&1", ROWHAUL_PROGRAM}, {.working_folder = company / ""});
    EXPECT_EQ(together.status, 1);
    EXPECT_THAT(together.output, AllOf(HasSubstr("error   "), Not(HasSubstr("rowhaul: "))));
}

TEST_F(Promises, ATaskIsDoneToItsEndAlsoWhenNobodyCanReadTheWaybills) {
    given_people(3);
    company.configure(
        "defaults: { source: { connection: shop, table: people }, target: { connection: export, file: '{mapping}.csv' "
        "} }\n"
        "mappings: { a: {}, b: {} }\n"
        "tasks: { nightly: { mappings: [a, b] } }\n");
    const auto unheard =
        run({"sh", "-c", "exec \"$0\" run nightly > /dev/full", ROWHAUL_PROGRAM}, {.working_folder = company / ""});
    EXPECT_EQ(unheard.status, 1);
    EXPECT_THAT(unheard.errors, HasSubstr("standard output"));
    EXPECT_THAT(company.files(), ElementsAre("a.csv", "b.csv"));
    const auto history = company.history();
    ASSERT_THAT(history, SizeIs(3));
    for (const auto& entry : history) {
        EXPECT_EQ(text_at(entry, "/outcome"), "succeeded");
    }
}

TEST_F(Promises, ProgressIsToldOnATerminal) {
    given_people(1500000);
    const auto shown =
        run({program({"/usr/bin/script"}), "-qec", std::string(ROWHAUL_PROGRAM) + " run people", "/dev/null"},
            {.working_folder = company / ""});
    EXPECT_EQ(shown.status, 0);
    EXPECT_THAT(shown.output, AllOf(HasSubstr("rows/s"), HasSubstr("people")));
}

}  // namespace
}  // namespace rowhaul::testing
