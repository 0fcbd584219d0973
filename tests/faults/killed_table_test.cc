// SPDX-License-Identifier: Apache-2.0
// Failure story 6, state ahead of data: a run into a table that is killed, as with kill -9, between any
// two steps that it takes in the target or in the store. The table is as a plain model says it was or is
// to be, never between; and the next run makes of it what the model does, so nothing is lost and nothing
// doubled (P5, P8).
#include "app/components.h"
#include "testing/thoroughness.h"
#include "tests/faults/table_site.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <mutex>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rowhaul::testing {
namespace {

// The moments between the steps of a run, in their order: noted in one, and one of them the last in
// another.
class Moments {
public:
    static constexpr std::size_t none = 0;

    void note(std::string name) {
        const std::lock_guard lock(mutex_);
        names_.push_back(std::move(name));
        if (names_.size() == last_) {
            ::kill(::getpid(), SIGKILL);
        }
    }
    // Counted from 1.
    void begin(std::size_t last = none) {
        const std::lock_guard lock(mutex_);
        names_.clear();
        last_ = last;
    }
    std::vector<std::string> names() {
        const std::lock_guard lock(mutex_);
        return names_;
    }

private:
    std::mutex mutex_;
    std::vector<std::string> names_;
    std::size_t last_ = none;
};

Moments& moments() {
    static Moments all;
    return all;
}

extern "C" int note_commit(void*) {
    moments().note("before a commit of SQLite");
    return 0;
}

extern "C" int watch_commits_here(sqlite3* database, const char**, const void*) {
    sqlite3_commit_hook(database, note_commit, nullptr);
    return SQLITE_OK;
}

std::string name_of_step(DatabaseStep step, std::string_view detail) {
    switch (step) {
        case DatabaseStep::Commit:
            return fmt::format("a commit of the {}", detail);
        case DatabaseStep::Begin:
            return fmt::format("a begin of the {}", detail);
        default:
            return fmt::format("step {} {}", static_cast<int>(step), detail);
    }
}

class Watched {
public:
    Watched() {
        sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch_commits_here));
        auto hooks = std::make_shared<DatabaseHooks>();
        hooks->before = [](DatabaseStep step, std::string_view detail) {
            moments().note("before " + name_of_step(step, detail));
        };
        hooks->after = [](DatabaseStep step, std::string_view detail) {
            moments().note("after " + name_of_step(step, detail));
        };
        catalog_ = hooked_catalog(hooks);
    }
    ~Watched() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(watch_commits_here)); }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    const Catalog& catalog() const { return catalog_; }

private:
    Catalog catalog_;
};

class KilledTable : public ::testing::TestWithParam<std::tuple<std::string_view, TableMode>> {
protected:
    KilledTable() : place_(make_place(std::get<0>(GetParam()), folder_ / "erp.db")) {}

    static const TableMode& mode() { return std::get<1>(GetParam()); }
    static bool dies_at(const TableSite& site, std::size_t moment) {
        const auto child = ::fork();
        if (child == 0) {
            try {
                const Watched watched;
                moments().begin(moment);
                site.run(watched.catalog());
            } catch (...) {
                ::_exit(1);
            }
            ::_exit(0);
        }
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }
    // All of a run that nobody kills.
    std::vector<std::string> all_moments() const {
        const TableSite site(*place_, mode());
        const Watched watched;
        moments().begin();
        const auto run = site.run(watched.catalog());
        EXPECT_EQ(run.outcome, RunOutcome::Succeeded) << run.waybills.at(0).message;
        return moments().names();
    }
    // Commits are the moments that matter; of the others, and where servers make it slow, some are passed over
    // in the usual tests.
    static bool is_tried(const std::string& name, std::size_t number) {
        const auto has = [&](std::string_view words) { return name.find(words) != std::string::npos; };
        const bool remembers = mode().rows != TableMode::Rows::ByKey || mode().name == "changed";
        return is_thorough() || has("commit of the tables") || (has("commit") && (is_quick() || remembers)) ||
               (is_quick() && number % 9 == 0);
    }
    static bool is_quick() { return std::get<0>(GetParam()) == "sqlite"; }
    static void expect_run(const TableSite& site) {
        const auto run = site.run(components());
        EXPECT_THAT(run.outcome, ::testing::AnyOf(RunOutcome::Succeeded, RunOutcome::Empty))
            << run.waybills.at(0).message;
    }

    TemporaryFolder folder_{TemporaryFolder::Place::Memory};
    std::unique_ptr<Place> place_;
};

INSTANTIATE_TEST_SUITE_P(Databases, KilledTable,
                         ::testing::Combine(::testing::Values("sqlite", "postgres", "mariadb"),
                                            ::testing::ValuesIn(table_modes())),
                         [](const auto& tested) {
                             return fmt::format("{}_{}", std::get<0>(tested.param), std::get<1>(tested.param).name);
                         });

TEST_P(KilledTable, Story06AtAnyMomentAllOrNothingAndTheNextRunGoesOnFromThere) {
    const auto before = TableSite::before();
    const auto arrived = after_run(mode(), before, TableSite::first_source);
    ASSERT_NE(text_of(before.people), text_of(arrived.people));
    const auto names = all_moments();
    std::size_t kept = 0;
    std::size_t changed = 0;
    for (std::size_t moment = 1; moment <= names.size() && !HasFailure(); ++moment) {
        const auto& name = names[moment - 1];
        if (!is_tried(name, moment)) {
            continue;
        }
        SCOPED_TRACE(fmt::format("moment {}: {}", moment, name));
        TableSite site(*place_, mode());
        ASSERT_TRUE(dies_at(site, moment));
        const auto found = site.people();
        const bool has_arrived = found == text_of(arrived.people);
        EXPECT_TRUE(has_arrived || found == text_of(before.people)) << found;
        ++(has_arrived ? changed : kept);

        site.give(TableSite::second_source);
        auto expected = after_run(mode(), has_arrived ? arrived : before, TableSite::second_source);
        expect_run(site);
        EXPECT_EQ(site.people(), text_of(expected.people));
        auto store = site.store();
        for (const auto& record : store.history("people", 10)) {
            EXPECT_EQ(record.state, ExecutionState::Ended);
        }
        if (!is_quick() && !is_thorough()) {
            continue;
        }
        // Nothing is owed any more.
        expected = after_run(mode(), expected, TableSite::second_source);
        expect_run(site);
        EXPECT_EQ(site.people(), text_of(expected.people));
    }
    EXPECT_GT(kept, 0U);
    EXPECT_GT(changed, 0U);
}

}  // namespace
}  // namespace rowhaul::testing
