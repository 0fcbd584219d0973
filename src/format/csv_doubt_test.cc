// SPDX-License-Identifier: Apache-2.0
#include "format/csv_doubt.h"

#include "format/csv_reader.h"
#include "io/memory_input.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(DoubtAboutDelimiter, NamesTheOneThatMakesMostCells) {
    EXPECT_THAT(doubt_about_delimiter("sku;name,long;price"), HasSubstr("`delimiter: \";\"`"));
    EXPECT_THAT(doubt_about_delimiter("sku\tprice"), HasSubstr("`delimiter: \"\\t\"`"));
    EXPECT_THAT(doubt_about_delimiter("sku,price"), HasSubstr("`delimiter: \",\"`"));
    EXPECT_THAT(doubt_about_delimiter("sku|price"), HasSubstr("\"sku|price\" is one cell"));
}

TEST(DoubtAboutDelimiter, IsNotRaisedByAName) {
    for (const auto* const name : {"", "sku", "Name, first name", "Price; gross", "a;", ";", "Ärmel"}) {
        EXPECT_EQ(doubt_about_delimiter(name), "") << name;
    }
}

struct Doubts {
    std::string doubt;
    std::vector<std::string> warnings;
    std::vector<std::string> messages;
};

Doubts doubts_of(std::string_view text, const CsvOptions& options) {
    Doubts doubts;
    MemoryInput input(text);
    CsvReader reader({}, input, resolve(options),
                     [&](const Reject& reject) { doubts.messages.push_back(reject.message); });
    Batch batch(reader.schema().size());
    while (reader.next({}, batch)) {
    }
    doubts.doubt = reader.doubt();
    for (const auto& warning : reader.warnings()) {
        doubts.warnings.push_back(warning.code);
    }
    return doubts;
}

TEST(DoubtAboutDelimiter, IsToldOfAHeaderAlsoWithoutRows) {
    for (const auto* const text : {"sku;price\n", "\n\nsku;price\n1;2\n"}) {
        const auto doubts = doubts_of(text, {});
        EXPECT_THAT(doubts.doubt, HasSubstr("\"sku;price\" is one cell"));
        EXPECT_THAT(doubts.warnings, ElementsAre("delimiter_doubtful"));
    }
    EXPECT_THAT(doubts_of("sku,price\n1;2,3\n", {}).warnings, IsEmpty());
}

TEST(DoubtAboutDelimiter, IsToldOfRowsThatAreTooShort) {
    const auto doubts = doubts_of("sku,price\n1;2\n", {});
    EXPECT_THAT(doubts.messages, ElementsAre(HasSubstr("1 cell instead of 2; \"1;2\" is one cell, but")));
}

TEST(DoubtAboutDelimiter, IsToldWhenNamesDoNotFit) {
    CsvOptions options;
    options.header = false;
    options.columns = {"sku", "price"};
    try {
        doubts_of("1;2\n", options);
        ADD_FAILURE() << "it was read";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("line 1 has 1 cell, but `columns` has 2 names"));
        EXPECT_THAT(error.advice(), HasSubstr("set `delimiter: \";\"`"));
    }
}

}  // namespace
}  // namespace rowhaul
