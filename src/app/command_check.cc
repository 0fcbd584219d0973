// SPDX-License-Identifier: Apache-2.0
// check and browse.
#include "app/commands.h"
#include "app/text_table.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace rowhaul {

namespace {

namespace json = boost::json;

// Prints or collects each step with the time since the one before it.
class StepReport {
public:
    explicit StepReport(const Session& session) : session_(session) {}
    void step(std::string_view name, std::string_view detail) {
        const auto now = Context::Clock::now();
        const std::chrono::duration<double, std::milli> took = now - last_;
        last_ = now;
        if (session_.is_json()) {
            steps_.push_back(json::object{{"step", json::string_view(name)},
                                          {"detail", json::string_view(detail)},
                                          {"milliseconds", took.count()}});
        } else {
            session_.print(fmt::format("  ok  {:<28} {:>8.1f} ms  {}\n", name, took.count(), detail));
        }
    }
    void end(bool good, const std::string& message, const std::string& advice) {
        if (session_.is_json()) {
            session_.print_json(
                json::object{{"good", good}, {"steps", std::move(steps_)}, {"message", message}, {"advice", advice}});
        }
    }

private:
    const Session& session_;
    Context::Clock::time_point last_ = Context::Clock::now();
    json::array steps_;
};

json::array holdings_json(const std::vector<Holding>& holdings) {
    json::array all;
    for (const auto& holding : holdings) {
        all.push_back(
            json::object{{"name", holding.name},
                         {"kind", holding.kind},
                         {"rows", holding.rows ? json::value(*holding.rows) : nullptr},
                         {"bytes", holding.bytes ? json::value(*holding.bytes) : nullptr},
                         {"modified", holding.modified ? json::value(utc_text(*holding.modified)) : nullptr}});
    }
    return all;
}

json::object contents_json(const Contents& contents) {
    json::array columns;
    for (const auto& column : contents.schema) {
        columns.push_back(json::object{{"name", column.name},
                                       {"type", json::string_view(name_of(column.type))},
                                       {"source_type", column.source_type},
                                       {"nullable", column.nullable}});
    }
    json::array rows;
    for (const auto& row : contents.rows) {
        json::array cells;
        for (const auto& cell : row) {
            cells.push_back(cell ? json::value(json::string(*cell)) : nullptr);
        }
        rows.push_back(std::move(cells));
    }
    return {{"holdings", holdings_json(contents.holdings)},
            {"format", contents.format.empty() ? json::value(nullptr) : json::value(json::string(contents.format))},
            {"columns", std::move(columns)},
            {"rows", std::move(rows)}};
}

void print_holdings(const Session& session, const std::vector<Holding>& holdings) {
    TextTable table({"name", "kind", "rows", "size", "modified (UTC)"});
    table.right(2).right(3);
    for (const auto& holding : holdings) {
        table.row({holding.name, holding.kind, holding.rows ? "~" + with_thousands(*holding.rows) : "",
                   holding.bytes ? byte_text(*holding.bytes) : "",
                   holding.modified ? utc_text(*holding.modified).substr(0, 19) : ""});
    }
    session.print(holdings.empty() ? "There is nothing here.\n" : table.text());
}

void print_table(const Session& session, const Contents& contents) {
    const bool is_file = !contents.format.empty();
    if (is_file) {
        session.print(fmt::format("format: {}\n\n", contents.format));
    }
    TextTable columns({"column", "type", is_file ? "written as" : "in the database", "NULL"});
    std::vector<std::string> names;
    for (const auto& column : contents.schema) {
        columns.row(
            {column.name, std::string(name_of(column.type)), column.source_type, column.nullable ? "yes" : "no"});
        names.push_back(column.name);
    }
    session.print(columns.text() + "\n");
    TextTable rows(names);
    rows.at_most(24);
    for (const auto& row : contents.rows) {
        std::vector<std::string> cells;
        for (const auto& cell : row) {
            cells.push_back(cell.value_or("NULL"));
        }
        rows.row(std::move(cells));
    }
    session.print(contents.rows.empty() ? "It has no rows.\n" : rows.text());
}

}  // namespace

ExitCode run_check(Session& session, const std::string& name) {
    const auto connection = session.project().connect(name);
    StepReport report(session);
    auto context = session.context();
    context.step = [&](std::string_view step, std::string_view detail) { report.step(step, detail); };
    try {
        connection->check(context);
    } catch (const Error& error) {
        report.end(false, error.what(), error.advice());
        if (session.is_json()) {
            return exit_code(error);
        }
        throw;
    }
    report.end(true, "", "");
    if (!session.is_json()) {
        session.print(fmt::format("{} works.\n", name));
    }
    return ExitCode::Succeeded;
}

ExitCode run_browse(Session& session, const std::string& name, const std::string& object) {
    const auto connection = session.project().connect(name);
    const auto contents = connection->browse(session.context(), object);
    if (session.is_json()) {
        session.print_json(contents_json(contents));
    } else if (contents.schema.empty()) {
        print_holdings(session, contents.holdings);
    } else {
        print_table(session, contents);
    }
    return ExitCode::Succeeded;
}

}  // namespace rowhaul
