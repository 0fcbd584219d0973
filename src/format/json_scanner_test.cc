// SPDX-License-Identifier: Apache-2.0
#include "format/json_scanner.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using ::testing::ElementsAre;

JsonProblem problem_of(std::string_view text) {
    JsonScanner scanner(text);
    JsonValue value;
    if (scanner.value(value)) {
        scanner.ends();
    }
    return scanner.problem();
}

std::string unescaped(std::string_view inside) {
    std::string out;
    append_unescaped(inside, out);
    return out;
}

TEST(JsonScanner, TakesWhatTheStandardAllows) {
    for (const std::string_view text :
         {"0", "-0", "-1.50", "1e5", "1E+05", "0.0e-1", "123456789012345678901234567890", "true", " null ", "\"\"",
          R"("\"\\\/\b\f\n\r\t\u00fc\ud83d\ude00")", "[]", "[ 1 , [2] ]", "{}", R"({"a":{"b":[{}]},"":null})",
          "\"a text of more than eight bytes with ü and 日本\""}) {
        EXPECT_EQ(problem_of(text), JsonProblem::None) << text;
    }
}

TEST(JsonScanner, RefusesWhatOtherParsersLetPass) {
    for (const std::string_view text :
         {"01",          "+1",         "1.e5",  ".5x",       "0x10", "NaN",       "Infinity", "'a'",
          "[1,]",        "{\"a\":1,}", "{a:1}", "[1 2]",     "tru]", "\"a\tb\"",  "\"a\nb\"", R"("\x41")",
          R"("\u00g0")", "1 2",        "[1}",   "{\"a\" 1}", "{,}",  "/* no */ 1"}) {
        EXPECT_EQ(problem_of(text), JsonProblem::Syntax) << text;
    }
}

TEST(JsonScanner, TellsATextThatEndsFromAMistake) {
    const std::string_view whole = R"({"a":[1,{"b":"x\u00fc\ud83d\ude00"},true,null],"c":-1.5e+7})";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(problem_of(whole.substr(0, size)), JsonProblem::Ended) << whole.substr(0, size);
    }
    EXPECT_EQ(problem_of(whole), JsonProblem::None);
}

TEST(JsonScanner, KnowsHalvesOfCharacters) {
    EXPECT_EQ(problem_of(R"("\ud83d")"), JsonProblem::LoneSurrogate);
    EXPECT_EQ(problem_of(R"("\ude00")"), JsonProblem::LoneSurrogate);
    EXPECT_EQ(problem_of(R"("\ud83d\u0041")"), JsonProblem::LoneSurrogate);
    EXPECT_EQ(problem_of(R"(["\ud83dx"])"), JsonProblem::LoneSurrogate);
}

TEST(JsonScanner, StopsAtADepthThatNoDataHas) {
    const std::string deep(JsonScanner::deepest, '[');
    EXPECT_EQ(problem_of(deep + std::string(JsonScanner::deepest, ']')), JsonProblem::None);
    EXPECT_EQ(problem_of("[" + deep), JsonProblem::TooDeep);
    EXPECT_EQ(problem_of(std::string(1'000'000, '[')), JsonProblem::TooDeep);
}

TEST(JsonScanner, GivesValuesAsTheyAreWritten) {
    JsonScanner scanner(R"( {"n" : 1.10 , "t":"a\nb","o":{ "x" : 1 }, "l":[ ]} )");
    ASSERT_TRUE(scanner.open_object());
    std::vector<std::string> found;
    JsonString name;
    while (scanner.next_name(name)) {
        JsonValue value;
        ASSERT_TRUE(scanner.value(value));
        found.push_back(std::string(name.inside) + "=" + std::string(value.text));
    }
    EXPECT_TRUE(scanner.ends());
    EXPECT_THAT(found, ElementsAre("n=1.10", R"(t="a\nb")", R"(o={ "x" : 1 })", "l=[ ]"));
}

TEST(JsonScanner, EscapesMeanTheirCharacters) {
    EXPECT_EQ(unescaped(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
    EXPECT_EQ(unescaped(R"(Z\u00fcrich \u65E5\ud83d\uDE00!)"), "Zürich 日😀!");
    EXPECT_EQ(unescaped(R"(\u0000)"), std::string(1, '\0'));
    EXPECT_EQ(unescaped("plain"), "plain");
}

TEST(JsonScanner, KnowsNumbers) {
    EXPECT_TRUE(is_json_number("-0.50"));
    for (const std::string_view text : {"", "007", "+1", "NaN", "1.", "1 ", "\"1\"", "1,5"}) {
        EXPECT_FALSE(is_json_number(text)) << text;
    }
}

}  // namespace
}  // namespace rowhaul
