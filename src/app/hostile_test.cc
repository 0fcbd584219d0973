// SPDX-License-Identifier: Apache-2.0
// Whole flows under hostile settings: batches of one row, seven bytes at a time, a retry that remembers
// next to nothing, and a link, disk or source that fails at every single call in turn. Whatever happens:
// the final name bears the old file, the whole new one or nothing, the history tells how the run ended,
// and the next run over a healed link is as if nothing had been.
//
// In the usual tests some calls are passed over; ROWHAUL_LONG_TESTS=1 lets every one fail.
#include "app/components.h"
#include "database/sqlite_handle.h"
#include "execution/executor.h"
#include "testing/one_row_database.h"
#include "testing/suite/transport_faults.h"
#include "testing/suite/wrapped_catalog.h"
#include "testing/temporary_folder.h"
#include "testing/thoroughness.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <map>

namespace rowhaul {
namespace {

using testing::Fault;
using testing::FaultPlan;
using testing::SourceFault;
using testing::TemporaryFolder;

using Files = std::map<std::string, std::string>;  // by path below "out"

struct Hostility {
    std::size_t most_bytes = 7;
    bool renames_replace = true;
    bool offers_checksums = false;
    std::size_t most_window_bytes = std::size_t{1} << 16;  // of RetryOptions
    int attempts = 5;
};

struct Flow {
    std::string name;
    std::string connection;  // more options of the connection "out"
    std::string target;      // more options of the target
    std::string file = "people.csv";
    Files before;  // what lies there already
    Hostility hostility;
    // A server where files cannot be renamed holds a short one until a session can be made again.
    bool may_be_short_while_dead = false;
    RunOutcome outcome = RunOutcome::Succeeded;
};

std::ostream& operator<<(std::ostream& out, const Flow& flow) {
    return out << flow.name;
}

// The program's components, each in its hostile coat.
Catalog hostile(const std::shared_ptr<FaultPlan>& link, const std::shared_ptr<SourceFault>& source,
                const Hostility& hostility) {
    const Catalog plain = testing::with_transports(components(), [link](std::unique_ptr<Transport> inner) {
        return std::make_unique<testing::FaultTransport>(std::move(inner), link);
    });
    Catalog catalog;
    for (const auto& transport : plain.transports()) {
        catalog.add(transport);
    }
    for (auto database : plain.databases()) {
        database.parse = [parse = database.parse, source](const Node& section, std::string_view path,
                                                          Problems& problems) {
            return [make = parse(section, path, problems), source]() -> std::unique_ptr<Database> {
                return std::make_unique<testing::OneRowDatabase>(make(), source);
            };
        };
        catalog.add(std::move(database));
    }
    for (const auto& format : plain.formats()) {
        catalog.add(format);
    }
    catalog.retry({.attempts = hostility.attempts,
                   .first_pause = {},
                   .longest_pause = {},
                   .most_window_bytes = hostility.most_window_bytes});
    link->most_bytes = hostility.most_bytes;
    link->renames_replace = hostility.renames_replace;
    link->offers_checksums = hostility.offers_checksums;
    return catalog;
}

// One company a try: two tables, and a task of two mappings.
class Company {
public:
    explicit Company(const Flow& flow) {
        std::filesystem::create_directory(folder_ / "out");
        for (const auto& [name, content] : flow.before) {
            testing::write_file(folder_ / ("out/" + name), content);
        }
        SqliteHandle shop(folder_ / "shop.db", SqliteAccess::Create);
        shop.execute(
            "create table people (id integer, name text, note text);"
            "insert into people values (1, 'Jürg', 'likes \"express\"'), (2, '', null),"
            " (3, 'Łukasz', 'rings' || char(10) || 'twice'), (4, 'Zoë', ';,')");
        testing::write_file(
            folder_ / "rowhaul.yaml",
            fmt::format("version: 1\n"
                        "connections:\n"
                        "  shop: {{ type: sqlite, path: '{0}/shop.db' }}\n"
                        "  out: {{ type: local, folder: '{0}/out'{1} }}\n"
                        "defaults: {{ source: {{ connection: shop, table: people }} }}\n"
                        "mappings:\n"
                        "  people: {{ target: {{ connection: out, file: '{2}'{3} }} }}\n"
                        "  again: {{ target: {{ connection: out, file: again.csv }}, fields: [ id, {{ to: who, from: "
                        "name }} ] }}\n"
                        "tasks: {{ both: {{ mappings: [people, again], publish: together }} }}\n",
                        folder_.path().string(), flow.connection, flow.file, flow.target));
    }

