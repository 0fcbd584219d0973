// SPDX-License-Identifier: Apache-2.0
// An expression as it was written: operators, functions and special forms alike are calls by name.
#pragma once
#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

struct Syntax {
    enum class Form : std::uint8_t {
        Literal,  // quoted text
        Number,   // 1, 1.5, 1e3
        Null,
        Boolean,  // name is "true" or "false"
        Column,
        Parameter,
        Call,  // of an operator, function or form: "+", "lower", "in", "case", "is null"
        Cast   // of parts[0] to the type `name`
    };
    Form form = Form::Null;
    std::string name;
    bool is_quoted = false;  // a column between double quotes
    std::size_t place = 0;   // byte of the text that a message points at
    std::size_t depth = 1;
    std::vector<std::unique_ptr<Syntax>> parts;
};

// What is wrong with an expression, and where in it.
class ExpressionError : public Error {
public:
    ExpressionError(std::string_view expression, std::size_t place, const std::string& message);
    // Without the picture of the place.
    const std::string& message() const { return message_; }
    std::size_t place() const { return place_; }

private:
    std::string message_;
    std::size_t place_;
};

// The message, and below it the line of the expression with a caret under the place.
std::string with_caret(std::string_view message, std::string_view expression, std::size_t place);

inline constexpr std::size_t longest_expression = 65'536;
inline constexpr std::size_t deepest_expression = 400;

// PostgreSQL's grammar and precedence. Throws ExpressionError, also for text that is too long or
// nested too deeply.
std::unique_ptr<Syntax> parse_expression(std::string_view text);

}  // namespace rowhaul
