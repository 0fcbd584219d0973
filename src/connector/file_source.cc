// SPDX-License-Identifier: Apache-2.0
#include "connector/file_source.h"

#include "base/near_miss.h"
#include "connector/rejects_file.h"
#include "io/async_input.h"
#include "io/decompression.h"
#include "io/digest_stream.h"
#include "transport/path.h"
#include "transport/pending_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace rowhaul {

namespace {

// A file that was written in the same moments in which it was read may have been written again
// without another time.
constexpr std::chrono::seconds doubtful{2};

std::chrono::sys_seconds to_seconds(Moment moment) {
    return std::chrono::floor<std::chrono::seconds>(moment);
}

class Borrowed final : public InputStream {
public:
    explicit Borrowed(InputStream& inner) : inner_(inner) {}
    std::size_t read(const Context& context, std::span<std::byte> into) override { return inner_.read(context, into); }

private:
    InputStream& inner_;
};

void read_to_end(const Context& context, InputStream& input) {
    std::vector<std::byte> block(std::size_t{256} * 1024);
    while (input.read(context, block) > 0) {
    }
}

// A file is to blame, not the way to it.
bool blames_file(const Error& error) {
    return error.kind() == ErrorKind::Invalid || error.kind() == ErrorKind::NotFound ||
           error.kind() == ErrorKind::Denied;
}

std::vector<std::size_t> places_of(const std::vector<std::string>& columns, const FileReader& reader) {
    const auto& schema = reader.schema();
    std::vector<std::size_t> places;
    for (const auto& column : columns) {
        const auto found = std::ranges::find(schema, column, &Column::name);
        if (found == schema.end()) {
            const auto names = names_of(schema);
            throw Error(ErrorKind::Invalid, fmt::format("has no column \"{}\"{}", column, did_you_mean(column, names)))
                .advise(fmt::format("Its columns are: {}{}{}.", fmt::join(names, ", "),
                                    reader.doubt().empty() ? "" : ". ", reader.doubt()));
        }
        places.push_back(static_cast<std::size_t>(found - schema.begin()));
    }
    return places;
}

}  // namespace

// A file while it is read, from the server to its rows.
struct FileSource::Opened {
    File& file;
    std::unique_ptr<DigestInput> raw;
    std::unique_ptr<AsyncInput> ahead;
    std::unique_ptr<InputStream> unpacked;
    std::unique_ptr<FileReader> reader;

    void close() {
        reader.reset();
        unpacked.reset();
        ahead.reset();
        raw.reset();
    }
};

FileSource::FileSource(Transport& transport, Plan plan)
    : transport_(plan.own_transport ? *plan.own_transport : transport), plan_(std::move(plan)) {}

FileSource::~FileSource() = default;

std::string FileSource::object() const {
    if (!plan_.request.input.empty()) {
        return plan_.request.input.string();
    }
    return plan_.options.takes_several() ? plan_.options.files : plan_.options.file;
}

void FileSource::warn(std::string code, std::string message) {
    const auto known = std::ranges::find(warnings_, code, &Warning::code);
    if (known != warnings_.end()) {
        ++known->count;
    } else {
        warnings_.push_back({std::move(code), std::move(message)});
    }
}

void FileSource::choose(const Context& context) {
    has_chosen_ = true;
    auto choice = choose_files(context, transport_, plan_.options, plan_.clock);
    unsettled_ = choice.unsettled.size();
    for (const auto& file : choice.unsettled) {
        warn("file_not_settled",
             fmt::format("{} is not complete yet, as `settle` says: {}", in_quotes(file.path), file.reason));
    }
    if (choice.files.empty() && choice.unsettled.empty()) {
        const bool may_be_missing = plan_.options.takes_several() || plan_.options.after.action != AfterAction::Keep;
        const bool fails = plan_.options.if_missing == IfMissing::Fail ||
                           (plan_.options.if_missing == IfMissing::Automatic && !may_be_missing);
        const auto message = fmt::format("there is no file {}", in_quotes(object()));
        if (fails || !plan_.request.input.empty()) {
            throw Error(ErrorKind::NotFound, message)
                .advise(
                    "`rowhaul browse CONNECTION` lists what is there; `if_missing: empty` takes it for nothing to "
                    "move.");
        }
        warn("no_file", message);
    }
    for (auto& entry : choice.files) {
        auto& file = files_.emplace_back();
        file.record.name = entry.path;
        file.record.modified = entry.modified;
        file.record.seen = to_seconds(plan_.clock.now());
        if (const auto promised = choice.promised.find(entry.path); promised != choice.promised.end()) {
            file.promised = promised->second;
        }
        file.entry = std::move(entry);
        if (was_taken(context, file)) {
            file.state = State::Taken;
        }
    }
}

