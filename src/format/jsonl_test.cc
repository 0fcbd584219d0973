// SPDX-License-Identifier: Apache-2.0
#include "format/jsonl.h"

#include "format/jsonl_reader.h"
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
using testing::written;

constexpr auto null = std::nullopt;

struct ReadResult : testing::FileContent {
    std::vector<std::string> typed_columns() const {
        std::vector<std::string> all;
        for (const auto& column : schema) {
            all.push_back(column.name + ":" + std::string(name_of(column.type)));
        }
        return all;
    }
    std::vector<std::string> placed_reasons() const {
        std::vector<std::string> all;
        for (const auto& reject : rejects) {
            all.push_back(std::to_string(reject.line) + ":" + reject.reason);
        }
        return all;
    }
};

struct Conditions {
    JsonRowSizes sizes;
    std::size_t bytes_a_read = 1'000'000;
    std::vector<std::size_t> columns;  // empty = all
};

ReadResult read_json(const std::string& text, const JsonlOptions& options = {}, const Conditions& conditions = {}) {
    const Context context;
    ReadResult result;
    testing::MemoryInput bytes(text);
    testing::ShortReads input(bytes, conditions.bytes_a_read);
    JsonlReader reader(
        context, input, options, [&](Reject reject) { result.rejects.push_back(std::move(reject)); }, conditions.sizes);
    testing::read_whole(context, reader, conditions.columns, result);
    return result;
}

std::string refusal_of(const std::string& text, const JsonlOptions& options = {}) {
    try {
        read_json(text, options);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Invalid);
        return error.what();
    }
    ADD_FAILURE() << "it was read";
    return {};
}

// ---- plain files ----

TEST(JsonlReader, EveryLineIsARowAndItsKeysAreTheColumns) {
    const auto result =
        read_json("{\"id\":1,\"name\":\"Ada\"}\n\n{\"name\":\"Bo\",\"id\":2}\r\n{\"id\":3,\"name\":null}");
    EXPECT_THAT(result.typed_columns(), ElementsAre("id:decimal", "name:text"));
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1", "Ada"}, {"2", "Bo"}, {"3", null}}));
    EXPECT_THAT(result.lines(), ElementsAre(1, 3, 4));
    EXPECT_EQ(result.raw[1], "{\"name\":\"Bo\",\"id\":2}");
}

TEST(JsonlReader, AnArrayOfObjectsIsTheSameHoweverItIsLaidOut) {
    const std::vector<Row> rows{{"1", "a"}, {"2", "b"}};
    EXPECT_EQ(read_json(R"([{"n":1,"t":"a"},{"n":2,"t":"b"}])").rows, rows);
    EXPECT_EQ(
        read_json("\xEF\xBB\xBF \n[\n  {\n    \"n\": 1,\n    \"t\": \"a\"\n  },\n  {\"n\":2,\"t\":\"b\"}\n]\n").rows,
        rows);
    const auto result = read_json("[\n  {\n    \"n\": 1,\n    \"t\": \"a\"\n  },\n  {\"n\":2,\"t\":\"b\"}\n]\n");
    EXPECT_THAT(result.lines(), ElementsAre(2, 6));
    EXPECT_EQ(result.raw[0], R"({     "n": 1,     "t": "a"   })") << "an origin is one line";
    EXPECT_THAT(read_json("[]").rows, IsEmpty());
    EXPECT_THAT(read_json("").typed_columns(), IsEmpty());
}

TEST(JsonlReader, NumbersStayTheDigitsThatTheyAre) {
    const auto result = read_json(R"({"a":1.10,"b":12345678901234567890.123456789012345,"c":1e5,"d":-0})"
                                  "\n"
                                  R"({"a":2,"b":0,"c":2.50E-3,"d":1.5e3})");
    EXPECT_THAT(result.typed_columns(), ElementsAre("a:decimal", "b:decimal", "c:float", "d:float"));
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1.10", "12345678901234567890.123456789012345", "1e5", "-0"},
                                             {"2", "0", "2.50E-3", "1.5e3"}}));
}

