// SPDX-License-Identifier: Apache-2.0
// What a table target does beside its rows: making the table, SQL before and after, locks.
#include "table_flow.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using ::testing::HasSubstr;

class TablePreparation : public testing::TableFlow {
protected:
    // `target` is what stands beside connection and table, `mapping` beside source and target.
    void prepare(std::string_view target, std::string_view mapping = "key: [id]",
                 std::string_view table = "customers") {
        company_.configure(fmt::format("mappings:\n"
                                       "  customers:\n"
                                       "    source: {{ connection: files, file: customers.csv, settle: {{ age: 0s }}, "
                                       "again: true }}\n"
                                       "    target: {{ connection: erp, table: {}, {} }}\n"
                                       "    {}\n",
                                       table, target, mapping),
                           place_->connection() + "  files: { type: local, folder: . }\n");
    }
    testing::Outcome refused(int status, std::vector<std::string> words = {"run", "customers"}) {
        const auto before = rows();
        const auto outcome = company_.rowhaul(words);
        EXPECT_EQ(outcome.status, status) << outcome.output << outcome.errors;
        EXPECT_EQ(rows(), before);
        return outcome;
    }
    std::string tables() {
        return place_->rows(GetParam() == "sqlite"
                                ? "select count(*) from sqlite_schema where name = 'made'"
                                : "select count(*) from information_schema.tables where table_name = 'made'");
    }
    bool is_maria_db() const { return GetParam().starts_with("mariadb"); }
};
INSTANTIATE_TEST_SUITE_P(Databases, TablePreparation, testing::all_places(), testing::place_name);

constexpr std::string_view typed_fields =
    "key: [id]\n"
    "    fields: [ { to: id, from: id, type: integer }, name, { to: amount, from: amount, type: decimal }, "
    "{ to: born, from: born, type: date } ]";

TEST_P(TablePreparation, MakesAMissingTableWithTheTypesOfTheFieldsAndTheKey) {
    prepare("create: true", typed_fields, "made");
    given("id,name,amount,born\n7,Anna,1.50,2001-02-03\n8,,,\n");
    EXPECT_EQ(counts(company_.rowhaul({"test", "customers", "--output", "json"}), 0), "2 read, 2 created");
    EXPECT_EQ(tables(), "0");
    EXPECT_EQ(counts(company_.rowhaul({"run", "customers", "--output", "json"}), 0), "2 read, 2 created");
    EXPECT_EQ(place_->rows("select id, name, born from made order by id"), "7|Anna|2001-02-03;8|NULL|NULL");
    EXPECT_EQ(place_->rows("select sum(id) from made"), "15");
    EXPECT_EQ(counts(company_.rowhaul({"run", "customers", "--output", "json"}), 0), "2 read, 2 unchanged");
    given("id,name,amount,born\n7,Anna,1.50,2001-02-03\n8,Beat,2,\n9,Carl,3,\n");
    EXPECT_EQ(counts(company_.rowhaul({"run", "customers", "--output", "json"}), 0),
              "3 read, 1 created, 1 updated, 1 unchanged");
}

TEST_P(TablePreparation, MakesATableForRowsWithoutAKey) {
    prepare("create: true", "", "made");
    given("a,b\n1,x\n1,x\n");
    EXPECT_EQ(counts(company_.rowhaul({"test", "customers", "--output", "json"}), 0), "2 read, 2 created");
    EXPECT_EQ(tables(), "0");
    EXPECT_EQ(counts(company_.rowhaul({"run", "customers", "--output", "json"}), 0), "2 read, 2 created");
    EXPECT_EQ(place_->rows("select a, b from made"), "1|x;1|x");
}

TEST_P(TablePreparation, TellsThatTheTableWasMade) {
    prepare("create: true", "", "made");
    given("a,b\n1,x\n");
    EXPECT_THAT(company_.rowhaul({"test", "customers"}).output, HasSubstr("would be created"));
    EXPECT_THAT(company_.rowhaul({"run", "customers"}).output, HasSubstr("the table made was missing and was created"));
}