// Nothing when the file has vanished, which opening it will tell.
std::string FileSource::digest_of(const Context& context, const Entry& entry) {
    if (!transport_.stat(context, entry.path)) {
        return {};
    }
    DigestInput input(transport_.read(context, entry.path));
    read_to_end(context, input);
    return input.finish();
}

bool FileSource::was_taken(const Context& context, File& file) {
    if (plan_.request.taken == nullptr || plan_.request.again || plan_.options.again) {
        return false;
    }
    const auto before = plan_.request.taken->latest(file.entry.path);
    if (!before || before->bytes != file.entry.size.value_or(before->bytes)) {
        return false;
    }
    // Where files go away when they were taken in, one that is there is another, whatever it looks like.
    const bool should_be_gone = plan_.options.after.action != AfterAction::Keep;
    const bool is_surely_same = !should_be_gone && file.entry.size && before->modified &&
                                before->modified == file.entry.modified && !file.entry.is_roughly_timed &&
                                before->seen - *before->modified >= doubtful;
    file.record.sha256 = is_surely_same ? before->sha256 : digest_of(context, file.entry);
    return !file.record.sha256.empty() && !plan_.request.taken->taken_by(file.record.sha256).empty();
}

bool FileSource::prepare(const Context& context) {
    if (!has_chosen_) {
        choose(context);
    }
    next_ = 0;
    first_.reset();
    for (auto& file : files_) {
        if (file.state == State::Read) {
            file.state = State::Waiting;
        }
        file.record.rows = file.record.rejected = 0;
        file.rejects.clear();
    }
    first_ = open_next(context);
    return first_ != nullptr;
}

Schema FileSource::schema(const Context&) {
    return first_->reader->schema();
}

std::string FileSource::doubt() const {
    const auto doubt = first_->reader->doubt();
    return doubt.empty() ? doubt : fmt::format("{}: {}", first_->file.record.name, doubt);
}

std::unique_ptr<FileSource::Opened> FileSource::open_next(const Context& context) {
    while (next_ < files_.size()) {
        File& file = files_[next_++];
        if (file.state != State::Waiting) {
            continue;
        }
        auto opened = open_file(context, file);
        if (!opened->reader->schema().empty()) {
            return opened;
        }
        file.is_empty = true;
        finish(context, *opened);
    }
    return nullptr;
}

// Whoever catches what is thrown may ask whether it was the file's fault; errors of others, such as a
// rule that does not fit, never are.
void FileSource::blame(File& file, State verdict, Error& error) {
    suspect_ = &file;
    verdict_ = verdict;
    error.while_doing(file.entry.path);
}

std::unique_ptr<FileSource::Opened> FileSource::open_file(const Context& context, File& file) {
    auto opened = std::make_unique<Opened>(Opened{file, nullptr, nullptr, nullptr, nullptr});
    auto verdict = State::Bad;
    file.record.seen = to_seconds(plan_.clock.now());
    try {
        // As it is now: it may have waited for its turn.
        auto entry = transport_.stat(context, file.entry.path);
        if (!entry) {
            verdict = State::Vanished;
            throw Error(ErrorKind::NotFound, "vanished before it could be read");
        }
        if (plan_.options.settle.is_asked_for() && !is_same(*entry, file.entry)) {
            verdict = State::Unsettled;
            throw Error(ErrorKind::Invalid, "was written again before it could be read; the next run looks again");
        }
        file.entry = std::move(*entry);
        file.record.modified = file.entry.modified;
        opened->raw = std::make_unique<DigestInput>(transport_.read(context, file.entry.path), other_digest(file));
        opened->ahead = std::make_unique<AsyncInput>(*opened->raw);
        opened->unpacked = decompressing(context, std::make_unique<Borrowed>(*opened->ahead), plan_.format->archives(),
                                         plan_.request.spool);
        open_reader(context, *opened);
    } catch (Error& error) {
        blame(file, verdict, error);
        throw;
    }
    file.record.header = opened->reader->header();
    return opened;
}

