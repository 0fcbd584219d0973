// SPDX-License-Identifier: Apache-2.0
#include "testing/process.h"

#include "testing/temporary_folder.h"

#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace rowhaul::testing {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

struct Streams {
    std::string output = "/dev/null";
    std::string errors = "/dev/null";
};

// Runs in the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* arguments, const std::vector<std::string>& environment,
                         const ProcessOptions& options, const Streams& streams) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int input = ::open("/dev/null", O_RDONLY);
    const int output = ::open(streams.output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    const int errors = ::open(streams.errors.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(input, 0);
    ::dup2(output, 1);
    ::dup2(errors, 2);
    if (!options.working_folder.empty() && ::chdir(options.working_folder.c_str()) != 0) {
        ::_exit(126);
    }
    if (options.user && ::geteuid() == 0) {
        const gid_t group = options.user->second;
        if (::setgroups(1, &group) != 0 || ::setgid(group) != 0 || ::setuid(options.user->first) != 0) {
            ::_exit(126);
        }
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a change of user clears it
    }
    for (const auto& entry : environment) {
        ::putenv(const_cast<char*>(entry.c_str()));
    }
    ::execvp(arguments[0], arguments);
    ::_exit(127);
}

pid_t start(const std::vector<std::string>& command, const ProcessOptions& options, const Streams& streams) {
    std::vector<char*> arguments;
    for (const auto& word : command) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    std::vector<std::string> environment;
    for (const auto& [name, value] : options.environment) {
        environment.push_back(name + "=" + value);
    }
    const pid_t id = ::fork();
    if (id < 0) {
        throw std::runtime_error("fork failed");
    }
    if (id == 0) {
        become(arguments.data(), environment, options, streams);
    }
    return id;
}

std::optional<int> reap(pid_t id, milliseconds limit) {
    const auto give_up = Clock::now() + limit;
    while (true) {
        int status = 0;
        const pid_t ended = ::waitpid(id, &status, WNOHANG);
        if (ended == id) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        if (Clock::now() >= give_up) {
            return {};
        }
        std::this_thread::sleep_for(milliseconds(5));
    }
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const ProcessOptions& options) {
    Streams streams;
    if (!options.output.empty()) {
        streams.output = streams.errors = options.output.string();
    }
    id_ = start(command, options, streams);
}

Process::~Process() {
    stop(SIGTERM);
}

void Process::send(int signal) {
    if (!status_) {
        ::kill(id_, signal);
    }
}

std::optional<int> Process::wait(milliseconds limit) {
    if (!status_) {
        status_ = reap(id_, limit);
    }
    return status_;
}

void Process::stop(int signal) {
    if (status_) {
        return;
    }
    ::kill(id_, signal);
    if (!wait(std::chrono::seconds(10))) {
        ::kill(id_, SIGKILL);
        wait(std::chrono::seconds(10));
    }
}

Outcome run(const std::vector<std::string>& command, const ProcessOptions& options, milliseconds limit) {
    const TemporaryFolder folder;
    const Streams streams{folder / "output", folder / "errors"};
    const pid_t id = start(command, options, streams);
    auto status = reap(id, limit);
    if (!status) {
        ::kill(id, SIGKILL);
        status = reap(id, std::chrono::seconds(10));
    }
    return {status.value_or(137), read_file(streams.output), read_file(streams.errors)};
}

std::string program(const std::vector<std::string>& candidates) {
    const std::filesystem::path unpacked = std::filesystem::path(ROWHAUL_SOURCE_DIR) / "build/servers";
    for (const auto& candidate : candidates) {
        for (const auto& path :
             {std::filesystem::path(candidate), unpacked / candidate.substr(candidate.find_first_not_of('/'))}) {
            if (std::filesystem::exists(path)) {
                return path.string();
            }
        }
    }
    throw std::runtime_error("missing program " + candidates.front() + ": run tools/install_packages test");
}

int free_port() {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool bound = ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(descriptor);
    if (!bound) {
        throw std::runtime_error("no free port");
    }
    return ntohs(address.sin_port);
}

void wait_for_port(int port, Process& process, const std::filesystem::path& output, milliseconds limit) {
    const auto give_up = Clock::now() + limit;
    while (true) {
        const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        const bool connected = ::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        ::close(descriptor);
        if (connected) {
            return;
        }
        if (!process.running() || Clock::now() >= give_up) {
            throw std::runtime_error("server did not come up on port " + std::to_string(port) + ": " +
                                     (output.empty() ? "" : read_file(output)));
        }
        std::this_thread::sleep_for(milliseconds(20));
    }
}

}  // namespace rowhaul::testing
