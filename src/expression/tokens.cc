// SPDX-License-Identifier: Apache-2.0
#include "expression/tokens.h"

#include "expression/syntax.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace rowhaul {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool begins_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool continues_word(char c) {
    return begins_word(c) || is_digit(c) || c == '$';
}

class Tokenizer {
public:
    explicit Tokenizer(std::string_view text) : text_(text) {}

    std::vector<Token> all() {
        std::vector<Token> tokens;
        while (skip(), at_ < text_.size()) {
            tokens.push_back(next());
        }
        tokens.push_back({Token::Kind::End, "", "", text_.size()});
        return tokens;
    }

private:
    char ahead(std::size_t by) const { return at_ + by < text_.size() ? text_[at_ + by] : '\0'; }
    [[noreturn]] void fail(std::size_t place, const std::string& message) const {
        throw ExpressionError(text_, place, message);
    }

    void skip() {
        while (at_ < text_.size()) {
            if (std::string_view(" \t\r\n\f").find(text_[at_]) != std::string_view::npos) {
                ++at_;
            } else if (text_.substr(at_).starts_with("--")) {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (text_.substr(at_).starts_with("/*")) {
                const auto end = text_.find("*/", at_ + 2);
                if (end == std::string_view::npos) {
                    fail(at_, "this comment does not end");
                }
                at_ = end + 2;
            } else {
                return;
            }
        }
    }

    Token next() {
        const auto place = at_;
        const char c = text_[at_];
        if ((c == 'e' || c == 'E') && ahead(1) == '\'') {
            ++at_;
            return {Token::Kind::Literal, escaped(place), "", place};
        }
        if (begins_word(c)) {
            return word(place);
        }
        if (is_digit(c) || (c == '.' && is_digit(ahead(1)))) {
            return number(place);
        }
        if (c == '\'') {
            return {Token::Kind::Literal, quoted('\'', "this text does not end; a quote inside is written twice"), "",
                    place};
        }
        if (c == '"') {
            auto name = quoted('"', "this name does not end");
            if (name.empty()) {
                fail(place, "a column's name is missing between the quotes; text stands in single quotes");
            }
            return {Token::Kind::QuotedName, std::move(name), "", place};
        }
        if (c == ':' && begins_word(ahead(1))) {
            ++at_;
            auto parameter = word(place);
            return {Token::Kind::Parameter, parameter.spelled, "", place};
        }
        return symbol(place);
    }

    Token word(std::size_t place) {
        const auto start = at_;
        while (at_ < text_.size() && continues_word(text_[at_])) {
            ++at_;
        }
        std::string spelled(text_.substr(start, at_ - start));
        auto lower = spelled;
        std::ranges::transform(lower, lower.begin(),
                               [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
        return {Token::Kind::Word, std::move(lower), std::move(spelled), place};
    }

    Token number(std::size_t place) {
        const auto digits = [&] {
            while (is_digit(ahead(0))) {
                ++at_;
            }
        };
        digits();
        if (ahead(0) == '.') {
            ++at_;
            digits();
        }
        const bool has_sign = ahead(1) == '+' || ahead(1) == '-';
        if ((ahead(0) == 'e' || ahead(0) == 'E') && is_digit(ahead(has_sign ? 2 : 1))) {
            at_ += has_sign ? 2 : 1;
            digits();
        }
        if (at_ < text_.size() && begins_word(text_[at_])) {
            fail(at_, "this does not belong to a number; leave a space, or quote a name that begins with a digit");
        }
        return {Token::Kind::Number, std::string(text_.substr(place, at_ - place)), "", place};
    }

    std::string quoted(char quote, const char* complaint) {
        const auto place = at_++;
        std::string out;
        while (true) {
            const auto end = text_.find(quote, at_);
            if (end == std::string_view::npos) {
                fail(place, complaint);
            }
            out += text_.substr(at_, end - at_);
            at_ = end + 1;
            if (ahead(0) != quote) {
                return out;
            }
            out += quote;
            ++at_;
        }
    }

    // E'...': backslashes mean what they do in C, for the few that people use.
    std::string escaped(std::size_t place) {
        ++at_;
        std::string out;
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == '\'') {
                if (ahead(0) != '\'') {
                    return out;
                }
                ++at_;
            }
            if (c != '\\' || at_ == text_.size()) {
                out += c;
                continue;
            }
            static constexpr std::string_view letters = "nrtbf";
            static constexpr std::string_view meanings = "\n\r\t\b\f";
            const char letter = text_[at_++];
            const auto known = letters.find(letter);
            if (known == std::string_view::npos && (continues_word(letter) && letter != '_')) {
                fail(at_ - 2, "only \\n \\r \\t \\b \\f \\\\ and \\' are known here");
            }
            out += known == std::string_view::npos ? letter : meanings[known];
        }
        fail(place, "this text does not end");
    }

    Token symbol(std::size_t place) {
        static constexpr std::array<std::string_view, 23> symbols{"!~*", "<=", ">=", "<>", "!=", "||", "::", "~*",
                                                                  "!~",  "<",  ">",  "=",  "+",  "-",  "*",  "/",
                                                                  "%",   "~",  "(",  ")",  ",",  "[",  "]"};
        const auto rest = text_.substr(at_);
        const auto* const found =
            std::ranges::find_if(symbols, [&](std::string_view known) { return rest.starts_with(known); });
        if (found == symbols.end()) {
            const auto shown =
                static_cast<unsigned char>(rest[0]) < ' ' ? std::string("this") : fmt::format("\"{}\"", rest[0]);
            fail(place, fmt::format("{} means nothing here{}", shown,
                                    rest[0] == ';' ? "; an expression is no statement" : ""));
        }
        at_ += found->size();
        return {Token::Kind::Symbol, std::string(*found), "", place};
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::vector<Token> tokenize(std::string_view expression) {
    return Tokenizer(expression).all();
}

}  // namespace rowhaul