void FileSource::open_reader(const Context& context, Opened& opened) {
    File& file = opened.file;
    Rejects rejects = [this, &file](Reject reject) {
        ++file.record.rejected;
        reject.file = file.record.name;
        if (file.rejects.size() < SetAsideNote::most_rejects) {
            file.rejects.push_back(reject);
            file.rejects.back().raw.clear();  // may be huge
        }
        rejects_(std::move(reject));
    };
    if (!plan_.request.input.empty()) {
        auto peeked = std::make_unique<PeekedInput>(std::move(opened.unpacked));
        if (is_rejects_file(peeked->peek(context, rejects_header_bytes))) {
            auto rows = rejected_rows(context, std::move(peeked), plan_.request.mapping);
            const auto& corrected = *rows;
            opened.unpacked = std::move(rows);
            opened.reader = plan_.format->reader_of_raw_rows(context, *opened.unpacked, std::move(rejects));
            if (corrected.header().empty() && !opened.reader->header().empty()) {
                throw Error(ErrorKind::Invalid, "does not tell what the columns of its rows are called")
                    .advise("Fill in the column `header`: it is the first line of the file that the rows come from.");
            }
            return;
        }
        opened.unpacked = std::move(peeked);
    }
    opened.reader = plan_.format->reader(context, *opened.unpacked, plan_.request.spool, std::move(rejects));
}

void FileSource::check_unchanged(const Context& context, const File& file) {
    const auto& before = file.entry;
    const auto now = transport_.stat(context, before.path);
    if (!now || !is_same(*now, before)) {
        throw Error(ErrorKind::Conflict, "changed while it was being read")
            .advise("`settle` keeps files from being read while they are still written.");
    }
    if (before.size && *before.size != file.record.bytes) {
        throw Error(ErrorKind::Conflict, fmt::format("the server says that it has {} bytes, but delivered {}",
                                                     *before.size, file.record.bytes));
    }
}

// The one that its manifest has, beside SHA-256.
std::optional<HashAlgorithm> FileSource::other_digest(const File& file) {
    const bool has_other =
        file.promised && file.promised->checksum && file.promised->checksum->digest != HashAlgorithm::Sha256;
    return has_other ? std::optional(file.promised->checksum->digest) : std::nullopt;
}

void FileSource::check_promise(const File& file, const std::string& other_digest) {
    if (!file.promised) {
        return;
    }
    const FileFacts facts{file.record.bytes, file.record.rows + file.record.rejected,
                          other_digest.empty() ? file.record.sha256 : other_digest};
    if (const auto differs = difference(*file.promised, facts); !differs.empty()) {
        throw Error(ErrorKind::Invalid, fmt::format("is not what its manifest promises: {}", differs))
            .advise("Ask whoever sent it for the whole file.");
    }
}

std::string FileSource::taken_by(const std::string& sha256, const File& file) const {
    if (plan_.request.again || plan_.options.again) {
        return {};
    }
    const auto same = std::ranges::find_if(files_, [&](const File& other) {
        return &other != &file && other.state == State::Read && other.record.sha256 == sha256;
    });
    if (same != files_.end()) {
        return in_quotes(same->record.name);
    }
    const auto execution = plan_.request.taken == nullptr ? std::string() : plan_.request.taken->taken_by(sha256);
    return execution.empty() ? execution : fmt::format("execution {}", execution);
}

