// SPDX-License-Identifier: Apache-2.0
#include "options/document.h"

#include "base/error.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace rowhaul {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

Node read(std::string_view yaml) {
    Problems problems;
    Node node = parse_yaml(yaml, "a.yaml", problems);
    EXPECT_EQ(problems.text(), "");
    return node;
}

std::string failure_of(std::string_view yaml) {
    Problems problems;
    try {
        parse_yaml(yaml, "a.yaml", problems);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Invalid);
        return error.what();
    }
    return "";
}

// A folder of this test alone; `options` stands below the library of test tools.
class Folder {
public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "rowhaul-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string operator/(std::string_view name) const { return (path_ / name).string(); }
    void write(std::string_view name, std::string_view content) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << content;
    }

private:
    std::filesystem::path path_;
};

TEST(Document, KnowsThePlaceOfEveryKeyAndValue) {
    const Node node = read("version: 1\nconnections:\n  shop: { type: sqlite }\nlist:\n  - a\n  - b\n");
    ASSERT_TRUE(node.is_map());
    const Node::Entry& connections = node.entries()[1];
    EXPECT_EQ(connections.position.text(), "a.yaml:2:1");
    const Node::Entry& type = connections.value.entries()[0].value.entries()[0];
    EXPECT_EQ(type.position.text(), "a.yaml:3:11");
    EXPECT_EQ(type.value.position().text(), "a.yaml:3:17");
    EXPECT_EQ(node.find("list")->items()[1].position().text(), "a.yaml:6:5");
}

TEST(Document, KeepsTheOrderOfKeys) {
    std::string keys;
    const Node node = read("z: 1\na: 2\nm: 3");
    for (const Node::Entry& entry : node.entries()) {
        keys += entry.key;
    }
    EXPECT_EQ(keys, "zam");
}

TEST(Document, KeepsScalarsAsText) {
    const Node node = read("[no, on, 007, 1e3, 0x10, 'null', null, ~, 12:30:45, 2026-11-22]");
    EXPECT_EQ(node.items()[0].text(), "no");
    EXPECT_EQ(node.items()[2].text(), "007");
    EXPECT_TRUE(node.items()[5].is_scalar());
    EXPECT_TRUE(node.items()[5].is_quoted());
    EXPECT_TRUE(node.items()[6].is_null());
    EXPECT_TRUE(node.items()[7].is_null());
    EXPECT_EQ(node.items()[8].text(), "12:30:45");
    EXPECT_FALSE(node.items()[8].is_quoted());
}

TEST(Document, ReadsJson) {
    const Node node = read(R"({"a": [1, true, null, "ü\n"], "b": {}})");
    EXPECT_EQ(node.find("a")->items()[3].text(), "ü\n");
    EXPECT_TRUE(node.find("b")->is_map());
}

TEST(Document, MayBeEmpty) {
    EXPECT_TRUE(read("").is_null());
    EXPECT_TRUE(read("# nothing\n").is_null());
    EXPECT_TRUE(read("---\n").is_null());
}

TEST(Document, TellsDuplicateKeys) {
    Problems problems;
    const Node node = parse_yaml("a: 1\nb: 2\na: 3\n", "a.yaml", problems);
    EXPECT_EQ(problems.text(), "a.yaml:3:1: a: the key stands twice in this map, first in line 1");
    EXPECT_EQ(node.find("a")->text(), "1");
}

TEST(Document, TellsWhereYamlIsBroken) {
    EXPECT_THAT(failure_of("a: [1, 2\nb: 3"), HasSubstr("a.yaml:2:2: not valid YAML: "));
    EXPECT_THAT(failure_of("a: \"x"), HasSubstr("a.yaml:1:"));
    EXPECT_THAT(failure_of("a: b: c"), HasSubstr("a.yaml:1:5: not valid YAML: "));
    EXPECT_THAT(failure_of("a: *nobody"), HasSubstr("a.yaml:1:4"));
    EXPECT_THAT(failure_of("a: 1\n---\nb: 2"), HasSubstr("a second document"));
    EXPECT_THAT(failure_of("? [a]\n: b"), HasSubstr("a key must be text, not a list"));
    EXPECT_THAT(failure_of("a: !ruby/object x"), HasSubstr("a.yaml:1:4: tags such as"));
}

TEST(Document, AdvisesWhereATabIndents) {
    Problems problems;
    try {
        parse_yaml("a:\n\tb: c", "a.yaml", problems);
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("a.yaml:2:"));
        EXPECT_THAT(error.advice(), HasSubstr("A tab stands"));
    }
}

