// SPDX-License-Identifier: Apache-2.0
#include "format/csv_writer.h"

#include "base/utf8.h"
#include "format/shown_text.h"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <cstring>

namespace rowhaul {

namespace {

constexpr std::size_t block_bytes = 256 * 1024;
constexpr std::size_t ordinary_capacity = 2 * block_bytes;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_number(Type type) {
    return type == Type::Integer || type == Type::Decimal || type == Type::Float;
}

bool is_textual(Type type) {
    return type == Type::Text || type == Type::Json || type == Type::Bytes;
}

// What spreadsheets take for the start of a formula.
bool looks_like_formula(std::string_view text) {
    return !text.empty() && std::string_view("=+-@\t\r\n").find(text[0]) != std::string_view::npos;
}

// The character in the target's encoding: our marks were checked to have one.
std::string encoded(TextEncoding encoding, std::string_view text) {
    if (!is_single_byte(encoding)) {
        return std::string(text);
    }
    std::string bytes;
    while (!text.empty()) {
        bytes += single_byte_of(encoding, take_character(text).value_or('?')).value_or('?');
    }
    return bytes;
}

std::string bare_specials(const CsvDialect& dialect) {
    std::string specials = {'\r', '\n', encoded(dialect.encoding, dialect.delimiter)[0]};
    specials += dialect.quoting == CsvQuoting::Never ? '\n' : dialect.quote;
    specials += dialect.escape == CsvEscape::Backslash ? '\\' : '\n';
    // Without quotes a tab is written as \t, whatever the delimiter.
    if (dialect.quoting == CsvQuoting::Never) {
        specials[3] = '\t';
    }
    return specials;
}

std::string quoted_specials(const CsvDialect& dialect) {
    return {dialect.quote, dialect.escape == CsvEscape::Backslash ? '\\' : dialect.quote};
}

}  // namespace

CsvWriter::CsvWriter(OutputStream& out, const Schema& schema, CsvDialect dialect, Rejects rejects)
    : out_(out),
      dialect_(std::move(dialect)),
      rejects_(std::move(rejects)),
      delimiter_(encoded(dialect_.encoding, dialect_.delimiter)),
      null_text_(encoded(dialect_.encoding, dialect_.null_text)),
      line_end_(text_of(dialect_.line_end)),
      margin_(delimiter_.size() + null_text_.size() + line_end_.size() + 2 + CsvScan::slack),
      bare_scan_(bare_specials(dialect_)),
      quoted_scan_(quoted_specials(dialect_)),
      notable_(CsvFound::special | CsvFound::non_ascii) {
    if (schema.empty()) {
        throw Error(ErrorKind::Invalid, "csv: there are no columns to write");
    }
    for (const auto& column : schema) {
        columns_.push_back(plan(column));
    }
    if (dialect_.comment) {
        // Whatever it begins with, a row must not be taken for a comment.
        auto& first = columns_.front();
        first.quotes = Quotes::Always;
        first.treatment = first.treatment == Treatment::Copy ? Treatment::Keep : first.treatment;
    }
    make_room(ordinary_capacity);
    if (has_byte_order_mark(dialect_.encoding)) {
        append_raw(byte_order_mark);
    }
    if (dialect_.header) {
        append_header(schema);
    }
    if (!is_single_byte(dialect_.encoding)) {
        notable_ = CsvFound::special;
    }
}

CsvWriter::ColumnPlan CsvWriter::plan(const Column& column) const {
    const bool quoted =
        dialect_.quoting == CsvQuoting::Always || (dialect_.quoting == CsvQuoting::TextOnly && is_textual(column.type));
    auto treatment = quoted ? Treatment::Keep : Treatment::Copy;
    if (is_number(column.type) && dialect_.numbers) {
        treatment = Treatment::Number;
    } else if (column.type == Type::Date && dialect_.dates) {
        treatment = Treatment::Date;
    } else if (column.type == Type::Time && dialect_.times) {
        treatment = Treatment::Time;
    } else if ((column.type == Type::Timestamp || column.type == Type::TimestampZoned) && dialect_.timestamps) {
        treatment = Treatment::Timestamp;
    } else if (column.type == Type::Boolean && (dialect_.true_text != "true" || dialect_.false_text != "false")) {
        treatment = Treatment::Boolean;
    } else if (column.type == Type::Text && dialect_.formula_guard) {
        treatment = Treatment::Guard;
    }
    return {column.name, treatment, quoted ? Quotes::Always : Quotes::WhenNeeded, nullptr};
}

void CsvWriter::append_header(const Schema& schema) {
    for (std::size_t index = 0; index < schema.size(); ++index) {
        if (index > 0) {
            append_raw(delimiter_);
        }
        const std::string& name = schema[index].name;
        const bool quoted = dialect_.quoting == CsvQuoting::Always || dialect_.quoting == CsvQuoting::TextOnly;
        const bool guarded = dialect_.formula_guard && looks_like_formula(name);
        if (!append_text(guarded ? "'" + name : name, quoted ? Quotes::Always : Quotes::WhenNeeded)) {
            throw Error(ErrorKind::Invalid, "csv: the column name \"" + name + "\" " + obstacle_);
        }
    }
    append_raw(line_end_);
}

void CsvWriter::write(const Context& context, const Batch& batch) {
    context.check();
    for (std::size_t index = 0; index < columns_.size(); ++index) {
        columns_[index].cells = batch.column(index).data();
    }
    for (std::size_t row = 0; row < batch.rows();) {
        const std::size_t start = used();
        const std::size_t first = row;
        row = append_rows(batch, first);
        const std::string_view added(buffer_.get() + start, used() - start);
        if ((notable_ & CsvFound::non_ascii) == 0 && !is_utf8(added)) {
            at_ = buffer_.get() + start;
            notable_ |= CsvFound::non_ascii;
            row = append_rows(batch, first);
            notable_ = CsvFound::special;
        }
        if (used() >= block_bytes) {
            flush(context);
        }
    }
}

std::size_t CsvWriter::append_rows(const Batch& batch, std::size_t row) {
    // A copy of its own, so that it can stay in registers while bytes are stored.
    const CsvScan scan = bare_scan_;
    const std::size_t rows = batch.rows();
    for (; row < rows && used() < block_bytes; ++row) {
        const std::size_t start = used();
        if (const auto column = append_row(row, scan)) {
            at_ = buffer_.get() + start;
            reject(batch, row, *column);
        }
    }
    return row;
}

void CsvWriter::finish(const Context& context) {
    flush(context);
}

// What the loop needs is held in local variables, because the compiler must suspect every byte that
// is stored to change a member.
[[gnu::always_inline]] inline std::optional<std::size_t> CsvWriter::append_row(std::size_t row, CsvScan scan) {
    const ColumnPlan* const plans = columns_.data();
    const std::size_t width = columns_.size();
    const std::string_view null_text = null_text_;
    const std::string_view delimiter = delimiter_;
    const unsigned notable = notable_;
    char* at = at_;
    for (std::size_t column = 0; column < width; ++column) {
        const ColumnPlan& plan = plans[column];
        const Cell cell = plan.cells[row];
        const std::string_view text = cell.text();
        if (static_cast<std::size_t>(end_ - at) < 2 * text.size() + margin_) [[unlikely]] {
            at_ = at;
            grow(2 * text.size() + margin_);
            at = at_;
        }
        if (column > 0) {
            *at++ = delimiter[0];
            if (delimiter.size() > 1) [[unlikely]] {
                at = std::copy(delimiter.begin() + 1, delimiter.end(), at);
            }
        }
        if (cell.is_null()) {
            at = std::copy(null_text.begin(), null_text.end(), at);
            continue;
        }
        unsigned found = CsvFound::nothing;
        if (plan.treatment == Treatment::Copy) {
            found = scan.copy(text, at) & notable;
            if (found == CsvFound::nothing && text.size() != null_text.size()) [[likely]] {
                at += text.size();
                continue;
            }
        }
        at_ = at;
        if (!(plan.treatment == Treatment::Copy ? append_with_care(text, found, Quotes::WhenNeeded)
                                                : append_cell(plan, text))) {
            return column;
        }
        at = at_;
    }
    at_ = at;
    append_raw(line_end_);
    return {};
}

bool CsvWriter::append_cell(const ColumnPlan& plan, std::string_view text) {
    converted_.clear();
    switch (plan.treatment) {
        case Treatment::Copy:
        case Treatment::Keep:
            return append_text(text, plan.quotes);
        case Treatment::Number:
            dialect_.numbers->append(text, converted_);
            break;
        case Treatment::Date:
            dialect_.dates->append(text, converted_);
            break;
        case Treatment::Time:
            dialect_.times->append(text, converted_);
            break;
        case Treatment::Timestamp:
            dialect_.timestamps->append(text, converted_);
            break;
        case Treatment::Boolean:
            converted_ = text == "true" ? dialect_.true_text : text == "false" ? dialect_.false_text : text;
            break;
        case Treatment::Guard:
            if (!looks_like_formula(text)) {
                return append_text(text, plan.quotes);
            }
            converted_ = "'";
            converted_ += text;
            return append_text(converted_, Quotes::Always);
    }
    return append_text(converted_, plan.quotes);
}

bool CsvWriter::append_text(std::string_view text, Quotes quotes) {
    make_room(2 * text.size() + margin_);
    if (quotes == Quotes::Always && dialect_.quoting != CsvQuoting::Never) {
        const unsigned found = quoted_scan_.copy(text, at_ + 1) & notable_;
        if (found != CsvFound::nothing) {
            return append_with_care(text, found, quotes);
        }
        at_[0] = dialect_.quote;
        at_[text.size() + 1] = dialect_.quote;
        at_ += text.size() + 2;
        return true;
    }
    const unsigned found = bare_scan_.copy(text, at_) & notable_;
    if (found != CsvFound::nothing || text == null_text_) {
        return append_with_care(text, found, quotes);
    }
    at_ += text.size();
    return true;
}

// For cells in which something was found, or that might be taken for NULL; as bare ones they were
// copied already.
bool CsvWriter::append_with_care(std::string_view text, unsigned found, Quotes quotes) {
    if ((found & CsvFound::non_ascii) != 0) {
        const auto original = text;
        if (!transcode(text)) {
            return false;
        }
        if (text.data() != original.data()) {
            make_room(2 * text.size() + margin_);
            found = bare_scan_.copy(text, at_);
        }
    }
    if (dialect_.quoting == CsvQuoting::Never) {
        append_escaped(text);
    } else if (quotes == Quotes::Always || needs_quotes(text, found)) {
        append_quoted(text);
    } else {
        at_ += text.size();
    }
    return true;
}

// Makes `text` valid in the encoding of the buffer, or sets obstacle_.
bool CsvWriter::transcode(std::string_view& text) {
    const bool single = is_single_byte(dialect_.encoding);
    if (!single && is_utf8(text)) {
        return true;
    }
    transcoded_.clear();
    for (auto rest = text; !rest.empty();) {
        const auto* const start = rest.data();
        const auto character = take_character(rest);
        const auto byte = single && character ? single_byte_of(dialect_.encoding, *character) : std::nullopt;
        if (byte) {
            transcoded_ += *byte;
        } else if (!single && character) {
            transcoded_.append(start, rest.data());
        } else if (dialect_.unencodable == CsvUnencodable::Replace) {
            transcoded_ += single ? "?" : "\xEF\xBF\xBD";
        } else if (character) {
            std::array<char, 16> name{};
            std::snprintf(name.data(), name.size(), "U+%04X", static_cast<unsigned>(*character));
            obstacle_ = std::string("has the character ") + name.data() + ", which " +
                        std::string(name_of(dialect_.encoding)) +
                        " does not have; `encoding: utf-8` has it, and "
                        "`unencodable: replace` would write a question mark";
            return false;
        } else {
            obstacle_ = "is not valid UTF-8; `unencodable: replace` would write a replacement character";
            return false;
        }
    }
    text = transcoded_;
    return true;
}

// `found` is what the scan for bare cells says; of a delimiter it looks only for the first byte.
bool CsvWriter::needs_quotes(std::string_view text, unsigned found) const {
    if (text == null_text_) {
        return true;
    }
    if ((found & CsvFound::special) == 0 || delimiter_.size() == 1) {
        return (found & CsvFound::special) != 0;
    }
    const std::array<char, 4> others{'\r', '\n', dialect_.quote,
                                     dialect_.escape == CsvEscape::Backslash ? '\\' : dialect_.quote};
    return text.find_first_of(std::string_view(others.data(), others.size())) != std::string_view::npos ||
           text.find(delimiter_) != std::string_view::npos;
}

void CsvWriter::append_quoted(std::string_view text) {
    *at_++ = dialect_.quote;
    if ((quoted_scan_.copy(text, at_) & CsvFound::special) == 0) {
        at_ += text.size();
    } else {
        const bool doubled = dialect_.escape == CsvEscape::Double;
        const char quote = dialect_.quote;
        char* at = at_;
        for (const char byte : text) {
            if (byte == quote || (byte == '\\' && !doubled)) {
                *at++ = doubled ? quote : '\\';
            }
            *at++ = byte;
        }
        at_ = at;
    }
    *at_++ = dialect_.quote;
}

void CsvWriter::append_escaped(std::string_view text) {
    for (std::size_t index = 0; index < text.size(); ++index) {
        char byte = text[index];
        const bool is_control = byte == '\t' || byte == '\r' || byte == '\n';
        if (is_control) {
            byte = byte == '\t' ? 't' : byte == '\r' ? 'r' : 'n';
        }
        if (is_control || byte == '\\' || text.substr(index).starts_with(delimiter_)) {
            *at_++ = '\\';
        }
        *at_++ = byte;
    }
}

void CsvWriter::reject(const Batch& batch, std::size_t row, std::size_t column) {
    const auto& name = columns_[column].name;
    rejects_({.row = batch.row_number(row),
              .reason = "unencodable_text",
              .field = name,
              .value = shortened(batch.column(column)[row].text()),
              .message = "the text of " + name + " " + obstacle_});
}

void CsvWriter::append_raw(std::string_view text) {
    make_room(text.size());
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
}

void CsvWriter::grow(std::size_t bytes) {
    const std::size_t filled = used();
    const std::size_t capacity = std::max(filled + bytes, 2 * capacity_);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (filled > 0) {
        std::memcpy(larger.get(), buffer_.get(), filled);
    }
    buffer_ = std::move(larger);
    capacity_ = capacity;
    at_ = buffer_.get() + filled;
    end_ = buffer_.get() + capacity;
}

void CsvWriter::flush(const Context& context) {
    const std::string_view filled(buffer_.get(), used());
    if (dialect_.encoding == TextEncoding::Utf16Le || dialect_.encoding == TextEncoding::Utf16Be) {
        wide_.clear();
        append_utf16(dialect_.encoding, filled, wide_);
        out_.write(context, as_bytes(wide_));
    } else if (!filled.empty()) {
        out_.write(context, as_bytes(filled));
    }
    at_ = buffer_.get();
    if (capacity_ > 4 * ordinary_capacity) {
        // Grown for one huge row: that memory is not ours to keep.
        buffer_.reset();
        at_ = end_ = nullptr;
        capacity_ = 0;
        make_room(ordinary_capacity);
        wide_ = {};
        converted_ = {};
        transcoded_ = {};
    }
}

}  // namespace rowhaul
