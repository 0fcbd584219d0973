// SPDX-License-Identifier: Apache-2.0
// A run into a table, or its undo, killed as with kill -9 before every commit that it makes: in the table, in
// the store, in the file that keeps what changed. What arrived can be undone, what did not need not be, and
// nothing is undone twice or by halves.
#include "app/components.h"
#include "database/sqlite_handle.h"
#include "execution/executor.h"
#include "testing/temporary_folder.h"

#include <csignal>
#include <fmt/format.h>
#include <functional>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rowhaul {
namespace {

int commits_left = 0;

extern "C" int die_in_undo(void*) {
    if (--commits_left == 0) {
        ::kill(::getpid(), SIGKILL);
    }
    return 0;
}

extern "C" int watch_commits_of_undo(sqlite3* database, const char**, const void*) {
    sqlite3_commit_hook(database, die_in_undo, nullptr);
    return SQLITE_OK;
}

class Site {
public:
    Site() {
        SqliteHandle(folder_ / "erp.db", SqliteAccess::Create)
            .execute(
                "create table people (id int primary key, name text);"
                "insert into people values (1, 'Anna'), (2, 'Beat'), (3, 'Carl')");
        SqliteHandle(folder_ / "shop.db", SqliteAccess::Create)
            .execute(
                "create table people (id int, name text);"
                "insert into people values (1, 'Anna'), (2, 'Bea'), (4, 'Dora')");
        testing::write_file(folder_ / "rowhaul.yaml", fmt::format("version: 1\n"
                                                                  "connections:\n"
                                                                  "  shop: {{ type: sqlite, path: '{0}/shop.db' }}\n"
                                                                  "  erp: {{ type: sqlite, path: '{0}/erp.db' }}\n"
                                                                  "mappings:\n"
                                                                  "  people:\n"
                                                                  "    source: {{ connection: shop, table: people }}\n"
                                                                  "    target: {{ connection: erp, table: people }}\n"
                                                                  "    key: [id]\n"
                                                                  "    options: {{ undo: {{}}, absent: delete }}\n",
                                                                  folder_.path().string()));
    }

    std::string people() const {
        SqliteHandle erp(folder_ / "erp.db", SqliteAccess::ReadWrite);
        auto rows = erp.prepare("select group_concat(id || name) from (select * from people order by id)");
        rows.step();
        return std::string(rows.text(0));
    }
    RunResult run(Store& store) const {
        return with_executor(store, [](Executor& executor, RunObserver& nobody) {
            return executor.run(Context(), {.name = "people"}, nobody);
        });
    }
    RunResult undo(Store& store, const std::string& execution) const {
        return with_executor(store, [&](Executor& executor, RunObserver& nobody) {
            return executor.undo(Context(), {.execution = execution}, nobody);
        });
    }
    Store store() const { return Store(folder_ / "home"); }
    std::string latest_run() const {
        auto opened = store();
        for (const auto& record : opened.history("people", 10)) {
            if (record.kind == "run") {
                return record.id;
            }
        }
        return {};
    }
    // In a process of its own, killed before a commit; false when it ended before.
    static bool is_killed(int commit, const std::function<void()>& work) {
        const auto child = ::fork();
        if (child == 0) {
            commits_left = commit;
            sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch_commits_of_undo));
            work();
            ::_exit(0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return WIFSIGNALED(status);
    }

private:
    RunResult with_executor(Store& store, const std::function<RunResult(Executor&, RunObserver&)>& work) const {
        const Catalog catalog = components();
        const Project project(folder_ / "rowhaul.yaml", catalog);
        Executor executor(project, store, folder_ / "home", [] { return RunOutcome::Cancelled; });
        RunObserver nobody;
        return work(executor, nobody);
    }

    testing::TemporaryFolder folder_;
};

constexpr std::string_view before = "1Anna,2Beat,3Carl";
constexpr std::string_view after = "1Anna,2Bea,4Dora";

TEST(UndoKilled, ARunThatWasKilledCanBeUndoneExactlyWhenItArrived) {
    int arrived = 0;
    int lost = 0;
    for (int commit = 1;; ++commit) {
        const Site site;
        { const auto made = site.store(); }
        const bool was_killed = Site::is_killed(commit, [&] {
            auto store = site.store();
            site.run(store);
        });
        const auto execution = site.latest_run();
        const auto left = site.people();
        auto store = site.store();
        if (left == after) {
            ++arrived;
            EXPECT_EQ(site.undo(store, execution).outcome, RunOutcome::Succeeded) << commit;
        } else if (!execution.empty()) {
            ++lost;
            EXPECT_THROW(site.undo(store, execution), Error) << commit;
        }
        EXPECT_EQ(site.people(), before) << commit;
        // The next run removes what nobody can undo.
        EXPECT_EQ(site.run(store).outcome, RunOutcome::Succeeded);
        EXPECT_EQ(site.people(), after);
        if (!was_killed) {
            break;
        }
    }
    EXPECT_GE(arrived, 2);
    EXPECT_GE(lost, 4);
}

TEST(UndoKilled, AnUndoThatWasKilledTookPlaceOrCanBeDoneAgain) {
    int done = 0;
    int again = 0;
    for (int commit = 1;; ++commit) {
        const Site site;
        std::string execution;
        {
            auto store = site.store();
            execution = site.run(store).execution;
        }
        ASSERT_EQ(site.people(), after);
        const bool was_killed = Site::is_killed(commit, [&] {
            auto store = site.store();
            site.undo(store, execution);
        });
        const auto left = site.people();
        auto store = site.store();
        if (left == before) {
            ++done;
            EXPECT_THROW(site.undo(store, execution), Error) << commit;
        } else {
            ++again;
            EXPECT_EQ(left, after) << commit;
            EXPECT_EQ(site.undo(store, execution).outcome, RunOutcome::Succeeded) << commit;
        }
        EXPECT_EQ(site.people(), before) << commit;
        EXPECT_EQ(site.run(store).outcome, RunOutcome::Succeeded);
        if (!was_killed) {
            break;
        }
    }
    EXPECT_GE(done, 2);
    EXPECT_GE(again, 3);
}

}  // namespace
}  // namespace rowhaul
