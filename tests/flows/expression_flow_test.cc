// SPDX-License-Identifier: Apache-2.0
// Rules and computed fields from rowhaul.yaml to the file and the waybill.
#include "tests/flows/company.h"

#include <cstdlib>
#include <gmock/gmock.h>

namespace rowhaul::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Expressions : public ::testing::Test {
protected:
    Expressions() {
        company.sql(
            "create table people (id integer, name text, price decimal(10,2), born text);"
            "insert into people values (1, ' ada ', '19.90', '10.12.1815'), (2, 'BO', null, '01.01.2000'),"
            "(3, 'Zoë', '0.00', '31.02.1999'), (4, null, '7.00', '')");
    }
    void configure(const std::string& mapping) const {
        company.configure(
            "mappings:\n  people:\n    source: { connection: shop, table: people }\n"
            "    target: { connection: export, file: people.csv }\n" +
            mapping);
    }
    std::string complaint(const std::string& mapping, const std::string& command = "validate") const {
        configure(mapping);
        const auto said = command == "validate" ? company.rowhaul({"validate"}) : company.rowhaul({command, "people"});
        EXPECT_NE(said.status, 0);
        return said.output + said.errors;
    }

    const Company company;
};

TEST_F(Expressions, RowsAreFilteredAndFieldsComputed) {
    configure(
        "    where: \"name is not null\"\n"
        "    fields:\n"
        "      - id\n"
        "      - { to: name, value: \"initcap(trim(name))\" }\n"
        "      - { to: gross, value: \"round(price * 1.081, 2)\", default: \"-\", type: text }\n"
        "      - { to: country, constant: CH }\n");
    const auto waybill = company.ask({"run", "people"});
    EXPECT_EQ(company.exported("people.csv"), "id,name,gross,country\n1,Ada,21.51,CH\n2,Bo,-,CH\n3,Zoë,0.00,CH\n");
    // The database did not hand out the row without a name, so it was not read.
    EXPECT_EQ(text_at(waybill, "/source/pushed_rule"), "\"name\" collate binary is not null");
    EXPECT_EQ(text_at(waybill, "/rows/read"), "3");
    EXPECT_EQ(text_at(waybill, "/rows/filtered"), "0");
    EXPECT_EQ(text_at(waybill, "/rows/created"), "3");
}

TEST_F(Expressions, TheRuleThatTheDatabaseCheckedIsShown) {
    const std::string rule = "    where: \"id > 1 and price + 0 > 5\"\n";
    const std::string pushed = "where (\"id\" > 1 or \"id\" is null) or typeof(\"id\") not in ('integer', 'null')\n";
    configure(rule);
    EXPECT_THAT(company.rowhaul({"test", "people"}).output,
                AllOf(HasSubstr("only    " + pushed), HasSubstr("3 read = 1 created + 2 filtered")));
    company.rowhaul({"run", "people"});
    EXPECT_THAT(company.rowhaul({"waybill"}).output, HasSubstr("only    " + pushed));
    EXPECT_EQ(company.exported("people.csv"), "id,name,price,born\n4,,7,\"\"\n");
}

TEST_F(Expressions, EveryRowIsCountedWithoutPushDown) {
    company.configure(
        "mappings:\n  people:\n    source: { connection: shop, table: people, push_down: false }\n"
        "    target: { connection: export, file: people.csv }\n    where: \"id = 1\"\n");
    const auto waybill = company.ask({"run", "people"});
    EXPECT_EQ(text_at(waybill, "/source/pushed_rule"), "null");
    EXPECT_EQ(text_at(waybill, "/rows/read"), "4");
    EXPECT_EQ(text_at(waybill, "/rows/filtered"), "3");
}

TEST_F(Expressions, ADatabaseWithoutRowsForTheRuleIsSaidToHaveNone) {
    configure("    where: \"id > 100\"\n");
    const auto waybill = company.ask({"run", "people"});
    EXPECT_EQ(text_at(waybill, "/outcome"), "empty");
    EXPECT_EQ(text_at(waybill, "/rows/read"), "0");
    EXPECT_EQ(text_at(waybill, "/warnings/0/code"), "rule_kept_all_back");
}

TEST_F(Expressions, AnErrorInOneRowRejectsThatRow) {
    configure(
        "    fields:\n"
        "      - { to: rate, value: \"1 / price\" }\n"
        "      - { to: born, type: date, dates: dd.mm.yyyy, empty_as_null: true }\n");
    const auto outcome = company.rowhaul({"run", "people"});
    EXPECT_EQ(outcome.status, 3) << outcome.errors;
    EXPECT_EQ(company.exported("people.csv"),
              "rate,born\n0.05025125628140703518,1815-12-10\n,2000-01-01\n0.14285714285714285714,\n");
    EXPECT_THAT(company.rowhaul({"waybill", "--rejects"}).output,
                HasSubstr("people,,,3,,division_by_zero,rate,,division by zero"));
}

