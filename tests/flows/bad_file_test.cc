// SPDX-License-Identifier: Apache-2.0
// Files and formulas that nobody should send, and somebody will: told by name, nothing left behind,
// neither the file's other rows nor the machine's memory swallowed.
#include "testing/thoroughness.h"
#include "tests/flows/company.h"

#include <chrono>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>

namespace rowhaul::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr long megabyte = 1024;  // in kB

class BadFiles : public ::testing::Test {
protected:
    BadFiles() { std::filesystem::create_directory(company / "in"); }

    void put(std::string_view name, std::string_view content) const {
        write_file(company / ("in/" + std::string(name)), content);
    }
    // A mapping "prices" from this source to out/prices.csv.
    void map(std::string_view source, std::string_view more = {}) const {
        company.configure(fmt::format("mappings:\n"
                                      "  prices:\n"
                                      "    source: {{ connection: in, {} }}\n"
                                      "    target: {{ connection: export, file: prices.csv }}\n{}",
                                      source, more),
                          "  in: { type: local, folder: in }\n");
    }
    // What is told; all that must hold of every failure is checked here.
    std::string failure(int status = 1) const {
        const auto before = company.contents();
        const auto run = company.rowhaul({"run", "prices"});
        EXPECT_EQ(run.status, status) << run.output << run.errors;
        EXPECT_EQ(company.contents(), before) << "a failed run left or changed something";
        EXPECT_EQ(text_at(company.history(), "/0/outcome"), "failed");
        return run.errors;
    }
    // The most memory that a run needed, in kB, which must end with this status.
    long peak_of_run(int status) const {
        auto run = company.start({"run", "prices"});
        const auto peak = peak_of(run);
        EXPECT_EQ(run.wait({}), status) << read_file(company / "said");
        EXPECT_GT(peak, 0);
        return peak;
    }

    const Company company;
};

// ---- files

