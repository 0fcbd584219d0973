// SPDX-License-Identifier: Apache-2.0
// What becomes of runs whose process died at a chosen moment, seen by the next run of the mapping.
#include "app/components.h"
#include "database/sqlite_handle.h"
#include "execution/executor.h"
#include "io/digest.h"
#include "testing/temporary_folder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::read_file;
using testing::TemporaryFolder;
using testing::write_file;

// A mapping "people" of one row to out/{sequence}.csv, and a store that remembers a run of it.
class Recovery : public ::testing::Test {
protected:
    static constexpr std::string_view dead = "01A0000000000000000000DEAD";
    static constexpr std::string_view content = "id\n7\n";

    Recovery() {
        std::filesystem::create_directory(folder_ / "out");
        SqliteHandle shop(folder_ / "shop.db", SqliteAccess::Create);
        shop.execute("create table people (id int); insert into people values (7)");
        write_file(folder_ / "rowhaul.yaml",
                   fmt::format("version: 1\n"
                               "connections: {{ shop: {{ type: sqlite, path: '{0}/shop.db' }}, "
                               "out: {{ type: local, folder: '{0}/out' }} }}\n"
                               "mappings: {{ people: {{ source: {{ connection: shop, table: people }}, "
                               "target: {{ connection: out, file: '{{sequence}}.csv' }} }} }}\n",
                               folder_.path().string()));
    }

    void given_a_run_that_died_in(ExecutionState state) {
        const ExecutionRecord record{.id = std::string(dead), .mapping = "people", .started = Moment()};
        store_.begin(record);
        store_.put_file(record.id, 0, {.name = "1.csv"});
        if (state == ExecutionState::Committing) {
            Hash hash(HashAlgorithm::Sha256);
            hash.update(as_bytes(content));
            Waybill waybill{.execution = record.id, .mapping = "people", .kind = "run"};
            waybill.outcome = RunOutcome::Succeeded;
            waybill.report.rows.read = waybill.report.rows.created = 1;
            store_.committing(record.id, {{"1.csv", FileState::Complete, content.size(), 1, "", hash.finish()}},
                              to_json(waybill));
        }
    }
    RunResult run() {
        const Catalog catalog = components();
        const Project project(folder_ / "rowhaul.yaml", catalog);
        Executor executor(project, store_, folder_ / "home", [] { return RunOutcome::Cancelled; });
        RunObserver nobody;
        return executor.run(Context(), {.name = "people"}, nobody);
    }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(folder_ / "out")) {
            names.push_back(entry.path().filename());
        }
        std::ranges::sort(names);
        return names;
    }
    std::string temporary() const { return fmt::format("out/.1.csv.{}.part", dead); }

    TemporaryFolder folder_;
    Store store_{folder_ / "home"};
};

TEST_F(Recovery, a_run_that_died_while_writing_was_interrupted_and_its_file_is_removed) {
    given_a_run_that_died_in(ExecutionState::Running);
    write_file(folder_ / temporary(), "id");
    EXPECT_EQ(run().outcome, RunOutcome::Succeeded);
    EXPECT_THAT(files(), ElementsAre("1.csv"));
    EXPECT_EQ(store_.execution(std::string(dead))->outcome, RunOutcome::Interrupted);
    EXPECT_TRUE(store_.uncleaned("people").empty());
}

TEST_F(Recovery, temporary_files_of_a_run_that_died_are_removed_and_others_stay) {
    given_a_run_that_died_in(ExecutionState::Running);
    std::filesystem::create_directories(folder_ / "home/tmp");
    write_file(folder_ / fmt::format("home/tmp/{}-a1b2c3", dead), "spilled");
    write_file(folder_ / "home/tmp/01B000000000000000000LIVE-a1b2c3", "spilled");
    EXPECT_EQ(run().outcome, RunOutcome::Succeeded);
    EXPECT_FALSE(std::filesystem::exists(folder_ / fmt::format("home/tmp/{}-a1b2c3", dead)));
    EXPECT_TRUE(std::filesystem::exists(folder_ / "home/tmp/01B000000000000000000LIVE-a1b2c3"));
}

TEST_F(Recovery, a_run_that_died_before_the_rename_was_interrupted) {
    given_a_run_that_died_in(ExecutionState::Committing);
    write_file(folder_ / temporary(), content);
    EXPECT_EQ(run().outcome, RunOutcome::Succeeded);
    EXPECT_THAT(files(), ElementsAre("1.csv"));
    EXPECT_EQ(store_.execution(std::string(dead))->outcome, RunOutcome::Interrupted);
}

