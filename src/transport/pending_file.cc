// SPDX-License-Identifier: Apache-2.0
#include "transport/pending_file.h"

#include "io/digest.h"
#include "transport/local.h"
#include "transport/path.h"
#include "transport/renaming.h"

#include <algorithm>
#include <fmt/format.h>
#include <system_error>

namespace rowhaul {

namespace {

using std::chrono::milliseconds;

// A stop request must end a run within a second, cleaning up included.
constexpr milliseconds cleanup_after_stop{700};
constexpr milliseconds cleanup_otherwise{5000};
constexpr std::size_t longest_name = 255;
constexpr int highest_number = 9999;
constexpr std::size_t copy_bytes = std::size_t{256} << 10;

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

// Cut at a character's border.
std::string_view shortened(std::string_view name, std::size_t size) {
    if (name.size() <= size) {
        return name;
    }
    while (size > 0 && (static_cast<unsigned char>(name[size]) & 0xc0U) == 0x80U) {
        --size;
    }
    return name.substr(0, size);
}

std::string temporary_name_of(const PublishingOptions& options, const PendingRequest& request) {
    if (options.temporary_name.find("{execution}") == std::string::npos) {
        throw Error(ErrorKind::Invalid,
                    "the option temporary_name must contain {execution}, so that two runs never "
                    "write to one file");
    }
    std::string name = options.temporary_name;
    replace_all(name, "{execution}", request.execution);
    const auto file_name = file_name_of(request.name);
    const std::size_t room = longest_name - std::min(longest_name, name.size());
    replace_all(name, "{name}", shortened(file_name, std::min(room, file_name.size())));
    if (name.find('/') != std::string::npos) {
        throw Error(ErrorKind::Invalid, "the option temporary_name must not contain '/'; use temporary_folder");
    }
    return name;
}

}  // namespace

// Counts what goes through, and does not take a broken link at the very end for a loss.
class PendingFile::Stream final : public OutputStream {
public:
    Stream(PendingFile& file, std::unique_ptr<OutputStream> inner) : file_(file), inner_(std::move(inner)) {}

    void write(const Context& context, std::span<const std::byte> bytes) override {
        inner_->write(context, bytes);
        file_.bytes_ += bytes.size();
    }

    void commit(const Context& context) override {
        if (file_.spool_) {
            inner_->commit(context);
        } else {
            file_.commit_on_server(context, *inner_, file_.temporary_path_);
        }
        file_.state_ = State::Written;
    }

private:
    PendingFile& file_;
    std::unique_ptr<OutputStream> inner_;
};

PendingFile::PendingFile(Transport& transport, PublishingOptions options, PendingRequest request)
    : transport_(transport), options_(std::move(options)), request_(std::move(request)) {
    checked_path(request_.name);
    if (options_.rename) {
        const auto name = temporary_name_of(options_, request_);
        const auto folder =
            options_.temporary_folder.empty() ? folder_of(request_.name) : std::string_view(options_.temporary_folder);
        temporary_path_ = checked_path(path_below(folder, name));
        return;
    }
    if (request_.spool_folder.empty()) {
        throw Error(ErrorKind::Internal, "a file that may not be renamed needs a spool folder");
    }
    std::error_code failure;
    std::filesystem::create_directories(request_.spool_folder, failure);
    if (failure) {
        throw Error(ErrorKind::Denied, fmt::format("cannot make the folder {}: {}",
                                                   in_quotes(request_.spool_folder.string()), failure.message()))
            .advise("Files are completed there before they are uploaded; choose another place with --home.");
    }
    LocalOptions local;
    local.folder = request_.spool_folder.string();
    local.sync = false;
    spool_ = std::make_unique<LocalTransport>(local);
    temporary_path_ = checked_path(temporary_name_of(PublishingOptions(), request_));
}

PendingFile::~PendingFile() {
    if (state_ == State::New || (state_ == State::Published && !spool_)) {
        return;
    }
    try {
        Context context = cleanup_context(last_context_);
        Transport& where = spool_ ? *spool_ : transport_;
        try {
            where.remove(context, temporary_path_);
        } catch (const Error& error) {
            if (!error.is_transient()) {
                throw;
            }
            where.reconnect();
            where.remove(context, temporary_path_);
        }
    } catch (const std::exception& error) {
        try {
            last_context_.log(Level::Warning, fmt::format("{} may be left behind: {}", temporary_path_, error.what()));
        } catch (...) {  // nobody is left to be told
        }
    }
}

Context PendingFile::cleanup_context(const Context& context) const {
    const bool is_stopped = context.stop != nullptr && context.stop->requested();
    Context fresh = context;
    fresh.stop = nullptr;
    fresh.deadline = Context::Clock::now() + (is_stopped ? cleanup_after_stop : cleanup_otherwise);
    return fresh;
}

std::unique_ptr<OutputStream> PendingFile::open(const Context& context) {
    last_context_ = context;
    refuse_existing(context);
    state_ = State::Open;
    try {
        auto inner = spool_ ? spool_->write(context, temporary_path_) : open_on_server(context, temporary_path_);
        return std::make_unique<Stream>(*this, std::move(inner));
    } catch (const Error& error) {
        // Refused, so nothing was made; where the link broke or the disk was full, something may have been.
        if (error.kind() == ErrorKind::Denied || error.kind() == ErrorKind::Invalid ||
            error.kind() == ErrorKind::NotFound) {
            state_ = State::New;
        }
        throw;
    }
}

std::unique_ptr<OutputStream> PendingFile::open_on_server(const Context& context, const std::string& path) {
    try {
        return transport_.write(context, path);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::NotFound || folder_of(path).empty()) {
            throw;
        }
    }
    transport_.make_folder(context, folder_of(path));
    return transport_.write(context, path);
}

