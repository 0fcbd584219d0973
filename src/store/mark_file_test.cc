// SPDX-License-Identifier: Apache-2.0
#include "store/mark_file.h"

#include "base/error.h"
#include "testing/temporary_folder.h"

#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <map>
#include <random>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rowhaul {
namespace {

using namespace rowhaul::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Known {
    Hash128 row;
    MarkStatus status = MarkStatus::Succeeded;
    std::string last_sync;
    std::string last_success;  // empty = never
    std::string key;
    std::string remark;
    std::string key_there = {};
    friend bool operator==(const Known&, const Known&) = default;
};
using Marks = std::map<Hash128, Known>;

std::ostream& operator<<(std::ostream& out, const Known& mark) {
    return out << fmt::format("{} {} {} {} {} {}", name_of(mark.status), mark.last_sync, mark.last_success, mark.key,
                              mark.remark, mark.key_there);
}

Hash128 hash_of(std::uint64_t number) {
    return {number * 0x9E3779B97F4A7C15U, number};
}

std::string key_of(std::string_view text) {
    std::string key;
    append_key_part(key, text);
    return key;
}

// The process dies before this commit, counted from 1.
std::atomic<int> commits_left{0};

extern "C" int die_before_commit(void*) {
    if (commits_left.fetch_sub(1) == 1) {
        ::kill(::getpid(), SIGKILL);
    }
    return 0;
}

extern "C" int watch_commits(sqlite3* database, const char**, const void*) {
    sqlite3_commit_hook(database, die_before_commit, nullptr);
    return SQLITE_OK;
}

class MarkFileTest : public ::testing::Test {
protected:
    static MarkStageHead head(const std::string& execution) {
        MarkStageHead head{.execution = execution, .moment = Moment(), .target = {}, .is_complete = true};
        head.target.connection = "erp";
        head.target.object = "people";
        head.target.key = {"id", "country"};
        head.target.key_print = {1, 2};
        head.target.row_print = {3, 4};
        return head;
    }
    static Mark sent(std::uint64_t number, std::string_view key) {
        return {.key_hash = hash_of(number), .row_hash = {number, 1}, .key = key};
    }
    static Marks all(MarkFile& file) {
        Marks found;
        const auto target = file.target("erp", "people");
        std::optional<Hash128> before;
        if (target) {
            file.each(Context(), *target, [&](const Mark& mark) {
                EXPECT_TRUE(!before || *before < mark.key_hash);
                before = mark.key_hash;
                found[mark.key_hash] = {mark.row_hash,
                                        mark.status,
                                        file.run(mark.last_sync).execution,
                                        mark.last_success == 0 ? "" : file.run(mark.last_success).execution,
                                        std::string(mark.key),
                                        std::string(mark.remark),
                                        std::string(mark.key_there)};
                return true;
            });
            EXPECT_EQ(file.marks(*target), found.size());
        }
        return found;
    }
    std::filesystem::path path() const { return MarkFile::path(folder_.path(), "people"); }

