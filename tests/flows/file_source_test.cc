// SPDX-License-Identifier: Apache-2.0
// Files that others wrote, on their way through the program.
#include "tests/flows/company.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace rowhaul::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// A company with a folder "in" and a mapping "prices" from there to out/prices.csv.
class FileSources : public ::testing::Test {
protected:
    FileSources() { std::filesystem::create_directory(company / "in"); }

    void map_prices(std::string_view source, std::string_view more = {}) const {
        company.configure(fmt::format("mappings:\n"
                                      "  prices:\n"
                                      "    source: {{ connection: in, {} }}\n"
                                      "    target: {{ connection: export, file: prices.csv }}\n{}",
                                      source, more),
                          "  in: { type: local, folder: in }\n");
    }
    void put(std::string_view name, std::string_view content) const {
        write_file(company / ("in/" + std::string(name)), content);
    }
    int run_prices() const { return company.rowhaul({"run", "prices"}).status; }

    const Company company;
};

TEST_F(FileSources, AFileBecomesAFile) {
    put("p.csv", "sku;Preis\r\n007;1,50\r\n\"a;b\";\r\n");
    map_prices("file: p.csv, format: { type: csv, delimiter: ';' }",
               "    fields: [ { to: price, from: Preis }, sku ]\n");
    const auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(company.exported("prices.csv"), "price,sku\n\"1,50\",007\n,a;b\n");
    EXPECT_EQ(text_at(waybill, "/outcome"), "succeeded");
    EXPECT_EQ(text_at(waybill, "/source/object"), "p.csv");
    EXPECT_EQ(text_at(waybill, "/source/files/0/name"), "p.csv");
    EXPECT_EQ(text_at(waybill, "/source/files/0/rows"), "2");
    EXPECT_EQ(text_at(waybill, "/source/files/0/bytes"), "29");
    EXPECT_EQ(text_at(waybill, "/source/files/0/sha256"), sha256_of("sku;Preis\r\n007;1,50\r\n\"a;b\";\r\n"));
    EXPECT_EQ(company.exported("prices.csv"), "price,sku\n\"1,50\",007\n,a;b\n");
}

TEST_F(FileSources, AWorkbookBecomesAFile) {
    const auto book = std::filesystem::path(ROWHAUL_SOURCE_DIR) / "testing/workbooks/libreoffice.xlsx";
    std::filesystem::copy_file(book, company / "in/p.xlsx");
    map_prices(
        "file: p.xlsx, format: { type: xlsx, hidden_rows: skip }",
        "    fields: [ { to: sku, from: Artikel }, { to: price, from: Preis }, { to: since, from: Gültig ab } ]\n");
    const auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(text_at(waybill, "/outcome"), "partial");
    EXPECT_EQ(text_at(waybill, "/rows/read"), "6");
    EXPECT_EQ(text_at(waybill, "/rejects/0/reason"), "error_cell");
    EXPECT_EQ(text_at(waybill, "/rejects/0/sample/0/line"), "10");
    EXPECT_EQ(text_at(waybill, "/warnings/0/code"), "hidden_rows_left_out");
    EXPECT_THAT(company.exported("prices.csv"), StartsWith("sku,price,since\n007,1.1,2026-01-31\n"));

    auto rejects = company.rowhaul({"waybill", "--rejects"}).output;
    const auto wrong = rejects.find("#DIV/0!,,,,,,,");
    ASSERT_NE(wrong, std::string::npos);
    rejects.replace(wrong, 7, "2.2");
    write_file(company / "rejects.csv", rejects);
    EXPECT_EQ(company.rowhaul({"run", "prices", "--input", company / "rejects.csv"}).status, 0);
    EXPECT_EQ(company.exported("prices.csv"), "sku,price,since\nFormel,2.2,\n");
}

