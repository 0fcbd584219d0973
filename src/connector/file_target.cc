// SPDX-License-Identifier: Apache-2.0
#include "connector/file_target.h"

#include "io/async_output.h"
#include "io/decompression.h"
#include "io/digest_stream.h"
#include "transport/path.h"
#include "transport/pending_file.h"

#include <fmt/format.h>
#include <optional>
#include <utility>

namespace rowhaul {

namespace {

// Where a test run's bytes end.
class Nowhere final : public OutputStream {
public:
    void write(const Context& context, std::span<const std::byte>) override { context.check(); }
    void commit(const Context&) override {}
};

// Tells how many bytes have gone by.
class Meter final : public OutputStream {
public:
    Meter(std::unique_ptr<OutputStream> inner, std::atomic<std::uint64_t>& bytes)
        : inner_(std::move(inner)), bytes_(bytes) {}
    void write(const Context& context, std::span<const std::byte> bytes) override {
        inner_->write(context, bytes);
        bytes_.fetch_add(bytes.size(), std::memory_order_relaxed);
    }
    void commit(const Context& context) override { inner_->commit(context); }

private:
    std::unique_ptr<OutputStream> inner_;
    std::atomic<std::uint64_t>& bytes_;
};

}  // namespace

// From the encoded bytes to the server. The pending file stands first, because it must outlive the
// streams that write into it.
struct FileTarget::Pipe {
    std::optional<PendingFile> file;  // none in a test run
    std::unique_ptr<OutputStream> entry;
    DigestStream* digest = nullptr;  // inside `entry`
};

// Counts, on our side, what the format accepted.
class FileTarget::CountingWriter final : public RowWriter {
public:
    CountingWriter(FileTarget& target, Rejects rejects) : target_(target), rejects_(std::move(rejects)) {
        writer_ = target_.plan_.format->writer(*target_.pipe_->entry, target_.schema_, [this](Reject reject) {
            ++rejected_;
            rejects_(std::move(reject));
        });
    }
    void write(const Context& context, const Batch& batch) override {
        const auto before = rejected_;
        writer_->write(context, batch);
        target_.rows_ += batch.rows() - (rejected_ - before);
    }
    void finish(const Context& context) override { writer_->finish(context); }

private:
    FileTarget& target_;
    Rejects rejects_;
    std::uint64_t rejected_ = 0;
    std::unique_ptr<RowWriter> writer_;
};

FileTarget::FileTarget(Transport& transport, Plan plan) : transport_(transport), plan_(std::move(plan)) {}

FileTarget::~FileTarget() = default;

Compression FileTarget::method() const {
    switch (plan_.options.compression) {
        case FileCompression::Automatic:
            return compression_of(plan_.name);
        case FileCompression::None:
            return Compression::None;
        case FileCompression::Gzip:
            return Compression::Gzip;
        case FileCompression::Zstd:
            return Compression::Zstd;
        case FileCompression::Bzip2:
            return Compression::Bzip2;
    }
    return Compression::None;
}

std::unique_ptr<OutputStream> FileTarget::compressed(std::unique_ptr<OutputStream> inner) const {
    CompressionOptions options{.method = method()};
    if (plan_.options.compression_level) {
        options.level = static_cast<int>(*plan_.options.compression_level);
    }
    return compressing(std::move(inner), options);
}

Schema FileTarget::columns(const Context& context) {
    if (!transport_.stat(context, plan_.name)) {
        return {};
    }
    try {
        const auto input = decompressing(context, transport_.read(context, plan_.name), plan_.format->archives(), {});
        const auto reader = plan_.format->reader(context, *input, {}, [](const Reject&) {});
        return reader->header().empty() ? Schema() : reader->schema();
    } catch (Error& error) {
        throw error.while_doing(plan_.name);
    }
}

void FileTarget::prepare(const Context& context, const Schema& schema) {
    schema_ = schema;
    pipe_ = std::make_unique<Pipe>();
    std::unique_ptr<OutputStream> end = std::make_unique<Nowhere>();
    if (plan_.request.mode == RunMode::Run) {
        pipe_->file.emplace(transport_, plan_.publishing,
                            PendingRequest{.name = plan_.name,
                                           .execution = plan_.request.execution,
                                           .if_exists = plan_.options.if_exists,
                                           .spool_folder = plan_.request.spool_folder});
        end = pipe_->file->open(context);
    } else {
        look_at_server(context);
    }
    auto digest = std::make_unique<DigestStream>(std::make_unique<Meter>(std::move(end), bytes_));
    pipe_->digest = digest.get();
    pipe_->entry = std::make_unique<AsyncOutput>(compressed(std::move(digest)));
}

// What a run would meet before its first byte: the server cannot be reached, the file is in the way.
void FileTarget::look_at_server(const Context& context) {
    const auto existing = transport_.stat(context, plan_.name);
    if (existing && plan_.options.if_exists == IfExists::Fail) {
        throw Error(ErrorKind::Conflict, fmt::format("{} exists already", in_quotes(plan_.name)))
            .advise("Choose `if_exists: replace` or `number`, or put {date} into the file's name.");
    }
}

std::unique_ptr<RowWriter> FileTarget::writer(const Context&, Rejects rejects) {
    return std::make_unique<CountingWriter>(*this, std::move(rejects));
}

Delivery FileTarget::complete(const Context& context) {
    pipe_->entry->commit(context);
    const auto digests = pipe_->digest->digests();
    record_ = {.name = plan_.name,
               .bytes = pipe_->digest->bytes(),
               .rows = rows_,
               .md5 = digests.md5,
               .sha256 = digests.sha256};
    pipe_->digest = nullptr;
    pipe_->entry.reset();
    Delivery delivery{.created = rows_};
    if (is_skipped()) {
        pipe_.reset();
        return delivery;
    }
    if (pipe_->file) {
        const std::array known{Checksum{HashAlgorithm::Md5, record_.md5},
                               Checksum{HashAlgorithm::Sha256, record_.sha256}};
        pipe_->file->complete(context, known);
    }
    delivery.files.push_back(record_);
    return delivery;
}

std::vector<FileRecord> FileTarget::publish(const Context& context) {
    if (is_skipped()) {
        return {};
    }
    if (!pipe_->file) {
        return {record_};
    }
    try {
        record_.name = pipe_->file->publish(context);
    } catch (const Error& error) {
        if (!pipe_->file->may_be_published()) {
            throw;
        }
        throw OutcomeUnknown(
            error, fmt::format("whether {} has its final name is not known: {}", in_quotes(plan_.name), error.what()));
    }
    return {record_};
}

}  // namespace rowhaul
