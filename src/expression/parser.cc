// SPDX-License-Identifier: Apache-2.0
// Precedence climbing over the tokens of an expression.
#include "expression/syntax.h"
#include "expression/tokens.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

namespace rowhaul {

namespace {

using Part = std::unique_ptr<Syntax>;
using Form = Syntax::Form;

// From loosest to tightest.
constexpr int or_level = 1;
constexpr int and_level = 2;
constexpr int not_level = 3;
constexpr int is_level = 4;
constexpr int comparison_level = 5;
constexpr int like_level = 6;
constexpr int other_level = 7;
constexpr int sum_level = 8;
constexpr int product_level = 9;
constexpr int sign_level = 10;
constexpr int zone_level = 11;
constexpr int cast_level = 12;

constexpr std::array<std::string_view, 19> type_words{
    "text",   "varchar", "character", "integer", "int",  "bigint", "int8",      "decimal",     "numeric", "float",
    "double", "float8",  "boolean",   "bool",    "date", "time",   "timestamp", "timestamptz", "interval"};
// Words that cannot be a column's name unless quoted.
constexpr std::array<std::string_view, 24> reserved{
    "and", "or",   "not",  "in",    "between", "like", "ilike", "is", "case",     "when",   "then",  "else",
    "end", "null", "true", "false", "cast",    "from", "for",   "as", "distinct", "select", "union", "where"};

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text), tokens_(tokenize(text)) {}

    Part whole() {
        auto read = expression(or_level);
        if (!at(Token::Kind::End)) {
            fail(fmt::format("\"{}\" does not belong here", peek().text));
        }
        return read;
    }

private:
    const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
    const Token& take() { return tokens_[next_ < tokens_.size() - 1 ? next_++ : next_]; }
    bool at(Token::Kind kind) const { return peek().kind == kind; }
    bool is_word(std::string_view word, std::size_t ahead = 0) const {
        return peek(ahead).kind == Token::Kind::Word && peek(ahead).text == word;
    }
    bool is_symbol(std::string_view symbol, std::size_t ahead = 0) const {
        return peek(ahead).kind == Token::Kind::Symbol && peek(ahead).text == symbol;
    }
    bool take_word(std::string_view word) {
        if (!is_word(word)) {
            return false;
        }
        ++next_;
        return true;
    }
    bool take_symbol(std::string_view symbol) {
        if (!is_symbol(symbol)) {
            return false;
        }
        ++next_;
        return true;
    }
    void expect_word(std::string_view word) {
        if (!take_word(word)) {
            fail(fmt::format("\"{}\" is missing here", word));
        }
    }
    void expect_symbol(std::string_view symbol) {
        if (!take_symbol(symbol)) {
            fail(fmt::format("\"{}\" is missing here", symbol));
        }
    }
    [[noreturn]] void fail(const std::string& message) const { throw ExpressionError(text_, peek().place, message); }

    template <class... Parts>
    Part node(Form form, std::string name, std::size_t place, Parts... parts) {
        auto made = std::make_unique<Syntax>();
        made->form = form;
        made->name = std::move(name);
        made->place = place;
        (add(*made, std::move(parts)), ...);
        return made;
    }
    void add(Syntax& to, Part part) {
        to.depth = std::max(to.depth, part->depth + 1);
        if (to.depth > deepest_expression) {
            throw ExpressionError(text_, to.place, "is nested too deeply");
        }
        to.parts.push_back(std::move(part));
    }
    template <class... Parts>
    Part call(std::string name, std::size_t place, Parts... parts) {
        return node(Form::Call, std::move(name), place, std::move(parts)...);
    }

    Part expression(int at_least) {
        if (++nesting_ > deepest_expression) {
            fail("is nested too deeply");
        }
        auto left = prefix();
        while (infix(left, at_least)) {
        }
        --nesting_;
        return left;
    }