TEST_F(Expressions, ValidateShowsThePlace) {
    EXPECT_THAT(complaint("    where: \"lowr(name) = 'x'\"\n"),
                AllOf(HasSubstr("mappings.people.where: there is no function lowr(); did you mean \"lower\"?"),
                      HasSubstr("\n    lowr(name) = 'x'\n    ^")));
    EXPECT_THAT(complaint("    fields: [ { to: a, value: \"lpad(name)\" } ]\n"),
                AllOf(HasSubstr("rowhaul.yaml:"), HasSubstr("mappings.people.fields[1].value"),
                      HasSubstr("lpad(text, length[, fill])")));
    EXPECT_THAT(complaint("    where: \"name like\"\n"), HasSubstr("ends too early"));
    EXPECT_THAT(complaint("    fields: [ { to: a, from: b, value: \"1\" } ]\n"), HasSubstr("not both"));
    EXPECT_THAT(complaint("    fields: [ { to: a, type: decimal, numbers: \"12\" } ]\n"),
                HasSubstr("does not show how numbers are written"));
    EXPECT_THAT(complaint("    fields: [ { to: a, type: integer, default: none } ]\n"), Not(IsEmpty()));
}

// P12: what came from the environment is never shown, so expressions are not made of it.
TEST_F(Expressions, P12_ExpressionsAreNotMadeOfTheEnvironment) {
    configure(
        "    where: \"name = ${SECRET_NAME}\"\n    fields: [ { to: a, constant: \"${SECRET_NAME}\", type: date } ]\n");
    ::setenv("SECRET_NAME", "lowr('hush')", 1);
    const auto said = company.rowhaul({"validate"});
    ::unsetenv("SECRET_NAME");
    EXPECT_EQ(said.status, 2);
    EXPECT_THAT(said.errors, AllOf(HasSubstr("mappings.people.where: cannot be taken from the environment"),
                                   HasSubstr("fields[1].constant: cannot be taken"), Not(HasSubstr("hush"))));
}

TEST_F(Expressions, AColumnThatIsNotThereIsToldBeforeAnyRowMoves) {
    EXPECT_THAT(complaint("    where: \"nmae = 'x'\"\n", "run"),
                AllOf(HasSubstr("mappings.people.where: there is no column \"nmae\"; did you mean \"name\"?"),
                      HasSubstr("\n    nmae = 'x'\n    ^")));
    EXPECT_THAT(complaint("    where: \"id > name\"\n", "test"), HasSubstr("needs values of one kind"));
    EXPECT_THAT(company.files(), IsEmpty());
}

TEST_F(Expressions, ParametersComeFromTheTaskAndTheCommand) {
    configure(
        "    where: \"id = :chosen\"\n    fields: [ id ]\n"
        "tasks: { two: { mappings: [ { mapping: people, with: { chosen: 2 } } ] } }\n");
    EXPECT_EQ(company.rowhaul({"run", "two"}).status, 0);
    EXPECT_EQ(company.exported("people.csv"), "id\n2\n");
    EXPECT_EQ(company.rowhaul({"run", "people", "--with", "chosen=3"}).status, 0);
    EXPECT_EQ(company.exported("people.csv"), "id\n3\n");
    const auto without = company.rowhaul({"run", "people"});
    EXPECT_THAT(without.output + without.errors, HasSubstr("there is no parameter :chosen"));
}

TEST_F(Expressions, LastSuccessIsWhenTheLatestRunBegan) {
    configure("    where: \"timestamptz '2020-01-01 00:00+00' > :last_success\"\n    fields: [ id ]\n");
    EXPECT_EQ(text_at(company.ask({"run", "people"}), "/rows/created"), "4");
    const auto again = company.ask({"run", "people"});
    EXPECT_EQ(text_at(again, "/rows/filtered"), "4");
    EXPECT_EQ(text_at(again, "/rows/created"), "0");
}

TEST_F(Expressions, ARuleThatRemovesEveryRowIsSaidToBeEmpty) {
    configure("    where: \"false\"\n");
    const auto waybill = company.ask({"run", "people"});
    EXPECT_EQ(text_at(waybill, "/outcome"), "empty");
    EXPECT_EQ(text_at(waybill, "/rows/filtered"), "4");
    EXPECT_EQ(text_at(waybill, "/warnings/0/code"), "rule_removed_all");
}

}  // namespace
}  // namespace rowhaul::testing
