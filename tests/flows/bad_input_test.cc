// SPDX-License-Identifier: Apache-2.0
// What goes wrong is told once and clearly, ends with the right code, stands in the history, and leaves
// nothing behind: no file under a final name, none under a temporary one, none where a source was named.
#include "tests/flows/bad_input.h"

#include "database/sqlite_handle.h"
#include "testing/certificates.h"
#include "testing/servers/maria_db.h"
#include "testing/servers/postgres.h"
#include "testing/tcp_proxy.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rowhaul::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr unsigned nobody = 65534;

// ---- sources

TEST_F(BadInput, AMissingDatabaseFileIsNotCreated) {
    read_from("connection: other, table: people", "  other: { type: sqlite, path: nowhere.db }\n");
    EXPECT_THAT(failure(), AllOf(HasSubstr("nowhere.db"), HasSubstr("'path'")));
    EXPECT_FALSE(std::filesystem::exists(company / "nowhere.db"));
}

TEST_F(BadInput, AFileThatIsNoDatabaseIsNamed) {
    write_file(company / "words.db", "These are just words, and quite a few of them, so that it is no short file.");
    read_from("connection: other, table: people", "  other: { type: sqlite, path: words.db }\n");
    EXPECT_THAT(failure(), HasSubstr("words.db"));
}

TEST_F(BadInput, AMissingTableIsNamedWithTheNearMiss) {
    read_from("connection: shop, table: peple");
    EXPECT_THAT(failure(), AllOf(HasSubstr("peple"), HasSubstr("people")));
}

TEST_F(BadInput, AMissingColumnInFieldsIsNamedWithTheNearMiss) {
    company.configure(
        "mappings:\n"
        "  people:\n"
        "    source: { connection: shop, table: people }\n"
        "    target: { connection: export, file: people.csv }\n"
        "    fields: [ id, { to: Name, from: nme } ]\n");
    EXPECT_THAT(failure(), AllOf(HasSubstr("\"nme\""), HasSubstr("name")));
}

TEST_F(BadInput, AQueryWithASyntaxErrorIsTold) {
    read_from("connection: shop, query: selekt * from people");
    EXPECT_THAT(failure(), HasSubstr("syntax error"));
}

TEST_F(BadInput, AQueryThatWritesIsRefusedAndWritesNothing) {
    for (const std::string query :
         {"delete from people", "insert into people values (2, ''x'')", "drop table people",
          "select 1; delete from people", "attach ''stolen.db'' as s", "create table t as select 1",
          "pragma journal_mode = delete", "vacuum into ''copy.db''", "begin immediate"}) {
        read_from(fmt::format("connection: shop, query: '{}'", query));
        SCOPED_TRACE(query);
        EXPECT_THAT(failure(), Not(IsEmpty()));
    }
}

class BadPostgresInput : public BadInput {
protected:
    BadPostgresInput() {
        server.execute(
            "create table if not exists stock (id int, name text); truncate stock; insert into stock values (1, 'a');"
            "create or replace function sneaky() returns int language sql as "
            "'insert into stock values (2, ''b''); select 1';"
            "create sequence if not exists counter");
    }
    std::string connection(std::string_view more) const {
        return fmt::format("  erp: {{ type: postgres, host: 127.0.0.1, database: postgres, {} }}\n", more);
    }
    std::string good_connection() const {
        return connection(fmt::format("port: {}, user: owner, password: owner-password, tls: none", server.port()));
    }
    const Postgres& server = Postgres::shared();
};

TEST_F(BadPostgresInput, AQueryThatWritesIsRefusedAndWritesNothing) {
    for (const std::string query :
         {"delete from stock", "insert into stock values (3) returning id", "select sneaky()",
          "select nextval(''counter'')", "select 1; delete from stock", "copy stock to ''/tmp/rowhaul-stolen.csv''",
          "copy stock to program ''touch /tmp/rowhaul-stolen.csv''", "select * from stock for update",
          "with gone as (delete from stock returning *) select * from gone", "create table t as select 1",
          "commit; delete from stock", "set transaction read write", "select 1) to stdout; delete from stock; --"}) {
        read_from(fmt::format("connection: erp, query: '{}'", query), good_connection());
        SCOPED_TRACE(query);
        EXPECT_THAT(failure(), Not(IsEmpty()));
        EXPECT_EQ(server.execute("select count(*) from stock"), "1");
        EXPECT_EQ(server.execute("select is_called from counter"), "f");
        EXPECT_FALSE(std::filesystem::exists("/tmp/rowhaul-stolen.csv"));
    }
}

TEST_F(BadPostgresInput, ASyntaxErrorAndAMissingTableAreTold) {
    read_from("connection: erp, query: selekt 1", good_connection());
    EXPECT_THAT(failure(), HasSubstr("selekt"));
    read_from("connection: erp, table: stok", good_connection());
    EXPECT_THAT(failure(), HasSubstr("stok"));
}

