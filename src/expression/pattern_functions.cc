// SPDX-License-Identifier: Apache-2.0
// like and regular expressions. RE2 runs in linear time, whatever the pattern says.
#include "expression/functions.h"
#include "expression/utf8.h"

#include <memory>
#include <re2/re2.h>
#include <utf8proc.h>

namespace rowhaul {

namespace {

// ---- like ----

// A pattern taken apart: literal runs, with % between some of them and _ as single wildcards.
class LikePattern {
public:
    enum class Letters : std::uint8_t { Exact, Folded };

    // False when the pattern ends with the escape character.
    bool set(std::string_view pattern, std::string_view escape, Letters letters) {
        if (is_set_ && pattern == pattern_ && escape == escape_) {
            return is_good_;
        }
        is_set_ = true;
        is_good_ = true;
        pattern_ = pattern;
        escape_ = escape;
        items_.clear();
        while (!pattern.empty()) {
            const auto size = first_character(pattern).size;
            auto piece = pattern.substr(0, size);
            pattern.remove_prefix(size);
            if (piece == escape && !escape.empty()) {
                if (pattern.empty()) {
                    is_good_ = false;
                    break;
                }
                piece = pattern.substr(0, first_character(pattern).size);
                pattern.remove_prefix(piece.size());
                add(piece, letters);
            } else if (piece == "%") {
                if (items_.empty() || items_.back().what != What::Many) {
                    items_.push_back({What::Many, {}});
                }
            } else if (piece == "_") {
                items_.push_back({What::One, {}});
            } else {
                add(piece, letters);
            }
        }
        return is_good_;
    }

    // Greedy from left to right, going back to the last % only: at most the product of the lengths.
    bool matches(std::string_view text) const {
        std::size_t item = 0;
        std::size_t at = 0;
        std::size_t retry_item = items_.size();
        std::size_t retry_at = 0;
        bool can_retry = false;
        while (true) {
            if (item == items_.size()) {
                if (at == text.size()) {
                    return true;
                }
            } else if (items_[item].what == What::Many) {
                if (item + 1 == items_.size()) {
                    return true;
                }
                can_retry = true;
                retry_item = ++item;
                retry_at = at;
                continue;
            } else if (items_[item].what == What::One) {
                if (at < text.size()) {
                    at += first_character(text.substr(at)).size;
                    ++item;
                    continue;
                }
            } else if (text.substr(at).starts_with(items_[item].literal)) {
                at += items_[item++].literal.size();
                continue;
            }
            if (!can_retry || retry_at >= text.size()) {
                return false;
            }
            retry_at += first_character(text.substr(retry_at)).size;
            if (items_[retry_item].what == What::Literal) {
                retry_at = text.find(items_[retry_item].literal, retry_at);
                if (retry_at == std::string_view::npos) {
                    return false;
                }
            }
            at = retry_at;
            item = retry_item;
        }
    }

private:
    enum class What : std::uint8_t { Literal, One, Many };
    struct Item {
        What what;
        std::string literal;
    };
    void add(std::string_view piece, Letters letters) {
        if (items_.empty() || items_.back().what != What::Literal) {
            items_.push_back({What::Literal, {}});
        }
        auto& literal = items_.back().literal;
        const auto character = first_character(piece);
        if (letters == Letters::Exact || character.code < 0) {
            literal += piece;
        } else {
            char folded[4];
            literal.append(folded, write_character(utf8proc_tolower(character.code), folded));
        }
    }