TEST(JsonlReader, AnExponentInAColumnOfDecimalsIsWrittenOut) {
    JsonlOptions options;
    options.sample_rows = 1;
    const auto result =
        read_json("{\"a\":1}\n{\"a\":1.5e3}\n{\"a\":-12.5E-4}\n{\"a\":0.05e1}\n{\"a\":1e999}\n", options);
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1"}, {"1500"}, {"-0.00125"}, {"0.5"}}));
    EXPECT_THAT(result.placed_reasons(), ElementsAre("5:number_out_of_range"));
}

TEST(JsonlReader, TypesAreThoseOfTheFirstRows) {
    const auto result = read_json(R"({"t":"007","b":true,"n":1,"j":{"x":1},"mixed":1,"all":"a","never":null})"
                                  "\n"
                                  R"({"t":"","b":false,"n":null,"j":[1, 2],"mixed":"x","all":[],"never":null})");
    EXPECT_THAT(result.typed_columns(),
                ElementsAre("t:text", "b:boolean", "n:decimal", "j:json", "mixed:text", "all:json", "never:text"));
    EXPECT_EQ(result.rows, (std::vector<Row>{{"007", "true", "1", R"({"x":1})", "1", R"("a")", null},
                                             {"", "false", null, "[1, 2]", "x", "[]", null}}));
}

TEST(JsonlReader, EverythingIsTextIfToldSo) {
    JsonlOptions options;
    options.types = JsonTypes::Text;
    const auto result = read_json(R"({"n":1.0,"b":true,"j":{"x":"y"}})", options);
    EXPECT_THAT(result.typed_columns(), ElementsAre("n:text", "b:text", "j:text"));
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1.0", "true", R"({"x":"y"})"}}));
}

TEST(JsonlReader, ObjectsWithinObjectsBecomePathsIfToldSo) {
    JsonlOptions options;
    options.flatten = true;
    const auto result = read_json(
        "{\"id\":1,\"address\":{\"city\":\"Chur\",\"geo\":{\"lat\":46.85}},\"tags\":[{\"a\":1}],\"x\":{}}\n"
        "{\"address\":{\"geo\":{\"lat\":1}},\"id\":2}",
        options);
    EXPECT_THAT(result.typed_columns(),
                ElementsAre("id:decimal", "address.city:text", "address.geo.lat:decimal", "tags:json"));
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1", "Chur", "46.85", R"([{"a":1}])"}, {"2", null, "1", null}}));
}

TEST(JsonlReader, DeclaredColumnsAreTheColumns) {
    JsonlOptions options;
    options.columns = {"price", "sku"};
    const auto result = read_json(R"({"sku":"a","price":1.5,"other":1})", options);
    EXPECT_THAT(result.typed_columns(), ElementsAre("price:decimal", "sku:text"));
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1.5", "a"}}));
    EXPECT_THAT(result.warnings, IsEmpty());
    options.columns = {"sku", "sku"};
    EXPECT_THAT(refusal_of("{}", options), HasSubstr("twice"));
}

TEST(JsonlReader, KeysThatAppearLaterAreCounted) {
    JsonlOptions options;
    options.sample_rows = 2;
    const auto result = read_json("{\"a\":1}\n{\"a\":2}\n{\"a\":3,\"b\":4}\n{\"b\":5,\"c\":{}}\n", options);
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1"}, {"2"}, {"3"}, {null}}));
    ASSERT_THAT(result.warnings, SizeIs(1));
    EXPECT_EQ(result.warnings[0].code, "unknown_key");
    EXPECT_EQ(result.warnings[0].count, 3);
    EXPECT_THAT(result.warnings[0].message, HasSubstr("b, c"));
}

TEST(JsonlReader, EscapesInNamesAndTexts) {
    EXPECT_EQ(read_json("{\"na\\u006de\":\"a\\n\\\"b\\\"\"}\n{\"name\":\"\\ud83d\\ude00\"}").rows,
              (std::vector<Row>{{"a\n\"b\""}, {"😀"}}));
}

TEST(JsonlReader, DeliversTheColumnsThatWereChosen) {
    const auto result = read_json("{\"a\":1,\"b\":2,\"c\":3}\n{\"a\":1,\"b\":2}\n", {}, {.columns = {2, 0}});
    EXPECT_EQ(result.rows, (std::vector<Row>{{"3", "1"}, {null, "1"}}));
}

TEST(JsonlReader, ReadsUtf16) {
    std::string text("\xFF\xFE", 2);
    for (const char byte : std::string_view("{\"a\":\"b\"}\r\n")) {
        text += byte;
        text += '\0';
    }
    EXPECT_EQ(read_json(text).rows, std::vector<Row>{{"b"}});
}

