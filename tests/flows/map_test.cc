// SPDX-License-Identifier: Apache-2.0
// map --suggest: what it prints is pasted into the mapping, and the mapping runs.
#include "tests/flows/company.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sstream>

namespace rowhaul::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Map : public ::testing::Test {
protected:
    Map() {
        company.sql(
            "create table people (id integer, strasse text, first_name text, name_1 text, \"name 1\" text);"
            "insert into people values (7, 'Hauptstr. 1', 'Ada', 'x', 'y')");
    }

    void configure(std::string_view source, std::string_view more = {}) const {
        company.configure(mapping(source, more));
    }

    std::string suggested(std::vector<std::string> options = {}) const {
        options.insert(options.begin(), {"map", "people", "--suggest"});
        const auto outcome = company.rowhaul(options);
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        EXPECT_THAT(outcome.errors, IsEmpty());
        return outcome.output;
    }

    // What arrives when a suggestion is part of the mapping.
    std::string arrives_with(const std::string& suggestion, std::string_view source) const {
        std::istringstream lines(suggestion);
        std::string pasted;
        for (std::string line; std::getline(lines, line);) {
            pasted += fmt::format("    {}\n", line);
        }
        configure(source, pasted);
        EXPECT_EQ(company.rowhaul({"validate"}).status, 0);
        const auto outcome = company.rowhaul({"run", "people"});
        EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.errors << suggestion;
        return company.exported("people.csv");
    }

    const Company company;
    static constexpr std::string_view table = "{ connection: shop, table: people }";
    static constexpr std::string_view file =
        "{ connection: export, file: in.csv, again: true, format: { delimiter: ';' } }";

private:
    static std::string mapping(std::string_view source, std::string_view more) {
        return fmt::format(
            "mappings:\n  people:\n    source: {}\n    target: {{ connection: export, file: people.csv }}\n{}", source,
            more);
    }
};

TEST_F(Map, proposes_every_column_when_nothing_is_known_of_the_target) {
    configure(table);
    EXPECT_EQ(suggested(),
              "# people: all columns of people\n"
              "fields:\n  - id\n  - strasse\n  - first_name\n  - name_1\n  - \"name 1\"\n");
    EXPECT_EQ(arrives_with(suggested(), table), "id,strasse,first_name,name_1,name 1\n7,Hauptstr. 1,Ada,x,y\n");
}

TEST_F(Map, finds_what_a_file_wants_and_says_what_it_cannot_find) {
    configure(table);
    write_file(company / "theirs.csv", "ID;Straße;First Name;Name1;Fax\n");
    const auto suggestion = suggested({"--like", company / "theirs.csv"});
    EXPECT_EQ(suggestion,
              "# people: 3 of 5 columns that theirs.csv wants, from people\n"
              "fields:\n"
              "  - { to: ID, from: id }\n"
              "  - { to: Straße, from: strasse }\n"
              "  - { to: \"First Name\", from: first_name }\n"
              "  # not decided: Name1 may be name_1, \"name 1\"\n"
              "  # no source column for: Fax\n"
              "# not used: name_1, \"name 1\"\n");
    EXPECT_EQ(arrives_with(suggestion, table), "ID,Straße,First Name\n7,Hauptstr. 1,Ada\n");
}

TEST_F(Map, finds_columns_that_are_named) {
    configure(table);
    EXPECT_THAT(suggested({"--target-columns", "FirstName,id"}),
                HasSubstr("fields:\n  - { to: FirstName, from: first_name }\n  - id\n"));
    EXPECT_EQ(suggested({"--target-columns", "Fax"}),
              "# people: 0 of 1 columns that --target-columns wants, from people\n"
              "  # no source column for: Fax\n"
              "# not used: id, strasse, first_name, name_1, \"name 1\"\n");
}

TEST_F(Map, keeps_what_is_written_and_finds_what_its_fields_lack) {
    const std::string_view fields =
        "    where: \"name_1 <> ''\"\n"
        "    fields: [ id, { to: Straße, trim: true }, { to: Name, from: First Name, max_length: 5 },"
        " { to: sign, value: \"'$${' || \\\"name 1\\\"\" }, { to: from, constant: 'no' }, Fax ]\n";
    configure(table, fields);
    EXPECT_EQ(suggested(),
              "# people: 5 of 6 columns that `fields` wants, from people\n"
              "fields:\n"
              "  - id\n"
              "  - { to: Straße, trim: true, from: strasse }\n"
              "  - { to: Name, from: first_name, max_length: 5 }\n"
              "  - { to: sign, value: \"'$${' || \\\"name 1\\\"\" }\n"
              "  - { to: from, constant: \"no\" }\n"
              "  # no source column for: Fax\n");
    EXPECT_EQ(arrives_with(suggested(), table), "id,Straße,Name,sign,from\n7,Hauptstr. 1,Ada,${y,no\n");
}

TEST_F(Map, wants_the_columns_that_the_target_file_has_already) {
    configure(table);
    write_file(company / "out/people.csv", "Strasse,Id\n");
    EXPECT_THAT(suggested(), AllOf(HasSubstr("2 of 2 columns that people.csv in export wants"),
                                   HasSubstr("  - { to: Strasse, from: strasse }\n  - { to: Id, from: id }\n")));
}

