// SPDX-License-Identifier: Apache-2.0
// `read: new`: which rows are read, and that none is lost, doubled or forgotten.
#include "database/mysql_connection.h"
#include "database/postgres_connection.h"
#include "table_flow.h"

#include <atomic>
#include <functional>
#include <gmock/gmock.h>
#include <random>
#include <thread>

namespace rowhaul {
namespace {

using testing::Company;
using ::testing::HasSubstr;
using testing::LocalInfile;
using testing::MariaDbPlace;
using ::testing::Not;
using testing::Place;
using testing::PostgresPlace;
using testing::SqlitePlace;

std::string rows_of(const Company& company, const std::string& query) {
    return SqlitePlace(company / "shop.db").rows(query);
}

// Rows of the table "events" of each database go into one of shop.db.
class NewRows : public ::testing::TestWithParam<std::string_view> {
protected:
    NewRows() : place_(testing::make_place(GetParam(), company_ / "erp.db")) {
        company_.sql("create table events (id integer, name text check (name <> 'bad'))");
    }

    void sql(const std::string& statements) { place_->sql(statements); }
    void table(std::string_view type) { sql(fmt::format("create table events (id int, name text, changed {})", type)); }
    void add(int id, std::string_view name, std::string_view changed) {
        sql(fmt::format("insert into events values ({}, '{}', {})", id, name,
                        changed == "null" ? "null" : fmt::format("'{}'", changed)));
    }
    std::string target() const { return rows_of(company_, "select id, name from events order by 1, 2"); }
    void configure(std::string_view mapping = {}, std::string_view source = "table: events") const {
        company_.configure(fmt::format("mappings:\n"
                                       "  events:\n"
                                       "    source: {{ connection: erp, {} }}\n"
                                       "    target: {{ connection: shop, table: events }}\n"
                                       "    fields: [ id, name ]\n"
                                       "    read: new\n"
                                       "    {}\n",
                                       source, mapping.empty() ? "cursor: changed" : mapping),
                           place_->connection());
    }
    static std::string told(const testing::Outcome& outcome, int status) {
        EXPECT_EQ(outcome.status, status) << outcome.output << outcome.errors;
        const auto waybill = boost::json::parse(outcome.output);
        std::string counts;
        for (const auto& [name, value] : waybill.at("rows").as_object()) {
            if (value.to_number<int>() != 0) {
                counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", value.to_number<int>(), std::string(name));
            }
        }
        return fmt::format("{}; {} to {}", counts, testing::text_at(waybill, "/cursor/before"),
                           testing::text_at(waybill, "/cursor/after"));
    }
    // What a run says, after a test that says the same and changes nothing.
    std::string run(std::vector<std::string> more = {}, int status = 0) const {
        more.insert(more.end(), {"events", "--output", "json"});
        const auto before = target();
        more.insert(more.begin(), "test");
        const auto tried = told(company_.rowhaul(more), status);
        EXPECT_EQ(target(), before);
        more.front() = "run";
        const auto done = told(company_.rowhaul(more), status);
        EXPECT_EQ(done, tried);
        return done;
    }

