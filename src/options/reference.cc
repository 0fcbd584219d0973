// SPDX-License-Identifier: Apache-2.0
#include "options/reference.h"

#include <boost/json.hpp>
#include <map>

namespace rowhaul {
namespace {

namespace json = boost::json;

// An option under its full name: those of a nested map follow the map itself.
struct Row {
    std::string name;
    const OptionInfo* option;
    bool is_advanced;
};

void flatten(std::span<const OptionInfo> options, const std::string& prefix, bool in_advanced, std::vector<Row>& out) {
    for (const OptionInfo& option : options) {
        const std::string name = prefix + option.name;
        const bool is_advanced = in_advanced || option.is_advanced;
        out.push_back({name, &option, is_advanced});
        flatten(option.options, name + (option.is_list ? "[]." : "."), is_advanced, out);
    }
}

std::string limit_text(const OptionInfo& option, std::int64_t value) {
    switch (option.kind) {
        case ValueKind::Duration:
            return to_text(std::chrono::seconds(value));
        case ValueKind::Bytes:
            return to_text(Bytes{static_cast<std::uint64_t>(value)});
        default:
            return std::to_string(value);
    }
}

// "integer, 1 to 65535", "list of text".
std::string type_text(const OptionInfo& option) {
    std::string out = (option.is_list ? "list of " : "") + std::string(name_of(option.kind));
    if (option.min && option.max) {
        out += ", " + limit_text(option, *option.min) + " to " + limit_text(option, *option.max);
    } else if (option.min) {
        out += ", at least " + limit_text(option, *option.min);
    } else if (option.max) {
        out += ", at most " + limit_text(option, *option.max);
    }
    return out;
}

std::string code(std::string_view text) {
    // A tab or a backtick would break out of the code span of a table cell.
    std::string out = "`";
    for (const char c : text) {
        out += c == '\t' ? "\\t" : c == '\n' ? "\\n" : c == '|' ? "\\|" : std::string(1, c);
    }
    return text.find('`') == std::string_view::npos ? out + "`" : "`" + out + " ``";
}

std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
    }
    return out;
}

std::string default_cell(const OptionInfo& option) {
    if (option.is_required) {
        return "**required**";
    }
    return option.default_text.empty() ? "" : code(option.default_text);
}

std::string table(const std::vector<Row>& rows, bool advanced) {
    std::string out;
    for (const Row& row : rows) {
        if (row.is_advanced == advanced) {
            out += "| " + code(row.name) + " | " + cell(type_text(*row.option)) + " | " + default_cell(*row.option) +
                   " | " + cell(row.option->help) +
                   (row.option->example.empty() ? "" : " Example: " + code(row.option->example) + ".") + " |\n";
        }
    }
    return out.empty() ? out : "| option | type | default | meaning |\n| --- | --- | --- | --- |\n" + out;
}

std::string choices_text(const std::vector<Row>& rows) {
    std::string out;
    for (const Row& row : rows) {
        if (!row.option->choices.empty()) {
            out += "\n" + code(row.name) + " is one of:\n\n";
            for (const Choice& choice : row.option->choices) {
                out += "- " + code(choice.value) + ": " + std::string(choice.help) + "\n";
            }
        }
    }
    return out;
}

// A scalar as an example has it: examples are written as YAML would have them.
Node example_value(const OptionInfo& option) {
    if (option.kind == ValueKind::Map) {
        Node map = Node::map();
        for (const OptionInfo& inner : option.options) {
            if (inner.is_required || !inner.example.empty()) {
                map.set(inner.name, example_value(inner));
            }
        }
        return map;
    }
    std::string text = option.example;
    if (text.empty()) {
        text = option.kind == ValueKind::Secret ? "${PASSWORD}" : option.name;
    }
    if (text.starts_with('[') && option.is_list) {
        Problems ignored;
        return parse_yaml(text, "", ignored);
    }
    const bool is_text = option.kind == ValueKind::Text || option.kind == ValueKind::Secret;
    return Node::scalar(std::move(text), {}, is_text ? Node::Style::Quoted : Node::Style::Plain);
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns) {
    std::string out;
    std::size_t column = columns;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (column + 1 + word.size() > columns) {
            out += (out.empty() ? "" : "\n") + std::string(indent, ' ');
            column = indent;
        } else {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
    }
    return out + "\n";
}

void set_flag(json::object& out, std::string_view name, bool value) {
    if (value) {
        out[name] = true;
    }
}

void set_text(json::object& out, std::string_view name, const std::string& value) {
    if (!value.empty()) {
        out[name] = json::string(value);
    }
}

json::array options_json(std::span<const OptionInfo> options) {
    json::array out;
    for (const OptionInfo& option : options) {
        json::object one{{"name", option.name}, {"type", name_of(option.kind)}};
        set_flag(one, "list", option.is_list);
        set_flag(one, "required", option.is_required);
        set_flag(one, "advanced", option.is_advanced);
        set_text(one, "default", option.default_text);
        set_text(one, "example", option.example);
        if (option.min) {
            one["min"] = *option.min;
        }
        if (option.max) {
            one["max"] = *option.max;
        }
        one["help"] = option.help;
        json::array choices;
        for (const Choice& choice : option.choices) {
            choices.push_back(json::object{{"value", choice.value}, {"help", choice.help}});
        }
        if (!choices.empty()) {
            one["choices"] = std::move(choices);
        }
        if (!option.options.empty()) {
            one["options"] = options_json(option.options);
        }
        out.push_back(std::move(one));
    }
    return out;
}

