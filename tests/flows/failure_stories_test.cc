// SPDX-License-Identifier: Apache-2.0
// Stories that users of other systems told of tables, as far as no other test bears their name.
#include "bad_input.h"
#include "table_flow.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using ::testing::AllOf;
using testing::Company;
using ::testing::HasSubstr;
using testing::LocalInfile;
using testing::MariaDbPlace;
using testing::PostgresPlace;
using testing::SmallDisk;
using testing::write_file;

class FailureStories : public testing::TableFlow {
protected:
    // Rows of a table of MariaDB on their way into one of the place.
    void configure_from(const testing::Place& source, std::string_view mapping) const {
        auto connection = source.connection();
        connection.replace(connection.find("erp:"), 4, "old:");
        company_.configure(fmt::format("mappings:\n"
                                       "  times:\n"
                                       "    source: {{ connection: old, table: times }}\n"
                                       "    target: {{ connection: erp, table: stays }}\n"
                                       "    {}\n",
                                       mapping),
                           place_->connection() + connection);
    }
    bool is_mariadb() const { return GetParam().starts_with("mariadb"); }
};
INSTANTIATE_TEST_SUITE_P(Databases, FailureStories, testing::all_places(), testing::place_name);

// It sticks to the name of the first column, which is the key.
TEST_P(FailureStories, AByteOrderMarkBelongsToNoHeader) {
    configure();
    given("\xEF\xBB\xBFid,name,amount\n1,Anna,1\n");
    EXPECT_EQ(run(), "1 read, 1 created");
    given("\xEF\xBB\xBF\"id\",name,amount\n1,Anna,2\n");
    EXPECT_EQ(run(), "1 read, 1 updated");
    EXPECT_EQ(place_->rows("select id, name from customers"), "1|Anna");
}

// A user signs up as Anna@Example.com and is known as anna@example.com.
TEST_P(FailureStories, AnAddressInOtherLettersDoublesNobodyAndStopsNobodyElse) {
    const bool is_postgres = GetParam() == "postgres";
    sql(is_postgres ? "create table contacts (email varchar(50) not null, name varchar(20)); "
                      "create unique index one_each on contacts (lower(email))"
        : is_mariadb()
            ? "create table contacts (email varchar(50) character set utf8mb4 collate utf8mb4_general_ci primary key, "
              "name varchar(20))"
            : "create table contacts (email text collate nocase primary key not null, name text)");
    sql("insert into contacts values ('anna@example.com', 'Anna')");
    company_.configure(
        "mappings:\n"
        "  customers:\n"
        "    source: { connection: files, file: customers.csv, settle: { age: 0s }, again: true }\n"
        "    target: { connection: erp, table: contacts }\n"
        "    key: [email]\n",
        place_->connection() + "  files: { type: local, folder: . }\n");
    given("email,name\nAnna@Example.com,Anna B.\nbeat@example.com,Beat\n");
    const std::string known = is_postgres ? "2 read, 1 created, 1 rejected" : "2 read, 1 created, 1 updated";
    EXPECT_EQ(run(is_postgres ? 3 : 0), known);
    EXPECT_EQ(
        place_->rows("select email, name from contacts order by email"),
        is_postgres ? "anna@example.com|Anna;beat@example.com|Beat" : "anna@example.com|Anna B.;beat@example.com|Beat");
    // Twice in one file, and neither is more right than the other.
    given("email,name\nCarla@example.com,Carla\nDora@example.com,Dora\ncarla@example.com,Other\n");
    EXPECT_EQ(run(3), is_postgres ? "3 read, 2 created, 1 rejected" : "3 read, 1 created, 2 rejected");
    given("email,name\nANNA@example.com,One\nanna@EXAMPLE.com,Two\nDORA@example.com,Dora D.\n");
    EXPECT_EQ(run(3), is_postgres ? "3 read, 3 rejected" : "3 read, 1 updated, 2 rejected");
}

TEST_P(FailureStories, ZeroDatesAndTimesBeyondADayOfMariaDbArriveOrAreRejected) {
    MariaDbPlace old(LocalInfile::Forbidden);
    old.sql(
        "set sql_mode = ''; "
        "create table times (id int primary key, day date, at datetime, span time); "
        "insert into times values (1, '0000-00-00', '0000-00-00 00:00:00', '-838:59:59'), "
        "(2, '2026-02-00', '2026-00-10 10:00:00', '100:00:00'), (3, '2026-02-28', '2026-02-28 10:00:00', '23:59:59')");
    sql(fmt::format("create table stays (id int primary key, day date, at {}, span time)",
                    is_mariadb() ? "datetime" : "timestamp"));
    configure_from(old, "key: [id]");
    const bool is_postgres = GetParam() == "postgres";
    const auto told = company_.ask({"run", "times"});
    EXPECT_EQ(testing::text_at(told, "/rows/created"), is_postgres ? "1" : "3") << told;
    EXPECT_EQ(testing::text_at(told, "/rows/rejected"), is_postgres ? "2" : "0");
    EXPECT_EQ(testing::text_at(told, "/warnings/0/code"), "zero_date_as_null");
    const std::string good = "3|2026-02-28|2026-02-28 10:00:00|23:59:59";
    EXPECT_EQ(place_->rows("select id, day, at, span from stays order by id"),
              is_postgres ? "3|2026-02-28|2026-02-28T10:00:00|23:59:59"
                          : "1|NULL|NULL|-838:59:59;2|NULL|NULL|100:00:00;" + good);
    // And where there has to be a date, its row is rejected.
    sql("drop table stays");
    sql(fmt::format("create table stays (id int primary key, day date not null, at {}, span {})",
                    is_mariadb() ? "datetime" : "timestamp", is_postgres ? "interval" : "time"));
    const auto refused = company_.ask({"run", "times"});
    EXPECT_EQ(testing::text_at(refused, "/rows/created"), "1") << refused;
    // MariaDB's own columns may hold zero dates, so it is asked.
    EXPECT_EQ(testing::text_at(refused, "/rejects/0/reason"), is_mariadb() ? "refused_not_null" : "missing_value");
}

