// SPDX-License-Identifier: Apache-2.0
#include "connector/file_source.h"

#include "format/csv.h"
#include "format/xlsx.h"
#include "io/compression.h"
#include "io/digest.h"
#include "testing/streams.h"
#include "testing/suite/read_rows.h"
#include "testing/temporary_folder.h"
#include "testing/workbook.h"

#include <gmock/gmock.h>
#include <map>

namespace rowhaul {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Row;
using ::testing::SizeIs;

constexpr auto noon = std::chrono::sys_seconds(std::chrono::seconds(1'800'000'000));

std::string sha256_of(std::string_view bytes) {
    Hash hash(HashAlgorithm::Sha256);
    hash.update(as_bytes(bytes));
    return hash.finish();
}

// Files in memory, on a server that can be made to misbehave.
class MemoryServer final : public Transport {
public:
    struct File {
        std::string bytes;
        std::optional<std::chrono::sys_seconds> modified = noon - 1h;
        std::optional<std::uint64_t> claimed_size;
    };
    bool lists_rough_times = false;
    std::map<std::string, File> files;
    std::vector<std::string> folders;
    std::function<void()> while_reading = [] {};
    std::function<void()> after_listing = [] {};
    int reads = 0;
    bool refuses_renames = false;
    bool refuses_writes = false;

    Capabilities capabilities() const override { return {}; }
    void reconnect() override {}
    std::optional<Entry> stat(const Context&, std::string_view path) override {
        const auto found = files.find(std::string(path));
        return found == files.end() ? std::nullopt : std::optional(entry(*found));
    }
    void list(const Context&, std::string_view, const std::function<bool(const Entry&)>& each) override {
        for (const auto& file : files) {
            if (file.first.find('/') == std::string::npos) {
                auto listed = entry(file);
                if (lists_rough_times && listed.modified) {
                    listed.modified = std::chrono::floor<std::chrono::minutes>(*listed.modified - 5h);
                    listed.is_roughly_timed = true;
                }
                each(listed);
            }
        }
        after_listing();
    }
    std::unique_ptr<InputStream> read(const Context&, std::string_view path, std::uint64_t) override {
        ++reads;
        auto bytes = files.at(std::string(path)).bytes;
        while_reading();
        return std::make_unique<testing::MemoryInput>(std::move(bytes));
    }
    std::unique_ptr<OutputStream> write(const Context&, std::string_view path, std::uint64_t) override {
        if (refuses_writes) {
            throw Error(ErrorKind::Denied, "writing is not allowed");
        }
        class Output final : public OutputStream {
        public:
            explicit Output(std::string& bytes) : bytes_(bytes) {}
            void write(const Context&, std::span<const std::byte> bytes) override { bytes_ += as_text(bytes); }
            void commit(const Context&) override {}

        private:
            std::string& bytes_;
        };
        return std::make_unique<Output>((files[std::string(path)] = {}).bytes);
    }
    void rename(const Context&, std::string_view from, std::string_view to) override {
        if (refuses_renames) {
            throw Error(ErrorKind::Denied, "renaming is not allowed");
        }
        auto file = files.extract(std::string(from));
        file.key() = to;
        files.insert(std::move(file));
    }
    void remove(const Context&, std::string_view path) override { files.erase(std::string(path)); }
    void make_folder(const Context&, std::string_view path) override { folders.emplace_back(path); }
    std::optional<Checksum> checksum(const Context&, std::string_view) override { return {}; }

private:
    static Entry entry(const std::pair<const std::string, File>& file) {
        return {.path = file.first,
                .is_folder = false,
                .size = file.second.claimed_size.value_or(file.second.bytes.size()),
                .modified = file.second.modified};
    }
};

// What was taken in, as a store would know it.
class Ledger final : public TakenFiles {
public:
    std::vector<SourceFile> taken;
    std::string taken_by(const std::string& sha256) const override {
        return std::ranges::find(taken, sha256, &SourceFile::sha256) == taken.end() ? "" : "01EARLIER";
    }
    std::optional<SourceFile> latest(const std::string& name) const override {
        const auto found = std::ranges::find(taken.rbegin(), taken.rend(), name, &SourceFile::name);
        return found == taken.rend() ? std::nullopt : std::optional(*found);
    }
};

// One run over what the server has.
struct Reading {
    bool has_input = false;
    std::vector<Row> rows;
    std::vector<Reject> rejects;
    std::vector<SourceFile> files;
    std::vector<std::string> warnings;
    std::string failure;

    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& file : files) {
            all.push_back(file.name);
        }
        return all;
    }
    std::vector<std::string> problems() const {
        std::vector<std::string> all;
        for (const auto& file : files) {
            if (!file.problem.empty()) {
                all.push_back(file.problem);
            }
        }
        return all;
    }
};

class FileSourceTest : public ::testing::Test {
protected:
    FileSourceTest() { options.files = "*.csv"; }

