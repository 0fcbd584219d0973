// SPDX-License-Identifier: Apache-2.0
#include "options/json.h"
#include "options/reference.h"

#include <boost/json.hpp>

namespace rowhaul {
namespace {

namespace json = boost::json;

// A value that is interpolated may have any type in the end.
constexpr std::string_view interpolated = R"(\$\{)";

json::array types_of(const OptionInfo& option, std::initializer_list<json::value_ref> names) {
    json::array types(names);
    if (option.is_nullable) {
        types.emplace_back("null");
    }
    return types;
}

void set_limits(json::object& schema, const OptionInfo& option) {
    if (option.min) {
        schema["minimum"] = *option.min;
    }
    if (option.max) {
        schema["maximum"] = *option.max;
    }
}

// In JSON Schema `pattern` speaks of strings only and `minimum` of numbers only, so that one schema
// serves `port: 21`, `port: "21"` and `port: "${PORT}"`.
json::object typed(const OptionInfo& option, std::initializer_list<json::value_ref> types, std::string_view form) {
    json::object out;
    out["type"] = types_of(option, types);
    if (!form.empty()) {
        out["pattern"] = std::string(form) + "|" + std::string(interpolated);
    }
    set_limits(out, option);
    return out;
}

json::object choice_schema(const OptionInfo& option) {
    json::array any;
    for (const Choice& choice : option.choices) {
        any.push_back(json::object{{"const", choice.value}, {"description", choice.help}});
    }
    any.push_back(json::object{{"type", "string"}, {"pattern", interpolated}});
    if (option.is_nullable) {
        any.push_back(json::object{{"type", "null"}});
    }
    return {{"anyOf", any}};
}

json::object map_schema(const OptionInfo& option, Completeness completeness) {
    json::object out = schema_of(option.options, completeness);
    out["type"] = types_of(option, {"object"});
    return out;
}

json::object value_schema(const OptionInfo& option, Completeness completeness) {
    switch (option.kind) {
        case ValueKind::Boolean:
            return typed(option, {"boolean", "string"}, "^(true|false)$");
        case ValueKind::Integer:
            return typed(option, {"integer", "string"}, "^[+-]?(0|[1-9][0-9]*)$");
        case ValueKind::Number:
            return typed(option, {"number", "string"}, R"(^-?[0-9.]+([eE][+-]?[0-9]+)?$)");
        case ValueKind::Text:
            return typed(option, {"string", "number"}, "");
        case ValueKind::Secret: {
            json::object out = typed(option, {"string", "number"}, "");
            out["format"] = "password";
            out["writeOnly"] = true;
            return out;
        }
        case ValueKind::Duration:
            return typed(option, {"integer", "string"}, "^[0-9]+ *[smhdSMHD]?$");
        case ValueKind::Bytes:
            return typed(option, {"integer", "string"}, "^[0-9]+ *([kKmMgGtT][iI]?)?[bB]?$");
        case ValueKind::Choice:
            return choice_schema(option);
        case ValueKind::Map:
            return map_schema(option, completeness);
    }
    return {};
}

json::value default_of(const OptionInfo& option) {
    switch (option.kind) {
        case ValueKind::Boolean:
            return option.default_text == "true";
        case ValueKind::Integer:
            return std::stoll(option.default_text);
        case ValueKind::Number:
            return json::parse(option.default_text);
        default:
            return json::string(option.default_text);
    }
}

json::object option_schema(const OptionInfo& option, Completeness completeness) {
    json::object out = value_schema(option, completeness);
    if (option.is_list) {
        json::object items = std::move(out);
        out = {{"anyOf", json::array{json::object{{"type", "array"}, {"items", items}}, items}}};
    } else if (!option.default_text.empty()) {
        out["default"] = default_of(option);
    }
    out["description"] = option.help;
    if (!option.example.empty()) {
        Problems ignored;
        const bool is_list = option.is_list && option.example.starts_with('[');
        out["examples"] = json::array{is_list ? to_json(parse_yaml(option.example, "", ignored))
                                              : json::value(json::string(option.example))};
    }
    if (option.is_advanced) {
        out["x-advanced"] = true;
    }
    return out;
}

json::array names_of(const ComponentInfo& component) {
    json::array names{json::string(component.type)};
    for (const std::string& alias : component.aliases) {
        names.push_back(json::string(alias));
    }
    return names;
}

}  // namespace

json::object schema_of(std::span<const OptionInfo> options, Completeness completeness) {
    json::object properties;
    json::array required;
    for (const OptionInfo& option : options) {
        properties[option.name] = option_schema(option, completeness);
        if (option.is_required && completeness == Completeness::Whole) {
            required.push_back(json::string(option.name));
        }
    }
    json::object out{{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
    if (!required.empty()) {
        out["required"] = std::move(required);
    }
    return out;
}

json::object schema_of(std::span<const ComponentInfo> components, Completeness completeness) {
    json::array types;
    json::array branches;
    for (const ComponentInfo& component : components) {
        const json::array names = names_of(component);
        types.insert(types.end(), names.begin(), names.end());
        json::object then = schema_of(component.options, completeness);
        then["description"] = component.title;
        json::object& properties = then["properties"].as_object();
        json::object with_type{{"type", {{"enum", names}, {"description", component.title}}}};
        with_type.insert(properties.begin(), properties.end());
        properties = std::move(with_type);
        branches.push_back(json::object{{"if", {{"properties", {{"type", {{"enum", names}}}}}, {"required", {"type"}}}},
                                        {"then", std::move(then)}});
    }
    json::object out{{"type", "object"},
                     {"properties", {{"type", {{"description", "What it is."}, {"enum", std::move(types)}}}}},
                     {"allOf", std::move(branches)}};
    if (completeness == Completeness::Whole) {
        out["required"] = json::array{"type"};
    }
    return out;
}

}  // namespace rowhaul
