// SPDX-License-Identifier: Apache-2.0
// Records that the source no longer has, the same for every database.
#include "table_flow.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using testing::Company;
using ::testing::HasSubstr;

class AbsentRecords : public testing::TableFlow {
protected:
    std::string ids() { return place_->rows("select id from customers order by id"); }
    // A table of which `count` records are there.
    void fill(int count) {
        std::string values;
        for (int id = 1; id <= count; ++id) {
            values += fmt::format("{}({}, 'n{}', 1)", id == 1 ? "" : ", ", id, id);
        }
        sql("delete from customers; insert into customers values " + values);
    }
    // The same records without some, one a line.
    static std::string source(int first, int last) {
        std::string csv = "id,name,amount\n";
        for (int id = first; id <= last; ++id) {
            csv += fmt::format("{},n{},1\n", id, id);
        }
        return csv;
    }
    testing::Outcome refused(int status, const std::vector<std::string>& words = {"run", "customers"}) {
        const auto before = rows();
        const auto outcome = company_.rowhaul(words);
        EXPECT_EQ(outcome.status, status) << outcome.output << outcome.errors;
        EXPECT_EQ(rows(), before);
        return outcome;
    }
};
INSTANTIATE_TEST_SUITE_P(Databases, AbsentRecords, testing::all_places(), testing::place_name);

TEST_P(AbsentRecords, StayUnlessToldOtherwise) {
    fill(3);
    configure();
    given(source(2, 3));
    EXPECT_EQ(run(), "2 read, 2 unchanged");
    EXPECT_EQ(ids(), "1;2;3");
}

TEST_P(AbsentRecords, AreDeletedAndNamed) {
    fill(5);
    configure("key: [id]\n    options: { absent: delete }");
    given("id,name,amount\n2,n2,1\n3,changed,1\n4,n4,1\n9,new,9\n");
    const auto tried = company_.rowhaul({"test", "customers"}).output;
    EXPECT_THAT(tried, HasSubstr("would delete 1; 5"));
    EXPECT_THAT(tried, HasSubstr("; 2 deleted"));
    EXPECT_EQ(run(), "4 read, 1 created, 1 updated, 2 unchanged, 2 deleted");
    EXPECT_EQ(ids(), "2;3;4;9");
    EXPECT_EQ(run(), "4 read, 4 unchanged");
}

TEST_P(AbsentRecords, AreMarkedOnceAndUnmarkedWhenTheyComeBack) {
    sql("alter table customers add column gone boolean");
    sql("insert into customers (id, name, amount) values (1, 'n1', 1), (2, 'n2', 1), (3, 'n3', 1)");
    configure("key: [id]\n    options: { absent: mark, mark: { column: gone } }");
    const auto marked = [&] { return place_->rows("select id from customers where gone order by id"); };
    given(source(2, 3));
    EXPECT_EQ(run(), "2 read, 2 unchanged, 1 deleted");
    EXPECT_EQ(marked(), "1");
    EXPECT_EQ(run(), "2 read, 2 unchanged");
    given(source(1, 4));
    EXPECT_EQ(run(), "4 read, 1 created, 1 updated, 2 unchanged");
    EXPECT_EQ(marked(), "");
    EXPECT_EQ(run(), "4 read, 4 unchanged");
    configure("key: [id]\n    options: { absent: mark, mark: { column: gone }, existing: skip }");
    given(source(2, 4));
    EXPECT_EQ(run(), "3 read, 3 skipped, 1 deleted");
    given("id,name,amount\n1,other,1\n2,n2,1\n3,n3,1\n4,n4,1\n");
    EXPECT_EQ(run(), "4 read, 1 updated, 3 skipped");
    EXPECT_EQ(place_->rows("select name from customers where id = 1"), "n1");
}

