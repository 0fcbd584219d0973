// SPDX-License-Identifier: Apache-2.0
// The words of an expression.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

struct Token {
    enum class Kind : std::uint8_t { Word, QuotedName, Literal, Number, Parameter, Symbol, End };
    Kind kind = Kind::End;
    std::string text;     // Word: in lower case; Literal, QuotedName: what the quotes mean
    std::string spelled;  // Word: as written
    std::size_t place = 0;
};

// Always ends with an End. Comments (-- and /* */) are left out. Throws ExpressionError.
std::vector<Token> tokenize(std::string_view expression);

}  // namespace rowhaul
