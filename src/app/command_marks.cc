// SPDX-License-Identifier: Apache-2.0
// marks: what is known of a mapping's records.
#include "app/commands.h"
#include "app/text_table.h"
#include "store/mark_file.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/format.h>

namespace rowhaul {

namespace {

namespace json = boost::json;

struct ShownMark {
    std::string target;
    std::string key;
    std::string status;
    std::string last_sync;
    std::string last_success;
    std::string remark;
};

// A record that is where the last complete run left it was met by that run.
std::string last_sync(MarkFile& file, const MarkedTarget& target, const Mark& mark) {
    const bool was_met = mark.status == MarkStatus::Succeeded && target.complete_run > mark.last_sync;
    return utc_text(file.run(was_met ? target.complete_run : mark.last_sync).moment);
}

std::vector<ShownMark> find(Session& session, MarkFile& file, const MarksRequest& request) {
    std::vector<ShownMark> found;
    for (const auto& target : file.targets()) {
        file.each(session.context(), target, [&](const Mark& mark) {
            if (!request.status.empty() && name_of(mark.status) != request.status) {
                return true;
            }
            auto key = shown_key(mark.key);
            if (!request.key.empty() && key != request.key) {
                return true;
            }
            const bool was_there = mark.last_success != 0;
            const auto success = mark.status == MarkStatus::Succeeded ? last_sync(file, target, mark)
                                 : was_there                          ? utc_text(file.run(mark.last_success).moment)
                                                                      : "";
            found.push_back({.target = fmt::format("{} {}", target.connection, target.object),
                             .key = std::move(key),
                             .status = std::string(name_of(mark.status)),
                             .last_sync = last_sync(file, target, mark),
                             .last_success = success,
                             .remark = std::string(mark.remark)});
            return found.size() < request.at_most;
        });
    }
    return found;
}

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(json::string(text));
}

// As people write it, to the second.
std::string shown_time(const std::string& utc) {
    auto text = utc.substr(0, 19);
    std::ranges::replace(text, 'T', ' ');
    return text;
}

std::string nothing_found(const MappingDefinition& mapping) {
    if (mapping.records.key.empty()) {
        return fmt::format("There are no marks: {} has no `key` by which records could be told apart.\n", mapping.name);
    }
    if (mapping.marks == MarkedRecords::Failed) {
        return fmt::format(
            "There are no such marks: {} remembers only records that failed, unless it has `marks: all`.\n",
            mapping.name);
    }
    return "There are no such marks.\n";
}

}  // namespace

ExitCode run_marks(Session& session, const MarksRequest& request) {
    const auto& mapping = session.project().mapping(request.mapping);
    const auto path = MarkFile::path(session.home(), request.mapping);
    std::vector<ShownMark> marks;
    if (std::filesystem::exists(path)) {
        MarkFile file(path);
        marks = find(session, file, request);
    }
    if (session.is_json()) {
        json::array documents;
        for (const auto& mark : marks) {
            documents.push_back(json::object{{"target", mark.target},
                                             {"key", mark.key},
                                             {"status", mark.status},
                                             {"last_sync", mark.last_sync},
                                             {"last_success", text_or_null(mark.last_success)},
                                             {"remark", text_or_null(mark.remark)}});
        }
        session.print_json(documents);
        return ExitCode::Succeeded;
    }
    TextTable table({"target", "key", "status", "last sync (UTC)", "last success (UTC)", "remark"});
    table.at_most(60);
    for (const auto& mark : marks) {
        table.row({mark.target, mark.key, mark.status, shown_time(mark.last_sync), shown_time(mark.last_success),
                   mark.remark});
    }
    session.print(marks.empty() ? nothing_found(mapping) : table.text());
    return ExitCode::Succeeded;
}

}  // namespace rowhaul
