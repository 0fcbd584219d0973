// SPDX-License-Identifier: Apache-2.0
// Brings one file of this machine to a connection, through the streams that a run writes its files
// through: compressed by the ending of its name, digested, verified, renamed.
//
//     bench_file rowhaul.yaml CONNECTION FILE NAME
#include "app/components.h"
#include "base/identifier.h"
#include "io/async_output.h"
#include "io/compression.h"
#include "io/digest.h"
#include "options/document.h"
#include "transport/local.h"
#include "transport/pending_file.h"
#include "transport/retry.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

namespace rowhaul {
namespace {

struct Destination {
    std::unique_ptr<Transport> transport;
    PublishingOptions publishing;
};

Destination destination(const std::string& file, const std::string& connection) {
    Problems problems;
    const Node document = load_yaml(file, problems);
    const Node* connections = document.find("connections");
    const Node* section = connections == nullptr ? nullptr : connections->find(connection);
    const Node* type = section == nullptr ? nullptr : section->find("type");
    problems.throw_if_any();
    const auto catalog = components();
    for (const auto& known : catalog.transports()) {
        if (type != nullptr && known.info.type == type->text()) {
            const auto parsed = known.parse(*section, "connections." + connection, problems);
            problems.throw_if_any();
            return {std::make_unique<RetryTransport>(parsed.make(), RetryOptions{}), parsed.publishing};
        }
    }
    throw Error(ErrorKind::NotFound, file + " has no connection " + connection + " that holds files");
}

std::unique_ptr<InputStream> open_here(const Context& context, const std::filesystem::path& file) {
    LocalOptions options;
    options.folder = std::filesystem::absolute(file).parent_path();
    LocalTransport here(options);
    return here.read(context, file.filename().string(), 0);
}

FileDigests write_all(const Context& context, InputStream& input, std::unique_ptr<OutputStream> end,
                      Compression method) {
    auto digest = std::make_unique<DigestStream>(std::move(end));
    const auto& digests = digest->digests();
    AsyncOutput output(compressing(std::move(digest), {.method = method, .threads = 2}));
    std::vector<std::byte> block(std::size_t{256} * 1024);
    while (const auto size = input.read(context, block)) {
        output.write(context, std::span(block).first(size));
    }
    output.commit(context);
    return digests;
}

void bring(const Destination& to, const std::string& file, const std::string& name) {
    const Context context;
    const auto input = open_here(context, file);
    PendingFile pending(*to.transport, to.publishing, {.name = name, .execution = new_identifier()});
    const auto digests = write_all(context, *input, pending.open(context), compression_of(name));
    const std::array known{Checksum{Digest::Md5, digests.md5}, Checksum{Digest::Sha256, digests.sha256}};
    pending.complete(context, known);
    pending.publish(context);
}

}  // namespace
}  // namespace rowhaul

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fputs("usage: bench_file rowhaul.yaml CONNECTION FILE NAME\n", stderr);
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    try {
        rowhaul::bring(rowhaul::destination(argv[1], argv[2]), argv[3], argv[4]);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_file: %s\n", error.what());
        return 1;
    }
}
