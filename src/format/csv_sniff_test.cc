// SPDX-License-Identifier: Apache-2.0
#include "format/csv_sniff.h"

#include "format/csv.h"
#include "format/value_forms.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CsvGuess guess(std::string_view text) {
    const auto found = sniff_csv(Context{}, text);
    EXPECT_TRUE(found.has_value()) << text;
    return found.value_or(CsvGuess{});
}

std::string format_of(std::string_view text) {
    return guess(text).sniffed.format;
}

std::vector<std::string> types_of(std::string_view text) {
    std::vector<std::string> types;
    for (const auto& column : guess(text).sniffed.schema) {
        types.push_back(std::string(name_of(column.type)) +
                        (column.source_type.empty() ? "" : " " + column.source_type));
    }
    return types;
}

TEST(CsvSniff, FindsTheDelimiter) {
    EXPECT_EQ(format_of("a,b\n1,2\n"), "{ type: csv }");
    EXPECT_EQ(format_of("a;b\n1,5;2\n3,5;4\n"), "{ type: csv, delimiter: \";\", numbers: \"1234,56\" }");
    EXPECT_EQ(format_of("a\tb\n1\t2\n"), "{ type: csv, delimiter: \"\\t\" }");
    EXPECT_EQ(format_of("a|b\n\"x,y\"|2\n"), "{ type: csv, delimiter: \"|\" }");
    EXPECT_EQ(format_of("name\nAda\nBo\n"), "{ type: csv }");
}

TEST(CsvSniff, FindsQuotesAndEscapes) {
    EXPECT_EQ(format_of("a,b\n'x,y','it''s'\n'z',1\n"), "{ type: csv, quote: \"'\" }");
    EXPECT_EQ(format_of("a,b\n\"x\\\",y\",2\n\"z\\\"\",1\n"), "{ type: csv, escape: backslash }");
    EXPECT_EQ(format_of("a\tb\n1\t\\N\n\\N\tx\\ty\n"),
              "{ type: csv, delimiter: \"\\t\", escape: backslash, quoting: never }");
    EXPECT_EQ(format_of("a,b\n1,\\N\n"), "{ type: csv, null_text: \"\\\\N\" }");
}

TEST(CsvSniff, FindsTheEncoding) {
    EXPECT_EQ(format_of("a,b\nM\xFCller,2\n"), "{ type: csv, encoding: windows-1252 }");
    EXPECT_EQ(format_of("a,b\nM\xC3\xBCller,2\n"), "{ type: csv }");
    EXPECT_EQ(guess("a,b\nM\xFCller,2\n").sniffed.rows[0][0], "Müller");
    std::string wide;
    append_utf16(TextEncoding::Utf16Le, "name,b\nx,2\n", wide);
    EXPECT_EQ(format_of(wide), "{ type: csv, encoding: utf-16le }");
}

TEST(CsvSniff, FindsTheHeaderOrThatThereIsNone) {
    EXPECT_EQ(guess("id,name\n1,Ada\n").sniffed.schema[0].name, "id");
    EXPECT_EQ(format_of("1,Ada\n2,Bo\n"), "{ type: csv, header: false }");
    EXPECT_EQ(format_of("Ada,2026-01-01\nBo,2026-01-02\n"), "{ type: csv, header: false }");
    EXPECT_EQ(guess("1,Ada\n").sniffed.schema[1].name, "column_2");
}

TEST(CsvSniff, FindsTheTableBelowATitle) {
    const auto found = guess("Price list\nas of 2026-01-01\n\nsku;price\n1;2\n3;4\n");
    EXPECT_EQ(found.sniffed.format, "{ type: csv, delimiter: \";\", skip_lines: 3 }");
    EXPECT_EQ(found.sniffed.schema[0].name, "sku");
}

TEST(CsvSniff, NeverTurnsACodeIntoANumber) {
    EXPECT_THAT(types_of("a,b,c,d\n007,+1,1e5,01.5\n008,+2,2e5,02.5\n"), ElementsAre("text", "text", "text", "text"));
    EXPECT_EQ(guess("a\n007\n").sniffed.rows[0][0], "007");
}

TEST(CsvSniff, FindsTypesThatEveryValueHas) {
    EXPECT_THAT(types_of("a,b,c,d,e,f,g\n1,1.50,true,2026-01-31,2026-01-31 10:00:00,10:00:00,x\n"
                         "-20,3,false,2024-02-29,2026-01-31 10:00:00.5,23:59:59,1\n"),
                ElementsAre("integer", "decimal", "boolean", "date", "timestamp", "time", "text"));
    EXPECT_THAT(types_of("a;b;c\n1.234,50;31.12.2026;31.12.2026 10:00:00\n12,00;01.01.2026;01.01.2026 00:00:00\n"),
                ElementsAre("decimal 1.234,56", "date dd.mm.yyyy", "timestamp dd.mm.yyyy HH:MM:SS"));
    EXPECT_THAT(types_of("a,b\n1,x\n,y\n"), ElementsAre("integer", "text"));
}

TEST(CsvSniff, LeavesDatesThatCouldBeReadTwoWaysAsText) {
    EXPECT_THAT(types_of("a,b\n01/02/2026,x\n03/04/2026,y\n"), ElementsAre("text", "text"));
    EXPECT_THAT(types_of("a,b\n01/02/2026,x\n31/04/2026,y\n"), ElementsAre("text", "text")) << "no such day";
    EXPECT_THAT(types_of("a,b\n01/02/2026,x\n30/04/2026,y\n"), ElementsAre("date dd/mm/yyyy", "text"));
    EXPECT_THAT(types_of("a,b\n01/02/2026,x\n04/30/2026,y\n"), ElementsAre("date mm/dd/yyyy", "text"));
}

TEST(CsvSniff, GuessesNothingFromNothing) {
    EXPECT_FALSE(sniff_csv(Context{}, "").has_value());
    EXPECT_FALSE(sniff_csv(Context{}, "\n\n").has_value());
    EXPECT_THROW(sniff_csv(Context{}, "%PDF-1.7"), Error);
}

}  // namespace
}  // namespace rowhaul
