// SPDX-License-Identifier: Apache-2.0
#include "options/reference.h"

#include "options/json.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>

namespace rowhaul {

enum class Mode : std::uint8_t { Fast, Safe };
template <>
struct EnumChoices<Mode> {
    static constexpr std::array<Choice, 2> list{{{"fast", "Takes what comes."}, {"safe", "Checks a|b first."}}};
};

enum class Power : std::uint8_t { Full, Off };
template <>
struct EnumChoices<Power> {
    static constexpr std::array<Choice, 2> list{{{"full", "All of it."}, {"off", "None of it."}}};
};

namespace {

namespace json = boost::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct InnerOptions {
    std::string path;
    static constexpr auto spec = [] {
        return options(option("path", &InnerOptions::path, "Where it lies.").required().example("/tmp/x"));
    }();
};

struct ListOptions {
    std::vector<std::string> names;
    static constexpr auto spec = [] {
        return options(option("names", &ListOptions::names, "Several names.").required().example("[a, b]"));
    }();
};

struct SampleOptions {
    std::string host;
    std::int64_t port = 22;
    Secret password;
    Mode mode = Mode::Safe;
    bool passive = true;
    double ratio = 0.5;
    std::chrono::seconds timeout{60};
    Bytes buffer{65536};
    std::optional<std::int64_t> limit;
    std::vector<std::string> quirks;
    std::vector<InnerOptions> inners;
    InnerOptions inner{"x"};
    static constexpr auto spec = [] {
        return options(
            option("host", &SampleOptions::host, "Name or address of the server.").required().example("a.example.com"),
            option("port", &SampleOptions::port, "Port of the server.").range(1, 65535),
            option("password", &SampleOptions::password, "Login password."),
            option("mode", &SampleOptions::mode, "How it works."),
            option("passive", &SampleOptions::passive, "Whether it waits."),
            option("ratio", &SampleOptions::ratio, "Share of the line.").range(0, 1),
            option("timeout", &SampleOptions::timeout, "Longest silence.").range(1, 3600).advanced(),
            option("buffer", &SampleOptions::buffer, "How much is held back.").advanced(),
            option("limit", &SampleOptions::limit, "Most files.").range(1, 10),
            option("quirks", &SampleOptions::quirks, "Switches for odd servers."),
            option("inners", &SampleOptions::inners, "Several others."),
            option("inner", &SampleOptions::inner, "Another one."));
    }();
};

struct OtherOptions {
    std::string server;
    std::string port;
    Power power = Power::Full;
    static constexpr auto spec = [] {
        return options(option("server", &OtherOptions::server, "Name of the server."),
                       option("port", &OtherOptions::port, "Name of the port."),
                       option("power", &OtherOptions::power, "How much power."));
    }();
};

ComponentInfo sample() {
    ComponentInfo info = describe<SampleOptions>("sample", "A sample.");
    info.aliases = {"example"};
    info.is_chosen_by_type = true;
    return info;
}

// As much of JSON Schema as our schemas use.
bool is_valid(const json::value& value, const json::object& schema);

bool has_type(const json::value& value, std::string_view type) {
    return (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
           (type == "string" && value.is_string()) || (type == "boolean" && value.is_bool()) ||
           (type == "null" && value.is_null()) || (type == "integer" && value.is_int64()) ||
           (type == "number" && value.is_number());
}

bool all_valid(const json::value& value, const json::array& schemas) {
    return std::all_of(schemas.begin(), schemas.end(),
                       [&](const json::value& schema) { return is_valid(value, schema.as_object()); });
}

bool any_valid(const json::value& value, const json::array& schemas) {
    return std::any_of(schemas.begin(), schemas.end(),
                       [&](const json::value& schema) { return is_valid(value, schema.as_object()); });
}

bool object_is_valid(const json::object& object, const json::object& schema) {
    if (const auto* required = schema.if_contains("required")) {
        for (const json::value& name : required->as_array()) {
            if (!object.contains(name.as_string())) {
                return false;
            }
        }
    }
    const auto* properties = schema.if_contains("properties");
    for (const auto& [key, item] : object) {
        const auto* property = properties == nullptr ? nullptr : properties->as_object().if_contains(key);
        if (property == nullptr ? schema.contains("additionalProperties") : !is_valid(item, property->as_object())) {
            return false;
        }
    }
    return true;
}

bool is_valid(const json::value& value, const json::object& schema) {
    if (const auto* type = schema.if_contains("type")) {
        const json::array types = type->is_array() ? type->as_array() : json::array{*type};
        if (std::none_of(types.begin(), types.end(),
                         [&](const json::value& one) { return has_type(value, one.as_string()); })) {
            return false;
        }
    }
    if (const auto* only = schema.if_contains("const"); only != nullptr && *only != value) {
        return false;
    }
    if (const auto* names = schema.if_contains("enum")) {
        const json::array& list = names->as_array();
        if (std::find(list.begin(), list.end(), value) == list.end()) {
            return false;
        }
    }
    if (const auto* pattern = schema.if_contains("pattern"); pattern != nullptr && value.is_string()) {
        const std::string text(value.as_string());
        if (!std::regex_search(text, std::regex(pattern->as_string().c_str()))) {
            return false;
        }
    }
    if (value.is_number()) {
        const auto number = value.to_number<double>();
        const auto* low = schema.if_contains("minimum");
        const auto* high = schema.if_contains("maximum");
        if ((low != nullptr && number < low->to_number<double>()) ||
            (high != nullptr && number > high->to_number<double>())) {
            return false;
        }
    }
    if (const auto* items = schema.if_contains("items"); items != nullptr && value.is_array()) {
        for (const json::value& item : value.as_array()) {
            if (!is_valid(item, items->as_object())) {
                return false;
            }
        }
    }
    if (const auto* any = schema.if_contains("anyOf"); any != nullptr && !any_valid(value, any->as_array())) {
        return false;
    }
    if (const auto* all = schema.if_contains("allOf"); all != nullptr && !all_valid(value, all->as_array())) {
        return false;
    }
    if (const auto* condition = schema.if_contains("if"); condition != nullptr &&
                                                          is_valid(value, condition->as_object()) &&
                                                          !is_valid(value, schema.at("then").as_object())) {
        return false;
    }
    return !value.is_object() || object_is_valid(value.as_object(), schema);
}

Node document(std::string_view yaml) {
    Problems problems;
    return parse_yaml(yaml, "a.yaml", problems);
}

TEST(Schema, TakesAndRefusesWhatParsingDoes) {
    const json::object schema = schema_of(describe_options<SampleOptions>());
    const std::vector<std::string> documents{
        "host: a",
        "{}",
        "host: a\nport: 22\npassword: b\nmode: fast\npassive: false\nratio: 0.5\ntimeout: 15m\nbuffer: 64KiB",
        "host: a\nport: '22'\npassword: 1234\npassive: 'true'\nratio: 1\ntimeout: 90\nbuffer: 4096",
        "host: 10\ntimeout: 1 H\nbuffer: 2 mb",
        "host: a\nport: 0",
        "host: a\nport: 65536",
        "host: a\nport: abc",
        "host: a\nport: 010x",
        "host: a\nport: [1]",
        "host: a\nport: 1.5",
        "host: a\nport: null",
        "host: a\nprot: 22",
        "host: a\nmode: slow",
        "host: a\nmode: [fast]",
        "host: a\npassive: maybe",
        "host: a\nratio: 2",
        "host: a\ntimeout: soon",
        "host: a\ntimeout: 4000",
        "host: a\ntimeout: -1",
        "host: a\nbuffer: 10 gallons",
        "host: a\nlimit: null",
        "host: a\nlimit: 11",
        "host: a\nquirks: x",
        "host: a\nquirks: [x, y]",
        "host: a\nquirks: [[x]]",
        "host: a\ninner: {path: x}",
        "host: a\ninner: {}",
        "host: a\ninner: x",
        "host: a\ninner:",
        "host: a\ninners: [{path: x}, {path: y}]",
        "host: a\ninners: {path: x}",
        "host: a\ninners: [{pat: x}]",
        "[]",
    };
    for (const std::string& text : documents) {
        const Node node = document(text);
        Problems problems;
        parse<SampleOptions>(node, "", problems);
        EXPECT_EQ(is_valid(to_json(node), schema), problems.empty()) << text << "\n" << problems.text();
    }
}

TEST(Schema, TakesInterpolationInPlaceOfAnyValue) {
    const json::object schema = schema_of(describe_options<SampleOptions>());
    EXPECT_TRUE(is_valid(to_json(document("host: ${A}\nport: ${A}\npassword: ${A}\nmode: ${A}\npassive: ${A}\nratio: "
                                          "${A}\ntimeout: ${A}\nbuffer: ${A}\nlimit: ${A}\nquirks: [\"${A}\"]")),
                         schema));
}

TEST(Schema, SaysWhatAFormNeeds) {
    const json::object schema = schema_of(describe_options<SampleOptions>());
    EXPECT_EQ(schema.at("additionalProperties"), false);
    EXPECT_EQ(schema.at("required"), json::array{"host"});
    const json::object& properties = schema.at("properties").as_object();
    EXPECT_EQ(properties.at("port").at("default"), 22);
    EXPECT_EQ(properties.at("port").at("description"), "Port of the server.");
    EXPECT_EQ(properties.at("passive").at("default"), true);
    EXPECT_EQ(properties.at("timeout").at("default"), "1m");
    EXPECT_EQ(properties.at("timeout").at("x-advanced"), true);
    EXPECT_EQ(properties.at("password").at("writeOnly"), true);
    EXPECT_EQ(properties.at("host").at("examples"), json::array{"a.example.com"});
    EXPECT_FALSE(schema_of(describe_options<SampleOptions>(), Completeness::Partial).contains("required"));
}

TEST(Schema, ChoosesByType) {
    const std::vector<ComponentInfo> components{sample(), describe<OtherOptions>("other", "Another one.")};
    const json::object schema = schema_of(components);
    const auto valid = [&](std::string_view yaml) { return is_valid(to_json(document(yaml)), schema); };
    EXPECT_TRUE(valid("type: sample\nhost: a"));
    EXPECT_TRUE(valid("type: example\nhost: a"));
    EXPECT_TRUE(valid("type: other\nserver: a"));
    EXPECT_FALSE(valid("type: sample"));
    EXPECT_FALSE(valid("type: other\nhost: a"));
    EXPECT_FALSE(valid("type: third"));
    EXPECT_FALSE(valid("host: a"));
    EXPECT_TRUE(is_valid(to_json(document("type: sample")), schema_of(components, Completeness::Partial)));
}

TEST(Reference, IsAPageOfMarkdown) {
    EXPECT_EQ(reference_page(sample(), "connections.example"), R"(# sample

A sample.

Also by the name `example`.

```yaml
connections:
  example:
    type: sample
    host: a.example.com
```

## Options

| option | type | default | meaning |
| --- | --- | --- | --- |
| `host` | text | **required** | Name or address of the server. Example: `a.example.com`. |
| `port` | integer, 1 to 65535 | `22` | Port of the server. |
| `password` | secret |  | Login password. |
| `mode` | choice | `safe` | How it works. |
| `passive` | boolean | `true` | Whether it waits. |
| `ratio` | number, 0 to 1 | `0.5` | Share of the line. |
| `limit` | integer, 1 to 10 |  | Most files. |
| `quirks` | list of text |  | Switches for odd servers. |
| `inners` | list of map |  | Several others. |
| `inners[].path` | text | **required** | Where it lies. Example: `/tmp/x`. |
| `inner` | map |  | Another one. |
| `inner.path` | text | **required** | Where it lies. Example: `/tmp/x`. |

## Advanced options

| option | type | default | meaning |
| --- | --- | --- | --- |
| `timeout` | duration, 1s to 1h | `1m` | Longest silence. |
| `buffer` | size | `64KiB` | How much is held back. |

`mode` is one of:

- `fast`: Takes what comes.
- `safe`: Checks a|b first.
)");
}

TEST(Reference, GivesAnExampleThatParses) {
    const Node node = document(example_yaml(sample(), ""));
    Problems problems;
    parse<SampleOptions>(node, "", problems, {"type"});
    EXPECT_EQ(problems.text(), "");
}

TEST(Reference, GivesAnExampleOfAPartOfTheFile) {
    const ComponentInfo part = describe<InnerOptions>("part", "A part.");
    EXPECT_EQ(example_yaml(part, "settings"), "settings:\n  path: /tmp/x\n");
    EXPECT_EQ(example_yaml(part, "a.list[]"), "a:\n  list:\n    - path: /tmp/x\n");
}

TEST(Reference, GivesAListAsAnExampleOfAList) {
    EXPECT_EQ(example_yaml(describe<ListOptions>("list", "A list."), "a"), "a:\n  names:\n    - a\n    - b\n");
    const json::object schema = schema_of(describe_options<ListOptions>());
    EXPECT_EQ(json::serialize(schema.at("properties").at("names").at("examples")), R"([["a","b"]])");
}

TEST(Reference, FitsATerminal) {
    const std::string text = reference_text(sample(), 40);
    EXPECT_THAT(text, HasSubstr("sample: A sample.\n"));
    EXPECT_THAT(text, HasSubstr("\n  port  (integer, 1 to 65535; default 22)\n      Port of the server.\n"));
    EXPECT_THAT(text, HasSubstr("        fast: Takes what comes.\n"));
    EXPECT_THAT(reference_text(sample(), 20), HasSubstr("      Name or\n      address of the\n      server.\n"));
}

TEST(Reference, IsListedAsJson) {
    const std::vector<ComponentInfo> components{describe<InnerOptions>("inner", "One.")};
    EXPECT_EQ(pretty(reference_json(components)), R"([
  {
    "type": "inner",
    "title": "One.",
    "options": [
      {
        "name": "path",
        "type": "text",
        "required": true,
        "example": "/tmp/x",
        "help": "Where it lies."
      }
    ]
  }
]
)");
}

TEST(Uniformity, KeepsOneWordAndOneTypeForOneThing) {
    const std::vector<ComponentInfo> components{sample(), describe<OtherOptions>("other", "Another one.")};
    EXPECT_THAT(
        uniformity_problems(components),
        ElementsAre("other.server: call it \"host\" as elsewhere", "other.port: is text here and integer in sample",
                    "other.power: YAML 1.1 takes the choice \"off\" for a boolean"));
    EXPECT_THAT(uniformity_problems(std::span(components).first(1)), IsEmpty());
}

TEST(Json, IsMadeFromDocuments) {
    EXPECT_EQ(json::serialize(to_json(document("[1, -2, 1.5, 1e3, true, no, '1', null, 01x, '', inf, {a: []}]"))),
              R"([1,-2,1.5E0,1E3,true,"no","1",null,"01x","","inf",{"a":[]}])");
    EXPECT_EQ(pretty(json::array{1, "a"}), "[1,\"a\"]\n");
    EXPECT_THAT(pretty(json::object{{"a", json::array{json::object{{"b", 1}}}}}), Not(HasSubstr("\t")));
}

}  // namespace
}  // namespace rowhaul
