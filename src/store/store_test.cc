// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include "store/lock.h"
#include "testing/temporary_folder.h"

#include <barrier>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <thread>

namespace rowhaul {
namespace {

using testing::TemporaryFolder;

ExecutionRecord execution(std::string id, std::string mapping) {
    return {.id = std::move(id), .mapping = std::move(mapping), .started = parse_utc("2026-11-22T04:00:00.000Z")};
}

void end(Store& store, ExecutionRecord record, RunOutcome outcome) {
    record.outcome = outcome;
    record.ended = parse_utc("2026-11-22T04:00:02.000Z");
    record.rows_read = 7;
    record.waybill = "{}";
    store.end(record, {});
}

TEST(Store, remembers_an_execution_across_processes) {
    const TemporaryFolder home;
    {
        Store store(home.path());
        auto record = execution("01A", "customers");
        record.task = "nightly";
        record.parent = "01T";
        store.begin(record);
        record.message = "disk full";
        end(store, record, RunOutcome::Failed);
    }
    Store store(home.path());
    const auto found = store.execution("01A");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->mapping, "customers");
    EXPECT_EQ(found->task, "nightly");
    EXPECT_EQ(found->state, ExecutionState::Ended);
    EXPECT_EQ(found->outcome, RunOutcome::Failed);
    EXPECT_EQ(found->message, "disk full");
    EXPECT_EQ(found->rows_read, 7U);
    EXPECT_EQ(utc_text(*found->ended), "2026-11-22T04:00:02.000Z");
    EXPECT_EQ(store.children("01T").size(), 1U);
}

TEST(Store, keeps_a_new_home_to_its_owner) {
    const TemporaryFolder folder;
    const Store store(folder.path() / "home");
    EXPECT_EQ(std::filesystem::status(folder.path() / "home").permissions(), std::filesystem::perms::owner_all);
}

TEST(Store, tells_history_latest_first) {
    const TemporaryFolder home;
    Store store(home.path());
    for (const auto* id : {"01A", "01B", "01C"}) {
        store.begin(execution(id, id == std::string("01B") ? "orders" : "customers"));
    }
    EXPECT_EQ(store.latest("")->id, "01C");
    EXPECT_EQ(store.latest("orders")->id, "01B");
    EXPECT_FALSE(store.latest("products"));
    const auto all = store.history("", 2);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[1].id, "01B");
    EXPECT_EQ(store.execution_like("01B").mapping, "orders");
    EXPECT_THROW(store.execution_like("01"), Error);
    EXPECT_THROW(store.execution_like("02"), Error);
    EXPECT_THROW(store.execution_like("%"), Error);
}

TEST(Store, keeps_files_with_what_identifies_them) {
    const TemporaryFolder home;
    Store store(home.path());
    const auto record = execution("01A", "customers");
    store.begin(record);
    store.put_file("01A", 0, {.name = "in/customers.csv"});
    EXPECT_EQ(store.files("01A").at(0).state, FileState::Pending);
    const StoredFile file{"in/customers.csv", FileState::Complete, 12, 3, "m", "s"};
    store.committing("01A", {file}, "{}");
    EXPECT_EQ(store.execution("01A")->state, ExecutionState::Committing);
    EXPECT_EQ(store.files("01A").at(0).sha256, "s");
    EXPECT_EQ(store.files("01A").at(0).rows, 3U);
}

TEST(Store, finds_what_a_dead_process_left) {
    const TemporaryFolder home;
    Store store(home.path());
    store.begin(execution("01A", "customers"));
    store.begin(execution("01B", "orders"));
    auto found = store.unfinished("customers");
    ASSERT_EQ(found.size(), 1U);
    found.front().outcome = RunOutcome::Interrupted;
    store.end(found.front(), {{.name = "in/customers.csv"}});
    EXPECT_TRUE(store.unfinished("customers").empty());
    ASSERT_EQ(store.uncleaned("customers").size(), 1U);
    store.mark_cleaned("01A");
    EXPECT_TRUE(store.uncleaned("customers").empty());
}