    // One second after the file before.
    void put(const std::string& name, const std::string& bytes) {
        server.files[name] = {.bytes = bytes, .modified = written_ += 1s, .claimed_size = {}};
    }

    // As MappingRun does it: from the start once more for every part that is set aside.
    Reading run(const std::vector<std::string>& columns = {"id"}) {
        Reading result;
        FileSource::Plan plan{
            .options = options,
            .format = format(),
            .request = {.mapping = "m", .execution = "01EXECUTION", .taken = &ledger, .spool = spool}};
        plan.clock.now = [this] { return now; };
        plan.clock.wait = [this](const Context&, std::chrono::seconds duration) {
            now += duration;
            while_waiting();
        };
        FileSource source(server, std::move(plan));
        const Context context;
        for (bool again = true; again;) {
            again = false;
            result.rows.clear();
            result.rejects.clear();
            try {
                result.has_input = source.prepare(context);
                if (result.has_input) {
                    const auto reader = source.open(
                        context, columns, [&](Reject reject) { result.rejects.push_back(std::move(reject)); });
                    result.rows = testing::rows_of(context, *reader, columns.size());
                }
            } catch (const Error& error) {
                again = source.set_aside(error);
                result.failure = again ? "" : error.what();
            }
        }
        if (result.failure.empty()) {
            before_concluding();
            source.conclude(context);
        }
        result.files = source.files();
        for (const auto& warning : source.warnings()) {
            result.warnings.push_back(warning.code);
        }
        if (result.failure.empty()) {
            for (const auto& file : result.files) {
                if (file.problem.empty()) {
                    ledger.taken.push_back(file);
                }
            }
        }
        return result;
    }

