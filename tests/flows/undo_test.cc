// SPDX-License-Identifier: Apache-2.0
// What a run changed in a table, given back by `rowhaul undo`; and what stands against it.
#include "table_flow.h"
#include "testing/thoroughness.h"

#include <gmock/gmock.h>
#include <random>

namespace rowhaul {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Undo : public testing::TableFlow {
protected:
    // Runs the mapping: its execution.
    std::string haul(int status = 0) {
        const auto outcome = company_.rowhaul({"run", "customers", "--output", "json"});
        EXPECT_EQ(outcome.status, status) << outcome.output << outcome.errors;
        return testing::text_at(boost::json::parse(outcome.output), "/execution");
    }
    // Counts of an undo, which is tried before.
    std::string undo(const std::string& execution) {
        const auto before = rows();
        const auto tried = counts(company_.rowhaul({"undo", execution, "--test", "--output", "json"}), 0);
        EXPECT_EQ(rows(), before);
        const auto done = counts(company_.rowhaul({"undo", execution, "--output", "json"}), 0);
        EXPECT_EQ(done, tried);
        return done;
    }
    // What is said instead, while nothing changes.
    std::string refused(const std::string& execution, int status) {
        const auto before = rows();
        const auto outcome = company_.rowhaul({"undo", execution});
        EXPECT_EQ(outcome.status, status) << outcome.output << outcome.errors;
        EXPECT_EQ(rows(), before);
        return outcome.output + outcome.errors;
    }
    bool is_maria_db() const { return GetParam().starts_with("mariadb"); }
    bool is_kept(const std::string& execution) const {
        return std::filesystem::exists(company_ / (".rowhaul/undo/" + execution + ".db"));
    }
};
INSTANTIATE_TEST_SUITE_P(Databases, Undo, testing::all_places(), testing::place_name);

constexpr std::string_view upsert = "key: [id]\n    options: { undo: {} }";
constexpr std::string_view mirror =
    "key: [id]\n    options: { undo: {}, absent: delete, max_delete: { percent: 100 } }";

TEST_P(Undo, GivesBackWhatAnUpsertCreatedAndUpdated) {
    sql("insert into customers values (1, 'Anna', 1.50), (2, 'Beat', null), (3, 'Carl', 3)");
    const auto before = rows();
    configure(upsert);
    given("id,name,amount\n1,Anna,1.5\n2,Beatrice,2\n4,Dora,\n");
    const auto execution = haul();
    EXPECT_NE(rows(), before);
    EXPECT_EQ(undo(execution), "1 read, 1 updated, 1 deleted");
    EXPECT_EQ(rows(), before);
}

TEST_P(Undo, BringsBackWhatAMirrorDeleted) {
    sql("insert into customers values (1, 'Anna', 1.50), (2, 'Beat', null), (3, 'O''Car|l', 3)");
    const auto before = rows();
    configure(mirror);
    given("id,name,amount\n1,Anna,1.5\n4,Dora,\n");
    const auto execution = haul();
    EXPECT_EQ(place_->rows("select id from customers order by id"), "1;4");
    EXPECT_EQ(undo(execution), "2 read, 2 created, 1 deleted");
    EXPECT_EQ(rows(), before);
}

TEST_P(Undo, TakesBackAMark) {
    sql("alter table customers add gone int");
    sql("insert into customers values (1, 'Anna', 1, null), (2, 'Beat', 2, 0), (3, 'Carl', 3, 1)");
    const auto all = [&] { return place_->rows("select id, name, amount, gone from customers order by id"); };
    const auto before = all();
    configure(
        "key: [id]\n    options: { undo: {}, absent: mark, mark: { column: gone }, max_delete: { percent: 100 } }");
    given("id,name,amount\n2,Beatrice,2\n3,Carl,3\n");
    const auto execution = haul();
    EXPECT_NE(all(), before);
    EXPECT_EQ(undo(execution), "3 read, 3 updated");
    EXPECT_EQ(all(), before);
}

TEST_P(Undo, ALaterWriteStandsInTheWayAndIsNamed) {
    sql("insert into customers values (1, 'Anna', 1), (2, 'Beat', 2), (3, 'Carl', 3)");
    configure(mirror);
    given("id,name,amount\n1,Anne,1\n2,Bea,2\n4,Dora,4\n5,Emil,5\n");
    const auto execution = haul();
    sql("update customers set name = 'Annette' where id = 1");
    sql("update customers set amount = 5.5 where id = 5");
    sql("insert into customers values (3, 'Carlo', 3)");
    EXPECT_THAT(refused(execution, 1),
                AllOf(HasSubstr("3 records of customers were changed since"), HasSubstr("Their keys are: 1; 5; 3")));
    sql("update customers set name = 'Anne' where id = 1; update customers set amount = 5 where id = 5; "
        "delete from customers where id = 3");
    EXPECT_EQ(undo(execution), "3 read, 1 created, 2 updated, 2 deleted");
}

TEST_P(Undo, ADeletedRecordStandsInTheWayToo) {
    configure(upsert);
    std::string csv = "id,name,amount\n";
    for (int id = 1; id <= 12; ++id) {
        csv += fmt::format("{},n{},{}\n", id, id, id);
    }
    given(csv);
    const auto execution = haul();
    sql("delete from customers");
    EXPECT_THAT(refused(execution, 1),
                AllOf(HasSubstr("12 records"), HasSubstr("The first keys are: 1; 2; 3; 4; 5; 6; 7; 8; 9; 10")));
}

TEST_P(Undo, ALaterRunOfTheSameRecordsStandsInTheWayUntilItIsUndone) {
    sql("insert into customers values (1, 'Anna', 1)");
    const auto before = rows();
    configure(upsert);
    given("id,name,amount\n1,Anne,1\n");
    const auto first = haul();
    given("id,name,amount\n1,Annette,1\n");
    const auto second = haul();
    EXPECT_THAT(refused(first, 1), HasSubstr("Their keys are: 1"));
    undo(second);
    undo(first);
    EXPECT_EQ(rows(), before);
}

TEST_P(Undo, WhatIsWrittenToOtherColumnsAndRecordsStays) {
    sql("alter table customers add note varchar(20)");
    sql("insert into customers values (1, 'Anna', 1, 'old'), (2, 'Beat', 2, 'old')");
    configure(upsert);
    given("id,name,amount\n1,Anne,1\n");
    const auto execution = haul();
    sql("update customers set note = 'new'; insert into customers values (9, 'Zoe', 9, 'new')");
    EXPECT_EQ(undo(execution), "1 read, 1 updated");
    EXPECT_EQ(place_->rows("select id, name, note from customers order by id"), "1|Anna|new;2|Beat|new;9|Zoe|new");
}

TEST_P(Undo, CannotBeDoneTwice) {
    configure(upsert);
    given("id,name,amount\n1,Anna,1\n");
    const auto execution = haul();
    undo(execution);
    EXPECT_THAT(refused(execution, 1), HasSubstr("was undone already"));
    // Its rows come again with the next run.
    EXPECT_EQ(run(), "1 read, 1 created");
}

TEST_P(Undo, IsAnExecutionOfItsOwn) {
    configure(upsert);
    given("id,name,amount\n1,Anna,1\n");
    const auto execution = haul();
    undo(execution);
    const auto history = company_.history("customers");
    EXPECT_EQ(testing::text_at(history.at(0), "/kind"), "undo");
    EXPECT_EQ(testing::text_at(history.at(0), "/outcome"), "succeeded");
    EXPECT_EQ(testing::text_at(history.at(1), "/kind"), "test");
    EXPECT_THAT(company_.rowhaul({"waybill"}).output, AllOf(HasSubstr("customers (undo)"), HasSubstr(execution)));
    EXPECT_THAT(refused(testing::text_at(history.at(0), "/execution"), 2), HasSubstr("gave back"));
    EXPECT_THAT(refused(testing::text_at(history.at(1), "/execution"), 2), HasSubstr("was a test"));
}

TEST_P(Undo, TellsWhyThereIsNothingToUndo) {
    configure("key: [id]");
    given("id,name,amount\n1,Anna,1\n");
    EXPECT_THAT(refused("01NOSUCH", 2), HasSubstr("01NOSUCH"));
    EXPECT_THAT(refused(haul(), 2), AllOf(HasSubstr("nothing is kept of it"), HasSubstr("Set `undo`")));
    configure(upsert);
    EXPECT_THAT(refused(haul(), 2), HasSubstr("it changed nothing"));
    configure("key: [id]\n    options: { undo: {}, existing: error }");
    EXPECT_THAT(refused(haul(1), 2), HasSubstr("it failed"));
    EXPECT_EQ(company_.files(".rowhaul/undo").size(), 1U);  // of the run that changed nothing
}

TEST_P(Undo, WhatWentIntoAFileIsNotTakenBack) {
    sql("insert into customers values (1, 'Anna', 1)");
    company_.configure(
        "mappings:\n"
        "  customers:\n"
        "    source: { connection: erp, table: customers }\n"
        "    target: { connection: files, file: out.csv }\n",
        place_->connection() + "  files: { type: local, folder: . }\n");
    EXPECT_THAT(refused(haul(), 2), AllOf(HasSubstr("it wrote files"), HasSubstr("into tables")));
    EXPECT_TRUE(std::filesystem::exists(company_ / "out.csv"));
}

TEST_P(Undo, NothingIsKeptOfWhatIsTooLarge) {
    configure("key: [id]\n    options: { undo: { size: 40 } }");
    given("id,name,amount\n1,Anna,1\n2,Beat,2\n3,Carl,3\n");
    const auto outcome = company_.rowhaul({"run", "customers"});
    EXPECT_THAT(outcome.output, HasSubstr("this execution cannot be undone"));
    EXPECT_EQ(place_->rows("select count(*) from customers"), "3");
    const auto execution = testing::text_at(company_.history("customers").at(0), "/execution");
    EXPECT_FALSE(is_kept(execution));
    EXPECT_THAT(refused(execution, 2), HasSubstr("`size`"));
}

TEST_P(Undo, TheOldestGoFirstWhenAllTakeTooMuch) {
    configure("key: [id]\n    options: { undo: { size: 40kB } }");
    std::vector<std::string> executions;
    for (int i = 0; i < 3; ++i) {
        given(fmt::format("id,name,amount\n1,Anna,{}\n", i));
        executions.push_back(haul());
    }
    EXPECT_FALSE(is_kept(executions[0]));
    EXPECT_TRUE(is_kept(executions[2]));
    EXPECT_THAT(refused(executions[0], 2), HasSubstr("kept no longer"));
}

TEST_P(Undo, EndsWithTheTimeThatItIsKept) {
    configure("key: [id]\n    options: { undo: { keep: 2d } }");
    given("id,name,amount\n1,Anna,1\n");
    const auto execution = haul();
    SqliteHandle(company_ / ".rowhaul/rowhaul.db", SqliteAccess::ReadWrite)
        .execute("update executions set started = '2001-01-01T00:00:00.000Z'");
    EXPECT_THAT(refused(execution, 2), AllOf(HasSubstr("kept no longer"), HasSubstr("`keep`")));
    EXPECT_TRUE(is_kept(execution));
    haul();
    EXPECT_FALSE(is_kept(execution));
}

TEST_P(Undo, NeedsAKey) {
    configure("options: { undo: {} }");
    const auto outcome = company_.rowhaul({"validate"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("undo"), HasSubstr("needs `key`")));
}

TEST_P(Undo, ATestKeepsNothing) {
    configure(upsert);
    given("id,name,amount\n1,Anna,1\n");
    EXPECT_EQ(company_.rowhaul({"test", "customers"}).status, 0);
    EXPECT_THAT(company_.files(".rowhaul/undo"), IsEmpty());
}

TEST_P(Undo, RejectedRowsAreNotAmongIt) {
    sql("insert into customers values (1, 'Anna', 1), (2, 'Beat', 2)");
    const auto before = rows();
    configure(upsert);
    given("id,name,amount\n1,Anne,-1\n2,Bea,2\n3,Carl,-3\n4,Dora,4\n");
    const auto execution = haul(3);
    EXPECT_EQ(undo(execution), "1 read, 1 updated, 1 deleted");
    EXPECT_EQ(rows(), before);
}

TEST_P(Undo, EveryKindOfValueComesBackToTheLastBit) {
    const std::string types = is_maria_db() ? "b varbinary(9), f float, d double, t datetime(6), s longtext"
                              : GetParam() == "postgres"
                                  ? "b bytea, f real, d double precision, t timestamptz, s text, j jsonb, a integer[], "
                                    "x point, g integer generated always as identity"
                                  : "b blob, f real, d real, t timestamp, s text, untyped";
    sql("create table kinds (id varchar(20) not null, part int not null, n varchar(20), " + types +
        ", primary key (id, part))");
    if (is_maria_db()) {
        sql("insert into kinds values ('a''b', 1, 'x', x'00ff27', 3.14159274, 0.1e0 + 0.2e0, '2020-01-02 "
            "03:04:05.678901', "
            "'o''x\\n\\\\ \\t;'), ('A', 2, null, null, 1e-30, 1e300, null, ''), ('c', 3, 'y', '', null, null, null, "
            "null)");
    } else if (GetParam() == "postgres") {
        sql("insert into kinds values ('a''b', 1, 'x', '\\x00ff27', 3.14159274, 0.1::float8 + 0.2, "
            "'2020-01-02 03:04:05.678901+05', E'o''x\\n\\\\ \\t;', '{\"a\": [1]}', '{1,null}', '(1,2)'), "
            "('A', 2, null, null, 1e-30, 1e300, null, '', null, '{}', null), "
            "('c', 3, 'y', '', null, 'NaN', 'infinity', null, '1', null, '(0.1,1e20)')");
    } else {
        sql("insert into kinds values ('a''b', 1, 'x', x'00ff27', 3.14159274, 0.1 + 0.2, '2020-01-02', "
            "'o''x' || char(10) || '\\;', 5), ('A', 2, null, null, 1e-30, 1e300, 17, '', '5'), "
            "('c', 3, 'y', x'', null, 9e999, x'00', cast(x'610062' as text), x'35')");
    }
    const auto all = [&] {
        return place_->rows(is_maria_db() ? "select id, part, n, hex(b), f + 0e0, d, t, hex(s) from kinds order by part"
                            : GetParam() == "postgres"
                                ? "select * from kinds order by part"
                                : "select id, part, n, quote(b), quote(f), quote(d), typeof(t), quote(t), hex(s), "
                                  "typeof(s), typeof(untyped), quote(untyped) from kinds order by part");
    };
    const auto before = all();
    company_.configure(
        "mappings:\n"
        "  customers:\n"
        "    source: { connection: files, file: customers.csv, settle: { age: 0s }, again: true }\n"
        "    target: { connection: erp, table: kinds }\n"
        "    key: [part, id]\n"
        "    options: { undo: {}, absent: delete, max_delete: { percent: 100 } }\n",
        place_->connection() + "  files: { type: local, folder: . }\n");
    given("id,part,n\nA,2,changed\nd,4,new\n");
    const auto execution = haul();
    EXPECT_NE(all(), before);
    EXPECT_EQ(undo(execution), "3 read, 2 created, 1 updated, 1 deleted");
    EXPECT_EQ(all(), before);
}

TEST_P(Undo, TheDatabaseMayRefuseToTakeBack) {
    sql("insert into customers values (1, 'Anna', 1), (2, 'Beat', 2)");
    configure(mirror);
    given("id,name,amount\n1,Anna,1\n3,Carl,3\n");
    const auto execution = haul();
    sql("create table orders (customer int references customers (id))");
    sql("insert into orders values (3)");
    EXPECT_THAT(refused(execution, 1), AllOf(HasSubstr("nothing was undone"), Not(HasSubstr("changed since"))));
    sql("delete from orders");
    EXPECT_EQ(undo(execution), "1 read, 1 created, 1 deleted");
    sql("drop table orders");
}

TEST_P(Undo, AColumnThatIsGoneStandsInTheWay) {
    sql("alter table customers add note varchar(20)");
    configure(upsert);
    given("id,name,amount\n1,Anna,1\n");
    const auto execution = haul();
    sql("alter table customers drop column note");
    EXPECT_THAT(refused(execution, 1), AllOf(HasSubstr("was altered since"), HasSubstr("\"note\"")));
}

TEST_P(Undo, ATaskIsUndoneMappingByMapping) {
    company_.configure(
        "mappings:\n"
        "  customers:\n"
        "    source: { connection: files, file: customers.csv, settle: { age: 0s }, again: true }\n"
        "    target: { connection: erp, table: customers }\n"
        "    key: [id]\n"
        "    options: { undo: {} }\n"
        "tasks:\n"
        "  nightly: { mappings: [customers] }\n",
        place_->connection() + "  files: { type: local, folder: . }\n");
    given("id,name,amount\n1,Anna,1\n");
    EXPECT_EQ(company_.rowhaul({"run", "nightly"}).status, 0);
    const auto part = testing::text_at(company_.history("customers").at(0), "/execution");
    for (const auto& record : company_.history("nightly")) {
        if (const auto whole = testing::text_at(record, "/execution"); whole != part) {
            EXPECT_THAT(refused(whole, 2), HasSubstr(part));
        }
    }
    EXPECT_EQ(undo(part), "1 deleted");
}

TEST_P(Undo, ManyRecordsComeBackSomeAtATime) {
    const int many = 12'000;
    std::string first = "id,name,amount\n";
    std::string second = first;
    for (int id = 1; id <= many; ++id) {
        first += fmt::format("{},name {},{}\n", id, id, id % 100);
        second += fmt::format("{},{} {},{}\n", id + many / 2, id % 3 == 0 ? "other" : "name", id + many / 2, id % 100);
    }
    configure(mirror);
    given(first);
    haul();
    const auto before = rows();
    given(second);
    const auto execution = haul();
    EXPECT_NE(rows(), before);
    undo(execution);
    EXPECT_EQ(rows(), before);
}

TEST_P(Undo, WhatATriggerSaysOfAnUpdatedRecordComesBackToo) {
    sql("alter table customers add changes int");
    sql("insert into customers values (1, 'Anna', 1, 7), (2, 'Beat', 2, 7)");
    if (GetParam() == "postgres") {
        sql("create function count_changes() returns trigger language plpgsql as $$ begin new.changes := "
            "case when new.changes = old.changes then old.changes + 1 else new.changes end; return new; end $$; "
            "create trigger counting before update on customers for each row execute function count_changes()");
    } else if (is_maria_db()) {
        sql("create trigger counting before update on customers for each row set new.changes = "
            "if(new.changes = old.changes, old.changes + 1, new.changes)");
    } else {
        sql("create trigger counting after update on customers when new.changes = old.changes begin "
            "update customers set changes = old.changes + 1 where id = new.id; end");
    }
    configure(upsert);
    given("id,name,amount\n1,Anne,1\n");
    const auto execution = haul();
    EXPECT_EQ(place_->rows("select changes from customers order by id"), "8;7");
    EXPECT_EQ(undo(execution), "1 read, 1 updated");
    EXPECT_EQ(place_->rows("select name, changes from customers order by id"), "Anna|7;Beat|7");
}

TEST_P(Undo, RowsThatWereGivenBackAreSentAgainAlsoWhereOnlyChangedOnesAre) {
    sql("insert into customers values (1, 'Anna', 1)");
    configure("key: [id]\n    read: changed\n    options: { undo: {} }");
    given("id,name,amount\n1,Anne,1\n2,Beat,2\n");
    const auto execution = haul();
    EXPECT_EQ(run(), "2 read, 2 unchanged");
    undo(execution);
    EXPECT_EQ(run(), "2 read, 1 created, 1 updated");
    EXPECT_EQ(run(), "2 read, 2 unchanged");
}

TEST_P(Undo, WhatSomebodyElseWroteInThatMomentIsWhatComesBack) {
    sql("insert into customers values (1, 'Anna', 1), (2, 'Beat', 2)");
    configure(upsert);
    given("id,name,amount\n1,Anne,1\n2,Bea,2\n");
    const auto other = place_->database();
    const auto writer = other->writer();
    writer->begin({}, Reach::Tables);
    writer->execute({}, "update customers set name = 'Hanna' where id = 1");
    auto run = company_.start({"run", "customers"});
    ASSERT_TRUE(testing::eventually([&] { return place_->somebody_waits(); })) << testing::read_file(company_ / "said");
    writer->commit({});
    EXPECT_EQ(run.wait(std::chrono::seconds(60)), 0) << testing::read_file(company_ / "said");
    undo(testing::text_at(company_.history("customers").at(0), "/execution"));
    EXPECT_EQ(place_->rows("select name from customers order by id"), "Hanna;Beat");
}

// Random runs, then what they changed is given back, the last first: the table is what it was before each.
TEST_P(Undo, RandomRunsAreGivenBackToTheLastBit) {
    sql("create table things (number int not null, letter varchar(9) not null, text varchar(9), amount decimal(9,2), "
        "gone int, note varchar(9), primary key (number, letter))");
    const auto all = [&] {
        return place_->rows("select number, letter, text, amount, gone, note from things order by number, letter");
    };
    const auto rounds = testing::is_thorough() ? 40U : 4U;
    for (std::uint32_t seed = 1; seed <= rounds; ++seed) {
        std::mt19937 dice(seed);
        const auto one_of = [&](std::initializer_list<std::string_view> choices) {
            return *(choices.begin() + dice() % choices.size());
        };
        sql("delete from things");
        for (unsigned number = 1; number <= 12; ++number) {
            if (dice() % 2 == 0) {
                sql(fmt::format("insert into things values ({}, '{}', {}, {}, {}, 'kept')", number, one_of({"a", "b"}),
                                one_of({"null", "''", "'t'"}), one_of({"null", "1.50"}), one_of({"null", "0", "1"})));
            }
        }
        std::vector<std::pair<std::string, std::string>> done;  // what it was before, and the execution
        for (int i = 0; i < 3; ++i) {
            const auto options = fmt::format(
                "undo: {{}}, missing: {}, existing: {}, duplicates: {}{}", one_of({"insert", "insert", "skip"}),
                one_of({"update", "update", "skip"}), one_of({"reject", "first", "last"}),
                one_of({"", ", absent: delete, empty_source: accept, max_delete: { percent: 100 }",
                        ", absent: mark, mark: { column: gone }, empty_source: accept, max_delete: { percent: 100 }"}));
            company_.configure(
                fmt::format(
                    "mappings:\n"
                    "  customers:\n"
                    "    source: {{ connection: files, file: customers.csv, settle: {{ age: 0s }}, again: true }}\n"
                    "    target: {{ connection: erp, table: things }}\n"
                    "    key: [letter, number]\n"
                    "    options: {{ {} }}\n",
                    options),
                place_->connection() + "  files: { type: local, folder: . }\n");
            std::string csv = "number,letter,text,amount\n";
            for (auto left = dice() % 12; left > 0; --left) {
                csv += fmt::format("{},{},{},{}\n", 1 + dice() % 12, one_of({"a", "b"}), one_of({"", "t", "u"}),
                                   one_of({"", "1.5", "2", "x"}));
            }
            given(csv);
            const auto before = all();
            const auto outcome = company_.rowhaul({"run", "customers", "--output", "json"});
            ASSERT_TRUE(outcome.status == 0 || outcome.status == 3) << outcome.output << outcome.errors;
            if (all() != before) {
                done.emplace_back(before, testing::text_at(boost::json::parse(outcome.output), "/execution"));
            }
        }
        while (!done.empty()) {
            const auto& [before, execution] = done.back();
            const auto outcome = company_.rowhaul({"undo", execution});
            ASSERT_EQ(outcome.status, 0) << seed << outcome.output << outcome.errors;
            ASSERT_EQ(all(), before) << seed;
            done.pop_back();
        }
    }
}

}  // namespace
}  // namespace rowhaul
