// SPDX-License-Identifier: Apache-2.0
#include "app/field_suggestion.h"

#include "app/text_table.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/format.h>

namespace rowhaul {

namespace {

namespace json = boost::json;

std::string word(const std::string& name) {
    return to_flow_yaml(Node::scalar(name, {}, Node::Style::Quoted));
}

std::string words(const std::vector<std::string>& names) {
    std::string all;
    for (const auto& name : names) {
        all += (all.empty() ? "" : ", ") + word(name);
    }
    return all;
}

// A message as the text of a comment, which ends with its line.
std::string on_a_line(std::string message) {
    std::ranges::replace_if(
        message, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return message;
}

std::string comment_on(const SuggestedColumn& column) {
    if (column.match == Match::Ambiguous) {
        return fmt::format("not decided: {} may be {}{}", word(column.to), words(column.candidates),
                           column.candidates.size() == 1 ? ", as may another column" : "");
    }
    return fmt::format("no source column for: {}", word(column.to));
}

std::string_view name_of(Match match) {
    switch (match) {
        case Match::Equal:
            return "equal";
        case Match::Folded:
            return "folded";
        case Match::Ambiguous:
            return "ambiguous";
        case Match::None:
            break;
    }
    return "none";
}

// `${` in a text that is no interpolation is written so that it becomes none.
Node literal(Node node) {
    if (node.is_scalar() && !node.is_tainted() && node.text().find("${") != std::string::npos) {
        std::string text;
        for (std::size_t at = 0; at < node.text().size(); ++at) {
            text += node.text().substr(at, 2) == "${" ? "$$" : node.text().substr(at, 1);
        }
        return Node::scalar(text, {}, Node::Style::Quoted);
    }
    for (auto& entry : node.entries()) {
        entry.value = literal(std::move(entry.value));
    }
    return node;
}

json::value to_json(const Node& node) {
    if (node.is_map()) {
        json::object object;
        for (const auto& entry : node.entries()) {
            object[entry.key] = to_json(entry.value);
        }
        return object;
    }
    return node.is_null() ? json::value(nullptr) : json::value(json::string(node.shown()));
}

json::array names_json(const std::vector<std::string>& names) {
    json::array all;
    for (const auto& name : names) {
        all.push_back(json::string(name));
    }
    return all;
}

}  // namespace

std::string fields_yaml(const FieldSuggestion& suggestion) {
    const auto found = std::ranges::count_if(suggestion.lines, [](const auto& line) { return !line.item.is_null(); });
    std::string text = suggestion.wanted_by.empty()
                           ? fmt::format("# {}: all columns of {}\n", suggestion.mapping, word(suggestion.source))
                           : fmt::format("# {}: {} of {} columns that {} wants, from {}\n", suggestion.mapping, found,
                                         suggestion.lines.size(), suggestion.wanted_by, word(suggestion.source));
    if (suggestion.rows_seen_for_types > 0) {
        text += fmt::format("# Types are those of the first {} rows; later rows with other values will be rejected.\n",
                            with_thousands(suggestion.rows_seen_for_types));
    }
    for (const auto& warning : suggestion.warnings) {
        text += fmt::format("# {}\n", on_a_line(warning));
    }
    text += found > 0 ? "fields:\n" : "";
    for (const auto& line : suggestion.lines) {
        text += line.item.is_null() ? fmt::format("  # {}\n", comment_on(line.column))
                                    : fmt::format("  - {}\n", to_flow_yaml(literal(line.item)));
    }
    if (!suggestion.unused.empty()) {
        text += fmt::format("# not used: {}\n", words(suggestion.unused));
    }
    return text;
}

json::object fields_json(const FieldSuggestion& suggestion) {
    json::array columns;
    for (const auto& line : suggestion.lines) {
        const auto& item = line.item;
        columns.push_back(json::object{
            {"to", line.column.to},
            {"match", json::string_view(name_of(line.column.match))},
            {"candidates", names_json(line.column.candidates)},
            {"field", item.is_scalar() ? json::value(json::object{{"to", item.shown()}}) : to_json(item)}});
    }
    return {{"mapping", suggestion.mapping},
            {"source", suggestion.source},
            {"wanted_by", suggestion.wanted_by.empty() ? json::value(nullptr) : json::value(suggestion.wanted_by)},
            {"columns", std::move(columns)},
            {"unused", names_json(suggestion.unused)},
            {"rows_seen_for_types", suggestion.rows_seen_for_types},
            {"warnings", names_json(suggestion.warnings)}};
}

}  // namespace rowhaul
