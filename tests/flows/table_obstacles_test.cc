// SPDX-License-Identifier: Apache-2.0
// What stands in the way of writing into a table: rights, engines, triggers, other sessions.
#include "table_flow.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using testing::Company;
using ::testing::HasSubstr;
using testing::LocalInfile;
using testing::MariaDbPlace;
using ::testing::Not;
using testing::Place;
using testing::PostgresPlace;
using testing::write_file;

// A user "writer" who may not make tables.
class NoTableOfCommits : public ::testing::TestWithParam<std::string_view> {
protected:
    NoTableOfCommits() {
        if (is_postgres()) {
            place_ = std::make_unique<PostgresPlace>();
            place_->sql(
                "revoke create on schema public from public; "
                "do 'begin if not exists (select from pg_roles where rolname = ''writer'') then create role writer "
                "login; end if; end'");
        } else {
            place_ = std::make_unique<MariaDbPlace>(LocalInfile::Allowed);
            place_->sql("create or replace user writer; grant select, create temporary tables on erp.* to writer");
        }
        place_->sql("create table customers (id int primary key, name varchar(20))");
        write_file(company_ / "customers.csv", "id,name\n1,Anna\n2,Bruno\n");
    }
    static bool is_postgres() { return GetParam() == "postgres"; }
    void grant(std::string_view rights, std::string_view table) {
        place_->sql(fmt::format("grant {} on {} to writer", rights, table));
    }
    void configure(std::string_view mapping) const {
        auto connection = place_->connection();
        const std::string_view user = is_postgres() ? "user: owner" : "user: root";
        connection.replace(connection.find(user), user.size(), "user: writer");
        company_.configure(
            fmt::format("mappings:\n"
                        "  customers:\n"
                        "    source: {{ connection: files, file: customers.csv, settle: {{ age: 0s }}, again: true }}\n"
                        "    target: {{ connection: erp, table: customers }}\n"
                        "    {}\n",
                        mapping),
            connection + "  files: { type: local, folder: . }\n");
    }
    testing::Outcome run() const { return company_.rowhaul({"run", "customers"}); }

    const Company company_;
    std::unique_ptr<Place> place_;
};
INSTANTIATE_TEST_SUITE_P(Databases, NoTableOfCommits, ::testing::Values("postgres", "mariadb"), testing::place_name);

TEST_P(NoTableOfCommits, RecordsOfAKeyArriveAllTheSame) {
    grant("select, insert, update, delete", "customers");
    configure("key: [id]\n    options: { absent: delete }");
    for (int i = 0; i < 2; ++i) {
        const auto done = run();
        EXPECT_EQ(done.status, 0) << done.errors;
    }
    EXPECT_EQ(place_->rows("select id, name from customers order by id"), "1|Anna;2|Bruno");
}

TEST_P(NoTableOfCommits, RowsAreAppendedOnlyIfTheyMayComeTwice) {
    grant("select, insert, update, delete", "customers");
    configure("");
    const auto refused = run();
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.errors, HasSubstr("rowhaul_commits"));
    EXPECT_THAT(refused.errors, HasSubstr("at_least_once: true"));
    configure("options: { at_least_once: true }");
    EXPECT_EQ(run().status, 0);
    EXPECT_EQ(place_->rows("select count(*) from customers"), "2");
}

TEST_P(NoTableOfCommits, OneThatAPersonMadeIsUsed) {
    grant("select, insert", "customers");
    configure("");
    const auto advice = run().errors;
    const auto begin = advice.rfind("create table ");
    ASSERT_NE(begin, std::string::npos) << advice;
    place_->sql(advice.substr(begin, advice.find(';', begin) - begin));
    grant("select, insert, update", "rowhaul_commits");
    const auto done = run();
    EXPECT_EQ(done.status, 0) << done.errors;
    EXPECT_EQ(place_->rows("select mapping from rowhaul_commits"), "customers");
}

TEST_P(NoTableOfCommits, WhoMayOnlyReadIsToldSo) {
    grant("select", "customers");
    place_->sql("insert into customers values (1, 'kept'), (9, 'kept')");
    const std::string any = "max_delete: { percent: 100 } }";
    for (const auto& mapping : std::vector<std::string>{
             "", "key: [id]", "key: [id]\n    options: { missing: skip }", "key: [id]\n    options: { existing: skip }",
             "key: [id]\n    options: { absent: delete, " + any, "options: { replace: true, " + any}) {
        configure(mapping);
        const auto refused = run();
        EXPECT_EQ(refused.status, 1);
        EXPECT_THAT(refused.errors, HasSubstr("customers"));
        EXPECT_THAT(refused.errors, HasSubstr("denied"));
        EXPECT_THAT(refused.errors, Not(HasSubstr("rowhaul_commits")));
    }
    EXPECT_EQ(place_->rows("select id, name from customers order by id"), "1|kept;9|kept");
}

class TableObstacles : public testing::TableFlow {};
INSTANTIATE_TEST_SUITE_P(Databases, TableObstacles, ::testing::Values("postgres", "mariadb"), testing::place_name);

