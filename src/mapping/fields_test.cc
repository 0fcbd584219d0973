// SPDX-License-Identifier: Apache-2.0
#include "mapping/fields.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

const Schema customers{{.name = "id", .type = Type::Integer}, {.name = "first_name"}, {.name = "last_name"}};

RowRules rules(std::vector<Field> fields, std::string where = {}) {
    return {.fields = std::move(fields), .where = std::move(where), .path = "mappings.m"};
}

TEST(BoundFields, without_fields_everything_passes_through) {
    const BoundFields fields(RowRules{}, customers, "customers");
    EXPECT_TRUE(fields.passes_through());
    EXPECT_EQ(fields.schema(), customers);
    EXPECT_EQ(fields.source_columns(), (std::vector<std::string>{"id", "first_name", "last_name"}));
}

TEST(BoundFields, choose_order_and_names) {
    const BoundFields fields(rules({{"Name", "last_name", ""}, {"Nr", "id", ""}}), customers, "customers");
    EXPECT_TRUE(fields.passes_through());
    EXPECT_EQ(fields.source_columns(), (std::vector<std::string>{"last_name", "id"}));
    EXPECT_EQ(fields.schema().at(1).name, "Nr");
    EXPECT_EQ(fields.schema().at(1).type, Type::Integer);
}

TEST(BoundFields, one_column_may_feed_two_fields) {
    const BoundFields fields(rules({{"a", "id", ""}, {"b", "first_name", ""}, {"c", "id", ""}}), customers,
                             "customers");
    EXPECT_FALSE(fields.passes_through());
    EXPECT_EQ(fields.source_columns(), (std::vector<std::string>{"id", "first_name"}));
    Batch in(2);
    in.build(0) = {Cell("7"), Cell()};
    in.build(1) = {Cell("Jürg"), Cell("")};
    in.set_rows(2);
    in.set_first_row(41);
    Batch out(3);
    RowMapper mapper(fields);
    EXPECT_EQ(mapper.map(in, 0, out).taken, 2U);
    EXPECT_EQ(out.rows(), 2U);
    EXPECT_EQ(out.first_row(), 41U);
    EXPECT_EQ(out.column(2)[0].text(), "7");
    EXPECT_TRUE(out.column(2)[1].is_null());
    EXPECT_FALSE(out.column(1)[1].is_null());
}

// Rows of a schema of texts, mapped: one text a row with cells between bars, rejects in brackets.
std::vector<std::string> mapped(const RowRules& how, const std::vector<std::vector<const char*>>& rows) {
    Schema schema;
    for (std::size_t i = 0; i < rows.at(0).size(); ++i) {
        schema.push_back({.name = std::string(1, static_cast<char>('a' + i))});
    }
    const BoundFields fields(how, schema, "rows");
    Batch in(fields.source_columns().size());
    for (std::size_t i = 0; i < fields.source_columns().size(); ++i) {
        const auto column = static_cast<std::size_t>(fields.source_columns()[i][0] - 'a');
        for (const auto& row : rows) {
            in.build(i).push_back(row[column] == nullptr ? Cell() : Cell(row[column]));
        }
    }
    in.set_rows(rows.size());
    Batch out(fields.schema().size());
    RowMapper mapper(fields);
    const auto outcome = mapper.map(in, 0, out);
    std::vector<std::string> lines;
    for (std::size_t row = 0; row < out.rows(); ++row) {
        auto& line = lines.emplace_back();
        for (std::size_t i = 0; i < out.width(); ++i) {
            const auto cell = out.column(i)[row];
            line += (i == 0 ? "" : "|") + (cell.is_null() ? "NULL" : std::string(cell.text()));
        }
    }
    for (const auto& reject : outcome.rejects) {
        lines.push_back("[" + std::to_string(reject.row) + " " + reject.field + " " + reject.reason + " " +
                        reject.value + "]");
    }
    EXPECT_EQ(outcome.taken, out.rows() + outcome.filtered + outcome.rejects.size());
    return lines;
}

using Lines = std::vector<std::string>;

TEST(RowMapper, keeps_rows_that_meet_the_rule) {
    EXPECT_EQ(
        mapped(rules({{"x", "b", ""}}, "a > '1'"), {{"1", "one"}, {"2", "two"}, {nullptr, "none"}, {"3", nullptr}}),
        (Lines{"two", "NULL"}));
}

