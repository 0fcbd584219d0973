// SPDX-License-Identifier: Apache-2.0
// A run over files that is killed, as with kill -9, between every two steps it takes: each look, read,
// write and rename on a server, each commit of the store; or of which one such step fails. Whatever the
// moment: nothing is lost and nothing doubled, `after` is made up for, and no file is taken in again (P3,
// P8, P9).
#include "app/components.h"
#include "database/sqlite_handle.h"
#include "execution/executor.h"
#include "testing/suite/hooked_transport.h"
#include "testing/suite/transport_faults.h"
#include "testing/suite/wrapped_catalog.h"
#include "testing/temporary_folder.h"
#include "testing/thoroughness.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <map>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rowhaul {
namespace {

using namespace rowhaul::testing;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

// The process dies at this moment, counted from 1.
std::atomic<std::uint64_t> moments_left{0};

void pass_a_moment() {
    if (moments_left.fetch_sub(1) == 1) {
        ::kill(::getpid(), SIGKILL);
    }
}

extern "C" int die_before_commit(void*) {
    pass_a_moment();
    return 0;
}

extern "C" int watch_commits(sqlite3* database, const char**, const void*) {
    sqlite3_commit_hook(database, die_before_commit, nullptr);
    return SQLITE_OK;
}

struct Way {
    std::string name;
    std::string source;
    std::string target;
    bool replaces = false;               // the target's file is the same one every time
    std::vector<std::string> remaining;  // of the partner's files, when all is done
};

std::ostream& operator<<(std::ostream& out, const Way& way) {
    return out << way.name;
}

// A partner's files in/a.csv, b.csv and, unreadable, bad.csv; rows go to out.
class Site {
public:
    explicit Site(const Way& way) {
        std::filesystem::create_directory(folder_ / "in");
        std::filesystem::create_directory(folder_ / "out");
        put("a.csv", "sku,price\n1,a\n2\n3,c\n");
        put("b.csv", "price,sku\nd,4\ne,5\n");
        put("bad.csv", "%PDF-1.7 is no table");
        write_file(folder_ / "rowhaul.yaml", fmt::format("version: 1\n"
                                                         "connections:\n"
                                                         "  in: {{ type: local, folder: '{0}/in' }}\n"
                                                         "  out: {{ type: local, folder: '{0}/out' }}\n"
                                                         "mappings:\n"
                                                         "  prices:\n"
                                                         "    source: {{ connection: in, files: '*.csv', {1} }}\n"
                                                         "    where: sku <> '5'\n"
                                                         "    target: {{ connection: out, {2}, on_empty: skip }}\n",
                                                         folder_.path().string(), way.source, way.target));
    }

    void put(const std::string& name, std::string_view content) const {
        const auto path = folder_ / ("in/" + name);
        write_file(path, content);
        std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
    }
    RunResult run(Store& store, const Catalog& catalog) const {
        const Project project(folder_ / "rowhaul.yaml", catalog);
        Executor executor(project, store, folder_ / "home", [] { return RunOutcome::Cancelled; });
        RunObserver nobody;
        return executor.run(Context(), {.name = "prices"}, nobody);
    }
    // In a process of its own, which dies at a moment; false when it ended before.
    bool run_and_die(std::uint64_t moment) const {
        const auto child = ::fork();
        if (child == 0) {
            moments_left = moment;
            sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch_commits));
            auto hooks = std::make_shared<Hooks>();
            hooks->before = hooks->after = [](Step, std::string_view) { pass_a_moment(); };
            const auto catalog = with_transports(components(), [hooks](std::unique_ptr<Transport> inner) {
                return std::make_unique<HookedTransport>(std::move(inner), hooks);
            });
            Store store(folder_ / "home");
            run(store, catalog);
            ::_exit(0);
        }
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }
    Store store() const { return Store(folder_ / "home"); }
    std::vector<std::string> names(const std::string& below) const {
        std::vector<std::string> names;
        const std::filesystem::path root = folder_ / below;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
            if (entry.is_regular_file()) {
                names.push_back(entry.path().lexically_relative(root));
            }
        }
        std::ranges::sort(names);
        return names;
    }
    std::string delivered(const std::string& name) const { return read_file(folder_ / ("out/" + name)); }

private:
    TemporaryFolder folder_{TemporaryFolder::Place::Memory};
};

class Killed : public ::testing::TestWithParam<Way> {
protected:
    // The rows of every delivery, without the headers.
    static std::vector<std::string> rows_delivered(const Site& site) {
        std::vector<std::string> rows;
        for (const auto& name : site.names("out")) {
            const auto text = site.delivered(name);
            EXPECT_THAT(text, ::testing::StartsWith("sku,price\n"));
            for (std::size_t at = text.find('\n') + 1; at < text.size(); at = text.find('\n', at) + 1) {
                rows.push_back(text.substr(at, text.find('\n', at) - at));
            }
        }
        return rows;
    }

