// SPDX-License-Identifier: Apache-2.0
// What `rowhaul marks` tells of the records of a mapping.
#include "company.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowhaul {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::text_at;

class Marks : public ::testing::Test {
protected:
    Marks() {
        company_.sql(
            "pragma journal_mode = wal;"
            "create table people (id integer, city text, name text);"
            "insert into people values (1, 'Bern', 'Anna'), (2, 'Chur', 'bad'), (3, 'Zug', 'Carla');"
            "create table here (id integer, city text, name text check (name <> 'bad'), primary key (id, city))");
    }
    // `rest` is what stands beside source and target.
    void configure(std::string_view rest) const {
        company_.configure(fmt::format("mappings:\n"
                                       "  people:\n"
                                       "    source: {{ connection: shop, table: people }}\n"
                                       "    target: {{ connection: erp, table: here }}\n"
                                       "{}",
                                       rest),
                           "  erp: { type: sqlite, path: shop.db }\n");
    }
    std::string said(std::vector<std::string> arguments = {}) const {
        arguments.insert(arguments.begin(), {"marks", "people"});
        const auto outcome = company_.rowhaul(arguments);
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        return outcome.output;
    }

    const testing::Company company_;
};

TEST_F(Marks, TellOfEveryRecordWhereOnlyChangedRowsAreSent) {
    configure("    key: [id, city]\n    read: changed\n");
    EXPECT_EQ(company_.rowhaul({"run", "people"}).status, 3);
    const auto all = said();
    constexpr auto* time = "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}";
    EXPECT_THAT(all, HasSubstr("1, Bern"));
    EXPECT_THAT(said({"1, Bern"}), MatchesRegex(fmt::format(".*\nerp here +1, Bern +succeeded +{0} +{0} *\n", time)));
    EXPECT_THAT(said({"2, Chur"}), MatchesRegex(fmt::format(".*\nerp here +2, Chur +failed +{} .*CHECK.*\n", time)));
    EXPECT_THAT(said({"--status", "failed"}), Not(HasSubstr("Bern")));
    EXPECT_EQ(said({"7, Thun"}), "There are no such marks.\n");

    const auto documents = company_.ask({"marks", "people", "2, Chur"}).as_array();
    ASSERT_EQ(documents.size(), 1U);
    EXPECT_EQ(text_at(documents, "/0/status"), "failed");
    EXPECT_EQ(text_at(documents, "/0/last_success"), "null");

    company_.sql("update people set name = 'Berta' where id = 2");
    EXPECT_EQ(company_.rowhaul({"run", "people"}).status, 0);
    EXPECT_EQ(said({"--status", "failed"}), "There are no such marks.\n");
}

TEST_F(Marks, TellOfFailedRecordsOnlyWhereAllRowsAreSent) {
    configure("    key: [id, city]\n");
    EXPECT_EQ(company_.rowhaul({"run", "people"}).status, 3);
    EXPECT_THAT(said(), HasSubstr("2, Chur"));
    EXPECT_THAT(said(), Not(HasSubstr("1, Bern")));
    EXPECT_THAT(said({"1, Bern"}), HasSubstr("`marks: all`"));

    configure("    key: [id, city]\n    marks: all\n");
    EXPECT_EQ(company_.rowhaul({"run", "people"}).status, 3);
    EXPECT_THAT(said({"1, Bern"}), HasSubstr("succeeded"));
}

TEST_F(Marks, AreNotThereWithoutAKeyOrARun) {
    configure("    key: [id, city]\n    read: changed\n");
    EXPECT_EQ(company_.rowhaul({"test", "people"}).status, 3);
    EXPECT_EQ(said(), "There are no such marks.\n");
    configure("");
    EXPECT_THAT(said(), HasSubstr("`key`"));
}

TEST_F(Marks, AreFoundByWhateverStandsInAKey) {
    company_.sql(
        "create table prices (amount decimal(10,2), city text);"
        "insert into prices values (1.5, 'Bern'), (-2, 'Zug, Chur'), (30, ', ');"
        "create table priced (amount decimal(10,2), city text, primary key (amount, city))");
    company_.configure(
        "mappings:\n"
        "  people:\n"
        "    source: { connection: shop, table: prices }\n"
        "    target: { connection: erp, table: priced }\n"
        "    key: [amount, city]\n"
        "    marks: all\n",
        "  erp: { type: sqlite, path: shop.db }\n");
    EXPECT_EQ(company_.rowhaul({"run", "people"}).status, 0);
    for (const auto* key : {"1.5, Bern", "1.50, Bern", "-2, Zug, Chur", "30, , "}) {
        EXPECT_THAT(said(std::vector<std::string>{key}), HasSubstr("succeeded")) << key;
    }
    for (const auto* key : {"1, Bern", "1.5", "Bern, 1.5", "2, Zug, Chur", ", "}) {
        EXPECT_EQ(said(std::vector<std::string>{key}), "There are no such marks.\n") << key;
    }
}

TEST_F(Marks, OfNothingInParticularAreRefused) {
    configure("    key: [id, city]\n");
    EXPECT_THAT(company_.rowhaul({"marks"}).errors, HasSubstr("--record"));
    EXPECT_EQ(company_.rowhaul({"marks"}).status, 2);
    EXPECT_EQ(company_.rowhaul({"marks", "people", "--record", "1, Bern"}).status, 2);
    EXPECT_EQ(company_.rowhaul({"marks", "--source", "shop"}).status, 2);
    EXPECT_EQ(company_.rowhaul({"marks", "--record", "1, Bern"}).output,
              "There are no such marks.\nRecords that did not fail are not remembered by: people. Give them `marks: "
              "all`.\n");
    const auto unknown = company_.rowhaul({"marks", "--record", "1, Bern", "--source", "shap"});
    EXPECT_EQ(unknown.status, 2);
    EXPECT_THAT(unknown.errors, HasSubstr("did you mean \"shop\"?"));
}

TEST_F(Marks, OfAMappingThatDoesNotExistAreRefused) {
    configure("    key: [id, city]\n");
    const auto outcome = company_.rowhaul({"marks", "peopel"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.errors, HasSubstr("there is no mapping \"peopel\"; did you mean \"people\"?"));
}

}  // namespace
}  // namespace rowhaul
