// SPDX-License-Identifier: Apache-2.0
#include "expression/condition.h"

#include "expression/program.h"

#include <algorithm>
#include <set>

namespace rowhaul {

std::size_t Condition::leaves() const {
    std::size_t count = parts.empty() ? 1 : 0;
    for (const auto& part : parts) {
        count += part.leaves();
    }
    return count;
}

namespace {

using Form = Condition::Form;

// Parts of a rule that are looked at; one that has more is no matter for a database.
constexpr std::size_t most_parts = 1000;

Kernel kernel_of(std::string_view name) {
    const auto* function = find_function(name);
    return function->overloads.empty() ? function->kernel : function->overloads.front().kernel;
}

// What never fails by itself, whatever its arguments are.
bool is_total(Kernel kernel) {
    static const std::set<Kernel> kernels = [] {
        std::set<Kernel> all{cast_kernel(Kind::Integer, Kind::Decimal), cast_kernel(Kind::Integer, Kind::Float),
                             cast_kernel(Kind::Timestamp, Kind::TimestampZoned)};
        for (const auto* name : {"and",     "or",       "not",      "case",  "is true", "is false", "=",
                                 "<>",      "<",        "<=",       ">",     ">=",      "in",       "is distinct from",
                                 "is null", "coalesce", "greatest", "least", "length",  "strpos",   "starts_with"}) {
            all.insert(kernel_of(name));
        }
        return all;
    }();
    return kernels.contains(kernel);
}

std::optional<Comparison> comparison_of(Kernel kernel) {
    static const std::map<Kernel, Comparison> kernels{
        {kernel_of("="), Comparison::Equal},   {kernel_of("<>"), Comparison::Unequal},
        {kernel_of("<"), Comparison::Less},    {kernel_of("<="), Comparison::LessOrEqual},
        {kernel_of(">"), Comparison::Greater}, {kernel_of(">="), Comparison::GreaterOrEqual},
        {kernel_of("in"), Comparison::In},     {kernel_of("is distinct from"), Comparison::Equal}};
    const auto found = kernels.find(kernel);
    return found == kernels.end() ? std::nullopt : std::optional(found->second);
}

// What a < b says of b.
Comparison turned(Comparison comparison) {
    switch (comparison) {
        case Comparison::Less:
            return Comparison::Greater;
        case Comparison::LessOrEqual:
            return Comparison::GreaterOrEqual;
        case Comparison::Greater:
            return Comparison::Less;
        case Comparison::GreaterOrEqual:
            return Comparison::LessOrEqual;
        default:
            return comparison;
    }
}

}  // namespace

// Takes the nodes of a program apart.
class ConditionMaker {
public:
    explicit ConditionMaker(const Program& program) : program_(program), work_(program.facts_) {
        work_.arena = &arena_;
    }

    Condition make(std::uint32_t node) {
        if (++parts_ > most_parts) {
            return {};
        }
        const auto& what = program_.nodes_[node];
        if (what.stride == 0) {
            return constant(node);
        }
        if (const auto column = column_of(node); column && what.kind == Kind::Boolean) {
            return {.form = Form::Compared, .columns = {name_of(*column)}, .values = {{Kind::Boolean, "true"}}};
        }
        static const std::map<Kernel, Form> joints{{kernel_of("and"), Form::And},
                                                   {kernel_of("or"), Form::Or},
                                                   {kernel_of("not"), Form::Not},
                                                   {kernel_of("is true"), Form::IsTrue},
                                                   {kernel_of("is false"), Form::IsFalse}};
        if (const auto joint = joints.find(what.kernel); joint != joints.end()) {
            Condition condition{.form = joint->second};
            for (const auto argument : what.arguments) {
                condition.parts.push_back(make(argument));
            }
            return condition;
        }
        return leaf(node).value_or(opaque(node));
    }

private:
    std::string name_of(std::size_t schema_index) const { return (*program_.schema_)[schema_index].name; }
    Kind kind_of_column(std::size_t schema_index) const { return kind_of((*program_.schema_)[schema_index].type); }

    // The column whose values these are, as its own kind.
    std::optional<std::size_t> column_of(std::uint32_t node) const {
        const auto& what = program_.nodes_[node];
        if (what.is_constant) {
            return {};
        }
        if (what.kernel == nullptr) {
            return program_.columns_[what.index];
        }
        const auto known = std::ranges::find_if(program_.column_nodes_,
                                                [&](const auto& candidate) { return candidate.second == node; });
        return known != program_.column_nodes_.end() ? std::optional(known->first) : std::nullopt;
    }

    // The same, also where timestamps are taken for moments.
    std::optional<std::size_t> compared_column(std::uint32_t node) const {
        const auto& what = program_.nodes_[node];
        return column_of(what.kernel != nullptr && what.kernel == cast_kernel(Kind::Timestamp, Kind::TimestampZoned)
                             ? what.arguments[0]
                             : node);
    }

