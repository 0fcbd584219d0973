// SPDX-License-Identifier: Apache-2.0
#include "format/json_rows.h"

#include "format/shown_text.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace rowhaul {

namespace {

// Of a row that is too long or broken.
constexpr std::size_t kept_bytes = std::size_t{64} * 1024;
// What a message shows of the place where a row is broken.
constexpr std::size_t shown_mistake = 30;

bool is_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

bool is_blank(std::string_view text) {
    return std::ranges::all_of(text, is_space);
}

std::string trouble(const JsonScanner& scanner) {
    return scanner.problem() == JsonProblem::Ended ? std::string("the file ends within it")
                                                   : std::string(scanner.expected());
}

std::string_view reason_of(const JsonScanner& scanner) {
    return scanner.problem() == JsonProblem::LoneSurrogate ? "invalid_text" : "broken_json";
}

}  // namespace

JsonRows::JsonRows(InputStream& in, JsonRowSizes sizes)
    : sizes_(sizes), in_(in, TextEncoding::Utf8), pool_(sizes.block_bytes) {}

bool JsonRows::refill(const Context& context) {
    context.check();
    if (at_end_) {
        return false;
    }
    const auto kept = limit_ - at_;
    const auto capacity = std::max(sizes_.block_bytes, 2 * kept);
    auto block = pool_.take(capacity);
    if (kept > 0) {
        std::memcpy(block.get(), data_ + at_, kept);
    }
    auto size = kept;
    while (size < capacity && !at_end_) {
        const auto count =
            in_.read(context, std::span(reinterpret_cast<std::byte*>(block.get()) + size, capacity - size));
        at_end_ = count == 0;
        size += count;
    }
    block_ = std::move(block);
    data_ = block_.get();
    at_ = 0;
    limit_ = size;
    return size > kept;
}

void JsonRows::pass(std::size_t bytes) {
    const std::string_view passed(data_ + at_, bytes);
    const auto breaks = static_cast<std::uint64_t>(std::ranges::count(passed, '\n'));
    line_ += breaks;
    column_ = breaks == 0 ? column_ + bytes : bytes - passed.rfind('\n') - 1;
    at_ += bytes;
}

bool JsonRows::pass_spaces(const Context& context) {
    while (has_byte(context)) {
        const auto text = rest();
        const auto spaces = std::ranges::find_if_not(text, is_space) - text.begin();
        pass(static_cast<std::size_t>(spaces));
        if (at_ < limit_) {
            return true;
        }
    }
    return false;
}

// To the start of the next line; false when there is none.
bool JsonRows::pass_line(const Context& context) {
    while (has_byte(context)) {
        const auto text = rest();
        const auto end = text.find('\n');
        if (end != std::string_view::npos) {
            pass(end + 1);
            return true;
        }
        pass(text.size());
    }
    return false;
}

void JsonRows::begin(const Context& context) {
    has_begun_ = true;
    if (pass_spaces(context) && byte() == '[') {
        is_array_ = true;
        pass(1);
    }
}

bool JsonRows::next(const Context& context, JsonRow& out) {
    out = {};
    if (!has_begun_) {
        begin(context);
    }
    if (is_over_) {
        return false;
    }
    is_over_ = !(is_array_ ? next_element(context, out) : next_line(context, out));
    return !is_over_;
}

void JsonRows::keep_long_row(JsonRow& out) const {
    auto kept = std::make_shared<std::string>(rest().substr(0, kept_bytes));
    out.text = *kept;
    out.block = std::move(kept);
}

bool JsonRows::next_line(const Context& context, JsonRow& out) {
    std::size_t searched = 0;
    while (has_byte(context)) {
        const auto end = rest().find('\n', searched);
        if (end == std::string_view::npos && !at_end_ && rest().size() <= sizes_.longest_row) {
            searched = rest().size();
            refill(context);
            continue;
        }
        out.line = line_;
        if (std::min(end, rest().size()) > sizes_.longest_row) {
            out.reason = "row_too_long";
            out.message = fmt::format("the line is longer than {} bytes", sizes_.longest_row);
            keep_long_row(out);
            pass_line(context);
            return true;
        }
        auto text = rest().substr(0, end);
        at_ += std::min(text.size() + 1, rest().size());
        ++line_;
        searched = 0;
        if (text.ends_with('\r')) {
            text.remove_suffix(1);
        }
        if (!is_blank(text)) {
            out.text = text;
            out.block = block_;
            return true;
        }
    }
    return false;
}