    MemoryServer server;
    FileSourceOptions options;
    std::function<std::unique_ptr<Format>()> format = [] { return std::make_unique<CsvFormat>(CsvOptions{}); };
    SpoolPlace spool;
    Ledger ledger;
    Moment now = noon;
    std::function<void()> while_waiting = [] {};
    std::function<void()> before_concluding = [] {};

private:
    std::chrono::sys_seconds written_ = noon - 1h;
};

TEST_F(FileSourceTest, ReadsMatchingFilesInTheOrderOfTheirNames) {
    put("b.csv", "id\n3\n");
    put("a.csv", "name,id\nx,1\ny,2\n");
    put("c.txt", "id\n4\n");
    put(".hidden.csv", "id\n5\n");
    const auto result = run();
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1"}, {"2"}, {"3"}}));
    ASSERT_THAT(result.names(), ElementsAre("a.csv", "b.csv"));
    EXPECT_EQ(result.files[0].rows, 2U);
    EXPECT_EQ(result.files[0].bytes, 16U);
    EXPECT_EQ(result.files[0].sha256.size(), 64U);
    EXPECT_EQ(result.files[0].header, "name,id");
}

TEST_F(FileSourceTest, ReadsOldestFirstWhenAskedTo) {
    put("a.csv", "id\n1\n");
    put("b.csv", "id\n2\n");
    server.files["b.csv"].modified = noon - 2h;
    options.order = FileOrder::Time;
    EXPECT_THAT(run().names(), ElementsAre("b.csv", "a.csv"));
}

TEST_F(FileSourceTest, ReadsTheNewestAlone) {
    put("b.csv", "id\n2\n");
    put("a.csv", "id\n1\n");
    options.newest = true;
    EXPECT_THAT(run().names(), ElementsAre("a.csv"));
}

TEST_F(FileSourceTest, ANewestFileWithAHeaderAloneGivesNoRows) {
    put("a.csv", "id\n");
    options.newest = true;
    const auto result = run();
    EXPECT_TRUE(result.has_input);
    EXPECT_THAT(result.rows, IsEmpty());
    EXPECT_THAT(result.names(), ElementsAre("a.csv"));
}

TEST_F(FileSourceTest, EmptyFilesAreTakenInWithoutRows) {
    put("a.csv", "");
    put("b.csv", "id\n1\n");
    put("c.csv", "");
    const auto result = run();
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1"}}));
    EXPECT_THAT(result.names(), ElementsAre("a.csv", "b.csv", "c.csv"));
    EXPECT_THAT(result.warnings, ElementsAre("file_empty"));
}

TEST_F(FileSourceTest, AFileOfEmptyLinesIsEmpty) {
    put("a.csv", "\n\r\n\n");
    const auto result = run();
    EXPECT_FALSE(result.has_input);
    EXPECT_THAT(result.warnings, ElementsAre("file_empty"));
}

TEST_F(FileSourceTest, AFileWithAnotherDelimiterThanTheFirstIsToldSo) {
    put("a.csv", "id,b\n1,2\n");
    put("b.csv", "id;b\n1;2\n");
    const auto result = run();
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1"}}));
    EXPECT_THAT(result.files[1].problem, HasSubstr("b.csv: has no column \"id\""));
}

TEST_F(FileSourceTest, AZipArchiveIsReadWhateverItIsCalled) {
    const testing::RawZip zip{.name = "prices.txt", .content = "id\n1\n2\n"};
    put("a.csv", zip.bytes());
    put("b.csv", testing::zipped({{"1.csv", "id\n3\n"}, {"2.csv", "id\n4\n"}}));
    const auto result = run();
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1"}, {"2"}}));
    ASSERT_THAT(result.names(), ElementsAre("a.csv", "b.csv"));
    EXPECT_EQ(result.files[0].bytes, zip.bytes().size());
    EXPECT_THAT(result.files[1].problem, HasSubstr("b.csv: is a zip archive with 2 files"));
}

TEST_F(FileSourceTest, AWorkbookIsToldFromAnArchiveOfCsv) {
    const auto book = testing::zipped(testing::parts_of(
        {.sheets = {{"S", "<sheetData><row><c t=\"str\"><v>id</v></c></row><row><c><v>7</v></c></row></sheetData>"}}}));
    put("a.csv", book);
    EXPECT_THAT(run().failure, HasSubstr("a.csv: is an Excel workbook"));
    format = [] { return std::make_unique<XlsxFormat>(XlsxOptions{}); };
    EXPECT_EQ(run().rows, (std::vector<Row>{{"7"}}));
    put("a.csv", testing::zipped({{"book.xlsx", book}}));
    EXPECT_EQ(run().rows, (std::vector<Row>{{"7"}}));
}

TEST_F(FileSourceTest, WhatDoesNotFitIntoMemoryGoesToThePlaceOfTheRun) {
    const testing::TemporaryFolder folder;
    testing::write_file(folder / "home", "in the way");
    spool.folder = folder / "home/tmp";
    put("a.csv", testing::zipped({{"a.csv", "id\n1\n"}}));
    EXPECT_THAT(run().failure, HasSubstr("temporary file in " + spool.folder.string()));
    put("a.csv", testing::zipped(testing::parts_of({.sheets = {{"S", ""}}})));
    format = [] { return std::make_unique<XlsxFormat>(XlsxOptions{}); };
    EXPECT_THAT(run().failure, HasSubstr("temporary file in " + spool.folder.string()));
}

TEST_F(FileSourceTest, RejectsTellTheirFile) {
    put("a.csv", "id,b\n1,2\n3\n");
    put("b.csv", "id,b\n1\n");
    const auto result = run();
    ASSERT_THAT(result.rejects, SizeIs(2));
    EXPECT_EQ(result.rejects[0].file, "a.csv");
    EXPECT_EQ(result.rejects[0].line, 3U);
    EXPECT_EQ(result.rejects[1].file, "b.csv");
    EXPECT_EQ(result.files[0].rejected, 1U);
}

TEST_F(FileSourceTest, NoFileIsNothingToMoveForAPatternAndAFailureForAFile) {
    EXPECT_FALSE(run().has_input);
    EXPECT_THAT(run().warnings, ElementsAre("no_file"));
    options = {.file = "a.csv"};
    EXPECT_THAT(run().failure, HasSubstr("there is no file \"a.csv\""));
    options.if_missing = IfMissing::Empty;
    EXPECT_EQ(run().failure, "");
    options = {.file = "a.csv", .after = {.action = AfterAction::Delete}};
    EXPECT_EQ(run().failure, "") << "the last run took it away";
    options = {.files = "*", .if_missing = IfMissing::Fail};
    EXPECT_NE(run().failure, "");
}

// ---- files that are still being written ----

TEST_F(FileSourceTest, AYoungFileIsNotRead) {
    put("a.csv", "id\n1\n");
    put("b.csv", "id\n2\n");
    server.files["b.csv"].modified = noon - 59s;
    options.settle.age = 60s;
    const auto result = run();
    EXPECT_THAT(result.names(), ElementsAre("a.csv"));
    EXPECT_THAT(result.warnings, ElementsAre("file_not_settled"));
    now += 1s;
    EXPECT_THAT(run().names(), ElementsAre("b.csv"));
}

// As LIST tells times: without seconds, and in the zone of a server far in the west.
TEST_F(FileSourceTest, ARoughTimeOfAListingSettlesNothing) {
    server.lists_rough_times = true;
    put("a.csv", "id\n1\n");
    put("b.csv", "id\n2\n");
    server.files["b.csv"].modified = noon - 59s;
    options.settle.age = 60s;
    EXPECT_THAT(run().names(), ElementsAre("a.csv"));
    const auto reads = server.reads;
    EXPECT_THAT(run().warnings, ElementsAre("file_not_settled", "file_taken_before"));
    EXPECT_EQ(server.reads, reads) << "an exact time says that a file was taken in before";
}

TEST_F(FileSourceTest, ARoughTimeOfAListingOrdersNothing) {
    server.lists_rough_times = true;
    put("b.csv", "id\n2\n");
    put("a.csv", "id\n1\n");
    options.order = FileOrder::Time;
    EXPECT_THAT(run().names(), ElementsAre("b.csv", "a.csv"));
}

TEST_F(FileSourceTest, AFileThatIsWrittenAgainWhileItWaitsForItsTurnIsNotRead) {
    put("a.csv", "id\n1\n");
    put("b.csv", "id\n2\n");
    server.while_reading = [this] { server.files["b.csv"] = {.bytes = "id\n", .modified = noon, .claimed_size = {}}; };
    options.settle.age = 60s;
    options.after = {.action = AfterAction::Delete};
    const auto result = run();
    EXPECT_EQ(result.failure, "");
    EXPECT_THAT(result.names(), ElementsAre("a.csv"));
    EXPECT_THAT(result.warnings, ElementsAre("file_not_settled"));
    EXPECT_THAT(server.files, ElementsAre(::testing::Key("b.csv")));
}

TEST_F(FileSourceTest, AnAgeNeedsAServerThatTellsTimes) {
    put("a.csv", "id\n1\n");
    server.files["a.csv"].modified.reset();
    options.settle.age = 60s;
    EXPECT_THAT(run().failure, HasSubstr("does not tell exactly when \"a.csv\" was written"));
}

TEST_F(FileSourceTest, AFileThatGrowsBetweenTwoLooksIsNotRead) {
    put("a.csv", "id\n1\n");
    put("b.csv", "id\n2\n");
    options.settle.stable = 5s;
    while_waiting = [this] { server.files["b.csv"].bytes += "3\n"; };
    EXPECT_THAT(run().names(), ElementsAre("a.csv"));
    EXPECT_EQ(now, noon + 5s);
}

TEST_F(FileSourceTest, AFileWithoutItsMarkerIsNotRead) {
    put("a.csv", "id\n1\n");
    put("b.csv", "id\n2\n");
    put("a.done.csv", "");
    options.settle.marker = "{stem}.done.csv";
    options.after = {.action = AfterAction::Move, .move = "done"};
    EXPECT_THAT(run().names(), ElementsAre("a.csv"));
    EXPECT_THAT(server.files, ::testing::Contains(::testing::Key("done/a.csv")));
    EXPECT_THAT(server.files, ::testing::Not(::testing::Contains(::testing::Key("a.done.csv"))));
}

// Failure story 9: what a server takes for whole is not, unless size, digest and number of rows say so.
TEST_F(FileSourceTest, AFileThatItsManifestDoesNotPromiseIsNotRead) {
    options.settle.manifest = "{name}.json";
    options.after = {.action = AfterAction::Delete, .move = {}};
    put("a.csv", "id\n1\n");
    put("b.csv", "id\n2\n");
    put("c.csv", "id\n3\n");
    put("d.csv", "id\n4\n");
    put("a.csv.json", R"({"bytes": 5, "rows": 1, "sha1": "da0a32e745d2c9d849a36ad40ad1b4448674b1b4"})");
    put("b.csv.json", R"({"bytes": 50})");
    put("c.csv.json", R"({"bytes": 5, "ro)");
    const auto result = run();
    EXPECT_THAT(result.names(), ElementsAre("a.csv"));
    EXPECT_THAT(result.warnings, ElementsAre("file_not_settled"));
    EXPECT_THAT(server.files, ::testing::Not(::testing::Contains(::testing::Key("a.csv.json"))));
    EXPECT_THAT(server.files, SizeIs(5));
}

TEST_F(FileSourceTest, AManifestIsMovedWithItsFile) {
    options.settle.manifest = "{name}.sha256";
    options.after = {.action = AfterAction::Move, .move = "done"};
    options.set_aside = "bad";
    put("a.csv", "id\n1\n");
    put("b.csv", "id\n2\n");
    put("a.csv.sha256", sha256_of("id\n1\n") + "  a.csv\n");
    put("b.csv.sha256", sha256_of("id\n3\n") + "  b.csv\n");
    EXPECT_THAT(run().problems(), ElementsAre(HasSubstr("b.csv: is not what its manifest promises: its digest is")));
    std::vector<std::string> names;
    for (const auto& file : server.files) {
        names.push_back(file.first);
    }
    EXPECT_THAT(names, ElementsAre("bad/b.csv", "bad/b.csv.sha256", "bad/b.csv.waybill.json", "done/a.csv",
                                   "done/a.csv.sha256"));
}

TEST_F(FileSourceTest, AFileThatIsNotWhatItsManifestPromisesIsSetAside) {
    options.settle.manifest = "SUMS.json";
    put("a.csv", "id\n1\n");
    put("b.csv", "id\n2\n");
    put("c.csv", "id\n3\n");
    put("SUMS.json", R"({"files": [{"name": "a.csv", "rows": 1}, {"name": "out/b.csv", "rows": 2},
                                   {"name": "c.csv", "md5": "d41d8cd98f00b204e9800998ecf8427e"}]})");
    const auto result = run();
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1"}}));
    EXPECT_THAT(result.problems(),
                ElementsAre(HasSubstr("b.csv: is not what its manifest promises: its number of rows is 1, not 2"),
                            HasSubstr("not d41d8cd98f00b204e9800998ecf8427e")));
    EXPECT_THAT(server.files, ::testing::Contains(::testing::Key("SUMS.json")));
}

