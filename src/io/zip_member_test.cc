// SPDX-License-Identifier: Apache-2.0
#include "io/zip_member.h"

#include "testing/streams.h"
#include "testing/zip.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using ::testing::HasSubstr;
using testing::RawZip;
using testing::zipped;

constexpr std::string_view rows = "id,name\n1,Ärmel\n";

std::string read_all(const std::string& bytes, ZipArchives archives, std::size_t bytes_a_read) {
    const Context context;
    const auto input = decompressing(context, std::make_unique<testing::MemoryInput>(bytes), archives, {});
    std::string all;
    std::vector<std::byte> block(bytes_a_read);
    while (const auto count = input->read(context, block)) {
        all += as_text(std::span(block).first(count));
    }
    EXPECT_EQ(input->read(context, block), 0U) << "the end stays the end";
    return all;
}

std::string unpacked(const std::string& bytes, ZipArchives archives = ZipArchives::Unpack) {
    const auto all = read_all(bytes, archives, 100'000);
    EXPECT_EQ(read_all(bytes, archives, 7), all);
    return all;
}

std::string refusal_of(const std::string& bytes, ZipArchives archives = ZipArchives::Unpack) {
    try {
        read_all(bytes, archives, 100'000);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Invalid);
        return error.what() + error.advice();
    }
    ADD_FAILURE() << "it was unpacked";
    return {};
}

TEST(ZipMember, IsUnpackedWhateverItIsCalled) {
    for (const std::string name : {"a.csv", "../../etc/a.csv", "/a.csv", "C:\\a.csv", "data/2026/a.csv", "", "é\x01"}) {
        EXPECT_EQ(unpacked(RawZip{.name = name, .content = std::string(rows)}.bytes()), rows) << name;
    }
    const std::string large(3'000'000, 'x');
    EXPECT_EQ(unpacked(zipped({{"a.csv", large}})), large);
    EXPECT_EQ(unpacked(zipped({{"a.csv", ""}})), "");
}

TEST(ZipMember, MayBeStreamedOrInTheFormForLargeArchivesOrBeforeAComment) {
    for (const std::uint16_t flags : std::initializer_list<std::uint16_t>{0, 8}) {
        for (const bool is_large : {false, true}) {
            const RawZip zip{.content = std::string(rows), .flags = flags, .is_large = is_large, .comment = "PK?"};
            EXPECT_EQ(unpacked(zip.bytes()), rows) << flags << is_large;
        }
    }
}

TEST(ZipMember, FoldersAndWhatMacOsAddsDoNotCount) {
    EXPECT_EQ(unpacked(zipped({{"data/", ""}, {"data/a.csv", "1"}, {"__MACOSX/data/._a.csv", "2"}})), "1");
}

TEST(ZipMember, ThereMustBeOne) {
    EXPECT_THAT(refusal_of(zipped({{"b.csv", ""}, {"a.csv", ""}})), HasSubstr("2 files in it (a.csv, b.csv)"));
    EXPECT_THAT(refusal_of(zipped({{"1", ""}, {"2", ""}, {"3", ""}, {"4", ""}, {"5", ""}, {"6", ""}})),
                HasSubstr("6 files in it"));
    EXPECT_THAT(refusal_of(zipped({{"data/", ""}})), HasSubstr("without a file in it"));
    EXPECT_THAT(refusal_of(std::string("PK\x05\x06") + std::string(18, '\0')), HasSubstr("without a file in it"));
}

TEST(ZipMember, NamesAreShownWithoutHarm) {
    const auto refusal = [](std::uint16_t flags) {
        const std::string name = "a\n\x1b[31m" + std::string(70'000 / 2, 'b');
        auto raw = RawZip{.name = name, .content = std::string(rows), .flags = flags}.bytes();
        raw[raw.find(rows)] ^= 1;
        return refusal_of(raw);
    };
    constexpr std::uint16_t is_utf8 = 0x800;
    EXPECT_THAT(refusal(0), HasSubstr("is damaged: a◙←[31mbbb"));
    EXPECT_THAT(refusal(0), HasSubstr("bbb…: CRC error"));
    EXPECT_THAT(refusal(is_utf8), HasSubstr("is damaged: Zip archive inconsistent"));
}

TEST(ZipMember, APasswordAndUnusualMethodsAreTold) {
    EXPECT_THAT(refusal_of(RawZip{.content = "0123456789abcdef", .flags = 1}.bytes()), HasSubstr("by a password"));
    constexpr std::uint16_t deflate64 = 9;
    constexpr std::uint16_t lzma = 14;
    for (const auto method : {deflate64, lzma}) {
        EXPECT_THAT(refusal_of(RawZip{.content = "x", .method = method}.bytes()),
                    HasSubstr("packed by a method (number " + std::to_string(method)));
    }
}

TEST(ZipMember, DamageIsTold) {
    const auto whole = zipped({{"a.csv", std::string(rows)}});
    for (std::size_t size = 4; size < whole.size(); ++size) {
        EXPECT_THAT(refusal_of(whole.substr(0, size)), HasSubstr("is damaged")) << size;
    }
    auto raw = RawZip{.content = std::string(rows)}.bytes();
    raw[raw.find("name")] ^= 1;
    EXPECT_THAT(refusal_of(raw), HasSubstr("a.csv: CRC error"));
    auto large = RawZip{.content = std::string(rows), .is_large = true}.bytes();
    large[large.find("PK\x06\x07") + 8] = '\xFF';
    EXPECT_THAT(refusal_of(large), HasSubstr("is damaged"));
}

TEST(ZipMember, ABombIsTold) {
    EXPECT_THAT(refusal_of(zipped({{"a.csv", std::string(70'000'000, '0')}})), HasSubstr("made to do harm"));
    std::map<std::string, std::string> many;
    for (int i = 0; i <= 10'000; ++i) {
        many[std::to_string(i)] = "";
    }
    const auto bytes = zipped(many);
    EXPECT_THAT(refusal_of(bytes), HasSubstr("more than 10000 members"));
    // Also when a comment looks like the end of another list.
    const auto harmless = RawZip{.content = "x"}.bytes();
    auto hidden = bytes;
    hidden[hidden.size() - 2] = static_cast<char>(harmless.size());
    EXPECT_THAT(refusal_of(hidden + harmless), HasSubstr("more than 10000 members"));
}

TEST(ZipMember, OfficeDocumentsAreTold) {
    EXPECT_THAT(refusal_of(zipped({{"[Content_Types].xml", ""}, {"xl/workbook.xml", ""}})),
                HasSubstr("is an Excel workbook"));
    EXPECT_THAT(refusal_of(zipped({{"[Content_Types].xml", ""}, {"word/document.xml", ""}})), HasSubstr("Office"));
    EXPECT_THAT(refusal_of(zipped({{"content.xml", ""}, {"mimetype", ""}})), HasSubstr("OpenDocument"));
    EXPECT_THAT(refusal_of(zipped({{"a.xlsx", zipped({{"xl/workbook.xml", ""}})}})), HasSubstr("`format: xlsx`"));
}

TEST(ZipMember, WorkbooksPassAsTheyAreAndAreUnpackedFromAnArchive) {
    const auto book = zipped({{"[Content_Types].xml", ""}, {"xl/workbook.xml", ""}});
    const auto packed = zipped({{"Preise.XLSX", book}});
    for (const auto archives : {ZipArchives::OnlyWorkbooks, ZipArchives::AllButDocuments}) {
        EXPECT_EQ(unpacked(book, archives), book);
        EXPECT_EQ(unpacked(packed, archives), book);
    }
    const auto other = zipped({{"a.csv", "1"}});
    EXPECT_EQ(unpacked(other, ZipArchives::OnlyWorkbooks), other);
    EXPECT_EQ(unpacked(other, ZipArchives::AllButDocuments), "1");
}

}  // namespace
}  // namespace rowhaul
