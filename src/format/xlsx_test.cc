// SPDX-License-Identifier: Apache-2.0
#include "format/xlsx.h"

#include "format/xlsx_reader.h"
#include "testing/suite/format_suite.h"
#include "testing/suite/read_file.h"
#include "testing/workbook.h"

#include <fstream>
#include <gmock/gmock.h>
#include <sstream>

namespace rowhaul {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::parts_of;
using testing::Row;
using ::testing::SizeIs;
using testing::WorkbookParts;
using testing::zipped;

constexpr auto null = std::nullopt;

struct Conditions {
    XlsxLimits limits;
    XlsxHeader header;
    std::vector<std::size_t> columns;  // empty = all
};

testing::FileContent read_workbook(const std::string& bytes, const XlsxOptions& options = {},
                                   const Conditions& conditions = {}) {
    testing::MemoryInput input(bytes);
    testing::FileContent result;
    XlsxReader reader(
        {}, input, options, conditions.header, [&](Reject reject) { result.rejects.push_back(std::move(reject)); },
        conditions.limits);
    testing::read_whole({}, reader, conditions.columns, result);
    return result;
}

testing::FileContent read_sheet(const std::string& rows, const XlsxOptions& options = {},
                                const Conditions& conditions = {}, WorkbookParts book = {}) {
    book.sheets.insert(book.sheets.begin(), {"Sheet", "<sheetData>" + rows + "</sheetData>"});
    return read_workbook(zipped(parts_of(book)), options, conditions);
}

std::string refusal_of(const std::string& bytes, const XlsxOptions& options = {}, const Conditions& conditions = {}) {
    try {
        read_workbook(bytes, options, conditions);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Invalid);
        return std::string(error.what()) + " " + error.advice();
    }
    ADD_FAILURE() << "it was read";
    return {};
}

// One inline text a cell; "" leaves the cell out.
std::string row_of_texts(const std::vector<std::string>& texts) {
    std::string out = "<row>";
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (!texts[i].empty()) {
            out += "<c r=\"" + column_letters(static_cast<std::uint32_t>(i)) + "1\" t=\"inlineStr\"><is><t>" +
                   texts[i] + "</t></is></c>";
        }
    }
    return out + "</row>";
}