    // `otherwise` are the outcomes that the first run may have when its file did not arrive.
    void expect_as_if_nothing_had_been(const Site& site, const std::set<RunOutcome>& otherwise) const {
        const auto files = site.names("out");
        const bool had_arrived =
            std::ranges::any_of(files, [](const std::string& name) { return !name.ends_with(".part"); });
        site.put("c.csv", "sku,price\n6,f\n7\n");
        Store store = site.store();
        const auto catalog = components();
        const auto next = site.run(store, catalog);
        EXPECT_EQ(next.outcome, RunOutcome::Partial) << next.waybills.at(0).message;

        std::vector<std::string> expected{"1,a", "3,c", "4,d", "6,f"};
        if (GetParam().replaces && had_arrived) {
            expected = {"6,f"};  // the first file was there to be fetched, and was replaced by what came later
        }
        EXPECT_THAT(rows_delivered(site), UnorderedElementsAreArray(expected));
        auto remaining = site.names("in");
        // Whoever died before the note left none, or an unfinished one.
        std::erase_if(remaining, [](const std::string& name) { return name.find(".waybill.json") != name.npos; });
        EXPECT_THAT(remaining, UnorderedElementsAreArray(GetParam().remaining));

        const auto history = store.history("prices", 10);
        std::vector<std::string> rejects;
        for (const auto& record : history) {
            EXPECT_EQ(record.state, ExecutionState::Ended);
            const bool is_next = record.id == next.execution;
            if (is_next || had_arrived) {
                EXPECT_EQ(record.outcome, RunOutcome::Partial);
            } else {
                EXPECT_TRUE(otherwise.contains(record.outcome.value()));
            }
            if (record.outcome == RunOutcome::Partial) {
                store.each_reject(record.id, [&](const Reject& reject) { rejects.push_back(reject.raw); });
            }
        }
        EXPECT_THAT(rejects, UnorderedElementsAreArray({"2", "7"}));

        EXPECT_EQ(site.run(store, catalog).outcome, RunOutcome::Empty);
        EXPECT_THAT(rows_delivered(site), UnorderedElementsAreArray(expected));
    }
};

TEST_P(Killed, BetweenWhicheverTwoStepsNothingIsLostOrDoubled) {
    // In the usual tests some moments are passed over.
    const std::uint64_t step = is_thorough() ? 1 : 3;
    std::uint64_t deaths = 0;
    for (std::uint64_t moment = 1; !HasFailure(); moment += step) {
        SCOPED_TRACE(fmt::format("moment {}", moment));
        const Site site(GetParam());
        if (!site.run_and_die(moment)) {
            break;
        }
        ++deaths;
        expect_as_if_nothing_had_been(site, {RunOutcome::Interrupted});
    }
    EXPECT_GT(deaths, 25U);
    RecordProperty("deaths", static_cast<int>(deaths));
}

TEST_P(Killed, WhicheverCallFailsNothingIsLostOrDoubled) {
    for (const auto fault : {Fault::NotDone, Fault::AnswerLost, Fault::LinkDead, Fault::LastDone, Fault::DiskFull}) {
        const std::uint64_t step = is_thorough() ? 1 : 5;
        std::uint64_t strikes = 0;
        bool has_struck = true;
        for (std::uint64_t call = 1; has_struck && !HasFailure(); call += step) {
            SCOPED_TRACE(fmt::format("call {}", call));
            SCOPED_TRACE(fault);
            const auto plan = std::make_shared<FaultPlan>();
            plan->strike(fault, call);
            auto catalog = with_transports(components(), [plan](std::unique_ptr<Transport> inner) {
                return std::make_unique<FaultTransport>(std::move(inner), plan);
            });
            catalog.retry({.attempts = 3, .first_pause = {}, .longest_pause = {}});
            const Site site(GetParam());
            {
                Store store = site.store();
                site.run(store, catalog);
            }
            has_struck = plan->has_struck();
            strikes += has_struck ? 1 : 0;
            // A run that could not tell whether it had published is left to the next one.
            expect_as_if_nothing_had_been(site, {RunOutcome::Failed, RunOutcome::Interrupted});
        }
        EXPECT_GE(strikes, 5U);
    }
}

const std::vector<Way> ways{
    {.name = "moving",
     .source = "after: { move: done }, set_aside: bad",
     .target = "file: '{sequence}.csv'",
     .remaining = {"bad/bad.csv", "done/a.csv", "done/b.csv", "done/c.csv"}},
    {.name = "deleting",
     .source = "after: delete, set_aside: bad",
     .target = "file: '{execution}.csv'",
     .remaining = {"bad/bad.csv"}},
    {.name = "keeping",
     .source = "set_aside: bad",
     .target = "file: prices.csv, if_exists: number",
     .remaining = {"a.csv", "b.csv", "bad/bad.csv", "c.csv"}},
    {.name = "replacing",
     .source = "after: { move: done }, set_aside: bad",
     .target = "file: prices.csv",
     .replaces = true,
     .remaining = {"bad/bad.csv", "done/a.csv", "done/b.csv", "done/c.csv"}},
};

INSTANTIATE_TEST_SUITE_P(Ways, Killed, ::testing::ValuesIn(ways), [](const auto& way) { return way.param.name; });

}  // namespace
}  // namespace rowhaul
