// SPDX-License-Identifier: Apache-2.0
// Brings one file of this machine to a connection as a run brings a file that lies complete here:
// compressed by the ending of its name, verified, renamed; and digested, if asked to be, which a run
// always does and other programs do not.
//
//     bench_file rowhaul.yaml CONNECTION FILE NAME [digests]
#include "app/components.h"
#include "base/identifier.h"
#include "io/compression.h"
#include "io/digest_stream.h"
#include "options/document.h"
#include "transport/local.h"
#include "transport/pending_file.h"
#include "transport/retry.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {
namespace {

enum class Digests : std::uint8_t { None, Taken };

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

void write_all(const Context& context, InputStream& input, std::unique_ptr<OutputStream> end, Compression method) {
    const auto output = compressing(std::move(end), {.method = method, .threads = 2});
    std::vector<std::byte> block(std::size_t{256} * 1024);
    while (const auto size = input.read(context, block)) {
        output->write(context, std::span(block).first(size));
    }
    output->commit(context);
}

void bring(const Destination& to, const std::string& file, const std::string& name, Digests digests) {
    const Context context;
    const auto input = open_here(context, file);
    PendingFile pending(*to.transport, to.publishing, {.name = name, .execution = new_identifier()});
    auto end = pending.open(context);
    if (digests == Digests::Taken) {
        end = std::make_unique<DigestStream>(std::move(end));
    }
    write_all(context, *input, std::move(end), compression_of(name));
    pending.complete(context);
    pending.publish(context);
}

}  // namespace
}  // namespace rowhaul

int main(int argc, char** argv) {
    const bool digested = argc == 6 && std::string_view(argv[5]) == "digests";
    if (argc != 5 && !digested) {
        std::fputs("usage: bench_file rowhaul.yaml CONNECTION FILE NAME [digests]\n", stderr);
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    try {
        rowhaul::bring(rowhaul::destination(argv[1], argv[2]), argv[3], argv[4],
                       digested ? rowhaul::Digests::Taken : rowhaul::Digests::None);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_file: %s\n", error.what());
        return 1;
    }
}
