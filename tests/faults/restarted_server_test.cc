// SPDX-License-Identifier: Apache-2.0
// A database server that is ended, as by a crash, and started again at every stage of a run, or that stays
// away until the run has ended. A run that says it succeeded did, one that says it failed changed nothing,
// and where nobody can tell the next run finds out: nothing is between, lost or doubled (P4, P5, P9).
#include "app/components.h"
#include "tests/faults/table_site.h"

#include <condition_variable>
#include <csignal>
#include <fmt/format.h>
#include <functional>
#include <future>
#include <gmock/gmock.h>
#include <mutex>
#include <thread>

namespace rowhaul::testing {
namespace {

using ::testing::HasSubstr;

// Does everything on one thread, for a server dies with the thread that started it.
class Caretaker {
public:
    Caretaker() : thread_([this] { work(); }) {}
    ~Caretaker() {
        give({});
        thread_.join();
    }
    Caretaker(const Caretaker&) = delete;
    Caretaker& operator=(const Caretaker&) = delete;
    void run(std::function<void()> task) {
        std::promise<void> done;
        give([&] {
            task();
            done.set_value();
        });
        done.get_future().get();
    }

private:
    void give(std::function<void()> task) {
        const std::lock_guard lock(mutex_);
        task_ = std::move(task);
        has_task_ = true;
        changed_.notify_all();
    }
    void work() {
        while (true) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return has_task_; });
            has_task_ = false;
            if (!task_) {
                return;
            }
            const auto task = std::move(task_);
            lock.unlock();
            task();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::function<void()> task_;
    bool has_task_ = false;
    std::thread thread_;
};

// A server that keeps what it said was committed, however it ends.
class CrashingServer {
public:
    virtual ~CrashingServer() = default;
    virtual std::unique_ptr<Place> place() = 0;
    void crash() {
        caretaker_.run([this] { end_server(); });
    }
    void start() {
        caretaker_.run([this] { start_server(); });
    }
    void restart() {
        crash();
        start();
    }

    static CrashingServer& named(std::string_view name);

private:
    virtual void end_server() = 0;
    virtual void start_server() = 0;

    Caretaker caretaker_;
};

class CrashingPostgres final : public CrashingServer {
public:
    std::unique_ptr<Place> place() override { return std::make_unique<PostgresPlace>(server_); }

private:
    void end_server() override { server_.stop(); }
    void start_server() override { server_.start(); }

    Postgres server_{{"-c", "synchronous_commit=on"}};
};

class CrashingMariaDb final : public CrashingServer {
public:
    std::unique_ptr<Place> place() override { return std::make_unique<MariaDbPlace>(server_); }

private:
    void end_server() override { server_.process().stop(SIGKILL); }
    void start_server() override { server_.start(); }

    MariaDb server_{{.arguments = {"--local-infile=1", "--innodb-flush-log-at-trx-commit=2"}}};
};

CrashingServer& CrashingServer::named(std::string_view name) {
    if (name == "postgres") {
        static CrashingPostgres postgres;
        return postgres;
    }
    static CrashingMariaDb mariadb;
    return mariadb;
}

class RestartedTarget : public ::testing::TestWithParam<std::tuple<std::string_view, std::string_view>> {
protected:
    static const TableMode& mode() { return table_mode(std::get<1>(GetParam())); }
    static std::vector<Stage> stages() {
        std::vector<Stage> stages{
            {"connecting", When::Before, DatabaseStep::Look},
            {"connected", When::After, DatabaseStep::Look},
            {"reading", When::After, DatabaseStep::Read},
            {"loading", When::Before, DatabaseStep::Finish},
            {"loaded", When::After, DatabaseStep::Finish},
            {"recording", When::Before, DatabaseStep::Execute, {"set execution"}},
            {"committing", When::Before, DatabaseStep::Commit, {"tables"}},
            {"committed", When::After, DatabaseStep::Commit, {"tables"}},
        };
        if (mode().rows == TableMode::Rows::ByKey) {
            stages.insert(stages.end(), {{"applying", When::Before, DatabaseStep::Begin, {"tables"}},
                                         {"changing", When::After, DatabaseStep::Execute, {"update", "rowhaul_stage"}},
                                         {"creating", When::Before, DatabaseStep::Execute, {"insert", "rowhaul_stage"}},
                                         {"deleting", When::After, DatabaseStep::Execute, {"delete", "people"}}});
        }
        return stages;
    }
    void expect_as_if_nothing_had_been(const TableState& state) {
        const auto next = site_->run(components());
        EXPECT_EQ(next.outcome, RunOutcome::Succeeded) << next.waybills.at(0).message;
        EXPECT_EQ(site_->people(), text_of(after_run(mode(), state, TableSite::second_source).people));
        auto store = site_->store();
        for (const auto& record : store.history("people", 10)) {
            EXPECT_EQ(record.state, ExecutionState::Ended);
        }
    }