    bool is_set_ = false;
    bool is_good_ = true;
    std::string pattern_;
    std::string escape_;
    std::vector<Item> items_;
};

bool like_with(Row& row, std::string_view text, std::string_view pattern, std::string_view escape) {
    if (count_characters(escape) > 1) {
        row.fail(Failure::InvalidArgument, escape, "an escape is one character");
        return false;
    }
    auto& like = row.memory<LikePattern>();
    if (!like.set(pattern, escape, LikePattern::Letters::Exact)) {
        row.fail(Failure::InvalidArgument, pattern, "the pattern ends with its escape character");
        return false;
    }
    return like.matches(text);
}
bool like(Row& row, std::string_view text, std::string_view pattern) {
    return like_with(row, text, pattern, "\\");
}

bool ilike_with(Row& row, std::string_view text, std::string_view pattern, std::string_view escape) {
    if (count_characters(escape) > 1) {
        row.fail(Failure::InvalidArgument, escape, "an escape is one character");
        return false;
    }
    auto& like = row.memory<LikePattern>();
    if (!like.set(pattern, escape, LikePattern::Letters::Folded)) {
        row.fail(Failure::InvalidArgument, pattern, "the pattern ends with its escape character");
        return false;
    }
    auto& folded = row.scratch();
    while (!text.empty()) {
        const auto character = first_character(text);
        if (character.code < 0) {
            folded += text[0];
        } else {
            char bytes[4];
            folded.append(bytes, write_character(utf8proc_tolower(character.code), bytes));
        }
        text.remove_prefix(character.size);
    }
    return like.matches(folded);
}
bool ilike(Row& row, std::string_view text, std::string_view pattern) {
    return ilike_with(row, text, pattern, "\\");
}

// ---- regular expressions ----

constexpr std::int64_t most_pattern_memory = 1 << 20;

struct Flags {
    bool everywhere = false;
    bool folds = false;
    bool by_line = false;
    bool dot_takes_newline = true;
};

bool read_flags(std::string_view text, Flags& flags) {
    for (const char flag : text) {
        switch (flag) {
            case 'g':
                flags.everywhere = true;
                break;
            case 'i':
                flags.folds = true;
                break;
            case 'c':
                flags.folds = false;
                break;
            case 'n':
            case 'm':
                flags.by_line = true;
                flags.dot_takes_newline = false;
                break;
            case 's':
                flags.by_line = false;
                flags.dot_takes_newline = true;
                break;
            default:
                return false;
        }
    }
    return true;
}

// Whether a pattern has a quantifier that takes as little as it can.
bool has_lazy_quantifier(std::string_view pattern) {
    for (const auto* lazy : {"*?", "+?", "??", "}?"}) {
        if (pattern.find(lazy) != std::string_view::npos) {
            return true;
        }
    }
    return false;
}

// PostgreSQL spells a few things in its own way.
std::string translated(std::string_view pattern, const Flags& flags) {
    std::string out = flags.by_line ? "(?m)" : "";
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '\\' && i + 1 < pattern.size()) {
            const char letter = pattern[++i];
            if (letter == 'm' || letter == 'M' || letter == 'y') {
                out += "\\b";
            } else if (letter == 'Y') {
                out += "\\B";
            } else if (letter == 'Z') {
                out += "\\z";
            } else {
                out += {'\\', letter};
            }
        } else {
            out += pattern[i];
        }
    }
    return out;
}

std::unique_ptr<re2::RE2> compile(std::string_view pattern, const Flags& flags) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_case_sensitive(!flags.folds);
    options.set_dot_nl(flags.dot_takes_newline);
    options.set_max_mem(most_pattern_memory);
    // PostgreSQL prefers the longest match unless told otherwise.
    options.set_longest_match(!has_lazy_quantifier(pattern));
    return std::make_unique<re2::RE2>(translated(pattern, flags), options);
}

class Pattern {
public:
    const re2::RE2* get(Row& row, std::string_view pattern, std::string_view flags) {
        if (!regex_ || pattern != pattern_ || flags != flags_text_) {
            pattern_ = pattern;
            flags_text_ = flags;
            flags_ = {};
            if (!read_flags(flags, flags_)) {
                regex_.reset();
                row.fail(Failure::InvalidArgument, flags, "is no set of flags; known are g i c n s");
                return nullptr;
            }
            regex_ = compile(pattern, flags_);
        }
        if (!regex_->ok()) {
            row.fail(Failure::InvalidArgument, pattern, "is no regular expression that is known here");
            return nullptr;
        }
        return regex_.get();
    }
    const Flags& flags() const { return flags_; }

private:
    std::unique_ptr<re2::RE2> regex_;
    std::string pattern_;
    std::string flags_text_;
    Flags flags_;
};

// Copied with its owner, as std::any wants it.
struct SharedPattern {
    std::shared_ptr<Pattern> pattern = std::make_shared<Pattern>();
};

std::string check_pattern(std::size_t argument, std::string_view text) {
    if (argument != 1) {
        return "";
    }
    const auto regex = compile(text, {});
    return regex->ok() ? ""
                       : "is no regular expression: " + regex->error() +
                             "; patterns are RE2's, without back references and look-around";
}
std::string check_pattern_and_flags(std::size_t argument, std::string_view text) {
    Flags flags;
    return argument == 3 && !read_flags(text, flags) ? "is no set of flags; known are g i c n s"
                                                     : check_pattern(argument, text);
}

re2::StringPiece piece(std::string_view text) {
    return {text.data(), text.size()};
}

template <bool Folds>
bool matches(Row& row, std::string_view text, std::string_view pattern) {
    auto& memory = *row.memory<SharedPattern>().pattern;
    const auto* regex = memory.get(row, pattern, Folds ? "i" : "");
    return regex != nullptr && regex->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}
template <bool Folds>
bool does_not_match(Row& row, std::string_view text, std::string_view pattern) {
    return !matches<Folds>(row, text, pattern);
}

// \1 to \9 and \& stand for what was matched.
void append_replacement(std::string& out, std::string_view replacement, std::span<const re2::StringPiece> groups) {
    for (std::size_t i = 0; i < replacement.size(); ++i) {
        if (replacement[i] != '\\' || i + 1 == replacement.size()) {
            out += replacement[i];
            continue;
        }
        const char letter = replacement[++i];
        const std::size_t group = letter == '&' ? 0 : static_cast<std::size_t>(letter - '0');
        if (letter == '&' || (letter >= '1' && letter <= '9')) {
            if (group < groups.size() && groups[group].data() != nullptr) {
                out.append(groups[group].data(), groups[group].size());
            }
        } else if (letter == '\\') {
            out += '\\';
        } else {
            out += {'\\', letter};
        }
    }
}

