// SPDX-License-Identifier: Apache-2.0
// A file on a transport as a target: rows are encoded on the caller's thread; compressed, digested
// and sent on others; under the final name only when complete.
#pragma once
#include "connector/connection.h"
#include "format/format.h"
#include "io/compression.h"
#include "options/options.h"
#include "transport/publishing.h"
#include "transport/transport.h"

#include <array>
#include <atomic>
#include <memory>
#include <string>

namespace rowhaul {

enum class FileCompression : std::uint8_t { Automatic, None, Gzip, Zstd, Bzip2 };
template <>
struct EnumChoices<FileCompression> {
    static constexpr std::array<Choice, 5> list{{{"automatic", "By the ending of the file's name: .gz, .zst, .bz2."},
                                                 {"none", "Not compressed, whatever the name."},
                                                 {"gzip", "As gzip does."},
                                                 {"zstd", "As zstd does."},
                                                 {"bzip2", "As bzip2 does."}}};
};

enum class OnEmpty : std::uint8_t { Header, Skip };
template <>
struct EnumChoices<OnEmpty> {
    static constexpr std::array<Choice, 2> list{
        {{"header", "A file with the header alone."}, {"skip", "No file, and an older one stays."}}};
};

struct FileTargetOptions {
    std::string file;
    FileCompression compression = FileCompression::Automatic;
    std::optional<std::int64_t> compression_level;
    IfExists if_exists = IfExists::Replace;
    OnEmpty on_empty = OnEmpty::Header;

    static constexpr auto spec = [] {
        return options(option("file", &FileTargetOptions::file,
                              "Name of the file below the connection's folder, with {mapping}, {date}, {date:%Y%m%d}, "
                              "{execution} and {sequence}.")
                           .required()
                           .example("{mapping}_{date}.csv"),
                       option("compression", &FileTargetOptions::compression, "How the file is compressed."),
                       option("compression_level", &FileTargetOptions::compression_level,
                              "How hard the compression tries; each has its usual default.")
                           .range(1, 19)
                           .advanced(),
                       option("if_exists", &FileTargetOptions::if_exists, "What becomes of a file of this name."),
                       option("on_empty", &FileTargetOptions::on_empty, "What is written when there are no rows."));
    }();
};

class FileTarget final : public Target {
public:
    struct Plan {
        FileTargetOptions options;
        std::string name;  // placeholders filled in
        std::unique_ptr<Format> format;
        PublishingOptions publishing;
        TargetRequest request;
    };
    // `transport` must outlive this and is not used by others between prepare() and complete().
    FileTarget(Transport& transport, Plan plan);
    ~FileTarget() override;

    std::string object() const override { return plan_.name; }
    // Those of the file that lies there under this name, as its header tells them.
    Schema columns(const Context&) override;
    void prepare(const Context&, const Schema&) override;
    std::unique_ptr<RowWriter> writer(const Context&, Rejects) override;
    Delivery complete(const Context&) override;
    std::vector<FileRecord> publish(const Context&) override;
    std::uint64_t bytes() const override { return bytes_.load(std::memory_order_relaxed); }

private:
    class CountingWriter;
    struct Pipe;

    void look_at_server(const Context&);
    Compression method() const;
    std::unique_ptr<OutputStream> compressed(std::unique_ptr<OutputStream> inner) const;
    bool is_skipped() const { return rows_ == 0 && plan_.options.on_empty == OnEmpty::Skip; }

    Transport& transport_;
    Plan plan_;
    Schema schema_;
    std::unique_ptr<Pipe> pipe_;
    std::atomic<std::uint64_t> bytes_{0};
    std::uint64_t rows_ = 0;
    FileRecord record_;
};

}  // namespace rowhaul