// ---- bad rows ----

TEST(JsonlReader, ABrokenLineIsRejectedAndTheNextOneRead) {
    const auto result = read_json(
        "{\"a\":1}\n"
        "{\"a\":\n"
        "{\"a\":2}\n"
        "{\"a\":3,\"a\":4}\n"
        "{\"a\":3} x\n"
        "[1]\n"
        "7\n"
        "{\"a\":\"\\ud800\"}\n"
        "{\"a\":\"\xC3\x28\"}\n"
        "{\"a\":true}\n"
        "{\"a\":5}\n");
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1"}, {"2"}, {"true"}, {"5"}}));
    EXPECT_THAT(result.placed_reasons(),
                ElementsAre("2:broken_json", "4:duplicate_key", "5:broken_json", "6:not_an_object", "7:not_an_object",
                            "8:invalid_text", "9:invalid_text"));
    EXPECT_THAT(result.rejects[0].message, HasSubstr("ends too early"));
    EXPECT_EQ(result.rejects[0].raw, "{\"a\":");
    EXPECT_EQ(result.rejects[0].row, 2);
    EXPECT_EQ(result.rejects[1].field, "a");
    EXPECT_EQ(result.rejects[6].raw, "{\"a\":\"\xEF\xBF\xBD(\"}");
}

TEST(JsonlReader, AValueOfAnotherTypeThanBeforeIsRejected) {
    JsonlOptions options;
    options.sample_rows = 1;
    const auto result = read_json(
        "{\"n\":1,\"b\":true}\n{\"n\":\"1\",\"b\":true}\n{\"n\":2,\"b\":0}\n{\"n\":null,\"b\":null}\n", options);
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1", "true"}, {null, null}}));
    EXPECT_THAT(result.placed_reasons(), ElementsAre("2:unexpected_type", "3:unexpected_type"));
    EXPECT_THAT(result.rejects[0].message, HasSubstr("types: text"));
    EXPECT_EQ(result.rejects[0].field, "n");
}

TEST(JsonlReader, ABrokenElementCostsOneRow) {
    const auto result = read_json(
        "[\n"
        "  {\"a\": 1},\n"
        "  {\"a\": \"stray},\n"
        "  {\"a\": 2, \"list\": [\n"
        "    {\"a\": 9}\n"
        "  ], nonsense\n"
        "  },\n"
        "  {\"a\": 3\n"
        "  {\"a\": 4},\n"
        "  5,\n"
        "  {\"a\": 6}\n"
        "]\n");
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1"}, {"4"}, {"6"}}));
    EXPECT_THAT(result.placed_reasons(),
                ElementsAre("3:broken_json", "4:broken_json", "8:broken_json", "10:not_an_object"));
    EXPECT_EQ(result.rejects[0].raw, "{\"a\": \"stray}");
    EXPECT_THAT(result.rejects[1].message, HasSubstr("line 6"));
}

TEST(JsonlReader, AnArrayThatIsCutOffIsNoFile) {
    for (const std::string text : {"[", "[{\"a\":1},", "[{\"a\":1},{\"a\":", "[{\"a\":1}"}) {
        EXPECT_THAT(refusal_of(text), HasSubstr("cut off")) << text;
    }
    EXPECT_THAT(refusal_of("[{\"a\":1}] {"), HasSubstr("behind the end"));
    EXPECT_THAT(refusal_of("[{\"a\":1},{\"a\":x},{\"a\":2}]"), HasSubstr("no line after it"));
}

TEST(JsonlReader, FilesWithoutAnyObjectAreRefused) {
    EXPECT_THAT(refusal_of("a;b\n1;2\n"), HasSubstr("line 1"));
    EXPECT_THAT(refusal_of("{}\n{}\n"), HasSubstr("no key"));
    EXPECT_THAT(refusal_of("[1,2]"), HasSubstr("must be a JSON object"));
    EXPECT_THAT(refusal_of("PK\x03\x04 whatever"), HasSubstr("zip"));
}