std::string fixture(const std::string& name) {
    std::ifstream file(std::string(ROWHAUL_SOURCE_DIR) + "/testing/workbooks/" + name, std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    EXPECT_FALSE(bytes.str().empty()) << name;
    return bytes.str();
}

// ---- what other programs write ----

const std::vector<std::string> table_header{"Artikel",  "Menge",   "Preis", "Rabatt", "Gültig ab",
                                            "Geändert", "Uhrzeit", "Dauer", "Aktiv",  "Bemerkung"};
const std::vector<Row> table_rows{
    {"007", "42", "1.1", "0.15", "2026-01-31", "2026-01-31 13:45:30", "08:05:00", "30:15:00", "true", "Zürich 日本 😀"},
    {"00012", "-3", "1234567.89", "0.075", "1900-03-01", "1999-12-31 23:59:59", "23:59:59", "00:00:01", "false",
     "zwei\nZeilen, \"Zitat\""},
    {"x_x000D_y", "123456789012345", "0.1", "1", "2000-02-29", "2026-06-15 00:00:00", "00:00:00", "100:00:00", "true",
     null}};

// Only XlsxWriter escapes a text that looks like an escaped character.
std::vector<Row> rows_without_escapes() {
    auto rows = table_rows;
    rows[2][0] = "x\ry";
    return rows;
}

std::vector<Row> first_rows(const testing::FileContent& result) {
    return {result.rows.begin(), result.rows.begin() + std::min<std::ptrdiff_t>(3, std::ssize(result.rows))};
}

TEST(XlsxFixture, ByXlsxWriter) {
    auto options = XlsxOptions{};
    options.error_cells = XlsxErrorCells::Text;
    const auto result = read_workbook(fixture("xlsxwriter.xlsx"), options);
    EXPECT_EQ(result.columns, table_header);
    EXPECT_EQ(first_rows(result), table_rows);
    ASSERT_THAT(result.rows, SizeIs(5));
    EXPECT_EQ(result.rows[3], (Row{"fett und schräg", "#DIV/0!", null, null, null, null, null, null, null, null}));
    EXPECT_EQ(result.rows[4], (Row{"ab", "2", null, null, null, null, null, null, "true", null}));
}

TEST(XlsxFixture, BySheetJs) {
    for (const std::string name : {"sheetjs.xlsx", "sheetjs_inline.xlsx"}) {
        const auto result = read_workbook(fixture(name));
        EXPECT_EQ(result.columns, table_header);
        EXPECT_EQ(result.rows, rows_without_escapes()) << name;
    }
}

// openpyxl writes no results of formulas.
TEST(XlsxFixture, ByOpenpyxl) {
    for (const std::string name : {"openpyxl.xlsx", "openpyxl_1904.xlsx"}) {
        const auto result = read_workbook(fixture(name));
        EXPECT_EQ(result.columns, table_header);
        auto rows = rows_without_escapes();
        rows[1][4] = name == "openpyxl.xlsx" ? "1900-03-01" : "1904-03-01";
        EXPECT_EQ(first_rows(result), rows) << name;
        EXPECT_THAT(result.lines(), ElementsAre(5, 6, 7, 9, 10, 11, 12))
            << "the title, the header and empty rows are none";
        ASSERT_THAT(result.warnings, SizeIs(1));
        EXPECT_EQ(result.warnings[0].code, "formula_without_result");
        EXPECT_EQ(result.warnings[0].count, 2);
    }
}

TEST(XlsxFixture, ByLibreOffice) {
    XlsxOptions options;
    options.hidden_rows = XlsxHiddenRows::Skip;
    options.merged_cells = XlsxMergedCells::Fill;
    const auto result = read_workbook(fixture("libreoffice.xlsx"), options);
    EXPECT_EQ(result.columns, table_header);
    EXPECT_EQ(first_rows(result), rows_without_escapes());
    ASSERT_THAT(result.rejects, SizeIs(1));
    EXPECT_EQ(result.rejects[0].reason, "error_cell");
    EXPECT_EQ(result.rejects[0].field, "Preis");
    EXPECT_EQ(result.rejects[0].value, "#DIV/0!");
    EXPECT_EQ(result.rejects[0].line, 10);
    EXPECT_EQ(result.rejects[0].raw, "Formel,84,#DIV/0!,,,,,,,");
    ASSERT_THAT(result.rows, SizeIs(5));
    EXPECT_EQ(Row(result.rows[3].begin(), result.rows[3].begin() + 3), (Row{"verbunden", "verbunden", "1"}));
    EXPECT_EQ(Row(result.rows[4].begin(), result.rows[4].begin() + 3), (Row{"verbunden", "verbunden", "2"}));
    ASSERT_THAT(result.warnings, SizeIs(1));
    EXPECT_EQ(result.warnings[0].code, "hidden_rows_left_out");
}

// ---- sheets ----

TEST(XlsxReader, TakesASheetByNameOrNumber) {
    const auto book = fixture("libreoffice.xlsx");
    XlsxOptions options;
    options.sheet = "Zwei";
    EXPECT_EQ(read_workbook(book, options).rows, (std::vector<Row>{{"1", "2"}}));
    options.sheet = "2";
    EXPECT_THAT(read_workbook(book, options).columns, ElementsAre("a", "b")) << "hidden sheets do not count";
    options.hidden_sheets = true;
    EXPECT_EQ(read_workbook(book, options).columns, table_header);
    options.sheet = "Intern";
    options.hidden_sheets = false;
    EXPECT_THAT(read_workbook(book, options).columns, ElementsAre("geheim"));
    options.sheet = "Drei";
    const auto refusal = refusal_of(book, options);
    EXPECT_THAT(refusal, HasSubstr("no sheet \"Drei\""));
    EXPECT_THAT(refusal, HasSubstr("\"Intern\" (hidden), \"Preise\", \"Zwei\""));
}

TEST(XlsxReader, EverySheetMayBeHidden) {
    WorkbookParts book{.sheets = {{"a", "<sheetData/>"}}, .hidden = {"a"}};
    EXPECT_THAT(refusal_of(zipped(parts_of(book))), HasSubstr("every sheet of the workbook is hidden"));
}

// ---- the table in its sheet ----

TEST(XlsxReader, TheHeaderIsTheFirstRowAsWideAsTheTable) {
    const auto rows = row_of_texts({"Bericht", "2026"}) + row_of_texts({"", "von Anna"}) +
                      row_of_texts({"", "a", "b", "c", "d", "e"}) + row_of_texts({"", "1", "2", "", "4", "5"}) +
                      row_of_texts({"", "", "2"});
    const auto result = read_sheet(rows);
    EXPECT_THAT(result.columns, ElementsAre("a", "b", "c", "d", "e"));
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1", "2", null, "4", "5"}, {null, "2", null, null, null}}));
    EXPECT_EQ(result.header, "a,b,c,d,e");
}

TEST(XlsxReader, TheHeaderIsWhereItIsSaidToBe) {
    const auto rows = row_of_texts({"x", "y"}) + row_of_texts({"a", "b", "c"}) + row_of_texts({"1", "2", "3"});
    auto result = read_sheet(rows, {}, {.header = 1});
    EXPECT_THAT(result.columns, ElementsAre("x", "y"));
    EXPECT_EQ(result.rows, (std::vector<Row>{{"a", "b"}, {"1", "2"}}));
    ASSERT_THAT(result.warnings, SizeIs(1));
    EXPECT_EQ(result.warnings[0].code, "cells_outside_table");
    EXPECT_EQ(result.warnings[0].count, 2);
    result = read_sheet(rows, {}, {.header = 0});
    EXPECT_THAT(result.columns, ElementsAre("column_A", "column_B", "column_C"));
    EXPECT_THAT(result.rows, SizeIs(3));
    XlsxOptions options;
    options.columns = {"p", "q", "r"};
    EXPECT_THAT(read_sheet(rows, options).columns, ElementsAre("p", "q", "r"));
    options.columns = {"p"};
    EXPECT_THAT(refusal_of(zipped(parts_of({.sheets = {{"S", "<sheetData>" + rows + "</sheetData>"}}})), options),
                HasSubstr("3 columns, but `columns` has 1"));
    EXPECT_THAT(
        refusal_of(zipped(parts_of({.sheets = {{"S", "<sheetData>" + rows + "</sheetData>"}}})), {}, {.header = 9}),
        HasSubstr("row 9"));
}

TEST(XlsxReader, ColumnsWithoutANameHaveTheirLetterAndEmptyOnesAreNone) {
    const auto result =
        read_sheet(row_of_texts({"a", "", "", "d"}) + row_of_texts({"1", "2", "", "4"}), {}, {.header = 1});
    EXPECT_THAT(result.columns, ElementsAre("a", "column_B", "d"));
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1", "2", "4"}}));
}

TEST(XlsxReader, TwoColumnsOfOneNameAreRefused) {
    const WorkbookParts book{.sheets = {{"S", "<sheetData>" + row_of_texts({"a", "b", "a"}) + "</sheetData>"}}};
    const auto refusal = refusal_of(zipped(parts_of(book)));
    EXPECT_THAT(refusal, HasSubstr("columns A and C are both called \"a\""));
    EXPECT_THAT(refusal, HasSubstr("`columns`"));
}

TEST(XlsxReader, AnEmptySheetHasNoColumns) {
    const auto result = read_sheet("<row r=\"1\"><c r=\"A1\" s=\"1\"/></row>");
    EXPECT_THAT(result.columns, IsEmpty());
    EXPECT_THAT(read_sheet(row_of_texts({"a", "b"})).rows, IsEmpty());
}

TEST(XlsxReader, RowsWithEmptyTextsOnlyAreNone) {
    const auto result =
        read_sheet(row_of_texts({"a", "b"}) +
                   "<row r=\"7\"><c r=\"A7\"><v>1</v></c></row>"
                   "<row r=\"8\"><c r=\"A8\" t=\"str\"><f>\"\"</f><v></v></c></row>"
                   "<row r=\"9\"><c r=\"B9\" t=\"str\"><f>x</f><v></v></c><c r=\"A9\"><v>2</v></c></row>");
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1", null}, {"2", ""}}));
    EXPECT_THAT(result.lines(), ElementsAre(7, 9));
    EXPECT_THAT(result.raw, ElementsAre("1,", "2,\"\""));
}

TEST(XlsxReader, PlacesMayBeLeftOutAndTagsMayHavePrefixes) {
    const auto book = parts_of({.sheets = {{"S", ""}}});
    auto parts = book;
    parts["xl/worksheets/rId1.xml"] =
        "<x:worksheet xmlns:x=\"y\"><x:sheetData><x:row><x:c t=\"str\"><x:v>a</x:v></x:c><x:c "
        "t=\"str\"><x:v>b</x:v></x:c>"
        "</x:row><x:row><x:c><x:v>1</x:v></x:c><x:c t=\"b\"><x:v>0</x:v></x:c></x:row></x:sheetData></x:worksheet>";
    EXPECT_EQ(read_workbook(zipped(parts)).rows, (std::vector<Row>{{"1", "false"}}));
}

TEST(XlsxReader, TextsAreReadWhateverTheyAreMadeOf) {
    WorkbookParts book;
    book.strings =
        "<si><t>a</t></si><si><r><t>ri</t></r><r><rPr><b/></rPr><t xml:space=\"preserve\">ch </t></r>"
        "<rPh sb=\"0\" eb=\"1\"><t>spoken</t></rPh></si><si><t>&lt;&amp;&#233;_x000A_</t></si><si><t/></si>";
    const auto result = read_sheet(
        "<row><c t=\"s\"><v>0</v></c><c t=\"str\"><v>b</v></c></row>"
        "<row><c t=\"s\"><v>1</v></c><c t=\"s\"><v>2</v></c></row>"
        "<row><c t=\"s\"><v>3</v></c><c t=\"inlineStr\"><is><r><t>x</t></r><r><t>y</t></r></is></c></row>",
        {}, {}, book);
    EXPECT_EQ(result.rows, (std::vector<Row>{{"rich ", "<&é\n"}, {"", "xy"}}));
}

TEST(XlsxReader, ErrorCellsAreWhatTheOptionSays) {
    const auto rows = row_of_texts({"a", "b"}) +
                      "<row><c t=\"e\"><v>#N/A</v></c><c><v>1</v></c></row>"
                      "<row><c><v>2</v></c></row>";
    auto result = read_sheet(rows);
    EXPECT_EQ(result.rows, (std::vector<Row>{{"2", null}}));
    ASSERT_THAT(result.rejects, SizeIs(1));
    EXPECT_THAT(result.rejects[0].message, HasSubstr("`error_cells`"));
    EXPECT_EQ(result.rejects[0].row, 1);
    EXPECT_EQ(read_sheet(rows, {}, {.columns = {1}}).rows, (std::vector<Row>{{"1"}, {null}}))
        << "nobody asked for column a";
    XlsxOptions options;
    options.error_cells = XlsxErrorCells::Text;
    EXPECT_EQ(read_sheet(rows, options).rows[0], (Row{"#N/A", "1"}));
    options.error_cells = XlsxErrorCells::Empty;
    EXPECT_EQ(read_sheet(rows, options).rows[0], (Row{null, "1"}));
}

TEST(XlsxReader, ManyTextsSpillAndReadTheSame) {
    WorkbookParts book;
    std::string rows = "<row><c t=\"s\"><v>0</v></c></row>";
    std::vector<Row> expected;
    for (int i = 0; i < 3000; ++i) {
        book.strings +=
            "<si><t>" + std::string(static_cast<std::size_t>(i % 50), 'x') + std::to_string(i) + "</t></si>";
    }
    for (int i = 0; i < 3000; ++i) {
        const int number = i * 7919 % 3000;
        rows += "<row><c t=\"s\"><v>" + std::to_string(number) + "</v></c></row>";
        expected.push_back({std::string(static_cast<std::size_t>(number % 50), 'x') + std::to_string(number)});
    }
    EXPECT_EQ(read_sheet(rows, {}, {}, book).rows, expected);
    for (const std::uint64_t memory : {0, 100, 50'000}) {
        EXPECT_EQ(read_sheet(rows, {}, {.limits = {.strings_in_memory = memory}}, book).rows, expected);
    }
}

TEST(XlsxReader, CorrectedRejectsAreReadAsCsv) {
    testing::MemoryInput input("a,\"b, c\"\n1,\"x\n\"\"y\"\n,\"\"\n");
    const auto reader = XlsxFormat({}).reader_of_raw_rows({}, input, [](const Reject&) { FAIL(); });
    testing::FileContent result;
    testing::read_whole({}, *reader, {}, result);
    EXPECT_THAT(result.columns, ElementsAre("a", "b, c"));
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1", "x\n\"y"}, {null, ""}}));
}