TEST_F(Recovery, a_run_that_died_after_the_rename_succeeded_and_counts_in_the_sequence) {
    given_a_run_that_died_in(ExecutionState::Committing);
    write_file(folder_ / "out/1.csv", content);
    EXPECT_EQ(run().outcome, RunOutcome::Succeeded);
    EXPECT_THAT(files(), ElementsAre("1.csv", "2.csv"));
    const auto record = *store_.execution(std::string(dead));
    EXPECT_EQ(record.outcome, RunOutcome::Succeeded);
    EXPECT_EQ(record.rows_read, 1U);
    EXPECT_THAT(record.message, HasSubstr("recovered"));
    EXPECT_EQ(store_.files(record.id).at(0).state, FileState::Published);
}

TEST_F(Recovery, an_equal_older_file_under_the_name_does_not_keep_the_temporary_one_alive) {
    given_a_run_that_died_in(ExecutionState::Committing);
    write_file(folder_ / "out/1.csv", content);
    write_file(folder_ / temporary(), content);
    run();
    EXPECT_THAT(files(), ElementsAre("1.csv", "2.csv"));
}

TEST_F(Recovery, another_file_under_the_name_is_not_taken_for_ours) {
    given_a_run_that_died_in(ExecutionState::Committing);
    write_file(folder_ / "out/1.csv", "id\n8\n");
    EXPECT_EQ(run().outcome, RunOutcome::Succeeded);
    EXPECT_EQ(store_.execution(std::string(dead))->outcome, RunOutcome::Interrupted);
    EXPECT_EQ(read_file(folder_ / "out/1.csv"), content) << "the run of now replaced it";
}

TEST_F(Recovery, a_failed_run_that_may_have_left_something_is_looked_after_once) {
    given_a_run_that_died_in(ExecutionState::Running);
    auto record = *store_.execution(std::string(dead));
    record.outcome = RunOutcome::Failed;
    store_.end(record, {{.name = "1.csv"}});
    write_file(folder_ / temporary(), "id");
    run();
    EXPECT_THAT(files(), ElementsAre("1.csv"));
    EXPECT_EQ(store_.execution(std::string(dead))->outcome, RunOutcome::Failed);
    EXPECT_TRUE(store_.uncleaned("people").empty());
}

TEST_F(Recovery, what_a_killed_run_had_completed_here_is_removed) {
    given_a_run_that_died_in(ExecutionState::Running);
    std::filesystem::create_directory(folder_ / "home/tmp");
    const auto ours = folder_ / fmt::format("home/tmp/.1.csv.{}.part", dead);
    const auto another = folder_ / "home/tmp/.1.csv.01B.part";
    write_file(ours, content);
    write_file(another, content);
    run();
    EXPECT_FALSE(std::filesystem::exists(ours));
    EXPECT_TRUE(std::filesystem::exists(another));
}

// Asks for a stop as soon as the first mapping was carried.
class Impatient final : public RunObserver {
public:
    explicit Impatient(StopSignal& stop) : stop_(stop) {}
    void waiting() override { stop_.request(); }

private:
    StopSignal& stop_;
};

TEST(Executor, a_task_that_was_stopped_between_its_mappings_did_not_succeed) {
    const TemporaryFolder folder;
    SqliteHandle shop(folder / "shop.db", SqliteAccess::Create);
    shop.execute("create table people (id int); insert into people values (7)");
    write_file(folder / "rowhaul.yaml", fmt::format("version: 1\n"
                                                    "connections: {{ shop: {{ type: sqlite, path: '{0}/shop.db' }}, "
                                                    "out: {{ type: local, folder: '{0}' }} }}\n"
                                                    "defaults: {{ source: {{ connection: shop, table: people }}, "
                                                    "target: {{ connection: out, file: '{{mapping}}.csv' }} }}\n"
                                                    "mappings: {{ one: {{}}, two: {{}} }}\n"
                                                    "tasks: {{ both: {{ mappings: [one, two] }} }}\n",
                                                    folder.path().string()));
    const Catalog catalog = components();
    const Project project(folder / "rowhaul.yaml", catalog);
    Store store(folder / "home");
    StopSignal stop;
    Context context;
    context.stop = &stop;
    Impatient observer(stop);
    Executor executor(project, store, folder / "home", [] { return RunOutcome::Cancelled; });
    EXPECT_EQ(executor.run(context, {.name = "both"}, observer).outcome, RunOutcome::Cancelled);
    EXPECT_TRUE(store.history("two", 10).empty());
    EXPECT_FALSE(std::filesystem::exists(folder / "two.csv"));
}