void PendingFile::commit_on_server(const Context& context, OutputStream& stream, const std::string& path) {
    try {
        stream.commit(context);
    } catch (const Error& error) {
        if (!error.is_transient() || options_.verify == Verify::None) {
            throw;
        }
        context.log(Level::Warning,
                    fmt::format("{}: {}; asking a new session whether everything arrived", path, error.what()));
        transport_.reconnect();
        const auto entry = transport_.stat(context, path);
        if (!entry || entry->size != bytes_) {
            throw;
        }
        may_have_holes_ = transport_.capabilities().resume_anywhere;
    }
}

void PendingFile::complete(const Context& context, std::span<const Checksum> digests) {
    last_context_ = context;
    if (state_ != State::Written) {
        throw Error(ErrorKind::Internal, "a file was completed before its stream was committed");
    }
    digests_.assign(digests.begin(), digests.end());
    if (!spool_) {
        verify(context, temporary_path_);
    }
    state_ = State::Complete;
}

void PendingFile::verify(const Context& context, const std::string& path) {
    if (options_.verify == Verify::None) {
        return;
    }
    verify_size(context, path);
    const bool is_proven = options_.verify != Verify::Size && verify_checksum(context, path);
    if (may_have_holes_ && !is_proven) {
        verify_by_reading(context, path);
    }
}

void PendingFile::verify_size(const Context& context, const std::string& path) {
    const auto entry = transport_.stat(context, path);
    if (!entry) {
        throw Error(ErrorKind::Unavailable,
                    fmt::format("the server has no {} although it confirmed it", in_quotes(path)))
            .advise("If the server hides or moves files as they arrive, set verify: none on the connection.");
    }
    if (!entry->size) {
        context.log(Level::Warning, fmt::format("the server does not tell the size of {}", path));
        return;
    }
    if (*entry->size != bytes_) {
        throw Error(ErrorKind::Unavailable,
                    fmt::format("the server has {} of the {} bytes of {}", *entry->size, bytes_, in_quotes(path)));
    }
}

bool PendingFile::verify_checksum(const Context& context, const std::string& path) {
    const auto checksum = transport_.checksum(context, path);
    const auto ours = std::find_if(digests_.begin(), digests_.end(), [&](const Checksum& digest) {
        return checksum && digest.digest == checksum->digest;
    });
    if (ours == digests_.end()) {
        if (options_.verify == Verify::Checksum) {
            throw Error(ErrorKind::Invalid,
                        fmt::format("the server offers no checksum to verify {} with", in_quotes(path)))
                .advise("Set verify: size on the connection.");
        }
        return false;
    }
    if (ours->hex != checksum->hex) {
        is_damaged_ = true;
        throw Error(ErrorKind::Unavailable, fmt::format("{} arrived damaged: the server's checksum is {}, ours {}",
                                                        in_quotes(path), checksum->hex, ours->hex));
    }
    return true;
}

// Pipelined writes may be carried out in any order, so after a broken link the right size alone
// does not prove that all of them were.
void PendingFile::verify_by_reading(const Context& context, const std::string& path) {
    const auto ours = std::find_if(digests_.begin(), digests_.end(),
                                   [](const Checksum& digest) { return digest.digest == HashAlgorithm::Sha256; });
    if (ours == digests_.end()) {
        throw Error(ErrorKind::Unavailable,
                    fmt::format("the link broke before the server had confirmed every byte of {}", in_quotes(path)));
    }
    context.log(Level::Info, fmt::format("reading {} back to verify it", path));
    const auto stream = transport_.read(context, path);
    Hash hash(HashAlgorithm::Sha256);
    std::vector<std::byte> buffer(copy_bytes);
    while (const auto count = stream->read(context, buffer)) {
        hash.update(std::span(buffer).first(count));
    }
    if (hash.finish() != ours->hex) {
        is_damaged_ = true;
        throw Error(ErrorKind::Unavailable, fmt::format("{} arrived damaged", in_quotes(path)));
    }
}