    Part prefix() {
        const auto place = peek().place;
        if (take_word("not")) {
            return call("not", place, expression(not_level));
        }
        if (take_symbol("-")) {
            // A literal takes its sign, so that the lowest integer can be written.
            if (at(Token::Kind::Number)) {
                return node(Form::Number, "-" + take().text, place);
            }
            return call("negate", place, expression(sign_level));
        }
        if (take_symbol("+")) {
            return expression(sign_level);
        }
        return primary();
    }
    bool infix(Part& left, int at_least) {
        const auto place = peek().place;
        if (is_symbol("::") && at_least <= cast_level) {
            ++next_;
            left = node(Form::Cast, type_name(), place, std::move(left));
            return true;
        }
        if (is_word("at") && is_word("time", 1) && at_least <= zone_level) {
            next_ += 2;
            expect_word("zone");
            left = call("timezone", place, expression(zone_level + 1), std::move(left));
            return true;
        }
        if (at(Token::Kind::Symbol)) {
            return operation(left, at_least, place);
        }
        if (!at(Token::Kind::Word)) {
            return false;
        }
        for (const auto& [word, level] : {std::pair{"or", or_level}, std::pair{"and", and_level}}) {
            if (is_word(word) && at_least <= level) {
                ++next_;
                left = joined(word, place, std::move(left), expression(level + 1));
                return true;
            }
        }
        if (is_word("is") && at_least <= is_level) {
            ++next_;
            is_form(left, place);
            return true;
        }
        return at_least <= like_level && membership(left, place);
    }

    // "a and b and c" is one call with three parts, so that long chains do not nest.
    Part joined(const std::string& word, std::size_t place, Part left, Part right) {
        if (left->form == Form::Call && left->name == word) {
            add(*left, std::move(right));
            return left;
        }
        return call(word, place, std::move(left), std::move(right));
    }

    bool operation(Part& left, int at_least, std::size_t place) {
        struct Operator {
            std::string_view symbol;
            int level;
            std::string_view name;
        };
        static constexpr std::array<Operator, 17> operators{{{"=", comparison_level, "="},
                                                             {"<>", comparison_level, "<>"},
                                                             {"!=", comparison_level, "<>"},
                                                             {"<", comparison_level, "<"},
                                                             {"<=", comparison_level, "<="},
                                                             {">", comparison_level, ">"},
                                                             {">=", comparison_level, ">="},
                                                             {"||", other_level, "||"},
                                                             {"~", other_level, "~"},
                                                             {"~*", other_level, "~*"},
                                                             {"!~", other_level, "!~"},
                                                             {"!~*", other_level, "!~*"},
                                                             {"+", sum_level, "+"},
                                                             {"-", sum_level, "-"},
                                                             {"*", product_level, "*"},
                                                             {"/", product_level, "/"},
                                                             {"%", product_level, "%"}}};
        const auto* const found = std::ranges::find(operators, std::string_view(peek().text), &Operator::symbol);
        if (found == operators.end() || at_least > found->level) {
            return false;
        }
        ++next_;
        auto right = expression(found->level + 1);
        if (found->level == comparison_level && at(Token::Kind::Symbol)) {
            const auto* const second = std::ranges::find(operators, std::string_view(peek().text), &Operator::symbol);
            if (second != operators.end() && second->level == comparison_level) {
                fail("comparisons do not chain; write a < b and b < c");
            }
        }
        left = found->name == "||" ? joined("||", place, std::move(left), std::move(right))
                                   : call(std::string(found->name), place, std::move(left), std::move(right));
        return true;
    }

    Part negated_if(bool negate, std::size_t place, Part part) {
        return negate ? call("not", place, std::move(part)) : std::move(part);
    }

    void is_form(Part& left, std::size_t place) {
        const bool negate = take_word("not");
        for (const auto* word : {"null", "true", "false", "unknown"}) {
            if (take_word(word)) {
                const auto* name = std::string_view(word) == "unknown" ? "null" : word;
                left = negated_if(negate, place, call(fmt::format("is {}", name), place, std::move(left)));
                return;
            }
        }
        if (take_word("distinct")) {
            expect_word("from");
            auto other = expression(comparison_level + 1);
            left = negated_if(negate, place, call("is distinct from", place, std::move(left), std::move(other)));
            return;
        }
        fail("after \"is\" comes null, true, false, unknown or distinct from");
    }

