// SPDX-License-Identifier: Apache-2.0
#include "format/xlsx_package.h"

#include "format/xml_parser.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace rowhaul {

namespace {

constexpr std::string_view compound_mark = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

Error damaged(std::string_view what) {
    return Error(ErrorKind::Invalid, fmt::format("the workbook is damaged: {}", what))
        .advise("Open it in a spreadsheet program and save it again, or let it be sent again.");
}

std::string wide(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c;
        out += '\0';
    }
    return out;
}

// "../media/a.xml" as seen from "xl/worksheets/sheet1.xml".
std::string resolved(std::string_view target, std::string_view from) {
    if (target.starts_with('/')) {
        return std::string(target.substr(1));
    }
    auto folder = from.substr(0, from.rfind('/') == std::string_view::npos ? 0 : from.rfind('/'));
    while (target.starts_with("../") || target.starts_with("./")) {
        if (target.starts_with("../")) {
            folder = folder.substr(0, folder.rfind('/') == std::string_view::npos ? 0 : folder.rfind('/'));
        }
        target.remove_prefix(target.find('/') + 1);
    }
    return folder.empty() ? std::string(target) : fmt::format("{}/{}", folder, target);
}

class RelationshipReader final : public XmlHandler {
public:
    explicit RelationshipReader(std::string_view from) : from_(from) {}
    void start(std::string_view name, const XmlAttributes& attributes) override {
        constexpr std::size_t most = 10'000;
        if (name != "Relationship" || attributes["TargetMode"] == "External") {
            return;
        }
        if (all.size() >= most) {
            throw damaged("it has too many relationships");
        }
        const auto type = attributes["Type"];
        all.push_back({std::string(attributes["Id"]), std::string(type.substr(type.rfind('/') + 1)),
                       resolved(attributes["Target"], from_)});
    }
    void end(std::string_view) override {}

    std::vector<XlsxRelationship> all;

private:
    std::string_view from_;
};

[[noreturn]] void tell_encrypted_or_old(const Context& context, const SpoolFile& file) {
    const auto mark = wide("EncryptedPackage");
    std::string block;
    for (std::uint64_t at = 0; at < file.size();) {
        context.check();
        constexpr std::uint64_t block_bytes = std::uint64_t{256} * 1024;
        block.resize(static_cast<std::size_t>(std::min(block_bytes, file.size() - at)));
        file.read(at, std::as_writable_bytes(std::span(block)));
        if (block.find(mark) != std::string::npos) {
            throw Error(ErrorKind::Invalid, "the workbook is protected by a password; Rowhaul cannot open it")
                .advise("Save it without a password; the transfer itself is encrypted by SFTP or FTPS.");
        }
        at += block.size() > mark.size() && at + block.size() < file.size() ? block.size() - mark.size() : block.size();
    }
    throw Error(ErrorKind::Invalid, "this is an old Excel workbook (.xls) or another Office file; save it as .xlsx");
}

void refuse_other_files(const Context& context, const SpoolFile& file) {
    std::string start(static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), compound_mark.size())), '\0');
    file.read(0, std::as_writable_bytes(std::span(start)));
    if (start == compound_mark) {
        tell_encrypted_or_old(context, file);
    }
    if (!is_zip(start)) {
        throw Error(ErrorKind::Invalid,
                    file.size() == 0 ? "the file is empty, and no Excel workbook" : "this is no Excel workbook (.xlsx)")
            .advise("`format: csv` reads text files, also those that are called .xlsx or .xls.");
    }
}

}  // namespace

XlsxPackage::XlsxPackage(const Context& context, InputStream& in, const XlsxLimits& limits) {
    auto file = spooled(context, in, limits.spool);
    refuse_other_files(context, file);
    archive_ = std::make_unique<ZipArchive>(std::move(file), limits.archive, "the workbook");
    if (!has("[Content_Types].xml")) {
        throw Error(ErrorKind::Invalid, has("content.xml")
                                            ? "this is an OpenDocument file, not an Excel workbook; save it as .xlsx"
                                            : "this is a zip archive, but no Excel workbook");
    }
}

bool XlsxPackage::has(std::string_view part) const {
    return archive_->find(std::string(part)).has_value();
}

std::unique_ptr<InputStream> XlsxPackage::open(std::string_view part) const {
    const auto place = archive_->find(std::string(part));
    if (!place) {
        throw damaged(fmt::format("its part {} is missing", part));
    }
    return archive_->open(*place);
}

std::vector<XlsxRelationship> XlsxPackage::relationships(const Context& context, std::string_view part) const {
    const auto slash = part.rfind('/');
    const auto name_start = slash == std::string_view::npos ? 0 : slash + 1;
    const auto name = fmt::format("{}_rels/{}.rels", part.substr(0, name_start), part.substr(name_start));
    if (!has(name)) {
        return {};
    }
    const auto stream = open(name);
    RelationshipReader reader(part);
    XmlParser(*stream, reader, name).run(context);
    return std::move(reader.all);
}

}  // namespace rowhaul