void FileSource::finish(const Context& context, Opened& opened) {
    File& file = opened.file;
    file.record.bytes = opened.raw->bytes();
    file.record.sha256 = opened.raw->finish();
    const auto other_digest = opened.raw->finish_also();
    opened.close();  // a session has one stream at a time
    auto verdict = State::Waiting;
    try {
        check_unchanged(context, file);
        verdict = State::Bad;
        check_promise(file, other_digest);
        verdict = State::Waiting;
        if (const auto taker = taken_by(file.record.sha256, file); !taker.empty() && file.record.bytes > 0) {
            verdict = State::Taken;
            throw Error(ErrorKind::Invalid, fmt::format("its content was taken in before, by {}", taker));
        }
    } catch (Error& error) {
        blame(file, verdict, error);
        throw;
    }
    file.state = State::Read;
}

class FileSource::Reader final : public RowReader {
public:
    Reader(FileSource& source, std::vector<std::string> columns) : source_(source), columns_(std::move(columns)) {
        opened_ = std::move(source_.first_);
        opened_->reader->choose(places_of(columns_, *opened_->reader));
    }

    bool next(const Context& context, Batch& out) override {
        while (opened_) {
            if (read(context, out)) {
                opened_->file.record.rows += out.rows();
                out.set_file(opened_->file.record.name);
                return true;
            }
            const auto noticed = opened_->reader->warnings();
            source_.finish(context, *opened_);
            take(noticed);
            opened_.reset();
            opened_ = source_.open_next(context);
            if (opened_) {
                choose();
            }
        }
        out.clear();
        return false;
    }

    std::vector<Warning> warnings() const override { return warnings_; }

private:
    void take(const std::vector<Warning>& noticed) {
        for (const auto& warning : noticed) {
            const auto known = std::ranges::find(warnings_, warning.code, &Warning::code);
            if (known != warnings_.end()) {
                known->count += warning.count;
            } else {
                warnings_.push_back(warning);
            }
        }
    }
    bool read(const Context& context, Batch& out) {
        try {
            return opened_->reader->next(context, out);
        } catch (Error& error) {
            source_.blame(opened_->file, State::Bad, error);
            throw;
        }
    }
    void choose() {
        try {
            opened_->reader->choose(places_of(columns_, *opened_->reader));
        } catch (Error& error) {
            source_.blame(opened_->file, State::Bad, error);
            throw;
        }
    }

    FileSource& source_;
    std::vector<std::string> columns_;
    std::unique_ptr<Opened> opened_;
    std::vector<Warning> warnings_;
};

std::unique_ptr<RowReader> FileSource::open(const Context&, const std::vector<std::string>& columns, Rejects rejects) {
    rejects_ = std::move(rejects);
    return std::make_unique<Reader>(*this, columns);
}

bool FileSource::set_aside(const Error& error) {
    File* const file = std::exchange(suspect_, nullptr);
    if (file == nullptr || verdict_ == State::Waiting || !blames_file(error)) {
        return false;
    }
    const bool is_only_one = std::ranges::count(files_, State::Waiting, &File::state) +
                                 std::ranges::count(files_, State::Read, &File::state) <=
                             1;
    if (verdict_ == State::Bad && (is_only_one || !plan_.options.takes_several())) {
        return false;
    }
    file->state = verdict_;
    if (verdict_ == State::Bad) {
        file->record.problem = error.what();
        file->record.sha256.clear();
        file->note = {.execution = plan_.request.execution,
                      .mapping = plan_.request.mapping,
                      .written = {},
                      .file = file->record,
                      .advice = error.advice(),
                      .rejects = std::move(file->rejects)};
        warn("file_set_aside", error.what());
    } else if (verdict_ == State::Vanished) {
        warn("file_vanished", error.what());
    } else if (verdict_ == State::Unsettled) {
        warn("file_not_settled", error.what());
    }
    return true;
}

std::vector<SourceFile> FileSource::files() const {
    std::vector<SourceFile> records;
    for (const auto& file : files_) {
        // A run that ended in the middle of a file has read a part of it.
        const bool was_begun = file.state == State::Waiting && file.record.rows + file.record.rejected > 0;
        if (file.state == State::Read || file.state == State::Bad || was_begun) {
            records.push_back(file.record);
        }
    }
    return records;
}

std::uint64_t FileSource::unread_parts() const {
    return unsettled_ + static_cast<std::uint64_t>(std::ranges::count_if(files_, [](const File& file) {
               return file.state == State::Bad || file.state == State::Vanished || file.state == State::Unsettled;
           }));
}