    RunResult run(const Catalog& catalog, const std::string& name) {
        const Project project(folder_ / "rowhaul.yaml", catalog);
        Executor executor(project, store_, folder_ / "home", [] { return RunOutcome::Cancelled; });
        RunObserver nobody;
        return executor.run(Context(), {.name = name}, nobody);
    }
    Files files() const {
        Files files;
        const std::filesystem::path out = folder_ / "out";
        for (const auto& entry : std::filesystem::recursive_directory_iterator(out)) {
            if (entry.is_regular_file()) {
                files[entry.path().lexically_relative(out)] = testing::read_file(entry.path());
            }
        }
        return files;
    }
    // Of this machine's own, for files that are complete here first.
    bool has_spooled_files() const {
        const std::filesystem::path spool = folder_ / "home/tmp";
        return std::filesystem::exists(spool) && !std::filesystem::is_empty(spool);
    }
    Store& store() { return store_; }

private:
    TemporaryFolder folder_{TemporaryFolder::Place::Memory};
    Store store_{folder_ / "home"};
};

class Hostile : public ::testing::TestWithParam<Flow> {
protected:
    const Flow& flow() const { return GetParam(); }

    // What the program makes of it where nobody is hostile.
    Files golden(const std::string& name) const {
        Company company(flow());
        const Catalog catalog = components();
        EXPECT_EQ(company.run(catalog, name).outcome, flow().outcome);
        return company.files();
    }

    // Each try is a run that something went wrong in, and one more when all is well again.
    void expect_all_or_nothing(Company& company, const std::string& name, Fault fault, const Files& whole) {
        const Catalog catalog = hostile(link_, source_, flow().hostility);
        const auto result = company.run(catalog, name);
        struck_ = link_->has_struck() || source_->has_struck;
        link_->heal();
        source_->at_row = std::numeric_limits<std::uint64_t>::max();
        source_->has_struck = false;

        const auto found = company.files();
        for (const auto& [file, content] : whole) {
            const auto old = flow().before.find(file);
            const bool is_old = old != flow().before.end() && found.contains(file) && found.at(file) == old->second;
            const bool is_new = found.contains(file) && found.at(file) == content;
            const bool may_be_short = flow().may_be_short_while_dead && fault == Fault::LinkDead;
            EXPECT_TRUE(is_old || is_new || may_be_short || !found.contains(file)) << found.at(file);
            if (result.outcome == flow().outcome) {
                EXPECT_TRUE(is_new) << file << " did not arrive, but the run says it did";
            } else {
                EXPECT_EQ(result.outcome, RunOutcome::Failed);
            }
        }
        EXPECT_FALSE(company.has_spooled_files());
        const auto record = company.store().execution(result.execution);
        ASSERT_TRUE(record);
        // Only who cannot tell leaves it to the next run.
        if (record->state == ExecutionState::Ended || result.outcome != RunOutcome::Failed) {
            EXPECT_EQ(record->outcome, result.outcome);
            const bool is_good = result.outcome == flow().outcome;
            EXPECT_EQ(record->message.empty(), is_good) << record->message;
        }

        EXPECT_EQ(company.run(catalog, name).outcome, flow().outcome);
        for (const auto& known : company.store().history("", 10)) {
            EXPECT_EQ(known.state, ExecutionState::Ended);
        }
        auto after = company.files();
        // When the new file arrived and only the removal of the old one failed, that is told and no more.
        if (found.contains(flow().file) && found.at(flow().file) == whole.at(flow().file)) {
            std::erase_if(after, [](const auto& file) { return file.first.ends_with(".old"); });
        }
        if (flow().name == "numbered") {
            for (const auto& [file, content] : after) {
                EXPECT_EQ(content, whole.at(whole.contains(file) ? file : "people_1.csv")) << file;
            }
        } else {
            EXPECT_EQ(after, whole) << "the next run is to be as if nothing had been";
        }
    }

