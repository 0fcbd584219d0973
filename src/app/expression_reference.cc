// SPDX-License-Identifier: Apache-2.0
#include "app/expression_reference.h"

#include "expression/functions.h"

#include <fmt/format.h>

namespace rowhaul {

namespace {

constexpr Group groups[] = {Group::Logic,   Group::Comparison, Group::Null, Group::Text,
                            Group::Pattern, Group::Number,     Group::Date, Group::Check};

// Bars end a cell of a table.
std::string in_cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c == '|' ? "\\|" : std::string(1, c);
    }
    return out;
}

std::string examples_of(const Function& function) {
    std::string text;
    for (const auto& example : function.examples) {
        text += fmt::format("{}`{}` → `{}`", text.empty() ? "" : "<br>", in_cell(example.expression),
                            example.result.empty() ? " " : in_cell(example.result));
    }
    return text;
}

}  // namespace

std::string expression_page() {
    std::string page =
        "# expressions\n\n"
        "What `where` of a mapping and `value` of a field may say: SQL expressions with the meaning that PostgreSQL "
        "gives them under the collation C. [Rules and computed fields](../rules-and-fields.md) tells how to use "
        "them.\n";
    for (const auto group : groups) {
        page += fmt::format("\n## {}\n\n| form | does | examples |\n| --- | --- | --- |\n", name_of(group));
        for (const auto& function : all_functions()) {
            if (function.group == group) {
                page += fmt::format("| `{}` | {} | {} |\n", in_cell(function.usage), in_cell(function.help),
                                    examples_of(function));
            }
        }
    }
    return page;
}

std::string expression_text() {
    std::string text = "What `where` and `value` may say: SQL expressions, as PostgreSQL understands them.\n";
    for (const auto group : groups) {
        text += fmt::format("\n{}\n", name_of(group));
        for (const auto& function : all_functions()) {
            if (function.group == group) {
                text += fmt::format("  {}\n      {}\n", function.usage, function.help);
                for (const auto& example : function.examples) {
                    text += fmt::format("      {} → {}\n", example.expression, example.result);
                }
            }
        }
    }
    return text;
}

}  // namespace rowhaul