TEST_P(AbsentRecords, AreMarkedWithATimeOrAWord) {
    const std::string timestamp = GetParam() == "postgres" ? "timestamp" : "datetime";
    sql(fmt::format("alter table customers add column gone_at {}", timestamp));
    sql("alter table customers add column state varchar(10) default 'new' not null");
    sql("insert into customers (id, name, amount) values (1, 'n1', 1), (2, 'n2', 1), (3, 'n3', 1)");
    configure("key: [id]\n    options: { absent: mark, mark: { column: gone_at } }");
    given(source(2, 4));
    EXPECT_EQ(run(), "3 read, 1 created, 2 unchanged, 1 deleted");
    EXPECT_EQ(place_->rows("select id from customers where gone_at > '2020-01-01 00:00:00'"), "1");
    EXPECT_EQ(run(), "3 read, 3 unchanged");
    configure("key: [id]\n    options: { absent: mark, mark: { column: state, absent: gone, present: here } }");
    given(source(1, 3));
    EXPECT_EQ(run(), "3 read, 3 unchanged, 1 deleted");
    EXPECT_EQ(place_->rows("select id, state from customers order by id"), "1|new;2|new;3|new;4|gone");
    given(source(1, 5));
    EXPECT_EQ(run(), "5 read, 1 created, 1 updated, 3 unchanged");
    EXPECT_EQ(place_->rows("select id, state from customers where id > 3 order by id"), "4|here;5|here");
    configure("key: [id]\n    options: { absent: mark, mark: { column: stat, absent: gone } }");
    EXPECT_THAT(refused(1).errors, HasSubstr("did you mean \"state\"?"));
    configure("key: [id]\n    options: { absent: mark, mark: { column: name } }");
    EXPECT_THAT(refused(1).errors, HasSubstr("is a field, too"));
    configure("key: [id]\n    options: { absent: mark, mark: { column: state } }");
    EXPECT_THAT(refused(1).errors, HasSubstr("nobody said what \"state\""));
    configure("key: [id]\n    options: { absent: mark, mark: { column: state, absent: gone } }");
    EXPECT_THAT(refused(1).errors, HasSubstr("Give `present` in `mark`"));
}

TEST_P(AbsentRecords, ARowThatIsRejectedAnywhereIsPresent) {
    fill(9);
    configure("key: [id]\n    options: { absent: delete }");
    given(
        "id,name,amount\n1,n1,1\n"
        "2,n2,no number\n"    // by the mapping
        "3,n3,-1\n"           // by a constraint
        "4,n4,99999999999\n"  // while loading, but by SQLite
        "5,n5,1\n5,n5,2\n"    // as duplicates
        "6,,1\n");            // by the target's wish
    const bool takes_large_numbers = GetParam() == "sqlite";
    EXPECT_EQ(run(3), takes_large_numbers ? "7 read, 1 updated, 1 unchanged, 3 deleted, 5 rejected"
                                          : "7 read, 1 unchanged, 3 deleted, 6 rejected");
    EXPECT_EQ(ids(), "1;2;3;4;5;6");
}

// Whatever else was rejected before, the keys of rows that a database refuses late are known.
TEST_P(AbsentRecords, RowsThatDoNotFitBesideRowsThatAreRefusedKeepNothingElse) {
    fill(3);
    configure("key: [id]\n    options: { absent: delete }");
    const bool takes_large_numbers = GetParam() == "sqlite";
    std::string csv = "id,name,amount\n2,n2,99999999999\n";
    for (int id = 10; id < 30; ++id) {
        csv += fmt::format("{},n{},{}\n", id, id, takes_large_numbers ? "-1" : "1.234");
    }
    for (int id = 100; id < 3100; ++id) {
        csv += fmt::format("{},n{},1\n", id, id);
    }
    given(csv);
    EXPECT_EQ(run(3), takes_large_numbers ? "3021 read, 3000 created, 1 updated, 2 deleted, 20 rejected"
                                          : "3021 read, 3000 created, 2 deleted, 21 rejected");
    EXPECT_EQ(place_->rows("select id from customers where id < 100"), "2");
}

TEST_P(AbsentRecords, ARowWhoseKeyCannotBeReadKeepsAll) {
    fill(4);
    configure("key: [id]\n    options: { absent: delete }");
    for (const std::string_view row : {"x,n2,1", ",n2,1", "2,n2,1,more"}) {
        given(fmt::format("id,name,amount\n1,n1,1\n{}\n", row));
        EXPECT_EQ(run(3), "2 read, 1 unchanged, 1 rejected");
        EXPECT_EQ(ids(), "1;2;3;4");
        EXPECT_THAT(company_.rowhaul({"waybill"}).output,
                    HasSubstr("3 records of customers seem to be absent and stay, because the key of 1 rows"));
    }
}

