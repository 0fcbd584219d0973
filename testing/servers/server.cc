// SPDX-License-Identifier: Apache-2.0
#include "testing/servers/server.h"

#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace rowhaul::testing {

namespace {

// Debian's "nobody": no other user surely exists.
constexpr unsigned nobody = 65534;

}  // namespace

ProcessOptions Server::as_server() {
    ProcessOptions options;
    if (::geteuid() == 0) {
        options.user = {nobody, nobody};
    }
    return options;
}

void Server::give_to_server(const std::filesystem::path& path) {
    if (::geteuid() == 0 && ::chown(path.c_str(), nobody, nobody) != 0) {
        throw std::runtime_error("cannot give " + path.string() + " to the server");
    }
}

std::string Server::configure(std::string_view name, std::string_view content) const {
    auto path = own(name);
    write_file(path, content);
    ::chmod(path.c_str(), 0600);
    give_to_server(path);
    return path;
}

void Server::launch(const std::vector<std::string>& command, ProcessOptions options) {
    // Made by us, so that the server can write to it as another user.
    options.output = configure("log", "");
    process_ = std::make_unique<Process>(command, options);
    wait_for_port(port_, *process_, options.output);
}

void Server::end(int signal) {
    if (process_) {
        process_->stop(signal);
        process_.reset();
    }
}

void Server::must_succeed(const std::vector<std::string>& command, const ProcessOptions& options) {
    const auto outcome = run(command, options);
    if (outcome.status != 0) {
        throw std::runtime_error(command.front() + " failed: " + outcome.output + outcome.errors);
    }
}

}  // namespace rowhaul::testing
