// SPDX-License-Identifier: Apache-2.0
#include "expression/rule_dialect.h"

#include "expression/calendar.h"
#include "expression/utf8.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>
#include <vector>

namespace rowhaul {

namespace {

using Form = Condition::Form;

// Beyond these a condition costs the database more than it saves, or is more than it can take.
constexpr std::size_t most_leaves = 100;
constexpr std::size_t most_values = 1000;
constexpr std::size_t longest_rule = 32'768;

// Conditions of which one must hold; none = no row. Nothing instead = every row.
using Kept = std::optional<std::vector<std::string>>;

// In which rows a part is to get through, beside those in which it fails.
struct Wanted {
    bool truth = true;
    bool or_null = false;
    Wanted opposite() const { return {!truth, or_null}; }
};

void add(std::vector<std::string>& to, const std::vector<std::string>& more) {
    for (const auto& condition : more) {
        if (std::ranges::find(to, condition) == to.end()) {
            to.push_back(condition);
        }
    }
}

std::string joined(const std::vector<std::string>& alternatives) {
    return alternatives.size() == 1 ? alternatives.front() : fmt::format("({})", fmt::join(alternatives, " or "));
}

Comparison negated(Comparison comparison) {
    switch (comparison) {
        case Comparison::Equal:
            return Comparison::Unequal;
        case Comparison::Unequal:
            return Comparison::Equal;
        case Comparison::Less:
            return Comparison::GreaterOrEqual;
        case Comparison::LessOrEqual:
            return Comparison::Greater;
        case Comparison::Greater:
            return Comparison::LessOrEqual;
        case Comparison::GreaterOrEqual:
            return Comparison::Less;
        case Comparison::In:
            return Comparison::NotIn;
        case Comparison::NotIn:
            return Comparison::In;
    }
    return comparison;
}

std::string_view symbol_of(Comparison comparison) {
    switch (comparison) {
        case Comparison::Equal:
            return "=";
        case Comparison::Unequal:
            return "<>";
        case Comparison::Less:
            return "<";
        case Comparison::LessOrEqual:
            return "<=";
        case Comparison::Greater:
            return ">";
        case Comparison::GreaterOrEqual:
            return ">=";
        case Comparison::In:
            return "in";
        case Comparison::NotIn:
            return "not in";
    }
    return "";
}

bool is_upwards(Comparison comparison) {
    return comparison == Comparison::Greater || comparison == Comparison::GreaterOrEqual;
}

bool is_ordered(Comparison comparison) {
    return is_upwards(comparison) || comparison == Comparison::Less || comparison == Comparison::LessOrEqual;
}

// The timestamp beyond which no clock of any zone can be at this moment.
std::optional<KnownValue> a_day_away(const KnownValue& moment, Comparison comparison) {
    auto parsed = parse_timestamp(moment.text);
    if (!parsed) {
        return {};
    }
    auto& micros = parsed->timestamp.micros;
    if (micros != Timestamp::infinity && micros != Timestamp::minus_infinity) {
        micros += is_upwards(comparison) ? -micros_per_day : micros_per_day;
        if (!is_in_range(micros)) {
            return {};
        }
    }
    std::string text(48, '\0');
    text.resize(write(parsed->timestamp, text.data()));
    return KnownValue{Kind::Timestamp, std::move(text)};
}

// The nearest whole number on the far side of a limit; nothing where that cannot be told from digits.
std::optional<KnownValue> whole_limit(const KnownValue& limit, Comparison comparison) {
    constexpr std::size_t most_digits = 15;  // exact in any float
    const std::string_view text = limit.text;
    const bool is_negative = text.starts_with('-');
    const auto digits = text.substr(is_negative ? 1 : 0, text.find('.') - (is_negative ? 1 : 0));
    const auto fraction = text.find('.') == std::string_view::npos ? "" : text.substr(text.find('.') + 1);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (digits.empty() || digits.size() > most_digits || !std::ranges::all_of(digits, is_digit) ||
        !std::ranges::all_of(fraction, is_digit)) {
        return {};
    }
    std::int64_t whole = std::stoll(std::string(digits)) * (is_negative ? -1 : 1);
    if (fraction.find_first_not_of('0') != std::string_view::npos) {
        if (!is_ordered(comparison)) {
            return {};
        }
        whole += is_negative && is_upwards(comparison) ? -1 : !is_negative && !is_upwards(comparison) ? 1 : 0;
    }
    return KnownValue{limit.kind, std::to_string(whole)};
}

// Valid UTF-8 without NUL.
bool is_statement_text(std::string_view text) {
    while (!text.empty()) {
        const auto character = first_character(text);
        if (character.code <= 0) {
            return false;
        }
        text.remove_prefix(character.size);
    }
    return true;
}

class Rendering {
public:
    explicit Rendering(const RuleDialect& dialect) : dialect_(dialect) {}

