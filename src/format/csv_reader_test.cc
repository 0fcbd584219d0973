// SPDX-License-Identifier: Apache-2.0
#include "format/csv_reader.h"

#include "format/csv.h"
#include "testing/streams.h"
#include "testing/suite/format_suite.h"
#include "testing/suite/read_file.h"

#include <gmock/gmock.h>
#include <random>

namespace rowhaul {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Row;
using ::testing::SizeIs;

constexpr auto null = std::nullopt;

struct Conditions {
    CsvReaderSizes sizes;
    CsvInstructions instructions = best_csv_instructions();
    std::size_t bytes_a_read = 1'000'000;
    std::vector<std::size_t> columns;  // empty = all
};

testing::FileContent read_csv(const std::string& text, const CsvOptions& options = {},
                              const Conditions& conditions = {}) {
    const Context context;
    testing::FileContent result;
    testing::MemoryInput bytes(text);
    testing::ShortReads input(bytes, conditions.bytes_a_read);
    CsvReader reader(
        context, input, resolve(options), [&](Reject reject) { result.rejects.push_back(std::move(reject)); },
        conditions.sizes, conditions.instructions);
    testing::read_whole(context, reader, conditions.columns, result);
    return result;
}

// The rows of a text without a header.
std::vector<Row> rows_of(const std::string& text, CsvOptions options = {}) {
    options.header = false;
    const auto result = read_csv(text, options);
    EXPECT_THAT(result.reasons(), IsEmpty()) << text;
    return result.rows;
}

std::string refusal_of(const std::string& text, const CsvOptions& options = {}) {
    try {
        read_csv(text, options);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Invalid);
        return error.what();
    }
    ADD_FAILURE() << "it was read";
    return {};
}

// ---- what plain files look like ----

TEST(CsvReader, AHeaderNamesTheColumnsAndEveryLineIsARow) {
    const auto result = read_csv("id,name\n1,Ada\n2,Bo\n");
    EXPECT_THAT(result.columns, ElementsAre("id", "name"));
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1", "Ada"}, {"2", "Bo"}}));
}

TEST(CsvReader, TheLastLineNeedsNoEnd) {
    EXPECT_EQ(rows_of("1,2\n3,4"), (std::vector<Row>{{"1", "2"}, {"3", "4"}}));
    EXPECT_EQ(rows_of("1,\"2\""), (std::vector<Row>{{"1", "2"}}));
    EXPECT_EQ(rows_of("1,2\r"), (std::vector<Row>{{"1", "2"}}));
    EXPECT_EQ(rows_of("1,"), (std::vector<Row>{{"1", null}}));
}

TEST(CsvReader, LineEndsMayBeAnyAndMixed) {
    const std::vector<Row> rows{{"1", "2"}, {"3", "4"}, {"5", "6"}};
    EXPECT_EQ(rows_of("1,2\n3,4\n5,6\n"), rows);
    EXPECT_EQ(rows_of("1,2\r\n3,4\r\n5,6\r\n"), rows);
    EXPECT_EQ(rows_of("1,2\r3,4\r5,6\r"), rows);
    EXPECT_EQ(rows_of("1,2\r\n3,4\r5,6\n"), rows);
}

TEST(CsvReader, QuotesHoldDelimitersLineEndsAndQuotes) {
    EXPECT_EQ(rows_of("\"a,b\",\"c\nd\",\"e\"\"f\"\n"), (std::vector<Row>{{"a,b", "c\nd", "e\"f"}}));
    EXPECT_EQ(rows_of("\"a\r\nb\",\"c\rd\"\r\n"), (std::vector<Row>{{"a\r\nb", "c\rd"}}));
    EXPECT_EQ(rows_of("\"\"\"\",\"\"\"\"\"\"\n"), (std::vector<Row>{{"\"", "\"\""}}));
    EXPECT_EQ(rows_of("{\"a\"},\"{\"\"type\"\": \"\"Point\"\", \"\"at\"\": [1, 2]}\"\n"),
              (std::vector<Row>{{"{\"a\"}", "{\"type\": \"Point\", \"at\": [1, 2]}"}}));
}

