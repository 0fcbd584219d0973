// SPDX-License-Identifier: Apache-2.0
#include "database/postgres_copy.h"

#include "base/error.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {
namespace {

using Cells = std::vector<std::optional<std::string>>;

Cells parsed(std::string_view line, std::size_t width) {
    std::vector<PostgresCopyParser::Field> fields(width);
    for (std::size_t i = 0; i < width; ++i) {
        fields[i].columns = {i};
    }
    Batch batch(width);
    ColumnWriter columns;
    columns.start(batch);
    PostgresCopyParser(fields).parse(line, columns, 0, batch.arena());
    columns.finish(batch, 1);
    Cells cells;
    for (std::size_t i = 0; i < width; ++i) {
        const Cell cell = batch.column(i)[0];
        cells.push_back(cell.is_null() ? std::nullopt : std::optional<std::string>(cell.text()));
    }
    return cells;
}

TEST(PostgresCopy, SplitsAtTabsOfAnyPlace) {
    EXPECT_EQ(parsed("a\tb\n", 2), (Cells{"a", "b"}));
    EXPECT_EQ(parsed("\t\t\n", 3), (Cells{"", "", ""}));
    EXPECT_EQ(parsed("\n", 1), (Cells{""}));
    for (std::size_t size = 0; size < 40; ++size) {
        const std::string text(size, 'x');
        EXPECT_EQ(parsed(text + "\t" + text + "\n", 2), (Cells{text, text})) << size;
    }
}

TEST(PostgresCopy, TakesBackslashesAwayAtAnyPlace) {
    EXPECT_EQ(parsed("\\N\t\\\\N\tN\n", 3), (Cells{std::nullopt, "\\N", "N"}));
    EXPECT_EQ(parsed("\\b\\f\\n\\r\\t\\v\\\\\n", 1), (Cells{"\b\f\n\r\t\v\\"}));
    EXPECT_EQ(parsed("\\\\\\t\\\\\t\\\\\n", 2), (Cells{"\\\t\\", "\\"}));
    for (std::size_t size = 0; size < 40; ++size) {
        const std::string text(size, 'x');
        EXPECT_EQ(parsed(text + "\\\\" + text + "\\t\t\\N\n", 2), (Cells{text + "\\" + text + "\t", std::nullopt}))
            << size;
    }
}

TEST(PostgresCopy, OnlyWantedFieldsAreTaken) {
    std::vector<PostgresCopyParser::Field> fields(3);
    fields[2] = {.text = PostgresText::Bytes, .columns = {0, 1}};
    Batch batch(2);
    ColumnWriter columns;
    columns.start(batch);
    PostgresCopyParser(fields).parse("a\tb\t\\\\x00ff\n", columns, 0, batch.arena());
    columns.finish(batch, 1);
    EXPECT_EQ(batch.column(0)[0].text(), "00ff");
    EXPECT_EQ(batch.column(1)[0].text(), "00ff");
}

TEST(PostgresCopy, ALineOfAnotherWidthIsAnError) {
    EXPECT_THROW(parsed("a\n", 2), Error);
    EXPECT_THROW(parsed("a\tb\tc\n", 2), Error);
}

}  // namespace
}  // namespace rowhaul
