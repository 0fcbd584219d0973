// SPDX-License-Identifier: Apache-2.0
// What the servers of the tests have in common: a real program, a free port of 127.0.0.1, a folder of
// its own. They run as "nobody" when the tests run as root, which most servers refuse to, else as
// the user of the tests; what they read and write must be given to that user.
#pragma once
#include "testing/process.h"
#include "testing/temporary_folder.h"

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul::testing {

class Server {
public:
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    int port() const { return port_; }
    Process& process() { return *process_; }

protected:
    Server() : port_(free_port()) {}
    ~Server() = default;

    static ProcessOptions as_server();
    static void give_to_server(const std::filesystem::path&);
    // A file or folder in the server's own folder.
    std::string own(std::string_view name) const { return folder_ / name; }
    // Writes one that only the server may read and write; its path.
    std::string configure(std::string_view name, std::string_view content) const;
    // Starts the program and waits until it listens; what it says goes to own("log").
    void launch(const std::vector<std::string>& command, ProcessOptions options = as_server());
    void end(int signal = SIGTERM);
    // Runs a command to its end; throws with its words when it fails.
    static void must_succeed(const std::vector<std::string>& command, const ProcessOptions& options = {});

    TemporaryFolder folder_;
    int port_;
    std::unique_ptr<Process> process_;
};

}  // namespace rowhaul::testing