    CrashingServer& server_ = CrashingServer::named(std::get<0>(GetParam()));
    std::unique_ptr<Place> place_ = server_.place();
    std::unique_ptr<TableSite> site_;
};

INSTANTIATE_TEST_SUITE_P(Servers, RestartedTarget,
                         ::testing::Combine(::testing::Values("postgres", "mariadb"),
                                            ::testing::Values("append", "mirror")),
                         [](const auto& tested) {
                             return fmt::format("{}_{}", std::get<0>(tested.param), std::get<1>(tested.param));
                         });

TEST_P(RestartedTarget, AtAnyStageTheRunFailsOrArrives) {
    const auto before = TableSite::before();
    const auto arrived = after_run(mode(), before, TableSite::first_source);
    for (const auto& stage : stages()) {
        SCOPED_TRACE(stage.name);
        site_ = std::make_unique<TableSite>(*place_, mode());
        bool was_restarted = false;
        const auto hooks = at(stage, [&] {
            server_.restart();
            was_restarted = true;
        });
        const auto run = site_->run(hooked_catalog(hooks));
        EXPECT_TRUE(was_restarted);
        const bool has_arrived = run.outcome == RunOutcome::Succeeded;
        EXPECT_TRUE(has_arrived || run.outcome == RunOutcome::Failed);
        EXPECT_EQ(run.waybills.at(0).message.empty(), has_arrived);
        EXPECT_EQ(site_->people(), text_of((has_arrived ? arrived : before).people));
        site_->give(TableSite::second_source);
        expect_as_if_nothing_had_been(has_arrived ? arrived : before);
    }
}

TEST_P(RestartedTarget, ThatIsAwayWhenTheRunEndsIsAskedByTheNextOne) {
    const auto before = TableSite::before();
    const auto arrived = after_run(mode(), before, TableSite::first_source);
    for (const auto when : {When::Before, When::After}) {
        const bool is_done = when == When::After;
        SCOPED_TRACE(is_done ? "after the commit" : "before the commit");
        site_ = std::make_unique<TableSite>(*place_, mode());
        const auto hooks = at({"committing", when, DatabaseStep::Commit, {"tables"}}, [&] {
            server_.crash();
            if (is_done) {
                throw Error(ErrorKind::Unavailable, "the answer was lost");
            }
        });
        const auto run = site_->run(hooked_catalog(hooks));
        EXPECT_EQ(run.outcome, RunOutcome::Failed);
        EXPECT_THAT(run.waybills.at(0).message, HasSubstr("is not known"));
        // While nobody answers, nothing is done.
        const auto meanwhile = site_->run(components());
        EXPECT_EQ(meanwhile.outcome, RunOutcome::Failed);
        EXPECT_THAT(meanwhile.waybills.at(0).message, HasSubstr("earlier run"));
        server_.start();
        EXPECT_EQ(site_->people(), text_of((is_done ? arrived : before).people));
        site_->give(TableSite::second_source);
        expect_as_if_nothing_had_been(is_done ? arrived : before);
    }
}

// The earlier run may have arrived, and the server cannot be asked at first, but then takes rows.
TEST_P(RestartedTarget, NothingIsDeliveredBeforeItIsKnownWhetherTheLastRunArrived) {
    site_ = std::make_unique<TableSite>(*place_, mode());
    const auto lost = at({"committed", When::After, DatabaseStep::Commit, {"tables"}}, [&] {
        server_.crash();
        throw Error(ErrorKind::Unavailable, "the answer was lost");
    });
    EXPECT_EQ(site_->run(hooked_catalog(lost)).outcome, RunOutcome::Failed);
    // It is back just after it was asked in vain.
    int looks = 0;
    auto hooks = std::make_shared<DatabaseHooks>();
    hooks->before = [&](DatabaseStep step, std::string_view) {
        if (step == DatabaseStep::Look && ++looks == 2) {
            server_.start();
        }
    };
    site_->give(TableSite::second_source);
    const auto arrived = after_run(mode(), TableSite::before(), TableSite::first_source);
    const auto next = site_->run(hooked_catalog(hooks));
    if (looks < 2) {
        server_.start();
    }
    EXPECT_EQ(site_->people(), text_of(arrived.people));
    EXPECT_THAT(next.waybills.at(0).message, HasSubstr("earlier run"));
    expect_as_if_nothing_had_been(arrived);
}

// Rows of the server go into a table of shop.db; wide ones, so that no socket holds them all.
class RestartedSource : public ::testing::TestWithParam<std::string_view> {
protected:
    static constexpr std::int64_t rows = 5'000;

