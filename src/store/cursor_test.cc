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
        store_.stage_cursor(id, "orders", {.subject = "s", .kind = "integer", .value = value, .low = "l", .rows = "r"});
        store_.committing(id, {}, "{}");
    }
    void end(const std::string& id, RunOutcome outcome) {
        store_.end({.id = id, .mapping = "orders", .outcome = outcome, .started = Moment()}, {});
    }
    std::string value() {
        const auto cursor = store_.cursor("orders");
        return cursor ? cursor->value : "none";
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

TEST_F(StoredCursors, stay_when_an_execution_leaves_none) {
    stage("A", "1");
    end("A", RunOutcome::Succeeded);
    store_.begin({.id = "B", .mapping = "orders", .started = Moment()});
    end("B", RunOutcome::Empty);
    EXPECT_EQ(value(), "1");
}

}  // namespace
}  // namespace rowhaul
