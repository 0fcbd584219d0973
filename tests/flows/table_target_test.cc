// SPDX-License-Identifier: Apache-2.0
// Rows into tables, the same for every database.
#include "table_flow.h"

#include <csignal>
#include <gmock/gmock.h>
#include <thread>

namespace rowhaul {
namespace {

using ::testing::AllOf;
using testing::Company;
using ::testing::HasSubstr;
using testing::PostgresPlace;
using testing::text_at;
using testing::write_file;

class TableTarget : public testing::TableFlow {};
INSTANTIATE_TEST_SUITE_P(Databases, TableTarget, testing::all_places(), testing::place_name);

TEST_P(TableTarget, CreatesChangesAndLeavesAlone) {
    configure();
    given("id,name,amount\n1,Anna,10.50\n2,Böse \\ 'x'\t,\n3,\"a\nb\",3\n");
    EXPECT_EQ(run(), "3 read, 3 created");
    given("id,name,amount\n1,anna,10.50\n2,Böse \\ 'x'\t,\n3,\"a\nb\",3.01\n4,Dora,0\n");
    EXPECT_EQ(run(), "4 read, 1 created, 2 updated, 1 unchanged");
    EXPECT_EQ(run(), "4 read, 4 unchanged");
    EXPECT_EQ(place_->rows("select id, amount from customers where name = 'anna' or id = 4 order by id"),
              GetParam() == "sqlite" ? "1|10.5;4|0" : "1|10.50;4|0.00");
}

TEST_P(TableTarget, AppendsWithoutAKey) {
    sql("create table log (what varchar(20))");
    company_.configure(
        "mappings:\n"
        "  customers:\n"
        "    source: { connection: files, file: customers.csv, settle: { age: 0s }, again: true }\n"
        "    target: { connection: erp, table: log }\n",
        place_->connection() + "  files: { type: local, folder: . }\n");
    given("what\na\na\n");
    EXPECT_EQ(run(), "2 read, 2 created");
    EXPECT_EQ(run(), "2 read, 2 created");
    EXPECT_EQ(place_->rows("select count(*) from log"), "4");
}

TEST_P(TableTarget, RowsThatTheDatabaseRefusesAreRejectedAndTheOthersArrive) {
    for (const std::string_view mapping : {"key: [id]", ""}) {
        sql("delete from customers");
        configure(mapping);
        given("id,name,amount\n1,Anna,1\n2,Bruno,-1\n3,Carla,2\n4,Dora,-2\n5,Emil,3\n");
        EXPECT_EQ(run(3), "5 read, 3 created, 2 rejected");
        EXPECT_EQ(place_->rows("select id from customers order by id"), "1;3;5");
        const auto rejects = company_.rowhaul({"waybill", "--rejects"}).output;
        EXPECT_THAT(rejects, HasSubstr("customers.csv,3,2,"));
        EXPECT_THAT(rejects, HasSubstr("refused_check"));
        EXPECT_THAT(rejects, HasSubstr("\"4,Dora,-2\""));
    }
}

TEST_P(TableTarget, RowsThatAreRefusedAsChangesAndAsNewOnesAreRejectedInOneRun) {
    sql("insert into customers values (1, 'Anna', 1), (2, 'Bruno', 2)");
    configure();
    given("id,name,amount\n1,Anna,-1\n2,Bruno B.,2\n3,Carla,-3\n4,Dora,4\n");
    EXPECT_EQ(run(3), "4 read, 1 created, 1 updated, 2 rejected");
    EXPECT_EQ(place_->rows("select id, name from customers order by id"), "1|Anna;2|Bruno B.;4|Dora");
}

TEST_P(TableTarget, WhatCannotBeIsRejectedBeforeItIsSent) {
    configure();
    given(
        "id,name,amount\nx,Anna,1\n2,,1\n,Bruno,1\n4,A name that is much too long,1\n5,Carla,1.234\n"
        "6,Dora,99999999999\n7,Emil,7\n");
    // SQLite keeps texts of any length and numbers of any size.
    const std::map<std::string_view, std::string> expected{{"sqlite", "7 read, 4 created, 3 rejected"},
                                                           {"postgres", "7 read, 1 created, 6 rejected"},
                                                           {"mariadb", "7 read, 1 created, 6 rejected"},
                                                           {"mariadb_without_load", "7 read, 1 created, 6 rejected"}};
    EXPECT_EQ(run(3), expected.at(GetParam()));
    const auto rejects = company_.rowhaul({"waybill", "--rejects"}).output;
    EXPECT_THAT(rejects, HasSubstr("customers.csv,2,1,,invalid_integer,id,x"));
    EXPECT_THAT(rejects, HasSubstr("customers.csv,3,2,2,missing_value,name"));
    if (GetParam() != "sqlite") {
        EXPECT_THAT(rejects, HasSubstr("customers.csv,5,4,4,text_too_long,name"));
        EXPECT_THAT(rejects, HasSubstr("customers.csv,6,5,5,too_many_decimals,amount,1.234"));
        EXPECT_THAT(rejects, HasSubstr("customers.csv,7,6,,refused,"));
        EXPECT_THAT(rejects, HasSubstr("\"6,Dora,99999999999\""));
    }
}

TEST_P(TableTarget, ANumberWithDecimalsBecomesNoInteger) {
    company_.sql(
        "create table stock (id integer primary key, price decimal(10,2), part real); insert into stock values "
        "(1, 12.50, null), (2, 12.00, null), (3, null, 0.5), (4, null, 3.0), (5, 99999999999.00, 1e300)");
    sql("create table stock (id int primary key, price bigint, part bigint)");
    company_.configure(
        "mappings:\n"
        "  customers:\n"
        "    source: { connection: shop, table: stock }\n"
        "    target: { connection: erp, table: stock }\n"
        "    key: [id]\n",
        place_->connection());
    EXPECT_EQ(run(3), "5 read, 2 created, 3 rejected");
    EXPECT_EQ(place_->rows("select id, price, part from stock order by id"), "2|12|NULL;4|NULL|3");
    const auto rejects = company_.rowhaul({"waybill", "--rejects"}).output;
    EXPECT_THAT(rejects, AllOf(HasSubstr("invalid_integer,price,12.5"), HasSubstr("invalid_integer,part,0.5"),
                               HasSubstr("number_out_of_range,part,1e+300")));
}

TEST_P(TableTarget, RowsOfOneKeyAreTreatedAsTold) {
    given("id,name,amount\n1,first,1\n2,other,1\n1,second,2\n1,third,3\n");
    configure();
    EXPECT_EQ(run(3), "4 read, 1 created, 3 rejected");
    sql("delete from customers");
    configure("key: [id]\n    options: { duplicates: first }");
    EXPECT_EQ(run(), "4 read, 2 created, 2 skipped, 1 retried");
    EXPECT_EQ(place_->rows("select name from customers order by id"), "first;other");
    configure("key: [id]\n    options: { duplicates: last }");
    EXPECT_EQ(run(), "4 read, 1 updated, 1 unchanged, 2 skipped");
    EXPECT_EQ(place_->rows("select name from customers order by id"), "third;other");
    configure("key: [id]\n    options: { duplicates: error }");
    EXPECT_EQ(company_.rowhaul({"run", "customers"}).status, 1);
    EXPECT_EQ(place_->rows("select name from customers order by id"), "third;other");
}

TEST_P(TableTarget, RowsOfSeveralFilesAreToldApart) {
    const auto configured = [&](std::string_view options) {
        company_.configure(fmt::format("mappings:\n"
                                       "  customers:\n"
                                       "    source: {{ connection: files, files: 'part*.csv', settle: {{ age: 0s }}, "
                                       "again: true }}\n"
                                       "    target: {{ connection: erp, table: customers }}\n"
                                       "    key: [id]\n"
                                       "    options: {{ {} }}\n",
                                       options),
                           place_->connection() + "  files: { type: local, folder: . }\n");
    };
    write_file(company_ / "part1.csv", "id,name,amount\n1,first,1\n2,bad,-1\n");
    write_file(company_ / "part2.csv", "id,name,amount\n3,good,1\n1,second,1\n4,bad,-1\n");
    configured("duplicates: last");
    EXPECT_EQ(run(3), "5 read, 2 created, 1 skipped, 2 rejected");
    EXPECT_EQ(place_->rows("select id, name from customers order by id"), "1|second;3|good");
    const auto rejects = company_.rowhaul({"waybill", "--rejects"}).output;
    EXPECT_THAT(rejects, HasSubstr("customers,part1.csv,3,2,2,refused_check"));
    EXPECT_THAT(rejects, HasSubstr("customers,part2.csv,4,3,4,refused_check"));
    configured("duplicates: first");
    EXPECT_EQ(run(3), "5 read, 1 updated, 1 unchanged, 1 skipped, 2 rejected, 2 retried");
    EXPECT_EQ(place_->rows("select id, name from customers order by id"), "1|first;3|good");
}

TEST_P(TableTarget, KnownAndUnknownRowsAreTreatedAsTold) {
    sql("insert into customers values (1, 'Anna', 1)");
    given("id,name,amount\n1,Anna B.,1\n2,Bruno,2\n");
    configure("key: [id]\n    options: { missing: skip }");
    EXPECT_EQ(run(), "2 read, 1 updated, 1 skipped");
    configure("key: [id]\n    options: { existing: skip }");
    given("id,name,amount\n1,Anna C.,1\n2,Bruno,2\n");
    EXPECT_EQ(run(), "2 read, 1 created, 1 skipped");
    EXPECT_EQ(place_->rows("select name from customers order by id"), "Anna B.;Bruno");
    configure("key: [id]\n    options: { existing: error }");
    EXPECT_EQ(company_.rowhaul({"run", "customers"}).status, 1);
    EXPECT_EQ(place_->rows("select name from customers order by id"), "Anna B.;Bruno");
}

TEST_P(TableTarget, AFailingSourceLeavesTheTableAsItWas) {
    sql("insert into customers values (1, 'Anna', 1)");
    configure("key: [id]\n    options: { max_rejects: 0 }");
    given("id,name,amount\n1,changed,1\n2,Bruno,2\n3,Carla,x\n");
    EXPECT_EQ(company_.rowhaul({"run", "customers"}).status, 5);
    EXPECT_EQ(place_->rows("select id, name from customers"), "1|Anna");
}

TEST_P(TableTarget, SaysWhatIsWrongWithTheTable) {
    given("id,nam,amount\n1,a,1\n");
    configure();
    const auto unknown = company_.rowhaul({"run", "customers"});
    EXPECT_THAT(unknown.errors, HasSubstr("no column \"nam\" to write to; did you mean \"name\"?"));
    given("id,amount\n1,1\n");
    EXPECT_THAT(company_.rowhaul({"run", "customers"}).errors, HasSubstr("needs a value for the column \"name\""));
    given("id,name\n1,a\n");
    configure("key: [number]");
    EXPECT_THAT(company_.rowhaul({"run", "customers"}).errors, HasSubstr("no field is named \"number\""));
    sql("drop table customers; create table customer (id int)");
    configure();
    EXPECT_THAT(company_.rowhaul({"run", "customers"}).errors, HasSubstr("did you mean \"customer\"?"));
}

TEST_P(TableTarget, AKeyThatTheTableDoesNotHaveIsNamed) {
    sql("insert into customers values (1, 'Anna', 1), (2, 'Bruno', 1)");
    given("id,name,amount,code\n3,Carla,1,c\n");
    for (const std::string_view columns : {"freeze", "discard", "evolve"}) {
        company_.configure(
            fmt::format("mappings:\n"
                        "  customers:\n"
                        "    source: {{ connection: files, file: customers.csv, settle: {{ age: 0s }} }}\n"
                        "    target: {{ connection: erp, table: customers, columns: {} }}\n"
                        "    key: [code]\n",
                        columns),
            place_->connection() + "  files: { type: local, folder: . }\n");
        const auto refused = company_.rowhaul({"run", "customers"});
        EXPECT_EQ(refused.status, 1) << columns;
        EXPECT_THAT(refused.errors, AllOf(HasSubstr("the table customers has no column \"code\""), HasSubstr("key")))
            << columns;
        EXPECT_EQ(place_->rows("select id, name, amount from customers where amount = 1 order by id"),
                  GetParam() == "sqlite" ? "1|Anna|1;2|Bruno|1" : "1|Anna|1.00;2|Bruno|1.00");
    }
}

TEST_P(TableTarget, ATableIsNotWrittenWhileItIsRead) {
    company_.configure(
        "mappings:\n"
        "  customers:\n"
        "    source: { connection: erp, table: customers }\n"
        "    target: { connection: erp, table: customers }\n",
        place_->connection());
    EXPECT_THAT(company_.rowhaul({"validate"}).errors, HasSubstr("is the table that the rows come from"));
}

// Nobody notices that it is the same one; it is read whole before it is written.
TEST_P(TableTarget, ATableUnderTwoNamesIsReadAsItWas) {
    sql("insert into customers values (1, 'Anna', 1), (2, 'Bruno', 2)");
    auto twin = place_->connection();
    twin.replace(twin.find("erp:"), 4, "twin:");
    const auto configured = [&](std::string_view options) {
        company_.configure(fmt::format("mappings:\n"
                                       "  customers:\n"
                                       "    source: {{ connection: twin, table: customers }}\n"
                                       "    target: {{ connection: erp, table: customers }}\n"
                                       "    fields: [ {{ to: id, value: id + 1 }}, name, amount ]\n"
                                       "    {}\n",
                                       options),
                           place_->connection() + twin);
    };
    configured("key: [id]\n    options: { absent: delete }");
    EXPECT_EQ(run(), "2 read, 1 created, 1 updated, 1 deleted");
    EXPECT_EQ(place_->rows("select id, name from customers order by id"), "2|Anna;3|Bruno");
    configured("options: { replace: true }");
    EXPECT_EQ(run(), "2 read, 2 created, 2 deleted");
    EXPECT_EQ(place_->rows("select id, name from customers order by id"), "3|Anna;4|Bruno");
}

TEST_P(TableTarget, AKeyThatIsNotUniqueInTheTableIsRefused) {
    sql("create table plain (id int, name varchar(20)); insert into plain values (1, 'a'), (1, 'b')");
    company_.configure(
        "mappings:\n"
        "  customers:\n"
        "    source: { connection: files, file: customers.csv, settle: { age: 0s }, again: true }\n"
        "    target: { connection: erp, table: plain }\n"
        "    key: id\n",
        place_->connection() + "  files: { type: local, folder: . }\n");
    given("id,name\n1,a\n");
    const auto refused = company_.rowhaul({"run", "customers"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.errors, HasSubstr("several rows of the table plain have the same id"));
}

TEST_P(TableTarget, RowsOfADatabaseArriveAsTheyAre) {
    company_.sql(
        "create table t (id integer primary key, b blob, f real, d date, at timestamp, ok boolean, n numeric); "
        "insert into t values (1, x'00ff0a09', 0.1, '2024-02-29', '2024-02-29 23:59:59', 1, 12.50), "
        "(2, null, null, null, null, null, null), (3, x'', -1e300, '1970-01-01', '1970-01-01 00:00:00', 0, -0.01)");
    const std::string bytes = GetParam() == "postgres" ? "bytea" : "blob";
    const std::string real = GetParam() == "sqlite" ? "real" : "double precision";
    const std::string timestamp = GetParam().starts_with("mariadb") ? "datetime" : "timestamp";
    sql(fmt::format("create table t (id integer primary key, b {}, f {}, d date, at {}, ok boolean, n decimal(10,2))",
                    bytes, real, timestamp));
    company_.configure(
        "mappings:\n"
        "  there: { source: { connection: shop, table: t }, target: { connection: erp, table: t }, "
        "key: [id] }\n"
        "  out: { source: { connection: erp, query: 'select id, b, f, d, at from t order by id' }, "
        "target: { connection: export, file: out.csv } }\n",
        place_->connection());
    EXPECT_EQ(company_.rowhaul({"run", "there"}).status, 0);
    EXPECT_EQ(counts(company_.rowhaul({"run", "there", "--output", "json"}), 0), "3 read, 3 unchanged");
    EXPECT_EQ(company_.rowhaul({"run", "out"}).status, 0);
    EXPECT_EQ(company_.exported("out.csv"),
              "id,b,f,d,at\n1,00ff0a09,0.1,2024-02-29,2024-02-29 23:59:59\n2,,,,\n"
              "3,\"\",-1e+300,1970-01-01,1970-01-01 00:00:00\n");
}

// SQLite hands out whatever bytes a text has; who cannot hold them is not asked.
TEST_P(TableTarget, TextsThatTheDatabaseCannotHoldAreFoundBeforeTheyAreSent) {
    company_.sql(
        "create table t (id integer primary key, name varchar(20)); insert into t values (1, 'Zoë'), "
        "(2, 'a' || char(0) || 'b'), (3, cast(x'c3a9ff41' as text)), (4, '\\0'), (5, cast(x'ff' as text)), (6, 'ü')");
    sql("create table t (id integer primary key, name varchar(20))");
    company_.configure(
        "mappings:\n"
        "  there: { source: { connection: shop, table: t }, target: { connection: erp, table: t }, key: [id] }\n",
        place_->connection());
    const auto outcome = company_.rowhaul({"run", "there", "--output", "json"});
    if (GetParam() == "sqlite") {
        EXPECT_EQ(counts(outcome, 0), "6 read, 6 created");
        return;
    }
    const bool holds_zero = GetParam() != "postgres";
    EXPECT_EQ(place_->rows("select id from t order by id"), holds_zero ? "1;2;4;6" : "1;4;6");
    std::string told;
    const auto waybill = boost::json::parse(outcome.output);
    for (const auto& group : waybill.at("rejects").as_array()) {
        EXPECT_EQ(text_at(group, "/reason"), "unencodable_text");
        for (const auto& reject : group.at("sample").as_array()) {
            told += fmt::format("{} {} [{}] {}\n", reject.at("row").to_number<int>(), text_at(reject, "/field"),
                                text_at(reject, "/value"), text_at(reject, "/message"));
        }
    }
    EXPECT_EQ(told,
              std::string(holds_zero ? "" : "2 name [a] byte 2 is a NUL, which the database cannot hold in a text\n") +
                  "3 name [é] byte 3 is no character, and the database takes texts in UTF-8 only\n"
                  "5 name [] byte 1 is no character, and the database takes texts in UTF-8 only\n");
}

TEST_P(TableTarget, ARunThatIsKilledAtAnyMomentLeavesAllOrNothing) {
    constexpr int kills = 6;
    configure("key: [id]\n    options: { absent: delete, max_delete: { percent: 100 } }");
    const auto give = [&](int version) {
        std::string csv = "id,name,amount\n";
        for (int id = 100 * version; id < 100 * version + 5000; ++id) {
            csv += fmt::format("{},row,{}\n", id, version);
        }
        given(csv);
    };
    const auto versions = [&] { return place_->rows("select count(distinct amount), count(*) from customers"); };
    give(0);
    ASSERT_EQ(company_.rowhaul({"run", "customers"}).status, 0);
    for (int kill = 1; kill <= kills; ++kill) {
        give(kill);
        auto process = company_.start({"run", "customers"});
        std::this_thread::sleep_for(std::chrono::milliseconds(40 * kill));
        process.send(SIGKILL);
        ASSERT_TRUE(process.wait(std::chrono::seconds(30)));
        EXPECT_EQ(versions(), "1|5000");
    }
    EXPECT_EQ(company_.rowhaul({"run", "customers"}).status, 0);
    EXPECT_EQ(place_->rows(fmt::format("select count(*) from customers where amount = {}", kills)), "5000");
    for (const auto& execution : company_.history("customers")) {
        EXPECT_THAT(text_at(execution, "/outcome"), ::testing::AnyOf("succeeded", "interrupted"));
    }
}

TEST(TableTargetOfPostgres, RowsThatATriggerSwallowsAreNotCountedAsArrived) {
    const Company company;
    PostgresPlace place;
    place.sql(
        "create table customers (id int primary key, name text); "
        "create function swallow() returns trigger language plpgsql as 'begin return null; end'; "
        "create trigger swallow before insert on customers for each row when (new.id = 2) execute function swallow()");
    write_file(company / "customers.csv", "id,name\n1,Anna\n2,Bruno\n");
    for (const std::string_view key : {"key: [id]", ""}) {
        company.configure(
            fmt::format("mappings:\n"
                        "  customers:\n"
                        "    source: {{ connection: files, file: customers.csv, settle: {{ age: 0s }} }}\n"
                        "    target: {{ connection: erp, table: customers }}\n"
                        "    {}\n",
                        key),
            place.connection() + "  files: { type: local, folder: . }\n");
        const auto failed = company.rowhaul({"run", "customers"});
        EXPECT_EQ(failed.status, 1);
        EXPECT_THAT(failed.errors, HasSubstr("swallows rows"));
        EXPECT_EQ(place.rows("select count(*) from customers"), "0");
    }
}

}  // namespace
}  // namespace rowhaul