TEST(CsvReader, NothingIsNullAndEmptyQuotesAreAnEmptyText) {
    EXPECT_EQ(rows_of(",\"\",x\n"), (std::vector<Row>{{null, "", "x"}}));
    EXPECT_EQ(rows_of(",,\n"), (std::vector<Row>{{null, null, null}}));
    CsvOptions options;
    options.null_text = "NULL";
    EXPECT_EQ(rows_of("NULL,\"NULL\",,NULLS\n", options), (std::vector<Row>{{null, "NULL", "", "NULLS"}}));
}

TEST(CsvReader, ValuesStayAsTheyStand) {
    EXPECT_EQ(rows_of("007,+1, 1.50 ,1e400\n"), (std::vector<Row>{{"007", "+1", " 1.50 ", "1e400"}}));
}

TEST(CsvReader, AQuoteInsideAnUnquotedCellIsAQuote) {
    EXPECT_EQ(rows_of("5\" pipe,a\"b\"c, \"d\"\n"), (std::vector<Row>{{"5\" pipe", "a\"b\"c", " \"d\""}}));
}

TEST(CsvReader, EmptyLinesAreNoRows) {
    EXPECT_EQ(rows_of("\n\n1\n"), (std::vector<Row>{{null}, {null}, {"1"}}));
    EXPECT_EQ(rows_of("\n\r\n1,2\n\n\n3,4\n\n"), (std::vector<Row>{{"1", "2"}, {"3", "4"}}));
    EXPECT_EQ(rows_of(" \n1\n", {}), (std::vector<Row>{{" "}, {"1"}}));
}

TEST(CsvReader, AnEmptyLineOfOneColumnIsNull) {
    const auto result = read_csv("a\n1\n\n2\n");
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1"}, {null}, {"2"}}));
}

TEST(CsvReader, DelimitersMayBeAnyCharacter) {
    for (const std::string delimiter : {";", "|", "\t", ":", "^", "\x01", "§", "€"}) {
        CsvOptions options;
        options.delimiter = delimiter;
        EXPECT_EQ(rows_of("a" + delimiter + "\"b" + delimiter + "c\"" + delimiter + "\"d\"\n", options),
                  (std::vector<Row>{{"a", "b" + delimiter + "c", "d"}}))
            << delimiter;
    }
}

TEST(CsvReader, CharactersThatBeginLikeTheDelimiterAreText) {
    CsvOptions options;
    options.delimiter = "§";
    EXPECT_EQ(rows_of("£§¥\n", options), (std::vector<Row>{{"£", "¥"}}));
}

TEST(CsvReader, QuotesMayBeAnotherCharacter) {
    CsvOptions options;
    options.quote = "'";
    EXPECT_EQ(rows_of("'a,b','it''s',\"c\"\n", options), (std::vector<Row>{{"a,b", "it's", "\"c\""}}));
}

TEST(CsvReader, BackslashesMayEscapeQuotes) {
    CsvOptions options;
    options.escape = CsvEscape::Backslash;
    EXPECT_EQ(rows_of(R"("a\"b","c\\","\n",d\,e)"
                      "\n",
                      options),
              (std::vector<Row>{{"a\"b", "c\\", "\\n", "d,e"}}));
}

TEST(CsvReader, WithoutQuotesABackslashEscapesEverything) {
    CsvOptions options;
    options.preset = CsvPreset::UnixTsv;
    EXPECT_EQ(rows_of("a\\tb\t\\N\t\\\\N\t\"c\"\td\\\ne\\\tf\n", options),
              (std::vector<Row>{{"a\tb", null, "\\N", "\"c\"", "d\ne\tf"}}));
}

TEST(CsvReader, CommentsAndFirstLinesMayBeSkipped) {
    CsvOptions options;
    options.skip_lines = 2;
    options.comment = "#";
    const auto result = read_csv("Price list \"2026\n\n# made by hand\nsku,price\n1,2\n#3,4\n\"#5\",6\n", options);
    EXPECT_THAT(result.columns, ElementsAre("sku", "price"));
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1", "2"}, {"#5", "6"}}));
    EXPECT_EQ(result.origins[1].line, 7U);
}

TEST(CsvReader, ColumnsMayBeNamedByTheReader) {
    CsvOptions options;
    options.columns = {"a", "b"};
    EXPECT_THAT(read_csv("x,y\n1,2\n", options).columns, ElementsAre("a", "b"));
    EXPECT_THAT(read_csv("x,y\n1,2\n", options).rows, SizeIs(1));
    options.header = false;
    EXPECT_THAT(read_csv("x,y\n1,2\n", options).rows, SizeIs(2));
    EXPECT_THAT(refusal_of("1,2,3\n", options), HasSubstr("line 1 has 3 cells, but `columns` has 2 names"));
    options.columns.clear();
    EXPECT_THAT(read_csv("x,y\n", options).columns, ElementsAre("column_1", "column_2"));
}