TEST_P(AbsentRecords, AFileThatIsNotReadKeepsAll) {
    fill(3);
    company_.configure(
        "mappings:\n"
        "  customers:\n"
        "    source: { connection: files, files: 'part*.csv', settle: { marker: '{name}.ok' } }\n"
        "    target: { connection: erp, table: customers }\n"
        "    key: [id]\n"
        "    options: { absent: delete }\n",
        place_->connection() + "  files: { type: local, folder: . }\n");
    testing::write_file(company_ / "part1.csv", source(1, 1));
    testing::write_file(company_ / "part1.csv.ok", "");
    testing::write_file(company_ / "part2.csv", source(2, 2));
    EXPECT_EQ(run(), "1 read, 1 unchanged");
    EXPECT_EQ(ids(), "1;2;3");
    testing::write_file(company_ / "part1.csv", source(1, 1) + "4,n4,4\n");
    testing::write_file(company_ / "part2.csv", "no,columns,that,fit\n");
    testing::write_file(company_ / "part2.csv.ok", "");
    EXPECT_EQ(run(3), "2 read, 1 created, 1 unchanged");
    EXPECT_EQ(ids(), "1;2;3;4");
    testing::write_file(company_ / "part1.csv", source(1, 1) + "4,n4,5\n");
    testing::write_file(company_ / "part2.csv", source(2, 2));
    EXPECT_EQ(run(), "3 read, 1 updated, 2 unchanged, 1 deleted");
    EXPECT_EQ(ids(), "1;2;4");
}

TEST_P(AbsentRecords, ARowThatTheRuleFilteredIsPresentUnlessToldOtherwise) {
    fill(4);
    given(source(1, 3));
    configure("key: [id]\n    where: \"id <> '2'\"\n    options: { absent: delete }");
    EXPECT_EQ(run(), "3 read, 1 filtered, 2 unchanged, 1 deleted");
    EXPECT_EQ(ids(), "1;2;3");
    configure("key: [id]\n    where: \"id <> '2'\"\n    options: { absent: delete, filtered: absent }");
    EXPECT_EQ(run(), "3 read, 1 filtered, 2 unchanged, 1 deleted");
    EXPECT_EQ(ids(), "1;3");
}

TEST_P(AbsentRecords, TheRuleIsNotPushedDownWhereDeletionsDependOnIt) {
    fill(3);
    company_.sql(
        "create table people (id integer primary key, name text, amount integer); "
        "insert into people values (1, 'n1', 1), (2, 'n2', 1)");
    for (const std::string_view filtered : {"keep", "absent"}) {
        company_.configure(fmt::format("mappings:\n"
                                       "  customers:\n"
                                       "    source: {{ connection: shop, table: people }}\n"
                                       "    target: {{ connection: erp, table: customers }}\n"
                                       "    where: \"id = 1\"\n"
                                       "    key: [id]\n"
                                       "    options: {{ absent: delete, filtered: {} }}\n",
                                       filtered),
                           place_->connection());
        const auto waybill = boost::json::parse(company_.rowhaul({"test", "customers", "--output", "json"}).output);
        EXPECT_EQ(waybill.at("source").at("pushed_rule").is_null(), filtered == "keep");
        EXPECT_EQ(waybill.at("rows").at("deleted").to_number<int>(), filtered == "keep" ? 1 : 2);
    }
}

