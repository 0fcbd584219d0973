// SPDX-License-Identifier: Apache-2.0
#include "testing/servers/ftp_server.h"

#include <sys/stat.h>

namespace rowhaul::testing {

FtpServer::FtpServer() {
    ::chmod(folder_.path().c_str(), 0755);
    for (const auto* name : {"files", "state"}) {
        std::filesystem::create_directory(folder_.path() / name);
        give_to_server(folder_.path() / name);
    }
}

std::string FtpServer::log() const {
    std::string all = read_file(own("log"));
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "state")) {
        if (entry.is_regular_file()) {
            all += "\n" + entry.path().string() + ":\n" + read_file(entry.path());
        }
    }
    return all;
}

}  // namespace rowhaul::testing