bool is_boolean_elsewhere(std::string_view word) {
    constexpr std::array<std::string_view, 8> booleans{"true", "false", "yes", "no", "on", "off", "y", "n"};
    return std::find(booleans.begin(), booleans.end(), word) != booleans.end();
}

// Words that somebody might choose, and the one that we use.
const std::map<std::string_view, std::string_view>& preferred_words() {
    static const std::map<std::string_view, std::string_view> words{{"hostname", "host"},
                                                                    {"server", "host"},
                                                                    {"address", "host"},
                                                                    {"username", "user"},
                                                                    {"login", "user"},
                                                                    {"user_name", "user"},
                                                                    {"passwd", "password"},
                                                                    {"pass", "password"},
                                                                    {"pwd", "password"},
                                                                    {"dbname", "database"},
                                                                    {"db", "database"},
                                                                    {"directory", "folder"},
                                                                    {"dir", "folder"},
                                                                    {"timeouts", "timeout"},
                                                                    {"connection_timeout", "connect_timeout"},
                                                                    {"connect_time_out", "connect_timeout"},
                                                                    {"time_out", "timeout"},
                                                                    {"charset", "encoding"}};
    return words;
}

}  // namespace

std::string example_yaml(const ComponentInfo& component, std::string_view place) {
    Node map = Node::map();
    if (component.is_chosen_by_type) {
        map.set("type", Node::scalar(component.type, {}, Node::Style::Quoted));
    }
    for (const OptionInfo& option : component.options) {
        if (option.is_required || (!option.example.empty() && !option.is_advanced)) {
            map.set(option.name, example_value(option));
        }
    }
    while (!place.empty()) {
        const std::size_t dot = place.rfind('.');
        std::string_view last = dot == std::string_view::npos ? place : place.substr(dot + 1);
        Node outer = Node::map();
        if (last.ends_with("[]")) {
            last.remove_suffix(2);
            Node list = Node::sequence();
            list.items().push_back(std::move(map));
            map = std::move(list);
        }
        outer.set(last, std::move(map));
        map = std::move(outer);
        place = place.substr(0, dot == std::string_view::npos ? 0 : dot);
    }
    return to_yaml(map);
}

std::string reference_page(const ComponentInfo& component, std::string_view place) {
    std::vector<Row> rows;
    flatten(component.options, "", false, rows);
    std::string out = "# " + component.type + "\n\n" + component.title + "\n";
    if (!component.aliases.empty()) {
        out += "\nAlso by the name";
        for (const std::string& alias : component.aliases) {
            out += (&alias == &component.aliases.front() ? " " : ", ") + code(alias);
        }
        out += ".\n";
    }
    out += "\n```yaml\n" + example_yaml(component, place) + "```\n";
    if (const std::string usual = table(rows, false); !usual.empty()) {
        out += "\n## Options\n\n" + usual;
    }
    if (const std::string advanced = table(rows, true); !advanced.empty()) {
        out += "\n## Advanced options\n\n" + advanced;
    }
    return out + choices_text(rows);
}

std::string reference_text(const ComponentInfo& component, std::size_t columns) {
    std::vector<Row> rows;
    flatten(component.options, "", false, rows);
    std::string out = component.type + ": " + component.title + "\n";
    for (const Row& row : rows) {
        out += "\n  " + row.name + "  (" + type_text(*row.option);
        if (row.option->is_required) {
            out += "; required";
        } else if (!row.option->default_text.empty()) {
            out += "; default " + row.option->default_text;
        }
        out += row.is_advanced ? "; advanced)\n" : ")\n";
        out += wrapped(row.option->help, 6, columns);
        for (const Choice& choice : row.option->choices) {
            out += wrapped(std::string(choice.value) + ": " + std::string(choice.help), 8, columns);
        }
    }
    return out;
}

json::array reference_json(std::span<const ComponentInfo> components) {
    json::array out;
    for (const ComponentInfo& component : components) {
        json::object one{{"type", component.type}, {"title", component.title}};
        if (!component.aliases.empty()) {
            one["aliases"] = json::value_from(component.aliases);
        }
        one["options"] = options_json(component.options);
        out.push_back(std::move(one));
    }
    return out;
}

std::vector<std::string> uniformity_problems(std::span<const ComponentInfo> components) {
    struct First {
        std::string component;
        std::string type;
    };
    std::map<std::string, First> seen;
    std::vector<std::string> out;
    for (const ComponentInfo& component : components) {
        for (const OptionInfo& option : component.options) {
            const std::string where = component.type + "." + option.name;
            if (const auto word = preferred_words().find(option.name); word != preferred_words().end()) {
                out.push_back(where + ": call it \"" + std::string(word->second) + "\" as elsewhere");
            }
            for (const Choice& choice : option.choices) {
                if (is_boolean_elsewhere(choice.value)) {
                    out.push_back(where + ": YAML 1.1 takes the choice \"" + std::string(choice.value) +
                                  "\" for a boolean");
                }
            }
            const std::string type = (option.is_list ? "list of " : "") + std::string(name_of(option.kind));
            const auto [first, is_new] = seen.try_emplace(option.name, First{component.type, type});
            if (!is_new && first->second.type != type) {
                out.push_back(where + ": is " + type + " here and " + first->second.type + " in " +
                              first->second.component);
            }
        }
    }
    return out;
}

}  // namespace rowhaul