    TemporaryFolder folder_{TemporaryFolder::Place::Memory};
};

TEST_F(MarkFileTest, what_is_staged_counts_once_it_is_promoted) {
    MarkFile file(path());
    const auto key = key_of("7");
    {
        MarkStage stage(file, head("E1"));
        stage.add(sent(7, key));
        stage.add(Arrival{hash_of(7), {7, 1}});
        stage.finish();
    }
    EXPECT_THAT(all(file), IsEmpty());
    EXPECT_TRUE(file.has_stage("E1"));
    file.promote(Context(), "E1");
    EXPECT_FALSE(file.has_stage("E1"));
    EXPECT_THAT(all(file),
                ElementsAre(std::pair(hash_of(7), Known{{7, 1}, MarkStatus::Succeeded, "E1", "E1", key, ""})));
    const auto target = file.target("erp", "people").value();
    EXPECT_THAT(target.key, ElementsAre("id", "country"));
    EXPECT_EQ(target.row_print, (Hash128{3, 4}));
    EXPECT_EQ(file.run(target.complete_run).execution, "E1");
    EXPECT_EQ(target.arrival_count, 1U);
    EXPECT_EQ(ArrivalReader(file, target.arrivals.value()).read(0).at(0).key, hash_of(7));
    file.promote(Context(), "E1");  // nothing is left to be done
    EXPECT_EQ(all(file).size(), 1U);
}

TEST_F(MarkFileTest, what_is_discarded_never_was) {
    MarkFile file(path());
    const auto key = key_of("7");
    for (const auto* execution : {"E1", "E2"}) {
        MarkStage stage(file, head(execution));
        stage.add(sent(7, key));
        stage.finish();
    }
    { const MarkStage broken_off(file, head("E3")); }
    file.discard("E1");
    EXPECT_FALSE(file.has_stage("E1"));
    file.discard_all();
    file.promote(Context(), "E2");
    EXPECT_THAT(all(file), IsEmpty());
}

TEST_F(MarkFileTest, what_is_discarded_in_doubt_leaves_the_rows_unknown) {
    MarkFile file(path());
    const auto key = key_of("7");
    for (const auto* execution : {"E1", "E2"}) {
        MarkStage stage(file, head(execution));
        stage.add(sent(7, key));
        stage.finish();
        file.promote(Context(), "E1");
    }
    file.discard_in_doubt("E2");
    EXPECT_FALSE(file.has_stages());
    EXPECT_EQ(all(file).size(), 1U);
    EXPECT_EQ(file.target("erp", "people").value().row_print, Hash128());
}

TEST_F(MarkFileTest, a_failure_keeps_the_key_and_the_last_success) {
    MarkFile file(path());
    const auto key = key_of("7");
    {
        MarkStage stage(file, head("E1"));
        stage.add(sent(7, key));
        stage.finish();
    }
    file.promote(Context(), "E1");
    {
        MarkStage stage(file, head("E2"));
        stage.add({.key_hash = hash_of(7), .status = MarkStatus::Failed, .remark = "too long"});
        stage.finish();
    }
    file.promote(Context(), "E2");
    EXPECT_EQ(all(file).at(hash_of(7)), (Known{{}, MarkStatus::Failed, "E2", "E1", key, "too long"}));
}

TEST_F(MarkFileTest, the_key_there_stays_until_another_one_is_told) {
    MarkFile file(path());
    const auto key = key_of("7");
    auto mark = sent(7, key);
    const auto after = [&](const std::string& execution) {
        auto next = head(execution);
        next.target.generated_key = "number";
        MarkStage stage(file, next);
        stage.add(mark);
        stage.finish();
        file.promote(Context(), execution);
        return all(file).at(hash_of(7)).key_there;
    };
    mark.key_there = "100234";
    EXPECT_EQ(after("E1"), "100234");
    EXPECT_EQ(file.target("erp", "people")->generated_key, "number");
    mark.key_there = {};
    mark.status = MarkStatus::Failed;
    EXPECT_EQ(after("E2"), "100234");
    mark.status = MarkStatus::Succeeded;
    const std::string longest(longest_key_there, 'n');
    mark.key_there = longest;
    EXPECT_EQ(after("E3"), longest);
    EXPECT_EQ(all(file).at(hash_of(7)).key, key);
}

// Version 1 knew of no keys that targets give.
TEST_F(MarkFileTest, an_older_file_is_brought_up_to_date) {
    const auto key = key_of("7");
    const auto make_older = [&] {
        SqliteHandle(path(), SqliteAccess::ReadWrite)
            .execute(
                "alter table targets drop column generated_key; alter table stages drop column generated_key;"
                "pragma user_version = 1");
    };
    {
        MarkFile file(path());
        for (const auto* execution : {"E1", "E2"}) {
            MarkStage stage(file, head(execution));
            stage.add(sent(7, key));
            stage.finish();
        }
        file.promote(Context(), "E1");
    }
    const auto expected = ElementsAre(std::pair(hash_of(7), Known{{7, 1}, MarkStatus::Succeeded, "E1", "E1", key, ""}));
    make_older();
    EXPECT_THAT(all(*MarkFile::existing(path(), SqliteAccess::ReadOnly)), expected);
    make_older();
    MarkFile file(path());
    EXPECT_THAT(all(file), expected);
    EXPECT_EQ(file.target("erp", "people")->generated_key, "");
    file.promote(Context(), "E2");
    EXPECT_EQ(all(file).at(hash_of(7)).last_sync, "E2");
}

TEST_F(MarkFileTest, marks_of_no_use_are_replaced) {
    MarkFile file(path());
    const auto key = key_of("7");
    for (const std::uint64_t number : {1U, 2U}) {
        auto next = head(fmt::format("E{}", number));
        next.replaces = number == 2;
        MarkStage stage(file, next);
        stage.add(sent(number, key));
        stage.finish();
        file.promote(Context(), next.execution);
    }
    const auto marks = all(file);
    EXPECT_EQ(marks.size(), 1U);
    EXPECT_TRUE(marks.contains(hash_of(2)));
}

TEST_F(MarkFileTest, a_newer_file_is_refused) {
    { MarkFile file(path()); }
    { SqliteHandle(path(), SqliteAccess::ReadWrite).execute("pragma user_version = 99"); }
    EXPECT_THROW(MarkFile file(path()), Error);
}

// Keys, remarks and chunks of any size; compared with a map after every run, and looked up in order.
TEST_F(MarkFileTest, many_runs_leave_what_a_map_would_hold) {
    std::mt19937_64 random(11);
    MarkFile file(path());
    Marks expected;
    for (int round = 0; round < 12; ++round) {
        const auto execution = fmt::format("E{:02}", round);
        std::map<Hash128, std::tuple<MarkStatus, std::string, std::string>> changes;
        const std::uint64_t span = round % 3 == 0 ? 9000 : 300;
        const std::uint64_t base = random() % 6000;
        for (std::uint64_t i = 0; i < span; ++i) {
            const auto status = static_cast<MarkStatus>(random() % 4);
            changes[hash_of(base + random() % (2 * span))] = {status, std::string(random() % 60, 'k'),
                                                              std::string(random() % 12, 'n')};
        }
        {
            MarkStage stage(file, head(execution));
            for (const auto& [hash, change] : changes) {
                const auto& [status, text, there] = change;
                const bool is_sent = status == MarkStatus::Succeeded;
                stage.add({.key_hash = hash,
                           .row_hash = is_sent ? Hash128{hash.low, 5} : compare_anew,
                           .status = status,
                           .key = text,
                           .remark = is_sent ? "" : "why",
                           .key_there = there});
            }
            stage.finish();
        }
        for (const auto& [hash, change] : changes) {
            const auto& [status, text, there] = change;
            const bool is_known = expected.contains(hash);
            if (status == MarkStatus::Absent && !is_known) {
                continue;
            }
            auto& mark = expected[hash];
            const bool is_sent = status == MarkStatus::Succeeded;
            mark = {is_sent ? Hash128{hash.low, 5} : compare_anew,
                    status,
                    execution,
                    is_sent ? execution : mark.last_success,
                    text.empty() ? mark.key : text,
                    is_sent ? "" : "why",
                    there.empty() ? mark.key_there : there};
        }
        file.promote(Context(), execution);
        ASSERT_EQ(all(file), expected) << execution;
    }
    const auto target = file.target("erp", "people").value();
    MarkCursor cursor(file, target);
    for (std::uint64_t i = 0; i < 30'000; ++i) {
        const Hash128 key{i * (~std::uint64_t{0} / 30'000), 0};
        EXPECT_FALSE(cursor.find(key) && !expected.contains(key));
    }
    MarkCursor again(file, target);
    for (const auto& [hash, mark] : expected) {
        const auto found = again.find(hash);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->key, mark.key);
        EXPECT_EQ(found->status, mark.status);
    }
}

TEST_F(MarkFileTest, arrivals_come_back_in_their_order) {
    MarkFile file(path());
    constexpr std::uint64_t count = 2 * ArrivalReader::block + 17;
    {
        MarkStage stage(file, head("E1"));
        for (std::uint64_t i = 0; i < count; ++i) {
            stage.add(Arrival{hash_of(i), {i, i}});
        }
        stage.finish();
    }
    file.promote(Context(), "E1");
    const auto target = file.target("erp", "people").value();
    EXPECT_EQ(target.arrival_count, count);
    ArrivalReader reader(file, target.arrivals.value());
    std::uint64_t next = 0;
    for (std::uint64_t place = 0;; ++place) {
        const auto block = reader.read(place);
        if (block.empty()) {
            break;
        }
        for (const auto& arrival : block) {
            EXPECT_EQ(arrival.key, hash_of(next));
            EXPECT_EQ(arrival.row, (Hash128{next, next}));
            ++next;
        }
    }
    EXPECT_EQ(next, count);
    // A run in which nothing changed leaves the list as it is.
    auto unchanged = head("E2");
    unchanged.arrivals = ArrivalList::Kept;
    MarkStage(file, unchanged).finish();
    file.promote(Context(), "E2");
    const auto after = file.target("erp", "people").value();
    EXPECT_EQ(after.arrivals, target.arrivals);
    EXPECT_EQ(after.arrival_count, count);
    EXPECT_EQ(file.run(after.complete_run).execution, "E2");
}

// Some 30 MB of marks, so that it takes several transactions.
TEST_F(MarkFileTest, a_promotion_that_is_killed_at_any_commit_goes_on_where_it_stopped) {
    constexpr std::uint64_t count = 200'000;
    const std::string long_key(80, 'k');
    std::map<Hash128, std::uint64_t> numbers;
    for (std::uint64_t i = 0; i < count; ++i) {
        numbers[hash_of(i)] = i;
    }
    const auto stage_all = [&](MarkFile& file, const std::string& execution, bool replaces) {
        auto next = head(execution);
        next.replaces = replaces;
        MarkStage stage(file, next);
        for (const auto& [hash, number] : numbers) {
            stage.add({.key_hash = hash, .row_hash = {number, replaces ? 2U : 1U}, .key = long_key});
        }
        stage.finish();
    };
    {
        MarkFile file(path());
        stage_all(file, "E1", false);
        file.promote(Context(), "E1");
        stage_all(file, "E2", true);
    }
    int deaths = 0;
    for (int commit = 1; commit <= 3; ++commit) {
        const auto child = ::fork();
        if (child == 0) {
            commits_left = commit;
            sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch_commits));
            MarkFile file(path());
            file.promote(Context(), "E2");
            ::_exit(0);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        deaths += WIFSIGNALED(status) ? 1 : 0;
    }
    EXPECT_EQ(deaths, 3);
    MarkFile file(path());
    EXPECT_TRUE(file.has_stage("E2"));
    file.promote(Context(), "E2");
    std::uint64_t seen = 0;
    file.each(Context(), file.target("erp", "people").value(), [&](const Mark& mark) {
        EXPECT_EQ(mark.row_hash, (Hash128{numbers.at(mark.key_hash), 2}));
        ++seen;
        return true;
    });
    EXPECT_EQ(seen, count);
}

TEST(MarkKey, parts_come_back) {
    std::string key;
    append_key_part(key, "a, b");
    append_key_part(key, "");
    EXPECT_THAT(key_parts(key), ElementsAre("a, b", ""));
    EXPECT_EQ(shown_key(key), "a, b, ");
    EXPECT_THROW(key_parts(key.substr(0, 6)), Error);
}

}  // namespace
}  // namespace rowhaul