// A mapping "people" of one row into a table, and a store that remembers a run of it that died while
// it committed.
class TableRecovery : public ::testing::Test {
protected:
    static constexpr std::string_view dead = "01A0000000000000000000DEAD";

    TableRecovery() : erp_(folder_ / "erp.db", SqliteAccess::Create) {
        SqliteHandle shop(folder_ / "shop.db", SqliteAccess::Create);
        shop.execute("create table people (id int); insert into people values (7)");
        erp_.execute("create table people (id int)");
        write_file(folder_ / "rowhaul.yaml",
                   fmt::format("version: 1\n"
                               "connections: {{ shop: {{ type: sqlite, path: '{0}/shop.db' }}, "
                               "erp: {{ type: sqlite, path: '{0}/erp.db' }} }}\n"
                               "mappings: {{ people: {{ source: {{ connection: shop, table: people }}, "
                               "target: {{ connection: erp, table: people }} }} }}\n",
                               folder_.path().string()));
        const ExecutionRecord record{.id = std::string(dead), .mapping = "people", .started = Moment()};
        store_.begin(record);
        Waybill waybill{.execution = record.id, .mapping = "people", .kind = "run"};
        waybill.target_object = "people";
        waybill.outcome = RunOutcome::Succeeded;
        waybill.report.rows.read = waybill.report.rows.created = 1;
        store_.committing(record.id, {}, to_json(waybill));
    }
    void given_the_latest_commit_of(std::string_view execution, std::int64_t fence) {
        erp_.execute("create table rowhaul_commits (mapping text primary key, execution text, fence integer)");
        erp_.run("insert into rowhaul_commits values ('people', ?, ?)", execution, fence);
    }
    RunResult run() {
        const Catalog catalog = components();
        const Project project(folder_ / "rowhaul.yaml", catalog);
        Executor executor(project, store_, folder_ / "home", [] { return RunOutcome::Cancelled; });
        RunObserver nobody;
        return executor.run(Context(), {.name = "people"}, nobody);
    }
    RunOutcome outcome_of_the_dead() { return store_.execution(std::string(dead))->outcome.value(); }
    std::int64_t rows() {
        auto statement = erp_.prepare("select count(*) from people");
        statement.step();
        return statement.integer(0);
    }

    TemporaryFolder folder_;
    SqliteHandle erp_;
    Store store_{folder_ / "home"};
};

TEST_F(TableRecovery, a_run_that_died_after_its_commit_succeeded) {
    given_the_latest_commit_of(dead, 1);
    EXPECT_EQ(run().outcome, RunOutcome::Succeeded);
    EXPECT_EQ(outcome_of_the_dead(), RunOutcome::Succeeded);
}

TEST_F(TableRecovery, a_run_that_died_before_its_commit_was_interrupted) {
    given_the_latest_commit_of("01A0000000000000000000GONE", 1);
    EXPECT_EQ(run().outcome, RunOutcome::Succeeded);
    EXPECT_EQ(outcome_of_the_dead(), RunOutcome::Interrupted);
    EXPECT_EQ(rows(), 1);
}

TEST_F(TableRecovery, a_run_that_died_before_any_commit_was_interrupted) {
    EXPECT_EQ(run().outcome, RunOutcome::Succeeded);
    EXPECT_EQ(outcome_of_the_dead(), RunOutcome::Interrupted);
}

TEST_F(TableRecovery, nothing_is_written_after_a_later_run_elsewhere) {
    given_the_latest_commit_of("01A0000000000000000000GONE", std::int64_t{1} << 62);
    store_.end(
        [&] {
            auto record = *store_.execution(std::string(dead));
            record.outcome = RunOutcome::Interrupted;
            return record;
        }(),
        {});
    const auto result = run();
    EXPECT_EQ(result.outcome, RunOutcome::Failed);
    EXPECT_THAT(result.waybills.at(0).message, HasSubstr("a later run of the mapping people"));
    EXPECT_EQ(rows(), 0);
}

}  // namespace
}  // namespace rowhaul
