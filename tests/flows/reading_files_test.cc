// SPDX-License-Identifier: Apache-2.0
// What reading a file makes of how it is packed, written and laid out, through the program.
#include "testing/zip.h"
#include "tests/flows/company.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace rowhaul::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A mapping "prices" from in/ to out/prices.csv.
class ReadingFiles : public ::testing::Test {
protected:
    ReadingFiles() { std::filesystem::create_directory(company / "in"); }

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

    const Company company;
};

TEST_F(ReadingFiles, AZipArchiveIsReadAndShown) {
    put("p.zip", RawZip{.name = "export/p.csv", .content = "sku;Preis\n007;1\n"}.bytes());
    map_prices("file: p.zip, format: { type: csv, delimiter: ';' }");
    EXPECT_EQ(text_at(company.ask({"browse", "in", "p.zip"}), "/rows/0/0"), "007");
    const auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(company.exported("prices.csv"), "sku,Preis\n007,1\n");
    EXPECT_EQ(text_at(waybill, "/source/files/0/name"), "p.zip");
}

TEST_F(ReadingFiles, TheNotationsOfTheFormatHoldForFieldsWithATypeUnlessTheySayOtherwise) {
    put("p.csv",
        "Artikel;Preis;Menge;Seit;Um;Ab;Neu;Netto\n"
        "A1;1.234,56;1.000;24.12.2025;08.15;24.12.2025 08:15;ja;1234.5\n"
        "A2;;;;;;;\n"
        "A3;1,234;1;24.12.2025;08.15;24.12.2025 08:15;nein;1.5\n"
        "A4;1.5;1;24.12.2025;08.15;24.12.2025 08:15;nein;1.5\n"
        "A5;1;1;2025-12-24;08.15;24.12.2025 08:15;nein;1.5\n"
        "A6;1;1;24.12.2025;08.15;24.12.2025 08:15;yes;1.5\n");
    map_prices(R"(file: p.csv, format: { type: csv, delimiter: ";", numbers: "1.234,56", dates: dd.mm.yyyy,
              times: HH.MM, timestamps: "dd.mm.yyyy HH:MM", true_text: ja, false_text: nein })",
               R"(    fields:
      - { to: sku, from: Artikel }
      - { to: price, from: Preis, type: decimal }
      - { to: stock, from: Menge, type: integer }
      - { to: since, from: Seit, type: date }
      - { to: at, from: Um, type: time }
      - { to: first, from: Ab, type: timestamp }
      - { to: fresh, from: Neu, type: boolean }
      - { to: net, from: Netto, type: decimal, numbers: "1234.5" }
      - { to: text, from: Preis }
)");
    const auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(company.exported("prices.csv"),
              "sku,price,stock,since,at,first,fresh,net,text\n"
              "A1,1234.56,1000,2025-12-24,08:15:00,2025-12-24 08:15:00,true,1234.5,\"1.234,56\"\n"
              "A2,,,,,,,,\n"
              "A3,1.234,1,2025-12-24,08:15:00,2025-12-24 08:15:00,false,1.5,\"1,234\"\n");
    EXPECT_EQ(text_at(waybill, "/rows/rejected"), "3");
    const auto rejects = company.rowhaul({"waybill", "--rejects"}).output;
    EXPECT_THAT(rejects, HasSubstr(R"(prices,p.csv,5,4,,invalid_decimal,price,1.5,"""1.5"" is not written like )"
                                   R"(""1.234,56""")"));
    EXPECT_THAT(rejects, HasSubstr(R"(prices,p.csv,6,5,,invalid_date,since,2025-12-24,"""2025-12-24"" is not written )"
                                   R"(as ""dd.mm.yyyy""")"));
    EXPECT_THAT(rejects, HasSubstr(R"(prices,p.csv,7,6,,invalid_boolean,fresh,yes,"""yes"" is neither ""ja"" nor )"
                                   R"(""nein""")"));
}

TEST_F(ReadingFiles, ThePresetOfExcelIsReadAsItIsWritten) {
    put("p.csv", "\xEF\xBB\xBFPreis;Seit;Neu\r\n1234,5;24.12.2025;WAHR\r\n");
    map_prices("file: p.csv, format: excel-de",
               "    fields: [ { to: Preis, type: decimal }, { to: Seit, type: date }, { to: Neu, type: boolean } ]\n");
    EXPECT_EQ(company.rowhaul({"run", "prices"}).status, 0);
    EXPECT_EQ(company.exported("prices.csv"), "Preis,Seit,Neu\n1234.5,2025-12-24,true\n");
}

TEST_F(ReadingFiles, AnotherDelimiterThanTheFormatSaysIsTold) {
    put("p.csv", "sku;Preis\n007;1\n");
    map_prices("file: p.csv", "    fields: [ sku, { to: price, from: Preis } ]\n");
    auto told = company.rowhaul({"run", "prices"});
    EXPECT_EQ(told.status, 1);
    EXPECT_THAT(told.errors, HasSubstr("p.csv has no column \"sku\""));
    EXPECT_THAT(told.errors, HasSubstr("p.csv: \"sku;Preis\" is one cell, but looks as if separated by \";\""));
    map_prices("file: p.csv", "    where: \"Preis = '1'\"\n");
    EXPECT_THAT(company.rowhaul({"run", "prices"}).errors, HasSubstr("set `delimiter: \";\"`"));
    map_prices("file: p.csv");
    const auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(text_at(waybill, "/warnings/0/code"), "delimiter_doubtful");
    map_prices("file: p.csv, again: true, format: { type: csv, delimiter: ';' }",
               "    fields: [ sku, { to: price, from: Pries } ]\n");
    told = company.rowhaul({"run", "prices"});
    EXPECT_THAT(told.errors, HasSubstr("did you mean \"Preis\""));
    EXPECT_THAT(told.errors, Not(HasSubstr("separated by")));
}

TEST_F(ReadingFiles, AnEmptyFileIsToldAndOneWithAHeaderAloneIsATableWithoutRows) {
    map_prices("file: p.csv, again: true");
    put("p.csv", "\n\n");
    auto waybill = company.ask({"run", "prices"});
    EXPECT_EQ(text_at(waybill, "/outcome"), "empty");
    EXPECT_EQ(text_at(waybill, "/warnings/0/code"), "file_empty");
    put("p.csv", "sku,Preis\n");
    waybill = company.ask({"run", "prices"});
    EXPECT_EQ(text_at(waybill, "/outcome"), "empty");
    EXPECT_EQ(company.exported("prices.csv"), "sku,Preis\n");
}

}  // namespace
}  // namespace rowhaul::testing
