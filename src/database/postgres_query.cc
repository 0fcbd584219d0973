// SPDX-License-Identifier: Apache-2.0
#include "database/postgres_query.h"

#include "base/error.h"
#include "database/sql_position.h"

#include <algorithm>
#include <array>
#include <optional>

namespace rowhaul {

namespace {

enum class TokenKind : std::uint8_t { Word, QuotedName, Text, Symbol };

struct Token {
    TokenKind kind = TokenKind::Symbol;
    std::string name;  // of words in lower case, of quoted names without quotes, else the symbol
    std::size_t begin = 0;
    std::size_t end = 0;
};

bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
bool starts_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool continues_word(char c) {
    return starts_word(c) || is_digit(c) || c == '$';
}

[[noreturn]] void refuse(std::string_view sql, std::size_t offset, const std::string& why) {
    throw Error(ErrorKind::Invalid, why + "; " + point_at(sql, offset))
        .advise("A query has to be one SELECT that only reads; a source is never changed.");
}

// Cuts a query into tokens by PostgreSQL's lexical rules.
class Tokenizer {
public:
    explicit Tokenizer(std::string_view sql) : sql_(sql) {}

    std::optional<Token> next() {
        skip_blanks_and_comments();
        if (at_ >= sql_.size()) {
            return {};
        }
        Token token;
        token.begin = at_;
        const char c = sql_[at_];
        if (c == '\'') {
            token.kind = TokenKind::Text;
            skip_quoted('\'', Escapes::None);
        } else if (c == '"') {
            token.kind = TokenKind::QuotedName;
            token.name = skip_quoted('"', Escapes::None);
        } else if (c == '$' && skip_dollar_quoted()) {
            token.kind = TokenKind::Text;
        } else if (starts_word(c)) {
            read_word(token);
        } else if (is_digit(c)) {
            // A digit never starts a name; letters after it ("1e5", "0x1f") belong to the number.
            while (at_ < sql_.size() && (continues_word(sql_[at_]) || sql_[at_] == '.')) {
                ++at_;
            }
        } else {
            token.name = std::string(1, c);
            ++at_;
        }
        token.end = at_;
        return token;
    }

private:
    enum class Escapes : std::uint8_t { None, Backslash };

    char peek(std::size_t ahead) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

    void skip_blanks_and_comments() {
        while (at_ < sql_.size()) {
            if (is_blank(sql_[at_])) {
                ++at_;
            } else if (peek(0) == '-' && peek(1) == '-') {
                at_ = std::min(sql_.find_first_of("\n\r", at_), sql_.size());
            } else if (peek(0) == '/' && peek(1) == '*') {
                skip_comment();
            } else {
                return;
            }
        }
    }

    void skip_comment() {
        const auto begin = at_;
        std::size_t depth = 0;
        do {
            if (at_ >= sql_.size()) {
                refuse(sql_, begin, "the query has a comment without an end");
            }
            if (peek(0) == '/' && peek(1) == '*') {
                ++depth;
                at_ += 2;
            } else if (peek(0) == '*' && peek(1) == '/') {
                --depth;
                at_ += 2;
            } else {
                ++at_;
            }
        } while (depth > 0);
    }

    std::string skip_quoted(char quote, Escapes escapes) {
        const auto begin = at_++;
        std::string content;
        while (at_ < sql_.size()) {
            const char c = sql_[at_++];
            if (c == quote) {
                if (peek(0) != quote) {
                    return content;
                }
                ++at_;
            } else if (c == '\\' && escapes == Escapes::Backslash) {
                ++at_;
            }
            content += c;
        }
        refuse(sql_, begin, "the query has a quote without an end");
    }

    // $tag$ ... $tag$; false when this dollar does not start one ($1 is a parameter).
    bool skip_dollar_quoted() {
        auto end = at_ + 1;
        while (end < sql_.size() && sql_[end] != '$' && continues_word(sql_[end])) {
            ++end;
        }
        if (end >= sql_.size() || sql_[end] != '$' || is_digit(sql_[at_ + 1])) {
            return false;
        }
        const auto tag = sql_.substr(at_, end + 1 - at_);
        const auto close = sql_.find(tag, end + 1);
        if (close == std::string_view::npos) {
            refuse(sql_, at_, "the query has a quote without an end");
        }
        at_ = close + tag.size();
        return true;
    }

    void read_word(Token& token) {
        while (at_ < sql_.size() && continues_word(sql_[at_])) {
            ++at_;
        }
        token.kind = TokenKind::Word;
        token.name = sql_.substr(token.begin, at_ - token.begin);
        for (char& c : token.name) {
            c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
        }
        if (peek(0) == '\'' && (token.name == "e" || token.name == "b" || token.name == "x" || token.name == "n")) {
            token.kind = TokenKind::Text;
            const auto escapes = token.name == "e" ? Escapes::Backslash : Escapes::None;
            // A text may go on after a line end, and keeps its rules.
            do {
                skip_quoted('\'', escapes);
                skip_blanks_and_comments();
            } while (peek(0) == '\'');
        } else if (token.name == "u" && peek(0) == '&' && (peek(1) == '\'' || peek(1) == '"')) {
            refuse(sql_, token.begin,
                   "the query has a text or name with Unicode escapes (U&), which hide what it says");
        }
    }

