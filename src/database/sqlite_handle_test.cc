// SPDX-License-Identifier: Apache-2.0
#include "database/sqlite_handle.h"

#include "testing/temporary_folder.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

namespace rowhaul {
namespace {

using ::testing::HasSubstr;

template <class Action>
ErrorKind kind_thrown_by(Action&& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.kind();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorKind::Internal;
}

class SqliteHandleTest : public ::testing::Test {
protected:
    testing::TemporaryFolder folder_;
    std::string path_ = folder_ / "test.db";
    SqliteHandle database_{path_, SqliteAccess::Create, std::chrono::milliseconds(50)};
};

TEST_F(SqliteHandleTest, ReadsBackWhatWasBound) {
    database_.execute("create table t (id integer primary key, name text, data blob); create index i on t (name);");
    database_.run("insert into t (id, name, data) values (?, ?, ?)", 7, std::string_view("a\0b", 3), std::nullopt);
    EXPECT_EQ(database_.last_insert_rowid(), 7);
    EXPECT_EQ(database_.changes(), 1);
    auto rows = database_.prepare("select id, name, data, '' from t");
    ASSERT_TRUE(rows.step());
    EXPECT_EQ(rows.integer(0), 7);
    EXPECT_EQ(rows.text(1), std::string_view("a\0b", 3));
    EXPECT_TRUE(rows.is_null(2));
    EXPECT_EQ(rows.optional_text(2), std::nullopt);
    EXPECT_EQ(rows.optional_text(3), "");
    EXPECT_EQ(rows.name(1), "name");
    EXPECT_FALSE(rows.step());
}

TEST_F(SqliteHandleTest, RollsBackWhatWasNotCommitted) {
    database_.execute("create table t (id integer primary key)");
    {
        const SqliteTransaction abandoned(database_);
        database_.run("insert into t values (?)", 1);
    }
    SqliteTransaction kept(database_);
    database_.run("insert into t values (?)", 2);
    kept.commit();
    auto rows = database_.prepare("select id from t");
    ASSERT_TRUE(rows.step());
    EXPECT_EQ(rows.integer(0), 2);
    EXPECT_FALSE(rows.step());
}

TEST_F(SqliteHandleTest, NamesEachFailureByWhatCanBeDone) {
    database_.execute("create table t (id integer primary key)");
    database_.run("insert into t values (?)", 1);
    EXPECT_EQ(kind_thrown_by([&] { database_.run("insert into t values (?)", 1); }), ErrorKind::Conflict);
    EXPECT_EQ(kind_thrown_by([&] { database_.prepare("selec 1"); }), ErrorKind::Invalid);
    EXPECT_EQ(kind_thrown_by([&] { database_.prepare("  -- nothing"); }), ErrorKind::Invalid);
    EXPECT_EQ(kind_thrown_by([&] { database_.prepare("select 1; select 2"); }), ErrorKind::Invalid);
    database_.prepare("select 1; -- done");

    const SqliteTransaction writing(database_);
    SqliteHandle other(path_, SqliteAccess::ReadWrite, std::chrono::milliseconds(20));
    EXPECT_EQ(kind_thrown_by([&] { const SqliteTransaction blocked(other); }), ErrorKind::Unavailable);

    SqliteHandle reader(path_, SqliteAccess::ReadOnly);
    EXPECT_EQ(kind_thrown_by([&] { reader.execute("insert into t values (3)"); }), ErrorKind::Denied);
}

TEST_F(SqliteHandleTest, AMissingFileIsNotCreated) {
    const auto missing = folder_ / "missing.db";
    EXPECT_EQ(kind_thrown_by([&] { SqliteHandle(missing, SqliteAccess::ReadOnly); }), ErrorKind::NotFound);
    EXPECT_EQ(kind_thrown_by([&] { SqliteHandle(missing, SqliteAccess::ReadWrite); }), ErrorKind::NotFound);
    EXPECT_FALSE(std::filesystem::exists(missing));
}

TEST_F(SqliteHandleTest, AFullDiskIsExhausted) {
    database_.execute("create table t (data blob); pragma max_page_count = 8;");
    EXPECT_EQ(kind_thrown_by([&] { database_.execute("insert into t values (zeroblob(1000000))"); }),
              ErrorKind::Exhausted);
}

TEST_F(SqliteHandleTest, AStopRequestEndsAStatementAndAWaitForALock) {
    StopSignal stop;
    Context context;
    context.stop = &stop;
    const SqliteHandle::Watch watch(database_, context);
    std::jthread requester([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        stop.request();
    });
    EXPECT_EQ(kind_thrown_by([&] {
                  database_.execute(
                      "with recursive n(i) as (select 1 union all select i + 1 from n) "
                      "select count(*) from n");
              }),
              ErrorKind::Cancelled);

    SqliteHandle writer(path_, SqliteAccess::ReadWrite);
    const SqliteTransaction writing(writer);
    SqliteHandle patient(path_, SqliteAccess::ReadWrite, std::chrono::hours(1));
    const SqliteHandle::Watch other_watch(patient, context);
    EXPECT_EQ(kind_thrown_by([&] { const SqliteTransaction blocked(patient); }), ErrorKind::Cancelled);
}

}  // namespace
}  // namespace rowhaul
