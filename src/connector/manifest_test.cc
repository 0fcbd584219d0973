// SPDX-License-Identifier: Apache-2.0
#include "connector/manifest.h"

#include "base/error.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using ::testing::HasSubstr;

const std::string md5(32, 'a');
const std::string sha1(40, 'B');
const std::string sha256(64, '0');

// "name bytes rows digest" a line, with "-" for what is not told.
std::string told(std::string_view manifest) {
    const auto number = [](const std::optional<std::uint64_t>& count) {
        return count ? std::to_string(*count) : std::string("-");
    };
    std::string text;
    for (const auto& entry : read_manifest(manifest)) {
        text += fmt::format("{} {} {} {}\n", entry.name.empty() ? "-" : entry.name, number(entry.bytes),
                            number(entry.rows), entry.checksum ? entry.checksum->hex.substr(0, 2) : "-");
    }
    return text;
}

TEST(Manifest, IsReadAsChecksumToolsWriteIt) {
    EXPECT_EQ(told(md5 + "  a b.csv\n" + sha256 + " *in/c.csv\r\n\r\n"), "a b.csv - - aa\nc.csv - - 00\n");
    EXPECT_EQ(told("SHA1 (a (1).csv) = " + sha1), "a (1).csv - - bb\n");
    EXPECT_EQ(told("\xef\xbb\xbf" + sha256 + "\n"), "- - - 00\n");
}

TEST(Manifest, IsReadAsJson) {
    EXPECT_EQ(told(R"({"bytes": 7, "rows": 0})"), "- 7 0 -\n");
    EXPECT_EQ(told(R"( {"version": 1, "files": [{"name": "out/a.csv", "bytes": 1, "md5": ")" + md5 +
                   R"(", "sha256": ")" + sha256 + R"("}, {"name": "b.csv", "size": 2, "sha1": null}]})"),
              "a.csv 1 - 00\nb.csv 2 - -\n");
    EXPECT_EQ(told(R"([{"name": "a.csv", "rows": 3}])"), "a.csv - 3 -\n");
}

TEST(Manifest, ThatCannotBeUnderstoodSaysWhy) {
    for (const auto& [text, reason] : std::initializer_list<std::pair<std::string, std::string>>{
             {"", "is empty"},
             {R"({"bytes": 7)", "no complete JSON"},
             {R"({"bytes": "many"})", "`bytes` is no number"},
             {R"({"rows": -1})", "`rows` is no number"},
             {R"({"sha256": "abc"})", "`sha256` is no digest"},
             {R"({"files": 1})", "`files` is no list"},
             {R"([7])", "no JSON object"},
             {R"({"length": 7})", "says neither `bytes`, `rows` nor a digest"},
             {R"([{"name": "a.csv", "rows": null}])", "nor a digest of \"a.csv\""},
             {sha256.substr(1) + "  a.csv", "begins with no digest"},
             {"all well\n", "begins with no digest"}}) {
        try {
            read_manifest(text);
            ADD_FAILURE() << text;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Invalid);
            EXPECT_THAT(error.what(), HasSubstr(reason)) << text;
        }
    }
}

TEST(Manifest, SpeaksOfTheFilesThatItNames) {
    const auto of_one = read_manifest(R"({"rows": 1})");
    EXPECT_EQ(find_in(of_one, "a.csv"), &of_one[0]);
    const auto of_two = read_manifest(md5 + "  a.csv\n" + md5 + "  b.csv\n");
    EXPECT_EQ(find_in(of_two, "b.csv"), &of_two[1]);
    EXPECT_EQ(find_in(of_two, "c.csv"), nullptr);
}

TEST(Manifest, TellsHowAFileDiffers) {
    const ManifestEntry promised{
        .name = "a.csv", .bytes = 10, .rows = 2, .checksum = Checksum{HashAlgorithm::Md5, md5}};
    EXPECT_EQ(difference(promised, {10, 2, md5}), "");
    EXPECT_EQ(difference(promised, {9, 2, md5}), "it has 9 bytes, not 10");
    EXPECT_EQ(difference(promised, {10, 1, md5}), "its number of rows is 1, not 2");
    EXPECT_THAT(difference(promised, {10, 2, sha1}), HasSubstr("its digest is"));
    EXPECT_EQ(difference({}, {10, 2, ""}), "");
}

}  // namespace
}  // namespace rowhaul
