// SPDX-License-Identifier: Apache-2.0
// What files are called, which rows and columns are in them, and when they appear.
#include "tests/flows/company.h"

#include <algorithm>
#include <fmt/format.h>
#include <gmock/gmock.h>

namespace rowhaul::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A company with a table "people" of two rows.
class Files : public ::testing::Test {
protected:
    Files() { company.sql("create table people (id int, name text); insert into people values (1, 'Ada'), (2, 'Bo')"); }

    // The mapping "people" with this target and, a line each, whatever else.
    void map_people(std::string_view target, std::string_view more = {}) const {
        company.configure(
            fmt::format("mappings:\n"
                        "  people:\n"
                        "    source: {{ connection: shop, table: people }}\n"
                        "    target: {{ connection: export, {} }}\n{}",
                        target, more));
    }
    int run_people() const { return company.rowhaul({"run", "people"}).status; }

    const Company company;
};

TEST_F(Files, ADateIsToldInTheZoneOfTheSettings) {
    map_people("file: '{mapping}_{date:%Z}.csv'", "settings: { timezone: Asia/Kolkata }\n");
    EXPECT_EQ(run_people(), 0);
    EXPECT_THAT(company.files(), ElementsAre("people_IST.csv"));
}

TEST_F(Files, ATaskTellsTheDateInItsOwnZone) {
    map_people("file: '{mapping}_{date:%Z}.csv'",
               "settings: { timezone: Asia/Kolkata }\n"
               "tasks: { nightly: { mappings: [people], timezone: Asia/Tokyo } }\n");
    EXPECT_EQ(company.rowhaul({"run", "nightly"}).status, 0);
    EXPECT_THAT(company.files(), ElementsAre("people_JST.csv"));
}

TEST_F(Files, APlainDateIsDayAndTime) {
    map_people("file: '{date}.csv'");
    EXPECT_EQ(run_people(), 0);
    const auto files = company.files();
    ASSERT_THAT(files, SizeIs(1));
    EXPECT_THAT(files.front(), ::testing::MatchesRegex("[0-9]{8}-[0-9]{6}[.]csv"));
}

TEST_F(Files, AnExecutionNamesItsFile) {
    map_people("file: '{execution}.csv'");
    const auto waybill = company.ask({"run", "people"});
    EXPECT_THAT(company.files(), ElementsAre(text_at(waybill, "/execution") + ".csv"));
}

TEST_F(Files, TheSequenceHasNoGapsAfterFailuresAndTests) {
    map_people("file: '{sequence}.csv'");
    EXPECT_EQ(run_people(), 0);
    company.sql("alter table people rename to persons");
    EXPECT_EQ(run_people(), 1);
    EXPECT_EQ(run_people(), 1);
    company.sql("alter table persons rename to people");
    EXPECT_EQ(company.rowhaul({"test", "people"}).status, 0);
    EXPECT_EQ(run_people(), 0);
    EXPECT_EQ(run_people(), 0);
    EXPECT_THAT(company.files(), ElementsAre("1.csv", "2.csv", "3.csv"));
}

TEST_F(Files, AnExistingFileIsReplaced) {
    write_file(company / "out/people.csv", "old");
    map_people("file: people.csv");
    EXPECT_EQ(run_people(), 0);
    EXPECT_EQ(company.exported("people.csv"), "id,name\n1,Ada\n2,Bo\n");
}

TEST_F(Files, AnExistingFileMayMakeTheRunFail) {
    write_file(company / "out/people.csv", "old");
    map_people("file: people.csv, if_exists: fail");
    const auto run = company.rowhaul({"run", "people"});
    EXPECT_EQ(run.status, 1);
    EXPECT_THAT(run.output, HasSubstr("\"people.csv\" exists already"));
    EXPECT_EQ(company.exported("people.csv"), "old");
    EXPECT_THAT(company.files(), ElementsAre("people.csv"));
    EXPECT_EQ(text_at(company.history(), "/0/outcome"), "failed");
}

TEST_F(Files, AnExistingFileMayGiveTheNewOneANumber) {
    write_file(company / "out/people.csv", "old");
    map_people("file: people.csv, if_exists: number");
    EXPECT_EQ(run_people(), 0);
    const auto waybill = company.ask({"run", "people"});
    EXPECT_EQ(text_at(waybill, "/files/0/name"), "people_2.csv");
    EXPECT_THAT(company.files(), ElementsAre("people.csv", "people_1.csv", "people_2.csv"));
    EXPECT_EQ(company.exported("people.csv"), "old");
}

TEST_F(Files, NoRowsLeaveAFileWithTheHeaderAlone) {
    company.sql("delete from people");
    map_people("file: people.csv");
    EXPECT_EQ(run_people(), 0);
    EXPECT_EQ(company.exported("people.csv"), "id,name\n");
    EXPECT_EQ(text_at(company.history(), "/0/outcome"), "empty");
}

