// SPDX-License-Identifier: Apache-2.0
#include "mapping/row_hash.h"

#include <cctype>
#include <gmock/gmock.h>
#include <optional>
#include <random>
#include <set>
#include <string>

namespace rowhaul {
namespace {

using Text = std::optional<std::string>;
using Row = std::vector<Text>;

Schema columns(const std::vector<Type>& types) {
    Schema schema;
    for (const auto type : types) {
        schema.push_back({.name = "c" + std::to_string(schema.size()), .type = type});
    }
    return schema;
}

std::vector<Hash128> hashes(RowHasher& hasher, const std::vector<Row>& rows) {
    Batch batch(rows.empty() ? 0 : rows.front().size());
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            batch.build(i).push_back(row[i] ? Cell(*row[i]) : Cell());
        }
    }
    batch.set_rows(rows.size());
    const auto all = hasher.hash(batch);
    return {all.begin(), all.end()};
}

Hash128 hash(const std::vector<Type>& types, const Row& row) {
    RowHasher hasher(columns(types));
    return hashes(hasher, {row}).front();
}

Hash128 decimal(const std::string& text) {
    return hash({Type::Decimal}, {text});
}
Hash128 text(const std::string& text) {
    return hash({Type::Text}, {text});
}

TEST(RowHash, null_differs_from_the_empty_text) {
    EXPECT_NE(hash({Type::Text}, {std::nullopt}), text(""));
}

TEST(RowHash, cells_do_not_run_into_each_other) {
    EXPECT_NE(hash({Type::Text, Type::Text}, {"ab", "c"}), hash({Type::Text, Type::Text}, {"a", "bc"}));
    EXPECT_NE(hash({Type::Text, Type::Text}, {std::nullopt, ""}), hash({Type::Text, Type::Text}, {"", std::nullopt}));
    EXPECT_NE(hash({Type::Text}, {std::string("\0", 1)}), hash({Type::Text}, {std::nullopt}));
}

TEST(RowHash, a_decimal_is_its_value) {
    for (const auto* same : {"1.5", "1.50", "01.5", "001.5000"}) {
        EXPECT_EQ(decimal(same), decimal("1.5")) << same;
    }
    for (const auto* zero : {"0", "0.0", "-0", "-0.00", "000", "00.0"}) {
        EXPECT_EQ(decimal(zero), decimal("0")) << zero;
    }
    EXPECT_EQ(decimal("-12.0"), decimal("-12"));
    EXPECT_EQ(decimal("100"), decimal("100.00"));
    EXPECT_EQ(decimal("NaN"), decimal("NaN"));
    const std::set<Hash128> different{decimal("1.5"),  decimal("-1.5"), decimal("15"),       decimal("0.15"),
                                      decimal("1.05"), decimal("150"),  decimal("Infinity"), decimal("-Infinity")};
    EXPECT_EQ(different.size(), 8U);
}

TEST(RowHash, texts_and_integers_stay_as_they_are) {
    EXPECT_NE(text("1.50"), text("1.5"));
    EXPECT_NE(text("1"), decimal("1"));
    EXPECT_NE(hash({Type::Integer}, {"007"}), hash({Type::Integer}, {"7"}));
}

// Whoever breaks this makes every record of every mapping look changed: raise RowHasher::version, and say so.
TEST(RowHash, version_1_stays_what_it_is) {
    const auto known = hash({Type::Text, Type::Decimal, Type::Text}, {"Anna", "12.50", std::nullopt});
    EXPECT_EQ(RowHasher::version, 1U);
    EXPECT_EQ(known.high, 8845030124295906105U);
    EXPECT_EQ(known.low, 12863709031880083729U);
}

TEST(RowHash, rows_have_the_same_hash_in_any_company) {
    std::mt19937 random(7);
    const std::vector<Type> types{Type::Text, Type::Decimal, Type::Text};
    std::vector<Row> rows;
    for (int i = 0; i < 500; ++i) {
        const auto size = i % 100 == 0 ? (std::size_t{1} << 20) + static_cast<std::size_t>(i) : random() % 40;
        rows.push_back({std::string(size, static_cast<char>('a' + i % 26)), std::to_string(random() % 1000) + ".10",
                        random() % 3 == 0 ? Text() : Text(std::to_string(i))});
    }
    RowHasher hasher(columns(types));
    const auto together = hashes(hasher, rows);
    std::set<Hash128> different;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        RowHasher alone(columns(types));
        EXPECT_EQ(hashes(alone, {rows[i]}).front(), together[i]) << i;
        different.insert(together[i]);
    }
    EXPECT_EQ(different.size(), rows.size());
}

TEST(RowHash, a_row_hashed_piece_by_piece_is_the_same) {
    // Just above and just below the size from which rows are not copied any more.
    const std::string large(std::size_t{1} << 20, 'x');
    RowHasher both(columns({Type::Text, Type::Decimal, Type::Text}), {0, 1, 2});
    RowHasher first(columns({Type::Text, Type::Decimal, Type::Text}), {0});
    const std::vector<Row> rows{{large.substr(5), "-1.50", std::nullopt}, {large, "-1.5", std::nullopt}};
    EXPECT_EQ(hashes(first, rows)[0], text(large.substr(5)));
    EXPECT_EQ(hashes(first, rows)[1], text(large));
    EXPECT_EQ(hashes(both, rows)[1], hash({Type::Text, Type::Decimal, Type::Text}, {large, "-1.500", std::nullopt}));
}

TEST(RowHash, takes_the_columns_that_it_is_told) {
    RowHasher hasher(columns({Type::Text, Type::Text, Type::Decimal}), {2, 0});
    EXPECT_EQ(hashes(hasher, {{"a", "whatever", "1.0"}}).front(), hash({Type::Decimal, Type::Text}, {"1", "a"}));
}

}  // namespace
}  // namespace rowhaul
