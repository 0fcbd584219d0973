// SPDX-License-Identifier: Apache-2.0
// What of a rule a database is asked to check. That it makes no difference is tested with real ones in
// app/pushed_rule_test.cc.
#include "expression/rule_dialect.h"

#include "expression/program.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

const Schema schema{{.name = "i", .type = Type::Integer},   {.name = "j", .type = Type::Integer},
                    {.name = "odd", .type = Type::Integer}, {.name = "wild", .type = Type::Integer},
                    {.name = "t", .type = Type::Text},      {.name = "a", .type = Type::Text},
                    {.name = "b", .type = Type::Boolean},   {.name = "p", .type = Type::Decimal},
                    {.name = "d", .type = Type::Date},      {.name = "ts", .type = Type::Timestamp},
                    {.name = "x", .type = Type::Time}};

RuleDialect dialect() {
    return {.columns = {{"i", {.kind = Kind::Integer, .name = "i", .is_sound = true}},
                        {"j", {.kind = Kind::Integer, .name = "j", .is_sound = true}},
                        {"odd", {.kind = Kind::Integer, .name = "odd", .odd_values = "is_odd(odd)"}},
                        {"wild", {.kind = Kind::Integer, .name = "wild"}},
                        {"t", {.kind = Kind::Text, .name = "t", .is_sound = true}},
                        {"a", {.kind = Kind::Text, .name = "a", .is_sound = true, .takes_ascii_only = true}},
                        {"b", {.kind = Kind::Boolean, .name = "b", .is_sound = true}},
                        {"p", {.kind = Kind::Decimal, .name = "p", .is_sound = true, .takes_whole_numbers = true}},
                        {"d", {.kind = Kind::Date, .name = "d", .is_sound = true, .has_plain_nulls = false}},
                        {"ts", {.kind = Kind::Timestamp, .name = "ts", .is_sound = true}},
                        {"x", {.name = "x", .is_sound = true}}},
            .literal = [](const KnownValue& value) {
                return value.kind == Kind::Integer || value.kind == Kind::Decimal || value.kind == Kind::Boolean
                           ? value.text
                           : "'" + value.text + "'";
            }};
}