    std::string_view sql_;
    std::size_t at_ = 0;
};

std::vector<Token> tokens_of(std::string_view sql) {
    Tokenizer tokenizer(sql);
    std::vector<Token> tokens;
    while (auto token = tokenizer.next()) {
        tokens.push_back(std::move(*token));
    }
    return tokens;
}

bool is_symbol(const Token& token, std::string_view symbol) {
    return token.kind == TokenKind::Symbol && token.name == symbol;
}

bool is_one_of(const Token& token, std::initializer_list<std::string_view> words) {
    return token.kind == TokenKind::Word && std::find(words.begin(), words.end(), token.name) != words.end();
}

// What follows the first word of statements that change something, for the message.
void check_words(std::string_view sql, const std::vector<Token>& tokens) {
    const auto first = std::find_if(tokens.begin(), tokens.end(), [](const Token& t) { return !is_symbol(t, "("); });
    if (first == tokens.end()) {
        refuse(sql, 0, "the query is empty");
    }
    if (!is_one_of(*first, {"select", "values", "table", "with"})) {
        refuse(sql, first->begin, "the query does not start with SELECT, VALUES, TABLE or WITH");
    }
    for (std::size_t i = 1; i < tokens.size(); ++i) {
        if (is_one_of(tokens[i], {"into"}) && !is_one_of(tokens[i - 1], {"as"})) {
            refuse(sql, tokens[i].begin, "the query writes (INTO)");
        }
        if (is_one_of(tokens[i - 1], {"for"}) && is_one_of(tokens[i], {"update", "share", "no", "key"})) {
            refuse(sql, tokens[i - 1].begin, "the query locks rows (FOR " + tokens[i].name + ")");
        }
        if (i >= 2 && is_one_of(tokens[i], {"insert", "update", "delete", "merge"}) && is_symbol(tokens[i - 1], "(") &&
            is_one_of(tokens[i - 2], {"as", "materialized"})) {
            refuse(sql, tokens[i].begin, "the query writes (" + tokens[i].name + ")");
        }
    }
}

}  // namespace

PostgresQuery check_postgres_query(std::string_view sql) {
    if (const auto nul = sql.find('\0'); nul != std::string_view::npos) {
        refuse(sql, nul, "the query has a NUL character");
    }
    auto tokens = tokens_of(sql);
    const auto end = std::find_if(tokens.begin(), tokens.end(), [](const Token& t) { return is_symbol(t, ";"); });
    const auto more = std::find_if(end, tokens.end(), [](const Token& t) { return !is_symbol(t, ";"); });
    if (more != tokens.end()) {
        refuse(sql, more->begin, "there is more than one statement");
    }
    PostgresQuery query;
    query.text = sql.substr(0, end != tokens.end() ? end->begin : sql.size());
    tokens.erase(end, tokens.end());
    check_words(sql, tokens);
    for (std::size_t i = 1; i < tokens.size(); ++i) {
        const auto kind = tokens[i - 1].kind;
        if (is_symbol(tokens[i], "(") && (kind == TokenKind::Word || kind == TokenKind::QuotedName)) {
            query.functions.push_back(tokens[i - 1].name);
        }
    }
    return query;
}

std::string_view harmful_functions_sql() {
    return R"(
select distinct p.proname
from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
where p.proname = any ($1::text[])
  and (p.provolatile = 'v' and not l.lanpltrusted
       and p.proname not in ('random', 'random_normal', 'setseed', 'clock_timestamp', 'timeofday', 'current_query',
                             'gen_random_uuid', 'uuidv4', 'uuidv7', 'uuid_generate_v1', 'uuid_generate_v1mc',
                             'uuid_generate_v4', 'gen_random_bytes', 'gen_salt', 'pgp_sym_encrypt', 'pgp_pub_encrypt',
                             'normal_rand', 'bernoulli', 'system', 'system_rows', 'system_time', 'currval', 'lastval',
                             'pg_sleep', 'pg_sleep_for', 'pg_sleep_until', 'pg_database_size', 'pg_indexes_size',
                             'pg_relation_size', 'pg_table_size', 'pg_tablespace_size', 'pg_total_relation_size',
                             'pg_partition_tree', 'pg_partition_ancestors', 'pg_sequence_last_value',
                             'pg_is_in_recovery', 'pg_current_wal_lsn', 'pg_last_wal_receive_lsn',
                             'pg_last_wal_replay_lsn', 'pg_last_xact_replay_timestamp', 'pg_xact_commit_timestamp',
                             'pg_lock_status', 'pg_blocking_pids', 'loread', 'lo_get')
       or p.proname in ('crosstab', 'crosstab2', 'crosstab3', 'crosstab4', 'connectby', 'xpath_table'))
order by 1)";
}

std::string identifier_at(std::string_view sql, std::size_t offset) {
    if (offset >= sql.size()) {
        return {};
    }
    Tokenizer tokenizer(sql.substr(offset));
    std::string name;
    try {
        while (const auto token = tokenizer.next()) {
            if (token->kind != TokenKind::Word && token->kind != TokenKind::QuotedName) {
                break;
            }
            name = token->name;
            const auto dot = tokenizer.next();
            if (!dot || !is_symbol(*dot, ".")) {
                break;
            }
        }
    } catch (const Error&) {
        return name;  // the query goes on with something that is wrong anyway
    }
    return name;
}

}  // namespace rowhaul
