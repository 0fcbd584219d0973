// SPDX-License-Identifier: Apache-2.0
#include "expression/program.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <string>

namespace rowhaul {
namespace {

using ::testing::HasSubstr;

const RunFacts facts{.now_utc = {1'732'500'000'000'000}, .zone = "Europe/Zurich"};
const std::vector<Parameter> parameters{{"today", Kind::Date, "2024-11-25"}, {"client", Kind::Unknown, "7777"}};

// Columns of a few rows, given row by row; nothing = NULL.
class Rows {
public:
    Rows(Schema schema, std::vector<std::vector<std::optional<std::string>>> rows)
        : schema_(std::move(schema)), rows_(std::move(rows)) {}

    // What an expression makes of each row: its text, NULL, or the reason of a reject in brackets.
    std::vector<std::string> evaluate(std::string_view expression) const {
        Program program(schema_, parameters, facts);
        program.add(expression);
        std::vector<std::vector<Cell>> cells;
        for (const auto column : program.columns()) {
            auto& of_column = cells.emplace_back();
            for (const auto& row : rows_) {
                of_column.push_back(row[column] ? Cell(*row[column]) : Cell());
            }
        }
        const std::vector<std::span<const Cell>> columns(cells.begin(), cells.end());
        Evaluation evaluation(program);
        Arena arena;
        evaluation.run(columns, rows_.size(), arena);
        std::vector<std::string> results;
        const auto& result = evaluation.result(0);
        for (std::size_t row = 0; row < rows_.size(); ++row) {
            const auto state = result.state(row);
            results.push_back(state == State::Failed ? fmt::format("[{}]", name_of(result.failure(row).failure))
                              : state == State::Null || result.at<Cell>(row).is_null()
                                  ? "NULL"
                                  : std::string(result.at<Cell>(row).text()));
        }
        return results;
    }

private:
    Schema schema_;
    std::vector<std::vector<std::optional<std::string>>> rows_;
};

const Rows one_row({}, {{}});

std::string value_of(std::string_view expression) {
    return one_row.evaluate(expression).at(0);
}

std::string complaint(std::string_view expression, const Schema& schema = {}) {
    try {
        Program program(schema, parameters, facts);
        program.add(expression);
    } catch (const ExpressionError& error) {
        return error.what();
    }
    return "nothing";
}

// Every example of the reference is a test.
TEST(Functions, do_what_their_examples_say) {
    for (const auto& function : all_functions()) {
        EXPECT_FALSE(function.examples.empty()) << function.name;
        EXPECT_TRUE(function.help.ends_with('.')) << function.name;
        for (const auto& example : function.examples) {
            try {
                EXPECT_EQ(value_of(example.expression), example.result) << example.expression;
            } catch (const Error& error) {
                ADD_FAILURE() << example.expression << ": " << error.what();
            }
        }
    }
}

TEST(Expressions, follow_the_precedence_of_postgres) {
    EXPECT_EQ(value_of("1 + 2 * 3 - 4 / 2"), "5");
    EXPECT_EQ(value_of("not 1 = 2 and 2 = 2 or false"), "true");
    EXPECT_EQ(value_of("1 = 1 is true"), "true");
    EXPECT_EQ(value_of("'a' || 'b' = 'ab'"), "true");
    EXPECT_EQ(value_of("2 between 1 and 3 and true"), "true");
    EXPECT_EQ(value_of("-2 * -3"), "6");
    EXPECT_EQ(value_of("'1' || 1 + 1"), "12");
    EXPECT_EQ(value_of("cast('7' as integer) + '3'::int"), "10");
    EXPECT_EQ(value_of("1 + /* two */ 2 -- three"), "3");
    EXPECT_EQ(value_of("E'a\\nb'"), "a\nb");
}

TEST(Expressions, compute_over_rows_with_nulls) {
    const Rows rows({{.name = "id", .type = Type::Integer}, {.name = "price", .type = Type::Decimal}, {.name = "name"}},
                    {{"1", "19.90", "Ada"}, {"2", {}, ""}, {{}, "-0.5", {}}});
    EXPECT_EQ(rows.evaluate("id * price"), (std::vector<std::string>{"19.90", "NULL", "NULL"}));
    EXPECT_EQ(rows.evaluate("coalesce(name, 'nobody')"), (std::vector<std::string>{"Ada", "", "nobody"}));
    EXPECT_EQ(rows.evaluate("price > 0"), (std::vector<std::string>{"true", "NULL", "false"}));
    EXPECT_EQ(rows.evaluate("price > 0 or id = 2"), (std::vector<std::string>{"true", "true", "NULL"}));
    EXPECT_EQ(rows.evaluate("price"), (std::vector<std::string>{"19.90", "NULL", "-0.5"}));
    EXPECT_EQ(rows.evaluate("NAME"), (std::vector<std::string>{"Ada", "", "NULL"}));
}

TEST(Expressions, fail_in_one_row_only_and_only_where_the_value_is_asked_for) {
    const Rows rows({{.name = "text"}}, {{"7"}, {"x"}, {{}}, {"0"}});
    EXPECT_EQ(rows.evaluate("cast(text as integer)"),
              (std::vector<std::string>{"7", "[invalid_integer]", "NULL", "0"}));
    EXPECT_EQ(rows.evaluate("case when text ~ '^[0-9]+$' then cast(text as integer) else -1 end"),
              (std::vector<std::string>{"7", "-1", "-1", "0"}));
    EXPECT_EQ(rows.evaluate("text = 'x' or 14 / cast(text as integer) = 2"),
              (std::vector<std::string>{"true", "true", "NULL", "[division_by_zero]"}));
    EXPECT_EQ(rows.evaluate("coalesce(text, cast('a' || text as date)::text)"),
              (std::vector<std::string>{"7", "x", "NULL", "0"}));
}

TEST(Expressions, keep_decimals_exact) {
    EXPECT_EQ(value_of("0.1 + 0.2"), "0.3");
    EXPECT_EQ(value_of("1 / 3.0"), "0.33333333333333333333");
    EXPECT_EQ(value_of("99999999999999999999999999999999999999 * 99999999999999999999999999999999999999"),
              "9999999999999999999999999999999999999800000000000000000000000000000000000001");
    EXPECT_EQ(value_of("cast('1e3' as decimal)"), "1000");
    EXPECT_EQ(value_of("cast(1.005 as decimal(10,2))"), "1.01");
    EXPECT_EQ(value_of("cast(12345.6 as decimal(5,2))"), "[number_out_of_range]");
    EXPECT_EQ(value_of("9223372036854775807 + 1"), "[number_out_of_range]");
    EXPECT_EQ(value_of("9223372036854775808 + 1"), "9223372036854775809");
}

TEST(Expressions, take_parameters) {
    EXPECT_EQ(value_of(":today - 1"), "2024-11-24");
    EXPECT_EQ(value_of(":client + 1"), "7778");
    EXPECT_EQ(value_of("'No. ' || :client"), "No. 7777");
    EXPECT_THAT(complaint(":clinet"), HasSubstr("there is no parameter :clinet"));
}

TEST(Expressions, show_the_place_of_a_mistake) {
    EXPECT_EQ(complaint("1 + lowr('x')"),
              "there is no function lowr(); did you mean \"lower\"?\n"
              "    1 + lowr('x')\n"
              "        ^");
    const Schema schema{{.name = "first_name"}, {.name = "id", .type = Type::Integer}};
    EXPECT_THAT(complaint("upper(frist_name)", schema),
                HasSubstr("there is no column \"frist_name\"; did you mean \"first_name\"?"));
    EXPECT_THAT(complaint("id > first_name", schema), HasSubstr("needs values of one kind, not integer and text"));
    EXPECT_THAT(complaint("'ä' || id > 1", schema), HasSubstr("\n    'ä' || id > 1\n              ^"));
    EXPECT_THAT(complaint("lower(id)", schema), HasSubstr("lower does not take integer: lower(text)"));
    EXPECT_THAT(complaint("lower(first_name, 2)", schema), HasSubstr("takes another number of arguments than 2"));
    EXPECT_THAT(complaint("id = 'abc'", schema), HasSubstr("\"abc\" is no integer"));
    EXPECT_THAT(complaint("first_name ~ '(a'", schema), HasSubstr("is no regular expression"));
    EXPECT_THAT(complaint("extract(yaer from date '2024-01-01')"), HasSubstr("is no part of a date"));
    EXPECT_THAT(complaint("1 +"), HasSubstr("ends too early"));
    EXPECT_THAT(complaint("(1"), HasSubstr("\")\" is missing"));
    EXPECT_THAT(complaint("'abc"), HasSubstr("this text does not end"));
    EXPECT_THAT(complaint("1; drop table x"), HasSubstr("an expression is no statement"));
    EXPECT_THAT(complaint("a < b < c", {{.name = "a"}, {.name = "b"}, {.name = "c"}}), HasSubstr("do not chain"));
    EXPECT_THAT(complaint(""), HasSubstr("empty"));
}

TEST(Expressions, refuse_what_grows_without_bounds) {
    EXPECT_EQ(value_of("repeat('x', 1000000000)"), "[text_too_long]");
    EXPECT_EQ(value_of("lpad('x', 1000000000)"), "[text_too_long]");
    EXPECT_EQ(value_of("replace(repeat('x', 10000000), 'x', repeat('y', 100))"), "[text_too_long]");
    EXPECT_EQ(value_of("length(repeat(repeat('x', 1000), 10000))"), "10000000");
    EXPECT_THAT(complaint(std::string(10'000, '(')), HasSubstr("nested too deeply"));
    EXPECT_THAT(complaint(std::string(10'000, '+') + "1"), HasSubstr("too deeply"));
    std::string sum = "1";
    for (int i = 0; i < 10'000; ++i) {
        sum += "+1";
    }
    EXPECT_THAT(complaint(sum), HasSubstr("nested too deeply"));
    EXPECT_THAT(complaint(std::string(100'000, ' ') + "1"), HasSubstr("is longer than"));
    EXPECT_EQ(value_of("'" + std::string(10'000, 'a') + "' ~ '(a*)*b'"), "false");
}

TEST(Expressions, ask_for_fewer_rows_where_texts_are_large) {
    Program program({{.name = "n", .type = Type::Integer}}, {}, facts);
    program.add("repeat('x', n)");
    const std::vector<Cell> cells(1000, Cell("1000000"));
    const std::vector<std::span<const Cell>> columns{cells};
    Evaluation evaluation(program);
    Arena arena;
    EXPECT_THROW(evaluation.run(columns, cells.size(), arena), BatchTooLarge);
    EXPECT_LT(arena.used(), 2 * most_bytes_at_once);
    arena.reset();
    evaluation.run(columns, 2, arena);
    EXPECT_EQ(evaluation.result(0).at<Cell>(1).text().size(), 1'000'000U);
}

TEST(Expressions, check_what_does_not_hang_on_columns_before_columns_are_known) {
    const auto early = [](std::string_view expression) -> std::string {
        try {
            Program program(parameters, facts);
            program.add_condition(expression);
        } catch (const ExpressionError& error) {
            return error.message();
        }
        return "nothing";
    };
    EXPECT_EQ(early("id > 1 and active and name like 'A%'"), "nothing");
    EXPECT_EQ(early("coalesce(a, b) = c || d"), "nothing");
    EXPECT_EQ(early("abs(a) > 1 and a + b > date_trunc('day', c)"), "nothing");
    EXPECT_THAT(early("lowr(name) = 'x'"), HasSubstr("there is no function lowr()"));
    EXPECT_THAT(early("lower(name)"), HasSubstr("is text, not a condition"));
    EXPECT_THAT(early("lower(name, 1) = ''"), HasSubstr("another number of arguments"));
    EXPECT_THAT(early("lower(1) = ''"), HasSubstr("does not take integer"));
}

}  // namespace
}  // namespace rowhaul
