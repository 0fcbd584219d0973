// SPDX-License-Identifier: Apache-2.0
#include "io/zip_archive.h"

#include <algorithm>
#include <fmt/format.h>
#include <unistd.h>
#include <zip.h>

namespace rowhaul {

namespace {

constexpr std::string_view member_mark = "PK\x03\x04";
constexpr std::string_view end_mark = "PK\x05\x06";
constexpr std::size_t end_bytes = 22;

std::uint64_t little_endian(std::string_view bytes, std::size_t at, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
    return value;
}

std::string shown(std::string_view name) {
    constexpr std::size_t most = 200;
    std::string text(name.substr(0, most));
    // Not in the middle of a character.
    while (text.size() < name.size() && !text.empty() &&
           (static_cast<unsigned char>(name[text.size()]) & 0xC0) == 0x80) {
        text.pop_back();
    }
    return text.size() < name.size() ? text + "…" : text;
}

std::string part_of(const SpoolFile& file, std::uint64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    file.read(offset, std::as_writable_bytes(std::span(bytes)));
    return bytes;
}

}  // namespace

bool is_zip(std::string_view first_bytes) {
    // An archive without members has its end alone.
    return first_bytes.starts_with(member_mark) || first_bytes.starts_with(end_mark);
}

std::string_view first_zip_member(std::string_view first_bytes) {
    constexpr std::size_t header_bytes = 30;
    if (!first_bytes.starts_with(member_mark) || first_bytes.size() < header_bytes) {
        return {};
    }
    const auto size = static_cast<std::size_t>(little_endian(first_bytes, 26, 2));
    return first_bytes.size() < header_bytes + size ? std::string_view() : first_bytes.substr(header_bytes, size);
}

class ZipArchive::Member final : public InputStream {
public:
    Member(const ZipArchive& archive, zip_file_t* file, std::string name, std::uint64_t packed)
        : archive_(archive), file_(file), name_(std::move(name)), packed_(packed) {}
    ~Member() override { ::zip_fclose(file_); }
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

    std::size_t read(const Context& context, std::span<std::byte> into) override {
        context.check();
        const auto count = ::zip_fread(file_, into.data(), into.size());
        if (count < 0) {
            throw archive_.damaged(fmt::format("{}: {}", name_, ::zip_error_strerror(::zip_file_get_error(file_))));
        }
        bytes_ += static_cast<std::uint64_t>(count);
        check_limits();
        return static_cast<std::size_t>(count);
    }

private:
    void check_limits() const {
        const auto& limits = archive_.limits_;
        if (bytes_ > limits.free_bytes && bytes_ / limits.ratio > packed_) {
            throw Error(ErrorKind::Invalid,
                        fmt::format("{} is more than {} times larger than its {} packed bytes; no data is so, but "
                                    "archives are that are made to do harm",
                                    name_, limits.ratio, packed_))
                .advise("If it is right, let it be sent unpacked.");
        }
        if (bytes_ > limits.unpacked_bytes) {
            throw Error(ErrorKind::Invalid, fmt::format("{} has more than {} bytes unpacked; `{}` would allow more",
                                                        name_, limits.unpacked_bytes, limits.option));
        }
    }