TEST_F(FileSources, JsonLinesBecomeAFileAndTheRestIsRejected) {
    put("p.jsonl", "{\"sku\":\"007\",\"price\":1.50}\n{\"sku\":\"8\"\n{\"sku\":\"9\",\"price\":null}\n");
    map_prices("file: p.jsonl, format: jsonl");
    const auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(company.exported("prices.csv"), "sku,price\n007,1.50\n9,\n");
    EXPECT_EQ(text_at(waybill, "/rejects/0/reason"), "broken_json");
    EXPECT_EQ(text_at(waybill, "/rejects/0/sample/0/line"), "2");
}

TEST_F(FileSources, WhatAWorkbookOrJsonFileIsCanBeLookedAt) {
    map_prices("file: p.jsonl, format: jsonl");
    const auto book = std::filesystem::path(ROWHAUL_SOURCE_DIR) / "testing/workbooks/sheetjs.xlsx";
    std::filesystem::copy_file(book, company / "in/p.xlsx");
    put("p.json", "[{\"id\":1,\"tags\":[]}]");
    auto told = company.ask({"browse", "in", "p.xlsx"});
    EXPECT_EQ(text_at(told, "/format"), "xlsx");
    EXPECT_EQ(text_at(told, "/columns/0/name"), "Artikel");
    told = company.ask({"browse", "in", "p.json"});
    EXPECT_EQ(text_at(told, "/format"), "jsonl");
    EXPECT_EQ(text_at(told, "/columns/1/type"), "json");
}

TEST_F(FileSources, ATestReadsTheSameAndChangesNothing) {
    put("p.csv", "sku,price\n1,2\n3\n");
    map_prices("file: p.csv, after: delete");
    const auto before = company.contents();
    const auto waybill = company.ask({"test", "prices"});
    EXPECT_EQ(text_at(waybill, "/rows/read"), "2");
    EXPECT_EQ(text_at(waybill, "/rows/created"), "1");
    EXPECT_EQ(text_at(waybill, "/rows/rejected"), "1");
    EXPECT_EQ(company.contents(), before);
    EXPECT_EQ(company.rowhaul({"run", "prices"}).status, 3) << "a test takes nothing in";
    EXPECT_THAT(company.files("in"), IsEmpty());
}

TEST_F(FileSources, ARejectTellsWhereItStandsAndComesBackCorrected) {
    put("p.csv", "sku;price\n1;2\n3;4;5\n6;\"7\n8;\"9\"\n");
    map_prices("file: p.csv, format: { type: csv, delimiter: ';' }");
    const auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(text_at(waybill, "/outcome"), "partial");
    EXPECT_EQ(text_at(waybill, "/rows/read"), "4");
    EXPECT_EQ(text_at(waybill, "/rows/created"), "2");
    EXPECT_EQ(text_at(waybill, "/rejects/0/reason"), "ragged_row");
    EXPECT_EQ(text_at(waybill, "/rejects/0/sample/0/file"), "p.csv");
    EXPECT_EQ(text_at(waybill, "/rejects/0/sample/0/line"), "3");
    EXPECT_EQ(text_at(waybill, "/rejects/1/reason"), "stray_quote");

    auto rejects = company.rowhaul({"waybill", "--rejects"}).output;
    EXPECT_THAT(rejects, StartsWith("mapping,file,line,row,key,reason,field,value,message,header,raw\n"
                                    "prices,p.csv,3,2,,ragged_row,,3;4;5,"));
    const auto correct = [&](const std::string& wrong, const std::string& right) {
        const auto at = rejects.rfind(wrong);
        ASSERT_NE(at, std::string::npos) << rejects;
        rejects.replace(at, wrong.size(), right);
    };
    correct(",3;4;5\n", ",3;4\n");
    correct("\"6;\"\"7\"", "\"6;\"\"7\"\"\"");
    write_file(company / "corrected.csv", rejects);
    const auto again = company.ask({"run", "prices", "--input", "corrected.csv"});
    EXPECT_EQ(text_at(again, "/outcome"), "succeeded") << json::serialize(again);
    EXPECT_EQ(company.exported("prices.csv"), "sku,price\n3,4\n6,7\n");
}