    bool membership(Part& left, std::size_t place) {
        const bool negate = is_word("not");
        const std::size_t ahead = negate ? 1 : 0;
        if (is_word("in", ahead)) {
            next_ += ahead + 1;
            expect_symbol("(");
            auto in = call("in", place, std::move(left));
            do {
                add(*in, expression(or_level));
            } while (take_symbol(","));
            expect_symbol(")");
            left = negated_if(negate, place, std::move(in));
            return true;
        }
        if (is_word("between", ahead)) {
            next_ += ahead + 1;
            auto low = expression(like_level + 1);
            expect_word("and");
            auto high = expression(like_level + 1);
            left = negated_if(negate, place, call("between", place, std::move(left), std::move(low), std::move(high)));
            return true;
        }
        for (const auto* word : {"like", "ilike"}) {
            if (is_word(word, ahead)) {
                next_ += ahead + 1;
                auto matched = call(word, place, std::move(left), expression(like_level + 1));
                if (take_word("escape")) {
                    add(*matched, expression(like_level + 1));
                }
                left = negated_if(negate, place, std::move(matched));
                return true;
            }
        }
        if (negate) {
            fail("after \"not\" comes in, between, like or ilike here");
        }
        return false;
    }

    Part primary() {
        const auto token = peek();
        switch (token.kind) {
            case Token::Kind::Number:
                return node(Form::Number, take().text, token.place);
            case Token::Kind::Literal:
                return node(Form::Literal, take().text, token.place);
            case Token::Kind::Parameter:
                return node(Form::Parameter, take().text, token.place);
            case Token::Kind::QuotedName: {
                auto column = node(Form::Column, take().text, token.place);
                column->is_quoted = true;
                return column;
            }
            case Token::Kind::Symbol:
                if (take_symbol("(")) {
                    auto inner = expression(or_level);
                    expect_symbol(")");
                    // Parentheses end a chain: a and (b and c) stays as written.
                    return inner;
                }
                fail(fmt::format("a value is missing before \"{}\"", token.text));
            case Token::Kind::Word:
                return word();
            case Token::Kind::End:
                fail(text_.find_first_not_of(" \t\r\n") == std::string_view::npos ? "the expression is empty"
                                                                                  : "the expression ends too early");
        }
        fail("a value is missing here");
    }

    Part word() {
        const auto token = peek();
        if (take_word("null")) {
            return node(Form::Null, "", token.place);
        }
        if (is_word("true") || is_word("false")) {
            return node(Form::Boolean, take().text, token.place);
        }
        if (take_word("case")) {
            return case_form(token.place);
        }
        for (const auto* name : {"current_date", "current_timestamp", "localtimestamp"}) {
            if (is_word(name) && !is_symbol("(", 1)) {
                ++next_;
                return call(name, token.place);
            }
        }
        if (is_symbol("(", 1) && !is_among(reserved, token.text)) {
            ++next_;
            ++next_;
            return function(token);
        }
        if (is_word("cast")) {
            ++next_;
            expect_symbol("(");
            auto value = expression(or_level);
            expect_word("as");
            auto type = type_name();
            expect_symbol(")");
            return node(Form::Cast, std::move(type), token.place, std::move(value));
        }
        if (peek(1).kind == Token::Kind::Literal && is_among(type_words, token.text)) {
            auto type = type_name();
            const auto place = peek().place;
            return node(Form::Cast, std::move(type), token.place, node(Form::Literal, take().text, place));
        }
        if (is_among(reserved, token.text)) {
            fail(fmt::format(
                "a value is missing before \"{0}\"; write a column of that name as \"{0}\" in double quotes",
                token.text));
        }
        ++next_;
        return node(Form::Column, token.spelled, token.place);
    }