void PendingFile::refuse_existing(const Context& context) {
    if (request_.if_exists != IfExists::Fail) {
        return;
    }
    if (transport_.stat(context, request_.name)) {
        throw Error(ErrorKind::Conflict, fmt::format("{} exists already", in_quotes(request_.name)))
            .advise("Set if_exists to replace or number, or put {date} into the file's name.");
    }
}

std::string PendingFile::publish(const Context& context) {
    last_context_ = context;
    if (state_ != State::Complete) {
        throw Error(ErrorKind::Internal, "a file was published before it was complete");
    }
    refuse_existing(context);
    std::string name = request_.name;
    for (int number = 1; request_.if_exists == IfExists::Number; ++number) {
        if (!transport_.stat(context, name)) {
            break;
        }
        if (number > highest_number) {
            throw Error(ErrorKind::Conflict,
                        fmt::format("{} and {} numbered ones exist already", in_quotes(request_.name), highest_number));
        }
        name = numbered_name(number);
    }
    try {
        if (spool_) {
            upload(context, name);
        } else {
            take_final_name(context, name);
        }
    } catch (const Error& error) {
        const bool is_unheard = error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::Cancelled;
        may_be_published_ = is_unheard && (!spool_ || is_all_sent_);
        throw;
    }
    state_ = State::Published;
    return name;
}

std::string PendingFile::numbered_name(int number) const {
    const auto name = file_name_of(request_.name);
    auto dot = name.rfind('.');
    for (const std::string_view ending : {".gz", ".bz2", ".zst"}) {
        if (name.ends_with(ending) && name.find('.') < dot) {
            dot = name.rfind('.', dot - 1);
            break;
        }
    }
    if (dot == 0 || dot == std::string_view::npos) {
        dot = name.size();
    }
    return path_below(folder_of(request_.name), fmt::format("{}_{}{}", name.substr(0, dot), number, name.substr(dot)));
}

void PendingFile::take_final_name(const Context& context, const std::string& name) {
    // The temporary folder is another one, so this one may still be missing.
    if (!options_.temporary_folder.empty() && !folder_of(name).empty()) {
        transport_.make_folder(context, folder_of(name));
    }
    try {
        rename_surely(context, transport_, temporary_path_, name, bytes_);
        return;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Conflict || request_.if_exists != IfExists::Replace) {
            throw;
        }
    }
    move_aside_and_rename(context, name);
}

void PendingFile::move_aside_and_rename(const Context& context, const std::string& name) {
    const std::string aside = temporary_path_ + ".old";
    rename_surely(context, transport_, name, aside);
    try {
        rename_surely(context, transport_, temporary_path_, name, bytes_);
    } catch (...) {
        try {
            const Context fresh = cleanup_context(context);
            // Where ours arrived after all, this finds the name taken and changes nothing.
            rename_surely(fresh, transport_, aside, name);
        } catch (const Error& error) {
            context.log(Level::Error, fmt::format("the former {} is now called {}: {}", name, aside, error.what()));
        }
        throw;
    }
    try {
        transport_.remove(context, aside);
    } catch (const Error& error) {
        context.log(Level::Warning, fmt::format("the former {} is left behind as {}: {}", name, aside, error.what()));
    }
}

void PendingFile::upload(const Context& context, const std::string& name) {
    const auto source = spool_->read(context, temporary_path_);
    bool may_be_short = false;
    try {
        auto stream = open_on_server(context, name);
        may_be_short = true;
        std::vector<std::byte> buffer(copy_bytes);
        while (const auto count = source->read(context, buffer)) {
            stream->write(context, std::span(buffer).first(count));
        }
        is_all_sent_ = true;
        commit_on_server(context, *stream, name);
        stream.reset();
        verify(context, name);
    } catch (...) {
        if (may_be_short) {
            remove_bad_file(context, name);
        }
        throw;
    }
}

void PendingFile::remove_bad_file(const Context& context, const std::string& name) noexcept {
    try {
        const Context fresh = cleanup_context(context);
        const auto entry = transport_.stat(fresh, name);
        if (entry && (is_damaged_ || entry->size != bytes_)) {
            transport_.remove(fresh, name);
        }
    } catch (const std::exception& error) {
        try {
            context.log(Level::Error, fmt::format("a short or damaged {} may be left behind: {}", name, error.what()));
        } catch (...) {  // nobody is left to be told
        }
    }
}

}  // namespace rowhaul
