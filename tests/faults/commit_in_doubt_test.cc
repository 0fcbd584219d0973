// SPDX-License-Identifier: Apache-2.0
// A commit whose answer was lost, and that the server is still busy with when it is asked for.
#include "connector/commit_record.h"
#include "testing/eventually.h"
#include "tests/flows/places.h"

#include <fmt/format.h>
#include <future>
#include <gtest/gtest.h>

namespace rowhaul::testing {
namespace {

class CommitInDoubt : public ::testing::TestWithParam<std::string_view> {
protected:
    CommitInDoubt() {
        place_->sql("create table people (id int)");
        std::string obstacle;
        EXPECT_TRUE(CommitRecord::open(context_, *dying_, dying_->table(context_, "people"), obstacle)) << obstacle;
        dying_->begin(context_, Reach::Tables);
        record_.write(context_, *dying_, dying_->table(context_, "people"));
    }
    // Asked while the transaction still goes on.
    std::future<bool> asked() {
        auto answer = std::async(std::launch::async, [this] {
            return CommitRecord::has_committed(context_, *database_->writer(), "people", "people", "01A");
        });
        EXPECT_TRUE(eventually([&] { return place_->somebody_waits(); }));
        return answer;
    }

    const Context context_;
    std::unique_ptr<Place> place_ = make_place(GetParam(), "");
    std::unique_ptr<Database> database_ = place_->database();
    std::unique_ptr<TableWriter> dying_ = database_->writer();
    CommitRecord record_{"people", "01A", std::chrono::system_clock::now()};
};
INSTANTIATE_TEST_SUITE_P(Databases, CommitInDoubt, ::testing::Values("postgres", "mariadb"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_P(CommitInDoubt, IsWaitedFor) {
    auto answer = asked();
    dying_->commit(context_);
    EXPECT_TRUE(answer.get());
}

TEST_P(CommitInDoubt, ThatIsRolledBackNeverTookPlace) {
    auto answer = asked();
    dying_->rollback(context_);
    EXPECT_FALSE(answer.get());
    EXPECT_EQ(place_->rows("select count(*) from rowhaul_commits where execution = '01A'"), "0");
}

}  // namespace
}  // namespace rowhaul::testing
