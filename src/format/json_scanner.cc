// SPDX-License-Identifier: Apache-2.0
#include "format/json_scanner.h"

#include <cassert>
#include <cstring>

namespace rowhaul {

namespace {

constexpr std::uint64_t repeated(std::uint8_t byte) {
    return 0x0101010101010101ULL * byte;
}

// Has the high bit of some byte set if one of the eight ends a plain run of text.
constexpr std::uint64_t marks_in(std::uint64_t word) {
    constexpr auto ones = repeated(0x01);
    const auto quote = word ^ repeated('"');
    const auto escape = word ^ repeated('\\');
    const auto zeros = ((quote - ones) & ~quote) | ((escape - ones) & ~escape);
    const auto control = (word - repeated(0x20)) & ~word;
    return (zeros | control) & repeated(0x80);
}

bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

bool is_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

std::uint32_t hex_digits(std::string_view four) {
    std::uint32_t unit = 0;
    for (const char digit : four) {
        const auto letter = static_cast<std::uint32_t>(digit | 0x20);
        unit = unit * 16 + (is_digit(digit) ? static_cast<std::uint32_t>(digit - '0') : letter - 'a' + 10);
    }
    return unit;
}

constexpr bool is_high_half(std::uint32_t unit) {
    return unit >= 0xD800 && unit < 0xDC00;
}
constexpr bool is_low_half(std::uint32_t unit) {
    return unit >= 0xDC00 && unit < 0xE000;
}

void append_character(std::uint32_t character, std::string& out) {
    if (character < 0x80) {
        out += static_cast<char>(character);
    } else if (character < 0x800) {
        out += static_cast<char>(0xC0 | (character >> 6));
        out += static_cast<char>(0x80 | (character & 0x3F));
    } else if (character < 0x10000) {
        out += static_cast<char>(0xE0 | (character >> 12));
        out += static_cast<char>(0x80 | ((character >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (character & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (character >> 18));
        out += static_cast<char>(0x80 | ((character >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((character >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (character & 0x3F));
    }
}

}  // namespace

void append_unescaped(std::string_view inside, std::string& out) {
    while (!inside.empty()) {
        const auto plain = inside.substr(0, inside.find('\\'));
        out += plain;
        inside.remove_prefix(plain.size());
        if (inside.empty()) {
            return;
        }
        const char letter = inside[1];
        inside.remove_prefix(2);
        switch (letter) {
            case 'b':
                out += '\b';
                break;
            case 'f':
                out += '\f';
                break;
            case 'n':
                out += '\n';
                break;
            case 'r':
                out += '\r';
                break;
            case 't':
                out += '\t';
                break;
            case 'u': {
                auto character = hex_digits(inside.substr(0, 4));
                inside.remove_prefix(4);
                if (is_high_half(character)) {
                    character = 0x10000 + ((character - 0xD800) << 10) + (hex_digits(inside.substr(2, 4)) - 0xDC00);
                    inside.remove_prefix(6);
                }
                append_character(character, out);
                break;
            }
            default:
                out += letter;
        }
    }
}

bool is_json_number(std::string_view text) {
    JsonScanner scanner(text);
    JsonValue value;
    return scanner.value(value) && value.kind == JsonKind::Number && value.text.size() == text.size();
}

bool JsonScanner::fail(JsonProblem problem, std::string_view expected) {
    if (!failed()) {
        problem_ = problem == JsonProblem::Syntax && at_ >= text_.size() ? JsonProblem::Ended : problem;
        expected_ = expected;
    }
    return false;
}

void JsonScanner::skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) {
        ++at_;
    }
}

bool JsonScanner::expect(char byte, std::string_view expected) {
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != byte) {
        return fail(JsonProblem::Syntax, expected);
    }
    ++at_;
    return true;
}

bool JsonScanner::scan_hex(std::uint32_t& unit) {
    for (const auto end = at_ + 4; at_ < end; ++at_) {
        const char letter = at_ < text_.size() ? static_cast<char>(text_[at_] | 0x20) : '\0';
        if (at_ >= text_.size() || !(is_digit(text_[at_]) || (letter >= 'a' && letter <= 'f'))) {
            return fail(JsonProblem::Syntax, "expected four hexadecimal digits");
        }
    }
    unit = hex_digits(text_.substr(at_ - 4, 4));
    return true;
}

// From behind the backslash on.
bool JsonScanner::scan_escape() {
    constexpr std::string_view letters = "\"\\/bfnrtu";
    if (at_ >= text_.size() || letters.find(text_[at_]) == std::string_view::npos) {
        return fail(JsonProblem::Syntax, "expected one of \" \\ / b f n r t u behind the backslash");
    }
    if (text_[at_++] != 'u') {
        return true;
    }
    std::uint32_t unit = 0;
    if (!scan_hex(unit)) {
        return false;
    }
    if (is_high_half(unit)) {
        const auto rest = text_.substr(at_);
        if (rest.size() < 2 && rest == std::string_view("\\u").substr(0, rest.size())) {
            at_ = text_.size();
            return fail(JsonProblem::Ended, "expected the second half of a character");
        }
        if (!rest.starts_with("\\u")) {
            return fail(JsonProblem::LoneSurrogate, "half a character (a lone surrogate)");
        }
        at_ += 2;
        std::uint32_t second = 0;
        if (!scan_hex(second)) {
            return false;
        }
        return is_low_half(second) || fail(JsonProblem::LoneSurrogate, "half a character (a lone surrogate)");
    }
    return !is_low_half(unit) || fail(JsonProblem::LoneSurrogate, "half a character (a lone surrogate)");
}

// From behind the opening quote to behind the closing one.
bool JsonScanner::scan_string(bool& has_escapes) {
    has_escapes = false;
    for (;;) {
        while (at_ + 8 <= text_.size()) {
            std::uint64_t word = 0;
            std::memcpy(&word, text_.data() + at_, sizeof(word));
            if (marks_in(word) != 0) {
                break;
            }
            at_ += 8;
        }
        while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
               static_cast<unsigned char>(text_[at_]) >= 0x20) {
            ++at_;
        }
        if (at_ >= text_.size()) {
            return fail(JsonProblem::Ended, "a text does not end");
        }
        if (text_[at_] == '"') {
            ++at_;
            return true;
        }
        if (text_[at_] != '\\') {
            return fail(JsonProblem::Syntax, text_[at_] == '\n' || text_[at_] == '\r'
                                                 ? "a text does not end on its line"
                                                 : "a control character in a text");
        }
        has_escapes = true;
        ++at_;
        if (!scan_escape()) {
            return false;
        }
    }
}

bool JsonScanner::scan_digits() {
    const auto before = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) {
        ++at_;
    }
    return at_ > before || fail(JsonProblem::Syntax, "expected a digit");
}

bool JsonScanner::scan_number() {
    at_ += static_cast<std::size_t>(text_[at_] == '-');
    if (at_ < text_.size() && text_[at_] == '0') {
        ++at_;
    } else if (!scan_digits()) {
        return false;
    }
    if (at_ < text_.size() && text_[at_] == '.') {
        ++at_;
        if (!scan_digits()) {
            return false;
        }
    }
    if (at_ < text_.size() && (text_[at_] | 0x20) == 'e') {
        ++at_;
        at_ += static_cast<std::size_t>(at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-'));
        return scan_digits();
    }
    return true;
}

bool JsonScanner::scan_word(std::string_view word) {
    const auto found = text_.substr(at_, word.size());
    if (found != word) {
        at_ = word.starts_with(found) ? text_.size() : at_;
        return fail(JsonProblem::Syntax, "expected a value");
    }
    at_ += word.size();
    return true;
}

bool JsonScanner::scan_scalar(JsonValue& out) {
    out.has_escapes = false;
    switch (text_[at_]) {
        case '"':
            ++at_;
            out.kind = JsonKind::String;
            return scan_string(out.has_escapes);
        case 't':
            out.kind = JsonKind::True;
            return scan_word("true");
        case 'f':
            out.kind = JsonKind::False;
            return scan_word("false");
        case 'n':
            out.kind = JsonKind::Null;
            return scan_word("null");
        default:
            out.kind = JsonKind::Number;
            return (text_[at_] == '-' || is_digit(text_[at_])) ? scan_number()
                                                               : fail(JsonProblem::Syntax, "expected a value");
    }
}

// An object or array from its bracket on to behind the one that closes it.
bool JsonScanner::scan_nested() {
    open_.clear();
    bool wants_value = true;
    for (;;) {
        if (wants_value) {
            skip_spaces();
            if (at_ >= text_.size()) {
                return fail(JsonProblem::Ended, "expected a value");
            }
            const char byte = text_[at_];
            if (byte == '{' || byte == '[') {
                if (open_.size() >= deepest) {
                    return fail(JsonProblem::TooDeep, "nested too deep");
                }
                ++at_;
                open_ += byte == '{' ? '}' : ']';
                skip_spaces();
                if (at_ < text_.size() && text_[at_] == open_.back()) {
                    ++at_;
                    open_.pop_back();
                    wants_value = false;
                } else if (byte == '{') {
                    bool has_escapes = false;
                    if (!expect('"', "expected a name in quotes or }") || !scan_string(has_escapes) ||
                        !expect(':', "expected a colon")) {
                        return false;
                    }
                }
                if (wants_value) {
                    continue;
                }
            } else {
                JsonValue scalar;
                if (!scan_scalar(scalar)) {
                    return false;
                }
                wants_value = false;
            }
        }
        if (open_.empty()) {
            return true;
        }
        skip_spaces();
        const bool is_object = open_.back() == '}';
        if (at_ < text_.size() && text_[at_] == open_.back()) {
            ++at_;
            open_.pop_back();
            continue;
        }
        if (!expect(',', is_object ? "expected a comma or }" : "expected a comma or ]")) {
            return false;
        }
        if (is_object) {
            bool has_escapes = false;
            if (!expect('"', "expected a name in quotes") || !scan_string(has_escapes) ||
                !expect(':', "expected a colon")) {
                return false;
            }
        }
        wants_value = true;
    }
}

bool JsonScanner::value(JsonValue& out) {
    skip_spaces();
    if (at_ >= text_.size()) {
        return fail(JsonProblem::Ended, "expected a value");
    }
    const auto start = at_;
    const char first = text_[at_];
    if (first == '{' || first == '[') {
        out.kind = first == '{' ? JsonKind::Object : JsonKind::Array;
        out.has_escapes = false;
        if (!scan_nested()) {
            return false;
        }
    } else if (!scan_scalar(out)) {
        return false;
    }
    out.text = text_.substr(start, at_ - start);
    return true;
}

bool JsonScanner::is_at_object() {
    skip_spaces();
    return at_ < text_.size() && text_[at_] == '{';
}

bool JsonScanner::open_object() {
    is_first_ = true;
    return expect('{', "expected an object");
}

bool JsonScanner::next_name(JsonString& name) {
    skip_spaces();
    if (at_ < text_.size() && text_[at_] == '}') {
        ++at_;
        is_first_ = false;
        return false;
    }
    if (!is_first_ && !expect(',', "expected a comma or }")) {
        return false;
    }
    is_first_ = false;
    if (!expect('"', "expected a name in quotes")) {
        return false;
    }
    const auto start = at_;
    if (!scan_string(name.has_escapes)) {
        return false;
    }
    name.inside = text_.substr(start, at_ - start - 1);
    return expect(':', "expected a colon");
}

bool JsonScanner::ends() {
    skip_spaces();
    return at_ >= text_.size() || fail(JsonProblem::Syntax, "expected nothing more");
}

}  // namespace rowhaul