    Kept kept(const Condition& condition, Wanted wanted) {
        switch (condition.form) {
            case Form::Opaque:
                return {};
            case Form::Constant:
                return constant(condition.truth, wanted);
            case Form::And:
                return wanted.truth ? all_of(condition.parts, wanted) : any_of(condition.parts, wanted);
            case Form::Or:
                return wanted.truth ? any_of(condition.parts, wanted) : all_of(condition.parts, wanted);
            case Form::Not:
                return kept(condition.parts[0], wanted.opposite());
            case Form::IsTrue:
                return kept(condition.parts[0], {.truth = wanted.truth, .or_null = !wanted.truth});
            case Form::IsFalse:
            case Form::IsDistinct:
                return kept(condition.parts[0],
                            {.truth = !wanted.truth, .or_null = wanted.truth == (condition.form == Form::IsDistinct)});
            case Form::Compared:
                return compared(condition, wanted);
            case Form::IsNull:
                return null_test(condition, wanted);
        }
        return {};
    }

    // Conditions that must all hold; none = no row. Nothing instead = every row.
    Kept conditions_of(const std::vector<Condition>& parts, Wanted wanted) {
        std::vector<bool> can_fail;
        for (const auto& part : parts) {
            can_fail.push_back(this->can_fail(part));
        }
        std::vector<std::string> conditions;
        for (auto part = parts.begin(); part != parts.end(); ++part) {
            const auto place = part - parts.begin();
            const bool failure_follows =
                std::find(can_fail.begin() + place + 1, can_fail.end(), true) != can_fail.end();
            const auto one = kept(*part, {.truth = wanted.truth, .or_null = wanted.or_null || failure_follows});
            if (one && one->empty()) {
                return one;
            }
            if (one) {
                add(conditions, {joined(*one)});
            }
            if (can_fail[static_cast<std::size_t>(place)]) {
                break;
            }
        }
        return conditions.empty() ? Kept() : std::move(conditions);
    }

    // True for the values that the rest takes for ordinary ones although they may not be.
    const std::vector<std::string>& odd_values() const { return odd_values_; }

private:
    // Whether a condition may fail in rows without odd values.
    bool can_fail(const Condition& condition) {
        if (condition.form == Form::Opaque && condition.can_fail) {
            return true;
        }
        const auto is_unreadable = [&](const std::string& name) {
            const auto* column = find(name);
            return column == nullptr || !is_readable(*column);
        };
        return std::ranges::any_of(condition.columns, is_unreadable) ||
               std::ranges::any_of(condition.parts, [&](const Condition& part) { return can_fail(part); });
    }

    // Whether all its values can be read but for odd ones, which are noted.
    bool is_readable(const RuleColumn& column) {
        if (!column.is_sound && !column.odd_values.empty()) {
            add(odd_values_, {column.odd_values});
        }
        return column.is_sound || !column.odd_values.empty();
    }

    static Kept constant(Truth truth, Wanted wanted) {
        const bool gets_through = truth == Truth::Null ? wanted.or_null : (truth == Truth::True) == wanted.truth;
        return gets_through ? Kept() : Kept(std::in_place);
    }

    Kept any_of(const std::vector<Condition>& parts, Wanted wanted) {
        std::vector<std::string> alternatives;
        for (const auto& part : parts) {
            const auto one = kept(part, wanted);
            if (!one) {
                return {};
            }
            add(alternatives, *one);
        }
        return alternatives;
    }

    Kept all_of(const std::vector<Condition>& parts, Wanted wanted) {
        auto conditions = conditions_of(parts, wanted);
        if (!conditions || conditions->size() <= 1) {
            return conditions;
        }
        return std::vector{fmt::format("({})", fmt::join(*conditions, " and "))};
    }

