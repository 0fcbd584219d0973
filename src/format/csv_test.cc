// SPDX-License-Identifier: Apache-2.0
#include "format/csv.h"

#include "testing/process.h"
#include "testing/suite/format_suite.h"
#include "testing/temporary_folder.h"

#include <gtest/gtest.h>
#include <random>

namespace rowhaul {
namespace {

using testing::Row;
using testing::written;

// Reads CSV as its readers do that tell NULL (bare, equal to null_text) from text. Knows UTF-8 only.
std::vector<Row> read_csv(std::string_view bytes, const CsvDialect& dialect) {
    std::vector<Row> rows;
    const auto end_of_line = text_of(dialect.line_end);
    const bool never = dialect.quoting == CsvQuoting::Never;
    const bool backslash = dialect.escape == CsvEscape::Backslash;
    while (!bytes.empty()) {
        Row row;
        for (bool more = true; more;) {
            std::string cell;
            bool quoted = false;
            bool escaped = false;
            const auto start = bytes;
            if (!never && bytes.starts_with(dialect.quote)) {
                quoted = true;
                bytes.remove_prefix(1);
                while (!bytes.empty()) {
                    const char byte = bytes[0];
                    if (byte == '\\' && backslash) {
                        cell += bytes.at(1);
                        bytes.remove_prefix(2);
                    } else if (byte == dialect.quote && !backslash && bytes.size() > 1 && bytes[1] == dialect.quote) {
                        cell += byte;
                        bytes.remove_prefix(2);
                    } else if (byte == dialect.quote) {
                        bytes.remove_prefix(1);
                        break;
                    } else {
                        cell += byte;
                        bytes.remove_prefix(1);
                    }
                }
            } else {
                while (!bytes.empty() && !bytes.starts_with(dialect.delimiter) && !bytes.starts_with(end_of_line)) {
                    if (bytes[0] == '\\' && never) {
                        escaped = true;
                        const char next = bytes.at(1);
                        bytes.remove_prefix(2);
                        if (bytes.data() - start.data() == 2 &&
                            std::string_view(start.data(), 2) == dialect.null_text) {
                            cell = dialect.null_text;
                            escaped = false;
                        } else {
                            cell += next == 't' ? '\t' : next == 'n' ? '\n' : next == 'r' ? '\r' : next;
                        }
                    } else {
                        cell += bytes[0];
                        bytes.remove_prefix(1);
                    }
                }
            }
            const bool is_null = !quoted && !escaped && cell == dialect.null_text;
            row.push_back(is_null ? std::nullopt : std::optional(cell));
            more = bytes.starts_with(dialect.delimiter);
            if (more) {
                bytes.remove_prefix(dialect.delimiter.size());
            } else if (!bytes.starts_with(end_of_line)) {
                throw std::runtime_error("a line without its end");
            }
        }
        bytes.remove_prefix(end_of_line.size());
        rows.push_back(row);
    }
    return rows;
}

std::vector<Row> without_header(std::vector<Row> rows) {
    EXPECT_FALSE(rows.empty());
    rows.erase(rows.begin());
    return rows;
}

template <CsvQuoting quoting, CsvEscape escape>
struct CsvCase {
    static CsvOptions options() {
        CsvOptions options;
        options.quoting = quoting;
        options.escape = escape;
        return options;
    }
    static std::unique_ptr<Format> make() { return std::make_unique<CsvFormat>(options()); }
    static std::vector<Row> read(const std::string& bytes, const Schema&) {
        return without_header(read_csv(bytes, resolve(options())));
    }
};
using CsvCases =
    ::testing::Types<CsvCase<CsvQuoting::WhenNeeded, CsvEscape::Double>, CsvCase<CsvQuoting::Always, CsvEscape::Double>,
                     CsvCase<CsvQuoting::TextOnly, CsvEscape::Backslash>,
                     CsvCase<CsvQuoting::Never, CsvEscape::Backslash>>;

}  // namespace

namespace testing {
INSTANTIATE_TYPED_TEST_SUITE_P(Csv, FormatSuite, CsvCases);
}  // namespace testing

namespace {

Schema schema_of(const std::vector<std::pair<std::string, Type>>& columns) {
    Schema schema;
    for (const auto& [name, type] : columns) {
        Column column;
        column.name = name;
        column.type = type;
        schema.push_back(column);
    }
    return schema;
}

const Schema two_texts = schema_of({{"a", Type::Text}, {"b", Type::Text}});

std::string csv(const CsvOptions& options, const Schema& schema, const std::vector<Row>& rows) {
    const auto file = written(CsvFormat(options), schema, rows);
    EXPECT_TRUE(file.rejects.empty());
    return file.bytes;
}

CsvOptions no_header() {
    CsvOptions options;
    options.header = false;
    return options;
}

TEST(CsvWriter, QuotesWhatNeedsIt) {
    EXPECT_EQ(csv({}, two_texts, {{"x", "y"}, {"a,b", "say \"hi\""}, {"", std::nullopt}, {"l\nm", "c\rd"}, {" ", "'"}}),
              "a,b\nx,y\n\"a,b\",\"say \"\"hi\"\"\"\n\"\",\n\"l\nm\",\"c\rd\"\n ,'\n");
}

TEST(CsvWriter, QuotesEveryCellOrTheTexts) {
    const auto schema = schema_of({{"a", Type::Text}, {"n", Type::Integer}});
    auto options = no_header();
    options.quoting = CsvQuoting::Always;
    EXPECT_EQ(csv(options, schema, {{"x", "1"}, {"\"", std::nullopt}}), "\"x\",\"1\"\n\"\"\"\",\n");
    options.quoting = CsvQuoting::TextOnly;
    EXPECT_EQ(csv(options, schema, {{"x", "1"}, {"", "1,5"}}), "\"x\",1\n\"\",\"1,5\"\n");
    options.escape = CsvEscape::Backslash;
    EXPECT_EQ(csv(options, schema, {{"x\"\\", "1"}}), "\"x\\\"\\\\\",1\n");
}

TEST(CsvWriter, TellsNullFromTheSameText) {
    auto options = no_header();
    options.null_text = "NULL";
    EXPECT_EQ(csv(options, two_texts, {{"NULL", std::nullopt}, {"", "NULLS"}}), "\"NULL\",NULL\n,NULLS\n");
}

TEST(CsvWriter, TakesAnyCharacterAsDelimiter) {
    auto options = no_header();
    options.delimiter = "§";
    EXPECT_EQ(csv(options, two_texts, {{"a§b", "é"}, {"Â", "c"}}), "\"a§b\"§é\nÂ§c\n");
    options.delimiter = "\\t";
    EXPECT_EQ(csv(options, two_texts, {{"a", "b\tc"}}), "a\t\"b\tc\"\n");
    options.delimiter = "§";
    options.encoding = TextEncoding::Iso8859p1;
    EXPECT_EQ(csv(options, two_texts, {{"a§b", "é"}}),
              "\"a\xA7"
              "b\"\xA7\xE9\n");
}

TEST(CsvWriter, GuardsAgainstFormulas) {
    auto options = no_header();
    options.formula_guard = true;
    const auto schema = schema_of({{"a", Type::Text}, {"n", Type::Integer}});
    EXPECT_EQ(csv(options, schema, {{"=1+1", "-5"}, {"@x", "1"}, {"a=b", "2"}, {"-", std::nullopt}, {"", "3"}}),
              "\"'=1+1\",-5\n\"'@x\",1\na=b,2\n\"'-\",\n\"\",3\n");
}

TEST(CsvWriter, WritesForAGermanExcel) {
    CsvOptions options;
    options.preset = CsvPreset::ExcelDe;
    const auto schema = schema_of({{"Name", Type::Text},
                                   {"Betrag", Type::Decimal},
                                   {"Tag", Type::Date},
                                   {"Zeit", Type::Timestamp},
                                   {"Aktiv", Type::Boolean}});
    const auto bytes = csv(options, schema,
                           {{"Müller; Söhne", "-1234.50", "2026-11-02", "2026-11-02 03:04:05", "true"},
                            {"x", "5", "infinity", "2026-11-02 03:04:05.678", "false"}});
    EXPECT_EQ(bytes,
              "\xEF\xBB\xBFName;Betrag;Tag;Zeit;Aktiv\r\n"
              "\"Müller; Söhne\";-1234,50;02.11.2026;02.11.2026 03:04:05;WAHR\r\n"
              "x;5;infinity;02.11.2026 03:04:05,678;FALSCH\r\n");
}

TEST(CsvWriter, WritesForUnixTools) {
    CsvOptions options;
    options.preset = CsvPreset::UnixTsv;
    EXPECT_EQ(csv(options, two_texts, {{"a\tb", std::nullopt}, {"\\N", "line\nbreak"}, {"", "\"q\""}}),
              "a\tb\na\\tb\t\\N\n\\\\N\tline\\nbreak\n\t\"q\"\n");
    EXPECT_EQ(CsvFormat(options).file_ending(), "tsv");
}

TEST(CsvWriter, FollowsTheStandard) {
    CsvOptions options;
    options.preset = CsvPreset::Rfc4180;
    EXPECT_EQ(csv(options, two_texts, {{"x", "y"}}), "a,b\r\nx,y\r\n");
}

TEST(CsvWriter, UsesGroupingThatNeedsQuotes) {
    auto options = no_header();
    options.numbers = "1,234.50";
    EXPECT_EQ(csv(options, schema_of({{"n", Type::Decimal}}), {{"1234.5"}, {"12.5"}}), "\"1,234.5\"\n12.5\n");
}

TEST(CsvWriter, EncodesSingleBytes) {
    auto options = no_header();
    options.encoding = TextEncoding::Windows1252;
    EXPECT_EQ(csv(options, two_texts, {{"Zürich", "€ „x“"}}), "Z\xFCrich,\x80 \x84x\x93\n");
    options.encoding = TextEncoding::Iso8859p15;
    EXPECT_EQ(csv(options, two_texts, {{"Zürich", "€ Š"}}), "Z\xFCrich,\xA4 \xA6\n");
    options.encoding = TextEncoding::Iso8859p1;
    EXPECT_EQ(csv(options, two_texts, {{"Zürich", "¤"}}), "Z\xFCrich,\xA4\n");
}

TEST(CsvWriter, EncodesUtf16) {
    auto options = no_header();
    options.encoding = TextEncoding::Utf16Le;
    EXPECT_EQ(csv(options, two_texts, {{"ü", "😀"}}), std::string("\xFF\xFE\xFC\x00,\x00\x3D\xD8\x00\xDE\n\x00", 12));
    options.encoding = TextEncoding::Utf16Be;
    EXPECT_EQ(csv(options, two_texts, {{"ü", "x"}}), std::string("\xFE\xFF\x00\xFC\x00,\x00x\x00\n", 10));
}

TEST(CsvWriter, RejectsRowsThatTheEncodingCannotExpress) {
    auto options = no_header();
    options.encoding = TextEncoding::Windows1252;
    const auto file = written(CsvFormat(options), two_texts, {{"a", "b"}, {"x", "日本"}, {"c", "d"}, {"\xFF", "e"}}, 2);
    EXPECT_EQ(file.bytes, "a,b\nc,d\n");
    ASSERT_EQ(file.rejects.size(), 2);
    EXPECT_EQ(file.rejects[0].row, 2);
    EXPECT_EQ(file.rejects[0].reason, "unencodable_text");
    EXPECT_EQ(file.rejects[0].field, "b");
    EXPECT_EQ(file.rejects[0].value, "日本");
    EXPECT_NE(file.rejects[0].message.find("U+65E5"), std::string::npos) << file.rejects[0].message;
    EXPECT_EQ(file.rejects[1].row, 4);
    EXPECT_EQ(file.rejects[1].field, "a");
}

TEST(CsvWriter, RejectsOnlyTheRowsWhoseTextIsNoUtf8) {
    std::vector<std::vector<std::optional<std::string>>> rows;
    std::string expected;
    for (std::size_t row = 1; row <= 5000; ++row) {
        const auto name = "Zürich " + std::string(row % 200, 'x');
        if (row % 1000 == 7) {
            rows.push_back({name, "\xC3"});
            rows.push_back({"\xBC", name});
        } else {
            rows.push_back({name, "\"q\", é"});
            expected += name + ",\"\"\"q\"\", é\"\n";
        }
    }
    for (const auto encoding : {TextEncoding::Utf8, TextEncoding::Utf16Le}) {
        auto options = no_header();
        options.encoding = encoding;
        const auto file = written(CsvFormat(options), two_texts, rows, 1000);
        EXPECT_EQ(file.rejects.size(), 10U);
        if (encoding == TextEncoding::Utf8) {
            EXPECT_EQ(file.bytes, expected);
            EXPECT_EQ(file.rejects.at(0).field, "b");
            EXPECT_EQ(file.rejects.at(1).field, "a");
        }
    }
}

TEST(CsvWriter, ReplacesWhatTheEncodingCannotExpress) {
    auto options = no_header();
    options.encoding = TextEncoding::Iso8859p1;
    options.unencodable = CsvUnencodable::Replace;
    EXPECT_EQ(csv(options, two_texts, {{"a€b", "日,本"}}), "a?b,\"?,?\"\n");
    options.encoding = TextEncoding::Utf8;
    EXPECT_EQ(csv(options, two_texts, {{"a\xFF", "ü"}}), "a\xEF\xBF\xBD,ü\n");
}

TEST(CsvWriter, ShortensLongValuesOfRejects) {
    auto options = no_header();
    options.encoding = TextEncoding::Windows1252;
    std::string value(99, 'x');
    for (int round = 0; round < 100; ++round) {
        value += "日";
    }
    const auto file = written(CsvFormat(options), two_texts, {{value, ""}});
    ASSERT_EQ(file.rejects.size(), 1);
    EXPECT_EQ(file.rejects[0].value, std::string(99, 'x') + "…");
}

TEST(CsvWriter, RefusesAColumnNameThatTheEncodingCannotExpress) {
    CsvOptions options;
    options.encoding = TextEncoding::Windows1252;
    testing::Received received;
    testing::MemoryOutput output(received);
    EXPECT_THROW(CsvFormat(options).writer(output, schema_of({{"日本", Type::Text}}), [](Reject) {}), Error);
}

TEST(CsvOptions, ReportsContradictions) {
    const auto message_of = [](auto change) -> std::string {
        CsvOptions options;
        change(options);
        try {
            resolve(options);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Invalid);
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(message_of([](CsvOptions&) {}), "");
    const auto names = [&](const std::string& option, auto change) {
        EXPECT_NE(message_of(change).find(option + ":"), std::string::npos) << option << " / " << message_of(change);
    };
    names("delimiter", [](CsvOptions& options) { options.delimiter = "\""; });
    names("delimiter", [](CsvOptions& options) { options.delimiter = ""; });
    names("delimiter", [](CsvOptions& options) { options.delimiter = "ab"; });
    names("delimiter", [](CsvOptions& options) { options.delimiter = "\n"; });
    names("quote", [](CsvOptions& options) { options.quote = "«"; });
    names("quoting", [](CsvOptions& options) { options.quoting = CsvQuoting::Never; });
    names("escape", [](CsvOptions& options) {
        options.delimiter = "\\";
        options.escape = CsvEscape::Backslash;
    });
    names("null_text", [](CsvOptions& options) { options.null_text = "a,b"; });
    names("null_text", [](CsvOptions& options) {
        options.preset = CsvPreset::UnixTsv;
        options.null_text = "";
    });
    names("true_text", [](CsvOptions& options) { options.true_text = "false"; });
    names("dates", [](CsvOptions& options) { options.dates = "dd.mm.yyyy HH:MM"; });
    names("dates", [](CsvOptions& options) { options.dates = "DD.MM.YYYY"; });
    names("numbers", [](CsvOptions& options) { options.numbers = "1234"; });
    names("numbers", [](CsvOptions& options) {
        options.numbers = "1’234.50";
        options.encoding = TextEncoding::Iso8859p1;
    });
}

TEST(CsvOptions, OwnSettingsWinOverThePreset) {
    CsvOptions options;
    options.preset = CsvPreset::ExcelDe;
    options.delimiter = "|";
    options.dates = "yyyy/mm/dd";
    options.header = false;
    EXPECT_EQ(csv(options, schema_of({{"d", Type::Date}, {"t", Type::Timestamp}, {"n", Type::Decimal}}),
                  {{"2026-11-02", "2026-11-02 03:04:05.5", "1.5"}}),
              "\xEF\xBB\xBF"
              "2026/11/02|2026/11/02 03:04:05.5|1,5\r\n");
}

std::vector<CsvOptions> many_dialects() {
    std::vector<CsvOptions> all;
    for (const auto& delimiter : {",", ";", "\t", "|", "ß", "日"}) {
        for (const auto quoting : {CsvQuoting::WhenNeeded, CsvQuoting::Always, CsvQuoting::TextOnly}) {
            for (const auto escape : {CsvEscape::Double, CsvEscape::Backslash}) {
                for (const auto line_end : {CsvLineEnd::Lf, CsvLineEnd::Crlf, CsvLineEnd::Cr}) {
                    for (const auto& null_text : {"", "NULL", "\\N"}) {
                        CsvOptions options;
                        options.delimiter = delimiter;
                        options.quoting = quoting;
                        options.escape = escape;
                        options.line_end = line_end;
                        options.null_text = null_text;
                        options.quote = all.size() % 2 == 0 ? "\"" : "'";
                        options.header = all.size() % 3 == 0;
                        all.push_back(options);
                    }
                }
            }
        }
    }
    for (const auto& delimiter : {"\t", ",", "ß"}) {
        CsvOptions options;
        options.preset = CsvPreset::UnixTsv;
        options.delimiter = delimiter;
        all.push_back(options);
    }
    return all;
}

std::vector<Row> random_rows(std::mt19937& random, std::size_t count) {
    const std::vector<std::string> pieces{
        "a",  "xyz", "\"", "'",    ",",   ";", "\t", "|", "ß",    "日", "\n",
        "\r", "\\",  "N",  "NULL", "\\N", "ü", "Ã",  " ", "\r\n", "€",  "0123456789abcdef"};
    std::vector<Row> rows;
    for (std::size_t index = 0; index < count; ++index) {
        Row row;
        for (int column = 0; column < 3; ++column) {
            std::string cell;
            for (auto left = random() % 6; left > 0; --left) {
                cell += pieces[random() % pieces.size()];
            }
            row.push_back(random() % 7 == 0 ? std::nullopt : std::optional(cell));
        }
        rows.push_back(row);
    }
    return rows;
}

const Schema three_columns = schema_of({{"a", Type::Text}, {"b", Type::Integer}, {"c", Type::Json}});

TEST(CsvProperty, ReadsBackWhatWasWrittenInEveryDialect) {
    std::mt19937 random(7);
    for (const auto& options : many_dialects()) {
        const auto dialect = resolve(options);
        const auto rows = random_rows(random, 100);
        auto read = read_csv(csv(options, three_columns, rows), dialect);
        if (dialect.header) {
            read = without_header(read);
        }
        ASSERT_EQ(read, rows) << "delimiter " << dialect.delimiter << ", quote " << dialect.quote;
    }
}

// What Python's reader understands: delimiters of one character, quotes, doubling or backslash. It
// does not tell NULL from an empty text.
TEST(CsvProperty, PythonReadsBackWhatWasWritten) {
    const testing::TemporaryFolder folder;
    std::mt19937 random(8);
    std::string expected;
    std::string script = "import csv, json, sys\nfails = 0\n";
    int number = 0;
    for (auto options : many_dialects()) {
        if (options.preset || options.null_text != "") {
            continue;
        }
        const auto dialect = resolve(options);
        const auto rows = random_rows(random, 50);
        testing::write_file(folder / std::to_string(number), csv(options, three_columns, rows));
        std::string wanted = "[";
        for (const auto& row : rows) {
            wanted += wanted.size() > 1 ? ",[" : "[";
            for (std::size_t column = 0; column < row.size(); ++column) {
                wanted += column > 0 ? "," : "";
                wanted += "bytes.fromhex('";
                for (const char byte : row[column].value_or("")) {
                    constexpr std::string_view digits = "0123456789abcdef";
                    wanted += digits[static_cast<unsigned char>(byte) >> 4];
                    wanted += digits[static_cast<unsigned char>(byte) & 15];
                }
                wanted += "').decode()";
            }
            wanted += "]";
        }
        const bool doubled = dialect.escape == CsvEscape::Double;
        script += "rows = list(csv.reader(open('" + (folder / std::to_string(number)) +
                  "', encoding='utf-8', newline=''), delimiter='" +
                  (dialect.delimiter == "\t" ? "\\t" : dialect.delimiter) + "', quotechar=chr(" +
                  std::to_string(dialect.quote) + "), doublequote=" + (doubled ? "True" : "False, escapechar='\\\\'") +
                  "))\n" + (dialect.header ? "rows = rows[1:]\n" : "") + "wanted = " + wanted + "]\n" +
                  "if rows != wanted:\n    fails += 1\n    print(" + std::to_string(number) +
                  ", [pair for pair in zip(rows, wanted) if pair[0] != pair[1]][:1])\n";
        ++number;
    }
    script += "sys.exit(fails)\n";
    testing::write_file(folder / "check.py", script);
    const auto outcome = testing::run({"python3", folder / "check.py"});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.errors;
    EXPECT_GT(number, 100);
}

}  // namespace
}  // namespace rowhaul