    const Company company_;
    std::unique_ptr<Place> place_;
};
INSTANTIATE_TEST_SUITE_P(Databases, NewRows, ::testing::Values("sqlite", "postgres", "mariadb"), testing::place_name);

TEST_P(NewRows, AreReadOnceEach) {
    table(GetParam() == "mariadb" ? "datetime" : "timestamp");
    configure();
    add(1, "Anna", "2026-01-01 10:00:00");
    add(2, "Berta", "2026-01-01 11:00:00");
    EXPECT_EQ(run(), "2 read, 2 created; null to 2026-01-01 11:00:00");
    EXPECT_EQ(run(), "1 read, 1 unchanged; 2026-01-01 11:00:00 to 2026-01-01 11:00:00");
    EXPECT_EQ(company_.rowhaul({"run", "events", "--fail-on-empty"}).status, 4);
    add(3, "Carla", "2026-01-01 11:00:00");  // at the same moment
    add(4, "Dora", "2026-01-01 10:56:00");   // late
    add(5, "Emma", "2026-01-01 10:54:00");   // later than the overlap
    EXPECT_EQ(run(), "3 read, 2 created, 1 unchanged; 2026-01-01 11:00:00 to 2026-01-01 11:00:00");
    add(6, "Frieda", "2026-01-01 12:00:00");
    EXPECT_EQ(run(), "4 read, 1 created, 3 unchanged; 2026-01-01 11:00:00 to 2026-01-01 12:00:00");
    EXPECT_EQ(target(), "1|Anna;2|Berta;3|Carla;4|Dora;6|Frieda");
}

TEST_P(NewRows, OfAQueryAreReadOnceEach) {
    table(GetParam() == "mariadb" ? "datetime" : "timestamp");
    configure({}, "query: 'select id, name, changed from events where id > 1 -- no more'");
    add(1, "Anna", "2026-01-01 10:00:00");
    add(2, "Berta", "2026-01-01 11:00:00");
    EXPECT_EQ(run(), "1 read, 1 created; null to 2026-01-01 11:00:00");
    add(3, "Carla", "2026-01-01 11:30:00");
    add(4, "Dora", "2026-01-01 10:00:00");
    EXPECT_EQ(run(), "2 read, 1 created, 1 unchanged; 2026-01-01 11:00:00 to 2026-01-01 11:30:00");
}

TEST_P(NewRows, WithoutACursorAreRememberedOneByOne) {
    table("date");
    configure();
    add(1, "Anna", "null");
    add(1, "Anna", "null");
    EXPECT_EQ(run(), "2 read, 2 created; null to null");
    add(1, "Anna", "null");
    add(2, "Berta", "2026-01-02");
    EXPECT_EQ(run(), "4 read, 2 created, 2 unchanged; null to 2026-01-02");
    add(3, "Carla", "2026-01-01");
    EXPECT_EQ(run(), "5 read, 1 created, 4 unchanged; 2026-01-02 to 2026-01-02");
}

TEST_P(NewRows, HaveFractionsOfSeconds) {
    table(GetParam() == "mariadb" ? "datetime(6)" : "timestamp");
    configure("cursor: changed\n    overlap: 0s");
    add(1, "Anna", "2026-01-01 10:00:00.100000");
    add(2, "Berta", "2026-01-01 10:00:00.000001");
    EXPECT_EQ(run(), "2 read, 2 created; null to 2026-01-01 10:00:00.1");
    add(3, "Carla", "2026-01-01 10:00:00.100001");
    add(4, "Dora", "2026-01-01 10:00:00.099999");
    add(5, "Emma", "2026-01-01 10:00:00.100000");
    EXPECT_EQ(run(), "3 read, 2 created, 1 unchanged; 2026-01-01 10:00:00.1 to 2026-01-01 10:00:00.100001");
    EXPECT_EQ(target(), "1|Anna;2|Berta;3|Carla;5|Emma");
}

TEST_P(NewRows, AreToldByDecimals) {
    table("decimal(20,4)");
    configure("cursor: changed\n    overlap: 0.5");
    add(1, "Anna", "9.75");
    add(2, "Berta", "10.5");
    EXPECT_EQ(run(), "2 read, 2 created; null to " + std::string(GetParam() == "sqlite" ? "10.5" : "10.5000"));
    add(3, "Carla", "10.0000");
    add(4, "Dora", "9.9999");
    add(5, "Emma", "-11");
    add(6, "Frieda", "100");
    EXPECT_THAT(run(), HasSubstr("3 read, 2 created, 1 unchanged"));
    EXPECT_EQ(target(), "1|Anna;2|Berta;3|Carla;6|Frieda");
}

TEST_P(NewRows, AreToldByNumbersThatWereDrawnInAnotherOrder) {
    table("bigint");
    configure("cursor: changed\n    overlap: 10");
    add(1, "Anna", "9007199254740993");
    EXPECT_EQ(run(), "1 read, 1 created; null to 9007199254740993");
    add(2, "Berta", "9007199254740983");
    add(3, "Carla", "9007199254740982");
    EXPECT_EQ(run(), "2 read, 1 created, 1 unchanged; 9007199254740993 to 9007199254740993");
}

TEST_P(NewRows, KnowMomentsInAnyZone) {
    if (GetParam() == "sqlite") {
        table("timestamptz");
        add(1, "Anna", "2026-03-29 02:30:00+01:00");
    } else if (GetParam() == "postgres") {
        table("timestamptz");
        add(1, "Anna", "2026-03-29 02:30:00+01:00");
    } else {
        table("timestamp null");
        add(1, "Anna", "2026-03-29 01:30:00");
        sql("set time_zone = '+00:00'; update events set changed = '2026-03-29 01:30:00'");
    }
    configure();
    EXPECT_EQ(run(), "1 read, 1 created; null to 2026-03-29 01:30:00+00:00");
    // The same moment otherwise written, and one that is later there and earlier here.
    if (GetParam() == "mariadb") {
        sql("set time_zone = '+00:00'; insert into events values (2, 'Berta', '2026-03-29 01:30:00'), "
            "(3, 'Carla', '2026-03-29 01:20:00')");
    } else {
        add(2, "Berta", "2026-03-29 03:30:00+02:00");
        add(3, "Carla", "2026-03-29 06:20:00+05:00");
    }
    EXPECT_EQ(run(), "2 read, 1 created, 1 unchanged; 2026-03-29 01:30:00+00:00 to 2026-03-29 01:30:00+00:00");
}

TEST_P(NewRows, ThatChangedWithinTheOverlapAreReadAgain) {
    company_.sql("drop table events; create table events (id integer primary key, name text check (name <> 'bad'))");
    table("date");
    configure("cursor: changed\n    key: [id]");
    add(1, "Anna", "2026-01-01");
    add(2, "bad", "2026-01-01");
    EXPECT_EQ(run({}, 3), "2 read, 1 created, 1 rejected; null to 2026-01-01");
    EXPECT_EQ(run({}, 3), "2 read, 1 unchanged, 1 rejected, 1 retried; 2026-01-01 to 2026-01-01");
    sql("update events set name = 'Berta' where id = 2");
    EXPECT_EQ(run(), "2 read, 1 created, 1 unchanged, 1 retried; 2026-01-01 to 2026-01-01");
    sql("update events set name = 'Carla' where id = 2");
    EXPECT_EQ(run(), "2 read, 1 updated, 1 unchanged; 2026-01-01 to 2026-01-01");
    sql("update events set name = 'Berta' where id = 2");
    EXPECT_EQ(run(), "2 read, 1 updated, 1 unchanged; 2026-01-01 to 2026-01-01");
    EXPECT_EQ(target(), "1|Anna;2|Berta");
}

TEST_P(NewRows, AreLimitedThisOnce) {
    table(GetParam() == "mariadb" ? "datetime" : "timestamp");
    configure();
    for (int day = 1; day <= 9; ++day) {
        add(day, "Anna", fmt::format("2026-01-0{} 12:00:00", day));
    }
    // Chunk by chunk.
    EXPECT_EQ(run({"--until", "2026-01-03"}), "3 read, 3 created; null to 2026-01-03 12:00:00");
    EXPECT_EQ(run({"--until", "2026-01-05 12:00:00"}),
              "3 read, 2 created, 1 unchanged; 2026-01-03 12:00:00 to 2026-01-05 12:00:00");
    EXPECT_EQ(run(), "5 read, 4 created, 1 unchanged; 2026-01-05 12:00:00 to 2026-01-09 12:00:00");
    // Once more, and the cursor stays where it was.
    company_.sql("delete from events");
    EXPECT_EQ(run({"--since", "2026-01-02", "--until", "2026-01-03"}),
              "2 read, 2 created; 2026-01-09 12:00:00 to 2026-01-09 12:00:00");
    EXPECT_EQ(run(), "1 read, 1 unchanged; 2026-01-09 12:00:00 to 2026-01-09 12:00:00");
    EXPECT_THAT(company_.rowhaul({"run", "events", "--since", "soon"}).errors,
                HasSubstr("--since soon is no timestamp"));
}

TEST_P(NewRows, AreReadChunkByChunk) {
    table(GetParam() == "mariadb" ? "datetime" : "timestamp");
    configure();
    add(1, "Anna", "2026-01-01 23:59:59");
    add(2, "Berta", "2026-01-02 00:00:00");
    add(3, "Carla", "2026-01-02 00:00:00");
    add(4, "Dora", "null");
    add(5, "Emma", "2026-01-04 12:00:00");
    add(6, "Frieda", "2026-01-05 00:00:00");
    const std::vector<std::string> command{"run",     "events",     "--since", "2026-01-01",
                                           "--until", "2026-01-04", "--chunk", "1d"};
    const auto outcome = company_.rowhaul(command);
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.errors;
    EXPECT_THAT(outcome.output, HasSubstr("chunk 1 of 4, from 2026-01-01 00:00:00 to before 2026-01-02 00:00:00  "
                                          "succeeded  2 read = 2 created"));
    EXPECT_THAT(outcome.output, HasSubstr("chunk 3 of 4, from 2026-01-03 00:00:00 to before 2026-01-04 00:00:00  "
                                          "empty"));
    EXPECT_THAT(outcome.output, HasSubstr("chunk 4 of 4, from 2026-01-04 00:00:00 to 2026-01-04 23:59:59.999999  "
                                          "succeeded"));
    EXPECT_THAT(outcome.output, HasSubstr("succeeded  4 of 4 chunks"));
    EXPECT_EQ(target(), "1|Anna;2|Berta;3|Carla;4|Dora;5|Emma");
    // Everything was done: given once more, it is begun anew.
    company_.sql("delete from events");
    const auto again = company_.ask(command);
    EXPECT_EQ(testing::text_at(again, "/chunks/done"), "4");
    EXPECT_EQ(testing::text_at(again, "/executions/3").size(), 26U);
    EXPECT_THAT(target(), HasSubstr("2|Berta;3|Carla"));
}

TEST_P(NewRows, GoOnWithTheChunkThatBrokeOff) {
    table("int");
    configure("cursor: changed\n    options: { max_rejects: 0 }");
    for (int id = 1; id <= 9; ++id) {
        add(id, id == 5 ? "bad" : "Anna", std::to_string(id));
    }
    const auto backfill = [&](std::string_view chunk) {
        return company_.ask({"run", "events", "--since", "1", "--until", "9", "--chunk", std::string(chunk)});
    };
    const auto broken = backfill("3");
    EXPECT_EQ(testing::text_at(broken, "/outcome"), "failed");
    EXPECT_EQ(testing::text_at(broken, "/chunks/done"), "1");
    EXPECT_EQ(testing::text_at(broken, "/chunks/of"), "3");
    EXPECT_EQ(testing::text_at(broken, "/rows/created"), "3");
    EXPECT_THAT(testing::text_at(broken, "/message"), HasSubstr("rejected"));
    EXPECT_EQ(target(), "1|Anna;2|Anna;3|Anna");
    sql("update events set name = 'Berta' where id = 5");
    const auto done = backfill("3");
    EXPECT_EQ(testing::text_at(done, "/outcome"), "succeeded");
    EXPECT_EQ(testing::text_at(done, "/chunks/done"), "3");
    EXPECT_EQ(testing::text_at(done, "/executions/1").size(), 26U);
    EXPECT_EQ(target(), "1|Anna;2|Anna;3|Anna;4|Anna;5|Berta;6|Anna;7|Anna;8|Anna;9|Anna");
    EXPECT_EQ(testing::text_at(company_.ask({"waybill"}), "/chunk/number"), "3");
}

TEST_P(NewRows, OfAKeyComeOncePerChunk) {
    company_.sql("drop table events; create table events (id integer primary key, name text)");
    table("date");
    configure("cursor: changed\n    key: [id]");
    for (int day = 1; day <= 9; ++day) {
        add(day, "Anna", fmt::format("2026-01-0{}", day));
    }
    add(10, "Berta", "null");
    run();
    company_.sql("update events set name = 'other'");
    const auto done =
        company_.ask({"run", "events", "--since", "2026-01-03", "--until", "2026-01-06", "--chunk", "2d"});
    EXPECT_EQ(testing::text_at(done, "/chunks/of"), "2");
    EXPECT_EQ(testing::text_at(done, "/rows/updated"), "5");
    EXPECT_EQ(testing::text_at(done, "/rows/read"), "5");
    EXPECT_EQ(target(), "1|other;2|other;3|Anna;4|Anna;5|Anna;6|Anna;7|other;8|other;9|other;10|Berta");
    EXPECT_EQ(testing::text_at(company_.ask({"waybill"}), "/cursor/after"), "2026-01-09");
}

TEST_P(NewRows, ThatWerePassedOverAreTold) {
    table("date");
    configure();
    add(1, "Anna", "2026-01-01");
    run();
    add(2, "Berta", "2026-01-10");
    add(3, "Carla", "2026-01-20");
    const auto outcome = company_.rowhaul({"run", "events", "--since", "2026-01-15"});
    EXPECT_THAT(outcome.output, HasSubstr("rows after 2026-01-01 and before 2026-01-15 are not read"));
    EXPECT_EQ(target(), "1|Anna;3|Carla");
}

// Failure story 5.
TEST_P(NewRows, AnEmptyStateErasesNoBookmark) {
    table("date");
    configure();
    add(1, "Anna", "2026-01-01");
    add(2, "Berta", "2026-01-02");
    run();
    sql("create table kept as select * from events; delete from events");
    EXPECT_EQ(run(), "; 2026-01-02 to 2026-01-02");
    sql("insert into events select * from kept");
    EXPECT_EQ(run(), "2 read, 2 unchanged; 2026-01-02 to 2026-01-02");
    // Neither does a run that fails.
    add(3, "bad", "2026-01-03");
    company_.sql("create trigger late before insert on events begin select raise(rollback, 'no'); end");
    EXPECT_EQ(company_.rowhaul({"run", "events"}).status, 1);
    company_.sql("drop trigger late");
    EXPECT_EQ(run({}, 3), "3 read, 2 unchanged, 1 rejected; 2026-01-02 to 2026-01-03");
    EXPECT_EQ(target(), "1|Anna;2|Berta");
}

TEST_P(NewRows, AreAllRowsAfterTheCursorChanged) {
    table("date");
    sql("alter table events add column made date");
    sql("insert into events values (1, 'Anna', '2026-01-05', '2026-01-01'), (2, 'Berta', '2026-01-01', '2026-01-03')");
    configure();
    run();
    company_.sql("delete from events");
    configure("cursor: made");
    const auto outcome = company_.rowhaul({"run", "events"});
    EXPECT_THAT(outcome.output, HasSubstr("because `cursor` changed: everything is read"));
    EXPECT_EQ(target(), "1|Anna;2|Berta");
    EXPECT_EQ(run(), "1 read, 1 unchanged; 2026-01-03 to 2026-01-03");
}

TEST_P(NewRows, NeedAColumnWhoseOrderIsTheSameEverywhere) {
    table("varchar(20)");
    configure();
    add(1, "Anna", "a");
    const auto refused = company_.rowhaul({"run", "events"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.errors, HasSubstr("the cursor column \"changed\" is of type text"));
    configure("cursor: chnged");
    EXPECT_THAT(company_.rowhaul({"run", "events"}).errors, HasSubstr("did you mean \"changed\"?"));
    configure("cursor: id\n    overlap: 5m");
    EXPECT_THAT(company_.rowhaul({"run", "events"}).errors, HasSubstr("Give `overlap` as a number"));
}

TEST_P(NewRows, WhoseCursorHasNoPlaceInTheOrderAreLookedAtEachTime) {
    if (GetParam() == "postgres") {
        table("timestamp");
        add(1, "Anna", "infinity");
    } else if (GetParam() == "mariadb") {
        sql("create table events (id int, name text, changed datetime not null)");
        sql("set sql_mode = ''; insert into events values (1, 'Anna', '0000-00-00 00:00:00')");
    } else {
        table("timestamp");
        add(1, "Anna", "null");
    }
    add(2, "Berta", "2026-01-01 10:00:00");
    configure();
    EXPECT_EQ(run(), "2 read, 2 created; null to 2026-01-01 10:00:00");
    add(3, "Carla", "2026-01-02 10:00:00");
    EXPECT_EQ(run(), "3 read, 1 created, 2 unchanged; 2026-01-01 10:00:00 to 2026-01-02 10:00:00");
}

TEST_P(NewRows, AreTheSameWhoeverLooksForThem) {
    table("date");
    configure("cursor: changed", "table: events, push_down: false");
    add(1, "Anna", "2026-01-01");
    add(2, "Berta", "2026-01-10");
    EXPECT_EQ(run(), "2 read, 2 created; null to 2026-01-10");
    add(3, "Carla", "2026-01-09");
    EXPECT_EQ(run(), "2 read, 1 created, 1 unchanged; 2026-01-10 to 2026-01-10");
}

TEST_P(NewRows, OfAViewAreReadOnceEach) {
    table("date");
    sql("create view recent as select id, name, changed from events where id > 1");
    configure({}, "table: recent");
    add(1, "Anna", "2026-01-01");
    add(2, "Berta", "2026-01-10");
    EXPECT_EQ(run(), "1 read, 1 created; null to 2026-01-10");
    add(3, "Carla", "2026-01-11");
    EXPECT_EQ(run(), "2 read, 1 created, 1 unchanged; 2026-01-10 to 2026-01-11");
}

TEST_P(NewRows, MustMeetTheRuleAsAnyOther) {
    table("date");
    configure("cursor: changed\n    where: id <> 2 and name <> 'Dora'");
    add(1, "Anna", "2026-01-01");
    add(2, "Berta", "2026-01-10");
    run();
    add(3, "Carla", "2026-01-11");
    add(4, "Dora", "2026-01-12");
    run();
    EXPECT_EQ(target(), "1|Anna;3|Carla");
}

// What SQLite keeps in a column need not be of its type.
TEST(NewRowsOfSqlite, MustHaveAMomentToBeTold) {
    const Company company;
    SqlitePlace source(company / "erp.db");
    company.sql("create table f (id integer)");
    source.sql(
        "create table e (id integer, c timestamp);"
        "insert into e values (1, '2026-01-01 10:00:00'), (2, '2026-01-01T11:00:00'), (3, 17), (4, x'00')");
    company.configure(
        "mappings:\n"
        "  e: { source: { connection: erp, table: e }, target: { connection: shop, table: f }, fields: [id], read: "
        "new, "
        "cursor: c }\n",
        source.connection());
    EXPECT_THAT(company.rowhaul({"run", "e"}).output, HasSubstr("4 read = 2 created + 2 rejected"));
    source.sql("insert into e values (5, '2026-01-01T12:00:00'), (6, 18), (7, '2026-01-01 12:00:00')");
    EXPECT_THAT(company.rowhaul({"run", "e"}).output, HasSubstr("2 created + 1 unchanged + 3 rejected"));
    EXPECT_THAT(company.rowhaul({"waybill", "--rejects"}).output, HasSubstr("invalid_cursor"));
}

TEST(NewRowsConfiguration, IsCheckedBeforeAnythingIsReached) {
    const Company company;
    const auto complaint = [&](std::string_view mapping, std::string_view source = "connection: shop, table: a") {
        company.configure(
            fmt::format("mappings:\n  a:\n    source: {{ {} }}\n    target: {{ connection: shop, table: "
                        "b }}\n    {}\n",
                        source, mapping));
        return company.rowhaul({"validate"}).errors;
    };
    EXPECT_THAT(complaint("read: new"), HasSubstr("mappings.a.cursor: is missing"));
    EXPECT_THAT(complaint("cursor: id"), HasSubstr("mappings.a.cursor: is for `read: new`"));
    EXPECT_THAT(complaint("overlap: 5m"), HasSubstr("mappings.a.overlap: is for `read: new`"));
    EXPECT_THAT(complaint("read: new\n    cursor: id\n    overlap: soon"), HasSubstr("mappings.a.overlap: must be"));
    EXPECT_THAT(complaint("read: new\n    cursor: id\n    key: [id]\n    options: { absent: delete }"),
                HasSubstr("does not go with `read: new`"));
    EXPECT_THAT(complaint("read: new\n    cursor: id\n    options: { replace: true }"),
                HasSubstr("does not go with `read: new`"));
    EXPECT_THAT(complaint("read: new\n    cursor: id", "connection: export, file: a.csv"),
                HasSubstr("in tables and queries only"));
    complaint("key: [id]");
    const auto limited = company.rowhaul({"run", "a", "--since", "1"});
    EXPECT_NE(limited.status, 0);
    EXPECT_THAT(limited.errors, HasSubstr("does not follow a cursor"));
    complaint("read: new\n    cursor: id");
    const auto chunked = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"run", "a"});
        const auto outcome = company.rowhaul(more);
        EXPECT_NE(outcome.status, 0);
        return outcome.errors;
    };
    EXPECT_THAT(chunked({"--chunk", "5"}), HasSubstr("Give --since and --until"));
    EXPECT_THAT(chunked({"--chunk", "0", "--since", "1", "--until", "2"}), HasSubstr("--chunk 0 is no length"));
    EXPECT_THAT(chunked({"--chunk", "soon", "--since", "1", "--until", "2"}), HasSubstr("as in 6h or 1d"));
    complaint("key: [id]");
    EXPECT_THAT(chunked({"--chunk", "5", "--since", "1", "--until", "2"}), HasSubstr("does not follow a cursor"));
    company.configure(
        "mappings: { a: { source: { connection: shop, table: a }, target: { connection: export, file: a.csv }, "
        "read: new, cursor: id } }\n");
    EXPECT_THAT(chunked({"--chunk", "5", "--since", "1", "--until", "2"}), HasSubstr("Put {sequence}"));
}