TEST(CsvReader, UnnamedColumnsGetTheirNumber) {
    EXPECT_THAT(read_csv("a,,\"\"\n").columns, ElementsAre("a", "column_2", "column_3"));
}

TEST(CsvReader, AFileWithNothingHasNoColumnsAndAHeaderAloneNoRows) {
    EXPECT_THAT(read_csv("").columns, IsEmpty());
    EXPECT_THAT(read_csv("\n\n").columns, IsEmpty());
    EXPECT_THAT(read_csv("\xEF\xBB\xBF").columns, IsEmpty());
    const auto result = read_csv("a,b");
    EXPECT_THAT(result.columns, ElementsAre("a", "b"));
    EXPECT_THAT(result.rows, IsEmpty());
}

TEST(CsvReader, SomeColumnsMayBeChosenInAnyOrder) {
    const auto result = read_csv("a,b,c\n1,\"2\"\"\",3\n", {}, {.columns = {2, 0}});
    EXPECT_EQ(result.rows, (std::vector<Row>{{"3", "1"}}));
}

TEST(CsvReader, RowsTellTheirNumberLineAndText) {
    const auto result = read_csv("a,b\r\n\r\n1,\"x\r\ny\"\r\n2,z\r\n");
    ASSERT_THAT(result.origins, SizeIs(2));
    EXPECT_EQ(result.origins[0].row, 1U);
    EXPECT_EQ(result.origins[0].line, 3U);
    EXPECT_EQ(result.raw[0], "1,\"x\r\ny\"");
    EXPECT_EQ(result.origins[1].row, 2U);
    EXPECT_EQ(result.origins[1].line, 5U);
    EXPECT_EQ(result.raw[1], "2,z");
}

TEST(CsvReader, UnquotedCellsAreNotCopied) {
    const Context context;
    testing::MemoryInput input("a,b\nplain,\"quoted\"\n");
    CsvReader reader(context, input, resolve(CsvOptions{}), [](const Reject&) {});
    Batch batch(2);
    ASSERT_TRUE(reader.next(context, batch));
    EXPECT_EQ(batch.arena().used(), 0U);
    const auto raw = batch.origins()[0].raw;
    EXPECT_EQ(batch.column(0)[0].text().data(), raw.data());
    EXPECT_EQ(batch.column(1)[0].text().data(), raw.data() + 7);
}

// ---- encodings ----

std::string utf16(TextEncoding encoding, std::string_view text) {
    std::string bytes;
    append_utf16(encoding, text, bytes);
    return bytes;
}

TEST(CsvReader, EncodingsAreDecodedWithAndWithoutAMark) {
    const std::string text = "name,note\nZürich,\"größer; 日本 😀\"\nb,c\n";
    const auto expected = read_csv(text).rows;
    EXPECT_EQ(expected[0], (Row{"Zürich", "größer; 日本 😀"}));
    EXPECT_EQ(read_csv("\xEF\xBB\xBF" + text).rows, expected);
    EXPECT_EQ(read_csv("\xEF\xBB\xBF" + text).columns[0], "name");
    for (const auto encoding : {TextEncoding::Utf16Le, TextEncoding::Utf16Be}) {
        const auto bytes = utf16(encoding, text);
        EXPECT_EQ(read_csv(utf16(encoding, "\xEF\xBB\xBF") + bytes).rows, expected);
        EXPECT_EQ(read_csv(bytes).rows, expected) << "without a mark";
        CsvOptions options;
        options.encoding = encoding;
        EXPECT_EQ(read_csv(bytes, options).rows, expected);
        EXPECT_EQ(read_csv(utf16(encoding, "\xEF\xBB\xBF") + bytes, options).rows, expected);
    }
}

