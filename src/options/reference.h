// SPDX-License-Identifier: Apache-2.0
// What people and machines read about components, made from their options alone: reference pages,
// help in a terminal, one JSON listing, JSON Schema.
#pragma once
#include "options/component.h"

#include <boost/json/fwd.hpp>
#include <span>
#include <string>
#include <string_view>

namespace rowhaul {

// A page of docs/reference. `place` is where such a thing stands in rowhaul.yaml, for the example:
// "connections.example", or "mappings.example.fields[]" for an item of a list. Options of maps are
// listed as "map.option".
std::string reference_page(const ComponentInfo&, std::string_view place);

// The same for a terminal of this many columns.
std::string reference_text(const ComponentInfo&, std::size_t columns = 100);

// A YAML snippet with the required options and those that give an example.
std::string example_yaml(const ComponentInfo&, std::string_view place);

// Every component with every option; `rowhaul reference --json` prints it, review reads its changes.
boost::json::array reference_json(std::span<const ComponentInfo>);

enum class Completeness : std::uint8_t {
    Whole,
    Partial,  // for `defaults`: nothing is required
};

// JSON Schema (draft 2020-12) of a map of options. It takes every document that parse() takes,
// also with ${NAME} in place of any value; what a `check` or `validate` refuses it cannot know.
boost::json::object schema_of(std::span<const OptionInfo>, Completeness = Completeness::Whole);

// Of a map whose key `type` says which component it is for.
boost::json::object schema_of(std::span<const ComponentInfo>, Completeness = Completeness::Whole);

// What is against the house rules that hold across components: one word for one thing (`host`, never
// `hostname` or `server`), one type for one name, no choice that other YAML readers take for a
// boolean. One line each.
std::vector<std::string> uniformity_problems(std::span<const ComponentInfo>);

}  // namespace rowhaul
