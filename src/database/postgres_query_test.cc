// SPDX-License-Identifier: Apache-2.0
#include "database/postgres_query.h"

#include "base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowhaul {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> functions_of(std::string_view sql) {
    return check_postgres_query(sql).functions;
}

TEST(PostgresQuery, TheFinalSemicolonGoes) {
    EXPECT_EQ(check_postgres_query("select 1 ; -- done\n ;").text, "select 1 ");
    EXPECT_EQ(check_postgres_query("select ';' -- ;").text, "select ';' -- ;");
    EXPECT_THROW(check_postgres_query("select 1; select 2"), Error);
    EXPECT_THROW(check_postgres_query("select 1; x"), Error);
}

TEST(PostgresQuery, NamesBeforeParenthesesAreFoundWhateverStandsBetween) {
    EXPECT_THAT(functions_of("select a(1), b (2), s.c /* x */ (3), \"D \"\"e\"\n--(\n(4)"),
                ElementsAre("a", "b", "c", "D \"e"));
    EXPECT_THAT(functions_of("select LO_Unlink(1)"), ElementsAre("lo_unlink"));
    EXPECT_THAT(functions_of("select 'a(' , $$ b( $$, $x$ c( $$ $x$, E'\\'d(', e'\\\\', f('')"), ElementsAre("f"));
    EXPECT_THAT(functions_of("select E'a'\n'\\' g( ', h(1)"), ElementsAre("h"));
    EXPECT_THAT(functions_of("select 'a'\n'\\', i(1)"), ElementsAre("i"));
    EXPECT_THAT(functions_of("select a$b$(1)"), ElementsAre("a$b$"));
    EXPECT_THAT(functions_of("select /* /* j( */ k( */ l(1)"), ElementsAre("l"));
    EXPECT_THAT(functions_of("select größe(1)"), ElementsAre("größe"));
}

TEST(PostgresQuery, OnlyReadingStatementsPass) {
    for (const auto* sql : {"",
                            " ",
                            ";",
                            "-- x",
                            "insert into t values (1)",
                            "copy t to stdout",
                            "explain select 1",
                            "select 1 into t",
                            "with w as (delete from t returning 1) select 1",
                            "with w as not materialized (update t set a = 1) select 1",
                            "select 1 for update",
                            "select 1 for no key update",
                            "select 1 for share",
                            "select U&'x'",
                            "select u&\"x\"",
                            "select 'open",
                            "select \"open",
                            "select /* open",
                            "select $$ open",
                            "begin",
                            "set a = 1",
                            "((insert"}) {
        EXPECT_THROW(check_postgres_query(sql), Error) << sql;
    }
    EXPECT_THROW(check_postgres_query(std::string_view("select 1\0; drop", 15)), Error);
    for (const auto* sql : {"select 1", "SELECT 1", "((select 1))", "values (1)", "table t",
                            "with w as (select 1) select 1", "select \"for\" from update_ as t", "select 1 as into",
                            "select substring(a from 1 for 2)", "select $1", "select 'a' 'b'"}) {
        EXPECT_NO_THROW(check_postgres_query(sql)) << sql;
    }
}

TEST(PostgresQuery, IdentifiersAreReadWhereTheServerPoints) {
    EXPECT_EQ(identifier_at("select * from custmers c", 14), "custmers");
    EXPECT_EQ(identifier_at("select * from Sales.\"Odd name\" c", 14), "Odd name");
    EXPECT_EQ(identifier_at("select", 100), "");
    EXPECT_EQ(identifier_at("'x", 0), "");
}

}  // namespace
}  // namespace rowhaul