// ---- files that are none ----

TEST(XlsxReader, RefusesWhatIsNoWorkbook) {
    EXPECT_THAT(refusal_of(""), HasSubstr("empty"));
    EXPECT_THAT(refusal_of("a;b\n1;2\n"), HasSubstr("`format: csv`"));
    EXPECT_THAT(refusal_of(zipped({{"readme.txt", "x"}})), HasSubstr("no Excel workbook"));
    EXPECT_THAT(refusal_of(zipped({{"content.xml", "x"}, {"mimetype", "y"}})), HasSubstr("OpenDocument"));
    auto parts = parts_of({.sheets = {{"S", ""}}});
    parts["_rels/.rels"] =
        "<Relationships><Relationship Id=\"a\" Type=\"x/officeDocument\" Target=\"xl/workbook.bin\"/></Relationships>";
    EXPECT_THAT(refusal_of(zipped(parts)), HasSubstr(".xlsb"));
    EXPECT_THAT(refusal_of(zipped(parts_of({}))), HasSubstr("no sheet"));
}

TEST(XlsxReader, RefusesPasswordsAndOldWorkbooks) {
    const std::string compound("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8);
    std::string name;
    for (const char c : std::string_view("EncryptedPackage")) {
        name += c;
        name += '\0';
    }
    EXPECT_THAT(refusal_of(compound + std::string(300'000, 'x') + name), HasSubstr("protected by a password"));
    EXPECT_THAT(refusal_of(compound + std::string(262'144 - 10 - 8, 'x') + name + std::string(99, 'x')),
                HasSubstr("password"));
    EXPECT_THAT(refusal_of(compound + std::string(1000, 'x')), HasSubstr(".xls"));
}

TEST(XlsxReader, RefusesDamagedFilesWhereverTheyAreCut) {
    const auto whole = fixture("xlsxwriter.xlsx");
    for (std::size_t size = 4; size < whole.size(); size += 97) {
        EXPECT_THAT(refusal_of(whole.substr(0, size)), HasSubstr("damaged")) << size;
    }
    auto damaged = whole;
    const auto at = damaged.find("xl/worksheets/sheet1.xml") + 200;
    damaged.replace(at, 40, std::string(40, '\x55'));
    EXPECT_THAT(refusal_of(damaged), HasSubstr("damaged"));
}

TEST(XlsxReader, RefusesDamagedXml) {
    const auto refusal = [](const std::string& sheet) {
        auto parts = parts_of({.sheets = {{"S", ""}}});
        parts["xl/worksheets/rId1.xml"] = sheet;
        return refusal_of(zipped(parts));
    };
    EXPECT_THAT(refusal("<worksheet><sheetData>"), HasSubstr("xl/worksheets/rId1.xml is damaged"));
    EXPECT_THAT(refusal("<worksheet><sheetData><row><c r=\"1\"><v>1</v></c></row></sheetData></worksheet>"),
                HasSubstr("which is nowhere"));
    EXPECT_THAT(refusal("<worksheet><sheetData><row><c r=\"ZZZ1\"><v>1</v></c></row></sheetData></worksheet>"),
                HasSubstr("which is nowhere"));
    EXPECT_THAT(refusal("<worksheet><sheetData><row><c r=\"C5\" t=\"s\"><v>7</v></c></row></sheetData></worksheet>"),
                HasSubstr("cell C1 names the text 7"));
    EXPECT_THAT(refusal("<worksheet a=\"" + std::string(2'000'000, 'x') + "\"/>"), HasSubstr("tag of more than"));
    auto parts = parts_of({.sheets = {{"S", ""}}});
    parts.erase("xl/worksheets/rId1.xml");
    EXPECT_THAT(refusal_of(zipped(parts)), HasSubstr("part xl/worksheets/rId1.xml is missing"));
}

TEST(XlsxReader, RefusesEntitiesFromOutsideAndFromWithin) {
    for (const std::string type : {"<!DOCTYPE worksheet SYSTEM \"file:///etc/passwd\">",
                                   "<!DOCTYPE w [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
                                   "<!DOCTYPE w [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;\">]>"}) {
        auto parts = parts_of({.sheets = {{"S", ""}}});
        parts["xl/worksheets/rId1.xml"] =
            type + "<worksheet><sheetData><row><c t=\"str\"><v>&x;</v></c></row></sheetData></worksheet>";
        EXPECT_THAT(refusal_of(zipped(parts)), HasSubstr("document type"));
    }
}

TEST(XlsxReader, RefusesArchivesThatAreMadeToDoHarm) {
    const auto bytes =
        zipped(parts_of({.sheets = {{"S", "<sheetData>" + std::string(3'000'000, ' ') + "</sheetData>"}}}));
    EXPECT_LT(bytes.size(), 10'000);
    EXPECT_THAT(refusal_of(bytes, {}, {.limits = {.archive = {.free_bytes = 1'000'000}}}),
                HasSubstr("made to do harm"));
    EXPECT_THAT(refusal_of(bytes, {}, {.limits = {.archive = {.unpacked_bytes = 2'000'000, .option = "max_unpacked"}}}),
                HasSubstr("`max_unpacked`"));
    std::map<std::string, std::string> parts;
    for (int i = 0; i < 200; ++i) {
        parts[std::to_string(i)] = "";
    }
    EXPECT_THAT(refusal_of(zipped(parts), {}, {.limits = {.archive = {.members = 100}}}),
                HasSubstr("more than 100 members"));
}

TEST(XlsxReader, StopsOnRequest) {
    StopSignal stop;
    Context context;
    context.stop = &stop;
    const auto bytes = fixture("sheetjs.xlsx");
    testing::MemoryInput input(bytes);
    XlsxReader reader(context, input, {}, {}, [](const Reject&) {}, {});
    stop.request();
    Batch batch(reader.schema().size());
    try {
        reader.next(context, batch);
        FAIL() << "went on after a stop request";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
    }
}

// ---- the format ----

TEST(XlsxFormat, SaysWhichHeadersThereAre) {
    for (const std::string header : {"auto", "none", "4"}) {
        XlsxOptions options;
        options.header_row = header;
        EXPECT_NO_THROW(XlsxFormat{options});
    }
    for (const std::string header : {"", "0", "true", "-1", "4 "}) {
        XlsxOptions options;
        options.header_row = header;
        EXPECT_THROW(XlsxFormat{options}, Error) << header;
    }
}

TEST(XlsxFormat, IsRecognisedByItsFirstBytes) {
    const auto sniffed = XlsxFormat({}).sniff({}, fixture("sheetjs.xlsx"));
    ASSERT_TRUE(sniffed);
    EXPECT_EQ(sniffed->format, "xlsx");
    EXPECT_EQ(sniffed->rows, rows_without_escapes());
    EXPECT_FALSE(XlsxFormat({}).sniff({}, "a,b\n"));
    EXPECT_FALSE(XlsxFormat({}).sniff({}, zipped({{"a.csv", "x"}})));
}

TEST(XlsxFormat, IsNotWritten) {
    testing::Received received;
    testing::MemoryOutput output(received);
    EXPECT_THROW(XlsxFormat({}).writer(output, testing::schema_of_all_types(), [](const Reject&) {}), Error);
}

}  // namespace
}  // namespace rowhaul