    const ZipArchive& archive_;
    zip_file_t* file_;
    const std::string name_;
    const std::uint64_t packed_;
    std::uint64_t bytes_ = 0;
};

ZipArchive::ZipArchive(SpoolFile file, const ZipLimits& limits, std::string subject)
    : file_(std::move(file)), limits_(limits), subject_(std::move(subject)) {
    check_directories();
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
}

ZipArchive::~ZipArchive() {
    ::zip_discard(archive_);
}

Error ZipArchive::damaged(std::string_view what) const {
    return Error(ErrorKind::Invalid, fmt::format("{} is damaged: {}", subject_, what))
        .advise("Let it be made and sent again.");
}

// The library reads the list of members into memory, so every list that it may take for the one is
// looked at first.
void ZipArchive::check_directories() const {
    constexpr std::uint64_t longest_end = 65'557;  // with a comment
    constexpr std::string_view large_mark = "PK\x06\x07";
    constexpr std::size_t large_bytes = 20;
    const auto size = static_cast<std::size_t>(std::min(file_.size(), longest_end + large_bytes));
    const auto end = part_of(file_, file_.size() - size, size);
    bool has_end = false;
    for (auto at = end.find(end_mark); at != std::string::npos; at = end.find(end_mark, at + 1)) {
        if (end.size() - at < end_bytes) {
            break;
        }
        has_end = true;
        const auto is_large = at >= large_bytes && end.compare(at - large_bytes, 4, large_mark) == 0;
        if (is_large) {
            check_large_directory(little_endian(end, at - large_bytes + 8, 8));
        } else {
            check_directory(little_endian(end, at + 10, 2), little_endian(end, at + 12, 4));
        }
    }
    if (!has_end) {
        throw damaged("its end is missing, so it was probably cut off");
    }
}

void ZipArchive::check_large_directory(std::uint64_t record) const {
    constexpr std::size_t record_bytes = 56;
    if (record > file_.size() || file_.size() - record < record_bytes) {
        throw damaged("its list of members is not where it says");
    }
    const auto bytes = part_of(file_, record, record_bytes);
    check_directory(std::max(little_endian(bytes, 24, 8), little_endian(bytes, 32, 8)), little_endian(bytes, 40, 8));
}

void ZipArchive::check_directory(std::uint64_t members, std::uint64_t bytes) const {
    constexpr std::uint64_t longest_directory = std::uint64_t{8} * 1024 * 1024;
    if (members > limits_.members || bytes > longest_directory) {
        throw Error(ErrorKind::Invalid, fmt::format("{} has more than {} members, or they have names without end",
                                                    subject_, limits_.members));
    }
}

std::uint64_t ZipArchive::size() const {
    return static_cast<std::uint64_t>(std::max<zip_int64_t>(::zip_get_num_entries(archive_, 0), 0));
}

std::string ZipArchive::name(std::uint64_t place) const {
    const char* const name = ::zip_get_name(archive_, place, 0);
    if (name == nullptr) {
        throw damaged(::zip_error_strerror(::zip_get_error(archive_)));
    }
    return shown(name);
}

std::optional<std::uint64_t> ZipArchive::find(const std::string& name) const {
    const auto place = ::zip_name_locate(archive_, name.c_str(), ZIP_FL_NOCASE);
    return place < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(place));
}

std::unique_ptr<InputStream> ZipArchive::open(std::uint64_t place) const {
    auto member = name(place);
    zip_stat_t about;
    ::zip_stat_init(&about);
    if (::zip_stat_index(archive_, place, 0, &about) != 0) {
        throw damaged(::zip_error_strerror(::zip_get_error(archive_)));
    }
    if ((about.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && about.encryption_method != ZIP_EM_NONE) {
        throw Error(ErrorKind::Invalid, fmt::format("{} is protected by a password; Rowhaul cannot open it", subject_))
            .advise("Let it be sent without a password; the transfer itself is encrypted by SFTP or FTPS.");
    }
    // Others ask for as much memory as they like, or are not known to the library.
    if ((about.valid & ZIP_STAT_COMP_METHOD) != 0 && about.comp_method != ZIP_CM_STORE &&
        about.comp_method != ZIP_CM_DEFLATE) {
        throw Error(ErrorKind::Invalid,
                    fmt::format("{} is packed by a method (number {}) that is not read", member, about.comp_method))
            .advise("Let it be packed by deflate, which every program has, or by gzip, which has no limit of size.");
    }
    auto* const file = ::zip_fopen_index(archive_, place, 0);
    if (file == nullptr) {
        throw damaged(fmt::format("{}: {}", member, ::zip_error_strerror(::zip_get_error(archive_))));
    }
    return std::make_unique<Member>(*this, file, std::move(member), about.comp_size);
}

}  // namespace rowhaul