// A view shows the rows that its reader may see; one day these are fewer.
class FilteredView : public ::testing::TestWithParam<std::string_view> {};
INSTANTIATE_TEST_SUITE_P(Databases, FilteredView, ::testing::Values("postgres", "mariadb"), testing::place_name);

TEST_P(FilteredView, Story15UnderAMirrorTripsTheGuard) {
    const Company company;
    const auto place = testing::make_place(GetParam(), "");
    const bool is_postgres = GetParam() == "postgres";
    place->sql(
        "create table customers (id int primary key, region varchar(20)); "
        "create table rights (reader varchar(50), region varchar(20)); "
        "insert into rights values ('reader', 'north'), ('reader', 'south')");
    for (int id = 1; id <= 40; ++id) {
        place->sql(fmt::format("insert into customers values ({}, '{}')", id, id <= 15 ? "north" : "south"));
    }
    if (is_postgres) {
        place->sql(
            "do 'begin if not exists (select from pg_roles where rolname = ''reader'') then create role reader login; "
            "end if; end'; "
            "create view mine as select c.* from customers c join rights r using (region) where reader = current_user; "
            "grant select on mine to reader");
    } else {
        place->sql(
            "create or replace user reader; "
            "create view mine as select c.* from customers c join rights r on r.region = c.region "
            "where reader = substring_index(user(), '@', 1); grant select on erp.mine to reader");
    }
    auto connection = place->connection();
    const std::string_view user = is_postgres ? "user: owner" : "user: root";
    connection.replace(connection.find(user), user.size(), "user: reader");
    company.sql("create table customers (id integer primary key, region text)");
    company.configure(
        "mappings:\n"
        "  customers:\n"
        "    source: { connection: erp, table: mine }\n"
        "    target: { connection: shop, table: customers }\n"
        "    key: [id]\n"
        "    options: { absent: delete }\n",
        connection);
    ASSERT_EQ(company.rowhaul({"run", "customers"}).status, 0);
    for (const std::string_view lost : {"south", "north"}) {
        place->sql(fmt::format("delete from rights where region = '{}'", lost));
        const auto stopped = company.rowhaul({"run", "customers"});
        EXPECT_EQ(stopped.status, 5) << stopped.output;
        EXPECT_THAT(stopped.errors, HasSubstr(lost == "south" ? "25 of 40 records" : "the source is empty"));
        SqliteHandle shop(company / "shop.db", SqliteAccess::ReadOnly);
        auto count = shop.prepare("select count(*) from customers");
        count.step();
        EXPECT_EQ(count.integer(0), 40);
    }
}

// Rejected rows are kept, and one day there are so many that nothing else has room.
TEST(FailureStoriesOfDisks, RecordsOfRejectedRowsThatFillTheDiskChangeNothingElse) {
    const Company company;
    const SmallDisk disk(company / "home", "2m");
    if (!disk.is_mounted()) {
        return;  // faults/full_disk_test.cc needs no administrator
    }
    company.sql("create table customers (id integer primary key, name text); insert into customers values (1, 'Anna')");
    std::string csv = "id,name\n1,changed\n";
    for (int row = 0; row < 50'000; ++row) {
        csv += fmt::format("x{},a name of some length so that rejects need room\n", row);
    }
    write_file(company / "customers.csv", csv);
    company.configure(
        "mappings:\n"
        "  customers:\n"
        "    source: { connection: files, file: customers.csv, settle: { age: 0s } }\n"
        "    target: { connection: shop, table: customers }\n"
        "    key: [id]\n",
        "  files: { type: local, folder: . }\n");
    const auto full = company.rowhaul({"run", "customers", "--home", "home"});
    EXPECT_EQ(full.status, 1);
    EXPECT_THAT(full.errors, AllOf(HasSubstr("rowhaul.db"), HasSubstr("full")));
    SqliteHandle shop(company / "shop.db", SqliteAccess::ReadOnly);
    auto row = shop.prepare("select id, name from customers");
    ASSERT_TRUE(row.step());
    EXPECT_EQ(row.text(1), "Anna");
    EXPECT_FALSE(row.step());
    disk.grow("64m");
    write_file(company / "customers.csv", "id,name\n1,changed\n");
    const auto next = company.rowhaul({"run", "customers", "--home", "home"});
    EXPECT_EQ(next.status, 0) << next.errors;
}

}  // namespace
}  // namespace rowhaul