TEST(RowMapper, rejects_rows_by_the_first_field_that_fails) {
    EXPECT_EQ(
        mapped(rules({{"x", "", "cast(a as integer)"}, {"y", "", "1 / cast(a as integer)"}}, "cast(b as integer) > 0"),
               {{"1", "1"}, {"x", "1"}, {"0", "1"}, {"2", "y"}, {"z", "0"}}),
        (Lines{"1|1", "[4 where invalid_integer y]", "[2 x invalid_integer x]", "[3 y division_by_zero ]"}));
}

TEST(RowMapper, copies_stay_beside_what_is_computed_of_their_row) {
    EXPECT_EQ(mapped(rules({{"x", "b", ""}, {"y", "", "10 / cast(a as integer)"}, {"z", "a", ""}}, "b <> 'no'"),
                     {{"1", "one"}, {"2", "no"}, {"0", "none"}, {"5", "five"}, {nullptr, "nil"}}),
              (Lines{"one|10|1", "five|2|5", "nil|NULL|NULL", "[3 y division_by_zero ]"}));
}

TEST(RowMapper, computes_once_what_rule_and_fields_have_in_common) {
    // Values, NULL and failures of the rule's casts go to the fields of the rows that it keeps.
    EXPECT_EQ(
        mapped(rules({{"x", "", "cast(a as decimal) * 2"},
                      {"y", "", "case when b <> 'c' then 'none' else cast(a as decimal) || '' end"},
                      {"z", "", "upper(b)"}},
                     "b is not null and (b <> 'a' or cast(a as decimal) > 1)"),
               {{"1", "a"}, {"2", "a"}, {"x", "c"}, {nullptr, "c"}, {"3.50", "d"}, {"4", nullptr}, {"x", "a"}}),
        (Lines{"4|none|A", "NULL|NULL|C", "7.00|none|D", "[7 where invalid_decimal x]", "[3 x invalid_decimal x]"}));
}

TEST(RowMapper, names_the_key_of_a_reject) {
    auto how = rules({{"nr", "a", ""}, {"half", "", "upper(b)"}, {"x", "", "cast(c as integer)"}}, "c <> 'no'");
    how.key = {"half", "nr"};
    Schema schema{{.name = "a"}, {.name = "b"}, {.name = "c"}};
    const BoundFields fields(how, schema, "rows");
    EXPECT_EQ(fields.key(), (std::vector<std::size_t>{1, 0}));
    Batch in(3);
    const auto place = [&](const std::string& column) {
        return static_cast<std::size_t>(std::ranges::find(fields.source_columns(), column) -
                                        fields.source_columns().begin());
    };
    in.build(place("a")) = {Cell("1"), Cell("2"), Cell("3"), Cell(), Cell("5")};
    in.build(place("b")) = {Cell("a"), Cell("b"), Cell(), Cell(), Cell("e")};
    in.build(place("c")) = {Cell("x"), Cell("no"), Cell("y"), Cell("z"), Cell("7")};
    in.set_rows(5);
    Batch out(3);
    const auto outcome = RowMapper(fields).map(in, 0, out);
    EXPECT_EQ(out.rows(), 1U);
    EXPECT_EQ(outcome.filtered, 1U);
    ASSERT_EQ(outcome.rejects.size(), 3U);
    EXPECT_EQ(outcome.rejects[0].key, "A, 1");
    EXPECT_EQ(outcome.rejects[1].key, ", 3");
    EXPECT_EQ(outcome.rejects[2].key, "");
    how.key = {"number"};
    EXPECT_THROW(BoundFields(how, schema, "rows"), Error);
}

TEST(RowMapper, treats_values_in_order) {
    const auto treated = [](Treatment treatment, const std::vector<std::vector<const char*>>& rows) {
        return mapped(rules({{.to = "x", .from = "a", .value = "", .treatment = std::move(treatment)}}), rows);
    };
    EXPECT_EQ(
        treated({.trim = Trim::Yes, .empty = EmptyText::Null, .otherwise = "none"}, {{" a\t"}, {"\u00a0 "}, {nullptr}}),
        (Lines{"a", "none", "none"}));
    EXPECT_EQ(treated({.type = Type::Decimal, .numbers = "1.234,56"}, {{"1.234,5"}, {"1.5"}, {nullptr}}),
              (Lines{"1234.5", "NULL", "[2 x invalid_decimal 1.5]"}));
    EXPECT_EQ(treated({.type = Type::Date, .dates = "dd.mm.yyyy"}, {{"01.03.2024"}, {"31.02.2024"}, {"2024-03-01"}}),
              (Lines{"2024-03-01", "[2 x invalid_date 2024-02-31]", "[3 x invalid_date 2024-03-01]"}));
    EXPECT_EQ(treated({.type = Type::Time, .dates = "HH.MM"}, {{"07.45"}, {"7:45"}}),
              (Lines{"07:45:00", "[2 x invalid_time 7:45]"}));
    EXPECT_EQ(treated({.type = Type::Timestamp, .dates = "dd.mm.yyyy HH:MM"}, {{"01.03.2024 07:45"}, {"01.03.2024"}}),
              (Lines{"2024-03-01 07:45:00", "[2 x invalid_timestamp 01.03.2024]"}));
    EXPECT_EQ(treated({.type = Type::Integer}, {{"007"}, {"7.0"}}), (Lines{"7", "[2 x invalid_integer 7.0]"}));
    EXPECT_EQ(treated({.presence = Presence::Required}, {{""}, {nullptr}}), (Lines{"", "[2 x missing_value ]"}));
    EXPECT_EQ(treated({.max_length = 3}, {{"für"}, {"fürs"}}), (Lines{"für", "[2 x text_too_long fürs]"}));
    EXPECT_EQ(treated({.max_length = 3, .too_long = TooLong::Truncate}, {{"für"}, {"fürs"}}), (Lines{"für", "für"}));
}

