// SPDX-License-Identifier: Apache-2.0
// `read: changed` leaves in a table what `read: all` would, over many runs with random changes, and
// whenever the process is killed.
#include "app/components.h"
#include "database/sqlite_handle.h"
#include "execution/executor.h"
#include "store/mark_file.h"
#include "testing/temporary_folder.h"
#include "testing/thoroughness.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <random>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rowhaul {
namespace {

using namespace rowhaul::testing;
using ::testing::Contains;
using ::testing::Field;

std::atomic<int> commits_left{0};

extern "C" int die_in_a_run(void*) {
    if (commits_left.fetch_sub(1) == 1) {
        ::kill(::getpid(), SIGKILL);
    }
    return 0;
}

extern "C" int watch_commits_of_runs(sqlite3* database, const char**, const void*) {
    sqlite3_commit_hook(database, die_in_a_run, nullptr);
    return SQLITE_OK;
}

// The people of shop.db go to erp.db: to `a` by `read: all`, to `b` by `read: changed`, both with marks of
// all records, and to `c` with those of failed ones.
class Site {
public:
    explicit Site(const std::string& duplicates = "reject") : shop_(folder_ / "shop.db", SqliteAccess::Create) {
        shop_.execute("create table people (id integer, name text, price decimal(10,2), place integer)");
        SqliteHandle erp(folder_ / "erp.db", SqliteAccess::Create);
        for (const auto* table : {"a", "b", "c"}) {
            erp.execute(
                fmt::format("create table {} (id integer primary key, name text check (name <> 'bad'), "
                            "price decimal(10,2))",
                            table));
        }
        configure(duplicates, "id > -1");
    }
    void configure(const std::string& duplicates, const std::string& where, const std::string& key = "id") const {
        constexpr std::string_view mapping =
            "  {0}:\n"
            "    source: {{ connection: shop, query: 'select id, name, price from people order by place' }}\n"
            "    target: {{ connection: erp, table: {0} }}\n"
            "    where: {2}\n"
            "    fields: [ id, {{ to: name, value: \"case when name = 'worse' then cast(1 / (id - id) as text) "
            "else name end\" }}, price ]\n"
            "    key: [{4}]\n"
            "    {3}\n"
            "    options: {{ duplicates: {1} }}\n";
        write_file(folder_ / "rowhaul.yaml", fmt::format("version: 1\nconnections:\n"
                                                         "  shop: {{ type: sqlite, path: '{0}/shop.db' }}\n"
                                                         "  erp: {{ type: sqlite, path: '{0}/erp.db' }}\nmappings:\n",
                                                         folder_.path().string()) +
                                                 fmt::format(mapping, "a", duplicates, where, "marks: all", key) +
                                                 fmt::format(mapping, "b", duplicates, where, "read: changed", key) +
                                                 fmt::format(mapping, "c", duplicates, where, "read: all", key));
    }
    std::filesystem::path configuration() const { return folder_ / "rowhaul.yaml"; }
    SqliteHandle& shop() { return shop_; }
    void add(int id, const std::string& name, int place) {
        shop_.run("insert into people values (?, ?, ?, ?)", id, name, id * 0.25, place);
    }
    Waybill run(const std::string& mapping, RunMode mode = RunMode::Run) const {
        const Catalog catalog = components();
        const Project project(folder_ / "rowhaul.yaml", catalog);
        Store store(folder_ / "home");
        Executor executor(project, store, folder_ / "home", [] { return RunOutcome::Cancelled; });
        RunObserver nobody;
        return executor.run(Context(), {.name = mapping, .mode = mode}, nobody).waybills.at(0);
    }
    // Whether the process died before it could end.
    bool run_and_die(const std::string& mapping, int commit) const {
        const auto child = ::fork();
        if (child == 0) {
            commits_left = commit;
            sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch_commits_of_runs));
            run(mapping);
            ::_exit(0);
        }
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        return WIFSIGNALED(status);
    }
    std::vector<std::string> rows(const std::string& query, const std::string& database = "erp.db") const {
        SqliteHandle handle(folder_ / database, SqliteAccess::ReadWrite);
        auto statement = handle.prepare(query);
        std::vector<std::string> found;
        while (statement.step()) {
            found.push_back(fmt::format("{}|{}|{}", statement.text(0), statement.text(1), statement.text(2)));
        }
        return found;
    }
    std::vector<std::string> target(const std::string& table) const {
        return rows(fmt::format("select * from {} order by id", table));
    }
    std::filesystem::path marks(const std::string& mapping) const { return MarkFile::path(folder_ / "home", mapping); }
    // Keys of marks with a status.
    std::vector<std::string> marked(MarkStatus status, const std::string& mapping = "b") const {
        const auto file = MarkFile::existing(marks(mapping), SqliteAccess::ReadOnly);
        std::vector<std::string> keys;
        for (const auto& known : file ? file->targets() : std::vector<MarkedTarget>()) {
            file->each(Context(), known, [&](const Mark& mark) {
                if (mark.status == status) {
                    keys.push_back(shown_key(mark.key));
                }
                return true;
            });
        }
        std::ranges::sort(keys);
        return keys;
    }

