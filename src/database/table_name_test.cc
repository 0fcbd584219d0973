// SPDX-License-Identifier: Apache-2.0
#include "database/table_name.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

TEST(TableName, IsReadAsPeopleWriteIt) {
    EXPECT_EQ(TableName::parse("orders").name, "orders");
    EXPECT_FALSE(TableName::parse("orders").schema.has_value());
    EXPECT_EQ(TableName::parse("sales.orders").schema, "sales");
    EXPECT_EQ(TableName::parse("\"a.b\".\"c \"\"d\"\"\"").schema, "a.b");
    EXPECT_EQ(TableName::parse("\"a.b\".\"c \"\"d\"\"\"").name, "c \"d\"");
    EXPECT_TRUE(TableName::parse("a.\"B\"").is_quoted);
    EXPECT_EQ(TableName::parse("Odd name").name, "Odd name");
    for (const auto* text : {"", ".", "a.", ".a", "a.b.c", "\"a", "\"a\"b", "\"\"", "a..b"}) {
        EXPECT_THROW(TableName::parse(text), Error) << text;
    }
}

TEST(TableName, ItsTextIsReadBack) {
    for (const auto* name : {"a", "A b", "a.b", "\"", "a\"b", "ü", "\"q\""}) {
        const TableName original{.schema = "s.x", .name = name};
        EXPECT_EQ(TableName::parse(original.text()).name, name);
        EXPECT_EQ(TableName::parse(original.text()).schema, "s.x");
    }
    EXPECT_EQ((TableName{.schema = {}, .name = "orders"}.text()), "orders");
}

}  // namespace
}  // namespace rowhaul
