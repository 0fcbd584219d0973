// SPDX-License-Identifier: Apache-2.0
// How a file of JSON objects looks or is to look, as a person writes it in a configuration.
#pragma once
#include "options/options.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace rowhaul {

enum class JsonTypes : std::uint8_t { Detect, Text };
template <>
struct EnumChoices<JsonTypes> {
    static constexpr std::array<Choice, 2> list{{
        {"detect",
         "As the values of the first rows show: numbers, booleans, text, and JSON for what is nested or mixed with "
         "it."},
        {"text", "Every column is text: numbers and booleans as they are written, nested values as JSON."},
    }};
};

enum class JsonLayout : std::uint8_t { Lines, Array };
template <>
struct EnumChoices<JsonLayout> {
    static constexpr std::array<Choice, 2> list{{
        {"lines", "One object a line, nothing else: JSON lines."},
        {"array", "One array of objects, one a line."},
    }};
};

struct JsonlOptions {
    std::vector<std::string> columns;
    bool flatten = false;
    JsonTypes types = JsonTypes::Detect;
    std::int64_t sample_rows = 1000;
    JsonLayout layout = JsonLayout::Lines;

    static constexpr auto spec = [] {
        return options(option("columns", &JsonlOptions::columns,
                              "When reading: the keys that become columns, in this order; a row without one has NULL "
                              "there. If not given, "
                              "the keys of the first rows.")
                           .example("[sku, price]"),
                       option("flatten", &JsonlOptions::flatten,
                              "When reading: takes apart objects within objects, so that the columns are called "
                              "address.city. Otherwise "
                              "they stay JSON."),
                       option("types", &JsonlOptions::types, "When reading: what the columns are."),
                       option("sample_rows", &JsonlOptions::sample_rows,
                              "When reading: how many rows, of at most 4 MiB, show the keys and the types.")
                           .range(1, 100'000)
                           .advanced(),
                       option("layout", &JsonlOptions::layout,
                              "When writing: how the objects are laid out. Files are read in either."));
    }();
};

}  // namespace rowhaul