private:
    TemporaryFolder folder_{TemporaryFolder::Place::Memory};
    SqliteHandle shop_;
};

std::string counts(const RowCounts& rows) {
    return fmt::format("read {} filtered {} created {} updated {} unchanged {} skipped {} rejected {}", rows.read,
                       rows.filtered, rows.created, rows.updated, rows.unchanged, rows.skipped, rows.rejected);
}

class ChangedRows : public ::testing::TestWithParam<std::string> {};

TEST_P(ChangedRows, over_many_runs_they_do_what_all_rows_would) {
    for (unsigned seed = 1; seed <= (is_thorough() ? 40U : 6U) && !HasFailure(); ++seed) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        std::mt19937 random(seed);
        const auto any = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
        Site site(GetParam());
        const std::vector<std::string> names{"Anna", "Berta", "bad", "worse", "Carla", "", "Dora", "Emil"};
        const auto name = [&] { return names[static_cast<std::size_t>(any(static_cast<int>(names.size())))]; };
        for (int id = 0; id < 60; ++id) {
            site.add(id, any(8) == 0 ? name() : "Zita", id);
        }
        for (int round = 0; round < 8 && !HasFailure(); ++round) {
            SCOPED_TRACE(fmt::format("round {}", round));
            const auto b_test = site.run("b", RunMode::Test);
            const auto a = site.run("a");
            const auto b = site.run("b");
            EXPECT_EQ(counts(b.report.rows), counts(a.report.rows)) << a.message << b.message;
            EXPECT_EQ(counts(b_test.report.rows), counts(b.report.rows));
            EXPECT_EQ(b_test.report.rows.retried, b.report.rows.retried);
            EXPECT_EQ(a.report.rows.retried, b.report.rows.retried);
            EXPECT_EQ(a.outcome, b.outcome);
            EXPECT_EQ(site.target("b"), site.target("a"));
            const auto c_test = site.run("c", RunMode::Test);
            const auto c = site.run("c");
            EXPECT_EQ(counts(c.report.rows), counts(a.report.rows));
            EXPECT_EQ(c_test.report.rows.retried, a.report.rows.retried);
            EXPECT_EQ(c.report.rows.retried, a.report.rows.retried);
            EXPECT_EQ(site.marked(MarkStatus::Failed, "c"), site.marked(MarkStatus::Failed, "a"));
            for (const auto status :
                 {MarkStatus::Succeeded, MarkStatus::Failed, MarkStatus::Skipped, MarkStatus::Absent}) {
                EXPECT_EQ(site.marked(status, "b"), site.marked(status, "a")) << name_of(status);
            }
            for (int change = any(3) == 0 ? 40 : any(6); change > 0; --change) {
                const int id = any(70) - 1;
                switch (any(7)) {
                    case 0:
                        site.add(any(80), name(), any(100));
                        break;
                    case 1:
                        site.shop().run("delete from people where id = ?", id);
                        break;
                    case 2:
                        site.shop().run("update people set place = ? where id = ?", any(100), id);
                        break;
                    default:
                        site.shop().run("update people set name = ? where id = ?", name(), id);
                }
            }
            if (any(5) == 0) {
                site.shop().execute("update people set place = (place * 7919) % 101");
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Duplicates, ChangedRows, ::testing::Values("reject", "first", "last"),
                         [](const auto& rule) { return rule.param; });

TEST(ChangedRowsKilled, at_any_commit_nothing_is_lost_doubled_or_forgotten) {
    int deaths = 0;
    for (int commit = 1;; ++commit) {
        SCOPED_TRACE(fmt::format("commit {}", commit));
        Site site;
        for (int id = 0; id < 50; ++id) {
            site.add(id, id == 9 ? "bad" : "Anna", id);
        }
        site.run("b");
        site.shop().execute("update people set name = 'Berta' where id % 3 = 0; delete from people where id = 20");
        if (!site.run_and_die("b", commit)) {
            break;
        }
        ++deaths;
        const auto next = site.run("b");
        EXPECT_EQ(next.outcome, RunOutcome::Succeeded) << next.message;
        EXPECT_EQ(site.rows("select id, name, price from b where id <> 20 order by id"),
                  site.rows("select id, name, price from people order by id", "shop.db"));
        const auto quiet = site.run("b");
        EXPECT_EQ(quiet.report.rows.unchanged, 49U);
        EXPECT_EQ(quiet.report.rows.updated, 0U);
        EXPECT_THAT(site.marked(MarkStatus::Absent), ::testing::ElementsAre("20"));
        EXPECT_THAT(site.marked(MarkStatus::Failed), ::testing::IsEmpty());
        EXPECT_EQ(site.marked(MarkStatus::Succeeded).size(), 49U);
        if (HasFailure()) {
            break;
        }
    }
    EXPECT_GE(deaths, 6);
}

TEST(ChangedRowsTold, a_record_that_failed_is_tried_again_until_it_succeeds) {
    Site site;
    site.add(1, "bad", 1);
    site.add(2, "worse", 2);
    site.add(3, "Anna", 3);
    EXPECT_EQ(site.run("b").report.rows.rejected, 2U);
    EXPECT_THAT(site.marked(MarkStatus::Failed), ::testing::ElementsAre("1", "2"));
    EXPECT_EQ(site.run("b").report.rows.retried, 2U);
    site.shop().execute("update people set name = 'good' where id < 3");
    EXPECT_EQ(site.run("b").report.rows.retried, 2U);
    EXPECT_THAT(site.marked(MarkStatus::Failed), ::testing::IsEmpty());
    EXPECT_EQ(site.run("b").report.rows.retried, 0U);
}

TEST(ChangedRowsTold, a_record_that_failed_in_one_of_its_rows_succeeds_when_only_the_other_is_left) {
    Site site;
    site.add(1, "Anna", 1);
    site.add(2, "Berta", 2);
    site.add(1, "worse", 3);
    EXPECT_EQ(site.run("b").report.rows.rejected, 1U);
    EXPECT_THAT(site.marked(MarkStatus::Failed), ::testing::ElementsAre("1"));
    site.shop().execute("delete from people where name = 'worse'");
    EXPECT_EQ(site.run("b").report.rows.retried, 1U);
    EXPECT_THAT(site.marked(MarkStatus::Failed), ::testing::IsEmpty());
    EXPECT_THAT(site.marked(MarkStatus::Succeeded), ::testing::ElementsAre("1", "2"));
    EXPECT_EQ(site.target("b").size(), 2U);
}

TEST(ChangedRowsTold, records_that_are_left_out_as_unchanged_are_not_absent) {
    Site site;
    for (int id = 0; id < 50; ++id) {
        site.add(id, "Anna", id);
    }
    site.configure("reject, absent: delete", "true");
    site.run("b");
    site.shop().execute("delete from people where id in (3, 4); update people set name = 'Berta' where id = 5");
    site.shop().execute("update people set place = 99 - place where id > 30");
    const auto waybill = site.run("b");
    EXPECT_EQ(waybill.report.rows.deleted, 2U) << waybill.message;
    EXPECT_EQ(waybill.report.rows.unchanged, 47U);
    EXPECT_EQ(site.target("b").size(), 48U);
    EXPECT_EQ(site.run("b").report.rows.deleted, 0U);
    EXPECT_EQ(site.target("b").size(), 48U);
}

TEST(ChangedRowsTold, a_test_makes_and_changes_no_marks) {
    Site site;
    site.add(1, "bad", 1);
    site.add(2, "Anna", 2);
    for (const auto* mapping : {"b", "c"}) {
        EXPECT_EQ(site.run(mapping, RunMode::Test).report.rows.rejected, 1U);
        EXPECT_FALSE(std::filesystem::exists(site.marks(mapping)));
        site.run(mapping);
    }
    site.shop().execute("update people set name = 'good'");
    for (const auto* mapping : {"b", "c"}) {
        const auto before = read_file(site.marks(mapping));
        EXPECT_EQ(site.run(mapping, RunMode::Test).report.rows.retried, 1U);
        EXPECT_EQ(read_file(site.marks(mapping)), before);
        EXPECT_THAT(site.marked(MarkStatus::Failed, mapping), ::testing::ElementsAre("1"));
    }
}

TEST(ChangedRowsTold, nothing_is_written_down_while_nothing_fails) {
    Site site;
    site.add(1, "Anna", 1);
    site.run("c");
    EXPECT_FALSE(std::filesystem::exists(site.marks("c")));
}

TEST(ChangedRowsTold, a_mapping_that_sent_all_rows_in_between_compares_anew) {
    Site site;
    site.add(1, "Anna", 1);
    site.add(2, "bad", 2);
    site.run("b");
    const auto changed = read_file(site.configuration());
    auto all = changed;
    all.replace(all.find("read: changed"), 13, "read: all");
    write_file(site.configuration(), all);
    site.shop().execute("update people set name = 'Berta' where id = 1");
    EXPECT_EQ(site.run("b").report.rows.retried, 1U);
    EXPECT_THAT(site.marked(MarkStatus::Succeeded), ::testing::IsEmpty());
    EXPECT_THAT(site.marked(MarkStatus::Failed), ::testing::ElementsAre("2"));
    write_file(site.configuration(), changed);
    site.shop().execute("update people set name = 'Anna' where id = 1; delete from people where id = 2");
    EXPECT_EQ(site.run("b").report.rows.updated, 1U);
    EXPECT_THAT(site.marked(MarkStatus::Succeeded), ::testing::ElementsAre("1"));
}

// Failure story 15.
TEST(ChangedRowsTold, another_rule_or_key_makes_no_record_look_absent) {
    Site site;
    for (int id = 0; id < 10; ++id) {
        site.add(id, fmt::format("n{}", id), id);
    }
    site.run("b");
    site.configure("reject", "id > 4");
    auto waybill = site.run("b");
    EXPECT_THAT(waybill.report.warnings, Contains(Field(&Warning::code, "rule_changed")));
    EXPECT_THAT(site.marked(MarkStatus::Absent), ::testing::IsEmpty());
    site.configure("reject", "id > 4", "name");
    waybill = site.run("b");
    EXPECT_THAT(waybill.report.warnings, Contains(Field(&Warning::code, "key_changed")));
    EXPECT_THAT(site.marked(MarkStatus::Absent), ::testing::IsEmpty());
    EXPECT_EQ(site.target("b").size(), 10U);
}

}  // namespace
}  // namespace rowhaul