TEST_P(TablePreparation, AFailedRunLeavesNoRowsInANewTable) {
    prepare("create: true", "key: [id]\n    options: { duplicates: error }", "made");
    given("id,name\n1,a\n1,b\n");
    refused(1);
    // Where the database commits a table at once it stays, empty.
    EXPECT_EQ(tables(), is_maria_db() ? "1" : "0");
    if (is_maria_db()) {
        EXPECT_EQ(place_->rows("select count(*) from made"), "0");
    }
    given("id,name\n1,a\n");
    EXPECT_EQ(counts(company_.rowhaul({"run", "customers", "--output", "json"}), 0), "1 read, 1 created");
}

TEST_P(TablePreparation, RefusesAMissingTableThatNobodyAskedFor) {
    prepare("create: false", "key: [id]", "made");
    given("id,name\n1,a\n");
    EXPECT_THAT(refused(1).errors, HasSubstr("made"));
}

TEST_P(TablePreparation, ExecutesStatementsBeforeAndAfterRowsInTheirTransaction) {
    sql("insert into customers values (1, 'old', 1), (2, 'stays', 2)");
    prepare(
        "before: [\"delete from customers where name = 'old'\", \"update customers set amount = 5\"], "
        "after: [\"update customers set amount = amount + 1\"]");
    given("id,name,amount\n1,new,1\n2,stays,2\n");
    EXPECT_EQ(run(), "2 read, 1 created, 1 updated");
    EXPECT_EQ(
        place_->rows("select id, name, amount + 0 from customers where amount in (2, 3) order by id").substr(0, 5),
        "1|new");
    EXPECT_EQ(place_->rows("select count(*) from customers where (id = 1 and amount = 2) or (id = 2 and amount = 3)"),
              "2");
}

TEST_P(TablePreparation, ExecutesStatementsAroundRowsThatAreAppended) {
    sql("insert into customers values (1, 'old', 1)");
    prepare("before: [\"delete from customers\"], after: [\"update customers set name = 'done'\"]", "");
    given("id,name,amount\n3,new,1\n");
    EXPECT_EQ(run(), "1 read, 1 created");
    EXPECT_EQ(place_->rows("select id, name from customers"), "3|done");
}

TEST_P(TablePreparation, AStatementThatFailsUndoesEverything) {
    sql("insert into customers values (1, 'old', 1)");
    prepare("before: [\"delete from customers\"], after: [\"update customers set amount = -1\"]");
    given("id,name,amount\n3,new,1\n");
    EXPECT_THAT(refused(1).errors, HasSubstr("`after`, statement 1"));
    prepare("before: [\"delete from nowhere\"]");
    EXPECT_THAT(refused(1).errors, HasSubstr("`before`, statement 1"));
}

TEST_P(TablePreparation, StatementsThatWouldEndTheTransactionAreRefused) {
    given("id,name,amount\n3,new,1\n");
    prepare("before: [\"/* now */ COMMIT\"]");
    EXPECT_THAT(refused(2).errors, HasSubstr("would end the transaction"));
    prepare("after: [\"\"]");
    EXPECT_THAT(refused(2).errors, HasSubstr("is empty"));
    if (!is_maria_db()) {
        return;
    }
    prepare("before: [\"create table other (a int)\"]");
    EXPECT_THAT(refused(1, {"test", "customers"}).errors, HasSubstr("might commit"));
    prepare("before: [\"select 1 /*! into outfile 'x' */\"]");
    EXPECT_THAT(refused(1).errors, HasSubstr("might commit"));
}

TEST_P(TablePreparation, SecondStatementsInOneAreRefused) {
    given("id,name,amount\n3,new,1\n");
    prepare("before: [\"delete from customers; commit\"]");
    refused(1);
}

TEST_P(TablePreparation, ANewColumnFailsTheRunUnlessToldOtherwise) {
    sql("insert into customers values (1, 'old', 1)");
    given("id,name,amount,colour,size\n1,new,1,red,7\n");
    prepare("columns: freeze");
    const auto outcome = refused(1);
    EXPECT_THAT(outcome.errors, HasSubstr("\"colour\", \"size\""));
    EXPECT_THAT(outcome.errors, HasSubstr("columns: evolve"));
}

