// SPDX-License-Identifier: Apache-2.0
// The command line.
#include "app/commands.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>
#include <functional>

namespace rowhaul {
namespace {

// The parsed command line: the chosen command, ready to run.
struct CommandLine {
    GlobalOptions global;
    std::function<ExitCode(Session&)> command;

    std::string name;
    std::string object;
    std::string cause = "command";
    std::uint32_t limit = 20;
    bool fail_on_empty = false;
    bool rejects = false;
    bool only_test = false;
    bool again = false;
    bool suggest = false;
    std::filesystem::path input;
    std::optional<std::int64_t> max_delete;
    std::string since;
    std::string until;
    std::string chunk;
    std::vector<std::string> parameters;
    std::filesystem::path folder;
    MapRequest map;
    MarksRequest marks;
};

// Names of files are meant from where the command is given.
void make_absolute(std::filesystem::path& file) {
    if (!file.empty()) {
        file = std::filesystem::absolute(file);
    }
}

void add_global_options(CLI::App& app, CommandLine& line) {
    app.add_option("-f,--file", line.global.file, "The configuration")->capture_default_str();
    app.add_option("--home", line.global.home, "Folder for state: history, waybills [.rowhaul beside the file]");
    app.add_option_function<std::string>(
           "--output",
           [&line](const std::string& form) {
               line.global.output = form == "json" ? OutputForm::Json : OutputForm::Table;
           },
           "How results are written")
        ->check(CLI::IsMember({"table", "json"}))
        ->default_str("table");
    app.add_option("--log-level", line.global.log_level, "What is told on stderr")
        ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
        ->capture_default_str();
}

void add_run_commands(CLI::App& app, CommandLine& line) {
    const auto hauling = [&](const char* command, const char* help, RunMode mode) {
        auto* sub = app.add_subcommand(command, help);
        sub->add_option("name", line.name, "Mapping or task")->required();
        sub->add_flag("--fail-on-empty", line.fail_on_empty, "Exit code 4 when there is nothing to move");
        sub->add_option("--max-delete", line.max_delete,
                        "How many records may be deleted or marked this once, whatever `max_delete` says")
            ->check(CLI::NonNegativeNumber);
        sub->add_option("--since", line.since,
                        "Reads rows from this value of the cursor on, this once; of a mapping with `read: new`");
        sub->add_option("--until", line.until, "Reads rows up to this value of the cursor, this once");
        if (mode == RunMode::Run) {
            sub->add_option("--chunk", line.chunk,
                            "Runs what lies between --since and --until in pieces of this length, each for itself, as "
                            "in 1d or 100000; the same command goes on where it broke off");
        }
        sub->add_option("--input", line.input, "Reads this file of this machine instead of the source's")
            ->check(CLI::ExistingFile);
        sub->add_flag("--again", line.again, "Also reads files that were taken in before");
        sub->add_option("--with", line.parameters, "A value for :NAME in expressions, as NAME=VALUE; may be repeated")
            ->check([](const std::string& text) {
                return text.find('=') == 0 || text.find('=') == std::string::npos ? "must be NAME=VALUE" : "";
            });
        sub->callback([&line, mode] {
            make_absolute(line.input);
            line.command = [&line, mode](Session& session) {
                RunRequest request{.name = line.name,
                                   .mode = mode,
                                   .input = line.input,
                                   .again = line.again,
                                   .max_delete = line.max_delete,
                                   .since = line.since,
                                   .until = line.until,
                                   .chunk = line.chunk};
                for (const auto& parameter : line.parameters) {
                    const auto sign = parameter.find('=');
                    request.parameters[parameter.substr(0, sign)] = parameter.substr(sign + 1);
                }
                return run_haul(session, request, line.fail_on_empty ? FailOnEmpty::Yes : FailOnEmpty::No);
            };
        });
    };
    hauling("test", "What a run would do: counts and samples; changes nothing", RunMode::Test);
    hauling("run", "Runs a mapping or task", RunMode::Run);

    auto* undo = app.add_subcommand("undo", "Gives back what an execution changed in a table, all of it or nothing");
    undo->add_option("execution", line.name, "The execution, or the beginning of its id")->required();
    undo->add_flag("--test", line.only_test, "What it would do; changes nothing");
    undo->callback([&line] {
        line.command = [&line](Session& session) {
            return run_undo(session, {.execution = line.name, .mode = line.only_test ? RunMode::Test : RunMode::Run});
        };
    });

    auto* waybill =
        app.add_subcommand("waybill", "What became of every row of an execution; of the latest if not given");
    waybill->add_option("execution", line.name, "The execution, or the beginning of its id");
    waybill->add_flag("--rejects", line.rejects,
                      "Every rejected row, as CSV that can be corrected and brought in with run --input");
    waybill->callback([&line] {
        line.command = [&line](Session& session) {
            return run_waybill(session, line.name, line.rejects ? WaybillPart::RejectList : WaybillPart::Whole);
        };
    });

    auto* marks = app.add_subcommand(
        "marks", "What is known of a mapping's records in its targets, or of one record in those of all mappings");
    auto* mapping = marks->add_option("mapping", line.marks.mapping, "Name of the mapping");
    marks->add_option("key", line.marks.key, "The record's key; of several fields with \", \" between them");
    auto* record = marks
                       ->add_option("--record", line.marks.record,
                                    "The record with this key, wherever a mapping brought it; instead of a mapping")
                       ->excludes(mapping);
    marks->add_option("--source", line.marks.source, "Only mappings that read from this connection; with --record")
        ->needs(record);
    marks->add_option("--status", line.marks.status, "Only records of this status")
        ->check(CLI::IsMember({"succeeded", "failed", "skipped", "absent"}));
    line.marks.at_most = 100;
    marks->add_option("--limit", line.marks.at_most, "How many at most")->capture_default_str();
    marks->callback([&line] { line.command = [&line](Session& session) { return run_marks(session, line.marks); }; });

    auto* history = app.add_subcommand("history", "Past executions, latest first");
    history->add_option("name", line.name, "Mapping or task; all if not given");
    history->add_option("--limit", line.limit, "How many at most")->capture_default_str();
    history->callback(
        [&line] { line.command = [&line](Session& session) { return run_history(session, line.name, line.limit); }; });
}

void add_look_commands(CLI::App& app, CommandLine& line) {
    auto* check = app.add_subcommand("check", "Every step of reaching a connection, as a run would");
    check->add_option("connection", line.name, "Name of the connection")->required();
    check->callback([&line] { line.command = [&line](Session& session) { return run_check(session, line.name); }; });

    auto* browse = app.add_subcommand("browse", "What a connection holds: tables, columns, first rows, files");
    browse->add_option("connection", line.name, "Name of the connection")->required();
    browse->add_option("object", line.object, "Table, folder or file");
    browse->callback(
        [&line] { line.command = [&line](Session& session) { return run_browse(session, line.name, line.object); }; });

    auto* map = app.add_subcommand("map", "Proposes the fields of a mapping, as YAML; changes nothing");
    map->add_option("mapping", line.map.mapping, "Name of the mapping")->required();
    map->add_flag("--suggest", line.suggest, "Finds a column of the source for each one that the target wants, by name")
        ->required();
    auto* named = map->add_option("--target-columns", line.map.target_columns,
                                  "Columns that the target wants, with commas between them")
                      ->delimiter(',');
    map->add_option("--like", line.map.like, "A file of this machine that has the columns that the target wants")
        ->check(CLI::ExistingFile)
        ->excludes(named);
    map->add_option("--input", line.map.input, "Reads this file of this machine instead of the source's")
        ->check(CLI::ExistingFile);
    map->callback([&line] {
        make_absolute(line.map.like);
        make_absolute(line.map.input);
        line.command = [&line](Session& session) { return run_map(session, line.map); };
    });

    app.add_subcommand("validate", "Checks the configuration; reaches nothing")->callback([&line] {
        line.command = [](Session& session) { return run_validate(session); };
    });
    app.add_subcommand("schema", "JSON Schema of the configuration")->callback([&line] {
        line.command = [](Session& session) { return run_schema(session); };
    });

    auto* reference =
        app.add_subcommand("reference", "Options of every connection, format and part of the configuration");
    reference->add_option("component", line.name, "sftp, csv, task, ...; a list of all if not given");
    auto* write = reference->add_option("--write", line.folder, "Writes all pages into this folder instead");
    reference->callback([&line, write] {
        line.command = [&line, write](Session& session) {
            return run_reference(session, line.name, write->count() > 0 ? std::optional(line.folder) : std::nullopt);
        };
    });
}

void add_demo(CLI::App& app, CommandLine& line) {
    auto* demo = app.add_subcommand("demo", "A sample company, run from end to end; no server needed");
    line.folder = "rowhaul-demo";
    demo->add_option("--folder", line.folder, "Where the sample is made")->capture_default_str();
    demo->callback([&line] { line.command = [&line](Session&) { return run_demo(line.folder, line.global); }; });
}

// An error in what was asked for, rather than in what happened.
bool is_about_configuration(const Error& error) {
    return error.kind() == ErrorKind::Invalid || error.kind() == ErrorKind::NotFound;
}

int run(int argc, char** argv) {
    CommandLine line;
    CLI::App app("Moves rows between databases and files on servers, and accounts for every one of them.", "rowhaul");
    app.set_version_flag("--version", std::string("rowhaul ") + ROWHAUL_VERSION);
    app.require_subcommand(0, 1);
    app.fallthrough();
    add_global_options(app, line);
    add_demo(app, line);
    add_look_commands(app, line);
    add_run_commands(app, line);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : static_cast<int>(ExitCode::Usage);
    }
    if (!line.command) {
        fmt::print("{}", app.help());
        return static_cast<int>(ExitCode::Usage);
    }
    catch_signals();
    start_log(line.global.log_level);
    Session session(line.global);
    try {
        return static_cast<int>(line.command(session));
    } catch (const Error& error) {
        session.report(error);
        // Once a run is on its way, its failures are outcomes; what is thrown was wrong before.
        return static_cast<int>(is_about_configuration(error) ? ExitCode::Usage : exit_code(error));
    }
}

}  // namespace
}  // namespace rowhaul

int main(int argc, char** argv) {
    try {
        return rowhaul::run(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "rowhaul: {}\n", error.what());
        return static_cast<int>(rowhaul::ExitCode::Failed);
    }
}