TEST(Store, keeps_every_reject_in_order) {
    const TemporaryFolder home;
    Store store(home.path());
    store.begin(execution("01A", "customers"));
    store.add_rejects("01A", 0,
                      {{1, "unencodable_text", "name", "☃", "no snowman in windows-1252"}, {2, "r", "", "", ""}});
    store.add_rejects("01A", 2, {{9, "last", "", "", ""}});
    std::vector<Reject> rejects;
    store.each_reject("01A", [&](const Reject& reject) { rejects.push_back(reject); });
    ASSERT_EQ(rejects.size(), 3U);
    EXPECT_EQ(rejects[0].value, "☃");
    EXPECT_EQ(rejects[2].row, 9U);
}

TEST(Store, keeps_rejects_of_files_whole) {
    const TemporaryFolder home;
    Store store(home.path());
    store.begin(execution("01A", "prices"));
    const Reject reject{.row = 17,
                        .reason = "ragged_row",
                        .field = "price",
                        .value = "x",
                        .message = "too few",
                        .key = "4711",
                        .file = "PREISE_1.csv",
                        .line = 18,
                        .raw = std::string("a\0b;\"ü\n", 8)};
    store.add_rejects("01A", 0, {reject});
    std::vector<Reject> kept;
    store.each_reject("01A", [&](const Reject& each) { kept.push_back(each); });
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept[0].key, "4711");
    EXPECT_EQ(kept[0].file, "PREISE_1.csv");
    EXPECT_EQ(kept[0].line, 18U);
    EXPECT_EQ(kept[0].raw, reject.raw);
    store.drop_rejects("01A");
    store.each_reject("01A", [&](const Reject&) { ADD_FAILURE() << "it was dropped"; });
}

TEST(Store, knows_which_files_a_mapping_took_in) {
    const TemporaryFolder home;
    Store store(home.path());
    const auto take_in = [&](const std::string& id, RunOutcome outcome, const StoredSourceFile& file) {
        const auto record = execution(id, "prices");
        store.begin(record);
        store.put_source_files(id, "prices", {file});
        EXPECT_NE(store.taken_by("prices", file.sha256), id) << "it has not arrived yet";
        end(store, record, outcome);
    };
    take_in("01A", RunOutcome::Failed, {.name = "a.csv", .bytes = 1, .sha256 = "aa"});
    EXPECT_EQ(store.taken_by("prices", "aa"), "");
    EXPECT_FALSE(store.latest_source_file("prices", "a.csv"));
    take_in("01B", RunOutcome::Partial,
            {.name = "a.csv", .bytes = 2, .modified = 100, .seen = 200, .sha256 = "aa", .header = "id;x"});
    EXPECT_EQ(store.taken_by("prices", "aa"), "01B");
    EXPECT_EQ(store.taken_by("orders", "aa"), "") << "another mapping";
    take_in("01C", RunOutcome::Succeeded, {.name = "a.csv", .bytes = 3, .sha256 = "cc"});
    EXPECT_EQ(store.latest_source_file("prices", "a.csv")->bytes, 3U);
    EXPECT_FALSE(store.latest_source_file("prices", "a.csv")->modified);
    const auto files = store.source_files("01B");
    ASSERT_EQ(files.size(), 1U);
    EXPECT_EQ(files[0].modified, 100);
    EXPECT_EQ(files[0].seen, 200);
    EXPECT_EQ(files[0].header, "id;x");
}

TEST(Store, brings_a_store_of_the_first_version_up_to_date) {
    const TemporaryFolder home;
    {
        SqliteHandle old(home / "rowhaul.db", SqliteAccess::Create);
        old.execute(testing::read_file(ROWHAUL_SOURCE_DIR "/src/store/migrations/0001_executions.sql"));
        old.execute(
            "pragma user_version = 1;"
            "insert into executions (id, mapping, kind, cause, state, outcome, started, process) "
            "values ('01A', 'm', 'run', 'command', 'ended', 'partial', '2026-11-22T04:00:00.000Z', 1);"
            "insert into rejects values ('01A', 0, 7, 'unencodable_text', 'name', 'x', 'why')");
    }
    Store store(home.path());
    std::vector<Reject> kept;
    store.each_reject("01A", [&](const Reject& each) { kept.push_back(each); });
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept[0].row, 7U);
    EXPECT_EQ(kept[0].raw, "");
    EXPECT_TRUE(store.source_files("01A").empty());
}