// The first time a row is written another session is said to stand in the way.
TEST_P(TableObstacles, ADeadlockIsTriedAgain) {
    sql("insert into customers values (1, 'Anna', 1), (9, 'Zoe', 1)");
    if (GetParam() == "postgres") {
        sql("create sequence tries; create function stand_in_the_way() returns trigger language plpgsql as "
            "'begin if nextval(''tries'') <= 2 then raise exception ''deadlock'' using errcode = ''40P01''; end if; "
            "return new; end'; "
            "create trigger way before update on customers for each row execute function stand_in_the_way()");
    } else {
        sql("create table tries (n int auto_increment primary key) engine=MyISAM; delimiter //\n"
            "create trigger way before update on customers for each row begin "
            "insert into tries values (null); if (select count(*) from tries) <= 2 then "
            "signal sqlstate '40001' set mysql_errno = 1213, message_text = 'deadlock'; end if; end//\ndelimiter ;\n");
    }
    configure("key: [id]\n    options: { absent: delete }");
    given("id,name,amount\n1,changed,1\n2,Bruno,1\n2,Bruno,2\n3,Carla,1\n");
    EXPECT_EQ(counts(company_.rowhaul({"run", "customers", "--output", "json"}), 3),
              "4 read, 1 created, 1 updated, 1 deleted, 2 rejected");
    EXPECT_EQ(place_->rows("select id, name from customers order by id"), "1|changed;3|Carla");
}

// Somebody else changes the records from the last to the first while the run does from the first to the last.
TEST_P(TableObstacles, ADeadlockWithAnotherSessionIsTriedAgain) {
    sql("insert into customers values (1, 'Anna', 1), (9, 'Zoe', 1); create table others (id int primary key)");
    for (int id = 0; id < 100; ++id) {
        sql(fmt::format("insert into others values ({})", id));
    }
    configure("key: [id]\n    options: { absent: delete }");
    given("id,name,amount\n1,Anna A.,1\n5,Emil,1\n9,Zoe Z.,1\n");
    const auto database = place_->database();
    const auto other = database->writer();
    const Context context;
    const bool is_postgres = GetParam() == "postgres";
    if (is_postgres) {
        other->execute(context, "set deadlock_timeout = '1min'");  // the run notices it first
    }
    other->begin(context, Reach::Tables);
    other->execute(context, "update others set id = id + 1000");  // the run has less to lose
    other->execute(context, "update customers set amount = 2 where id = 9");
    auto run = company_.start({"run", "customers", "--output", "json"});
    ASSERT_TRUE(testing::eventually([&] { return place_->somebody_waits(); })) << testing::read_file(company_ / "said");
    other->execute(context, "update customers set amount = 2 where id = 1");
    other->commit(context);
    ASSERT_EQ(run.wait(std::chrono::seconds(30)), 0) << testing::read_file(company_ / "said");
    EXPECT_EQ(testing::text_at(boost::json::parse(testing::read_file(company_ / "said")), "/rows/updated"), "2");
    EXPECT_EQ(place_->rows("select id, name from customers order by id"), "1|Anna A.;5|Emil;9|Zoe Z.");
}

TEST_P(TableObstacles, ChangesThatATriggerSwallowsFailTheRun) {
    sql("insert into customers values (1, 'Anna', 1), (2, 'Bruno', 1), (3, 'Carla', 1)");
    if (GetParam() == "postgres") {
        sql("create function swallow() returns trigger language plpgsql as 'begin return null; end'; "
            "create trigger swallow before update or delete on customers for each row when (old.id = 2) "
            "execute function swallow()");
    } else {
        sql("create trigger swallow before update on customers for each row "
            "set new.name = if(old.id = 2, old.name, new.name)");
    }
    configure("key: [id]\n    options: { absent: delete }");
    given("id,name,amount\n1,changed,1\n2,changed,1\n3,Carla,1\n");
    const auto failed = company_.rowhaul({"run", "customers"});
    EXPECT_EQ(failed.status, 1);
    EXPECT_THAT(failed.errors, HasSubstr("swallows rows"));
    EXPECT_EQ(place_->rows("select name from customers order by id"), "Anna;Bruno;Carla");
    if (GetParam() == "postgres") {
        given("id,name,amount\n1,changed,1\n");
        EXPECT_THAT(company_.rowhaul({"run", "customers"}).errors, HasSubstr("swallows changes"));
        EXPECT_EQ(place_->rows("select name from customers order by id"), "Anna;Bruno;Carla");
    }
}

TEST(TableObstaclesOfMariaDb, TablesThatCannotRollBackAreRefused) {
    const Company company;
    MariaDbPlace place(LocalInfile::Allowed);
    write_file(company / "customers.csv", "id\n1\n");
    for (const std::string_view engine : {"MyISAM", "Aria", "MEMORY"}) {
        place.sql(fmt::format("create or replace table customers (id int primary key) engine={}", engine));
        company.configure(
            "mappings:\n"
            "  customers:\n"
            "    source: { connection: files, file: customers.csv, settle: { age: 0s } }\n"
            "    target: { connection: erp, table: customers }\n"
            "    key: [id]\n",
            place.connection() + "  files: { type: local, folder: . }\n");
        const auto refused = company.rowhaul({"test", "customers"});
        EXPECT_EQ(refused.status, 1);
        EXPECT_THAT(refused.errors, HasSubstr(fmt::format("cannot take part in a transaction (engine {})", engine)));
    }
}

}  // namespace
}  // namespace rowhaul