    Kept compared(const Condition& condition, Wanted wanted) {
        const auto* column = find(condition.columns.front());
        const auto comparison = wanted.truth ? condition.comparison : negated(condition.comparison);
        if (column == nullptr || column->kind == Kind::Unknown || !is_readable(*column) ||
            (wanted.or_null && !column->has_plain_nulls)) {
            return {};
        }
        std::vector<std::string> alternatives;
        if (condition.has_null_value && wanted.truth && wanted.or_null) {
            return {};  // what equals none of the values may equal the unknown one
        }
        if (!(condition.has_null_value && !wanted.truth && !wanted.or_null)) {
            auto said = comparison_text(*column, comparison, condition.values);
            if (!said) {
                return {};
            }
            alternatives.push_back(std::move(*said));
        }
        if (!column->odd_values.empty()) {
            add(odd_values_, {column->odd_values});
        }
        if (wanted.or_null) {
            alternatives.push_back(column->name + " is null");
        }
        return alternatives;
    }

    std::optional<std::string> comparison_text(const RuleColumn& column, Comparison comparison,
                                               const std::vector<KnownValue>& values) const {
        if (column.kind == Kind::Text && comparison != Comparison::Equal && comparison != Comparison::In) {
            return {};
        }
        std::vector<std::string> literals;
        for (const auto& value : values) {
            auto literal = literal_of(column, comparison, value);
            if (!literal) {
                return {};
            }
            literals.push_back(std::move(*literal));
        }
        const bool is_list = comparison == Comparison::In || comparison == Comparison::NotIn;
        return fmt::format("{} {} {}", column.name, symbol_of(comparison),
                           is_list ? fmt::format("({})", fmt::join(literals, ", ")) : literals.front());
    }

    std::optional<std::string> literal_of(const RuleColumn& column, Comparison comparison, KnownValue value) const {
        if (column.kind == Kind::Timestamp && value.kind == Kind::TimestampZoned && is_ordered(comparison)) {
            const auto away = a_day_away(value, comparison);
            return away ? dialect_.literal(*away) : std::nullopt;
        }
        if (value.kind == Kind::Text &&
            (!is_statement_text(value.text) || (column.takes_ascii_only && !is_ascii(value.text)))) {
            return {};
        }
        if (column.takes_whole_numbers) {
            const auto whole = whole_limit(value, comparison);
            if (!whole) {
                return {};
            }
            value = *whole;
        }
        return column.kind == value.kind ? dialect_.literal(value) : std::nullopt;
    }

    Kept null_test(const Condition& condition, Wanted wanted) {
        const auto* column = find(condition.columns.front());
        if (column == nullptr) {
            return {};
        }
        if (!wanted.truth) {
            return std::vector{column->name + " is not null"};
        }
        if (!column->has_plain_nulls || !is_readable(*column)) {
            return {};
        }
        return std::vector{column->name + " is null"};
    }

    const RuleColumn* find(const std::string& name) const {
        const auto found = dialect_.columns.find(name);
        return found == dialect_.columns.end() ? nullptr : &found->second;
    }

    const RuleDialect& dialect_;
    std::vector<std::string> odd_values_;
};

std::size_t count_values(const Condition& condition) {
    auto count = condition.values.size();
    for (const auto& part : condition.parts) {
        count += count_values(part);
    }
    return count;
}

}  // namespace

std::string pushed_rule(const Condition& rule, const RuleDialect& dialect) {
    if (rule.leaves() > most_leaves || count_values(rule) > most_values) {
        return {};
    }
    Rendering rendering(dialect);
    const bool is_conjunction = rule.form == Form::And;
    const auto kept = is_conjunction ? rendering.conditions_of(rule.parts, {}) : rendering.kept(rule, {});
    if (!kept || kept->empty()) {
        return {};
    }
    const auto& odd_values = rendering.odd_values();
    const bool needs_parentheses = is_conjunction && kept->size() > 1 && !odd_values.empty();
    auto text = fmt::format("{}{}{}", needs_parentheses ? "(" : "", fmt::join(*kept, is_conjunction ? " and " : " or "),
                            needs_parentheses ? ")" : "");
    for (const auto& odd : odd_values) {
        text += " or " + odd;
    }
    return text.size() <= longest_rule ? text : "";
}

}  // namespace rowhaul