TEST_F(BadPostgresInput, AWrongPasswordIsToldWithoutIt) {
    read_from("connection: erp, table: stock",
              connection(fmt::format("port: {}, user: owner, password: not-the-word, tls: none", server.port())));
    EXPECT_THAT(failure(), AllOf(HasSubstr("owner"), HasSubstr("password"), Not(HasSubstr("not-the-word"))));
}

TEST_F(BadPostgresInput, AnUnreachableServerIsNamedWithItsPort) {
    const int port = free_port();
    read_from("connection: erp, table: stock",
              connection(fmt::format("port: {}, user: owner, tls: none, connect_timeout: 2s", port)));
    EXPECT_THAT(failure(), HasSubstr(fmt::format("127.0.0.1:{}", port)));
}

TEST_F(BadPostgresInput, AHostThatDoesNotExistIsNamed) {
    read_from("connection: erp, table: stock",
              "  erp: { type: postgres, host: no-such-host.invalid, database: d, user: u, connect_timeout: 5s }\n");
    EXPECT_THAT(failure(), HasSubstr("no-such-host.invalid"));
}

TEST_F(BadPostgresInput, ACertificateOfAStrangerIsRefused) {
    const CertificateAuthority known;
    read_from("connection: erp, table: stock",
              connection(fmt::format("port: {}, user: owner, password: owner-password, tls: always, ca_file: '{}'",
                                     server.port(), known.ca_file())));
    EXPECT_THAT(failure(), HasSubstr("certificate of 127.0.0.1"));
}

TEST_F(BadPostgresInput, AServerThatHangsIsGivenUp) {
    TcpProxy link(server.port());
    link.stall();
    read_from("connection: erp, table: stock",
              connection(fmt::format("port: {}, user: owner, password: owner-password, tls: none, connect_timeout: 1s",
                                     link.port())));
    EXPECT_THAT(failure(), AllOf(HasSubstr(std::to_string(link.port())), HasSubstr("connect_timeout")));
}

TEST_F(BadPostgresInput, AQueryThatHangsIsGivenUp) {
    read_from("connection: erp, query: 'select pg_sleep(60)::text'",
              connection(fmt::format("port: {}, user: owner, password: owner-password, tls: none, timeout: 1s",
                                     server.port())));
    EXPECT_THAT(failure(), HasSubstr("timeout"));
}

TEST_F(BadInput, AMariaDbQueryThatWritesIsRefusedAndWritesNothing) {
    MariaDb server;
    server.exec("create table stock (id int); insert into stock values (1); create sequence counter");
    const auto connection =
        fmt::format("  erp: {{ type: mysql, socket: {}, database: shop, user: root }}\n", server.socket());
    for (const std::string query :
         {"delete from stock", "insert into stock values (2) returning id", "select 1; delete from stock",
          "select * from stock into outfile ''/tmp/rowhaul-stolen.csv''", "select nextval(counter)",
          "select * from stock for update", "create table t as select 1", "selekt 1", "select * from stok"}) {
        read_from(fmt::format("connection: erp, query: '{}'", query), connection);
        SCOPED_TRACE(query);
        EXPECT_THAT(failure(), Not(IsEmpty()));
        EXPECT_EQ(server.exec("select count(*) from stock"), "1\n");
        EXPECT_FALSE(std::filesystem::exists("/tmp/rowhaul-stolen.csv"));
    }
    read_from("connection: erp, table: stock",
              fmt::format("  erp: {{ type: mysql, host: 127.0.0.1, port: {}, database: shop, user: root, "
                          "password: not-the-word, tls: none }}\n",
                          server.port()));
    EXPECT_THAT(failure(), AllOf(HasSubstr("root"), Not(HasSubstr("not-the-word"))));
}

// ---- targets

TEST_F(BadInput, AMissingFolderIsNamed) {
    write_to("  partner: { type: local, folder: nowhere }\n");
    EXPECT_THAT(failure(), AllOf(HasSubstr("nowhere"), HasSubstr("folder")));
    EXPECT_FALSE(std::filesystem::exists(company / "nowhere"));
}

// A run by somebody who may write to "home" only.
class NoPermission : public BadInput {
protected:
    NoPermission() {
        std::filesystem::create_directory(company / "home");
        std::filesystem::create_directory(company / "partner");
        ::chmod((company / "").c_str(), 0755);
        ::chmod((company / "partner").c_str(), 0555);
        if (::geteuid() == 0) {
            stranger.user = {nobody, nobody};
            EXPECT_EQ(::chown((company / "home").c_str(), nobody, nobody), 0);
        }
    }
    std::string told() const {
        const auto run = company.rowhaul({"run", "people", "--home", "home"}, stranger);
        EXPECT_EQ(run.status, 1);
        EXPECT_THAT(company.files("partner"), IsEmpty());
        const auto history = company.ask({"history", "--home", "home"});
        EXPECT_EQ(text_at(history, "/0/outcome"), "failed");
        return run.output + run.errors;
    }
    ProcessOptions stranger;
};

