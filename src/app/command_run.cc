// SPDX-License-Identifier: Apache-2.0
// run, test, undo, waybill, history.
#include "app/commands.h"
#include "app/progress_line.h"
#include "app/text_table.h"
#include "app/waybill_text.h"
#include "connector/rejects_file.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>

namespace rowhaul {

namespace {

namespace json = boost::json;

// Whether both go to one terminal, file or pipe, where what stands on one is seen beside the other.
bool same_destination(int one, int other) {
    struct stat first {};
    struct stat second {};
    return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

// Shows progress while a mapping runs and its waybill when it has ended. Why it did not arrive is told
// on stderr, too, unless the waybill is seen there anyway: a cron job's stdout often ends in a file.
class RunDisplay final : public RunObserver {
public:
    explicit RunDisplay(const Session& session) : session_(session) {}
    void started(const RunningMapping& running) override { progress_.started(running); }
    void waiting() override { progress_.waiting(); }
    void ended(const Waybill& waybill) override {
        print(waybill);
        if (!waybill.message.empty() && !same_destination(STDOUT_FILENO, STDERR_FILENO)) {
            complain(fmt::format("{} {}: {}", waybill.mapping, name_of(waybill.outcome), waybill.message),
                     waybill.advice);
        }
    }
    // Throws why a waybill could not be shown.
    void expect_shown() const {
        if (failure_) {
            throw Error(*failure_);
        }
    }

private:
    void print(const Waybill& waybill) {
        if (session_.is_json() || failure_) {
            return;
        }
        try {
            const bool is_one_of_many = waybill.chunk.number != 0 && has_arrived(waybill.outcome);
            session_.print(is_one_of_many ? chunk_text(waybill) : waybill_text(waybill) + "\n");
        } catch (const Error& error) {
            failure_ = error;  // nobody listens any more, but the rows are to arrive all the same
        }
    }

    const Session& session_;
    std::optional<Error> failure_;
    ProgressLine progress_;
};

json::object backfill_json(const RunResult& result) {
    const auto& backfill = *result.backfill;
    const auto last = result.waybills.empty() ? Waybill() : result.waybills.front();
    const auto or_null = [](const std::string& text) {
        return text.empty() ? json::value(nullptr) : json::value(json::string(text));
    };
    return {{"mapping", backfill.mapping},
            {"outcome", json::string_view(name_of(result.outcome))},
            {"chunks", json::object{{"done", backfill.done}, {"of", backfill.of}}},
            {"rows", json::parse(to_json(backfill.rows))},
            {"executions", json::value_from(backfill.executions)},
            {"message", or_null(last.message)},
            {"advice", or_null(last.advice)}};
}

std::string backfill_text(const RunResult& result) {
    const auto& backfill = *result.backfill;
    const auto of = backfill.of == 0 ? "" : fmt::format(" of {}", with_thousands(backfill.of));
    auto text = fmt::format("{}  {}  {}{} chunks  {}\n", backfill.mapping, name_of(result.outcome),
                            with_thousands(backfill.done), of, accounts_text(backfill.rows));
    if (!has_arrived(result.outcome) && backfill.done > 0) {
        text += fmt::format("The same command goes on with chunk {}.\n", backfill.done + 1);
    }
    return text;
}

json::value result_json(const RunResult& result, bool is_task) {
    if (result.backfill) {
        return backfill_json(result);
    }
    if (!is_task) {
        return json::parse(to_json(result.waybills.front()));
    }
    json::array waybills;
    for (const auto& waybill : result.waybills) {
        waybills.push_back(json::parse(to_json(waybill)));
    }
    return json::object{{"execution", result.execution},
                        {"outcome", json::string_view(name_of(result.outcome))},
                        {"waybills", std::move(waybills)}};
}

json::object execution_json(const ExecutionRecord& record) {
    return {{"execution", record.id},
            {"task", record.task},
            {"mapping", record.mapping},
            {"kind", record.kind},
            {"cause", record.cause},
            {"state", json::string_view(name_of(record.state))},
            {"outcome", record.outcome ? json::value(json::string_view(name_of(*record.outcome))) : nullptr},
            {"started", utc_text(record.started)},
            {"ended", record.ended ? json::value(utc_text(*record.ended)) : nullptr},
            {"rows_read", record.rows_read},
            {"message", record.message}};
}

std::string outcome_text(const ExecutionRecord& record) {
    return std::string(record.outcome ? name_of(*record.outcome) : name_of(record.state));
}

// An execution that left no waybill, because it never got so far.
std::string bare_text(const ExecutionRecord& record) {
    return fmt::format("{}  {}\n  started {}\n{}  waybill {}\n", record.mapping.empty() ? record.task : record.mapping,
                       outcome_text(record), utc_text(record.started),
                       record.message.empty() ? "" : fmt::format("  error   {}\n", record.message), record.id);
}

void print_rejects(Session& session, const std::vector<ExecutionRecord>& records) {
    session.print(rejects_header());
    for (const auto& record : records) {
        std::map<std::string, std::string> headers;  // of files by their names
        for (const auto& file : session.store().source_files(record.id)) {
            headers[file.name] = file.header;
        }
        session.store().each_reject(record.id, [&](const Reject& reject) {
            session.print(reject_line(record.mapping, reject, headers[reject.file]));
        });
    }
}

json::value record_json(const ExecutionRecord& record) {
    return record.waybill.empty() ? json::value(execution_json(record)) : json::parse(record.waybill);
}

}  // namespace

ExitCode run_haul(Session& session, const RunRequest& request, FailOnEmpty fail_on_empty) {
    RunResult result;
    RunDisplay display(session);
    bool is_task = false;
    try {
        const auto& project = session.project();
        is_task = project.find_task(request.name) != nullptr;
        Executor executor(project, session.store(), session.home(), [] { return Session::stopped_as(); });
        result = executor.run(session.context(), request, display);
    } catch (const Error& error) {
        // What could not even be started belongs into the history, too: nobody looks at a cron job's output.
        if (std::filesystem::exists(session.options().file)) {
            const bool stopped = error.kind() == ErrorKind::Cancelled;
            Executor::record_end(session.store(), request, is_task ? Subject::Task : Subject::Mapping,
                                 stopped ? Session::stopped_as() : RunOutcome::Failed, error);
        }
        throw;
    }
    display.expect_shown();
    if (session.is_json()) {
        session.print_json(result_json(result, is_task));
    } else if (result.backfill) {
        session.print(backfill_text(result));
    } else if (is_task) {
        session.print(fmt::format("{}  {}  waybill {}\n", request.name, name_of(result.outcome), result.execution));
    }
    if (result.outcome == RunOutcome::Empty && fail_on_empty == FailOnEmpty::Yes) {
        return ExitCode::Empty;
    }
    if (result.outcome == RunOutcome::Failed && std::ranges::any_of(result.waybills, &Waybill::guarded)) {
        return ExitCode::Guarded;
    }
    return exit_code(result.outcome);
}

ExitCode run_undo(Session& session, const UndoCommand& command) {
    RunDisplay display(session);
    Executor executor(session.project(), session.store(), session.home(), [] { return Session::stopped_as(); });
    const auto result = executor.undo(session.context(), command, display);
    display.expect_shown();
    if (session.is_json()) {
        session.print_json(json::parse(to_json(result.waybills.front())));
    }
    return exit_code(result.outcome);
}

ExitCode run_waybill(Session& session, const std::string& execution, WaybillPart part) {
    Executor::end_dead_tests(session.store(), session.home());
    std::optional<ExecutionRecord> record;
    if (!execution.empty()) {
        record = session.store().execution_like(execution);
    } else {
        record = session.store().latest("");
        if (!record) {
            throw Error(ErrorKind::NotFound, "nothing has been run yet").advise("`rowhaul run NAME` runs a mapping.");
        }
    }
    std::vector<ExecutionRecord> records{*record};
    if (record->mapping.empty()) {
        records = session.store().children(record->id);
    }
    if (part == WaybillPart::RejectList) {
        print_rejects(session, records);
        return ExitCode::Succeeded;
    }
    if (session.is_json()) {
        json::array documents;
        for (const auto& each : records) {
            documents.push_back(record_json(each));
        }
        session.print_json(record->mapping.empty() ? json::value(std::move(documents)) : documents.at(0));
        return ExitCode::Succeeded;
    }
    for (const auto& each : records) {
        session.print(each.waybill.empty() ? bare_text(each) : waybill_text(waybill_from_json(each.waybill)));
    }
    if (record->mapping.empty()) {
        session.print(bare_text(*record));
    }
    return ExitCode::Succeeded;
}

ExitCode run_history(Session& session, const std::string& name, std::uint32_t at_most) {
    Executor::end_dead_tests(session.store(), session.home());
    const auto records = session.store().history(name, at_most);
    if (session.is_json()) {
        json::array documents;
        for (const auto& record : records) {
            documents.push_back(execution_json(record));
        }
        session.print_json(documents);
        return ExitCode::Succeeded;
    }
    TextTable table({"started (UTC)", "what", "kind", "outcome", "rows", "took", "waybill", "message"});
    table.right(4).right(5).at_most(60);
    for (const auto& record : records) {
        const std::chrono::duration<double> took = record.ended.value_or(record.started) - record.started;
        table.row({utc_text(record.started).substr(0, 19),
                   record.mapping.empty() ? fmt::format("task {}", record.task) : record.mapping, record.kind,
                   outcome_text(record), with_thousands(record.rows_read), duration_text(took.count()), record.id,
                   record.message});
    }
    session.print(records.empty() ? "Nothing has been run yet.\n" : table.text());
    return ExitCode::Succeeded;
}

}  // namespace rowhaul
