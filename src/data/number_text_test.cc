// SPDX-License-Identifier: Apache-2.0
#include "data/number_text.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <string>

namespace rowhaul {
namespace {

template <class Float>
std::string text_of(Float value) {
    std::array<char, max_float_text> buffer{};
    return {buffer.data(), write_float(buffer.data(), value)};
}

std::string fixed_text_of(double value) {
    std::array<char, max_fixed_text> buffer{};
    return {buffer.data(), write_fixed(buffer.data(), value)};
}

TEST(NumberText, FloatsAreShortAndPlainWherePeopleExpectIt) {
    EXPECT_EQ(text_of(0.0), "0");
    EXPECT_EQ(text_of(-0.0), "-0");
    EXPECT_EQ(text_of(3.0), "3");
    EXPECT_EQ(text_of(-12.5), "-12.5");
    EXPECT_EQ(text_of(0.05), "0.05");
    EXPECT_EQ(text_of(100000.0), "100000");
    EXPECT_EQ(text_of(0.1 + 0.2), "0.30000000000000004");
    EXPECT_EQ(text_of(123456789012.3456), "123456789012.3456");
    EXPECT_EQ(text_of(0.0001), "0.0001");
    EXPECT_EQ(text_of(0.00012345), "0.00012345");
    EXPECT_EQ(text_of(0.00001), "1e-05");
    EXPECT_EQ(text_of(999999999999999.0), "999999999999999");
    EXPECT_EQ(text_of(1e15), "1e+15");
    EXPECT_EQ(text_of(1.7976931348623157e308), "1.7976931348623157e+308");
    EXPECT_EQ(text_of(5e-324), "5e-324");
    EXPECT_EQ(text_of(std::numeric_limits<double>::quiet_NaN()), "NaN");
    EXPECT_EQ(text_of(std::numeric_limits<double>::infinity()), "Infinity");
    EXPECT_EQ(text_of(-std::numeric_limits<double>::infinity()), "-Infinity");
    EXPECT_EQ(text_of(16777216.0F), "16777216");
    EXPECT_EQ(text_of(0.1F), "0.1");
    EXPECT_EQ(text_of(-std::numeric_limits<float>::infinity()), "-Infinity");
}

TEST(NumberText, DecimalsNeverHaveAnExponent) {
    EXPECT_EQ(fixed_text_of(1e20), "100000000000000000000");
    EXPECT_EQ(fixed_text_of(1.5e-9), "0.0000000015");
    EXPECT_EQ(fixed_text_of(-2.50), "-2.5");
    EXPECT_LE(fixed_text_of(-std::numeric_limits<double>::max()).size(), max_fixed_text);
    EXPECT_LE(fixed_text_of(-std::numeric_limits<double>::denorm_min()).size(), max_fixed_text);
    EXPECT_EQ(fixed_text_of(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(NumberText, EveryFloatReadsBackTheSameAndIsAsShortAsTheShortest) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 200'000; ++i) {
        const auto bits = random();
        double value = std::bit_cast<double>(bits);
        if (i % 2 == 0) {
            value = static_cast<double>(static_cast<std::int64_t>(bits >> (i % 60))) /
                    std::pow(10.0, static_cast<double>(i % 9));
        }
        if (!std::isfinite(value)) {
            continue;
        }
        const auto text = text_of(value);
        double back = 0;
        std::from_chars(text.data(), text.data() + text.size(), back);
        ASSERT_EQ(back, value) << text;
        std::array<char, 400> shortest{};
        const auto format =
            text.find('e') == std::string::npos ? std::chars_format::fixed : std::chars_format::scientific;
        const auto end = std::to_chars(shortest.data(), shortest.data() + shortest.size(), value, format).ptr;
        ASSERT_EQ(text, std::string(shortest.data(), end));
    }
}

TEST(NumberText, IntegersAndBytes) {
    std::array<char, max_integer_text> buffer{};
    EXPECT_EQ(std::string(buffer.data(), write_integer(buffer.data(), std::numeric_limits<std::int64_t>::min())),
              "-9223372036854775808");
    EXPECT_EQ(std::string(buffer.data(), write_unsigned(buffer.data(), std::numeric_limits<std::uint64_t>::max())),
              "18446744073709551615");
    write_hex(buffer.data(), std::string_view("\x00\x7f\xff", 3));
    EXPECT_EQ(std::string_view(buffer.data(), 6), "007fff");
}

}  // namespace
}  // namespace rowhaul
