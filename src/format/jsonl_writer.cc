// SPDX-License-Identifier: Apache-2.0
#include "format/jsonl_writer.h"

#include "base/utf8.h"
#include "format/json_scanner.h"
#include "format/shown_text.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iterator>

namespace rowhaul {

namespace {

constexpr std::size_t block_bytes = std::size_t{256} * 1024;

// 0 = as it is, u = as \u00XX, else the letter behind a backslash.
constexpr auto escapes = [] {
    std::array<char, 256> table{};
    for (std::size_t byte = 0; byte < 0x20; ++byte) {
        table[byte] = 'u';
    }
    table['\b'] = 'b';
    table['\f'] = 'f';
    table['\n'] = 'n';
    table['\r'] = 'r';
    table['\t'] = 't';
    table['"'] = '"';
    table['\\'] = '\\';
    return table;
}();

void append_string(std::string_view text, std::string& out) {
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char escape = escapes[static_cast<unsigned char>(text[i])];
        if (escape == 0) [[likely]] {
            continue;
        }
        out.append(text, plain, i - plain);
        plain = i + 1;
        if (escape == 'u') {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(text[i]));
        } else {
            out += '\\';
            out += escape;
        }
    }
    out.append(text, plain);
    out += '"';
}

bool is_json(std::string_view text) {
    JsonScanner scanner(text);
    JsonValue value;
    return scanner.value(value) && scanner.ends();
}

}  // namespace

JsonlWriter::JsonlWriter(OutputStream& out, const Schema& schema, const JsonlOptions& options, Rejects rejects)
    : out_(out), rejects_(std::move(rejects)), is_array_(options.layout == JsonLayout::Array) {
    if (schema.empty()) {
        throw Error(ErrorKind::Invalid, "jsonl: there are no columns to write");
    }
    for (const auto& column : schema) {
        if (!is_utf8(column.name)) {
            throw Error(ErrorKind::Invalid,
                        fmt::format("jsonl: the column name \"{}\" is not valid UTF-8", readable(column.name)));
        }
        std::string start = plans_.empty() ? "{" : ",";
        append_string(column.name, start);
        start += ':';
        plans_.push_back({column.name, std::move(start), column.type});
    }
}

bool JsonlWriter::append_cell(const Plan& plan, std::string_view text) {
    const bool is_bare = ((plan.type == Type::Integer || plan.type == Type::Decimal || plan.type == Type::Float) &&
                          is_json_number(text)) ||
                         (plan.type == Type::Boolean && (text == "true" || text == "false"));
    if (is_bare) {
        buffer_ += text;
        return true;
    }
    if (!is_utf8(text)) {
        return false;
    }
    if (plan.type == Type::Json && is_json(text)) {
        append_json(text);
    } else {
        append_string(text, buffer_);
    }
    return true;
}

// On one line: outside of its texts a line break is as good as a space.
void JsonlWriter::append_json(std::string_view text) {
    const auto start = buffer_.size();
    buffer_ += text;
    std::replace_if(
        buffer_.begin() + static_cast<std::ptrdiff_t>(start), buffer_.end(),
        [](char byte) { return byte == '\n' || byte == '\r'; }, ' ');
}

void JsonlWriter::write(const Context& context, const Batch& batch) {
    context.check();
    for (std::size_t row = 0; row < batch.rows(); ++row) {
        const auto start = buffer_.size();
        if (is_array_) {
            buffer_ += rows_ == 0 ? "[\n" : ",\n";
        }
        bool is_written = true;
        for (std::size_t column = 0; column < plans_.size() && is_written; ++column) {
            const auto& plan = plans_[column];
            const Cell cell = batch.column(column)[row];
            buffer_ += plan.start;
            if (cell.is_null()) {
                buffer_ += "null";
            } else if (!append_cell(plan, cell.text())) {
                is_written = false;
                rejects_({.row = batch.row_number(row),
                          .reason = "unencodable_text",
                          .field = plan.name,
                          .value = shortened(cell.text()),
                          .message = fmt::format("{} is not valid UTF-8", plan.name)});
            }
        }
        if (!is_written) {
            buffer_.resize(start);
            continue;
        }
        buffer_ += is_array_ ? "}" : "}\n";
        ++rows_;
        if (buffer_.size() >= block_bytes) {
            flush(context);
        }
    }
}

void JsonlWriter::flush(const Context& context) {
    if (!buffer_.empty()) {
        out_.write(context, as_bytes(buffer_));
        buffer_.clear();
        if (buffer_.capacity() > 4 * block_bytes) {
            std::string().swap(buffer_);
        }
    }
}

void JsonlWriter::finish(const Context& context) {
    if (is_array_) {
        buffer_ += rows_ == 0 ? "[]\n" : "\n]\n";
    }
    flush(context);
}

}  // namespace rowhaul