TEST_F(FileSources, ARowThatAFieldRejectsTellsWhereItStandsAndComesBackCorrected) {
    put("p.csv",
        "Artikel;Gr\xF6\xDF"
        "e;Preis;Seit\r\n"
        "A1;gr\xFCn;1.234,56;24.12.2025\r\n"
        "B9;blau;1,00;01.01.2020\r\n"
        "A2;hellgr\xFCn;12,5x;02.03.2024\r\n"
        "A3;\"gelb\";-0,50;29.02.2024\r\n");
    map_prices("file: p.csv, format: { type: csv, delimiter: ';', encoding: windows-1252 }",
               R"(    where: "artikel like 'A%'"
    fields:
      - { to: sku, from: Artikel }
      - { to: size, value: 'upper("Größe")' }
      - { to: price, from: Preis, type: decimal, numbers: "1.234,56" }
      - { to: since, from: Seit, type: date, dates: dd.mm.yyyy }
)");
    const auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(company.exported("prices.csv"),
              "sku,size,price,since\nA1,GRÜN,1234.56,2025-12-24\nA3,GELB,-0.50,2024-02-29\n");
    EXPECT_EQ(text_at(waybill, "/outcome"), "partial");
    EXPECT_EQ(text_at(waybill, "/rows/read"), "4");
    EXPECT_EQ(text_at(waybill, "/rows/filtered"), "1");
    EXPECT_EQ(text_at(waybill, "/rows/created"), "2");
    EXPECT_EQ(text_at(waybill, "/rows/rejected"), "1");
    EXPECT_EQ(text_at(waybill, "/source/files/0/rows"), "3");
    EXPECT_EQ(text_at(waybill, "/source/files/0/rejected"), "1");
    EXPECT_EQ(text_at(waybill, "/rejects/0/reason"), "invalid_decimal");
    EXPECT_EQ(text_at(waybill, "/rejects/0/sample/0/field"), "price");
    EXPECT_EQ(text_at(waybill, "/rejects/0/sample/0/file"), "p.csv");
    EXPECT_EQ(text_at(waybill, "/rejects/0/sample/0/line"), "4");

    auto rejects = company.rowhaul({"waybill", "--rejects"}).output;
    EXPECT_THAT(rejects, HasSubstr("\nprices,p.csv,4,3,,invalid_decimal,price,\"12,5x\","));
    EXPECT_THAT(rejects, HasSubstr(",Artikel;Größe;Preis;Seit,\"A2;hellgrün;12,5x;02.03.2024\"\n"));
    const std::string_view wrong = "12,5x;";
    const auto at = rejects.rfind(wrong);
    ASSERT_NE(at, std::string::npos);
    rejects.replace(at, wrong.size(), "12,50;");
    write_file(company / "corrected.csv", rejects);
    const auto again = company.ask({"run", "prices", "--input", "corrected.csv"});
    EXPECT_EQ(text_at(again, "/outcome"), "succeeded") << json::serialize(again);
    EXPECT_EQ(company.exported("prices.csv"), "sku,size,price,since\nA2,HELLGRÜN,12.50,2024-03-02\n");
}

TEST_F(FileSources, ARowThatTheTargetRejectsTellsItsLineAlsoBehindRowsThatWereLeftOut) {
    put("p.csv", "sku,name\n1,a\n2,b\n3,→\n4,c\n");
    company.configure(
        "mappings:\n  prices:\n    source: { connection: in, file: p.csv }\n    where: \"sku <> '1'\"\n"
        "    target: { connection: export, file: prices.csv, format: { type: csv, encoding: windows-1252 } }\n",
        "  in: { type: local, folder: in }\n");
    const auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(company.exported("prices.csv"), "sku,name\n2,b\n4,c\n");
    EXPECT_EQ(text_at(waybill, "/rejects/0/reason"), "unencodable_text");
    EXPECT_EQ(text_at(waybill, "/rejects/0/sample/0/line"), "4");
    EXPECT_EQ(text_at(waybill, "/source/files/0/rows"), "3");
    EXPECT_EQ(text_at(waybill, "/source/files/0/rejected"), "1");
    EXPECT_THAT(company.rowhaul({"waybill", "--rejects"}).output, HasSubstr("\"sku,name\",\"3,→\"\n"));
}