TEST_F(BadFiles, WhatIsNoTextIsNamed) {
    map("file: p.csv, after: { move: done }");
    const std::vector<std::pair<std::string, std::string>> files{
        {"%PDF-1.7\n", "is a PDF document"},
        {std::string("\x7F"
                     "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0>\0\1\0\0\0",
                     24),
         "not text"},
        {std::string("\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\1\0", 20), "not text"},
        {std::string("PK\3\4\x14\0\6\0", 8), ""},
        {std::string("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8), "password"},
    };
    for (const auto& [content, word] : files) {
        put("p.csv", content);
        EXPECT_THAT(failure(), AllOf(HasSubstr("p.csv"), HasSubstr(word)));
    }
}

TEST_F(BadFiles, Utf16WithoutAMarkIsReadAsWhatItIs) {
    std::string little;
    std::string big;
    for (const char c : std::string_view("sku,price\n1,2\n")) {
        little += {c, '\0'};
        big += {'\0', c};
    }
    map("file: p.csv, again: true");
    for (const auto& text : {little, big}) {
        put("p.csv", text);
        EXPECT_EQ(company.rowhaul({"run", "prices"}).status, 0);
        EXPECT_EQ(company.exported("prices.csv"), "sku,price\n1,2\n");
    }
}

TEST_F(BadFiles, TwoColumnsOfOneNameAreToldWithTheirPlaces) {
    put("p.csv", "sku,price,sku\n1,2,3\n");
    map("file: p.csv");
    EXPECT_THAT(failure(), AllOf(HasSubstr("p.csv"), HasSubstr("columns 1 and 3 are both called \"sku\"")));
}

TEST_F(BadFiles, ANewestFileWithAHeaderAloneIsEmptyAndTheTargetKeepsItsColumns) {
    put("a.csv", "sku,price\n1,2\n");
    map("files: '*.csv', newest: true");
    EXPECT_EQ(company.rowhaul({"run", "prices"}).status, 0);
    std::filesystem::last_write_time(company / "in/a.csv",
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
    put("b.csv", "sku,price\n");
    const auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(text_at(waybill, "/outcome"), "empty");
    EXPECT_EQ(text_at(waybill, "/source/files/0/name"), "b.csv");
    EXPECT_THAT(company.exported("prices.csv"), StartsWith("sku,price\n"));
}

TEST_F(BadFiles, ARuleThatRemovesEveryRowOfAFileIsSaidToBeEmpty) {
    put("p.csv", "sku\n1\n2\n");
    map("file: p.csv, after: { move: done }", "    where: sku = '3'\n");
    const auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(text_at(waybill, "/outcome"), "empty");
    EXPECT_EQ(text_at(waybill, "/rows/filtered"), "2");
    EXPECT_EQ(text_at(waybill, "/warnings/0/code"), "rule_removed_all");
    EXPECT_THAT(company.files("in"), ElementsAre("done", "done/p.csv"));
    EXPECT_EQ(company.rowhaul({"run", "prices", "--fail-on-empty"}).status, 4);
}

TEST_F(BadFiles, CompressedFilesThatEndTooEarlyOrAreDamagedGiveNoRow) {
    put("whole.csv", "sku\n" + std::string(100'000, '7') + "\n");
    const auto packed = run({"gzip", "-c", company / "in/whole.csv"}).output;
    std::filesystem::remove(company / "in/whole.csv");
    map("file: p.csv.gz");
    put("p.csv.gz", packed.substr(0, packed.size() - 3));
    EXPECT_THAT(failure(), AllOf(HasSubstr("p.csv.gz"), HasSubstr("gzip")));
    auto damaged = packed;
    damaged[packed.size() - 6] ^= 1;
    put("p.csv.gz", damaged);
    EXPECT_THAT(failure(), AllOf(HasSubstr("p.csv.gz"), HasSubstr("gzip")));
    EXPECT_THAT(company.files(), IsEmpty());
}

// Copies a workbook with a sheet of `rows` rows in the place of its first, and `padding` megabytes of nothing.
constexpr std::string_view make_workbook = R"(
import sys, zipfile
source, target, rows, padding = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, 'w', zipfile.ZIP_DEFLATED) as new:
    for part in old.namelist():
        if part == 'xl/worksheets/sheet1.xml':
            with new.open(part, 'w') as out:
                out.write(b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
                for _ in range(padding):
                    out.write(b' ' * 1048576)
                out.write(b'<row r="1"><c r="A1" t="inlineStr"><is><t>sku</t></is></c><c r="B1" t="inlineStr"><is><t>name</t></is></c></row>')
                for row in range(rows):
                    out.write(b'<row r="%d"><c r="A%d"><v>%d</v></c><c r="B%d" t="s"><v>%d</v></c></row>' % (row + 2, row + 2, row, row + 2, row))
                out.write(b'</sheetData></worksheet>')
        elif part == 'xl/sharedStrings.xml':
            with new.open(part, 'w') as out:
                out.write(b'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">')
                for row in range(rows):
                    out.write(b'<si><t>Article number %d, of which no two have one name</t></si>' % row)
                out.write(b'</sst>')
        else:
            new.writestr(part, old.read(part))
)";

void write_workbook(const std::string& path, int rows, int padding = 0) {
    const auto source = std::string(ROWHAUL_SOURCE_DIR) + "/testing/workbooks/xlsxwriter.xlsx";
    const auto made =
        run({"python3", "-c", std::string(make_workbook), source, path, std::to_string(rows), std::to_string(padding)},
            {}, std::chrono::minutes(10));
    EXPECT_EQ(made.status, 0) << made.errors;
}

TEST_F(BadFiles, WorkbooksThatAreProtectedDamagedOrMadeToDoHarmAreSetAsideAndOthersRead) {
    std::string locked("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8);
    locked += std::string(5000, '\0');
    for (const char c : std::string_view("EncryptedPackage")) {
        locked += {c, '\0'};
    }
    put("b_locked.xlsx", locked + std::string(5000, '\0'));
    write_workbook(company / "in/a_good.xlsx", 2);
    const auto good = read_file(company / "in/a_good.xlsx");
    put("c_cut.xlsx", good.substr(0, good.size() / 2));
    write_workbook(company / "in/d_bomb.xlsx", 2, 200);
    EXPECT_LT(std::filesystem::file_size(company / "in/d_bomb.xlsx"), 1'000'000U);
    map("files: '*.xlsx', format: { type: xlsx }, after: { move: done }, set_aside: bad");
    EXPECT_LT(peak_of_run(3), 64 * megabyte);
    const auto waybill = company.ask({"waybill"});
    EXPECT_EQ(company.exported("prices.csv"),
              "sku,name\n0,\"Article number 0, of which no two have one name\"\n"
              "1,\"Article number 1, of which no two have one name\"\n");
    EXPECT_THAT(text_at(waybill, "/source/files/1/problem"), HasSubstr("password"));
    EXPECT_THAT(text_at(waybill, "/source/files/2/problem"), HasSubstr("damaged"));
    EXPECT_THAT(text_at(waybill, "/source/files/3/problem"), HasSubstr("made to do harm"));
    EXPECT_THAT(company.files("in"), ElementsAre("bad", "bad/b_locked.xlsx", "bad/b_locked.xlsx.waybill.json",
                                                 "bad/c_cut.xlsx", "bad/c_cut.xlsx.waybill.json", "bad/d_bomb.xlsx",
                                                 "bad/d_bomb.xlsx.waybill.json", "done", "done/a_good.xlsx"));
}

// ---- formulas

TEST_F(BadFiles, AFormulaThatCannotBeIsToldBeforeAnyRowMoves) {
    put("p.csv", "sku,price\n1,2\n");
    const std::vector<std::pair<std::string, std::string>> formulas{
        {"upper(skuu)", "\"sku\""},
        {"uper(sku)", "upper"},
        {"upper(sku, price)", "another number of arguments than 2"},
        {"regexp_replace(sku, '(', '')", "("},
        {"regexp_replace(sku, '(x{1000}){1000}', '')", "(x{1000}){1000}"},
    };
    for (const auto& [formula, words] : formulas) {
        map("file: p.csv", fmt::format("    fields: [ {{ to: a, value: \"{}\" }} ]\n", formula));
        SCOPED_TRACE(formula);
        const auto before = company.contents();
        const auto run = company.rowhaul({"run", "prices"});
        EXPECT_THAT(run.status, ::testing::AnyOf(1, 2));
        EXPECT_THAT(run.errors, HasSubstr(words));
        EXPECT_EQ(company.contents(), before);
    }
}

TEST_F(BadFiles, TextsThatGrowWithoutBoundRejectTheirRowsAndNeedNoMemory) {
    put("p.csv", "sku,n\n1,1\n2,1000000000\n3,2\n");
    for (const std::string formula :
         {"repeat('x', cast(n as integer))", "lpad(sku, cast(n as integer))", "rpad(sku, cast(n as integer), 'ab')",
          "replace(repeat('x', cast(n as integer) / 1000), 'x', repeat('y', 10000))",
          "repeat(repeat(repeat('x', cast(n as integer) / 100000), 100), 100)"}) {
        map("file: p.csv, again: true", fmt::format("    fields: [ sku, {{ to: a, value: \"{}\" }} ]\n", formula));
        SCOPED_TRACE(formula);
        EXPECT_LT(peak_of_run(3), 128 * megabyte);
        const auto waybill = company.ask({"waybill"});
        EXPECT_EQ(text_at(waybill, "/rows/created"), "2");
        EXPECT_EQ(text_at(waybill, "/rejects/0/reason"), "text_too_long");
        EXPECT_EQ(text_at(waybill, "/rejects/0/sample/0/line"), "3");
    }
}

// With back-tracking this would last longer than the world has.
TEST_F(BadFiles, AHostileRegularExpressionIsAsQuickAsAnother) {
    put("p.csv", "sku\n" + std::string(100'000, 'a') + "b\n");
    map("file: p.csv", "    fields: [ { to: hit, value: \"cast(sku ~ '^(a+)+$' as text)\" } ]\n");
    EXPECT_EQ(company.rowhaul({"run", "prices"}).status, 0);
    EXPECT_EQ(company.exported("prices.csv"), "hit\nfalse\n");
}

TEST_F(BadFiles, AHostilePatternFromAColumnRejectsItsRow) {
    put("p.csv", "sku,pattern\naaa,a+\naaa,(\naaa,((a{1000}){1000}){1000}\n");
    map("file: p.csv", "    fields: [ { to: hit, value: \"cast(sku ~ pattern as text)\" } ]\n");
    const auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(text_at(waybill, "/rows/created"), "1");
    EXPECT_EQ(text_at(waybill, "/rows/rejected"), "2");
    EXPECT_EQ(text_at(waybill, "/rejects/0/reason"), "invalid_argument");
}

// ---- P10: memory

TEST_F(BadFiles, P10RowsOfSixteenMebibytesNeedEightTimesAsMuchAtMost) {
    {
        std::ofstream file(company / "in/p.csv", std::ios::binary);
        file << "sku,note\n";
        for (int row = 0; row < 6; ++row) {
            file << row << ",\"" << std::string((16 << 20) - 100, static_cast<char>('a' + row)) << "\"\n";
        }
    }
    map("file: p.csv", "    fields: [ sku, { to: n, value: length(note) } ]\n");
    EXPECT_LT(peak_of_run(0), (64 + 8 * 16) * megabyte);
    EXPECT_THAT(company.exported("prices.csv"), HasSubstr("5,16777116\n"));
}

TEST_F(BadFiles, P10AStrayQuoteSwallowsNeitherTheFileNorTheMemory) {
    {
        std::ofstream file(company / "in/p.csv", std::ios::binary);
        file << "sku,note\n1,\"stray\n";
        for (int row = 2; row <= 2'000'000; ++row) {
            file << row << ",ordinary\n";
        }
    }
    map("file: p.csv");
    EXPECT_LT(peak_of_run(3), (64 + 8 * 16) * megabyte);
    const auto waybill = company.ask({"waybill"});
    EXPECT_EQ(text_at(waybill, "/rows/created"), "1999999");
    EXPECT_EQ(text_at(waybill, "/rejects/0/reason"), "unterminated_quote");
    EXPECT_EQ(text_at(waybill, "/rejects/0/sample/0/line"), "2");
}

// So many megabytes of rows, unpacked.
int large_file_megabytes() {
    return is_thorough() ? 1024 : 64;
}

void write_large(const std::string& path) {
    std::ofstream file(path, std::ios::binary);
    file << "sku,name,price,note\n";
    std::string block;
    for (int row = 0; block.size() < (1 << 20); ++row) {
        fmt::format_to(std::back_inserter(block), "{:08},\"Article, no. {}\",{}.50,{}\n", row, row, row % 1000,
                       row * 7);
    }
    for (int times = 0; times < large_file_megabytes(); ++times) {
        file << block;
    }
}

TEST_F(BadFiles, P10ALargeFileNeedsLessThan64MiBPlainAndPacked) {
    write_large(company / "in/p.csv");
    EXPECT_EQ(run({"gzip", "-1", "-k", company / "in/p.csv"}, {}, std::chrono::minutes(10)).status, 0);
    for (const std::string name : {"p.csv", "p.csv.gz"}) {
        map(fmt::format("file: {}, again: true", name),
            "    where: price like '999%'\n    fields: [ sku, { to: price, from: price, type: decimal } ]\n");
        const auto peak = peak_of_run(0);
        EXPECT_LT(peak, 64 * megabyte) << name;
        RecordProperty(name, static_cast<int>(peak));
    }
}

TEST_F(BadFiles, P10ALargeWorkbookNeedsLessThan64MiB) {
    write_workbook(company / "in/p.xlsx", is_thorough() ? 1'000'000 : 60'000);
    map("file: p.xlsx, format: { type: xlsx }");
    const auto peak = peak_of_run(0);
    EXPECT_LT(peak, 64 * megabyte);
    RecordProperty("kilobytes", static_cast<int>(peak));
}

// A thousand to one: what a few kilobytes unpack to must not be held.
TEST_F(BadFiles, P10ADeeplyCompressedFileNeedsLittleMemory) {
    {
        std::ofstream file(company / "in/p.csv", std::ios::binary);
        file << "sku\n";
        const std::string line = std::string(1023, '0') + "\n";
        for (int lines = 0; lines < large_file_megabytes() * 1024; ++lines) {
            file << line;
        }
    }
    EXPECT_EQ(run({"gzip", "-9", company / "in/p.csv"}, {}, std::chrono::minutes(10)).status, 0);
    EXPECT_LT(std::filesystem::file_size(company / "in/p.csv.gz"), 4'000'000U);
    map("file: p.csv.gz", "    where: sku = '1'\n");
    EXPECT_LT(peak_of_run(0), 64 * megabyte);
    EXPECT_EQ(text_at(company.ask({"waybill"}), "/rows/filtered"), std::to_string(large_file_megabytes() * 1024));
}

// One row without an end, from a file that is small on the server.
TEST_F(BadFiles, P10ABombThatIsOneRowIsRejected) {
    {
        std::ofstream file(company / "in/p.csv", std::ios::binary);
        file << "sku\n1\n";
        const std::string zeros(1 << 20, '0');
        for (int times = 0; times < large_file_megabytes(); ++times) {
            file << zeros;
        }
        file << "\n2\n";
    }
    EXPECT_EQ(run({"gzip", "-9", company / "in/p.csv"}, {}, std::chrono::minutes(10)).status, 0);
    map("file: p.csv.gz");
    EXPECT_LT(peak_of_run(3), (64 + 8 * 16) * megabyte);
    EXPECT_EQ(company.exported("prices.csv"), "sku\n1\n2\n");
    EXPECT_EQ(text_at(company.ask({"waybill"}), "/rejects/0/reason"), "row_too_long");
}

}  // namespace
}  // namespace rowhaul::testing