TEST_F(Files, NoRowsMayLeaveNoFileAndAnOlderOneStays) {
    company.sql("delete from people");
    map_people("file: people.csv, on_empty: skip");
    EXPECT_EQ(run_people(), 0);
    EXPECT_THAT(company.files(), IsEmpty());
    write_file(company / "out/people.csv", "old");
    const auto waybill = company.ask({"run", "people"});
    EXPECT_EQ(text_at(waybill, "/outcome"), "empty");
    EXPECT_EQ(text_at(waybill, "/files"), "[]");
    EXPECT_EQ(company.exported("people.csv"), "old");
}

TEST_F(Files, NothingToMoveIsFourWhenAskedFor) {
    company.sql("delete from people");
    map_people("file: people.csv");
    EXPECT_EQ(company.rowhaul({"run", "people", "--fail-on-empty"}).status, 4);
    company.sql("insert into people values (1, 'Ada')");
    EXPECT_EQ(company.rowhaul({"run", "people", "--fail-on-empty"}).status, 0);
}

TEST_F(Files, FieldsSayWhichColumnsInWhichOrderUnderWhichNames) {
    map_people("file: people.csv", "    fields: [ { to: Vorname, from: name }, id, { to: again, from: id } ]\n");
    EXPECT_EQ(run_people(), 0);
    EXPECT_EQ(company.exported("people.csv"), "Vorname,id,again\nAda,1,1\nBo,2,2\n");
}

TEST_F(Files, AFormatMayBeGivenByTheNameOfAPreset) {
    company.sql(
        "create table mixed (price real, day date, name text); insert into mixed values "
        "(1234.5, '2026-01-31', 'Ünal;')");
    company.configure(
        "mappings:\n"
        "  german:\n"
        "    source: { connection: shop, table: mixed }\n"
        "    target: { connection: export, file: german.csv, format: excel-de }\n"
        "  standard:\n"
        "    source: { connection: shop, table: mixed }\n"
        "    target: { connection: export, file: standard.csv, format: { preset: rfc4180, header: false } }\n"
        "  tabs:\n"
        "    source: { connection: shop, table: mixed }\n"
        "    target: { connection: export, file: tabs.tsv, format: unix-tsv }\n"
        "tasks: { all: { mappings: [german, standard, tabs] } }\n");
    EXPECT_EQ(company.rowhaul({"run", "all"}).status, 0);
    EXPECT_EQ(company.exported("german.csv"), "\xEF\xBB\xBFprice;day;name\r\n1234,5;31.01.2026;\"Ünal;\"\r\n");
    EXPECT_EQ(company.exported("standard.csv"), "1234.5,2026-01-31,Ünal;\r\n");
    EXPECT_EQ(company.exported("tabs.tsv"), "price\tday\tname\n1234.5\t2026-01-31\tÜnal;\n");
}

TEST_F(Files, ARowThatTheEncodingCannotHoldIsRejectedAndKept) {
    company.sql("insert into people values (3, 'Łukasz'), (4, 'Müge')");
    map_people("file: people.csv, format: { type: csv, encoding: windows-1252 }");

    const auto run = company.rowhaul({"run", "people", "--output", "json"});

    EXPECT_EQ(run.status, 3);
    EXPECT_EQ(company.exported("people.csv"), "id,name\n1,Ada\n2,Bo\n4,M\xFCge\n");
    const auto waybill = json::parse(run.output);
    EXPECT_EQ(text_at(waybill, "/outcome"), "partial");
    EXPECT_EQ(text_at(waybill, "/rows/read"), "4");
    EXPECT_EQ(text_at(waybill, "/rows/created"), "3");
    EXPECT_EQ(text_at(waybill, "/rows/rejected"), "1");
    EXPECT_EQ(text_at(waybill, "/rejects/0/count"), "1");
    EXPECT_EQ(text_at(waybill, "/rejects/0/sample/0/row"), "3");
    EXPECT_EQ(text_at(waybill, "/rejects/0/sample/0/field"), "name");
    EXPECT_EQ(text_at(waybill, "/rejects/0/sample/0/value"), "Łukasz");
    EXPECT_EQ(text_at(waybill, "/files/0/rows"), "3");

    const auto rejects = company.rowhaul({"waybill", "--rejects"});
    EXPECT_EQ(rejects.status, 0);
    EXPECT_THAT(rejects.output,
                ::testing::StartsWith("mapping,file,line,row,key,reason,field,value,message,header,raw\npeople,,,3,,"));
    EXPECT_THAT(rejects.output, HasSubstr(",name,Łukasz,"));
}