std::string pushed(std::string_view rule) {
    Program program(schema,
                    {{"today", Kind::Date, "2024-11-25"},
                     {"client", Kind::Unknown, "7"},
                     {"evil", Kind::Unknown, std::string("a\0b", 3)},
                     {"broken", Kind::Unknown, "a\xff"}},
                    {.now_utc = {1'732'500'000'000'000}, .zone = "Europe/Zurich"});
    return pushed_rule(program.condition(program.add_condition(rule)), dialect());
}

TEST(PushedRule, compares_columns_with_what_is_known_beforehand) {
    EXPECT_EQ(pushed("i > 5"), "i > 5");
    EXPECT_EQ(pushed("5 < i"), "i > 5");
    EXPECT_EQ(pushed("i between 2 and 2 * 3"), "i >= 2 and i <= 6");
    EXPECT_EQ(pushed("i = :client"), "i = 7");
    EXPECT_EQ(pushed("d < :today - 30"), "d < '2024-10-26'");
    EXPECT_EQ(pushed("i in (1, 2, null)"), "i in (1, 2)");
    EXPECT_EQ(pushed("b"), "b = true");
    EXPECT_EQ(pushed("not b"), "b <> true");
    EXPECT_EQ(pushed("b is not true"), "b <> true or b is null");
    EXPECT_EQ(pushed("i is distinct from 5"), "i <> 5 or i is null");
    EXPECT_EQ(pushed("i is null"), "i is null");
    EXPECT_EQ(pushed("x is not null"), "x is not null");
    EXPECT_EQ(pushed("case i when 1 then true else false end"), "");
    EXPECT_EQ(pushed("i = j"), "");
    EXPECT_EQ(pushed("i > 2.5"), "");
    EXPECT_EQ(pushed("i = null"), "");
}

TEST(PushedRule, takes_conjunctions_apart_and_disjunctions_whole) {
    EXPECT_EQ(pushed("i > 1 and length(t) > 3 and j < 9"), "i > 1 and j < 9");
    EXPECT_EQ(pushed("i > 1 or length(t) > 3"), "");
    EXPECT_EQ(pushed("i > 1 or (j < 9 and length(t) > 3)"), "i > 1 or j < 9");
    EXPECT_EQ(pushed("not (i > 1 or j < 9)"), "(i <= 1 and j >= 9)");
    EXPECT_EQ(pushed("not (i > 1 and j < 9)"), "i <= 1 or j >= 9");
    EXPECT_EQ(pushed("(i > 1 or j = 2) and true"), "(i > 1 or j = 2)");
    EXPECT_EQ(pushed("true or i > 1"), "");
    EXPECT_EQ(pushed("false or i > 1"), "i > 1");
    EXPECT_EQ(pushed("false and i > 1"), "");
}

TEST(PushedRule, looks_at_texts_only_for_being_equal) {
    EXPECT_EQ(pushed("t = 'a'"), "t = 'a'");
    EXPECT_EQ(pushed("t in ('a', 'b')"), "t in ('a', 'b')");
    for (const auto* rule : {"t <> 'a'", "not t = 'a'", "t not in ('a')", "t < 'a'", "t like 'a%'",
                             "t is distinct from 'a'", "lower(t) = 'a'", "(t = 'a') is not true"}) {
        EXPECT_EQ(pushed(rule), "") << rule;
    }
    EXPECT_EQ(pushed("t = 'ä' and a = 'a'"), "t = 'ä' and a = 'a'");
    EXPECT_EQ(pushed("a = 'ä'"), "");
    EXPECT_EQ(pushed("t = :evil"), "") << "a NUL ends a statement";
    EXPECT_EQ(pushed("t = :broken"), "") << "no UTF-8";
}

TEST(PushedRule, lets_rows_through_that_are_to_become_rejects) {
    // A failure counts where it is met first, and NULL does not keep it from being met.
    EXPECT_EQ(pushed("i > 1 and 10 / j > 2"), "(i > 1 or i is null)");
    EXPECT_EQ(pushed("j > 1 and 10 / i > 2"), "(j > 1 or j is null)");
    EXPECT_EQ(pushed("10 / j > 2 and i > 1"), "");
    EXPECT_EQ(pushed("cast(t as integer) = 1 and i > 1"), "");
    EXPECT_EQ(pushed("t like '%\\' and i > 1"), "") << "fails in every row";
    EXPECT_EQ(pushed("t like 'a%' and i > 1"), "i > 1");
    EXPECT_EQ(pushed("i > 1 or 10 / j > 2"), "");
    // So does a value that cannot be read.
    EXPECT_EQ(pushed("odd > 1"), "odd > 1 or is_odd(odd)");
    EXPECT_EQ(pushed("odd is null"), "odd is null or is_odd(odd)");
    EXPECT_EQ(pushed("i > 1 and odd > 1"), "(i > 1 and odd > 1) or is_odd(odd)");
    EXPECT_EQ(pushed("odd > 1 and j > 1"), "(odd > 1 and j > 1) or is_odd(odd)");
    EXPECT_EQ(pushed("odd + 0 = 1 and j > 1"), "") << "a sum may fail by itself";
    EXPECT_EQ(pushed("coalesce(odd, 1) = 1 and j > 1"), "j > 1 or is_odd(odd)");
    EXPECT_EQ(pushed("wild is null"), "");
    EXPECT_EQ(pushed("wild > 1 and j > 1"), "");
    EXPECT_EQ(pushed("wild is not null and j > 1"), "wild is not null");
}

TEST(PushedRule, keeps_off_nulls_that_are_none_there) {
    EXPECT_EQ(pushed("d is null"), "");
    EXPECT_EQ(pushed("d is not null"), "d is not null");
    EXPECT_EQ(pushed("d > :today and 1 / j > 0"), "");
    EXPECT_EQ(pushed("(d > :today) is not true"), "");
}

TEST(PushedRule, widens_limits_that_are_not_the_same_there) {
    EXPECT_EQ(pushed("p < 99.5"), "p < 100");
    EXPECT_EQ(pushed("p > 99.5"), "p > 99");
    EXPECT_EQ(pushed("p >= -0.5"), "p >= -1");
    EXPECT_EQ(pushed("p <= -0.5"), "p <= 0");
    EXPECT_EQ(pushed("p = 5.00"), "p = 5");
    EXPECT_EQ(pushed("p = 5.5"), "");
    EXPECT_EQ(pushed("p < 12345678901234567890"), "");
    // No clock is a whole day away from another.
    EXPECT_EQ(pushed("ts > timestamptz '2024-11-25 10:00+01'"), "ts > '2024-11-24 09:00:00'");
    EXPECT_EQ(pushed("ts <= timestamptz '2024-11-25 10:00+01'"), "ts <= '2024-11-26 09:00:00'");
    EXPECT_EQ(pushed("ts = timestamptz '2024-11-25 10:00+01'"), "");
}

TEST(PushedRule, is_not_longer_than_it_is_a_help) {
    std::string many = "i = 0";
    std::string list = "0";
    for (int i = 1; i < 101; ++i) {
        many += " or i = " + std::to_string(i);
    }
    EXPECT_EQ(pushed(many), "");
    for (int i = 1; i < 1001; ++i) {
        list += ", " + std::to_string(i);
    }
    EXPECT_EQ(pushed("i in (" + list + ")"), "");
    // Each turn doubles what stands below it.
    std::string twice = "b";
    for (int i = 0; i < 100; ++i) {
        twice = "(" + twice + " between b and true)";
    }
    EXPECT_EQ(pushed(twice), "");
}

}  // namespace
}  // namespace rowhaul
