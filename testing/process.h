// SPDX-License-Identifier: Apache-2.0
// Child processes of a test: servers that run beside it, commands that run to their end.
#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace rowhaul::testing {

struct ProcessOptions {
    std::map<std::string, std::string> environment;     // added to the test's own
    std::filesystem::path working_folder;               // empty = the test's own
    std::filesystem::path output;                       // stdout and stderr go here; empty = /dev/null
    std::optional<std::pair<unsigned, unsigned>> user;  // uid and gid to drop to, when the test runs as root
};

// A process that is killed, by its own id, when this object goes; it also dies with the test.
class Process {
public:
    Process(const std::vector<std::string>& command, const ProcessOptions& options = {});
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    pid_t id() const { return id_; }
    void send(int signal);
    // Exit status as a shell reports it (128 + signal), or nothing when it still runs after `limit`.
    std::optional<int> wait(std::chrono::milliseconds limit);
    bool running() { return !wait(std::chrono::milliseconds(0)).has_value(); }
    // SIGTERM (or another), then SIGKILL when that did not help within 10 s.
    void stop(int signal = 15);

private:
    pid_t id_ = -1;
    std::optional<int> status_;
};

struct Outcome {
    int status = 0;
    std::string output;  // stdout
    std::string errors;  // stderr
};

// Runs a command to its end, killing it after `limit` (status 137).
Outcome run(const std::vector<std::string>& command, const ProcessOptions& options = {},
            std::chrono::milliseconds limit = std::chrono::minutes(2));

// The first of these that exists, from the system or unpacked in build/servers; throws with the
// package to install when there is none: a missing server fails a test, it never skips it.
std::string program(const std::vector<std::string>& candidates);

// A TCP port on 127.0.0.1 that nobody listens on now.
int free_port();
// Waits until something accepts connections on 127.0.0.1:port; throws, with the process's output
// file's content, when it ends or `limit` passes first.
void wait_for_port(int port, Process& process, const std::filesystem::path& output = {},
                   std::chrono::milliseconds limit = std::chrono::seconds(30));

}  // namespace rowhaul::testing