std::vector<Warning> FileSource::warnings() const {
    auto all = warnings_;
    const auto is_empty = [](const File& file) { return file.state == State::Read && file.is_empty; };
    if (const auto first = std::ranges::find_if(files_, is_empty); first != files_.end()) {
        all.push_back({"file_empty",
                       fmt::format("{} is empty: it has neither a header nor rows", in_quotes(first->record.name)),
                       static_cast<std::uint64_t>(std::ranges::count_if(files_, is_empty))});
    }
    const auto taken = static_cast<std::uint64_t>(std::ranges::count(files_, State::Taken, &File::state));
    if (taken > 0) {
        const auto first = std::ranges::find(files_, State::Taken, &File::state);
        all.push_back({"file_taken_before",
                       fmt::format("{} was taken in before; `again: true` in the source or --again takes it once more",
                                   in_quotes(first->record.name)),
                       taken});
    }
    return all;
}

void FileSource::conclude_file(const Context& context, File& file) {
    const bool is_bad = file.state == State::Bad;
    const bool moves = is_bad ? !plan_.options.set_aside.empty() : plan_.options.after.action == AfterAction::Move;
    const bool goes = !is_bad && plan_.options.after.action == AfterAction::Delete;
    if (!moves && !goes) {
        return;
    }
    if (const auto now = transport_.stat(context, file.entry.path); !now || !is_same(*now, file.entry)) {
        warn("file_changed_since", fmt::format("{} {} after it had been read, so that it was left alone",
                                               in_quotes(file.entry.path), now ? "was written again" : "vanished"));
        return;
    }
    auto folder = is_bad ? plan_.options.set_aside : plan_.options.after.move;
    while (folder.size() > 1 && folder.ends_with('/')) {
        folder.pop_back();
    }
    if (moves) {
        transport_.make_folder(context, checked_path(folder));
        const auto to = free_name(context, transport_, file.entry.path, folder);
        transport_.rename(context, file.entry.path, to);
        file.record.moved_to = to;
        if (is_bad) {
            write_note(context, file);
        }
    } else {
        transport_.remove(context, file.entry.path);
    }
    if (const auto marker = marker_of(file.entry, plan_.options.settle); !marker.empty()) {
        transport_.remove(context, marker);
    }
    const auto manifest = own_manifest_of(file.entry, plan_.options.settle);
    if (manifest.empty() || !transport_.stat(context, manifest)) {
        return;
    }
    if (moves) {
        transport_.rename(context, manifest, free_name(context, transport_, manifest, folder));
    } else {
        transport_.remove(context, manifest);
    }
}

// The file itself is safe where it lies now; without its note it is only told in the waybill.
void FileSource::write_note(const Context& context, File& file) {
    const auto& moved_to = file.record.moved_to;
    try {
        auto& note = file.note;
        note.written = plan_.clock.now();
        note.file.moved_to = moved_to;
        DigestInput input(transport_.read(context, moved_to));
        read_to_end(context, input);
        note.file.bytes = input.bytes();
        note.file.sha256 = input.finish();
        PendingFile pending(transport_, plan_.publishing,
                            {.name = fmt::format("{}{}", moved_to, set_aside_note_ending),
                             .execution = plan_.request.execution,
                             .spool_folder = plan_.request.spool.folder});
        {
            const auto output = pending.open(context);
            output->write(context, as_bytes(to_json(note)));
            output->commit(context);
        }
        pending.complete(context);
        pending.publish(context);
    } catch (const Error& error) {
        warn("note_not_written",
             fmt::format("{} was set aside, but its note could not be written: {}", in_quotes(moved_to), error.what()));
    }
}

void FileSource::conclude(const Context& context) {
    if (!plan_.request.input.empty()) {
        return;  // a person's own file
    }
    for (auto& file : files_) {
        if (file.state != State::Read && file.state != State::Taken && file.state != State::Bad) {
            continue;
        }
        try {
            conclude_file(context, file);
        } catch (const Error& error) {
            warn("file_not_moved", error.what());
        }
    }
}

}  // namespace rowhaul