TEST(CsvReader, WesternEuropeanEncodingsAreDecoded) {
    CsvOptions options;
    options.encoding = TextEncoding::Windows1252;
    EXPECT_EQ(read_csv("a\n\x80 M\xFCller \x84q\x93\n", options).rows, (std::vector<Row>{{"€ Müller „q“"}}));
    options.encoding = TextEncoding::Iso8859p15;
    EXPECT_EQ(read_csv("a\n\xA4 M\xFCller\n", options).rows, (std::vector<Row>{{"€ Müller"}}));
    options.encoding = TextEncoding::Iso8859p1;
    EXPECT_EQ(read_csv("a\n\xA4 M\xFCller\n", options).rows, (std::vector<Row>{{"¤ Müller"}}));
}

TEST(CsvReader, BytesThatAreNoTextRejectTheirRowWithItsPlace) {
    const auto result = read_csv("id,name\n1,Ada\n2,M\xFCller\n3,\"x\n\xC3\xA4y\"\n4,\xED\xA0\x80\n5,z\n");
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1", "Ada"},
                                             {"3",
                                              "x\nä"
                                              "y"},
                                             {"5", "z"}}));
    ASSERT_THAT(result.reasons(), ElementsAre("invalid_text", "invalid_text"));
    EXPECT_EQ(result.rejects[0].row, 2U);
    EXPECT_EQ(result.rejects[0].line, 3U);
    EXPECT_EQ(result.rejects[0].value, "M\xEF\xBF\xBDller");
    EXPECT_THAT(result.rejects[0].message, HasSubstr("byte 17 "));
    EXPECT_THAT(result.rejects[0].message, HasSubstr("windows-1252"));
    EXPECT_EQ(result.rejects[1].line, 6U);
}

TEST(CsvReader, PlacesAreTheFilesOwnInEveryEncoding) {
    CsvOptions options;
    options.encoding = TextEncoding::Windows1252;
    const auto single = read_csv("a,b\n\xFC\xFC,1\nx,\x81\n", options);
    ASSERT_THAT(single.rejects, SizeIs(1));
    EXPECT_THAT(single.rejects[0].message, HasSubstr("byte 11 is no character in windows-1252"));

    std::string bytes = "\xFF\xFE" + utf16(TextEncoding::Utf16Le, "a,b\nü😀,1\nx,");
    bytes += std::string("\x00\xDC", 2) + utf16(TextEncoding::Utf16Le, "\n");
    const auto wide = read_csv(bytes);
    ASSERT_THAT(wide.rejects, SizeIs(1));
    EXPECT_EQ(wide.rows, (std::vector<Row>{{"ü😀", "1"}}));
    EXPECT_THAT(wide.rejects[0].message, HasSubstr(std::to_string(bytes.size() - 4)));
}

TEST(CsvReader, HalfACharacterAtTheEndIsToldAndNotLost) {
    const auto utf8 = read_csv("a,b\n1,2\n3,\xC3");
    EXPECT_EQ(utf8.rows, (std::vector<Row>{{"1", "2"}}));
    EXPECT_THAT(utf8.reasons(), ElementsAre("invalid_text"));
    EXPECT_THAT(read_csv(utf16(TextEncoding::Utf16Le, "a,b\n1,2\n3,4") + "x").reasons(), ElementsAre("invalid_text"));
}