// A session that may keep a transaction open.
class Writer {
public:
    explicit Writer(std::string_view kind, const std::string& where) {
        if (kind == "postgres") {
            postgres_options_.host = testing::Postgres::shared().socket_folder();
            postgres_options_.port = testing::Postgres::shared().port();
            postgres_options_.database = where;
            postgres_options_.user = "owner";
            postgres_ = std::make_unique<PostgresConnection>(Context(), postgres_options_);
        } else {
            mysql_options_.socket = where;
            mysql_options_.database = "erp";
            mysql_options_.user = "root";
            maria_db_ = std::make_unique<MysqlConnection>(Context(), mysql_options_, MysqlAccess::ReadWrite);
        }
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    void sql(const std::string& statement) {
        if (postgres_) {
            postgres_->run(Context(), statement);
        } else {
            maria_db_->run(Context(), statement);
        }
    }
    std::string told(const std::string& query) {
        if (postgres_) {
            return PQgetvalue(postgres_->query(Context(), query).get(), 0, 0);
        }
        return maria_db_->run(Context(), query).at(0).at(0).value_or("");
    }

private:
    PostgresOptions postgres_options_;  // which the sessions look into
    MysqlOptions mysql_options_;
    std::unique_ptr<PostgresConnection> postgres_;
    std::unique_ptr<MysqlConnection> maria_db_;
};

class LateRows : public ::testing::TestWithParam<std::string_view> {
protected:
    LateRows() : is_postgres_(GetParam() == "postgres") {
        if (is_postgres_) {
            where_ = testing::Postgres::shared().make_database();
        } else {
            where_ = server().socket();
            server().exec("drop database if exists erp; create database erp");
        }
        const auto& postgres = testing::Postgres::shared();
        company_.configure(
            "mappings:\n"
            "  events:\n"
            "    source: { connection: erp, table: events }\n"
            "    target: { connection: shop, table: events }\n"
            "    read: new\n"
            "    cursor: changed\n"
            "  people:\n"
            "    source: { connection: erp, table: people }\n"
            "    target: { connection: shop, table: people }\n"
            "    key: [id]\n"
            "    read: new\n"
            "    cursor: changed\n",
            is_postgres_ ? fmt::format("  erp: {{ type: postgres, host: {}, port: {}, database: {}, user: owner }}\n",
                                       postgres.socket_folder(), postgres.port(), where_)
                         : fmt::format("  erp: {{ type: mariadb, socket: {}, database: erp, user: root }}\n", where_));
        Writer owner = writer();
        for (const auto* table : {"events", "people"}) {
            const auto type = is_postgres_ ? "timestamp(0)" : "datetime";
            const auto* const key = table == std::string_view("people") ? " primary key" : "";
            owner.sql(fmt::format("create table {} (id int{}, name int, changed {})", table, key, type));
            company_.sql(fmt::format("create table {} (id integer{}, name integer, changed text)", table, key));
        }
    }
    static testing::MariaDb& server() {
        static testing::MariaDb one;
        return one;
    }
    Writer writer() const { return Writer(GetParam(), where_); }
    void run() {
        for (const auto* mapping : {"events", "people"}) {
            const auto outcome = company_.rowhaul({"run", mapping});
            EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.errors;
        }
    }
    // Until this is so of the seconds for which another transaction has been open.
    void wait_until(Writer& session, const std::function<bool(int seconds)>& is_so) const {
        const std::string question =
            is_postgres_ ? "select coalesce(extract(epoch from clock_timestamp() - min(xact_start)), 0)::int from "
                           "pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
                         : "select coalesce(timestampdiff(second, convert_tz(min(trx_started), 'SYSTEM', '+00:00'), "
                           "utc_timestamp()), 0) from information_schema.innodb_trx where trx_mysql_thread_id <> "
                           "connection_id()";
        while (!is_so(std::stoi(session.told(question)))) {
            Context().sleep(std::chrono::milliseconds(150));  // as old as MariaDB's answer may be
        }
    }
    // A writing session sees what is committed.
    std::string source(std::string_view table) {
        const auto query = fmt::format("select * from {} order by id, name, changed", table);
        if (is_postgres_) {
            return testing::Postgres::shared().execute(
                fmt::format(
                    "select string_agg(concat_ws('|', id, name, to_char(changed, 'YYYY-MM-DD HH24:MI:SS')), ';' "
                    "order by id, name, changed) from {}",
                    table),
                where_);
        }
        auto printed = server().exec("use erp; " + query);
        while (printed.ends_with('\n')) {
            printed.pop_back();
        }
        for (char& c : printed) {
            c = c == '\t' ? '|' : c == '\n' ? ';' : c;
        }
        return printed;
    }
    std::string target(std::string_view table) const {
        return rows_of(company_, fmt::format("select * from {} order by id, name, changed", table));
    }