    Part function(const Token& name) {
        if (name.text == "extract") {
            auto field =
                node(Form::Literal, at(Token::Kind::Word) || at(Token::Kind::Literal) ? peek().text : "", peek().place);
            ++next_;
            expect_word("from");
            return closed(call("extract", name.place, std::move(field), expression(or_level)));
        }
        if (name.text == "position") {
            auto part = expression(like_level + 1);
            expect_word("in");
            auto whole = expression(or_level);
            return closed(call("strpos", name.place, std::move(whole), std::move(part)));
        }
        if (name.text == "trim") {
            return trim_form(name.place);
        }
        auto made = call(name.text, name.place);
        if (take_symbol(")")) {
            return made;
        }
        add(*made, expression(or_level));
        if (name.text == "substring" && (is_word("from") || is_word("for"))) {
            if (take_word("from")) {
                add(*made, expression(or_level));
            } else {
                add(*made, node(Form::Number, "1", peek().place));
            }
            if (take_word("for")) {
                add(*made, expression(or_level));
            }
            return closed(std::move(made));
        }
        while (take_symbol(",")) {
            add(*made, expression(or_level));
        }
        return closed(std::move(made));
    }

    Part closed(Part part) {
        expect_symbol(")");
        return part;
    }

    // trim([both | leading | trailing] [characters] [from] text)
    Part trim_form(std::size_t place) {
        std::string name = "btrim";
        if (take_word("leading")) {
            name = "ltrim";
        } else if (take_word("trailing")) {
            name = "rtrim";
        } else {
            take_word("both");
        }
        if (take_word("from")) {
            return closed(call(name, place, expression(or_level)));
        }
        auto first = expression(or_level);
        if (take_word("from")) {
            auto text = expression(or_level);
            return closed(call(name, place, std::move(text), std::move(first)));
        }
        auto made = call(name, place, std::move(first));
        if (take_symbol(",")) {
            add(*made, expression(or_level));
        }
        return closed(std::move(made));
    }

    // Becomes case(condition, value, ..., otherwise); with an operand the conditions compare with it.
    Part case_form(std::size_t place) {
        Part operand = is_word("when") ? nullptr : expression(or_level);
        auto made = call(operand ? "case of" : "case", place);
        if (operand) {
            add(*made, std::move(operand));
        }
        if (!is_word("when")) {
            fail("\"when\" is missing here");
        }
        while (take_word("when")) {
            add(*made, expression(or_level));
            expect_word("then");
            add(*made, expression(or_level));
        }
        if (take_word("else")) {
            add(*made, expression(or_level));
        } else {
            add(*made, node(Form::Null, "", place));
        }
        expect_word("end");
        return made;
    }

    // The name as written, in one spelling: "decimal(10,2)", "timestamp with time zone".
    std::string type_name() {
        if (!at(Token::Kind::Word) || !is_among(type_words, peek().text)) {
            fail(
                "a type is missing here: text, integer, decimal, float, boolean, date, time, timestamp, timestamp with "
                "time zone, interval");
        }
        auto name = take().text;
        if (name == "double") {
            take_word("precision");
        } else if (name == "character") {
            expect_word("varying");
            name = "varchar";
        } else if (name == "timestamp") {
            const bool zoned = is_word("with");
            if (zoned || is_word("without")) {
                ++next_;
                expect_word("time");
                expect_word("zone");
            }
            name = zoned ? "timestamptz" : name;
        }
        if (take_symbol("(")) {
            name += "(";
            do {
                if (!at(Token::Kind::Number)) {
                    fail("a number is missing here");
                }
                name += (name.back() == '(' ? "" : ",") + take().text;
            } while (take_symbol(","));
            expect_symbol(")");
            name += ")";
        }
        return name;
    }

    std::string_view text_;
    std::vector<Token> tokens_;
    std::size_t next_ = 0;
    std::size_t nesting_ = 0;
};

}  // namespace

std::unique_ptr<Syntax> parse_expression(std::string_view text) {
    if (text.size() > longest_expression) {
        throw ExpressionError(
            text.substr(0, 80), 0,
            fmt::format("is longer than the {} bytes that an expression may have", longest_expression));
    }
    return Parser(text).whole();
}

}  // namespace rowhaul