TEST(JsonlReader, HugeRowsAreRejectedWithoutBeingKept) {
    const std::string huge = "{\"a\":\"" + std::string(5000, 'x') + "\"}";
    const Conditions small{.sizes = {.block_bytes = 64, .longest_row = 1000}};
    const auto lines = read_json("{\"a\":\"1\"}\n" + huge + "\n{\"a\":\"2\"}\n" + huge, {}, small);
    EXPECT_EQ(lines.rows, (std::vector<Row>{{"1"}, {"2"}}));
    EXPECT_THAT(lines.placed_reasons(), ElementsAre("2:row_too_long", "4:row_too_long"));
    const auto elements = read_json("[\n{\"a\":\"1\"},\n" + huge + ",\n{\"a\":\"2\"}\n]", {}, small);
    EXPECT_EQ(elements.rows, (std::vector<Row>{{"1"}, {"2"}}));
    EXPECT_THAT(elements.placed_reasons(), ElementsAre("3:row_too_long"));
}

TEST(JsonlReader, ReadsTheSameHoweverTheFileIsCut) {
    std::string lines;
    std::string array = "[";
    for (int i = 0; i < 300; ++i) {
        const auto row = "{\"a\":" + std::to_string(i) + ",\"b\":\"" +
                         std::string(static_cast<std::size_t>(i % 97), 'z') +
                         "\\u00fc\",\"c\":[{\"d\":" + std::to_string(i) + "}]}";
        lines += row + (i % 3 == 0 ? "\r\n" : "\n");
        array += (i > 0 ? ",\n" : "") + row;
        if (i % 50 == 49) {
            lines += "{\"a\":\n";
            array += ",\n{\"a\":]";
        }
    }
    array += "\n]";
    for (const auto& text : {lines, array}) {
        const auto whole = read_json(text);
        EXPECT_THAT(whole.rows, SizeIs(300));
        EXPECT_THAT(whole.rejects, SizeIs(6));
        for (const std::size_t block : {64, 65, 200, 1000}) {
            for (const std::size_t bytes : {1, 7, 64}) {
                const auto cut = read_json(text, {}, {.sizes = {.block_bytes = block}, .bytes_a_read = bytes});
                EXPECT_EQ(cut.rows, whole.rows);
                EXPECT_EQ(cut.lines(), whole.lines());
                EXPECT_EQ(cut.placed_reasons(), whole.placed_reasons());
            }
        }
    }
}

TEST(JsonlReader, AccountsForEveryRowOfManyBatches) {
    std::string text;
    for (int i = 0; i < 5000; ++i) {
        text += i % 10 == 3 || (i > 2000 && i < 4500) ? "broken\n" : "{\"a\":" + std::to_string(i) + "}\n";
    }
    const auto result = read_json(text);
    EXPECT_EQ(result.rows.size() + result.rejects.size(), 5000);
    EXPECT_EQ(result.rows.back(), Row{"4999"});
}

TEST(JsonlReader, CorrectedRejectsAreReadAsRows) {
    std::vector<Reject> rejects;
    const Context context;
    testing::MemoryInput input("{\"a\":1}\n{\"a\":2}\n");
    const auto reader =
        JsonlFormat({}).reader_of_raw_rows(context, input, [&](Reject reject) { rejects.push_back(reject); });
    EXPECT_EQ(testing::rows_of(context, *reader, 1), (std::vector<Row>{{"1"}, {"2"}}));
}

// ---- writing ----

// By our own reader, which is tested above with texts from elsewhere.
template <JsonLayout layout>
struct JsonlCase {
    static std::unique_ptr<Format> make() { return std::make_unique<JsonlFormat>(JsonlOptions{.layout = layout}); }
    static std::vector<Row> read(const std::string& bytes, const Schema&) { return read_json(bytes).rows; }
    // JSON has one null, for no value and for a value that says so.
    static std::vector<Row> as_read(std::vector<Row> rows) {
        for (auto& row : rows) {
            row.back() = row.back() == "null" ? std::nullopt : row.back();
        }
        return rows;
    }
};
using JsonlCases = ::testing::Types<JsonlCase<JsonLayout::Lines>, JsonlCase<JsonLayout::Array>>;

}  // namespace

namespace testing {
INSTANTIATE_TYPED_TEST_SUITE_P(Jsonl, FormatSuite, JsonlCases);
}  // namespace testing