TEST_F(Files, TheRejectsOfATaskAreOneTable) {
    company.sql("insert into people values (3, 'Łukasz')");
    company.configure(
        "defaults: { source: { connection: shop, table: people },\n"
        "  target: { connection: export, file: '{mapping}.csv', format: { type: csv, encoding: iso-8859-1 } } }\n"
        "mappings: { one: {}, two: {} }\n"
        "tasks: { both: { mappings: [one, two] } }\n");
    EXPECT_EQ(company.rowhaul({"run", "both"}).status, 3);
    const auto rejects = company.rowhaul({"waybill", "--rejects"}).output;
    EXPECT_EQ(std::ranges::count(rejects, '\n'), 3) << rejects;
    EXPECT_THAT(rejects, HasSubstr("\none,,,3,"));
    EXPECT_THAT(rejects, HasSubstr("\ntwo,,,3,"));
}

TEST_F(Files, AFileMayLieInAFolderThatIsMade) {
    map_people("file: 'a/b/people.csv'");
    EXPECT_EQ(run_people(), 0);
    EXPECT_THAT(company.files(), ElementsAre("a", "a/b", "a/b/people.csv"));
}

TEST_F(Files, ANameThatLeavesTheFolderIsRefused) {
    for (const std::string name : {"../people.csv", "/tmp/people.csv", "a/../../people.csv"}) {
        map_people(fmt::format("file: '{}'", name));
        const auto run = company.rowhaul({"run", "people"});
        EXPECT_EQ(run.status, 2) << name;
        EXPECT_THAT(run.errors, HasSubstr("mappings.people.target.file")) << name;
    }
    EXPECT_THAT(company.files(), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(company / "people.csv"));
}

// ---- tasks

TEST_F(Files, PublishedTogetherAllFilesCarryOneDate) {
    // The first mapping takes longer than the second that a {date} shows.
    company.configure(
        "defaults: { source: { connection: shop }, target: { connection: export, file: '{mapping}_{date}.csv' } }\n"
        "mappings:\n"
        "  a: { source: { query: 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000)"
        " select max(i) from n' } }\n"
        "  b: { source: { table: people } }\n"
        "tasks: { nightly: { mappings: [a, b], publish: together } }\n");
    EXPECT_EQ(company.rowhaul({"run", "nightly"}).status, 0);
    const auto files = company.files();
    ASSERT_THAT(files, SizeIs(2));
    EXPECT_EQ(files[0].substr(1), files[1].substr(1));
}

TEST_F(Files, PublishedTogetherNothingAppearsWhenTheLastMappingFails) {
    write_file(company / "out/a.csv", "old a");
    write_file(company / "out/b.csv", "old b");
    company.configure(
        "defaults: { source: { connection: shop }, target: { connection: export, file: '{mapping}.csv' } }\n"
        "mappings: { a: { source: { table: people } }, b: { source: { table: missing } } }\n"
        "tasks: { nightly: { mappings: [a, b], publish: together } }\n");

    EXPECT_EQ(company.rowhaul({"run", "nightly"}).status, 1);

    EXPECT_THAT(company.files(), ElementsAre("a.csv", "b.csv"));
    EXPECT_EQ(company.exported("a.csv"), "old a");
    EXPECT_EQ(company.exported("b.csv"), "old b");
    const auto history = company.history();
    ASSERT_THAT(history, SizeIs(3));
    for (const auto& entry : history) {
        EXPECT_EQ(text_at(entry, "/outcome"), "failed") << entry;
    }
    EXPECT_THAT(text_at(company.history("a"), "/0/message"), HasSubstr("another of its mappings"));
    EXPECT_THAT(text_at(company.history("nightly"), "/0/message"), HasSubstr("missing"));
}

TEST_F(Files, PublishedEachAFailureDoesNotKeepTheOthersBack) {
    company.configure(
        "defaults: { source: { connection: shop }, target: { connection: export, file: '{mapping}.csv' } }\n"
        "mappings: { a: { source: { table: missing } }, b: { source: { table: people } } }\n"
        "tasks: { nightly: { mappings: [a, b] } }\n");
    EXPECT_EQ(company.rowhaul({"run", "nightly"}).status, 1);
    EXPECT_THAT(company.files(), ElementsAre("b.csv"));
}

TEST_F(Files, ADisabledTaskDoesNotRun) {
    map_people("file: people.csv", "tasks: { nightly: { mappings: [people], enabled: false } }\n");
    const auto run = company.rowhaul({"run", "nightly"});
    EXPECT_EQ(run.status, 2);
    EXPECT_THAT(run.errors, HasSubstr("switched off"));
    EXPECT_THAT(company.files(), IsEmpty());
    EXPECT_EQ(text_at(company.history(), "/0/task"), "nightly");
}

}  // namespace
}  // namespace rowhaul::testing