TEST(Store, keeps_the_cursors_of_the_third_version) {
    const TemporaryFolder home;
    {
        SqliteHandle old(home / "rowhaul.db", SqliteAccess::Create);
        for (const auto* name : {"0001_executions", "0002_source_files", "0003_cursors"}) {
            old.execute(testing::read_file(fmt::format("{}/src/store/migrations/{}.sql", ROWHAUL_SOURCE_DIR, name)));
        }
        old.execute(
            "pragma user_version = 3;"
            "insert into cursors values ('01A', 'orders', 1, 's', 'integer', '17', 'remembered'),"
            "('01B', 'orders', 0, 's', 'integer', '18', 'staged')");
    }
    Store store(home.path());
    const auto cursor = store.cursor("orders");
    ASSERT_TRUE(cursor);
    EXPECT_EQ(cursor->subject, "s");
    EXPECT_EQ(cursor->value, "17");
    EXPECT_EQ(cursor->low, "");
    std::string rows;
    store.each_cursor_rows("orders", [&](std::string_view piece) { rows += piece; });
    EXPECT_EQ(rows, "remembered");
}

TEST(Store, counts_sequences_a_mapping) {
    const TemporaryFolder home;
    Store store(home.path());
    EXPECT_EQ(store.last_sequence("customers"), 0U);
    auto record = execution("01A", "customers");
    store.begin(record);
    record.outcome = RunOutcome::Succeeded;
    store.end(record, {}, 1);
    EXPECT_EQ(store.last_sequence("customers"), 1U);
    EXPECT_EQ(store.last_sequence("orders"), 0U);
}

TEST(Store, refuses_a_store_from_the_future) {
    const TemporaryFolder home;
    { const Store store(home.path()); }
    SqliteHandle(home / "rowhaul.db", SqliteAccess::ReadWrite).execute("pragma user_version = 4711");
    try {
        const Store store(home.path());
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Conflict);
    }
}

TEST(Store, many_may_open_a_new_home_at_once) {
    constexpr int openers_at_once = 8;
    for (int round = 0; round < 25; ++round) {
        const TemporaryFolder home;
        std::barrier start(openers_at_once);
        std::vector<std::thread> openers;
        for (int i = 0; i < openers_at_once; ++i) {
            openers.emplace_back([&, i] {
                start.arrive_and_wait();
                Store store(home.path());
                store.begin(execution("01" + std::to_string(i), "customers"));
            });
        }
        for (auto& opener : openers) {
            opener.join();
        }
        ASSERT_EQ(Store(home.path()).history("", openers_at_once).size(), std::size_t{openers_at_once});
    }
}

TEST(RunLock, is_held_once_a_name) {
    const TemporaryFolder home;
    const RunLock customers(home.path(), "customers");
    const RunLock orders(home.path(), "orders");
    try {
        const RunLock again(home.path(), "customers");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Conflict);
        EXPECT_NE(std::string(error.what()).find(std::to_string(::getpid())), std::string::npos);
    }
}

TEST(RunLock, is_free_again_when_its_holder_goes) {
    const TemporaryFolder home;
    { const RunLock lock(home.path(), "mit Umlaut äöü/.."); }
    EXPECT_NO_THROW(RunLock(home.path(), "mit Umlaut äöü/.."));
}

TEST(LifeSign, is_shown_for_one_execution_as_long_as_its_holder_lives) {
    const TemporaryFolder home;
    {
        const LifeSign one(home.path(), "01A");
        const LifeSign beside_it(home.path(), "01B");
        EXPECT_TRUE(LifeSign::is_shown(home.path(), "01A"));
        EXPECT_TRUE(LifeSign::is_shown(home.path(), "01B"));
        EXPECT_FALSE(LifeSign::is_shown(home.path(), "01C"));
    }
    EXPECT_FALSE(LifeSign::is_shown(home.path(), "01A"));
}

}  // namespace
}  // namespace rowhaul