namespace {

std::string json(const Schema& schema, const std::vector<Row>& rows, JsonLayout layout = JsonLayout::Lines) {
    const auto file = written(JsonlFormat({.layout = layout}), schema, rows);
    EXPECT_THAT(file.rejects, IsEmpty());
    return file.bytes;
}

Schema one_column(Type type) {
    Column column;
    column.name = "x";
    column.type = type;
    return {column};
}

TEST(JsonlWriter, WritesEveryTypeAsJsonHasIt) {
    EXPECT_EQ(json(testing::schema_of_all_types(), {testing::rows_of_all_types()[0]}),
              "{\"text\":\"plain\",\"integer\":-42,\"decimal\":1234.50,\"float\":1.5e+20,\"boolean\":true,"
              "\"date\":\"2026-11-02\",\"time\":\"03:04:05\",\"timestamp\":\"2026-11-02 03:04:05.678\","
              "\"timestamp_zoned\":\"2026-11-02 03:04:05+01:00\",\"bytes\":\"00ff\",\"json\":{\"a\": [1, \"b\"]}}\n");
}

TEST(JsonlWriter, WhatJsonHasNoNumberForIsText) {
    for (const std::string text : {"NaN", "Infinity", "007", "+1", "1.", ""}) {
        EXPECT_EQ(json(one_column(Type::Decimal), {{text}}), "{\"x\":\"" + text + "\"}\n");
    }
    EXPECT_EQ(json(one_column(Type::Integer), {{"123456789012345678901234567890"}}),
              "{\"x\":123456789012345678901234567890}\n");
    EXPECT_EQ(json(one_column(Type::Boolean), {{"true"}, {"ja"}, {null}}),
              "{\"x\":true}\n{\"x\":\"ja\"}\n{\"x\":null}\n");
}

TEST(JsonlWriter, JsonCellsStayJsonOnOneLineOrBecomeText) {
    EXPECT_EQ(json(one_column(Type::Json), {{"{\n  \"a\": 1\r\n}"}, {"{'a'}"}, {"\"t\""}}),
              "{\"x\":{   \"a\": 1  }}\n{\"x\":\"{'a'}\"}\n{\"x\":\"t\"}\n");
}

TEST(JsonlWriter, EscapesWhatMustBe) {
    EXPECT_EQ(json(one_column(Type::Text), {{"\"\\/\b\f\n\r\t\x01\x1f\x7f ü 😀"}}),
              "{\"x\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f ü 😀\"}\n");
}

TEST(JsonlWriter, AnArrayHasItsBracketsWithAndWithoutRows) {
    EXPECT_EQ(json(one_column(Type::Integer), {{"1"}, {"2"}}, JsonLayout::Array), "[\n{\"x\":1},\n{\"x\":2}\n]\n");
    EXPECT_EQ(json(one_column(Type::Integer), {}, JsonLayout::Array), "[]\n");
}

TEST(JsonlWriter, TextThatIsNoneIsRejectedWithoutATrace) {
    for (const auto layout : {JsonLayout::Lines, JsonLayout::Array}) {
        const auto file = written(JsonlFormat({.layout = layout}), one_column(Type::Text), {{"\xFF"}, {"b"}, {"\xC3"}});
        EXPECT_EQ(file.bytes, layout == JsonLayout::Lines ? "{\"x\":\"b\"}\n" : "[\n{\"x\":\"b\"}\n]\n");
        ASSERT_THAT(file.rejects, SizeIs(2));
        EXPECT_EQ(file.rejects[0].reason, "unencodable_text");
        EXPECT_EQ(file.rejects[0].row, 1);
        EXPECT_EQ(file.rejects[1].row, 3);
    }
}

TEST(Jsonl, WhatIsReadIsWrittenAgain) {
    const std::string text =
        "{\"a\":1.10,\"b\":\"x\",\"c\":true,\"d\":{\"e\":[1,2]},\"f\":null}\n"
        "{\"a\":12345678901234567890,\"b\":\"\\\"\",\"c\":false,\"d\":[],\"f\":null}\n";
    const auto read = read_json(text);
    EXPECT_EQ(json(read.schema, read.rows), text);
}

TEST(Jsonl, IsNamedByItsLayout) {
    EXPECT_EQ(JsonlFormat({}).file_ending(), "jsonl");
    EXPECT_EQ(JsonlFormat({.layout = JsonLayout::Array}).file_ending(), "json");
}

}  // namespace
}  // namespace rowhaul
