// SPDX-License-Identifier: Apache-2.0
#include "transport/ftp.h"

#include "transport/ftp_listing.h"
#include "transport/path.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

namespace rowhaul {

namespace {

class FtpReader : public InputStream {
public:
    explicit FtpReader(FtpSession& session) : session_(session) {}
    ~FtpReader() override { session_.abandon(); }

    std::size_t read(const Context& context, std::span<std::byte> into) override {
        return session_.receive(context, {reinterpret_cast<char*>(into.data()), into.size()});
    }

private:
    FtpSession& session_;
};

class FtpWriter : public OutputStream {
public:
    FtpWriter(FtpSession& session, std::string path) : session_(session), path_(std::move(path)) {}
    ~FtpWriter() override { session_.abandon(); }

    void write(const Context& context, std::span<const std::byte> bytes) override {
        if (bytes.empty()) {
            return;
        }
        try {
            session_.send(context, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        } catch (Error& error) {
            error.while_doing(path_);
            throw;
        }
    }
    void commit(const Context& context) override {
        try {
            session_.finish_upload(context);
        } catch (Error& error) {
            error.while_doing(path_);
            throw;
        }
    }

private:
    FtpSession& session_;
    std::string path_;
};

// Lines of a listing; whatever remains when it goes is read and forgotten, which keeps the session.
class ListingLines {
public:
    ListingLines(const Context& context, FtpSession& session) : context_(context), session_(session) {}

