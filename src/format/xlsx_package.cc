// SPDX-License-Identifier: Apache-2.0
#include "format/xlsx_package.h"

#include "format/xml_parser.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <unistd.h>
#include <zip.h>

namespace rowhaul {

namespace {

constexpr std::string_view zip_mark = "PK\x03\x04";
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

std::uint32_t little_endian(std::string_view bytes, std::size_t at, std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
    return value;
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

}  // namespace

class XlsxPackage::Part final : public InputStream {
public:
    Part(zip_file_t* file, std::string name, std::uint64_t packed, const XlsxLimits& limits)
        : file_(file), name_(std::move(name)), packed_(packed), limits_(limits) {}
    ~Part() override { ::zip_fclose(file_); }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    std::size_t read(const Context& context, std::span<std::byte> into) override {
        context.check();
        const auto count = ::zip_fread(file_, into.data(), into.size());
        if (count < 0) {
            throw damaged(fmt::format("{}: {}", name_, ::zip_error_strerror(::zip_file_get_error(file_))));
        }
        bytes_ += static_cast<std::uint64_t>(count);
        const bool is_bomb = bytes_ > limits_.free_bytes && bytes_ / limits_.ratio > packed_;
        if (is_bomb || bytes_ > limits_.unpacked_bytes) {
            throw Error(ErrorKind::Invalid,
                        is_bomb
                            ? fmt::format("{} is more than {} times larger than its {} packed bytes; no data is so, "
                                          "but archives are that are made to do harm",
                                          name_, limits_.ratio, packed_)
                            : fmt::format("{} has more than {} bytes unpacked; `max_unpacked` would allow more", name_,
                                          limits_.unpacked_bytes));
        }
        return static_cast<std::size_t>(count);
    }

private:
    zip_file_t* file_;
    const std::string name_;
    const std::uint64_t packed_;
    const XlsxLimits& limits_;
    std::uint64_t bytes_ = 0;
};

XlsxPackage::XlsxPackage(const Context& context, InputStream& in, const XlsxLimits& limits) : limits_(limits) {
    std::vector<std::byte> block(std::size_t{256} * 1024);
    while (const auto size = in.read(context, block)) {
        file_.append(std::span(block).first(size));
    }
    check_end_of_archive();
    if (file_.size() >= compound_mark.size()) {
        std::string start(compound_mark.size(), '\0');
        file_.read(0, std::as_writable_bytes(std::span(start)));
        if (start == compound_mark) {
            tell_encrypted_or_old(context);
        }
    }
    const int copy = ::dup(file_.descriptor());
    int code = 0;
    archive_ = copy < 0 ? nullptr : ::zip_fdopen(copy, 0, &code);
    if (archive_ == nullptr) {
        ::close(copy);
        zip_error_t error;
        ::zip_error_init_with_code(&error, code);
        const std::string text = ::zip_error_strerror(&error);
        ::zip_error_fini(&error);
        throw damaged(text);
    }
    try {
        if (!has("[Content_Types].xml")) {
            throw Error(ErrorKind::Invalid,
                        has("content.xml") ? "this is an OpenDocument file, not an Excel workbook; save it as .xlsx"
                                           : "this is a zip archive, but no Excel workbook");
        }
    } catch (...) {
        ::zip_discard(archive_);
        throw;
    }
}

XlsxPackage::~XlsxPackage() {
    ::zip_discard(archive_);
}

// The list of parts is read into memory, so its length is looked at first.
void XlsxPackage::check_end_of_archive() const {
    constexpr std::uint64_t longest_end = 65'557;  // with a comment
    constexpr std::size_t record_bytes = 22;
    constexpr std::uint64_t longest_directory = std::uint64_t{8} * 1024 * 1024;
    std::string end(static_cast<std::size_t>(std::min(file_.size(), longest_end)), '\0');
    file_.read(file_.size() - end.size(), std::as_writable_bytes(std::span(end)));
    std::string start(static_cast<std::size_t>(std::min<std::uint64_t>(file_.size(), compound_mark.size())), '\0');
    file_.read(0, std::as_writable_bytes(std::span(start)));
    if (start == compound_mark) {
        return;
    }
    if (!start.starts_with(zip_mark)) {
        throw Error(ErrorKind::Invalid, file_.size() == 0 ? "the file is empty, and no Excel workbook"
                                                          : "this is no Excel workbook (.xlsx)")
            .advise("`format: csv` reads text files, also those that are called .xlsx or .xls.");
    }
    const auto record = end.rfind("PK\x05\x06");
    if (record == std::string::npos || end.size() - record < record_bytes) {
        throw damaged("its end is missing, so it was probably cut off");
    }
    if (little_endian(end, record + 10, 2) > limits_.parts || little_endian(end, record + 12, 4) > longest_directory) {
        throw Error(ErrorKind::Invalid,
                    fmt::format("the archive has more than {} parts, which no workbook has", limits_.parts));
    }
}

void XlsxPackage::tell_encrypted_or_old(const Context& context) const {
    const auto mark = wide("EncryptedPackage");
    std::string block;
    for (std::uint64_t at = 0; at < file_.size();) {
        context.check();
        constexpr std::uint64_t block_bytes = std::uint64_t{256} * 1024;
        block.resize(static_cast<std::size_t>(std::min(block_bytes, file_.size() - at)));
        file_.read(at, std::as_writable_bytes(std::span(block)));
        if (block.find(mark) != std::string::npos) {
            throw Error(ErrorKind::Invalid, "the workbook is protected by a password; Rowhaul cannot open it")
                .advise("Save it without a password; the transfer itself is encrypted by SFTP or FTPS.");
        }
        at +=
            block.size() > mark.size() && at + block.size() < file_.size() ? block.size() - mark.size() : block.size();
    }
    throw Error(ErrorKind::Invalid, "this is an old Excel workbook (.xls) or another Office file; save it as .xlsx");
}

std::optional<std::uint64_t> XlsxPackage::place_of(std::string_view part) const {
    const auto place = ::zip_name_locate(archive_, std::string(part).c_str(), ZIP_FL_NOCASE);
    return place < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(place));
}

bool XlsxPackage::has(std::string_view part) const {
    return place_of(part).has_value();
}

std::unique_ptr<InputStream> XlsxPackage::open(std::string_view part) const {
    const auto place = place_of(part);
    if (!place) {
        throw damaged(fmt::format("its part {} is missing", part));
    }
    zip_stat_t about;
    ::zip_stat_init(&about);
    if (::zip_stat_index(archive_, *place, 0, &about) != 0) {
        throw damaged(::zip_error_strerror(::zip_get_error(archive_)));
    }
    if ((about.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && about.encryption_method != ZIP_EM_NONE) {
        throw Error(ErrorKind::Invalid, "the archive is protected by a password; Rowhaul cannot open it");
    }
    auto* const file = ::zip_fopen_index(archive_, *place, 0);
    if (file == nullptr) {
        throw damaged(fmt::format("{}: {}", part, ::zip_error_strerror(::zip_get_error(archive_))));
    }
    return std::make_unique<Part>(file, std::string(part), about.comp_size, limits_);
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