TEST_F(Map, proposes_types_for_files_and_leaves_codes_alone) {
    write_file(company / "out/in.csv", "zip;Preis;code;born;note\n8001;1.234,50;007;31.12.1999;x\n8002;2,00;010;;1\n");
    configure(file);
    const auto suggestion = suggested();
    EXPECT_EQ(suggestion,
              "# people: all columns of in.csv\n"
              "# Types are those of the first 2 rows; later rows with other values will be rejected.\n"
              "fields:\n"
              "  - { to: zip, type: integer }\n"
              "  - { to: Preis, type: decimal, numbers: \"1.234,56\" }\n"
              "  - code\n"
              "  - { to: born, type: date, dates: dd.mm.yyyy }\n"
              "  - note\n");
    EXPECT_EQ(arrives_with(suggestion, file),
              "zip,Preis,code,born,note\n8001,1234.50,007,1999-12-31,x\n8002,2.00,010,,1\n");
}

TEST_F(Map, reads_another_file_in_place_of_the_source) {
    configure(file);
    write_file(company / "sample.csv", "a;b\n1;x\n");
    EXPECT_THAT(suggested({"--input", company / "sample.csv"}),
                HasSubstr("fields:\n  - { to: a, type: integer }\n  - b\n"));
}

TEST_F(Map, proposals_survive_any_name) {
    const std::string header = "\"line\nbreak\";${HOME};no;# c;\"a: b\";-;'x';\xC2\x85;1\n";
    write_file(company / "out/in.csv", header + "a;b;c;d;e;f;g;h;i\n");
    configure(file);
    EXPECT_EQ(arrives_with(suggested(), file),
              "\"line\nbreak\",${HOME},no,# c,a: b,-,'x',\xC2\x85,1\na,b,c,d,e,f,g,h,i\n");
    write_file(company / "theirs.csv", "\"new\nline: - x\",${HOME}\n");
    configure(file);
    EXPECT_EQ(arrives_with(suggested({"--like", company / "theirs.csv"}), file), "${HOME}\nb\n");
}

TEST_F(Map, says_it_in_json_too) {
    configure(table);
    const auto answer = company.ask({"map", "people", "--suggest", "--target-columns", "Straße,Fax"});
    EXPECT_EQ(text_at(answer, "/columns/0/match"), "folded");
    EXPECT_EQ(text_at(answer, "/columns/0/field/from"), "strasse");
    EXPECT_EQ(text_at(answer, "/columns/1/match"), "none");
    EXPECT_EQ(text_at(answer, "/columns/1/field"), "null");
    EXPECT_EQ(text_at(answer, "/unused/0"), "id");
}

TEST_F(Map, needs_no_target_that_can_be_asked) {
    company.configure(
        "mappings:\n  people:\n    source: { connection: shop, table: people }\n"
        "    target: { connection: away, file: people.csv }\n",
        "  away: { type: ftp, host: 127.0.0.1, user: x, password: \"${ROWHAUL_SURELY_NOT_SET}\" }\n");
    EXPECT_THAT(suggested(), AllOf(HasSubstr("# The target could not be asked: "), HasSubstr("ROWHAUL_SURELY_NOT_SET"),
                                   HasSubstr("fields:\n  - id\n")));
}

TEST_F(Map, says_when_a_rule_would_not_run) {
    configure(table, "    where: \"nmae_1 = 'x'\"\n");
    EXPECT_THAT(suggested(), AllOf(HasSubstr("# "), HasSubstr("nmae_1"), HasSubstr("fields:\n  - id\n")));
}

TEST_F(Map, needs_a_source_that_is_there) {
    configure(file);
    auto outcome = company.rowhaul({"map", "people", "--suggest"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.errors, HasSubstr("there is no file \"in.csv\""));
    configure("{ connection: export, files: '*.csv' }");
    outcome = company.rowhaul({"map", "people", "--suggest"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("the columns of *.csv are not known"), HasSubstr("--input")));
    EXPECT_THAT(outcome.output, IsEmpty());
}

TEST_F(Map, changes_nothing) {
    write_file(company / "out/in.csv", "a;b\n1;x\n");
    configure("{ connection: export, file: in.csv, after: delete, format: { delimiter: ';' } }");
    const auto before = company.contents();
    suggested();
    EXPECT_EQ(company.contents(), before);
    EXPECT_FALSE(std::filesystem::exists(company / ".rowhaul"));
}

TEST_F(Map, needs_to_be_told_what_to_do) {
    configure(table);
    const auto outcome = company.rowhaul({"map", "people"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.errors, HasSubstr("--suggest"));
    write_file(company / "empty.csv", "");
    EXPECT_THAT(company.rowhaul({"map", "people", "--suggest", "--like", company / "empty.csv"}).errors,
                AllOf(HasSubstr("has no columns"), Not(HasSubstr("terminate"))));
}

}  // namespace
}  // namespace rowhaul::testing