TEST_F(FileSources, CorrectedRejectsMayComeBackFromASpreadsheet) {
    put("p.csv", "sku,price\n1\n");
    map_prices("file: p.csv, format: { type: csv, encoding: windows-1252, skip_lines: 0 }");
    EXPECT_EQ(run_prices(), 3);
    write_file(company / "corrected.csv",
               "\xEF\xBB\xBFmapping;file;line;row;key;reason;field;value;message;header;raw\r\n"
               "prices;p.csv;2;1;;ragged_row;;1;too few;sku,price;1,Größe\r\n"
               "other;p.csv;2;1;;ragged_row;;1;too few;x;y\r\n");
    EXPECT_EQ(company.rowhaul({"run", "prices", "--input", "corrected.csv"}).status, 0);
    EXPECT_EQ(company.exported("prices.csv"), "sku,price\n1,Größe\n");
}

TEST_F(FileSources, AnyFileMayTakeThePlaceOfTheSources) {
    put("p.csv", "sku\n1\n");
    write_file(company / "mine.csv", "sku\n2\n");
    map_prices("file: p.csv, after: delete");
    EXPECT_EQ(company.rowhaul({"run", "prices", "--input", "mine.csv"}).status, 0);
    EXPECT_EQ(company.exported("prices.csv"), "sku\n2\n");
    EXPECT_THAT(company.files("in"), ElementsAre("p.csv"));
    EXPECT_EQ(read_file(company / "mine.csv"), "sku\n2\n") << "a person's own file stays";
    EXPECT_EQ(company.rowhaul({"run", "prices", "--input", "missing.csv"}).status, 2);
}

TEST_F(FileSources, AFileIsNotTakenInTwiceUnlessAskedFor) {
    put("a.csv", "sku\n1\n");
    map_prices("files: '*.csv'");
    EXPECT_EQ(run_prices(), 0);
    const auto second = company.ask({"run", "prices"});
    EXPECT_EQ(text_at(second, "/outcome"), "empty");
    EXPECT_EQ(text_at(second, "/warnings/0/code"), "file_taken_before");
    EXPECT_EQ(company.exported("prices.csv"), "sku\n1\n") << "nothing to move leaves the target alone";
    put("copy.csv", "sku\n1\n");
    EXPECT_EQ(text_at(company.ask({"run", "prices"}), "/outcome"), "empty");
    const auto third = company.ask({"run", "prices", "--again"});
    EXPECT_EQ(text_at(third, "/rows/created"), "2");
}

TEST_F(FileSources, AFailedRunHasTakenNothingIn) {
    put("a.csv", "sku,price\n1\n2\n");
    map_prices("files: '*.csv', after: { move: done/ }", "    options: { max_rejects: 1 }\n");
    EXPECT_EQ(run_prices(), 5);
    EXPECT_THAT(company.files("in"), ElementsAre("a.csv"));
    map_prices("files: '*.csv', after: { move: done/ }");
    const auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(text_at(waybill, "/outcome"), "partial");
    EXPECT_EQ(text_at(waybill, "/source/files/0/moved_to"), "done/a.csv");
    EXPECT_THAT(company.files("in"), ElementsAre("done", "done/a.csv"));
}

