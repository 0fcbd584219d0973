// SPDX-License-Identifier: Apache-2.0
// marks: what is known of a mapping's records, or of one record in the targets of several mappings.
#include "app/commands.h"
#include "app/text_table.h"
#include "execution/record_marks.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>

namespace rowhaul {

namespace {

namespace json = boost::json;

struct ShownMark {
    std::string mapping;
    std::string source;
    std::string target;
    std::string key;
    std::vector<std::string> key_fields;
    std::string key_there;
    std::string generated_key;
    std::string status;
    std::string last_sync;
    std::string last_success;
    std::string remark;
};

// "shop customers".
std::string source_of(const MappingDefinition& mapping) {
    for (const std::string_view what : {"table", "query", "file", "files"}) {
        if (const Node* object = mapping.source.find(what); object != nullptr && object->is_scalar()) {
            return fmt::format("{} {}", mapping.source_connection, object->text());
        }
    }
    return mapping.source_connection;
}

// A record that is where the last complete run left it was met by that run.
std::string last_sync(MarkFile& file, const MarkedTarget& target, const Mark& mark) {
    const bool was_met = mark.status == MarkStatus::Succeeded && target.complete_run > mark.last_sync;
    return utc_text(file.run(was_met ? target.complete_run : mark.last_sync).moment);
}

ShownMark shown(MarkFile& file, const MarkedTarget& target, const Mark& mark) {
    const bool was_there = mark.last_success != 0;
    return {.mapping = {},
            .source = {},
            .target = fmt::format("{} {}", target.connection, target.object),
            .key = shown_key(mark.key),
            .key_fields = target.key,
            .key_there = std::string(mark.key_there),
            .generated_key = target.generated_key,
            .status = std::string(name_of(mark.status)),
            .last_sync = last_sync(file, target, mark),
            .last_success = mark.status == MarkStatus::Succeeded ? last_sync(file, target, mark)
                            : was_there                          ? utc_text(file.run(mark.last_success).moment)
                                                                 : "",
            .remark = std::string(mark.remark)};
}

// What the parts of a target's keys are, as far as their hashes tell decimals from others.
std::optional<Schema> key_schema(const MarkedTarget& target) {
    constexpr std::size_t most_parts = 8;
    const auto parts = target.key.size();
    for (unsigned decimals = 0; parts <= most_parts && decimals < 1U << parts; ++decimals) {
        Schema schema;
        for (std::size_t part = 0; part < parts; ++part) {
            schema.push_back(
                {.name = target.key[part], .type = (decimals >> part & 1) != 0 ? Type::Decimal : Type::Text});
        }
        if (key_print(schema) == target.key_print) {
            return schema;
        }
    }
    return {};
}

// The hash of a key as it is shown; nothing where it could be that of several keys.
std::optional<Hash128> hash_of(const MarkedTarget& target, const std::string& key) {
    KeyCells parts;
    const std::string_view between = target.key.size() > 1 ? ", " : "";
    for (std::size_t begin = 0; begin != std::string::npos;) {
        const auto end = between.empty() ? std::string::npos : key.find(between, begin);
        parts.emplace_back(key.substr(begin, end == std::string::npos ? end : end - begin));
        begin = end == std::string::npos ? end : end + between.size();
    }
    const auto schema = parts.size() == target.key.size() ? key_schema(target) : std::nullopt;
    return schema ? std::optional(rejected_key(parts, *schema).value().hash) : std::nullopt;
}

// In the order of their keys' hashes, while it returns true; an empty key stands for every record.
void each_of(const Context& context, MarkFile& file, const MarkedTarget& target, const std::string& key,
             const std::function<bool(const Mark&)>& visit) {
    if (const auto hash = key.empty() ? std::nullopt : hash_of(target, key)) {
        MarkCursor cursor(file, target);
        if (const auto mark = cursor.find(*hash)) {
            visit(*mark);
        }
        return;
    }
    file.each(context, target,
              [&](const Mark& mark) { return (!key.empty() && shown_key(mark.key) != key) || visit(mark); });
}

// Adds what one mapping knows of.
void find(Session& session, const MappingDefinition& mapping, const std::string& key, const MarksRequest& request,
          std::vector<ShownMark>& found) {
    const auto path = MarkFile::path(session.home(), mapping.name);
    if (!std::filesystem::exists(path)) {
        return;
    }
    MarkFile file(path);
    for (const auto& target : file.targets()) {
        each_of(session.context(), file, target, key, [&](const Mark& mark) {
            const bool is_meant = request.status.empty() || name_of(mark.status) == request.status;
            if (is_meant && found.size() < request.at_most) {
                auto& one = found.emplace_back(shown(file, target, mark));
                one.mapping = mapping.name;
                one.source = source_of(mapping);
            }
            return found.size() < request.at_most;
        });
    }
}

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(json::string(text));
}

json::array documents(const std::vector<ShownMark>& marks) {
    json::array all;
    for (const auto& mark : marks) {
        json::array fields;
        for (const auto& field : mark.key_fields) {
            fields.emplace_back(field);
        }
        all.push_back(json::object{{"mapping", mark.mapping},
                                   {"source", mark.source},
                                   {"target", mark.target},
                                   {"key", mark.key},
                                   {"key_fields", std::move(fields)},
                                   {"key_there", text_or_null(mark.key_there)},
                                   {"generated_key", text_or_null(mark.generated_key)},
                                   {"status", mark.status},
                                   {"last_sync", mark.last_sync},
                                   {"last_success", text_or_null(mark.last_success)},
                                   {"remark", text_or_null(mark.remark)}});
    }
    return all;
}

// As people write it, to the second.
std::string shown_time(const std::string& utc) {
    auto text = utc.substr(0, 19);
    std::ranges::replace(text, 'T', ' ');
    return text;
}

void add_rest(const ShownMark& mark, std::vector<std::string>& cells) {
    cells.insert(cells.end(), {mark.status, shown_time(mark.last_sync), shown_time(mark.last_success), mark.remark});
}

std::string table_of_mapping(const std::vector<ShownMark>& marks) {
    const bool has_given =
        std::ranges::any_of(marks, [](const ShownMark& mark) { return !mark.generated_key.empty(); });
    std::vector<std::string> headings{"target", "key"};
    if (has_given) {
        headings.emplace_back("key there");
    }
    headings.insert(headings.end(), {"status", "last sync (UTC)", "last success (UTC)", "remark"});
    TextTable table(headings);
    table.at_most(60);
    for (const auto& mark : marks) {
        std::vector<std::string> cells{mark.target, mark.key};
        if (has_given) {
            cells.push_back(mark.key_there);
        }
        add_rest(mark, cells);
        table.row(std::move(cells));
    }
    return table.text();
}

std::string table_of_record(const std::vector<ShownMark>& marks) {
    TextTable table({"mapping", "source", "target", "key", "key there", "status", "last sync (UTC)",
                     "last success (UTC)", "remark"});
    table.at_most(60);
    for (const auto& mark : marks) {
        std::vector<std::string> cells{
            mark.mapping, mark.source, mark.target, fmt::format("{} = {}", fmt::join(mark.key_fields, ", "), mark.key),
            mark.key_there.empty() ? "" : fmt::format("{} = {}", mark.generated_key, mark.key_there)};
        add_rest(mark, cells);
        table.row(std::move(cells));
    }
    return table.text();
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

ExitCode show_mapping(Session& session, const MarksRequest& request) {
    const auto& mapping = session.project().mapping(request.mapping);
    std::vector<ShownMark> marks;
    find(session, mapping, request.key, request, marks);
    if (session.is_json()) {
        session.print_json(documents(marks));
    } else {
        session.print(marks.empty() ? nothing_found(mapping) : table_of_mapping(marks));
    }
    return ExitCode::Succeeded;
}

// Where a record went: by every mapping, or those of one source.
ExitCode show_record(Session& session, const MarksRequest& request) {
    if (!request.source.empty()) {
        session.project().connection(request.source);
    }
    std::vector<ShownMark> marks;
    std::vector<std::string> forgetful;
    for (const auto& mapping : session.project().mappings()) {
        if (!request.source.empty() && mapping.source_connection != request.source) {
            continue;
        }
        const auto before = marks.size();
        find(session, mapping, request.record, request, marks);
        if (marks.size() == before && mapping.marks == MarkedRecords::Failed) {
            forgetful.push_back(mapping.name);
        }
    }
    if (session.is_json()) {
        session.print_json(documents(marks));
        return ExitCode::Succeeded;
    }
    session.print(marks.empty() ? "There are no such marks.\n" : table_of_record(marks));
    if (!forgetful.empty()) {
        session.print(fmt::format("Records that did not fail are not remembered by: {}. Give them `marks: all`.\n",
                                  fmt::join(forgetful, ", ")));
    }
    return ExitCode::Succeeded;
}

}  // namespace

ExitCode run_marks(Session& session, const MarksRequest& request) {
    if (request.mapping.empty() == request.record.empty()) {
        throw Error(ErrorKind::Invalid, "whose marks are to be shown is not said")
            .advise(
                "Name a mapping, as in `rowhaul marks customers`, or a record, as in `rowhaul marks --record "
                "4711`.");
    }
    return request.record.empty() ? show_mapping(session, request) : show_record(session, request);
}

}  // namespace rowhaul