TEST(CsvReader, WhatIsNoTextIsRefusedByItsName) {
    EXPECT_THAT(refusal_of(std::string("PK\3\4\x14\0\6\0", 8)), HasSubstr("Excel workbook"));
    EXPECT_THAT(refusal_of("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), HasSubstr("password"));
    EXPECT_THAT(refusal_of("%PDF-1.7\n"), HasSubstr("PDF"));
    EXPECT_THAT(refusal_of("\xFD"
                           "7zXZ"),
                HasSubstr("xz"));
    EXPECT_THAT(refusal_of(std::string("\1\2\0\xFF\xFE\0\0,\n", 9)), HasSubstr("not text"));
}

// ---- rows that are wrong ----

TEST(CsvReader, RaggedRowsAreRejectedFilledUpOrCut) {
    const std::string text = "a,b,c\n1,2\n1,2,3\n1,2,3,4\n";
    const Row whole{"1", "2", "3"};
    const auto strict = read_csv(text);
    EXPECT_EQ(strict.rows, std::vector<Row>{whole});
    ASSERT_THAT(strict.reasons(), ElementsAre("ragged_row", "ragged_row"));
    EXPECT_THAT(strict.rejects[0].message, HasSubstr("2 cells instead of 3; `ragged: pad`"));
    EXPECT_EQ(strict.rejects[0].raw, "1,2");
    EXPECT_THAT(strict.rejects[1].message, HasSubstr("4 cells instead of 3; `ragged: cut`"));
    EXPECT_EQ(strict.rejects[1].line, 4U);

    CsvOptions options;
    options.ragged = CsvRagged::Pad;
    EXPECT_EQ(read_csv(text, options).rows, (std::vector<Row>{{"1", "2", null}, whole}));
    options.ragged = CsvRagged::Cut;
    EXPECT_EQ(read_csv(text, options).rows, (std::vector<Row>{whole, whole}));
    options.ragged = CsvRagged::PadAndCut;
    EXPECT_EQ(read_csv(text, options).rows, (std::vector<Row>{{"1", "2", null}, whole, whole}));
}

TEST(CsvReader, TextBehindAClosingQuoteRejectsItsRowAlone) {
    const auto result = read_csv("a,b\n1,\"x\"y\n2,z\n");
    EXPECT_EQ(result.rows, (std::vector<Row>{{"2", "z"}}));
    ASSERT_THAT(result.reasons(), ElementsAre("stray_quote"));
    EXPECT_EQ(result.rejects[0].line, 2U);
    EXPECT_EQ(result.rejects[0].raw, "1,\"x\"y");
    EXPECT_THAT(result.rejects[0].message, HasSubstr("byte 9"));
}

TEST(CsvReader, AStrayQuoteDoesNotSwallowTheRowsBehindIt) {
    const auto result = read_csv("a,b,c\n1,\"x,y\n2,\"def\",y\n3,ghi,z\n");
    EXPECT_EQ(result.rows, (std::vector<Row>{{"2", "def", "y"}, {"3", "ghi", "z"}}));
    EXPECT_THAT(result.reasons(), ElementsAre("stray_quote"));
    EXPECT_EQ(result.rejects[0].raw, "1,\"x,y");
    EXPECT_EQ(result.origins[0].row, 2U);
    EXPECT_EQ(result.origins[0].line, 3U);
}

TEST(CsvReader, AfterABadRowOfSeveralLinesReadingGoesOnWhereARowBegins) {
    const auto result = read_csv("a,b,c\n1,\"first\nsecond\" bad,x\n2,y,z\n");
    EXPECT_EQ(result.rows, (std::vector<Row>{{"2", "y", "z"}}));
    EXPECT_EQ(result.origins[0].line, 4U);
    EXPECT_THAT(result.reasons(), ElementsAre("stray_quote"));
    EXPECT_EQ(result.rejects[0].raw, "1,\"first\nsecond\" bad,x");
}

TEST(CsvReader, AQuoteThatIsNeverClosedRejectsItsRowAlone) {
    const auto result = read_csv("a,b\n1,\"x\n2,y\n3,z\n");
    EXPECT_EQ(result.rows, (std::vector<Row>{{"2", "y"}, {"3", "z"}}));
    ASSERT_THAT(result.reasons(), ElementsAre("unterminated_quote"));
    EXPECT_EQ(result.rejects[0].line, 2U);
    EXPECT_EQ(result.rejects[0].raw, "1,\"x");
    EXPECT_THAT(result.rejects[0].message, HasSubstr("byte 6 is never closed"));
}

TEST(CsvReader, ALastRowThatWasCutOffIsRejectedWhole) {
    const auto result = read_csv("a,b,c\n1,2,3\n4,\"five\nsix\nsev");
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1", "2", "3"}}));
    EXPECT_THAT(result.reasons(), ElementsAre("unterminated_quote"));
    EXPECT_EQ(result.rejects[0].raw, "4,\"five\nsix\nsev");
}

TEST(CsvReader, AStrayQuoteSwallowsNeitherTheFileNorTheMemory) {
    const CsvReaderSizes small{.block_bytes = 4096, .longest_row = 100'000, .look_ahead = 1000};
    std::string text = "a,b\n1,\"stray\n";
    for (int row = 0; row < 200'000; ++row) {
        text += "2,ordinary\n";
    }
    const auto result = read_csv(text, {}, {.sizes = small});
    EXPECT_THAT(result.rows, SizeIs(200'000));
    ASSERT_THAT(result.reasons(), ElementsAre("unterminated_quote"));
    EXPECT_EQ(result.rejects[0].raw, "1,\"stray");
}

TEST(CsvReader, ARowBeyondTheLimitIsRejectedAndTheNextIsRead) {
    const CsvReaderSizes small{.block_bytes = 4096, .longest_row = 100'000, .look_ahead = 1000};
    for (const std::size_t size : {100'001, 250'000, 3'000'000}) {
        const auto plain = read_csv("a,b\n1," + std::string(size, 'x') + "\n2,y\n", {}, {.sizes = small});
        EXPECT_EQ(plain.rows, (std::vector<Row>{{"2", "y"}})) << size;
        EXPECT_THAT(plain.reasons(), ElementsAre("row_too_long"));
        EXPECT_EQ(plain.origins[0].line, 3U);
        const auto quoted = read_csv("a,b\n1,\"" + std::string(size, 'x') + "\"\n2,y\n", {}, {.sizes = small});
        EXPECT_EQ(quoted.rows, (std::vector<Row>{{"2", "y"}})) << size;
        EXPECT_THAT(quoted.reasons(), ElementsAre("row_too_long"));
    }
    EXPECT_THAT(read_csv("a,b\n1," + std::string(99'000, 'x') + "\n", {}, {.sizes = small}).rows, SizeIs(1));
}

TEST(CsvReader, ALargeRowIsReadWhole) {
    const std::string large(5'000'000, 'x');
    const auto result = read_csv("a,b\n1,\"" + large + "\n\"\n2,y\n");
    ASSERT_THAT(result.rows, SizeIs(2));
    EXPECT_EQ(result.rows[0][1], large + "\n");
}

TEST(CsvReader, HeadersThatCannotBeUsedAreRefused) {
    EXPECT_THAT(refusal_of("id,name,id\n"), HasSubstr("columns 1 and 3 are both called \"id\""));
    EXPECT_THAT(refusal_of("id,\"na\"me\n1,2\n"), HasSubstr("line 1"));
    EXPECT_THAT(refusal_of("id,\"name\n1,2\n"), HasSubstr("never closed"));
    EXPECT_THAT(refusal_of("id,n\xE4me\n1,2\n"), HasSubstr("byte 4 is no character in utf-8"));
}

// ---- the same whatever the circumstances ----

const std::string& hostile_text() {
    static const std::string text = [] {
        std::mt19937 random(7);
        const std::string pieces[] = {"a",
                                      "\"",
                                      "\"\"",
                                      ",",
                                      "\n",
                                      "\r\n",
                                      "\r",
                                      "ü",
                                      "\xFF",
                                      "#",
                                      "\\",
                                      "\\\"",
                                      "long cell with words",
                                      "1,2,3\n",
                                      "\"q\",\"r\ns\",t\n",
                                      "x,\"y\n"};
        std::string made = "one,two,three\n";
        for (int i = 0; i < 6000; ++i) {
            made += pieces[random() % std::size(pieces)];
        }
        return made;
    }();
    return text;
}

std::vector<CsvOptions> hostile_dialects() {
    CsvOptions escaped;
    escaped.escape = CsvEscape::Backslash;
    CsvOptions padded;
    padded.ragged = CsvRagged::PadAndCut;
    padded.comment = "#";
    CsvOptions bare;
    bare.quoting = CsvQuoting::Never;
    bare.escape = CsvEscape::Backslash;
    bare.delimiter = ",";
    CsvOptions wide;
    wide.delimiter = "ü";
    wide.columns = {"x"};
    wide.ragged = CsvRagged::PadAndCut;
    return {{}, escaped, padded, bare, wide};
}

void expect_same(const testing::FileContent& one, const testing::FileContent& other, const std::string& what) {
    EXPECT_EQ(one.rows, other.rows) << what;
    EXPECT_EQ(one.raw, other.raw) << what;
    EXPECT_EQ(one.reasons(), other.reasons()) << what;
    ASSERT_EQ(one.rejects.size(), other.rejects.size());
    for (std::size_t i = 0; i < one.rejects.size(); ++i) {
        EXPECT_EQ(one.rejects[i].line, other.rejects[i].line) << what;
        EXPECT_EQ(one.rejects[i].row, other.rejects[i].row) << what;
        EXPECT_EQ(one.rejects[i].raw, other.rejects[i].raw) << what;
        EXPECT_EQ(one.rejects[i].message, other.rejects[i].message) << what;
    }
}

TEST(CsvReader, TheProcessorMakesNoDifference) {
    for (const auto& dialect : hostile_dialects()) {
        const auto expected = read_csv(hostile_text(), dialect, {.instructions = CsvInstructions::Portable});
        EXPECT_GT(expected.rows.size(), 50U);
        for (const auto instructions : {CsvInstructions::Sse2, best_csv_instructions()}) {
            expect_same(read_csv(hostile_text(), dialect, {.instructions = instructions}), expected, "instructions");
        }
    }
}

TEST(CsvReader, BlocksAndReadsMakeNoDifference) {
    const CsvReaderSizes usual{.longest_row = 3000, .look_ahead = 500};
    for (const auto& dialect : hostile_dialects()) {
        const auto expected = read_csv(hostile_text(), dialect, {.sizes = usual});
        expect_same(read_csv(hostile_text(), dialect, {.sizes = usual, .bytes_a_read = 7}), expected, "7-byte reads");
        for (const std::size_t block : {1, 7, 64, 1000, 4096}) {
            auto sizes = usual;
            sizes.block_bytes = block;
            expect_same(read_csv(hostile_text(), dialect, {.sizes = sizes}), expected,
                        "blocks of " + std::to_string(block));
        }
    }
}

// ---- what was written is read ----

std::string random_cell(std::mt19937& random, bool single_byte) {
    static const std::vector<std::string> pieces{"a", "bc", "007",  " ",   ",",  ";",  "\t",  "|",
                                                 "§", "\"", "'",    "\\",  "\n", "\r", "\\N", "NULL",
                                                 "ü", "#",  "\"\"", "\\n", "-",  "€",  "日",  "😀"};
    std::string cell;
    const auto size = random() % 6;
    for (std::size_t i = 0; i < size; ++i) {
        cell += pieces[random() % (single_byte ? pieces.size() - 3 : pieces.size())];
    }
    return cell;
}

TEST(CsvReader, WhatTheWriterWroteIsReadInEveryDialect) {
    std::mt19937 random(11);
    int dialects = 0;
    for (int round = 0; round < 4000; ++round) {
        CsvOptions options;
        const std::string delimiters[] = {",", ";", "\t", "|", "§", "'", "#"};
        options.delimiter = delimiters[random() % std::size(delimiters)];
        options.quote = random() % 3 == 0 ? "'" : "\"";
        options.quoting = static_cast<CsvQuoting>(random() % 4);
        options.escape = static_cast<CsvEscape>(random() % 2);
        options.line_end = static_cast<CsvLineEnd>(random() % 3);
        options.encoding = static_cast<TextEncoding>(random() % 7);
        options.header = random() % 4 != 0;
        if (random() % 3 == 0) {
            options.null_text = random() % 2 == 0 ? "NULL" : "\\N";
        }
        if (random() % 4 == 0) {
            options.comment = "#";
        }
        Problems problems;
        CsvOptions::validate(options, problems);
        if (!problems.empty()) {
            continue;
        }
        ++dialects;
        const bool single_byte = is_single_byte(*options.encoding);
        Schema schema(1 + random() % 4);
        for (std::size_t column = 0; column < schema.size(); ++column) {
            schema[column].name = std::to_string(column) + random_cell(random, single_byte);
        }
        std::vector<Row> rows(random() % 20);
        for (auto& row : rows) {
            for (std::size_t column = 0; column < schema.size(); ++column) {
                row.push_back(random() % 5 == 0 ? null : std::optional(random_cell(random, single_byte)));
            }
        }
        if (!*options.header && schema.size() == 1 && !rows.empty()) {
            rows.front() = {"x"};  // nothing tells that a file of empty lines has a column
        }
        const CsvFormat format(options);
        const auto file = testing::written(format, schema, rows);
        ASSERT_TRUE(file.rejects.empty());
        const CsvReaderSizes sizes{.block_bytes = 1 + random() % 300};
        const auto result = read_csv(file.bytes, options, {.sizes = sizes});
        if (*options.header || !rows.empty()) {
            ASSERT_EQ(result.columns.size(), schema.size()) << file.bytes;
        }
        ASSERT_EQ(result.rows, rows) << file.bytes;
        ASSERT_TRUE(result.rejects.empty()) << result.rejects[0].message;
        for (std::size_t column = 0; *options.header && column < schema.size(); ++column) {
            ASSERT_EQ(result.columns[column], schema[column].name);
        }
    }
    EXPECT_GT(dialects, 1000);
}

}  // namespace
}  // namespace rowhaul