    std::optional<std::string> next() {
        constexpr std::size_t longest = 64 * 1024;
        while (true) {
            const auto end = rest_.find('\n', at_);
            if (end != std::string::npos) {
                std::string line = rest_.substr(at_, end - at_);
                at_ = end + 1;
                return line;
            }
            rest_.erase(0, at_);
            at_ = 0;
            if (rest_.size() > longest) {
                throw Error(ErrorKind::Invalid, fmt::format("{}: a line of a listing has no end", session_.where()));
            }
            const auto size = session_.receive(context_, block_);
            if (size == 0) {
                return rest_.empty() ? std::nullopt : std::optional<std::string>(std::exchange(rest_, {}));
            }
            rest_.append(block_.data(), size);
        }
    }
    void skip_rest() {
        while (session_.receive(context_, block_) != 0) {
        }
    }

private:
    const Context& context_;
    FtpSession& session_;
    std::array<char, 16 * 1024> block_;
    std::string rest_;
    std::size_t at_ = 0;
};

std::chrono::sys_days today() {
    return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
}

Entry entry_of(const FtpListed& listed, std::string path) {
    return {std::move(path), listed.is_folder, listed.size, listed.modified, listed.is_roughly_timed};
}

// Folders belong to the path of those who name them; a listing may name "sub/file" or "/in/sub/file".
std::string name_alone(const std::string& name) {
    return std::string(file_name_of(name));
}

// The digest in an answer to HASH or XMD5: the only word of just so many hexadecimal digits.
std::optional<std::string> hex_word(std::string_view text, std::size_t size) {
    while (!text.empty()) {
        const auto word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        const auto is_hex = [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        };
        if (word.size() == size && std::all_of(word.begin(), word.end(), is_hex)) {
            std::string hex(word);
            std::transform(hex.begin(), hex.end(), hex.begin(),
                           [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
            return hex;
        }
    }
    return {};
}

}  // namespace

FtpTransport::FtpTransport(FtpOptions options) : options_(std::move(options)), session_(options_) {}

// Only the end of an upload is ever confirmed. Under way are what TCP holds on both sides, a few
// megabytes each as systems are set up today, and libcurl's buffer.
constexpr std::size_t usually_under_way = std::size_t{16} << 20;

Capabilities FtpTransport::capabilities() const {
    const auto& features = session_.features();
    Capabilities can;
    can.resume_read = features.rest;
    can.resume_write = features.rest;
    can.rename_replaces = rename_replaces_;
    can.modified_times = features.mdtm || uses_mlst();
    can.checksums = !features.hashes.empty() || features.xsha256 || features.xsha1 || features.xmd5;
    can.unconfirmed_bytes = usually_under_way;
    return can;
}

void FtpTransport::reconnect() {
    session_.close();
}

void FtpTransport::explain(const Context& context, std::string_view doing, std::string_view path, Error error) {
    const auto what = fmt::format("{} {}", doing, in_quotes(path));
    if (error.kind() != ErrorKind::Denied || session_.last().code == 530) {
        throw Error(error.while_doing(what));
    }
    if (!stat(context, path)) {
        const auto folder = folder_of(path);
        if (!folder.empty() && !folder_exists(context, session_.path(folder))) {
            throw Error(ErrorKind::NotFound,
                        fmt::format("{}: {}: the folder {} does not exist", session_.where(), what, in_quotes(folder)));
        }
        if (doing == "write" || doing == "make folder") {
            throw Error(
                error.while_doing(what).advise("The account may not write there: ask for the permission, or "
                                               "choose another folder."));
        }
        throw Error(ErrorKind::NotFound, fmt::format("{}: {}: there is no such file", session_.where(), what));
    }
    throw Error(error.while_doing(what).advise("The account has no permission for this file."));
}

std::optional<Entry> FtpTransport::stat(const Context& context, std::string_view path) {
    checked_folder(path);
    session_.open(context);
    if (uses_mlst()) {
        return stat_by_mlst(context, path);
    }
    return stat_by_size(context, path);
}

std::optional<Entry> FtpTransport::stat_by_mlst(const Context& context, std::string_view path) {
    const auto answer = session_.command(context, {"MLST " + session_.path(path)}).back();
    if (answer.good()) {
        for (const auto& line : answer.lines) {
            // The folder itself is "cdir" for some servers, which says nothing about its name.
            if (line.starts_with(' ')) {
                if (auto listed = parse_mlsd_line(line)) {
                    return entry_of(*listed, std::string(path));
                }
                return Entry{std::string(path), true, {}, {}};
            }
        }
    }
    if (answer.code == 550 || answer.code == 450 || answer.code == 553) {
        return {};
    }
    if (answer.good() || answer.unknown_command() || answer.code == 501) {
        return stat_by_size(context, path);
    }
    throw session_.refusal(fmt::format("look at {}", in_quotes(path)));
}

std::optional<Entry> FtpTransport::stat_by_size(const Context& context, std::string_view path) {
    const auto server_path = session_.path(path);
    if (!path.empty()) {
        const auto answers = session_.command(context, {"TYPE I", "SIZE " + server_path, "MDTM " + server_path});
        const auto& size = answers.at(1);
        const auto& modified = answers.at(2);
        std::uint64_t bytes = 0;
        if (size.code == 213 &&
            std::from_chars(size.text.data(), size.text.data() + size.text.size(), bytes).ec == std::errc()) {
            Entry entry{std::string(path), false, bytes, {}};
            if (modified.code == 213) {
                entry.modified = parse_ftp_time(modified.text);
            }
            return entry;
        }
        if (size.code == 421 || size.code == 530) {
            throw session_.refusal(fmt::format("look at {}", in_quotes(path)));
        }
        if (size.code != 550) {
            return stat_by_listing(context, path);
        }
    }
    if (folder_exists(context, server_path)) {
        return Entry{std::string(path), true, {}, {}};
    }
    return {};
}

std::optional<Entry> FtpTransport::stat_by_listing(const Context& context, std::string_view path) {
    std::optional<Entry> found;
    try {
        list(context, folder_of(path), [&](const Entry& entry) {
            if (entry.path == path) {
                found = entry;
            }
            return !found;
        });
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::NotFound) {
            throw;
        }
    }
    return found;
}

bool FtpTransport::folder_exists(const Context& context, const std::string& server_path) {
    if (!server_path.starts_with('/')) {
        // A relative change of folder would change what all other paths mean; go there and back.
        const auto answers = session_.command(context, {"CWD " + server_path, "CWD " + session_.login_folder()});
        return answers.front().good();
    }
    return session_.command(context, {"CWD " + server_path}).back().good();
}

void FtpTransport::list(const Context& context, std::string_view folder,
                        const std::function<bool(const Entry&)>& each) {
    checked_folder(folder);
    session_.open(context);
    try {
        list_server(context, session_.path(folder), folder, each);
    } catch (const Error& error) {
        if (session_.last().code == 550 || session_.last().code == 450) {
            const auto what = fmt::format("list {}", in_quotes(folder));
            const auto entry = stat(context, folder);
            if (!entry) {
                throw Error(ErrorKind::NotFound,
                            fmt::format("{}: {}: there is no such folder", session_.where(), what));
            }
            throw Error(Error(error).while_doing(what));
        }
        throw;
    }
}

void FtpTransport::list_server(const Context& context, const std::string& server_path, std::string_view folder,
                               const std::function<bool(const Entry&)>& each) {
    FtpSession::Transfer transfer;
    if (uses_mlst()) {
        transfer.path = server_path + "/";
        transfer.list_command = "MLSD";
    } else {
        // Names with spaces or wildcards confuse LIST; no name does not.
        if (!session_.command(context, {"CWD " + server_path}).back().good()) {
            throw session_.refusal("open the folder");
        }
        transfer.path = "/";
        transfer.list_command = options_.list_hidden ? "LIST -a" : "LIST";
    }
    session_.begin_download(context, transfer);
    const FtpReader reader(session_);
    ListingLines lines(context, session_);
    while (const auto line = lines.next()) {
        auto listed = uses_mlst() ? parse_mlsd_line(*line) : parse_list_line(*line, today());
        if (!listed) {
            continue;
        }
        auto path = path_below(folder, name_alone(listed->name));
        if (!each(entry_of(*listed, std::move(path)))) {
            lines.skip_rest();
            return;
        }
    }
}

std::unique_ptr<InputStream> FtpTransport::read(const Context& context, std::string_view path, std::uint64_t offset) {
    checked_path(path);
    session_.open(context);
    FtpSession::Transfer transfer;
    transfer.path = session_.path(path);
    transfer.offset = offset;
    try {
        session_.begin_download(context, transfer);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::Cancelled) {
            throw;
        }
        explain(context, "read", path, error);
    }
    return std::make_unique<FtpReader>(session_);
}

std::unique_ptr<OutputStream> FtpTransport::write(const Context& context, std::string_view path, std::uint64_t offset) {
    checked_path(path);
    session_.open(context);
    FtpSession::Transfer transfer;
    transfer.path = session_.path(path);
    transfer.offset = offset;
    if (offset != 0) {
        const auto entry = stat(context, path);
        if (!entry || !entry->size || *entry->size < offset) {
            throw Error(
                entry ? ErrorKind::Conflict : ErrorKind::NotFound,
                fmt::format("{}: {} cannot be continued at byte {}: it has {} there", session_.where(), in_quotes(path),
                            offset, entry && entry->size ? std::to_string(*entry->size) : "none"));
        }
    }
    try {
        session_.begin_upload(context, transfer);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::Cancelled) {
            throw;
        }
        explain(context, "write", path, error);
    }
    return std::make_unique<FtpWriter>(session_, fmt::format("write {}", in_quotes(path)));
}

void FtpTransport::rename(const Context& context, std::string_view from, std::string_view to) {
    checked_path(from);
    checked_path(to);
    session_.open(context);
    const auto doing = fmt::format("rename {} to {}", in_quotes(from), in_quotes(to));
    if (!session_.command(context, {"RNFR " + session_.path(from)}).back().good()) {
        explain(context, "rename", from, session_.refusal(doing));
    }
    const auto answer = session_.command(context, {"RNTO " + session_.path(to)}).back();
    if (answer.good()) {
        return;
    }
    const auto error = session_.refusal(doing);
    if (error.kind() == ErrorKind::Exhausted || answer.code == 421) {
        throw Error(error);
    }
    if (stat(context, to)) {
        rename_replaces_ = false;
        throw Error(ErrorKind::Conflict, error.what());
    }
    explain(context, "rename", to, error);
}

void FtpTransport::remove(const Context& context, std::string_view path) {
    checked_path(path);
    session_.open(context);
    const auto answer = session_.command(context, {"DELE " + session_.path(path)}).back();
    if (answer.good()) {
        return;
    }
    auto error = session_.refusal(fmt::format("remove {}", in_quotes(path)));
    const auto entry = stat(context, path);
    if (!entry) {
        return;
    }
    if (entry->is_folder) {
        if (session_.command(context, {"RMD " + session_.path(path)}).back().good()) {
            return;
        }
        error = session_.refusal(fmt::format("remove the folder {}", in_quotes(path)));
    }
    throw Error(std::move(error));
}

void FtpTransport::make_folder(const Context& context, std::string_view path) {
    if (checked_folder(path).empty()) {
        return;
    }
    session_.open(context);
    const auto server_path = session_.path(path);
    if (folder_exists(context, server_path)) {
        return;
    }
    make_folder(context, folder_of(path));
    if (session_.command(context, {"MKD " + server_path}).back().good()) {
        return;
    }
    const auto error = session_.refusal("make folder");
    const auto entry = stat(context, path);
    if (entry && !entry->is_folder) {
        throw Error(ErrorKind::Conflict,
                    fmt::format("{}: {} is a file, no folder can be made there", session_.where(), in_quotes(path)));
    }
    if (!entry) {
        explain(context, "make folder", path, error);
    }
}

std::optional<Checksum> FtpTransport::checksum(const Context& context, std::string_view path) {
    checked_path(path);
    session_.open(context);
    const auto server_path = session_.path(path);
    if (auto answer = hash(context, server_path)) {
        return answer;
    }
    struct Way {
        bool offered;
        const char* command;
        HashAlgorithm digest;
        std::size_t digits;
    };
    const auto& features = session_.features();
    for (const auto& way :
         {Way{features.xsha256, "XSHA256", HashAlgorithm::Sha256, 64},
          Way{features.xmd5, "XMD5", HashAlgorithm::Md5, 32}, Way{features.xsha1, "XSHA1", HashAlgorithm::Sha1, 40}}) {
        if (!way.offered) {
            continue;
        }
        const auto answer = session_.command(context, {fmt::format("{} {}", way.command, server_path)}).back();
        if (answer.good()) {
            if (auto hex = hex_word(answer.text, way.digits)) {
                return Checksum{way.digest, std::move(*hex)};
            }
        }
    }
    return {};
}

std::optional<Checksum> FtpTransport::hash(const Context& context, const std::string& server_path) {
    struct Way {
        const char* name;
        HashAlgorithm digest;
        std::size_t digits;
    };
    const auto& offered = session_.features().hashes;
    for (const auto& way : {Way{"SHA-256", HashAlgorithm::Sha256, 64}, Way{"MD5", HashAlgorithm::Md5, 32},
                            Way{"SHA-1", HashAlgorithm::Sha1, 40}}) {
        if (std::find(offered.begin(), offered.end(), way.name) == offered.end()) {
            continue;
        }
        const auto answers =
            session_.command(context, {"TYPE I", fmt::format("OPTS HASH {}", way.name), "HASH " + server_path});
        if (answers.back().code == 213) {
            if (auto hex = hex_word(answers.back().text, way.digits)) {
                return Checksum{way.digest, std::move(*hex)};
            }
        }
    }
    return {};
}

}  // namespace rowhaul