    void fail_everywhere(const std::string& name) {
        const auto whole = golden(name);
        std::uint64_t failed = 0;
        std::vector<Fault> faults{Fault::NotDone, Fault::HalfDone, Fault::AnswerLost, Fault::LinkDead, Fault::DiskFull};
        if (flow().hostility.offers_checksums) {
            faults.push_back(Fault::Damaged);  // nothing else could notice it
        }
        for (const auto fault : faults) {
            struck_ = true;
            for (std::uint64_t call = 1; struck_ && !HasFatalFailure() && !HasNonfatalFailure(); call += step(call)) {
                SCOPED_TRACE(fmt::format("call {}", call));
                SCOPED_TRACE(fault);
                Company company(flow());
                link_->strike(fault, call);
                expect_all_or_nothing(company, name, fault, whole);
                failed += struck_ ? 1 : 0;
            }
        }
        EXPECT_GE(failed, 15U);
        RecordProperty("failures", static_cast<int>(failed));
    }

    // The first calls, and then some.
    static std::uint64_t step(std::uint64_t call) {
        return testing::is_thorough() || call < 4 ? 1 : testing::is_sanitized ? 37 : 7;
    }

    std::shared_ptr<FaultPlan> link_ = std::make_shared<FaultPlan>();
    std::shared_ptr<SourceFault> source_ = std::make_shared<SourceFault>();
    bool struck_ = false;
};

TEST_P(Hostile, OneRowAndSevenBytesAtATimeMakeTheSameFiles) {
    for (const auto* name : {"people", "both"}) {
        const auto whole = golden(name);
        Company company(flow());
        const Catalog catalog = hostile(link_, source_, flow().hostility);
        EXPECT_EQ(company.run(catalog, name).outcome, flow().outcome);
        EXPECT_EQ(company.files(), whole);
    }
}

TEST_P(Hostile, WhicheverCallFailsTheFileIsWholeOrNotThere) {
    fail_everywhere("people");
}

TEST_P(Hostile, WhicheverCallFailsEveryFileOfATaskIsWholeOrNotThere) {
    fail_everywhere("both");
}

TEST_P(Hostile, WhicheverRowTheSourceBreaksAtNothingIsPublished) {
    for (const std::string name : {"people", "both"}) {
        const auto whole = golden(name);
        struck_ = true;
        for (std::uint64_t row = 1; struck_; ++row) {
            SCOPED_TRACE(row);
            Company company(flow());
            source_->at_row = row;
            const Catalog catalog = hostile(link_, source_, flow().hostility);
            const auto result = company.run(catalog, name);
            if (source_->has_struck) {
                EXPECT_EQ(result.outcome, RunOutcome::Failed);
                EXPECT_EQ(company.files(), flow().before);
            }
            struck_ = source_->has_struck;
            source_->at_row = std::numeric_limits<std::uint64_t>::max();
            source_->has_struck = false;
            expect_all_or_nothing(company, name, Fault::NotDone, whole);
        }
    }
}

const std::vector<Flow> flows{
    {.name = "plain"},
    {.name = "replacing", .before = {{"people.csv", "the file of yesterday"}}},
    {.name = "moving_aside",
     .before = {{"people.csv", "the file of yesterday"}},
     .hostility = {.renames_replace = false}},
    {.name = "numbered", .target = ", if_exists: number", .before = {{"people.csv", "the file of yesterday"}}},
    {.name = "without_renaming",
     .connection = ", rename: false",
     .before = {{"people.csv", "the file of yesterday"}},
     .may_be_short_while_dead = true},
    {.name = "with_checksums", .hostility = {.offers_checksums = true}},
    {.name = "without_renaming_with_checksums",
     .connection = ", rename: false",
     .hostility = {.offers_checksums = true},
     .may_be_short_while_dead = true},
    {.name = "in_folders", .connection = ", temporary_folder: tmp", .file = "in/people.csv"},
    {.name = "gzip", .file = "people.csv.gz"},
    {.name = "with_rejects",
     .target = ", format: { type: csv, encoding: windows-1252 }",
     .outcome = RunOutcome::Partial},
    {.name = "forgetful", .hostility = {.most_window_bytes = 16}},
    {.name = "impatient", .before = {{"people.csv", "the file of yesterday"}}, .hostility = {.attempts = 1}},
};

INSTANTIATE_TEST_SUITE_P(Flows, Hostile, ::testing::ValuesIn(flows), [](const auto& flow) { return flow.param.name; });

}  // namespace
}  // namespace rowhaul