TEST_F(NoPermission, ToWriteIntoTheFolderIsTold) {
    write_to("  partner: { type: local, folder: partner }\n");
    EXPECT_THAT(told(), AllOf(HasSubstr("partner"), HasSubstr("Permission denied")));
}

TEST_F(NoPermission, ToWriteIntoATableIsTold) {
    const auto people = [&](std::string_view statement) {
        SqliteHandle partner(company / "partner.db", SqliteAccess::Create);
        partner.execute(statement);
        auto rows = partner.prepare("select group_concat(id || name) from people");
        rows.step();
        return std::string(rows.text(0));
    };
    people("create table people (id int primary key, name text); insert into people values (1, 'Eve'), (9, 'Zoe')");
    ::chmod((company / "partner.db").c_str(), 0444);
    for (const std::string_view mapping :
         {"", "key: [id]", "key: [id]\n    options: { absent: delete }", "options: { replace: true }"}) {
        company.configure(fmt::format("mappings:\n"
                                      "  people:\n"
                                      "    source: {{ connection: shop, table: people }}\n"
                                      "    target: {{ connection: partner, table: people }}\n"
                                      "    {}\n",
                                      mapping),
                          "  partner: { type: sqlite, path: partner.db }\n");
        EXPECT_THAT(told(), AllOf(HasSubstr("partner.db"), HasSubstr("permissions")));
        EXPECT_EQ(people("select 1"), "1Eve,9Zoe");
    }
}

TEST_F(NoPermission, ToReadTheDatabaseIsTold) {
    ::chmod((company / "shop.db").c_str(), 0);
    write_to("  partner: { type: local, folder: partner }\n");
    EXPECT_THAT(told(), HasSubstr("shop.db"));
}

TEST_F(NoPermission, ToReadTheConfigurationIsTold) {
    write_to("  partner: { type: local, folder: partner }\n");
    ::chmod((company / "rowhaul.yaml").c_str(), 0);
    const auto run = company.rowhaul({"run", "people", "--home", "home"}, stranger);
    EXPECT_THAT(run.status, ::testing::AnyOf(1, 2));
    EXPECT_THAT(run.errors, AllOf(HasSubstr("rowhaul.yaml"), HasSubstr("ermission denied")));
}

TEST_F(NoPermission, ToWriteTheStateIsTold) {
    write_to("  partner: { type: local, folder: partner }\n");
    const auto run = company.rowhaul({"run", "people", "--home", "partner/home"}, stranger);
    EXPECT_EQ(run.status, 1);
    EXPECT_THAT(run.errors, AllOf(HasSubstr("partner/home"), HasSubstr("--home")));
    EXPECT_THAT(company.files("partner"), IsEmpty());
}

TEST_F(BadInput, AFullDiskIsToldAndTheBeginningRemoved) {
    const SmallDisk disk(company / "partner", "256k");
    if (!disk.is_mounted()) {
        return;  // AFileThatGrowsTooLargeIsTold needs no administrator
    }
    company.sql(many_people);
    write_to("  partner: { type: local, folder: partner }\n");
    EXPECT_THAT(failure(), AllOf(HasSubstr("the disk is full"), HasSubstr("people.csv")));
    EXPECT_THAT(company.files("partner"), IsEmpty());
}

TEST_F(BadInput, AFullDiskUnderTheStateIsTold) {
    const SmallDisk disk(company / "home", "16k");
    if (!disk.is_mounted()) {
        return;
    }
    read_from("connection: shop, table: people");
    const auto run = company.rowhaul({"run", "people", "--home", "home"});
    EXPECT_EQ(run.status, 1);
    EXPECT_THAT(run.errors, HasSubstr("rowhaul.db"));
    EXPECT_THAT(company.files(), IsEmpty());
}

TEST_F(BadInput, AFileThatGrowsTooLargeIsToldAndTheBeginningRemoved) {
    company.sql(many_people);
    read_from("connection: shop, table: people");
    const auto limited =
        run({"sh", "-c", "ulimit -f 2000; exec \"$0\" run people", ROWHAUL_PROGRAM}, {.working_folder = company / ""});
    EXPECT_EQ(limited.status, 1);
    EXPECT_THAT(limited.output, AllOf(HasSubstr("people.csv"), HasSubstr("File too large")));
    EXPECT_THAT(company.files(), IsEmpty());
    EXPECT_EQ(text_at(company.history(), "/0/outcome"), "failed");
}

}  // namespace
}  // namespace rowhaul::testing