TEST_F(FileSourceTest, AFileThatChangesWhileItIsReadFailsTheRun) {
    put("a.csv", "id\n1\n");
    put("b.csv", "id\n2\n");
    server.while_reading = [this] { server.files["b.csv"].bytes += "3\n"; };
    const auto result = run();
    EXPECT_THAT(result.failure, HasSubstr("b.csv: changed while it was being read"));
}

// Failure story 11: nothing may be missing at the start or the end of a file.
TEST_F(FileSourceTest, AServerThatDeliversLessOrMoreThanItSaysFailsTheRun) {
    for (const std::uint64_t claimed : {3, 7, 1000}) {
        put("a.csv", "id\n1\n");
        server.files["a.csv"].claimed_size = claimed;
        EXPECT_THAT(run().failure, HasSubstr("bytes, but delivered 5")) << claimed;
    }
}

TEST_F(FileSourceTest, AFileThatVanishesAfterLookingIsNoFile) {
    put("a.csv", "id\n1\n");
    put("b.csv", "id\n2\n");
    server.after_listing = [this] { server.files.erase("b.csv"); };
    const auto result = run();
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1"}}));
    EXPECT_THAT(result.names(), ElementsAre("a.csv"));
    EXPECT_THAT(result.warnings, ElementsAre("file_vanished"));
}

