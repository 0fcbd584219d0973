// SPDX-License-Identifier: Apache-2.0
#include "io/zip_member.h"

#include "io/peeked_input.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string>
#include <vector>

namespace rowhaul {

namespace {

constexpr std::string_view workbook_ending = ".xlsx";
// Every Office program writes one of them first.
constexpr std::array<std::string_view, 4> document_parts{"[Content_Types].xml", "_rels/", "docProps/", "xl/"};

bool is_called_workbook(std::string_view name) {
    return name.size() > workbook_ending.size() &&
           std::ranges::equal(name.substr(name.size() - workbook_ending.size()), workbook_ending, {},
                              [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
}

// Folders, and what the Finder of macOS puts beside every file.
bool is_accessory(std::string_view name) {
    return name.ends_with('/') || name.ends_with('\\') || name.starts_with("__MACOSX/");
}

Error workbook_instead() {
    return Error(ErrorKind::Invalid, "is an Excel workbook").advise("Set `format: xlsx` to read it.");
}

void refuse_office_documents(const ZipArchive& archive) {
    if (archive.find("xl/workbook.xml") || archive.find("xl/workbook.bin")) {
        throw workbook_instead();
    }
    if (archive.find("[Content_Types].xml")) {
        throw Error(ErrorKind::Invalid, "is an Office document, not a table");
    }
    if (archive.find("content.xml") && archive.find("mimetype")) {
        throw Error(ErrorKind::Invalid, "is an OpenDocument file")
            .advise("Let it be saved as CSV, or as .xlsx and set `format: xlsx`.");
    }
}

std::uint64_t only_member(const ZipArchive& archive) {
    constexpr std::size_t most_named = 5;
    std::vector<std::uint64_t> found;
    std::vector<std::string> names;
    for (std::uint64_t place = 0; place < archive.size(); ++place) {
        auto name = archive.name(place);
        if (!is_accessory(name)) {
            found.push_back(place);
            if (names.size() < most_named) {
                names.push_back(std::move(name));
            }
        }
    }
    if (found.empty()) {
        throw Error(ErrorKind::Invalid, "is a zip archive without a file in it");
    }
    if (found.size() > 1) {
        throw Error(ErrorKind::Invalid,
                    fmt::format("is a zip archive with {} files in it ({}{}), and only archives with one are read",
                                found.size(), fmt::join(names, ", "), found.size() > names.size() ? ", …" : ""))
            .advise("Let each be packed alone.");
    }
    return found.front();
}

class OnlyMember final : public InputStream {
public:
    OnlyMember(SpoolFile file, const ZipLimits& limits) : archive_(std::move(file), limits, "the zip archive") {}
    std::size_t read(const Context& context, std::span<std::byte> into) override {
        return member_->read(context, into);
    }

    const ZipArchive& archive() const { return archive_; }
    void open(std::uint64_t place) { member_ = archive_.open(place); }

private:
    const ZipArchive archive_;
    std::unique_ptr<InputStream> member_;
};

}  // namespace

bool is_to_be_unpacked(std::string_view first_bytes, ZipArchives archives) {
    const auto first = first_zip_member(first_bytes);
    switch (archives) {
        case ZipArchives::Unpack:
            break;
        case ZipArchives::OnlyWorkbooks:
            return is_called_workbook(first);
        case ZipArchives::AllButDocuments:
            return std::ranges::none_of(document_parts, [&](std::string_view part) { return first.starts_with(part); });
    }
    return true;
}

std::unique_ptr<InputStream> only_zip_member(const Context& context, InputStream& archive, ZipArchives archives,
                                             const SpoolPlace& spool) {
    auto input = std::make_unique<OnlyMember>(spooled(context, archive, spool), ZipLimits{});
    refuse_office_documents(input->archive());
    input->open(only_member(input->archive()));
    if (archives != ZipArchives::Unpack) {
        return input;
    }
    auto member = std::make_unique<PeekedInput>(std::move(input));
    if (is_zip(member->peek(context, zip_peeked_bytes))) {
        throw Error(ErrorKind::Invalid, "is a zip archive with a workbook or another archive in it")
            .advise("Set `format: xlsx` if it is an Excel workbook.");
    }
    return member;
}

}  // namespace rowhaul