std::string_view replaced(Row& row, std::string_view text, std::string_view pattern, std::string_view replacement,
                          std::string_view flags) {
    auto& memory = *row.memory<SharedPattern>().pattern;
    const auto* regex = memory.get(row, pattern, flags);
    if (regex == nullptr) {
        return "";
    }
    std::array<re2::StringPiece, 10> groups;
    const auto count = std::min(10, regex->NumberOfCapturingGroups() + 1);
    const auto matched = std::span(groups).first(static_cast<std::size_t>(count));
    auto& out = row.scratch();
    std::size_t at = 0;      // where matching goes on
    std::size_t copied = 0;  // up to where the text was taken over
    bool is_changed = false;
    while (at <= text.size() &&
           regex->Match(piece(text), at, text.size(), re2::RE2::UNANCHORED, groups.data(), count)) {
        is_changed = true;
        const auto start = static_cast<std::size_t>(groups[0].data() - text.data());
        const auto end = start + groups[0].size();
        out += text.substr(copied, start - copied);
        append_replacement(out, replacement, matched);
        copied = end;
        at = end;
        if (groups[0].empty()) {
            at += at < text.size() ? first_character(text.substr(at)).size : 1;
        }
        if (!memory.flags().everywhere || out.size() > longest_text) {
            break;
        }
    }
    if (!is_changed) {
        return text;
    }
    out += text.substr(std::min(copied, text.size()));
    return row.copy(out);
}
std::string_view replaced_once(Row& row, std::string_view text, std::string_view pattern,
                               std::string_view replacement) {
    return replaced(row, text, pattern, replacement, "");
}

std::optional<std::string_view> found(Row& row, std::string_view text, std::string_view pattern) {
    auto& memory = *row.memory<SharedPattern>().pattern;
    const auto* regex = memory.get(row, pattern, "");
    re2::StringPiece match;
    if (regex == nullptr || !regex->Match(piece(text), 0, text.size(), re2::RE2::UNANCHORED, &match, 1)) {
        return {};
    }
    return std::string_view(match.data(), match.size());
}

}  // namespace

std::vector<Function> pattern_functions() {
    const auto matching = [](std::string_view name, std::string_view usage, std::string_view help, Overload overload,
                             std::vector<Example> examples) {
        return Function{.name = name,
                        .usage = usage,
                        .help = help,
                        .group = Group::Pattern,
                        .overloads = {checked(std::move(overload), check_pattern)},
                        .examples = std::move(examples)};
    };
    return {
        {.name = "like",
         .usage = "text like pattern",
         .help = "Whether the whole text looks so: % stands for any characters, _ for one. A backslash, or what "
                 "`escape` says, takes their meaning. Also: not like.",
         .group = Group::Pattern,
         .overloads = {strict<like>(), strict<like_with>()},
         .examples = {{"'Zürich' like 'Z%'", "true"},
                      {"'Zürich' like 'Z_rich'", "true"},
                      {"'100%' like '100!%' escape '!'", "true"},
                      {"'abc' like 'B%'", "false"}}},
        {.name = "ilike",
         .usage = "text ilike pattern",
         .help = "The same without regard to case.",
         .group = Group::Pattern,
         .overloads = {strict<ilike>(), strict<ilike_with>()},
         .examples = {{"'ZÜRICH' ilike 'zü%'", "true"}}},
        matching("~", "text ~ pattern", "Whether a regular expression matches somewhere in the text.",
                 strict<matches<false>>(), {{"'CH-8001' ~ '^[A-Z]{2}-[0-9]+$'", "true"}}),
        matching("~*", "text ~* pattern", "The same without regard to case.", strict<matches<true>>(),
                 {{"'abc' ~* 'B'", "true"}}),
        matching("!~", "text !~ pattern", "Whether it matches nowhere.", strict<does_not_match<false>>(),
                 {{"'abc' !~ '[0-9]'", "true"}}),
        matching("!~*", "text !~* pattern", "The same without regard to case.", strict<does_not_match<true>>(),
                 {{"'abc' !~* 'B'", "false"}}),
        {.name = "regexp_replace",
         .usage = "regexp_replace(text, pattern, replacement[, flags])",
         .help = "The first match replaced, with flag g every one; \\1 to \\9 stand for groups, \\& for the match. "
                 "Flag i ignores case.",
         .group = Group::Pattern,
         .overloads = {checked(strict<replaced_once>(), check_pattern),
                       checked(strict<replaced>(), check_pattern_and_flags)},
         .examples = {{"regexp_replace('+41 44 123 45 67', '[^0-9+]', '', 'g')", "+41441234567"},
                      {"regexp_replace('2024-03-01', '(\\d+)-(\\d+)-(\\d+)', '\\3.\\2.\\1')", "01.03.2024"}}},
        {.name = "regexp_substr",
         .usage = "regexp_substr(text, pattern)",
         .help = "The first match; NULL when there is none.",
         .group = Group::Pattern,
         .overloads = {checked(strict<found>(), check_pattern)},
         .examples = {{"regexp_substr('Order 4711 of May', '[0-9]+')", "4711"},
                      {"regexp_substr('abc', '[0-9]+')", "NULL"}}},
    };
}

}  // namespace rowhaul