TEST_P(TablePreparation, ANewColumnIsLeftOutAndNamed) {
    given("id,name,colour,amount\n1,new,red,1\n");
    prepare("columns: discard");
    EXPECT_THAT(company_.rowhaul({"test", "customers"}).output, HasSubstr("left out: colour"));
    EXPECT_EQ(run(), "1 read, 1 created");
    EXPECT_EQ(place_->rows("select id, name from customers"), "1|new");
    prepare("columns: discard", "key: [id]\n    fields: [id, name, colour]");
    EXPECT_THAT(refused(1).errors, HasSubstr("\"colour\""));
}

TEST_P(TablePreparation, ANewColumnIsAddedToTheTable) {
    sql("insert into customers values (1, 'old', 1)");
    given("id,name,amount,colour\n1,old,1,red\n2,new,2,\n");
    prepare("columns: evolve");
    const auto tried = company_.rowhaul({"test", "customers", "--output", "json"});
    if (is_maria_db()) {
        EXPECT_EQ(tried.status, 1);
        EXPECT_THAT(tried.output + tried.errors, HasSubstr("cannot be tried"));
    } else {
        EXPECT_EQ(counts(tried, 0), "2 read, 1 created, 1 updated");
    }
    const auto done = company_.rowhaul({"run", "customers"});
    EXPECT_THAT(done.output, HasSubstr("got the columns colour"));
    EXPECT_EQ(place_->rows("select id, colour from customers order by id"), "1|red;2|NULL");
    // A column that a source lost keeps what it says.
    given("id,name,amount\n1,changed,1\n");
    EXPECT_EQ(run(), "1 read, 1 updated");
    EXPECT_EQ(place_->rows("select id, name, colour from customers order by id"), "1|changed|red;2|new|NULL");
}

TEST_P(TablePreparation, AFailedRunTakesNewColumnsBackWhereTheDatabaseCan) {
    given("id,name,amount,colour\n1,old,1,red\n1,new,2,\n");
    prepare("columns: evolve", "key: [id]\n    options: { duplicates: error }");
    refused(1);
    given("id,name,amount,colour\n1,old,1,red\n");
    const auto done = company_.rowhaul({"run", "customers"});
    EXPECT_EQ(done.status, 0) << done.errors;
    EXPECT_EQ(done.output.find("got the columns") != std::string::npos, !is_maria_db());
}

TEST_P(TablePreparation, FailsAtOnceWhenSomebodyElseWritesAndItIsToldTo) {
    sql("insert into customers values (1, 'held', 1)");
    given("id,name,amount\n3,new,1\n");
    prepare("lock: fail");
    const auto other = place_->database();
    const auto writer = other->writer();
    writer->begin({}, Reach::Tables);
    writer->execute({}, "update customers set amount = 2");
    const auto outcome = refused(1);
    EXPECT_THAT(outcome.errors, HasSubstr("lock"));
    writer->commit({});
    EXPECT_EQ(run(), "1 read, 1 created");
}

TEST_P(TablePreparation, WaitsForSomebodyElseWhoWritesWhenToldTo) {
    sql("insert into customers values (1, 'held', 1)");
    given("id,name,amount\n3,new,1\n");
    prepare("lock: wait");
    const auto other = place_->database();
    const auto writer = other->writer();
    writer->begin({}, Reach::Tables);
    writer->execute({}, "update customers set amount = 2");
    auto run = company_.start({"run", "customers"});
    ASSERT_TRUE(testing::eventually([&] { return place_->somebody_waits(); })) << testing::read_file(company_ / "said");
    EXPECT_EQ(place_->rows("select count(*) from customers"), "1");
    writer->commit({});
    EXPECT_EQ(run.wait(std::chrono::seconds(60)), 0) << testing::read_file(company_ / "said");
    EXPECT_EQ(rows(), GetParam() == "sqlite" ? "1|held|2;3|new|1" : "1|held|2.00;3|new|1.00");
}

TEST_P(TablePreparation, LocksTheTable) {
    given("id,name,amount\n3,new,1\n");
    prepare("lock: wait");
    EXPECT_EQ(run(), "1 read, 1 created");
    prepare("lock: fail");
    EXPECT_EQ(run(), "1 read, 1 unchanged");
}

}  // namespace
}  // namespace rowhaul