// Nothing but spaces may stand behind the array.
void JsonRows::check_end(const Context& context) {
    if (pass_spaces(context)) {
        throw Error(ErrorKind::Invalid, fmt::format("line {}: there is more behind the end of the array", line_));
    }
}

// To the first character of the next element; false at the end of the array.
bool JsonRows::pass_to_element(const Context& context) {
    while (pass_spaces(context)) {
        if (byte() == ']') {
            pass(1);
            check_end(context);
            return false;
        }
        if (byte() != ',') {
            return true;
        }
        pass(1);
    }
    throw Error(ErrorKind::Invalid, fmt::format("line {}: the file ends before its array does; it is cut off", line_));
}

bool JsonRows::next_element(const Context& context, JsonRow& out) {
    if (!pass_to_element(context)) {
        return false;
    }
    for (;;) {
        JsonScanner scanner(rest());
        JsonValue value;
        const bool is_value = scanner.value(value);
        const bool is_scalar_at_the_end = is_value && scanner.position() == rest().size() && byte() != '{';
        const bool is_hardly_shown = scanner.failed() && rest().size() < scanner.position() + shown_mistake;
        const bool wants_more = scanner.problem() == JsonProblem::Ended || is_scalar_at_the_end || is_hardly_shown;
        if (wants_more && !at_end_ && rest().size() <= sizes_.longest_row) {
            refill(context);
            continue;
        }
        out.line = line_;
        if (scanner.position() > sizes_.longest_row) {
            out.reason = "row_too_long";
            out.message = fmt::format("the object is longer than {} bytes", sizes_.longest_row);
            give_up(context, out);
        } else if (is_value) {
            out.text = value.text;
            out.block = block_;
            pass(scanner.position());
        } else if (scanner.problem() == JsonProblem::Ended) {
            throw Error(ErrorKind::Invalid,
                        fmt::format("line {}: the file ends within the row that begins here; it is cut off", line_));
        } else {
            const auto before = rest().substr(0, scanner.position());
            const auto lines = static_cast<std::uint64_t>(std::ranges::count(before, '\n'));
            out.reason = reason_of(scanner);
            out.message = fmt::format("line {}: {}, but here is {}", line_ + lines, trouble(scanner),
                                      shortened(rest().substr(scanner.position(), shown_mistake)));
            give_up(context, out);
        }
        return true;
    }
}

// Whether the line at at_ can begin an element: spaces, perhaps a comma, a bracket not beyond `column`;
// or the end of the array.
bool JsonRows::resumes_here(const Context& context, std::size_t column) {
    for (std::size_t i = 0; i <= column; ++i) {
        if (at_ + i >= limit_ && !refill(context)) {
            return false;
        }
        if (at_ + i >= limit_) {
            return false;
        }
        const char found = data_[at_ + i];
        if (found == '{') {
            return true;
        }
        if (found == ']') {
            return i == 0;
        }
        if (found != ' ' && found != '\t' && found != ',') {
            return false;
        }
    }
    return false;
}

void JsonRows::give_up(const Context& context, JsonRow& out) {
    const auto column = column_;
    const auto line = line_;
    std::string kept;
    do {
        const auto text = rest();
        kept += text.substr(0, std::min(text.find('\n'), kept_bytes - std::min(kept.size(), kept_bytes)));
        kept += ' ';
        if (!pass_line(context)) {
            throw Error(ErrorKind::Invalid,
                        fmt::format("line {}: {}; no line after it begins another row", line, out.message));
        }
    } while (!resumes_here(context, column));
    while (!kept.empty() && (is_space(kept.back()) || kept.back() == ',')) {
        kept.pop_back();
    }
    auto block = std::make_shared<std::string>(std::move(kept));
    out.text = *block;
    out.block = std::move(block);
}

}  // namespace rowhaul