// ---- never twice (P8) ----

TEST_F(FileSourceTest, AFileIsNotTakenInTwice) {
    put("a.csv", "id\n1\n");
    EXPECT_THAT(run().rows, SizeIs(1));
    const auto reads = server.reads;
    const auto second = run();
    EXPECT_FALSE(second.has_input);
    EXPECT_THAT(second.warnings, ElementsAre("file_taken_before"));
    EXPECT_EQ(server.reads, reads) << "name, size and time said enough";
}

TEST_F(FileSourceTest, TheSameContentUnderAnotherNameOrTimeIsNotTakenInTwice) {
    put("a.csv", "id\n1\n");
    run();
    put("b.csv", "id\n1\n");
    server.files["a.csv"].modified = noon;
    const auto second = run();
    EXPECT_THAT(second.rows, IsEmpty());
    EXPECT_EQ(second.failure, "");
    put("c.csv", "id\n2\n");
    const auto third = run();
    EXPECT_EQ(third.rows, (std::vector<Row>{{"2"}}));
    EXPECT_THAT(third.names(), ElementsAre("c.csv"));
}

TEST_F(FileSourceTest, TwoEqualFilesOfOneRunCountOnce) {
    put("a.csv", "id\n1\n");
    put("b.csv", "id\n1\n");
    const auto result = run();
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1"}}));
    EXPECT_THAT(result.names(), ElementsAre("a.csv"));
}

