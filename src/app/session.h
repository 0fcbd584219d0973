// SPDX-License-Identifier: Apache-2.0
// What every command shares: the options given everywhere, where results and messages go, the exit
// codes, and the signals that end a command.
#pragma once
#include "app/components.h"
#include "base/context.h"
#include "execution/executor.h"
#include "execution/project.h"
#include "store/store.h"

#include <boost/json/fwd.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace rowhaul {

enum class ExitCode : std::uint8_t {
    Succeeded = 0,  // or empty
    Failed = 1,
    Usage = 2,  // wrong usage or configuration
    Partial = 3,
    Empty = 4,  // with --fail-on-empty
    Guarded = 5,
    Cancelled = 130,
    Interrupted = 143,
};

enum class OutputForm : std::uint8_t { Table, Json };

// Given to every command.
struct GlobalOptions {
    std::filesystem::path file = "rowhaul.yaml";
    std::filesystem::path home;  // empty = .rowhaul beside the file
    OutputForm output = OutputForm::Table;
    std::string log_level = "warning";
};

class Session {
public:
    explicit Session(GlobalOptions options);

    const GlobalOptions& options() const { return options_; }
    const Catalog& catalog() const { return catalog_; }
    bool is_json() const { return options_.output == OutputForm::Json; }
    std::filesystem::path home() const;

    // Read at the first call; throws what is wrong with the configuration.
    const Project& project();
    Store& store();
    // Stops on Ctrl-C and SIGTERM; logs.
    Context context() const;
    // What a stop that was requested means.
    static RunOutcome stopped_as();

    // Results go to stdout, everything else to stderr.
    void print(std::string_view text) const;
    void print_json(const boost::json::value&) const;
    void report(const Error&) const;

private:
    GlobalOptions options_;
    Catalog catalog_;
    std::unique_ptr<Project> project_;
    std::unique_ptr<Store> store_;
};

// What went wrong and what would help, on stderr.
void complain(std::string_view message, std::string_view advice);

// The exit code of an error that ended a command.
ExitCode exit_code(const Error&);
ExitCode exit_code(RunOutcome);

// Diagnostics go to stderr from this level on. Called once.
void start_log(const std::string& level);

// Makes Ctrl-C and SIGTERM request a stop, a second Ctrl-C end the process; ignores SIGPIPE and SIGXFSZ.
void catch_signals();

}  // namespace rowhaul