TEST_P(AbsentRecords, TooManyAreNotDeleted) {
    fill(60);
    configure("key: [id]\n    options: { absent: delete }");
    given(source(7, 60));
    EXPECT_EQ(run(), "54 read, 54 unchanged, 6 deleted");  // 6 are 10 percent of 60
    fill(60);
    given(source(8, 61));
    const auto stopped = refused(5);
    EXPECT_THAT(stopped.errors, HasSubstr("7 of 60 records of customers would go, more than 10 percent and more than "
                                          "5: nothing was changed. The first keys are: 1; 2; 3; 4; 5"));
    EXPECT_THAT(stopped.errors, HasSubstr("--max-delete 7"));
    EXPECT_EQ(refused(5, {"test", "customers"}).status, 5);
    EXPECT_EQ(refused(5, {"run", "customers", "--max-delete", "6"}).status, 5);
    EXPECT_EQ(counts(company_.rowhaul({"run", "customers", "--max-delete", "7", "--output", "json"}), 0),
              "54 read, 1 created, 53 unchanged, 7 deleted");
    configure("key: [id]\n    options: { absent: delete, max_delete: { percent: 0, rows: 0 } }");
    given(source(9, 61));
    EXPECT_THAT(refused(5).errors, HasSubstr("1 of 54 records"));
    configure("key: [id]\n    options: { absent: delete, max_delete: { percent: 50 } }");
    given(source(30, 61));
    EXPECT_EQ(run(), "32 read, 32 unchanged, 22 deleted");
}

TEST_P(AbsentRecords, AnEmptySourceDeletesNothingUnlessToldSo) {
    fill(2);
    configure("key: [id]\n    options: { absent: delete }");
    given(source(1, 0));
    EXPECT_THAT(refused(5).errors, HasSubstr("empty_source: accept"));
    configure("key: [id]\n    where: \"id > '5'\"\n    options: { absent: delete, filtered: absent }");
    given(source(1, 2));
    EXPECT_THAT(refused(5).errors, HasSubstr("the source is empty"));
    configure("key: [id]\n    options: { absent: delete, empty_source: accept }");
    given(source(1, 0));
    EXPECT_EQ(run(), "2 deleted");
    EXPECT_EQ(ids(), "");
    EXPECT_EQ(run(), "");
}

TEST_P(AbsentRecords, AFileInPlaceOfTheSourceDeletesNothingUnlessToldSo) {
    fill(3);
    configure("key: [id]\n    options: { absent: delete }");
    given(source(1, 3));
    testing::write_file(company_ / "corrected.csv", source(2, 2));
    const auto input = company_ / "corrected.csv";
    EXPECT_EQ(company_.rowhaul({"run", "customers", "--input", input}).status, 0);
    EXPECT_EQ(ids(), "1;2;3");
    EXPECT_THAT(company_.rowhaul({"waybill"}).output, HasSubstr("2 records of customers are absent and stay"));
    EXPECT_EQ(company_.rowhaul({"run", "customers", "--input", input, "--again", "--max-delete", "2"}).status, 0);
    EXPECT_EQ(ids(), "2");
}

TEST_P(AbsentRecords, WhatCannotBeDeletedFailsTheRunAsAWhole) {
    fill(3);
    sql("create table orders (customer int, foreign key (customer) references customers (id))");
    sql("insert into orders values (1)");
    configure("key: [id]\n    options: { absent: delete }");
    given("id,name,amount\n2,changed,1\n3,n3,1\n");
    EXPECT_THAT(refused(1).errors, HasSubstr("the 1 absent records of customers cannot be deleted"));
}

TEST_P(AbsentRecords, KeysOfSeveralColumnsTellRecordsApart) {
    sql("create table stock (place varchar(10) not null, sku varchar(300) not null, pieces int, "
        "primary key (place, sku))");
    sql("insert into stock values ('a', '1', 1), ('a', '2', 1), ('b', '1', 1)");
    company_.configure(
        "mappings:\n"
        "  customers:\n"
        "    source: { connection: files, file: customers.csv, settle: { age: 0s }, again: true }\n"
        "    target: { connection: erp, table: stock }\n"
        "    key: [sku, place]\n"
        "    options: { absent: delete }\n",
        place_->connection() + "  files: { type: local, folder: . }\n");
    given("place,sku,pieces\na,2,1\nb,1,x\nb,2,1\n");
    EXPECT_EQ(run(3), "3 read, 1 created, 1 unchanged, 1 deleted, 1 rejected");
    EXPECT_EQ(place_->rows("select place, sku from stock order by 1, 2"), "a|2;b|1;b|2");
}