TEST_F(FileSources, TooManyRejectsStopARun) {
    put("a.csv", "sku,price\n1,1\n2,2\n3,3\n4,4\n5\n");
    const auto status_with = [&](std::string_view limit) {
        map_prices("file: a.csv, again: true", fmt::format("    options: {{ max_rejects: {} }}\n", limit));
        return company.rowhaul({"run", "prices"}).status;
    };
    EXPECT_EQ(status_with("0"), 5);
    EXPECT_THAT(company.files(), IsEmpty()) << "nothing arrives";
    EXPECT_EQ(text_at(company.history(), "/0/outcome"), "failed");
    EXPECT_THAT(text_at(company.history(), "/0/message"), HasSubstr("more than 0 rows were rejected"));
    EXPECT_EQ(status_with("1"), 3);
    EXPECT_EQ(status_with("19%"), 5);
    EXPECT_EQ(status_with("20%"), 3);
    EXPECT_EQ(status_with("many"), 2);
    EXPECT_EQ(status_with("101%"), 2);
}

TEST_F(FileSources, TheRejectsOfARunThatWasStoppedComeBackCorrectedToo) {
    for (const std::string limit : {"1", "1%"}) {
        put("a.csv", "sku,price\n1\n2,3\n4\n5,5\n");
        map_prices("file: a.csv", fmt::format("    options: {{ max_rejects: {} }}\n", limit));
        const auto stopped = company.ask({"run", "prices"});
        EXPECT_EQ(text_at(stopped, "/source/files/0/rejected"), "2");
        auto rejects = company.rowhaul({"waybill", "--rejects"}).output;
        EXPECT_THAT(rejects, HasSubstr(",\"sku,price\",4\n"));
        for (const std::string wrong : {"1\n", "4\n"}) {
            rejects.replace(rejects.rfind("," + wrong), wrong.size() + 1, ",\"" + wrong.substr(0, 1) + ",9\"\n");
        }
        write_file(company / "corrected.csv", rejects);
        EXPECT_EQ(company.rowhaul({"run", "prices", "--input", "corrected.csv", "--again"}).status, 0) << rejects;
        EXPECT_EQ(company.exported("prices.csv"), "sku,price\n1,9\n4,9\n");
    }
}

// As of a run that was killed before it had noted what its files are like.
TEST_F(FileSources, CorrectedRowsWithoutTheirHeaderAreRefusedAndNoneIsTakenForOne) {
    put("p.csv", "sku,price\n1\n");
    map_prices("file: p.csv");
    write_file(company / "corrected.csv",
               "mapping,file,line,row,key,reason,field,value,message,header,raw\n"
               "prices,p.csv,2,1,,ragged_row,,1,too few,,\"1,2\"\n"
               "prices,p.csv,3,2,,ragged_row,,1,too few,,\"3,4\"\n");
    const auto run = company.rowhaul({"run", "prices", "--input", "corrected.csv"});
    EXPECT_EQ(run.status, 1);
    EXPECT_THAT(run.errors, HasSubstr("Fill in the column `header`"));
    EXPECT_THAT(company.files(), IsEmpty());
}

TEST_F(FileSources, OneBadFileDoesNotStopTheOthers) {
    put("a.csv", "sku\n1\n");
    put("b.csv", "%PDF-1.7\n");
    put("c.csv", "sku\n3\n");
    map_prices("files: '*.csv', after: { move: done }, set_aside: bad");
    const auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(text_at(waybill, "/outcome"), "partial");
    EXPECT_EQ(company.exported("prices.csv"), "sku\n1\n3\n");
    EXPECT_EQ(text_at(waybill, "/source/files/1/name"), "b.csv");
    EXPECT_THAT(text_at(waybill, "/source/files/1/problem"), HasSubstr("PDF"));
    EXPECT_EQ(text_at(waybill, "/source/files/1/moved_to"), "bad/b.csv");
    EXPECT_THAT(company.files("in"),
                ElementsAre("bad", "bad/b.csv", "bad/b.csv.waybill.json", "done", "done/a.csv", "done/c.csv"));
    const auto note = json::parse(read_file(company / "in/bad/b.csv.waybill.json"));
    EXPECT_EQ(text_at(note, "/execution"), text_at(waybill, "/execution"));
    EXPECT_EQ(text_at(note, "/problem"), text_at(waybill, "/source/files/1/problem"));
}