    RestartedSource() {
        place_->sql(GetParam() == "postgres"
                        ? fmt::format("create table people as select g as id, repeat('x', 1000) as name from "
                                      "generate_series(1, {}) g",
                                      rows)
                        : fmt::format("create table people as select seq as id, repeat('x', 1000) as name from "
                                      "seq_1_to_{}",
                                      rows));
        SqliteHandle shop(folder_ / "shop.db", SqliteAccess::Create);
        shop.execute("create table people (id integer primary key, name text); insert into people values (0, 'Ada')");
    }
    void configure(std::string_view mapping) const {
        write_file(folder_ / "rowhaul.yaml", fmt::format("version: 1\n"
                                                         "connections:\n"
                                                         "  shop: {{ type: sqlite, path: '{}/shop.db' }}\n"
                                                         "{}"
                                                         "mappings:\n"
                                                         "  people:\n"
                                                         "    source: {{ connection: erp, table: people }}\n"
                                                         "    target: {{ connection: shop, table: people }}\n"
                                                         "    {}\n",
                                                         folder_.path().string(), place_->connection(), mapping));
    }
    RunResult run(const Catalog& catalog) const {
        const Project project(folder_ / "rowhaul.yaml", catalog);
        Store store(folder_ / "home");
        Executor executor(project, store, folder_ / "home", [] { return RunOutcome::Cancelled; });
        RunObserver nobody;
        return executor.run(Context(), {.name = "people"}, nobody);
    }
    std::int64_t people() const {
        SqliteHandle shop(folder_ / "shop.db", SqliteAccess::ReadWrite);
        auto statement = shop.prepare("select count(*) from people");
        statement.step();
        return statement.integer(0);
    }

    CrashingServer& server_ = CrashingServer::named(GetParam());
    std::unique_ptr<Place> place_ = server_.place();
    TemporaryFolder folder_{TemporaryFolder::Place::Memory};
};

INSTANTIATE_TEST_SUITE_P(Servers, RestartedSource, ::testing::Values("postgres", "mariadb"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(RestartedSource, AtAnyStageTheTargetIsAsItWasOrHasEveryRow) {
    for (const std::string_view mapping :
         {"key: [id]\n    options: { absent: delete, max_delete: { percent: 100 } }", ""}) {
        configure(mapping);
        for (const Stage& stage : std::vector<Stage>{{"connecting", When::Before, DatabaseStep::Look},
                                                     {"first rows", When::Before, DatabaseStep::Read},
                                                     {"reading", When::After, DatabaseStep::Read},
                                                     {"read", When::Before, DatabaseStep::Finish},
                                                     {"committing", When::Before, DatabaseStep::Commit, {"tables"}}}) {
            SCOPED_TRACE(stage.name);
            const auto before = people();
            const auto done = run(hooked_catalog(at(stage, [&] { server_.restart(); })));
            if (done.outcome == RunOutcome::Succeeded) {
                EXPECT_EQ(done.waybills.at(0).report.rows.read, static_cast<std::uint64_t>(rows));
                EXPECT_EQ(people(), rows + (mapping.empty() ? before : 0));
            } else {
                EXPECT_EQ(done.outcome, RunOutcome::Failed);
                EXPECT_EQ(people(), before);
            }
            EXPECT_TRUE(done.outcome == RunOutcome::Failed || stage.step != DatabaseStep::Read);
            SqliteHandle(folder_ / "shop.db", SqliteAccess::ReadWrite)
                .execute("delete from people; insert into people values (0, 'Ada')");
            EXPECT_EQ(run(components()).outcome, RunOutcome::Succeeded);
            EXPECT_EQ(people(), rows + (mapping.empty() ? 1 : 0));
            SqliteHandle(folder_ / "shop.db", SqliteAccess::ReadWrite)
                .execute("delete from people; insert into people values (0, 'Ada')");
        }
    }
}

}  // namespace
}  // namespace rowhaul::testing