TEST(RowMapper, takes_constants) {
    EXPECT_EQ(
        mapped(rules({{.to = "x", .from = "", .value = "", .constant = "CH"},
                      {.to = "y", .from = "", .value = "", .constant = "7", .treatment = {.type = Type::Integer}}}),
               {{"a"}, {"b"}}),
        (Lines{"CH|7", "CH|7"}));
}

TEST(BoundFields, show_the_place_of_a_mistake) {
    try {
        const BoundFields fields(rules({{"x", "id", ""}, {"y", "", "upper(frist_name)"}}), customers, "customers");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Invalid);
        EXPECT_STREQ(error.what(),
                     "mappings.m.fields[2] (y): there is no column \"frist_name\"; did you mean \"first_name\"? (there "
                     "are id, first_name, last_name)\n    upper(frist_name)\n          ^");
    }
}

TEST(BoundFields, name_the_missing_column_and_the_near_miss) {
    try {
        const BoundFields fields(rules({{"x", "frist_name", ""}}), customers, "table customers");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::NotFound);
        EXPECT_STREQ(error.what(), "table customers has no column \"frist_name\"; did you mean \"first_name\"?");
    }
}

TEST(BoundFields, refuse_two_fields_of_one_name) {
    EXPECT_THROW(BoundFields(rules({{"x", "id", ""}, {"x", "last_name", ""}}), customers, "customers"), Error);
}

TEST(Assume, GivesFieldsWithATypeTheNotationOfTheirSource) {
    const ValueNotations notations{.numbers = "1.234,56",
                                   .dates = "dd.mm.yyyy",
                                   .times = "HH.MM",
                                   .timestamps = "dd.mm.yyyy HH.MM",
                                   .true_text = "ja",
                                   .false_text = "nein"};
    const auto assumed = [&](Field field, std::optional<Type> type) {
        field.to = "x";
        field.treatment.type = type;
        std::vector fields{std::move(field)};
        assume(fields, notations);
        return fields.front().treatment;
    };
    const auto with = [](std::optional<Type> type, std::string numbers, std::string dates, bool has_words = false) {
        return Treatment{.type = type,
                         .numbers = std::move(numbers),
                         .dates = std::move(dates),
                         .true_text = has_words ? "ja" : "",
                         .false_text = has_words ? "nein" : ""};
    };
    const Field copied{.from = "a"};
    for (const auto type : {Type::Integer, Type::Decimal, Type::Float}) {
        EXPECT_EQ(assumed(copied, type), with(type, "1.234,56", ""));
    }
    EXPECT_EQ(assumed(copied, Type::Date), with(Type::Date, "", "dd.mm.yyyy"));
    EXPECT_EQ(assumed(copied, Type::Time), with(Type::Time, "", "HH.MM"));
    EXPECT_EQ(assumed(copied, Type::Timestamp), with(Type::Timestamp, "", "dd.mm.yyyy HH.MM"));
    EXPECT_EQ(assumed(copied, Type::Boolean), with(Type::Boolean, "", "", true));
    EXPECT_EQ(assumed(copied, Type::Text), with(Type::Text, "", ""));
    EXPECT_EQ(assumed(copied, {}), with({}, "", ""));
    EXPECT_EQ(assumed({.value = "a"}, Type::Date), with(Type::Date, "", "")) << "what is computed is nobody's notation";
    EXPECT_EQ(assumed({.from = "a", .treatment = {.dates = "yyyymmdd"}}, Type::Date), with(Type::Date, "", "yyyymmdd"))
        << "its own wins";
}

}  // namespace
}  // namespace rowhaul
