// SPDX-License-Identifier: Apache-2.0
// Walks over JSON text and checks it on the way: nothing is copied, and numbers stay the digits that
// they are. Strict (RFC 8259), but for UTF-8, which the caller has checked before.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rowhaul {

enum class JsonKind : std::uint8_t { Object, Array, String, Number, True, False, Null };

struct JsonString {
    std::string_view inside;  // as written, without its quotes
    bool has_escapes = false;
};

struct JsonValue {
    JsonKind kind = JsonKind::Null;
    std::string_view text;  // as written
    bool has_escapes = false;
    JsonString string() const { return {text.substr(1, text.size() - 2), has_escapes}; }
};

enum class JsonProblem : std::uint8_t {
    None,
    Ended,          // the text ends where more has to come
    Syntax,         //
    LoneSurrogate,  // half of a character: \ud83d without the other half
    TooDeep
};

// Appends what a checked string means.
void append_unescaped(std::string_view inside, std::string& out);
bool is_json_number(std::string_view text);

class JsonScanner {
public:
    static constexpr std::size_t deepest = 512;

    explicit JsonScanner(std::string_view text, std::size_t at = 0) : text_(text), at_(at) {}

    // These return false where there is no such thing; failed() then tells an end from a mistake.
    // The next value with everything in it.
    bool value(JsonValue& out);
    // Into an object, and then to each of its names in turn, behind which stands a value. False
    // behind the last one.
    bool open_object();
    bool next_name(JsonString& name);
    // Whether the next value is an object, into which open_object() leads.
    bool is_at_object();
    // Whether nothing but spaces follows; fails otherwise.
    bool ends();

    bool failed() const { return problem_ != JsonProblem::None; }
    JsonProblem problem() const { return problem_; }
    // For people: "expected a comma or }".
    std::string_view expected() const { return expected_; }
    // Where reading goes on, or where the mistake is.
    std::size_t position() const { return at_; }

private:
    bool fail(JsonProblem problem, std::string_view expected);
    bool expect(char byte, std::string_view expected);
    void skip_spaces();
    bool scan_string(bool& has_escapes);
    bool scan_escape();
    bool scan_hex(std::uint32_t& unit);
    bool scan_number();
    bool scan_digits();
    bool scan_word(std::string_view word);
    bool scan_scalar(JsonValue& out);
    bool scan_nested();

    std::string_view text_;
    std::size_t at_;
    bool is_first_ = true;  // no name of the innermost object was read yet
    std::string open_;      // brackets of the value that is scanned
    JsonProblem problem_ = JsonProblem::None;
    std::string_view expected_;
};

}  // namespace rowhaul
