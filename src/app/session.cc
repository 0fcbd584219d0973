// SPDX-License-Identifier: Apache-2.0
#include "app/session.h"

#include <atomic>
#include <boost/json.hpp>
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace rowhaul {

namespace {

std::atomic<int> caught_signal{0};

// Made before signals are caught and never destroyed: the handler may run at any time.
StopSignal& stop_signal() {
    static auto* const signal = new StopSignal;
    return *signal;
}

extern "C" void on_signal(int number) {
    if (caught_signal.exchange(number) == SIGINT && number == SIGINT) {
        ::_exit(static_cast<int>(ExitCode::Cancelled));
    }
    stop_signal().request();
}

spdlog::level::level_enum level_of(Level level) {
    switch (level) {
        case Level::Debug:
            return spdlog::level::debug;
        case Level::Info:
            return spdlog::level::info;
        case Level::Warning:
            return spdlog::level::warn;
        case Level::Error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

}  // namespace

void catch_signals() {
    stop_signal();
    struct sigaction action {};
    action.sa_handler = on_signal;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    // A file beyond the limit of `ulimit -f` is to be an error like a full disk, not our end.
    ::signal(SIGXFSZ, SIG_IGN);
}

void start_log(const std::string& level) {
    auto logger = spdlog::stderr_color_mt("rowhaul");
    logger->set_pattern("%^%Y-%m-%d %H:%M:%S %l%$ %v");
    logger->set_level(spdlog::level::from_str(level));
    spdlog::set_default_logger(std::move(logger));
}

Session::Session(GlobalOptions options) : options_(std::move(options)), catalog_(components()) {
    options_.file = std::filesystem::absolute(options_.file);
    if (!options_.home.empty()) {
        options_.home = std::filesystem::absolute(options_.home);
    }
}

std::filesystem::path Session::home() const {
    return options_.home.empty() ? options_.file.parent_path() / ".rowhaul" : options_.home;
}

const Project& Session::project() {
    if (!project_) {
        if (!std::filesystem::exists(options_.file)) {
            throw Error(ErrorKind::NotFound, fmt::format("there is no file {}", options_.file.string()))
                .advise("Name the configuration with --file; `rowhaul demo` makes a sample one.");
        }
        // Names of files in the configuration are meant from where it lies.
        std::filesystem::current_path(options_.file.parent_path());
        project_ = std::make_unique<Project>(options_.file, catalog_);
    }
    return *project_;
}

Store& Session::store() {
    if (!store_) {
        store_ = std::make_unique<Store>(home());
    }
    return *store_;
}

Context Session::context() const {
    Context context;
    context.stop = &stop_signal();
    context.log = [](Level level, std::string_view message) { spdlog::log(level_of(level), "{}", message); };
    return context;
}

RunOutcome Session::stopped_as() {
    return caught_signal == SIGTERM ? RunOutcome::Interrupted : RunOutcome::Cancelled;
}

void Session::print(std::string_view text) const {
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (std::fflush(stdout) != 0) {
        throw Error(ErrorKind::Exhausted, "cannot write the result to the standard output");
    }
}

void Session::print_json(const boost::json::value& value) const {
    print(boost::json::serialize(value) + "\n");
}

void Session::report(const Error& error) const {
    if (is_json()) {
        const boost::json::object problem{{"kind", boost::json::string_view(name_of(error.kind()))},
                                          {"message", error.what()},
                                          {"advice", error.advice()}};
        const auto text = boost::json::serialize(boost::json::object{{"error", problem}}) + "\n";
        std::fwrite(text.data(), 1, text.size(), stdout);
    }
    complain(error.what(), error.advice());
}

void complain(std::string_view message, std::string_view advice) {
    fmt::print(stderr, "rowhaul: {}\n", message);
    if (!advice.empty()) {
        fmt::print(stderr, "  {}\n", advice);
    }
}

ExitCode exit_code(const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) {
        return exit_code(Session::stopped_as());
    }
    return ExitCode::Failed;
}

ExitCode exit_code(RunOutcome outcome) {
    switch (outcome) {
        case RunOutcome::Succeeded:
        case RunOutcome::Empty:
            return ExitCode::Succeeded;
        case RunOutcome::Partial:
            return ExitCode::Partial;
        case RunOutcome::Failed:
            return ExitCode::Failed;
        case RunOutcome::Cancelled:
            return ExitCode::Cancelled;
        case RunOutcome::Interrupted:
            return ExitCode::Interrupted;
    }
    return ExitCode::Failed;
}

}  // namespace rowhaul
