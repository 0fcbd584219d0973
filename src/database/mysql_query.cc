// SPDX-License-Identifier: Apache-2.0
#include "database/mysql_query.h"

#include "base/error.h"

#include <algorithm>
#include <array>
#include <vector>

namespace rowhaul {

namespace {

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}

[[noreturn]] void refuse(std::string_view what) {
    throw Error(ErrorKind::Invalid, "query: " + std::string(what))
        .advise("A source takes one SELECT that only reads; put anything else into a view or run it elsewhere.");
}

// Splits a statement into words in upper case and single other characters; a text or a quoted name
// is one token "'", so that no word in it is taken for a keyword.
class Scanner {
public:
    explicit Scanner(std::string_view sql) : sql_(sql) {}

    std::vector<std::string> tokens() {
        std::vector<std::string> found;
        for (auto token = next(); !token.empty(); token = next()) {
            found.push_back(std::move(token));
        }
        return found;
    }

private:
    std::string next() {
        skip_blanks();
        if (at_ >= sql_.size()) {
            return {};
        }
        const char c = sql_[at_];
        if (c == '\'' || c == '"' || c == '`') {
            skip_quoted(c);
            return "'";
        }
        if (!is_word(c)) {
            ++at_;
            return {c};
        }
        const auto begin = at_;
        while (at_ < sql_.size() && is_word(sql_[at_])) {
            ++at_;
        }
        std::string word(sql_.substr(begin, at_ - begin));
        std::transform(word.begin(), word.end(), word.begin(),
                       [](char l) { return l >= 'a' && l <= 'z' ? static_cast<char>(l - 'a' + 'A') : l; });
        return word;
    }

    void skip_quoted(char quote) {
        for (++at_; at_ < sql_.size(); ++at_) {
            if (sql_[at_] == '\\' && quote != '`') {
                ++at_;
            } else if (sql_[at_] == quote) {
                ++at_;  // a doubled quote opens the next piece at once: the same token twice
                return;
            }
        }
    }

    void skip_blanks() {
        while (at_ < sql_.size()) {
            const auto rest = sql_.substr(at_);
            if (is_space(rest.front())) {
                ++at_;
            } else if (rest.front() == '#' || (rest.starts_with("--") && (rest.size() == 2 || is_space(rest[2])))) {
                at_ = std::min(sql_.find('\n', at_), sql_.size());
            } else if (rest.starts_with("/*!") || rest.starts_with("/*M!")) {
                refuse("has an executable comment (/*! ... */)");
            } else if (rest.starts_with("/*")) {
                const auto end = sql_.find("*/", at_ + 2);
                at_ = end == std::string_view::npos ? sql_.size() : end + 2;
            } else {
                return;
            }
        }
    }

    std::string_view sql_;
    std::size_t at_ = 0;
};

bool follows(const std::vector<std::string>& tokens, std::size_t at, std::initializer_list<std::string_view> words) {
    return tokens.size() - at > words.size() &&
           std::equal(words.begin(), words.end(), tokens.begin() + static_cast<std::ptrdiff_t>(at) + 1);
}

constexpr std::array locking_or_foreign_functions = {
    std::string_view("GET_LOCK"),        std::string_view("RELEASE_LOCK"), std::string_view("RELEASE_ALL_LOCKS"),
    std::string_view("LOAD_FILE"),       std::string_view("SLEEP"),        std::string_view("BENCHMARK"),
    std::string_view("NEXTVAL"),         std::string_view("SETVAL"),       std::string_view("MASTER_POS_WAIT"),
    std::string_view("MASTER_GTID_WAIT")};

}  // namespace

void check_reading(std::string_view query) {
    const auto tokens = Scanner(query).tokens();
    const auto first = std::find_if(tokens.begin(), tokens.end(), [](const auto& token) { return token != "("; });
    if (first == tokens.end()) {
        refuse("is empty");
    }
    if (*first != "SELECT" && *first != "WITH" && *first != "VALUES" && *first != "TABLE") {
        refuse("starts with \"" + *first + "\", not with SELECT");
    }
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto& token = tokens[i];
        if (token == ";" && i + 1 < tokens.size()) {
            refuse("has a second statement");
        }
        if (token == "INTO") {
            refuse("SELECT ... INTO writes");
        }
        if (token == "FOR" && (follows(tokens, i, {"UPDATE"}) || follows(tokens, i, {"SHARE"}))) {
            refuse("SELECT ... FOR " + tokens[i + 1] + " locks rows that others need");
        }
        if (token == "LOCK" && follows(tokens, i, {"IN", "SHARE"})) {
            refuse("SELECT ... LOCK IN SHARE MODE locks rows that others need");
        }
        if (token == "NEXT" && follows(tokens, i, {"VALUE", "FOR"})) {
            refuse("NEXT VALUE FOR changes a sequence");
        }
        if (follows(tokens, i, {"("}) &&
            std::ranges::find(locking_or_foreign_functions, token) != std::end(locking_or_foreign_functions)) {
            refuse(token + "() does more than read rows");
        }
    }
}

std::string quoted_text(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') {
            quoted += c;
        }
        quoted += c;
    }
    return quoted + "'";
}

}  // namespace rowhaul