TEST_F(FileSourceTest, NewContentUnderAnOldNameIsTakenIn) {
    put("a.csv", "id\n1\n");
    run();
    put("a.csv", "id\n2\n");
    server.files["a.csv"].modified = noon - 30min;
    EXPECT_EQ(run().rows, (std::vector<Row>{{"2"}}));
}

TEST_F(FileSourceTest, AFileWrittenInTheSecondItWasReadIsReadAgainToBeSure) {
    put("a.csv", "id\n1\n");
    server.files["a.csv"].modified = noon;
    run();
    put("a.csv", "id\n2\n");
    server.files["a.csv"].modified = noon;
    EXPECT_EQ(run().rows, (std::vector<Row>{{"2"}}));
}

TEST_F(FileSourceTest, AFileIsTakenInAgainWhenAskedFor) {
    put("a.csv", "id\n1\n");
    run();
    options.again = true;
    EXPECT_THAT(run().rows, SizeIs(1));
}

// ---- bad files ----

TEST_F(FileSourceTest, OneBadFileDoesNotStopTheOthers) {
    put("a.csv", "id\n1\n");
    put("b.csv", "id,name,id\n");
    put("c.csv", "%PDF-1.7");
    put("d.csv", "name\nx\n");
    put("e.csv", "id\n5\n");
    const auto result = run();
    EXPECT_EQ(result.failure, "");
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1"}, {"5"}}));
    ASSERT_THAT(result.names(), ElementsAre("a.csv", "b.csv", "c.csv", "d.csv", "e.csv"));
    EXPECT_THAT(result.files[1].problem, HasSubstr("both called \"id\""));
    EXPECT_THAT(result.files[2].problem, HasSubstr("PDF"));
    EXPECT_THAT(result.files[3].problem, HasSubstr("has no column \"id\""));
    EXPECT_EQ(result.files[4].problem, "");
}

