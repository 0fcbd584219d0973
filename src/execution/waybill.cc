// SPDX-License-Identifier: Apache-2.0
#include "execution/waybill.h"

#include "base/error.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <utility>

namespace rowhaul {

namespace {

namespace json = boost::json;

constexpr std::array<std::pair<const char*, std::uint64_t RowCounts::*>, 9> row_counts{{
    {"read", &RowCounts::read},
    {"filtered", &RowCounts::filtered},
    {"created", &RowCounts::created},
    {"updated", &RowCounts::updated},
    {"unchanged", &RowCounts::unchanged},
    {"skipped", &RowCounts::skipped},
    {"deleted", &RowCounts::deleted},
    {"rejected", &RowCounts::rejected},
    {"retried", &RowCounts::retried},
}};

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(json::string(text));
}

std::string text_of(const json::object& object, const char* key) {
    const auto* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::uint64_t number_of(const json::object& object, const char* key) {
    const auto* value = object.if_contains(key);
    return value != nullptr ? value->to_number<std::uint64_t>() : 0;
}

json::object file_json(const FileRecord& file) {
    return {
        {"name", file.name}, {"bytes", file.bytes}, {"rows", file.rows}, {"md5", file.md5}, {"sha256", file.sha256}};
}

FileRecord file_from(const json::object& file) {
    return {text_of(file, "name"), number_of(file, "bytes"), number_of(file, "rows"), text_of(file, "md5"),
            text_of(file, "sha256")};
}

json::object source_file_json(const SourceFile& file) {
    return {{"name", file.name},
            {"bytes", file.bytes},
            {"rows", file.rows},
            {"rejected", file.rejected},
            {"sha256", text_or_null(file.sha256)},
            {"moved_to", text_or_null(file.moved_to)},
            {"problem", text_or_null(file.problem)}};
}

SourceFile source_file_from(const json::object& file) {
    SourceFile read{.name = text_of(file, "name"),
                    .bytes = number_of(file, "bytes"),
                    .rows = number_of(file, "rows"),
                    .rejected = number_of(file, "rejected"),
                    .sha256 = text_of(file, "sha256")};
    read.moved_to = text_of(file, "moved_to");
    read.problem = text_of(file, "problem");
    return read;
}

json::array rejects_json(const std::map<std::string, RejectGroup>& rejects) {
    json::array groups;
    for (const auto& [reason, group] : rejects) {
        json::array sample;
        for (const auto& reject : group.sample) {
            sample.push_back(json::object{{"file", text_or_null(reject.file)},
                                          {"line", reject.line == 0 ? json::value(nullptr) : json::value(reject.line)},
                                          {"row", reject.row},
                                          {"key", text_or_null(reject.key)},
                                          {"field", reject.field},
                                          {"value", reject.value},
                                          {"message", reject.message}});
        }
        groups.push_back(json::object{{"reason", reason}, {"count", group.count}, {"sample", std::move(sample)}});
    }
    return groups;
}

RejectGroup group_from(const json::object& group) {
    RejectGroup read{.count = number_of(group, "count")};
    for (const auto& item : group.at("sample").as_array()) {
        const auto& sample = item.as_object();
        const auto* line = sample.if_contains("line");
        read.sample.push_back({.row = number_of(sample, "row"),
                               .reason = text_of(group, "reason"),
                               .field = text_of(sample, "field"),
                               .value = text_of(sample, "value"),
                               .message = text_of(sample, "message"),
                               .key = text_of(sample, "key"),
                               .file = text_of(sample, "file"),
                               .line = line != nullptr && line->is_number() ? number_of(sample, "line") : 0});
    }
    return read;
}

json::object rows_json(const RowCounts& rows) {
    json::object counts;
    for (const auto& [name, member] : row_counts) {
        counts[name] = rows.*member;
    }
    return counts;
}

json::value chunk_json(const WaybillChunk& chunk) {
    if (chunk.number == 0) {
        return nullptr;
    }
    return json::object{{"number", chunk.number}, {"of", chunk.of}, {"from", chunk.from}, {"to", chunk.to}};
}

WaybillChunk chunk_from(const json::object& document) {
    const auto* const found = document.if_contains("chunk");
    if (found == nullptr || !found->is_object()) {
        return {};
    }
    const auto& chunk = found->get_object();
    return {number_of(chunk, "number"), number_of(chunk, "of"), text_of(chunk, "from"), text_of(chunk, "to")};
}

RunOutcome outcome_from(const std::string& name) {
    for (const auto outcome : {RunOutcome::Succeeded, RunOutcome::Partial, RunOutcome::Empty, RunOutcome::Failed,
                               RunOutcome::Cancelled, RunOutcome::Interrupted}) {
        if (name_of(outcome) == name) {
            return outcome;
        }
    }
    throw Error(ErrorKind::Internal, "a waybill has an unknown outcome");
}

}  // namespace

ExecutionRecord record_of(const Waybill& waybill) {
    return {.id = waybill.execution,
            .task = waybill.task,
            .mapping = waybill.mapping,
            .kind = waybill.kind,
            .cause = waybill.cause,
            .outcome = waybill.outcome,
            .started = waybill.started,
            .ended = waybill.ended,
            .rows_read = waybill.report.rows.read,
            .message = waybill.message,
            .waybill = to_json(waybill)};
}

RunOutcome outcome_of(const HaulReport& report) {
    const auto is_bad = [](const SourceFile& file) { return !file.problem.empty(); };
    if (report.rows.rejected > 0 || std::ranges::any_of(report.source_files, is_bad)) {
        return RunOutcome::Partial;
    }
    return report.rows.read == report.rows.filtered + report.repeated && report.rows.deleted == 0
               ? RunOutcome::Empty
               : RunOutcome::Succeeded;
}

std::string to_json(const RowCounts& rows) {
    return json::serialize(rows_json(rows));
}

std::string to_json(const Waybill& waybill) {
    json::array files;
    for (const auto& file : waybill.report.files) {
        files.push_back(file_json(file));
    }
    json::array source_files;
    for (const auto& file : waybill.report.source_files) {
        source_files.push_back(source_file_json(file));
    }
    json::array warnings;
    for (const auto& warning : waybill.report.warnings) {
        warnings.push_back(
            json::object{{"code", warning.code}, {"message", warning.message}, {"count", warning.count}});
    }
    const json::object document{
        {"version", 1},
        {"execution", waybill.execution},
        {"task", text_or_null(waybill.task)},
        {"mapping", waybill.mapping},
        {"kind", waybill.kind},
        {"outcome", json::string_view(name_of(waybill.outcome))},
        {"cause", waybill.cause},
        {"started", utc_text(waybill.started)},
        {"ended", utc_text(waybill.ended)},
        {"seconds", std::round(waybill.seconds() * 1000) / 1000},
        {"source", json::object{{"connection", waybill.source_connection},
                                {"object", waybill.source_object},
                                {"rows", waybill.report.rows.read},
                                {"pushed_rule", text_or_null(waybill.report.pushed_rule)},
                                {"files", std::move(source_files)}}},
        {"target", json::object{{"connection", waybill.target_connection}, {"object", waybill.target_object}}},
        {"rows", rows_json(waybill.report.rows)},
        {"deleted_keys", json::value_from(waybill.report.deleted_keys)},
        {"rejects", rejects_json(waybill.report.rejects)},
        {"files", std::move(files)},
        {"cursor",
         json::object{{"before", text_or_null(waybill.cursor_before)}, {"after", text_or_null(waybill.cursor_after)}}},
        {"chunk", chunk_json(waybill.chunk)},
        {"warnings", std::move(warnings)},
        {"message", text_or_null(waybill.message)},
        {"advice", text_or_null(waybill.advice)},
        {"guarded", waybill.guarded},
    };
    return json::serialize(document);
}

Waybill waybill_from_json(std::string_view text) {
    const auto parsed = json::parse(json::string_view(text));
    const auto& document = parsed.as_object();
    Waybill waybill;
    waybill.execution = text_of(document, "execution");
    waybill.task = text_of(document, "task");
    waybill.mapping = text_of(document, "mapping");
    waybill.kind = text_of(document, "kind");
    waybill.cause = text_of(document, "cause");
    waybill.outcome = outcome_from(text_of(document, "outcome"));
    waybill.started = parse_utc(text_of(document, "started"));
    waybill.ended = parse_utc(text_of(document, "ended"));
    const auto& source = document.at("source").as_object();
    waybill.source_connection = text_of(source, "connection");
    waybill.source_object = text_of(source, "object");
    waybill.report.pushed_rule = text_of(source, "pushed_rule");
    if (const auto* files = source.if_contains("files")) {
        for (const auto& file : files->as_array()) {
            waybill.report.source_files.push_back(source_file_from(file.as_object()));
        }
    }
    const auto& target = document.at("target").as_object();
    waybill.target_connection = text_of(target, "connection");
    waybill.target_object = text_of(target, "object");
    for (const auto& [name, member] : row_counts) {
        waybill.report.rows.*member = number_of(document.at("rows").as_object(), name);
    }
    if (const auto* keys = document.if_contains("deleted_keys")) {
        for (const auto& key : keys->as_array()) {
            waybill.report.deleted_keys.emplace_back(key.as_string());
        }
    }
    const auto& cursor = document.at("cursor").as_object();
    waybill.cursor_before = text_of(cursor, "before");
    waybill.cursor_after = text_of(cursor, "after");
    waybill.chunk = chunk_from(document);
    for (const auto& group : document.at("rejects").as_array()) {
        waybill.report.rejects[text_of(group.as_object(), "reason")] = group_from(group.as_object());
    }
    for (const auto& file : document.at("files").as_array()) {
        waybill.report.files.push_back(file_from(file.as_object()));
    }
    for (const auto& item : document.at("warnings").as_array()) {
        const auto& warning = item.as_object();
        waybill.report.warnings.push_back(
            {text_of(warning, "code"), text_of(warning, "message"), number_of(warning, "count")});
    }
    waybill.message = text_of(document, "message");
    waybill.advice = text_of(document, "advice");
    const auto* guarded = document.if_contains("guarded");
    waybill.guarded = guarded != nullptr && guarded->is_bool() && guarded->get_bool();
    return waybill;
}

}  // namespace rowhaul