    std::optional<Condition> leaf(std::uint32_t node) {
        const auto& what = program_.nodes_[node];
        if (what.kernel == kernel_of("is null")) {
            const auto column = column_of(what.arguments[0]);
            return column ? std::optional(Condition{.form = Form::IsNull, .columns = {name_of(*column)}})
                          : std::nullopt;
        }
        auto comparison = comparison_of(what.kernel);
        if (!comparison) {
            return {};
        }
        auto left = what.arguments[0];
        std::vector<std::uint32_t> right(what.arguments.begin() + 1, what.arguments.end());
        if (right.size() == 1 && program_.nodes_[left].stride == 0) {
            std::swap(left, right[0]);
            comparison = turned(*comparison);
        }
        const auto column = compared_column(left);
        if (!column) {
            return {};
        }
        Condition compared{.form = Form::Compared, .columns = {name_of(*column)}, .comparison = *comparison};
        for (const auto value : right) {
            if (program_.nodes_[value].stride != 0 || !take(value, compared)) {
                return {};
            }
        }
        const bool is_list = comparison == Comparison::In;
        const auto kind = program_.nodes_[left].kind;
        const bool is_ordered = !is_list && comparison != Comparison::Equal && comparison != Comparison::Unequal;
        if (compared.values.empty() || (compared.has_null_value && !is_list) ||
            (kind == Kind::Boolean && (is_list || is_ordered))) {
            return {};
        }
        if (what.kernel == kernel_of("is distinct from")) {
            return Condition{.form = Form::IsDistinct, .parts = {std::move(compared)}};
        }
        return compared;
    }

    bool take(std::uint32_t node, Condition& compared) {
        const auto& value = value_of(node);
        if (value.state(0) == State::Failed) {
            return false;
        }
        if (value.state(0) == State::Null) {
            compared.has_null_value = true;
            return true;
        }
        auto text = text_of(value);
        if (text) {
            compared.values.push_back({value.kind(), std::move(*text)});
        }
        return text.has_value();
    }

    Condition constant(std::uint32_t node) {
        const auto& value = value_of(node);
        if (value.state(0) == State::Failed) {
            return {};
        }
        Condition condition{.form = Form::Constant, .truth = Truth::Null};
        if (value.state(0) == State::Valid) {
            condition.truth = value.at<bool>(0) ? Truth::True : Truth::False;
        }
        return condition;
    }

    Condition opaque(std::uint32_t node) {
        Condition condition{.form = Form::Opaque, .can_fail = false};
        std::set<std::uint32_t> seen;
        std::vector<std::uint32_t> open{node};
        while (!open.empty()) {
            const auto next = open.back();
            open.pop_back();
            if (!seen.insert(next).second) {
                continue;
            }
            const auto& what = program_.nodes_[next];
            if (what.stride == 0) {
                condition.can_fail = condition.can_fail || value_of(next).state(0) == State::Failed;
            } else if (const auto column = column_of(next)) {
                if (what.kernel != nullptr) {
                    condition.columns.push_back(name_of(*column));
                }
            } else {
                condition.can_fail = condition.can_fail || !never_fails(next, what.kernel);
                open.insert(open.end(), what.arguments.begin(), what.arguments.end());
            }
        }
        return condition;
    }

    bool never_fails(std::uint32_t node, Kernel kernel) {
        static const Kernel like = kernel_of("like");
        if (kernel != like) {
            return is_total(kernel);
        }
        // A pattern that cannot end with its escape character.
        const auto pattern = program_.nodes_[node].arguments[1];
        return program_.nodes_[pattern].stride == 0 && value_of(pattern).state(0) == State::Valid &&
               value_of(pattern).at<Cell>(0).text().find('\\') == std::string_view::npos;
    }

    // Of a node that is the same in every row.
    const Vector& value_of(std::uint32_t node) {
        const auto& what = program_.nodes_[node];
        if (what.is_constant) {
            return *program_.constants_[what.index];
        }
        if (const auto known = values_.find(node); known != values_.end()) {
            return known->second;
        }
        std::vector<const Vector*> arguments;
        for (const auto argument : what.arguments) {
            arguments.push_back(&value_of(argument));
        }
        return values_.emplace(node, computed(what.kernel, what.kind, arguments)).first->second;
    }

    Vector computed(Kernel kernel, Kind kind, const std::vector<const Vector*>& arguments) {
        Vector result;
        std::any memory;
        Call call{.arguments = arguments,
                  .out = result,
                  .result = kind,
                  .rows = 1,
                  .stride = 0,
                  .work = work_,
                  .memory = memory};
        kernel(call);
        return result;
    }

    std::optional<std::string> text_of(const Vector& value) {
        switch (value.kind()) {
            case Kind::Text:
                return std::string(value.at<Cell>(0).text());
            case Kind::TimestampZoned: {
                const Timestamp utc{value.at<ZonedTimestamp>(0).micros};
                std::string text(48, '\0');
                text.resize(write(utc, 0, text.data()));
                return text;
            }
            case Kind::Integer:
            case Kind::Decimal:
            case Kind::Float:
            case Kind::Boolean:
            case Kind::Date:
            case Kind::Timestamp: {
                const auto result = computed(cast_kernel(value.kind(), Kind::Text), Kind::Text, {&value});
                return result.state(0) == State::Valid ? std::optional(std::string(result.at<Cell>(0).text()))
                                                       : std::nullopt;
            }
            default:
                return {};
        }
    }

    const Program& program_;
    Arena arena_;
    Workspace work_;
    std::map<std::uint32_t, Vector> values_;
    std::size_t parts_ = 0;
};

Condition Program::condition(std::size_t result) const {
    return schema_ ? ConditionMaker(*this).make(results_[result].node) : Condition();
}

}  // namespace rowhaul
