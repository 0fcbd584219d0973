// SPDX-License-Identifier: Apache-2.0
// Records to which a database gives their key itself: it is read back, and stands in their marks.
#include "table_flow.h"
#include "testing/thoroughness.h"

#include <algorithm>
#include <array>
#include <gmock/gmock.h>
#include <random>

namespace rowhaul {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::text_at;

class GivenKeys : public testing::TableFlow {
protected:
    GivenKeys() { make_table("partners"); }

    void make_table(std::string_view name) {
        const bool is_sqlite = GetParam() == "sqlite";
        const bool is_postgres = GetParam() == "postgres";
        sql(
            fmt::format("create table {} (number {}, code varchar(20) not null unique, name varchar(20), gone {}, "
                        "check (name <> 'bad')){}",
                        name,
                        is_sqlite     ? "integer primary key"
                        : is_postgres ? "int generated always as identity (start with 1000) primary key"
                                      : "int auto_increment primary key",
                        is_postgres ? "boolean" : "int", is_sqlite || is_postgres ? "" : " auto_increment = 1000"));
    }
    // `rest` is what stands beside source and target.
    void configure(std::string_view rest = "", std::string_view target = "generated_key: number") const {
        company_.configure(fmt::format("mappings:\n"
                                       "  partners:\n"
                                       "    source: {{ connection: files, files: 'part*.csv', settle: {{ age: 0s }}, "
                                       "again: true }}\n"
                                       "    target: {{ connection: erp, table: partners, {} }}\n"
                                       "    key: [code]\n"
                                       "{}\n",
                                       target, rest),
                           place_->connection() + "  files: { type: local, folder: . }\n");
    }
    void given(std::string_view rows, std::string_view part = "1") const {
        testing::write_file(company_ / fmt::format("part{}.csv", part), fmt::format("code,name\n{}", rows));
    }
    boost::json::value run(int status = 0, const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments{"run", "partners", "--output", "json"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const auto outcome = company_.rowhaul(arguments);
        EXPECT_EQ(outcome.status, status) << outcome.output << outcome.errors;
        return boost::json::parse(outcome.output);
    }
    // What marks of a status say, as "code|number;...", in the order of the codes.
    std::string marked(std::string_view status = "succeeded") const {
        std::vector<std::string> found;
        const auto marks = company_.ask({"marks", "partners", "--status", std::string(status), "--limit", "100000"});
        for (const auto& mark : marks.as_array()) {
            found.push_back(fmt::format("{}|{}", text_at(mark, "/key"), text_at(mark, "/key_there")));
        }
        std::ranges::sort(found);
        return fmt::format("{}", fmt::join(found, ";"));
    }
    // What the database says.
    std::string there(std::string_view condition = "1 = 1") {
        auto rows = place_->rows(fmt::format("select code, number from partners where {}", condition));
        std::vector<std::string> found;
        for (std::size_t begin = 0; begin < rows.size();) {
            const auto end = std::min(rows.find(';', begin), rows.size());
            found.push_back(rows.substr(begin, end - begin));
            begin = end + 1;
        }
        std::ranges::sort(found);
        return fmt::format("{}", fmt::join(found, ";"));
    }
    std::string number_of(std::string_view code) {
        return place_->rows(fmt::format("select number from partners where code = '{}'", code));
    }
    std::string refused() const {
        const auto outcome = company_.rowhaul({"run", "partners"});
        EXPECT_NE(outcome.status, 0);
        return outcome.errors;
    }
};
INSTANTIATE_TEST_SUITE_P(Databases, GivenKeys, testing::all_places(), testing::place_name);

TEST_P(GivenKeys, AreReadBackOfEveryRecordThatARunBrings) {
    sql("insert into partners (code, name) values ('b', 'Berta'), ('x', 'Xaver')");
    configure();
    given("c,Carla\na,Anna\n");
    given("b,Beate\n", "2");
    EXPECT_EQ(company_.rowhaul({"test", "partners"}).status, 0);
    EXPECT_EQ(marked(), "");
    run();
    EXPECT_EQ(marked(), there("code <> 'x'"));
    const auto said = company_.rowhaul({"marks", "partners", "a"}).output;
    EXPECT_THAT(said, MatchesRegex(fmt::format("target +key +key there +status .*\nerp partners +a +{} +succeeded .*",
                                               number_of("a"))));
    const auto mark = company_.ask({"marks", "partners", "a"});
    EXPECT_EQ(text_at(mark, "/0/generated_key"), "number");
    EXPECT_EQ(text_at(mark, "/0/key_there"), number_of("a"));
}

TEST_P(GivenKeys, OfManyRecordsAreAllReadBack) {
    std::string rows;
    for (int i = 0; i < 12'003; ++i) {
        rows += fmt::format("k{},name\n", i);
    }
    given(rows);
    configure("    read: changed");
    run();
    const auto all = there();
    EXPECT_EQ(std::ranges::count(all, ';'), 12'002);
    EXPECT_EQ(marked(), all);
    run();
    EXPECT_EQ(marked(), all);
}

TEST_P(GivenKeys, StayWhereOnlyChangedRowsAreSent) {
    configure("    read: changed");
    given("a,Anna\nb,Berta\nc,Carla\n");
    run();
    given("c,Carla\nd,Dora\nb,Beate\na,Anna\n");
    const auto waybill = run();
    EXPECT_EQ(counts({0, boost::json::serialize(waybill), ""}, 0), "4 read, 1 created, 1 updated, 2 unchanged");
    EXPECT_EQ(marked(), there());
    given("c,Carla\n");
    run();
    EXPECT_EQ(marked("absent"), there("code <> 'c'"));
}

TEST_P(GivenKeys, ThatSomebodyElseChangedAreSeenWhenTheRowIsSentAgain) {
    configure("    read: changed");
    given("a,Anna\nb,Berta\n");
    run();
    const auto before = there();
    sql("delete from partners where code = 'a'");
    sql("insert into partners (code, name) values ('z', 'Zita'), ('a', 'Anna')");
    ASSERT_NE(there("code <> 'z'"), before);
    run();
    EXPECT_EQ(marked(), before);
    run(0, {"--again"});
    EXPECT_EQ(marked(), there("code <> 'z'"));

    configure();
    sql("delete from partners where code = 'a'");
    sql("insert into partners (code, name) values ('y', 'Yves'), ('a', 'Anna')");
    run();
    EXPECT_EQ(marked(), there("code in ('a', 'b')"));
}

TEST_P(GivenKeys, OfARecordThatFailsAreThoseOfItsLastSuccess) {
    configure("    read: changed");
    given("a,Anna\nb,bad\n");
    run(3);
    EXPECT_EQ(marked("failed"), "b|null");
    EXPECT_EQ(marked(), there());
    given("a,bad\nb,Berta\n");
    EXPECT_EQ(text_at(run(3), "/rows/retried"), "1");
    EXPECT_EQ(marked("failed"), fmt::format("a|{}", number_of("a")));
    EXPECT_EQ(marked(), there("code = 'b'"));
    given("a,Anita\nb,Berta\n");
    EXPECT_EQ(text_at(run(), "/rows/retried"), "1");
    EXPECT_EQ(marked(), there());
}

TEST_P(GivenKeys, OfARecordThatWasDeletedAndComesBackAreNew) {
    configure("    read: changed\n    options: { absent: delete, max_delete: { percent: 100 } }");
    given("a,Anna\nb,Berta\nc,Carla\n");
    run();
    const auto before = number_of("a");
    given("b,Berta\nc,Carla\n");
    EXPECT_EQ(text_at(run(), "/rows/deleted"), "1");
    EXPECT_EQ(marked("absent"), fmt::format("a|{}", before));
    sql("insert into partners (code, name) values ('z', 'Zita')");
    given("b,Berta\nz,Zita\nc,Carla\na,Anna\n");
    run();
    EXPECT_NE(number_of("a"), before);
    EXPECT_EQ(marked(), there());
}

TEST_P(GivenKeys, AreThoseOfRecordsThatAreThere) {
    sql("insert into partners (code, name) values ('b', 'Berta')");
    configure("    options: { missing: skip }");
    given("a,Anna\nb,Beate\n");
    run();
    EXPECT_EQ(marked("skipped"), fmt::format("a|null;b|{}", number_of("b")));
}

TEST_P(GivenKeys, AreReadAgainAfterAnUndo) {
    configure("    read: changed\n    options: { undo: {}, absent: delete, max_delete: { percent: 100 } }");
    given("a,Anna\nb,Berta\n");
    run();
    const auto before = there();
    given("b,Beate\nc,Carla\n");
    const auto execution = text_at(run(), "/execution");
    EXPECT_EQ(company_.rowhaul({"undo", execution}).status, 0);
    EXPECT_EQ(there(), before);
    given("a,Anna\nb,Beate\nc,Carla\n");
    run();
    EXPECT_EQ(marked(), there());
}

TEST_P(GivenKeys, CanBeAskedForLaterAndNoMore) {
    configure("    read: changed", "columns: freeze");
    given("a,Anna\nb,Berta\n");
    run();
    EXPECT_EQ(marked(), "a|null;b|null");
    EXPECT_THAT(company_.rowhaul({"marks", "partners"}).output, Not(HasSubstr("key there")));

    configure("    read: changed");
    EXPECT_EQ(text_at(run(), "/rows/unchanged"), "2");
    EXPECT_EQ(marked(), there());

    configure("    read: changed", "columns: freeze");
    EXPECT_THAT(boost::json::serialize(run().at("warnings")), HasSubstr("generated_key_changed"));
    EXPECT_EQ(marked(), "a|null;b|null");

    configure("    read: changed");
    given("a,Anna\nb,bad\n");
    run(3);
    run(3);
    EXPECT_EQ(marked(), there("code = 'a'"));
    configure("", "columns: freeze");  // of failed records only
    run(3);
    EXPECT_EQ(marked("failed"), "b|null");
}

TEST_P(GivenKeys, AreNotUsedUpWhereNothingIsCreated) {
    for (const auto* target : {"generated_key: number", "columns: freeze"}) {
        SCOPED_TRACE(target);
        sql("delete from partners");
        configure("", target);
        given("a,Anna\nb,Berta\n");
        run();
        given("a,Anna\nb,Beate\n");
        for (int i = 0; i < 15; ++i) {
            run();
        }
        given("c,Carla\n");
        run();
        EXPECT_LT(std::stoi(number_of("c")), std::stoi(number_of("b")) + 10);
    }
}

TEST_P(GivenKeys, AreRefusedWhereTheyCannotBeRead) {
    given("a,Anna\n");
    configure("", "generated_key: numbr");
    EXPECT_THAT(refused(), HasSubstr("no column \"numbr\"; did you mean \"number\"?"));
    configure("", "generated_key: name");
    EXPECT_THAT(refused(), HasSubstr("the rows bring a value for \"name\""));
    configure("    fields: [code, { to: number, from: name }]");
    EXPECT_THAT(refused(), AllOf(HasSubstr("mappings.partners.target.generated_key"), HasSubstr("written by a field")));
    configure("", "generated_key: code");
    EXPECT_THAT(refused(), HasSubstr("written by a field"));
    configure("    marks: failed");
    EXPECT_THAT(refused(), AllOf(HasSubstr("mappings.partners.marks"), HasSubstr("must be `all`")));
    company_.configure(
        "mappings:\n"
        "  partners:\n"
        "    source: { connection: files, file: part1.csv, settle: { age: 0s } }\n"
        "    target: { connection: erp, table: partners, generated_key: number }\n",
        place_->connection() + "  files: { type: local, folder: . }\n");
    EXPECT_THAT(refused(), HasSubstr("needs `key`"));
    sql("drop table partners");
    configure("", "generated_key: number, create: true");
    EXPECT_THAT(refused(), AllOf(HasSubstr("is missing"), HasSubstr("with a column \"number\"")));
    EXPECT_EQ(marked(), "");
}

TEST_P(GivenKeys, OfTwoMappingsOfASourceTellWhereARecordWent) {
    sql("create table clients (id int primary key, label varchar(20), check (label <> 'bad'))");
    company_.configure(
        "mappings:\n"
        "  partners:\n"
        "    source: { connection: shop, table: people }\n"
        "    fields: [ { to: code, from: id, type: text }, name ]\n"
        "    target: { connection: erp, table: partners, generated_key: number }\n"
        "    key: [code]\n"
        "  clients:\n"
        "    source: { connection: shop, table: people }\n"
        "    fields: [ id, { to: label, from: name } ]\n"
        "    target: { connection: erp, table: clients }\n"
        "    key: [id]\n"
        "    read: changed\n"
        "  failures:\n"
        "    source: { connection: shop, table: people }\n"
        "    fields: [ { to: id, value: 'id + 100' }, { to: label, from: name } ]\n"
        "    target: { connection: erp, table: clients }\n"
        "    key: [id]\n"
        "  files:\n"
        "    source: { connection: files, file: part1.csv, settle: { age: 0s } }\n"
        "    target: { connection: erp, table: partners, generated_key: number }\n"
        "    key: [code]\n",
        place_->connection() + "  files: { type: local, folder: . }\n");
    company_.sql("create table people (id int, name text); insert into people values (1, 'Anna'), (2, 'Bea')");
    given("2,Beatrice\n");
    for (const auto* mapping : {"partners", "clients", "failures", "files"}) {
        EXPECT_EQ(company_.rowhaul({"run", mapping}).status, 0) << mapping;
    }
    const auto all = company_.rowhaul({"marks", "--record", "2"}).output;
    const auto number = number_of("2");
    EXPECT_THAT(all, HasSubstr("mapping   source           target        key       key there"));
    EXPECT_THAT(all, HasSubstr(fmt::format("partners  shop people      erp partners  code = 2  number = {}", number)));
    EXPECT_THAT(all, HasSubstr("clients   shop people      erp clients   id = 2  "));
    EXPECT_THAT(all, HasSubstr("files     files part1.csv  erp partners  code = 2"));
    EXPECT_THAT(all, HasSubstr("Records that did not fail are not remembered by: failures. Give them `marks: all`."));
    const auto documents = company_.ask({"marks", "--record", "2", "--source", "shop"}).as_array();
    ASSERT_EQ(documents.size(), 2U);
    EXPECT_EQ(text_at(documents, "/0/mapping"), "partners");
    EXPECT_EQ(text_at(documents, "/0/key_fields/0"), "code");
    EXPECT_EQ(text_at(documents, "/0/key_there"), number);
    EXPECT_EQ(text_at(documents, "/1/source"), "shop people");
    EXPECT_EQ(text_at(documents, "/1/key_fields/0"), "id");
    EXPECT_EQ(text_at(documents, "/1/key_there"), "null");
}

// Whatever comes, and however it is sent: what is known of the keys is what the table says.
TEST_P(GivenKeys, AreThoseOfTheTableAfterAnyRuns) {
    constexpr std::array<std::string_view, 6> settings{
        "read: changed\n    options: { duplicates: first }",
        "read: changed\n    options: { duplicates: last, absent: delete, max_delete: { percent: 100, rows: 1000 } }",
        "read: all\n    options: { duplicates: reject, absent: delete, max_delete: { percent: 100, rows: 1000 } }",
        "read: changed\n    options: { duplicates: reject, absent: mark, mark: { column: gone }, max_delete: { "
        "percent: 100, rows: 1000 } }",
        "read: all\n    options: { duplicates: last, undo: {} }",
        "read: changed\n    options: { duplicates: reject, undo: {}, absent: delete, max_delete: { percent: 100, rows: "
        "1000 } }"};
    for (std::uint32_t seed = 0; seed < (testing::is_thorough() ? 60U : settings.size()) && !HasFailure(); ++seed) {
        const auto setting = settings[seed % settings.size()];
        SCOPED_TRACE(fmt::format("seed {}: {}", seed, setting));
        std::mt19937 random(seed);
        const auto below = [&](std::size_t limit) { return random() % limit; };
        sql("delete from partners");
        std::filesystem::remove_all(company_ / ".rowhaul");
        configure(fmt::format("    where: name <> 'left out'\n    {}", setting));
        const auto draw = [&] {
            constexpr std::array<std::string_view, 6> names{"Anna", "Berta", "Carla", "bad", "left out", "Dora"};
            return fmt::format("k{},{}\n", below(25), names[below(below(2) == 0 ? 6 : 3)]);
        };
        std::vector<std::string> rows;
        for (int i = 0; i < 15; ++i) {
            rows.push_back(draw());
        }
        for (int round = 0; round < 5 && !HasFailure(); ++round) {
            SCOPED_TRACE(fmt::format("round {}", round));
            for (std::size_t part = 0; part < 3; ++part) {
                std::string csv;
                for (std::size_t i = part * rows.size() / 3; i < (part + 1) * rows.size() / 3; ++i) {
                    csv += rows[i];
                }
                given(csv, std::to_string(part));
            }
            const auto outcome = company_.rowhaul({"run", "partners", "--output", "json"});
            EXPECT_THAT(outcome.status, ::testing::AnyOf(0, 3)) << outcome.output << outcome.errors;
            const auto marks = marked();
            std::string known = ";" + there() + ";";
            for (std::size_t begin = 0; begin < marks.size();) {
                const auto end = std::min(marks.find(';', begin), marks.size());
                EXPECT_THAT(known, HasSubstr(fmt::format(";{};", marks.substr(begin, end - begin))));
                begin = end + 1;
            }
            if (below(4) == 0 && setting.find("undo") != std::string_view::npos) {
                const auto execution = text_at(boost::json::parse(outcome.output), "/execution");
                EXPECT_THAT(company_.rowhaul({"undo", execution}).status, ::testing::AnyOf(0, 2));
                continue;  // records that it took away are absent no sooner than by the run after the next
            }
            for (auto change = below(3) == 0 ? 15U : below(4); change > 0; --change) {
                rows[below(rows.size())] = draw();
            }
            if (below(3) == 0) {
                std::ranges::shuffle(rows, random);
            }
        }
    }
}

}  // namespace
}  // namespace rowhaul
