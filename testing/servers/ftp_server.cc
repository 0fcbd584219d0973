// SPDX-License-Identifier: Apache-2.0
#include "testing/servers/ftp_server.h"

#include <sys/stat.h>
#include <unistd.h>

namespace rowhaul::testing {

namespace {

constexpr unsigned nobody = 65534;

void give_to_server(const std::filesystem::path& path) {
    if (::geteuid() == 0 && ::chown(path.c_str(), nobody, nobody) != 0) {
        throw std::runtime_error("cannot give " + path.string() + " to the server");
    }
}

}  // namespace

FtpServer::FtpServer() : port_(free_port()) {
    ::chmod(folder_.path().c_str(), 0755);
    for (const auto* name : {"files", "state"}) {
        std::filesystem::create_directory(folder_.path() / name);
        give_to_server(folder_.path() / name);
    }
}

std::string FtpServer::configure(std::string_view name, std::string_view content) const {
    const auto path = folder_.path() / name;
    write_file(path, content);
    ::chmod(path.c_str(), 0600);
    give_to_server(path);
    return path.string();
}

void FtpServer::start(const std::vector<std::string>& command, ProcessOptions options) {
    options.output = folder_ / "output";
    process_ = std::make_unique<Process>(command, options);
    wait_for_port(port_, *process_, options.output);
}

std::string FtpServer::log() const {
    std::string all = read_file(folder_ / "output");
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "state")) {
        if (entry.is_regular_file()) {
            all += "\n" + entry.path().string() + ":\n" + read_file(entry.path());
        }
    }
    return all;
}

}  // namespace rowhaul::testing