    const bool is_postgres_;
    std::string where_;
    const Company company_;
};
INSTANTIATE_TEST_SUITE_P(Databases, LateRows, ::testing::Values("postgres", "mariadb"), testing::place_name);

// Failure story 3, at each of its moments.
TEST_P(LateRows, CommittedAfterNewerOnesWereReadDoNotVanish) {
    auto slow = writer();
    auto quick = writer();
    slow.sql("begin");
    slow.sql("insert into events values (1, 0, '2026-01-01 10:00:00')");
    quick.sql("insert into events values (2, 0, '2026-01-01 10:00:05')");
    run();
    EXPECT_EQ(target("events"), "2|0|2026-01-01 10:00:05");
    slow.sql("commit");
    slow.sql("begin");
    slow.sql("insert into events values (3, 0, '2026-01-01 10:00:05')");
    quick.sql("insert into events values (4, 0, '2026-01-01 10:00:05')");
    run();
    slow.sql("commit");
    run();
    run();
    EXPECT_EQ(target("events"), source("events"));
}

// Failure story 3, with a transaction that is open for longer than the overlap lasts.
TEST_P(LateRows, OfALongTransactionDoNotVanish) {
    auto slow = writer();
    auto quick = writer();
    slow.sql("begin");
    slow.sql("insert into events values (1, 0, '2026-01-01 09:59:59')");
    slow.sql("insert into people values (1, 0, '2026-01-01 09:59:59')");
    wait_until(quick, [](int seconds) { return seconds >= 2; });
    quick.sql("insert into events values (2, 0, '2026-01-01 10:05:00')");
    quick.sql("insert into people values (2, 0, '2026-01-01 10:05:00')");
    run();
    EXPECT_EQ(target("events"), "2|0|2026-01-01 10:05:00");
    slow.sql("commit");
    wait_until(quick, [](int seconds) { return seconds == 0; });
    run();
    run();
    for (const auto* table : {"events", "people"}) {
        EXPECT_EQ(target(table), "1|0|2026-01-01 09:59:59;2|0|2026-01-01 10:05:00");
    }
    // Nothing is open any more, and so nothing is expected from that time.
    quick.sql("insert into events values (3, 0, '2026-01-01 09:59:59')");
    run();
    EXPECT_EQ(target("events"), "1|0|2026-01-01 09:59:59;2|0|2026-01-01 10:05:00");
}

// Failure story 3, with as much going on at once as there can be.
TEST_P(LateRows, OfConcurrentWritersDoNotVanish) {
    constexpr int writers = 4;
    constexpr int transactions = 60;
    std::atomic<int> clock = 0;
    std::atomic<int> at_work = writers;
    std::vector<std::thread> threads;
    for (int number = 0; number < writers; ++number) {
        threads.emplace_back([&, number] {
            std::mt19937 random(static_cast<unsigned>(number));
            const auto moment = [&](int jitter) {
                // Several a second, and up to two minutes old.
                const auto seconds = std::max(0, clock.fetch_add(1) / 3 - static_cast<int>(random() % 120) * jitter);
                return fmt::format("2026-01-01 10:{:02}:{:02}", seconds / 60, seconds % 60);
            };
            auto session = writer();
            for (int i = 0; i < transactions; ++i) {
                session.sql("begin");
                for (int row = 0; row < 3; ++row) {
                    const int id = number * 1000 + i * 3 + row;
                    session.sql(fmt::format("insert into events values ({}, 0, '{}')", id, moment(row)));
                    session.sql(fmt::format("insert into people values ({}, 0, '{}')", id, moment(row)));
                    session.sql(
                        fmt::format("update people set name = name + 1, changed = '{}' where id = {}", moment(1),
                                    number * 1000 + static_cast<int>(random() % static_cast<unsigned>(i * 3 + 1))));
                }
                session.sql(random() % 5 == 0 ? "rollback" : "commit");
            }
            --at_work;
        });
    }
    while (at_work > 0) {
        run();
    }
    for (auto& thread : threads) {
        thread.join();
    }
    run();
    run();
    EXPECT_EQ(target("events"), source("events"));
    EXPECT_EQ(target("people"), source("people"));
}

}  // namespace
}  // namespace rowhaul
