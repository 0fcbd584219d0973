// SPDX-License-Identifier: Apache-2.0
#include "mapping/suggestion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using ::testing::ElementsAre;

// "to = from" when equal, "to ~ from" when folded, "to ?" with the candidates, or "to -".
std::vector<std::string> suggested(const std::vector<WantedColumn>& wanted, const std::vector<std::string>& source) {
    std::vector<std::string> lines;
    for (const auto& column : suggest_columns(wanted, source)) {
        switch (column.match) {
            case Match::Equal:
                lines.push_back(fmt::format("{} = {}", column.to, column.from));
                break;
            case Match::Folded:
                lines.push_back(fmt::format("{} ~ {}", column.to, column.from));
                break;
            case Match::Ambiguous:
                lines.push_back(fmt::format("{} ? {}", column.to, fmt::join(column.candidates, ", ")));
                break;
            case Match::None:
                lines.push_back(column.to + " -");
                break;
        }
    }
    return lines;
}

std::vector<WantedColumn> columns(std::initializer_list<std::string> names) {
    std::vector<WantedColumn> wanted;
    for (const auto& name : names) {
        wanted.push_back({.to = name, .from = {}});
    }
    return wanted;
}

TEST(SuggestColumns, by_equal_names_then_by_folded_ones) {
    EXPECT_THAT(suggested(columns({"id", "Straße", "First Name", "Fax"}), {"strasse", "first_name", "id", "mail"}),
                ElementsAre("id = id", "Straße ~ strasse", "First Name ~ first_name", "Fax -"));
}

TEST(SuggestColumns, umlauts_may_be_written_out_or_left_out) {
    EXPECT_THAT(suggested(columns({"Größe"}), {"groesse"}), ElementsAre("Größe ~ groesse"));
    EXPECT_THAT(suggested(columns({"Größe"}), {"GROSSE"}), ElementsAre("Größe ~ GROSSE"));
    EXPECT_THAT(suggested(columns({"Groesse"}), {"größe"}), ElementsAre("Groesse ~ größe"));
    EXPECT_THAT(suggested(columns({"Größe"}), {"groesse", "grosse"}), ElementsAre("Größe ? groesse, grosse"));
}

TEST(SuggestColumns, never_guess_between_several) {
    EXPECT_THAT(suggested(columns({"Name1"}), {"name_1", "Name 1"}), ElementsAre("Name1 ? name_1, Name 1"));
    EXPECT_THAT(suggested(columns({"Name 1", "NAME1"}), {"name_1"}), ElementsAre("Name 1 ? name_1", "NAME1 ? name_1"));
}

TEST(SuggestColumns, an_equal_name_keeps_its_column_to_itself) {
    EXPECT_THAT(suggested(columns({"NAME", "name"}), {"name"}), ElementsAre("NAME -", "name = name"));
    EXPECT_THAT(suggested(columns({"Name"}), {"NAME", "Name"}), ElementsAre("Name = Name"));
}

TEST(SuggestColumns, by_the_name_in_the_source_before_that_in_the_target) {
    EXPECT_THAT(suggested({{.to = "Vorname", .from = "First Name"}, {.to = "mail", .from = "gone"}},
                          {"vorname", "first_name", "Mail"}),
                ElementsAre("Vorname ~ first_name", "mail ~ Mail"));
    EXPECT_THAT(suggested({{.to = "a", .from = "id"}, {.to = "b", .from = "id"}}, {"id"}),
                ElementsAre("a = id", "b = id"));
}

TEST(SuggestColumns, names_of_marks_alone_are_like_no_other) {
    EXPECT_THAT(suggested(columns({"_"}), {"-", "."}), ElementsAre("_ -"));
}

}  // namespace
}  // namespace rowhaul
