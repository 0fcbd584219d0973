// SPDX-License-Identifier: Apache-2.0
// Cursors count with the execution that moved them.
#include "store/store.h"
#include "testing/temporary_folder.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

class StoredCursors : public ::testing::Test {
protected:
    void stage(const std::string& id, const std::string& value) {
        store_.begin({.id = id, .mapping = "orders", .started = Moment()});
        store_.stage_cursor(id, "orders", {.subject = "s", .kind = "integer", .value = value, .low = "l"});
        store_.stage_cursor_rows(id, "orders", 0, "first of " + value + ";");
        store_.stage_cursor_rows(id, "orders", 1, "second of " + value);
        store_.committing(id, {}, "{}");
    }
    void end(const std::string& id, RunOutcome outcome) {
        store_.end({.id = id, .mapping = "orders", .outcome = outcome, .started = Moment()}, {});
    }
    std::string value() {
        const auto cursor = store_.cursor("orders");
        return cursor ? cursor->value : "none";
    }

    std::string rows() {
        std::string all;
        store_.each_cursor_rows("orders", [&](std::string_view piece) { all += piece; });
        return all;
    }

    testing::TemporaryFolder folder_;
    Store store_{folder_ / "home"};
};

TEST_F(StoredCursors, count_once_their_execution_has_ended_well) {
    EXPECT_EQ(value(), "none");
    stage("A", "1");
    EXPECT_EQ(value(), "none");
    end("A", RunOutcome::Partial);
    EXPECT_EQ(value(), "1");
    stage("B", "2");
    EXPECT_EQ(value(), "1");
    end("B", RunOutcome::Interrupted);
    EXPECT_EQ(value(), "1");
    stage("C", "3");
    end("C", RunOutcome::Succeeded);
    EXPECT_EQ(value(), "3");
    EXPECT_FALSE(store_.cursor("others"));
}

TEST_F(StoredCursors, bring_their_rows_with_them) {
    EXPECT_EQ(rows(), "");
    stage("A", "1");
    EXPECT_EQ(rows(), "");
    end("A", RunOutcome::Succeeded);
    EXPECT_EQ(rows(), "first of 1;second of 1");
    stage("B", "2");
    EXPECT_EQ(rows(), "first of 1;second of 1");
    end("B", RunOutcome::Failed);
    EXPECT_EQ(rows(), "first of 1;second of 1");
    stage("C", "3");
    end("C", RunOutcome::Succeeded);
    EXPECT_EQ(rows(), "first of 3;second of 3");
    SqliteHandle raw(folder_ / "home/rowhaul.db", SqliteAccess::ReadOnly);
    auto statement = raw.prepare("select count(*) from cursor_rows");
    statement.step();
    EXPECT_EQ(statement.integer(0), 2);
}

TEST_F(StoredCursors, stay_when_an_execution_leaves_none) {
    stage("A", "1");
    end("A", RunOutcome::Succeeded);
    store_.begin({.id = "B", .mapping = "orders", .started = Moment()});
    end("B", RunOutcome::Empty);
    EXPECT_EQ(value(), "1");
}

TEST_F(StoredCursors, and_backfills_count_with_their_execution_alike) {
    const auto stage_chunk = [&](const std::string& id, std::uint64_t done) {
        store_.begin({.id = id, .mapping = "orders", .started = Moment()});
        store_.stage_backfill(id, "orders", {.command = "c", .done = done, .of = 9});
    };
    EXPECT_FALSE(store_.backfill("orders"));
    stage_chunk("A", 1);
    EXPECT_FALSE(store_.backfill("orders"));
    end("A", RunOutcome::Empty);
    EXPECT_EQ(store_.backfill("orders")->done, 1U);
    stage_chunk("B", 2);
    end("B", RunOutcome::Cancelled);
    EXPECT_EQ(store_.backfill("orders")->done, 1U);
    stage("C", "3");
    end("C", RunOutcome::Succeeded);  // a run that is none of its chunks
    EXPECT_EQ(store_.backfill("orders")->done, 1U);
    stage_chunk("D", 2);
    end("D", RunOutcome::Partial);
    EXPECT_EQ(store_.backfill("orders")->done, 2U);
    EXPECT_EQ(store_.backfill("orders")->of, 9U);
    store_.forget_backfill("orders");
    EXPECT_FALSE(store_.backfill("orders"));
}

}  // namespace
}  // namespace rowhaul
