// SPDX-License-Identifier: Apache-2.0
// `read: new` when the process is killed: rows and cursor go together, whatever the moment.
#include "app/components.h"
#include "database/sqlite_handle.h"
#include "execution/executor.h"
#include "testing/temporary_folder.h"

#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rowhaul {
namespace {

using namespace rowhaul::testing;

std::atomic<int> commits_left{0};

extern "C" int die_before_a_commit(void*) {
    if (commits_left.fetch_sub(1) == 1) {
        ::kill(::getpid(), SIGKILL);
    }
    return 0;
}

extern "C" int watch_commits_of_new_rows(sqlite3* database, const char**, const void*) {
    sqlite3_commit_hook(database, die_before_a_commit, nullptr);
    return SQLITE_OK;
}

// New events of shop.db are appended to a table of erp.db that has no key: what came twice would stay.
class Site {
public:
    Site() : shop_(folder_ / "shop.db", SqliteAccess::Create), erp_(folder_ / "erp.db", SqliteAccess::Create) {
        shop_.execute("create table events (id integer, changed datetime)");
        erp_.execute("create table events (id integer)");
        write_file(folder_ / "rowhaul.yaml",
                   fmt::format("version: 1\n"
                               "connections: {{ shop: {{ type: sqlite, path: '{0}/shop.db' }}, "
                               "erp: {{ type: sqlite, path: '{0}/erp.db' }} }}\n"
                               "mappings:\n"
                               "  events:\n"
                               "    source: {{ connection: shop, table: events }}\n"
                               "    target: {{ connection: erp, table: events }}\n"
                               "    fields: [ id ]\n"
                               "    read: new\n"
                               "    cursor: changed\n",
                               folder_.path().string()));
    }
    void add(int id, const std::string& clock) {
        shop_.run("insert into events values (?, ?)", id, "2026-01-01 " + clock);
    }
    Waybill run() const { return run({.name = "events"}).waybills.at(0); }
    RunResult run(const RunRequest& request) const {
        const Catalog catalog = components();
        const Project project(folder_ / "rowhaul.yaml", catalog);
        Store store(folder_ / "home");
        Executor executor(project, store, folder_ / "home", [] { return RunOutcome::Cancelled; });
        RunObserver nobody;
        return executor.run(Context(), request, nobody);
    }
    // Whether the process died before it could end.
    bool run_and_die(int commit, const RunRequest& request = {.name = "events"}) const {
        const auto child = ::fork();
        if (child == 0) {
            commits_left = commit;
            sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch_commits_of_new_rows));
            run(request);
            ::_exit(0);
        }
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        return WIFSIGNALED(status);
    }
    std::string target() {
        auto statement = erp_.prepare("select group_concat(id, ' ') from (select id from events order by id)");
        statement.step();
        return std::string(statement.text(0));
    }

private:
    TemporaryFolder folder_{TemporaryFolder::Place::Memory};
    SqliteHandle shop_;
    SqliteHandle erp_;
};

TEST(NewRowsKilled, at_any_commit_none_is_lost_or_doubled) {
    int deaths = 0;
    for (int commit = 1;; ++commit) {
        SCOPED_TRACE(fmt::format("commit {}", commit));
        Site site;
        site.add(1, "10:00:00");
        site.add(2, "10:01:00");
        ASSERT_EQ(site.run().outcome, RunOutcome::Succeeded);
        site.add(3, "10:00:30");
        site.add(4, "10:02:00");
        if (!site.run_and_die(commit)) {
            break;
        }
        ++deaths;
        site.add(5, "10:01:30");
        const auto next = site.run();
        EXPECT_EQ(next.outcome, RunOutcome::Succeeded) << next.message;
        EXPECT_EQ(next.cursor_after, "2026-01-01 10:02:00");
        EXPECT_EQ(site.target(), "1 2 3 4 5");
        const auto quiet = site.run();
        EXPECT_EQ(quiet.report.rows.read, quiet.report.rows.unchanged);
        EXPECT_EQ(site.target(), "1 2 3 4 5");
    }
    // Before the target's commit, and between it and the store's end, among others.
    EXPECT_GE(deaths, 4);
}

// Three chunks, of which each may be the last one that arrives.
TEST(NewRowsKilled, at_any_commit_of_any_chunk_the_same_command_goes_on) {
    const RunRequest backfill{
        .name = "events", .since = "2026-01-01 10:00", .until = "2026-01-01 12:59", .chunk = "1h"};
    std::map<std::uint64_t, int> deaths;  // by the chunks that had arrived
    for (int commit = 1;; ++commit) {
        SCOPED_TRACE(fmt::format("commit {}", commit));
        Site site;
        site.add(1, "10:00:00");
        site.add(2, "10:59:59");
        site.add(3, "11:00:00");
        site.add(4, "12:59:00");
        site.add(5, "13:00:00");
        if (!site.run_and_die(commit, backfill)) {
            break;
        }
        const auto next = site.run(backfill);
        EXPECT_EQ(next.outcome, RunOutcome::Succeeded);
        ASSERT_TRUE(next.backfill);
        EXPECT_EQ(next.backfill->of, 3U);
        EXPECT_EQ(next.backfill->done, 3U);
        ++deaths[3 - next.backfill->executions.size()];
        EXPECT_EQ(site.target(), "1 2 3 4");
        site.run();
        EXPECT_EQ(site.target(), "1 2 3 4 5");
    }
    EXPECT_GE(deaths[0], 3);
    EXPECT_GE(deaths[1], 3);
    EXPECT_GE(deaths[2], 3);
    EXPECT_GE(deaths[3], 1);
}

}  // namespace
}  // namespace rowhaul
