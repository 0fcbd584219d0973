// SPDX-License-Identifier: Apache-2.0
#include "app/waybill_text.h"

#include "app/text_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rowhaul {

namespace {

constexpr std::size_t longest_cell = 48;

std::string range_text(const WaybillChunk& chunk) {
    return fmt::format("{} of {}, from {} to {}{}", chunk.number, chunk.of, chunk.from,
                       chunk.number == chunk.of ? "" : "before ", chunk.to);
}

// The piece of a range, "" without one.
std::string chunk_line(const WaybillChunk& chunk) {
    return chunk.number == 0 ? "" : fmt::format("  chunk   {}\n", range_text(chunk));
}

}  // namespace

std::string accounts_text(const RowCounts& rows) {
    std::string parts;
    const auto add = [&](std::uint64_t count, std::string_view what) {
        if (count != 0) {
            parts += fmt::format("{}{} {}", parts.empty() ? "" : " + ", with_thousands(count), what);
        }
    };
    add(rows.created, "created");
    add(rows.updated, "updated");
    add(rows.unchanged, "unchanged");
    add(rows.skipped, "skipped");
    add(rows.filtered, "filtered");
    add(rows.rejected, "rejected");
    auto text = fmt::format("{} read", with_thousands(rows.read));
    if (!parts.empty()) {
        text += " = " + parts;
    }
    if (rows.deleted != 0) {
        text += fmt::format("; {} deleted", with_thousands(rows.deleted));
    }
    return text;
}

namespace {

std::string indented(const std::string& text, std::string_view indent) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto end = text.find('\n', at);
        out += fmt::format("{}{}\n", indent, text.substr(at, end - at));
        at = end == std::string::npos ? text.size() : end + 1;
    }
    return out;
}

std::string files_text(const std::vector<FileRecord>& files, bool is_test) {
    std::string text;
    for (const auto& file : files) {
        text += fmt::format("  {}    {} ({} rows, {})\n", is_test ? "would write" : "file", file.name,
                            with_thousands(file.rows), byte_text(file.bytes));
        text += fmt::format("          md5    {}\n          sha256 {}\n", file.md5, file.sha256);
    }
    return text;
}

std::string source_files_text(const std::vector<SourceFile>& files) {
    std::string text;
    for (const auto& file : files) {
        if (!file.problem.empty()) {
            text += fmt::format("  set aside {}\n", file.problem);
            continue;
        }
        text += fmt::format("  read    {} ({} rows, {}{})\n", file.name, with_thousands(file.rows + file.rejected),
                            byte_text(file.bytes), file.moved_to.empty() ? "" : fmt::format(", now {}", file.moved_to));
    }
    return text;
}

std::string rejects_text(const std::map<std::string, RejectGroup>& rejects) {
    std::string text;
    for (const auto& [reason, group] : rejects) {
        text += fmt::format("  rejected {}: {}\n", with_thousands(group.count), reason);
        const bool is_from_file = !group.sample.empty() && !group.sample.front().file.empty();
        TextTable table({is_from_file ? "line" : "row", "field", "value", "why"});
        table.right(0).at_most(longest_cell);
        for (const auto& reject : group.sample) {
            table.row({is_from_file ? fmt::format("{}:{}", reject.file, reject.line) : std::to_string(reject.row),
                       reject.field, reject.value, reject.message});
        }
        text += indented(table.text(), "    ");
    }
    return text;
}

std::string sample_text(const HaulReport& report) {
    if (report.sample.empty()) {
        return {};
    }
    TextTable table(report.columns);
    table.at_most(24);
    for (const auto& row : report.sample) {
        std::vector<std::string> cells;
        for (const auto& cell : row) {
            cells.push_back(cell.value_or("NULL"));
        }
        table.row(std::move(cells));
    }
    return "  first rows\n" + indented(table.text(), "    ");
}

}  // namespace

std::string waybill_text(const Waybill& waybill) {
    const bool is_test = waybill.kind == "test";
    auto text = fmt::format("{}{}  {}  in {}\n", waybill.mapping,
                            waybill.kind == "run" ? "" : fmt::format(" ({})", waybill.kind), name_of(waybill.outcome),
                            duration_text(waybill.seconds()));
    text += fmt::format("  from    {} · {}\n", waybill.source_connection, one_line(waybill.source_object));
    if (!waybill.report.pushed_rule.empty()) {
        text += fmt::format("  only    where {}\n", one_line(waybill.report.pushed_rule));
    }
    if (!waybill.cursor_before.empty() || !waybill.cursor_after.empty()) {
        const auto shown = [](const std::string& cursor) { return cursor.empty() ? "nothing" : cursor; };
        text += fmt::format("  cursor  {} → {}\n", shown(waybill.cursor_before), shown(waybill.cursor_after));
    }
    text += chunk_line(waybill.chunk);
    text += fmt::format("  to      {} · {}\n", waybill.target_connection, one_line(waybill.target_object));
    text += fmt::format("  rows    {}\n", accounts_text(waybill.report.rows));
    if (!waybill.report.deleted_keys.empty()) {
        text += fmt::format("  {} {}{}\n", is_test ? "would delete" : "deleted",
                            one_line(fmt::format("{}", fmt::join(waybill.report.deleted_keys, "; "))),
                            waybill.report.rows.deleted > waybill.report.deleted_keys.size() ? "; …" : "");
    }
    text += source_files_text(waybill.report.source_files);
    text += files_text(waybill.report.files, is_test);
    text += rejects_text(waybill.report.rejects);
    for (const auto& warning : waybill.report.warnings) {
        const auto times = warning.count > 1 ? fmt::format(" ({})", with_thousands(warning.count)) : "";
        text += fmt::format("  warning {}{}\n", warning.message, times);
    }
    if (is_test) {
        text += sample_text(waybill.report);
    }
    if (!waybill.message.empty()) {
        text += fmt::format("  error   {}\n", waybill.message);
    }
    if (!waybill.advice.empty()) {
        text += fmt::format("  help    {}\n", waybill.advice);
    }
    text += fmt::format("  waybill {}\n", waybill.execution);
    return text;
}

std::string chunk_text(const Waybill& waybill) {
    return fmt::format("{}  chunk {}  {}  {}  waybill {}\n", waybill.mapping, range_text(waybill.chunk),
                       name_of(waybill.outcome), accounts_text(waybill.report.rows), waybill.execution);
}

}  // namespace rowhaul
