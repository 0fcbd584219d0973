// SPDX-License-Identifier: Apache-2.0
#include "format/csv_index.h"

#include "base/utf8.h"

#include <gtest/gtest.h>
#include <random>
#include <string>

namespace rowhaul {
namespace {

constexpr std::array all_instructions{CsvInstructions::Portable, CsvInstructions::Sse2, CsvInstructions::Avx2};

std::vector<CsvInstructions> possible_instructions() {
    std::vector<CsvInstructions> possible;
    for (const auto instructions : all_instructions) {
        if (instructions <= best_csv_instructions()) {
            possible.push_back(instructions);
        }
    }
    return possible;
}

std::vector<std::uint32_t> positions(const std::string& text, std::string_view specials, CsvInstructions instructions) {
    const auto padded = text + std::string(CsvIndex::slack, specials[0]);
    CsvIndex index(specials, instructions);
    index.build(std::string_view(padded).substr(0, text.size()));
    return {index.begin(), index.end()};
}

TEST(CsvIndex, FindsSpecialBytesAndEndsWithTheSize) {
    for (const auto instructions : possible_instructions()) {
        EXPECT_EQ(positions("", ",", instructions), (std::vector<std::uint32_t>{0}));
        EXPECT_EQ(positions("a,b\n", ",\n", instructions), (std::vector<std::uint32_t>{1, 3, 4}));
        EXPECT_EQ(positions(",,,", ",\n\r\"\\", instructions), (std::vector<std::uint32_t>{0, 1, 2, 3}));
    }
}

TEST(CsvIndex, FindsTheSameWithAllInstructions) {
    std::mt19937 random(3);
    for (int round = 0; round < 300; ++round) {
        std::string text(random() % 700, '\0');
        const auto letters = 2 + random() % 254;
        for (auto& byte : text) {
            byte = static_cast<char>(random() % letters);
        }
        std::vector<std::uint32_t> expected;
        const std::string specials{',', '\n', '\xC2', '\1'};
        for (std::size_t at = 0; at < text.size(); ++at) {
            if (specials.find(text[at]) != std::string::npos) {
                expected.push_back(static_cast<std::uint32_t>(at));
            }
        }
        expected.push_back(static_cast<std::uint32_t>(text.size()));
        for (const auto instructions : possible_instructions()) {
            ASSERT_EQ(positions(text, specials, instructions), expected);
        }
    }
}

// What is valid, and where it first is not, as a check of the whole text says.
TEST(CsvIndex, FindsTheFirstByteThatIsNoText) {
    std::mt19937 random(4);
    const std::string pieces[] = {
        "a",        "plain ascii text ",  "ü",        "€", "😀", "\xC3", "\xFF", "\xED\xA0\x80",
        "\xF0\x9F", std::string(70, 'x'), "äöüäöüäöü"};
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        const auto valid_only = round % 2 == 0;
        for (std::size_t i = 0; i < random() % 200; ++i) {
            const auto piece = random() % std::size(pieces);
            text += valid_only && piece >= 5 && piece <= 8 ? "b" : pieces[piece];
        }
        const auto padded = text + std::string(CsvIndex::slack, '\xFF');
        const std::string_view view = std::string_view(padded).substr(0, text.size());
        for (const auto instructions : possible_instructions()) {
            CsvIndex index(",", instructions);
            index.build(view);
            for (std::size_t from = 0; from <= text.size();) {
                const auto expected = from + valid_utf8_prefix(view.substr(from));
                ASSERT_EQ(index.first_invalid(view, from), expected);
                from = expected + 1;
            }
        }
    }
}

}  // namespace
}  // namespace rowhaul
