// SPDX-License-Identifier: Apache-2.0
#include "mapping/fields.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

const Schema customers{{.name = "id", .type = Type::Integer}, {.name = "first_name"}, {.name = "last_name"}};

TEST(BoundFields, without_fields_everything_passes_through) {
    const BoundFields fields({}, customers, "customers");
    EXPECT_TRUE(fields.passes_through());
    EXPECT_EQ(fields.schema(), customers);
    EXPECT_EQ(fields.source_columns(), (std::vector<std::string>{"id", "first_name", "last_name"}));
}

TEST(BoundFields, choose_order_and_names) {
    const BoundFields fields({{"Name", "last_name"}, {"Nr", "id"}}, customers, "customers");
    EXPECT_TRUE(fields.passes_through());
    EXPECT_EQ(fields.source_columns(), (std::vector<std::string>{"last_name", "id"}));
    EXPECT_EQ(fields.schema().at(1).name, "Nr");
    EXPECT_EQ(fields.schema().at(1).type, Type::Integer);
}

TEST(BoundFields, one_column_may_feed_two_fields) {
    const BoundFields fields({{"a", "id"}, {"b", "first_name"}, {"c", "id"}}, customers, "customers");
    EXPECT_FALSE(fields.passes_through());
    EXPECT_EQ(fields.source_columns(), (std::vector<std::string>{"id", "first_name"}));
    Batch in(2);
    in.build(0) = {Cell("7"), Cell()};
    in.build(1) = {Cell("Jürg"), Cell("")};
    in.set_rows(2);
    in.set_first_row(41);
    Batch out(3);
    fields.apply(in, out);
    EXPECT_EQ(out.rows(), 2U);
    EXPECT_EQ(out.first_row(), 41U);
    EXPECT_EQ(out.column(2)[0].text(), "7");
    EXPECT_TRUE(out.column(2)[1].is_null());
    EXPECT_FALSE(out.column(1)[1].is_null());
}

TEST(BoundFields, name_the_missing_column_and_the_near_miss) {
    try {
        const BoundFields fields({{"x", "frist_name"}}, customers, "table customers");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::NotFound);
        EXPECT_STREQ(error.what(), "table customers has no column \"frist_name\"; did you mean \"first_name\"?");
    }
}

TEST(BoundFields, refuse_two_fields_of_one_name) {
    EXPECT_THROW(BoundFields({{"x", "id"}, {"x", "last_name"}}, customers, "customers"), Error);
}

}  // namespace
}  // namespace rowhaul
