// SPDX-License-Identifier: Apache-2.0
#include "connector/row_origins.h"

#include "testing/temporary_folder.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

using testing::TemporaryFolder;

class RowOriginsTest : public ::testing::Test {
protected:
    // `rows` are the numbers that rows bear; each stands a line below its number.
    static void fill(Batch& batch, std::string_view file, const std::vector<std::uint64_t>& rows) {
        batch.clear();
        for (const auto row : rows) {
            batch.origins().push_back(
                {.row = row, .line = row + 1, .raw = batch.arena().copy("raw " + std::to_string(row))});
        }
        batch.set_file(file);
        batch.set_rows(rows.size());
    }
    Reject told(std::uint64_t row) {
        Reject reject{.row = row};
        origins_.tell(reject);
        return reject;
    }

    TemporaryFolder folder_;
    RowOrigins origins_{{.folder = folder_.path()}};
};

TEST_F(RowOriginsTest, TellWhereARowStood) {
    Batch batch(0);
    fill(batch, "a.csv", {1, 2, 5});
    origins_.note(batch);
    fill(batch, "b.csv", {6, 9});
    origins_.note(batch);
    const auto second = told(2);
    EXPECT_EQ(second.file, "a.csv");
    EXPECT_EQ(second.line, 3U);
    EXPECT_EQ(second.raw, "raw 2");
    EXPECT_EQ(told(9).file, "b.csv");
    EXPECT_EQ(told(9).raw, "raw 9");
    EXPECT_EQ(told(1).raw, "raw 1");
}

TEST_F(RowOriginsTest, NumbersThatNoRowBearsHaveNone) {
    Batch batch(0);
    fill(batch, "a.csv", {3, 5});
    origins_.note(batch);
    EXPECT_EQ(told(1).file, "");
    EXPECT_EQ(told(4).file, "");
    EXPECT_EQ(told(6).file, "");
}

TEST_F(RowOriginsTest, RowsOfNoFileTakeNoRoom) {
    Batch batch(0);
    fill(batch, "", {1, 2});
    origins_.note(batch);
    EXPECT_EQ(told(1).raw, "");
}

}  // namespace
}  // namespace rowhaul