TEST_F(FileSources, ARuleThatDoesNotFitIsNotTheFilesFault) {
    put("a.csv", "");
    put("b.csv", "sku\n1\n");
    put("c.csv", "sku\n3\n");
    company.configure(
        "mappings:\n"
        "  prices:\n"
        "    source: { connection: in, files: '*.csv', after: { move: done }, set_aside: bad }\n"
        "    where: sku > 3\n"
        "    target: { connection: export, file: prices.csv }\n",
        "  in: { type: local, folder: in }\n");
    const auto run = company.rowhaul({"run", "prices"});
    EXPECT_EQ(run.status, 1);
    EXPECT_THAT(run.errors, HasSubstr("sku > 3"));
    EXPECT_THAT(company.files("in"), ElementsAre("a.csv", "b.csv", "c.csv"));
}

TEST_F(FileSources, CompressedFilesAreKnownByTheirContent) {
    put("p.csv", "sku\n1\n");
    company.configure(
        "mappings:\n"
        "  pack: { source: { connection: in, file: p.csv }, target: { connection: export, file: p.csv.zst } }\n"
        "  unpack: { source: { connection: export, file: p.csv.zst }, target: { connection: export, file: q.csv } }\n",
        "  in: { type: local, folder: in }\n");
    EXPECT_EQ(company.rowhaul({"run", "pack"}).status, 0);
    EXPECT_EQ(company.rowhaul({"run", "unpack"}).status, 0);
    EXPECT_EQ(company.exported("q.csv"), "sku\n1\n");
}

TEST_F(FileSources, BrowseShowsWhatAFileSeemsToBe) {
    put("p.csv", "sku;Preis;seit\n007;1.234,50;31.12.2026\n008;;01.01.2026\n");
    map_prices("file: p.csv");
    const auto contents = company.ask({"browse", "in", "p.csv"});
    EXPECT_EQ(text_at(contents, "/format"),
              "{ type: csv, delimiter: \";\", numbers: \"1.234,56\", dates: \"dd.mm.yyyy\" }");
    EXPECT_EQ(text_at(contents, "/columns/0/type"), "text");
    EXPECT_EQ(text_at(contents, "/columns/1/type"), "decimal");
    EXPECT_EQ(text_at(contents, "/columns/2/type"), "date");
    EXPECT_EQ(text_at(contents, "/rows/0/0"), "007");
    EXPECT_EQ(text_at(contents, "/rows/1/1"), "null");
    EXPECT_THAT(company.rowhaul({"browse", "in", "p.csv"}).output, HasSubstr("format: { type: csv, delimiter"));
    put("p.pdf", "%PDF-1.7");
    EXPECT_THAT(company.rowhaul({"browse", "in", "p.pdf"}).errors, HasSubstr("p.pdf: is a PDF document"));
}

TEST_F(FileSources, WrongSourcesAreToldByValidate) {
    map_prices("file: a.csv, files: '*.csv'");
    EXPECT_THAT(company.rowhaul({"validate"}).errors, HasSubstr("either a file or a pattern"));
    map_prices("files: '*/a.csv'");
    EXPECT_THAT(company.rowhaul({"validate"}).errors, HasSubstr("in the last part of the path only"));
    map_prices("file: a.csv, after: { move: '' }");
    EXPECT_THAT(company.rowhaul({"validate"}).errors, HasSubstr("name the folder to move files to"));
    for (const auto* const same : {"files: 'in/*.csv', after: { move: in/ }", "file: a.csv, set_aside: /"}) {
        map_prices(same);
        EXPECT_THAT(company.rowhaul({"validate"}).errors, HasSubstr("name another folder")) << same;
    }
    map_prices("file: a.csv, settle: soon");
    EXPECT_EQ(company.rowhaul({"validate"}).status, 2);
    map_prices("file: a.csv, settle: 60s, after: { move: done }, format: { type: csv, ragged: pad, comment: '#' }");
    EXPECT_EQ(company.rowhaul({"validate"}).status, 0) << company.rowhaul({"validate"}).errors;
}

}  // namespace
}  // namespace rowhaul::testing