TEST(Document, RepeatsAliases) {
    const Node node = read("base: &b {x: 1, y: 2}\nsame: *b\nother: {<<: *b, y: 3}\nboth: {<<: [*b, {z: 4, y: 5}]}");
    EXPECT_EQ(node.find("same")->find("x")->text(), "1");
    EXPECT_EQ(node.find("other")->find("x")->text(), "1");
    EXPECT_EQ(node.find("other")->find("y")->text(), "3");
    EXPECT_EQ(node.find("both")->find("y")->text(), "2");
    EXPECT_EQ(node.find("both")->find("z")->text(), "4");
    EXPECT_THAT(failure_of("a: &a [*a]"), HasSubstr("an alias stands inside the value that it repeats"));
    EXPECT_THAT(failure_of("a: {<<: 1}"), HasSubstr("\"<<\" takes a map"));
}

TEST(Document, RefusesBombs) {
    std::string laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
    for (char name = 'b'; name < 'k'; ++name) {
        laughs += std::string(1, name) + ": &" + name + " [";
        for (int i = 0; i < 10; ++i) {
            laughs += std::string(i == 0 ? "*" : ", *") + static_cast<char>(name - 1);
        }
        laughs += "]\n";
    }
    EXPECT_THAT(failure_of(laughs), HasSubstr("grows beyond 100,000 values"));
    std::string large = "a: &a " + std::string(1 << 20, 'x') + "\nb: [";
    for (int i = 0; i < 20; ++i) {
        large += "*a, ";
    }
    EXPECT_THAT(failure_of(large + "]"), HasSubstr("16 MiB"));
    EXPECT_THAT(failure_of(std::string(100, '[') + std::string(100, ']')), HasSubstr("deeper than 64"));
    EXPECT_THAT(failure_of(std::string(100'000, '[')), HasSubstr("deeper than 64"));
    std::string deep = "a0: &a0 x\n";
    for (int i = 1; i < 100; ++i) {
        deep += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
    }
    EXPECT_THAT(failure_of(deep), HasSubstr("deeper than 64"));
}

TEST(Document, IsLoadedFromAFile) {
    const Folder folder;
    folder.write("rowhaul.yaml", "version: 1\n");
    Problems problems;
    EXPECT_EQ(load_yaml(folder / "rowhaul.yaml", problems).find("version")->position().text(),
              (folder / "rowhaul.yaml") + ":1:10");
    try {
        load_yaml(folder / "missing.yaml", problems);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::NotFound);
        EXPECT_EQ(std::string(error.what()), (folder / "missing.yaml") + ": cannot be read: No such file or directory");
    }
    EXPECT_THROW(load_yaml(folder / ".", problems), Error);
}

TEST(Merged, PrefersOwnKeysAndKeepsPlaces) {
    const Node defaults = read("target: {connection: partner, format: {type: csv, header: true}}\nlist: [1, 2]");
    Problems problems;
    const Node own = parse_yaml("target:\n  format: {header: false}\n  file: x\nlist: [3]", "b.yaml", problems);
    const Node both = merged(defaults, own);
    const Node* target = both.find("target");
    EXPECT_EQ(target->find("connection")->position().text(), "a.yaml:1:22");
    EXPECT_EQ(target->find("format")->find("type")->text(), "csv");
    EXPECT_EQ(target->find("format")->find("header")->text(), "false");
    EXPECT_EQ(target->find("file")->position().text(), "b.yaml:3:9");
    EXPECT_EQ(both.find("list")->items().size(), 1U);
    EXPECT_EQ(merged(read("a: {b: 1}"), read("a: x")).find("a")->text(), "x");
    EXPECT_TRUE(merged(read("a: {b: 1}"), read("a: null")).find("a")->is_null());
}

TEST(Interpolation, ReadsEnvironmentAndFiles) {
    const Folder folder;
    folder.write("rowhaul.yaml", "key: ${file:keys/partner}\nboth: 'a ${X}-${X} b'\nliteral: $${X} $5 $\nplain: c");
    folder.write("keys/partner", "line 1\nline 2\r\n");
    Problems problems;
    Node node = load_yaml(folder / "rowhaul.yaml", problems);
    interpolate(node, "", problems,
                [](const std::string& name) { return std::optional<std::string>("<" + name + ">"); });
    EXPECT_EQ(problems.text(), "");
    EXPECT_EQ(node.find("key")->text(), "line 1\nline 2");
    EXPECT_TRUE(node.find("key")->is_tainted());
    EXPECT_EQ(node.find("key")->shown(), "${file:keys/partner}");
    EXPECT_EQ(node.find("both")->text(), "a <X>-<X> b");
    EXPECT_EQ(node.find("literal")->text(), "${X} $5 $");
    EXPECT_FALSE(node.find("literal")->is_tainted());
    EXPECT_FALSE(node.find("plain")->is_tainted());
}

TEST(Interpolation, DoesNotReadItsOwnResult) {
    Node node = Node::scalar("${X}");
    Problems problems;
    const Environment environment = [](const std::string&) { return std::optional<std::string>("${Y}"); };
    interpolate(node, "", problems, environment);
    interpolate(node, "", problems, environment);
    EXPECT_EQ(node.text(), "${Y}");
}

TEST(Interpolation, TellsWhatIsMissingApartFromWhatIsMisspelt) {
    Problems problems;
    Problems missing;
    Node node = parse_yaml("a: [x, '${MISSING}']\nb: ${a b}\nc: fine", "a.yaml", problems);
    interpolate(node, "", problems, missing, [](const std::string&) { return std::nullopt; });
    EXPECT_EQ(problems.sorted().size(), 1U);
    EXPECT_EQ(missing.text(), "a.yaml:1:8: a[2]: the environment variable MISSING is not set");
    EXPECT_TRUE(node.find("a")->is_broken());
    EXPECT_TRUE(node.is_incomplete());
    EXPECT_FALSE(node.find("c")->is_incomplete());
}

TEST(Interpolation, TellsWhatIsMissing) {
    Problems problems;
    Node node = parse_yaml("a: ${MISSING}\nb: [x, '${file:no/such}']\nc: ${secret:erp}\nd: ${open\ne: ${a b}\nf: ${}",
                           "folder/a.yaml", problems);
    interpolate(node, "connections", problems, [](const std::string&) { return std::nullopt; });
    EXPECT_EQ(problems.text(),
              "folder/a.yaml:1:4: connections.a: the environment variable MISSING is not set\n"
              "folder/a.yaml:2:8: connections.b[2]: ${file:no/such}: there is no file folder/no/such\n"
              "folder/a.yaml:3:4: connections.c: ${secret:erp}: encrypted secrets come with the hub; for now use "
              "${NAME} for an environment variable or ${file:PATH} for a file\n"
              "folder/a.yaml:4:4: connections.d: \"${\" has no \"}\"; write $${ for a literal ${\n"
              "folder/a.yaml:5:4: connections.e: \"${a b}\" is neither ${NAME} nor ${file:PATH}; write $${ for a "
              "literal ${\n"
              "folder/a.yaml:6:4: connections.f: \"${}\" is neither ${NAME} nor ${file:PATH}; write $${ for a literal "
              "${");
}

TEST(Interpolation, ReadsTheEnvironmentOfTheProcess) {
    EXPECT_EQ(process_environment()("PATH"), std::string(std::getenv("PATH")));
    EXPECT_FALSE(process_environment()("ROWHAUL_SURELY_NOT_SET"));
}

TEST(YamlText, ReadsBackAsTheSame) {
    const std::string_view yaml =
        "a: 1\nb: \"1\"\nc: \"no\"\nd: true\ne: \"x: y # z\"\nf:\n  - 1h\n  - g: \"\"\n  - []\nh: {}\ni: null\n"
        "\"on\": \"tab\\x09 \\\"q\\\" \\\\\"\nj: \"ä\\nb\"\n";
    EXPECT_EQ(to_yaml(read(yaml)), yaml);
    EXPECT_EQ(to_yaml(read(to_yaml(read("[-, 'a', \"- b\", '#', '&x', '%', '@', '`']").items()[1]))), "a\n");
}

TEST(YamlText, LeavesWordsOfWesternEuropeBare) {
    EXPECT_EQ(to_yaml(read("[Straße, \"Größe\", Österreich, \"Å-1\", \"\\u0085\", \"\\u00a0a\", Łódź]")),
              "- Straße\n- Größe\n- Österreich\n- Å-1\n- \"\u0085\"\n- \"\u00a0a\"\n- \"Łódź\"\n");
}

TEST(YamlText, FitsOnALineWhereAsked) {
    const std::string_view line = "{ to: Straße, from: \"a, b\", \"no\": [ 1, \"x\\ny\" ], m: {}, l: [], z: null }";
    EXPECT_EQ(to_flow_yaml(read(line)), line);
    EXPECT_EQ(to_flow_yaml(read("id")), "id");
}

TEST(YamlText, PutsTheFirstKeyOfAnItemBehindTheDash) {
    EXPECT_EQ(to_yaml(read("[{a: {b: 1}, c: [[x]]}, {}, []]")), "- a:\n    b: 1\n  c:\n    -\n      - x\n- {}\n- []\n");
}

TEST(Problems, AreSortedByPlace) {
    Problems problems;
    const auto file = std::make_shared<const std::string>("b.yaml");
    problems.add({file, 10, 1}, "x", "late");
    problems.add({file, 2, 5}, "y", "early");
    problems.add({}, "", "nowhere");
    EXPECT_EQ(problems.text(), "b.yaml:2:5: y: early\nb.yaml:10:1: x: late\nnowhere");
    EXPECT_THROW(problems.throw_if_any(), Error);
    EXPECT_NO_THROW(Problems().throw_if_any());
}

}  // namespace
}  // namespace rowhaul
