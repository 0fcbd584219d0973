// SPDX-License-Identifier: Apache-2.0
#include "connector/file_connection.h"

#include "base/identifier.h"
#include "connector/file_name.h"
#include "connector/file_source.h"
#include "connector/file_target.h"
#include "connector/rejects_file.h"
#include "format/sniffed_rows.h"
#include "io/decompression.h"
#include "io/digest.h"
#include "transport/leftovers.h"
#include "transport/local.h"
#include "transport/path.h"
#include "transport/pending_file.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <ranges>
#include <vector>

namespace rowhaul {

namespace {

std::string sha256_of(const Context& context, InputStream& input) {
    Hash hash(HashAlgorithm::Sha256);
    std::vector<std::byte> block(256 * 1024);
    while (const auto size = input.read(context, block)) {
        hash.update(std::span(block).first(size));
    }
    return hash.finish();
}

}  // namespace

FileConnection::FileConnection(const Catalog& catalog, const TransportType::Parsed& transport)
    : catalog_(catalog),
      publishing_(transport.publishing),
      transport_(std::make_unique<RetryTransport>(transport.make(), catalog.retries())) {}

std::unique_ptr<Source> FileConnection::source(const Node& section, std::string_view path, const SourceRequest& request,
                                               Problems& problems) {
    const auto before = problems.size();
    FileSource::Plan plan{.options = {}, .format = nullptr, .publishing = publishing_, .request = request};
    plan.options = parse<FileSourceOptions>(with_long_forms(section), path, problems, {"connection", "format"});
    plan.format = catalog_.format(section.find("format"), fmt::format("{}.format", path), problems);
    if (problems.size() != before) {
        return nullptr;
    }
    if (!request.input.empty()) {
        LocalOptions here;
        here.folder = request.input.parent_path().string();
        plan.own_transport = std::make_unique<LocalTransport>(here);
        plan.options = {.file = request.input.filename().string()};
    }
    return std::make_unique<FileSource>(*transport_, std::move(plan));
}

std::unique_ptr<Target> FileConnection::target(const Node& section, std::string_view path, const TargetRequest& request,
                                               Problems& problems) {
    const auto before = problems.size();
    FileTarget::Plan plan{.publishing = publishing_, .request = request};
    plan.options = parse<FileTargetOptions>(section, path, problems, {"connection", "format"});
    plan.format = catalog_.format(section.find("format"), fmt::format("{}.format", path), problems);
    if (problems.size() != before) {
        return nullptr;
    }
    try {
        plan.name = file_name(plan.options.file, {.mapping = request.mapping,
                                                  .execution = request.execution,
                                                  .sequence = request.sequence,
                                                  .created = request.created,
                                                  .zone = request.zone});
    } catch (const Error& error) {
        problems.add(section.find("file")->position(), fmt::format("{}.file", path),
                     fmt::format("{}{}{}", error.what(), error.advice().empty() ? "" : ". ", error.advice()));
        return nullptr;
    }
    return std::make_unique<FileTarget>(*transport_, std::move(plan));
}

void FileConnection::check(const Context& context) {
    std::size_t entries = 0;
    transport_->list(context, "", [&](const Entry&) { return ++entries < 10'000; });
    context.step("list folder", fmt::format("{} entries", entries));

    // The way of a run, with a file that no partner's pattern matches.
    const std::string content = "rowhaul check\n";
    const auto execution = new_identifier();
    const auto name = fmt::format(".rowhaul-check-{}", execution);
    PendingFile file(*transport_, publishing_,
                     {.name = name, .execution = execution, .spool_folder = std::filesystem::temp_directory_path()});
    {
        const auto output = file.open(context);
        output->write(context, as_bytes(content));
        output->commit(context);
    }
    Hash hash(HashAlgorithm::Sha256);
    hash.update(as_bytes(content));
    Hash short_hash(HashAlgorithm::Md5);
    short_hash.update(as_bytes(content));
    const std::array digests{Checksum{HashAlgorithm::Sha256, hash.finish()},
                             Checksum{HashAlgorithm::Md5, short_hash.finish()}};
    file.complete(context, digests);
    context.step("write", fmt::format("{} bytes", content.size()));
    file.publish(context);
    context.step(publishing_.rename ? "rename" : "upload under the final name", name);
    std::array<std::byte, 64> block{};
    const auto input = transport_->read(context, name);
    std::string back;
    while (const auto size = input->read(context, block)) {
        back += as_text(std::span(block).first(size));
    }
    if (back != content) {
        throw Error(ErrorKind::Conflict, fmt::format("{} came back with {} bytes instead of {}", in_quotes(name),
                                                     back.size(), content.size()));
    }
    context.step("read", fmt::format("{} bytes", back.size()));
    transport_->remove(context, name);
    context.step("remove", name);
}

Contents FileConnection::browse(const Context& context, std::string_view object) {
    Contents contents;
    const auto entry = object.empty() ? std::nullopt : transport_->stat(context, object);
    if (!object.empty() && !entry) {
        throw Error(ErrorKind::NotFound, fmt::format("there is no file or folder {}", in_quotes(object)));
    }
    const auto take = [&](const Entry& found) {
        contents.holdings.push_back({.name = found.path,
                                     .kind = found.is_folder ? "folder" : "file",
                                     .bytes = found.size,
                                     .modified = found.modified});
        return true;
    };
    if (entry && !entry->is_folder) {
        take(*entry);
        look_into(context, *entry, contents);
        return contents;
    }
    transport_->list(context, object, take);
    std::ranges::sort(contents.holdings, {}, &Holding::name);
    return contents;
}

void FileConnection::look_into(const Context& context, const Entry& entry, Contents& contents) {
    try {
        auto raw = transport_->read(context, entry.path);
        PeekedInput file(decompressing(context, std::move(raw), ZipArchives::AllButDocuments, {}));
        const auto first_bytes = file.peek(context, Format::sniffed_bytes);
        Problems problems;
        // Any text can be CSV, the first of them; the others know their own.
        for (const auto& known : std::views::reverse(catalog_.formats())) {
            const auto format = known.parse(Node::map(), "", problems);
            if (auto sniffed = format->sniff(context, first_bytes)) {
                if (sniffed->schema.empty()) {
                    const auto reader = format->reader(context, file, {}, [](const Reject&) {});
                    sniffed = sniffed_rows(context, std::move(sniffed->format), *reader);
                }
                contents.schema = std::move(sniffed->schema);
                contents.rows = std::move(sniffed->rows);
                contents.format = std::move(sniffed->format);
                return;
            }
        }
    } catch (Error& error) {
        throw error.while_doing(entry.path);
    }
}

void FileConnection::clean_up(const Context& context, const std::string& execution,
                              const std::vector<FileRecord>& files) {
    for (const auto& file : files) {
        remove_leftovers(context, *transport_, publishing_, execution, file.name);
    }
}

bool FileConnection::has_arrived(const Context& context, const InterruptedDelivery& delivery) {
    const auto is_there = [&](const FileRecord& file) {
        const auto entry = transport_->stat(context, file.name);
        if (!entry || entry->size != file.bytes) {
            return false;
        }
        const auto input = transport_->read(context, file.name);
        return sha256_of(context, *input) == file.sha256;
    };
    return !delivery.files.empty() && std::ranges::all_of(delivery.files, is_there);
}

}  // namespace rowhaul