TEST_F(FileSourceTest, AFileThatBreaksOffInTheMiddleGivesNoRows) {
    put("a.csv", "id\n1\n");
    // gzip of "id\n2\n", without its last bytes.
    put("b.csv", std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x4c\xe1\x32", 14));
    const auto result = run();
    EXPECT_EQ(result.rows, (std::vector<Row>{{"1"}}));
    EXPECT_THAT(result.files[1].problem, HasSubstr("b.csv: ends in the middle of its gzip data"));
}

TEST_F(FileSourceTest, AnOnlyBadFileFailsTheRun) {
    put("a.csv", "%PDF-1.7");
    EXPECT_THAT(run().failure, HasSubstr("a.csv: is a PDF document, not text"));
}

TEST_F(FileSourceTest, BadFilesAreMovedAwayWhenThereIsAPlaceForThem) {
    put("a.csv", "id\n1\n");
    put("b.csv", "%PDF-1.7");
    options.set_aside = "bad/";
    EXPECT_EQ(run().files[1].moved_to, "bad/b.csv");
    EXPECT_THAT(server.files, ElementsAre(::testing::Key("a.csv"), ::testing::Key("bad/b.csv"),
                                          ::testing::Key("bad/b.csv.waybill.json")));
}

TEST_F(FileSourceTest, ANoteBesideABadFileSaysWhoSetItAsideAndWhy) {
    std::string content = "id,b\n3\n";
    for (int i = 0; i < 50'000; ++i) {
        content += std::to_string(i) + ",x\n";
    }
    testing::Received gzip;
    const auto stream = compressing(std::make_unique<testing::MemoryOutput>(gzip), {.method = Compression::Gzip});
    stream->write({}, as_bytes(content));
    stream->commit({});
    put("a.csv", "id\n1\n");
    put("b.csv", gzip.bytes.substr(0, gzip.bytes.size() - 9));
    options.set_aside = "bad";
    EXPECT_EQ(run().rows, (std::vector<Row>{{"1"}}));
    const auto note = server.files.at("bad/b.csv.waybill.json").bytes;
    for (const auto& part :
         {std::string("\"execution\": \"01EXECUTION\""), std::string("\"mapping\": \"m\""),
          "\"written\": \"" + utc_text(noon), std::string("b.csv: ends in the middle of its gzip data"),
          std::string("\"moved_to\": \"bad/b.csv\""), "\"sha256\": \"" + sha256_of(server.files.at("bad/b.csv").bytes),
          std::string("\"delivered\": 0"), std::string("\"rejected\": 1"), std::string("\"reason\": \"ragged_row\"")}) {
        EXPECT_THAT(note, HasSubstr(part));
    }
}

TEST_F(FileSourceTest, ANoteIsNeverReadAsAFile) {
    put("a.csv", "id\n1\n");
    put("b.csv.waybill.json", "{}");
    options.files = "*";
    EXPECT_THAT(run().names(), ElementsAre("a.csv"));
    options.files = "*.waybill.json";
    EXPECT_THAT(run({"{}"}).names(), ElementsAre("b.csv.waybill.json"));
}

TEST_F(FileSourceTest, ANoteThatCannotBeWrittenIsAWarning) {
    put("a.csv", "id\n1\n");
    put("b.csv", "%PDF-1.7");
    options.set_aside = "bad";
    server.refuses_writes = true;
    const auto result = run();
    EXPECT_EQ(result.failure, "");
    EXPECT_EQ(result.files[1].moved_to, "bad/b.csv");
    EXPECT_THAT(result.warnings, ElementsAre("file_set_aside", "note_not_written"));
    EXPECT_THAT(server.files, ElementsAre(::testing::Key("a.csv"), ::testing::Key("bad/b.csv")));
}

// ---- afterwards ----

TEST_F(FileSourceTest, FilesAreDeletedOrMovedAfterwardsUnderAFreeName) {
    put("a.csv", "id\n1\n");
    options.after = {.action = AfterAction::Move, .move = "done/"};
    EXPECT_EQ(run().files[0].moved_to, "done/a.csv");
    put("a.csv", "id\n2\n");
    EXPECT_EQ(run().files[0].moved_to, "done/a_1.csv");
    EXPECT_THAT(server.folders, ElementsAre("done", "done"));
    put("a.csv", "id\n3\n");
    options.after = {.action = AfterAction::Delete};
    EXPECT_EQ(run().rows, (std::vector<Row>{{"3"}}));
    EXPECT_THAT(server.files, SizeIs(2));
}

TEST_F(FileSourceTest, AnotherFileThatLooksLikeTheOneThatWasDeletedIsTakenIn) {
    put("a.csv", "id\n1\n");
    const auto written = server.files["a.csv"].modified;
    options.after = {.action = AfterAction::Delete};
    run();
    put("a.csv", "id\n2\n");
    server.files["a.csv"].modified = written;
    EXPECT_EQ(run().rows, (std::vector<Row>{{"2"}}));
}

TEST_F(FileSourceTest, AFileThatCouldNotBeMovedIsMovedByTheNextRun) {
    put("a.csv", "id\n1\n");
    options.after = {.action = AfterAction::Move, .move = "done"};
    server.refuses_renames = true;
    const auto first = run();
    EXPECT_THAT(first.rows, SizeIs(1));
    EXPECT_THAT(first.warnings, ElementsAre("file_not_moved"));
    server.refuses_renames = false;
    EXPECT_THAT(run().rows, IsEmpty());
    EXPECT_THAT(server.files, ElementsAre(::testing::Key("done/a.csv")));
}

TEST_F(FileSourceTest, AFileThatIsWrittenAgainAfterItWasReadIsNotDeletedAndReadNextTime) {
    for (const auto action : {AfterAction::Delete, AfterAction::Move}) {
        put("a.csv", "id\n1\n");
        options.after = {.action = action, .move = "done"};
        options.again = true;
        before_concluding = [this] { put("a.csv", "id\n9\n"); };
        EXPECT_THAT(run().warnings, ElementsAre("file_changed_since"));
        before_concluding = [] {};
        EXPECT_EQ(run().rows, (std::vector<Row>{{"9"}}));
        EXPECT_FALSE(server.files.contains("a.csv"));
    }
}

TEST_F(FileSourceTest, AFailedRunLeavesEveryFileInItsPlace) {
    put("a.csv", "id\n1\n");
    options.after = {.action = AfterAction::Delete};
    server.files["a.csv"].claimed_size = 99;
    EXPECT_NE(run().failure, "");
    EXPECT_THAT(server.files, SizeIs(1));
}

}  // namespace
}  // namespace rowhaul