TEST_P(AbsentRecords, AllRowsAreReplacedWithoutAKey) {
    sql("create table log (what varchar(20) not null, n int)");
    const auto configured = [&](std::string_view options) {
        company_.configure(
            fmt::format("mappings:\n"
                        "  customers:\n"
                        "    source: {{ connection: files, file: customers.csv, settle: {{ age: 0s }}, again: true }}\n"
                        "    target: {{ connection: erp, table: log }}\n"
                        "    options: {{ replace: true{} }}\n",
                        options),
            place_->connection() + "  files: { type: local, folder: . }\n");
    };
    const auto log = [&] { return place_->rows("select what, n from log order by what, n"); };
    sql("insert into log values ('old', 1), ('old', 2)");
    configured("");
    given("what,n\na,1\na,1\nb,\n");
    EXPECT_EQ(run(), "3 read, 3 created, 2 deleted");
    EXPECT_EQ(log(), "a|1;a|1;b|NULL");
    EXPECT_EQ(run(), "3 read, 3 created, 3 deleted");
    EXPECT_EQ(log(), "a|1;a|1;b|NULL");
    for (const std::string_view bad : {"a,x", ",1", "a,1,2", "a name that is far too long,1"}) {
        if (bad.size() > 20 && GetParam() == "sqlite") {
            continue;
        }
        given(fmt::format("what,n\nc,1\n{}\n", bad));
        const auto stopped = company_.rowhaul({"run", "customers"});
        EXPECT_EQ(stopped.status, 5) << bad << stopped.output;
        EXPECT_THAT(stopped.errors, HasSubstr("nothing was replaced"));
        EXPECT_EQ(log(), "a|1;a|1;b|NULL");
    }
    given("what,n\n");
    EXPECT_THAT(company_.rowhaul({"run", "customers"}).errors, HasSubstr("empty_source: accept"));
    EXPECT_EQ(log(), "a|1;a|1;b|NULL");
    configured(", max_delete: { percent: 50, rows: 1 }");
    given("what,n\nc,1\n");
    EXPECT_THAT(company_.rowhaul({"run", "customers"}).errors, HasSubstr("2 of 3 records of log would go"));
    EXPECT_EQ(log(), "a|1;a|1;b|NULL");
    configured(", empty_source: accept");
    given("what,n\n");
    EXPECT_EQ(run(), "3 deleted");
    EXPECT_EQ(log(), "");
}

TEST_P(AbsentRecords, AllRecordsAreReplacedByKey) {
    fill(3);
    configure("key: [id]\n    where: \"id <> '1'\"\n    options: { replace: true }");
    given("id,name,amount\n1,n1,1\n2,other,1\n3,n3,x\n4,n4,1\n");
    EXPECT_EQ(run(3), "4 read, 1 filtered, 1 created, 1 updated, 1 deleted, 1 rejected");
    EXPECT_EQ(place_->rows("select id, name from customers order by id"), "2|other;3|n3;4|n4");
}

TEST(AbsentOptions, AreToldWhereTheyMeanNothing) {
    const Company company;
    const auto complaint = [&](std::string_view mapping) {
        company.configure(
            fmt::format("mappings:\n"
                        "  customers:\n"
                        "    source: {{ connection: shop, table: customers }}\n"
                        "    {}\n",
                        mapping));
        return company.rowhaul({"validate"}).errors;
    };
    const std::string to_table = "target: { connection: shop, table: copy }\n    ";
    EXPECT_THAT(complaint(to_table + "options: { absent: delete }"), HasSubstr("needs `key`"));
    EXPECT_THAT(complaint(to_table + "key: [id]\n    options: { absent: mark }"), HasSubstr("must name the column"));
    EXPECT_THAT(complaint(to_table + "key: [id]\n    options: { mark: { column: gone } }"),
                HasSubstr("is for `absent: mark`"));
    EXPECT_THAT(complaint(to_table + "key: [id]\n    options: { filtered: absent }"),
                HasSubstr("is for `absent: mark` and `absent: delete`"));
    EXPECT_THAT(complaint(to_table + "key: [id]\n    options: { max_delete: { rows: 3 } }"),
                HasSubstr("is for `replace`"));
    EXPECT_THAT(complaint(to_table + "key: [id]\n    options: { replace: true, missing: skip }"),
                HasSubstr("does not go with `replace`"));
    EXPECT_THAT(complaint("target: { connection: export, file: out.csv }\n    options: { replace: true }"),
                HasSubstr("is for targets that are tables"));
}

}  // namespace
}  // namespace rowhaul
