// SPDX-License-Identifier: Apache-2.0
#include "expression/checker.h"

#include "base/near_miss.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <functional>
#include <iterator>

namespace rowhaul {

namespace {

using Typed = Checker::Typed;
using Form = Syntax::Form;

constexpr int impossible = 1'000'000;

std::string folded(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return out;
}

// What it costs to take a value of one kind for another; the cheapest overload is meant.
int cost(Kind from, Kind to) {
    if (from == to || from == Kind::Any) {
        return 0;
    }
    if (from == Kind::Unknown) {
        return to == Kind::Text ? 1 : 2;
    }
    if (!converts_silently(from, to)) {
        return impossible;
    }
    return (from == Kind::Integer && to == Kind::Float) || (from == Kind::Date && to == Kind::TimestampZoned) ? 20 : 10;
}

Kind argument_kind(const Overload& overload, std::size_t argument) {
    return overload.arguments[std::min(argument, overload.arguments.size() - 1)];
}

// Beside a value of a kind, a literal is first taken for one of the same kind.
std::vector<Kind> assumed_kinds(const std::vector<Typed>& arguments) {
    std::vector<Kind> kinds;
    for (const auto& argument : arguments) {
        kinds.push_back(argument.kind);
    }
    if (kinds.size() == 2) {
        for (const std::size_t i : {0U, 1U}) {
            if (kinds[i] == Kind::Unknown) {
                kinds[i] = kinds[1 - i];
                break;
            }
        }
    }
    return kinds;
}

std::string kinds_text(const std::vector<Typed>& arguments) {
    std::string text;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        text += fmt::format("{}{}",
                            i == 0                      ? ""
                            : i + 1 == arguments.size() ? " and "
                                                        : ", ",
                            arguments[i].kind == Kind::Unknown ? "a literal" : name_of(arguments[i].kind));
    }
    return text;
}

bool is_number(Kind kind) {
    return kind == Kind::Integer || kind == Kind::Decimal || kind == Kind::Float;
}

std::string cast_advice(const std::vector<Typed>& arguments) {
    const auto has = [&](auto wanted) {
        return std::ranges::any_of(arguments, [&](const Typed& argument) { return wanted(argument.kind); });
    };
    const bool has_text = has([](Kind kind) { return kind == Kind::Text; });
    if (has_text && has(is_number)) {
        return "; make the text a number with cast(… as decimal), or the number a text with cast(… as text)";
    }
    if (has_text && has([](Kind kind) { return kind == Kind::Date || kind == Kind::Timestamp; })) {
        return "; make the text a date with cast(… as date) or to_date(…, 'DD.MM.YYYY')";
    }
    return has([](Kind kind) { return kind == Kind::Json; }) ? "; cast the json to text first" : "";
}

std::vector<std::string> function_names() {
    std::vector<std::string> names;
    for (const auto& function : all_functions()) {
        if (function.name[0] >= 'a' && function.name[0] <= 'z' && function.name.find(' ') == std::string_view::npos) {
            names.emplace_back(function.name);
        }
    }
    for (const auto* other : {"trim", "substring", "ceiling", "char_length", "now", "position"}) {
        names.emplace_back(other);
    }
    return names;
}

struct TypeName {
    std::string_view name;
    Kind kind;
};
constexpr std::array<TypeName, 17> type_names{{{"text", Kind::Text},
                                               {"varchar", Kind::Text},
                                               {"integer", Kind::Integer},
                                               {"int", Kind::Integer},
                                               {"bigint", Kind::Integer},
                                               {"int8", Kind::Integer},
                                               {"decimal", Kind::Decimal},
                                               {"numeric", Kind::Decimal},
                                               {"float", Kind::Float},
                                               {"double", Kind::Float},
                                               {"float8", Kind::Float},
                                               {"boolean", Kind::Boolean},
                                               {"bool", Kind::Boolean},
                                               {"date", Kind::Date},
                                               {"time", Kind::Time},
                                               {"timestamp", Kind::Timestamp},
                                               {"interval", Kind::Interval}}};

std::vector<std::int64_t> limits_of(std::string_view type) {
    std::vector<std::int64_t> limits;
    auto rest = type.substr(std::min(type.find('('), type.size()));
    while (rest.size() > 1) {
        rest.remove_prefix(1);
        std::int64_t value = -1;
        const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), value);
        limits.push_back(read.ec == std::errc() ? value : -1);
        rest = rest.substr(std::min(rest.find(','), rest.size()));
    }
    return limits;
}

bool is_operator(std::string_view name) {
    return !(name[0] >= 'a' && name[0] <= 'z');
}

}  // namespace

void Checker::fail(std::size_t place, const std::string& message) const {
    throw ExpressionError(text_, place, message);
}

Typed Checker::check(const Syntax& syntax) {
    switch (syntax.form) {
        case Form::Literal:
            return {.literal = syntax.name, .place = syntax.place, .constant_text = syntax.name};
        case Form::Null:
            return {.place = syntax.place};
        case Form::Number:
            return number(syntax);
        case Form::Boolean: {
            const Typed literal{.literal = syntax.name, .place = syntax.place};
            return converted(literal, Kind::Boolean);
        }
        case Form::Column:
            return column(syntax);
        case Form::Parameter:
            return parameter(syntax);
        case Form::Cast:
            return cast(syntax);
        case Form::Call:
            return call(syntax);
    }
    fail(syntax.place, "is not known here");
}

Typed Checker::column(const Syntax& syntax) {
    if (!program_.schema_) {
        return {.kind = Kind::Any, .node = program_.column_node(0), .place = syntax.place};
    }
    const auto& schema = *program_.schema_;
    auto found = std::ranges::find(schema, syntax.name, &Column::name);
    if (found == schema.end() && !syntax.is_quoted) {
        const auto matches = [&](const Column& column) { return folded(column.name) == folded(syntax.name); };
        found = std::ranges::find_if(schema, matches);
        if (found != schema.end() && std::any_of(found + 1, schema.end(), matches)) {
            fail(syntax.place, fmt::format("several columns are called {} but for case; write the one that is meant in "
                                           "double quotes",
                                           syntax.name));
        }
    }
    if (found == schema.end()) {
        std::vector<std::string> names;
        for (const auto& each : schema) {
            names.push_back(each.name);
        }
        fail(syntax.place,
             fmt::format("there is no column \"{}\"{}{}", syntax.name, did_you_mean(syntax.name, names),
                         names.size() <= 30 ? fmt::format(" (there are {})", fmt::join(names, ", ")) : ""));
    }
    const auto index = static_cast<std::size_t>(found - schema.begin());
    return {.kind = kind_of(found->type), .node = program_.column_node(index), .place = syntax.place};
}

Typed Checker::parameter(const Syntax& syntax) {
    const auto found = std::ranges::find(program_.parameters_, syntax.name, &Parameter::name);
    if (found == program_.parameters_.end()) {
        std::vector<std::string> names;
        for (const auto& known : program_.parameters_) {
            names.push_back(known.name);
        }
        fail(syntax.place, fmt::format("there is no parameter :{}{}", syntax.name,
                                       names.empty() ? "" : fmt::format("; there are :{}", fmt::join(names, ", :"))));
    }
    const Typed literal{.literal = found->text, .place = syntax.place, .constant_text = found->text};
    return found->kind == Kind::Unknown ? literal : converted(literal, found->kind);
}

Typed Checker::number(const Syntax& syntax) {
    const bool is_whole = syntax.name.find_first_of(".eE") == std::string::npos;
    RowFailure failure;
    const Typed literal{.literal = syntax.name, .place = syntax.place};
    if (is_whole && program_.constant_node(Kind::Integer, syntax.name, failure)) {
        return converted(literal, Kind::Integer);
    }
    return converted(literal, Kind::Decimal);
}

// Of a literal, or by a cast that exists.
Typed Checker::converted(Typed value, Kind kind) {
    if (value.kind == kind) {
        return value;
    }
    if (value.kind == Kind::Unknown) {
        RowFailure failure;
        const auto node = program_.constant_node(kind, value.literal, failure);
        if (!node) {
            fail(value.place, message_of(failure));
        }
        return {.kind = kind, .node = node, .place = value.place, .constant_text = value.constant_text};
    }
    if (value.kind == Kind::Any) {
        return {.kind = kind, .node = value.node, .place = value.place};
    }
    return made(cast_kernel(value.kind, kind), kind, value.place, {value});
}

Typed Checker::as(Typed value, Kind kind) {
    if (value.kind != kind && value.kind != Kind::Unknown && value.kind != Kind::Any &&
        !converts_silently(value.kind, kind)) {
        fail(value.place, fmt::format("is {} where {} is wanted", name_of(value.kind), name_of(kind)));
    }
    return converted(std::move(value), kind);
}

std::uint32_t Checker::node_of(const Typed& value) {
    return value.node ? *value.node : *converted(value, Kind::Text).node;
}

Typed Checker::made(Kernel kernel, Kind kind, std::size_t place, const std::vector<Typed>& arguments) {
    std::vector<std::uint32_t> nodes;
    for (const auto& argument : arguments) {
        nodes.push_back(node_of(argument));
    }
    return {.kind = kind, .node = program_.call_node(kernel, kind, std::move(nodes)), .place = place};
}

Typed Checker::cast(const Syntax& syntax) {
    auto value = check(*syntax.parts[0]);
    const auto name = std::string_view(syntax.name).substr(0, syntax.name.find('('));
    const auto limits = limits_of(syntax.name);
    Kind kind = Kind::TimestampZoned;
    if (name != "timestamptz") {
        kind = std::ranges::find(type_names, name, &TypeName::name)->kind;
    }
    if (value.kind != Kind::Unknown && value.kind != Kind::Any && value.kind != kind &&
        cast_kernel(value.kind, kind) == nullptr) {
        fail(syntax.place, fmt::format("{} cannot be cast to {}", name_of(value.kind), name_of(kind)));
    }
    auto cast = converted(std::move(value), kind);
    cast.place = syntax.place;
    if (limits.empty()) {
        return cast;
    }
    if (kind == Kind::Decimal && limits.size() <= 2 && limits[0] >= 1 && limits[0] <= 1000 &&
        (limits.size() == 1 || (limits[1] >= 0 && limits[1] <= limits[0]))) {
        return limited(std::move(cast), limit_decimal(), {limits[0], limits.size() == 2 ? limits[1] : 0});
    }
    if (name == "varchar" && limits.size() == 1 && limits[0] >= 1) {
        return limited(std::move(cast), limit_text(), limits);
    }
    fail(syntax.place,
         fmt::format("{} is no type that is known here; limits are decimal(10,2) and varchar(50)", syntax.name));
}

Typed Checker::limited(Typed value, const Overload& limit, const std::vector<std::int64_t>& limits) {
    const auto place = value.place;
    std::vector<Typed> arguments{std::move(value)};
    for (const auto number : limits) {
        arguments.push_back(converted({.literal = std::to_string(number), .place = place}, Kind::Integer));
    }
    return made(limit.kernel, limit.result, place, arguments);
}

Typed Checker::call(const Syntax& syntax) {
    const auto* function = find_function(syntax.name);
    if (function == nullptr) {
        fail(syntax.place,
             fmt::format("there is no function {}(){}", syntax.name, did_you_mean(syntax.name, function_names())));
    }
    check_count(*function, syntax);
    std::vector<Typed> arguments;
    for (const auto& part : syntax.parts) {
        arguments.push_back(check(*part));
    }
    switch (function->shape) {
        case Shape::Plain:
            return plain(*function, syntax, std::move(arguments));
        case Shape::Common:
        case Shape::Compared:
            return common(*function, syntax, std::move(arguments));
        case Shape::Tested:
            if (arguments[0].kind == Kind::Unknown) {
                arguments[0] = converted(std::move(arguments[0]), Kind::Text);
            }
            return made(function->kernel, Kind::Boolean, syntax.place, arguments);
        case Shape::Logical:
            for (auto& argument : arguments) {
                argument = as(std::move(argument), Kind::Boolean);
            }
            return made(function->kernel, Kind::Boolean, syntax.place, arguments);
        case Shape::Branches:
            return branches(*function, syntax, std::move(arguments));
        case Shape::Texts:
            return texts(*function, syntax, std::move(arguments));
        case Shape::Rewritten:
            return rewritten(syntax, std::move(arguments));
    }
    fail(syntax.place, "is not known here");
}

void Checker::check_count(const Function& function, const Syntax& syntax) const {
    const auto count = syntax.parts.size();
    const bool fits =
        function.shape == Shape::Plain
            ? std::ranges::any_of(function.overloads,
                                  [&](const Overload& overload) { return overload.arguments.size() == count; })
            : count >= function.least && (function.most == 0 || count <= function.most);
    if (!fits) {
        fail(syntax.place,
             fmt::format("{} takes another number of arguments than {}: {}", syntax.name, count, function.usage));
    }
}

void Checker::refuse_kinds(const Function& function, const Syntax& syntax, const std::vector<Typed>& arguments) const {
    const auto advice = cast_advice(arguments);
    if (is_operator(function.name) || function.name == "like" || function.name == "ilike") {
        fail(syntax.place, fmt::format("{} does not work on {}{}", function.name, kinds_text(arguments), advice));
    }
    fail(syntax.place,
         fmt::format("{} does not take {}: {}{}", function.name, kinds_text(arguments), function.usage, advice));
}

Typed Checker::plain(const Function& function, const Syntax& syntax, std::vector<Typed> arguments) {
    const auto assumed = assumed_kinds(arguments);
    const Overload* best = nullptr;
    int least = impossible;
    bool is_open = false;  // several overloads are as good, with other results
    for (const auto& overload : function.overloads) {
        if (overload.arguments.size() != arguments.size()) {
            continue;
        }
        int total = 0;
        bool is_as_assumed = true;
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            total += cost(arguments[i].kind, argument_kind(overload, i));
            is_as_assumed = is_as_assumed && assumed[i] == argument_kind(overload, i);
        }
        total = is_as_assumed ? 0 : total;
        if (total < least) {
            best = &overload;
            least = total;
            is_open = false;
        } else if (total == least && total < impossible && best->result != overload.result) {
            is_open = true;
        }
    }
    if (best == nullptr || least >= impossible) {
        refuse_kinds(function, syntax, arguments);
    }
    const bool is_uncertain =
        is_open && std::ranges::any_of(arguments, [](const Typed& argument) { return argument.kind == Kind::Any; });
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (is_uncertain) {
            continue;
        }
        arguments[i] = as(std::move(arguments[i]), argument_kind(*best, i));
        if (best->check != nullptr && arguments[i].constant_text) {
            if (const auto problem = best->check(i, *arguments[i].constant_text); !problem.empty()) {
                fail(arguments[i].place, fmt::format("\"{}\" {}", *arguments[i].constant_text, problem));
            }
        }
    }
    return made(best->kernel, is_uncertain ? Kind::Any : best->result, syntax.place, arguments);
}

Kind Checker::common_kind(const std::vector<Typed>& values, const Syntax& syntax) const {
    Kind kind = Kind::Unknown;
    bool has_any = false;
    for (const auto& value : values) {
        has_any = has_any || value.kind == Kind::Any;
        if (value.kind == Kind::Any || value.kind == Kind::Unknown || value.kind == kind ||
            converts_silently(value.kind, kind)) {
            continue;
        }
        if (kind != Kind::Unknown && !converts_silently(kind, value.kind)) {
            const std::vector<Typed> pair{{.kind = kind}, {.kind = value.kind}};
            fail(
                is_operator(syntax.name) ? syntax.place : value.place,
                fmt::format("{} needs values of one kind, not {}{}", syntax.name, kinds_text(pair), cast_advice(pair)));
        }
        kind = value.kind;
    }
    if (kind == Kind::Unknown) {
        return has_any ? Kind::Any : Kind::Text;
    }
    return kind;
}

Typed Checker::common(const Function& function, const Syntax& syntax, std::vector<Typed> arguments) {
    const auto kind = common_kind(arguments, syntax);
    const bool orders = function.shape == Shape::Compared || function.name == "greatest" || function.name == "least";
    if (kind == Kind::Json && orders) {
        fail(syntax.place, "json cannot be compared; cast it to text first");
    }
    if (kind != Kind::Any) {
        for (auto& argument : arguments) {
            argument = converted(std::move(argument), kind);
        }
    }
    if (syntax.name == "in") {
        // PostgreSQL compares with what does not hang on the row first, if there are two of it.
        const auto is_constant = [&](const Typed& item) { return program_.nodes_[node_of(item)].stride == 0; };
        std::vector<Typed> ordered{arguments[0]};
        std::copy_if(arguments.begin() + 1, arguments.end(), std::back_inserter(ordered), is_constant);
        if (ordered.size() > 2) {
            std::copy_if(arguments.begin() + 1, arguments.end(), std::back_inserter(ordered), std::not_fn(is_constant));
            arguments = std::move(ordered);
        }
    }
    return made(function.kernel, function.shape == Shape::Compared ? Kind::Boolean : kind, syntax.place, arguments);
}

Typed Checker::branches(const Function& function, const Syntax& syntax, std::vector<Typed> arguments) {
    std::vector<Typed> values;
    for (std::size_t i = 1; i < arguments.size(); i += 2) {
        arguments[i - 1] = as(std::move(arguments[i - 1]), Kind::Boolean);
        values.push_back(arguments[i]);
    }
    values.push_back(arguments.back());
    const auto kind = common_kind(values, syntax);
    if (kind != Kind::Any) {
        for (std::size_t i = 1; i < arguments.size(); i += 2) {
            arguments[i] = converted(std::move(arguments[i]), kind);
        }
        arguments.back() = converted(std::move(arguments.back()), kind);
    }
    return made(function.kernel, kind, syntax.place, arguments);
}

Typed Checker::texts(const Function& function, const Syntax& syntax, std::vector<Typed> arguments) {
    if (function.name == "||" && std::ranges::none_of(arguments, [](const Typed& argument) {
            return argument.kind == Kind::Text || argument.kind == Kind::Unknown || argument.kind == Kind::Any;
        })) {
        fail(syntax.place, fmt::format("|| joins texts, not {}; cast one of them to text", kinds_text(arguments)));
    }
    for (auto& argument : arguments) {
        argument = converted(std::move(argument), Kind::Text);
    }
    return made(function.kernel, Kind::Text, syntax.place, arguments);
}

Typed Checker::rewritten(const Syntax& syntax, std::vector<Typed> arguments) {
    const auto compared = [&](std::string_view name, const Typed& left, const Typed& right) {
        return common(*find_function(name), syntax, {left, right});
    };
    if (syntax.name == "between") {
        return made(find_function("and")->kernel, Kind::Boolean, syntax.place,
                    {compared(">=", arguments[0], arguments[1]), compared("<=", arguments[0], arguments[2])});
    }
    std::vector<Typed> parts;
    if (syntax.name == "nullif") {
        parts = {compared("=", arguments[0], arguments[1]), {.place = syntax.place}, arguments[0]};
    } else {
        for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
            parts.push_back(compared("=", arguments[0], arguments[i]));
            parts.push_back(arguments[i + 1]);
        }
        parts.push_back(arguments.back());
    }
    return branches(*find_function("case"), syntax, std::move(parts));
}

std::size_t Program::add(std::string_view expression) {
    const auto syntax = parse_expression(expression);
    Checker checker(*this, expression);
    const auto value = checker.check(*syntax);
    if (syntax->form == Form::Column && schema_) {
        // The cells as they are, not as they would be written anew.
        const auto column =
            std::ranges::find_if(column_nodes_, [&](const auto& known) { return known.second == *value.node; });
        return add_raw_column(column->first);
    }
    return add_value(checker, value);
}

std::size_t Program::add_raw_column(std::size_t schema_index) {
    results_.push_back({raw_column_node(schema_index), kind_of((*schema_)[schema_index].type), schema_index});
    assign_places();
    return results_.size() - 1;
}

std::size_t Program::add_value(Checker& checker, CheckedValue value) {
    if (value.kind == Kind::Unknown) {
        value = checker.as(std::move(value), Kind::Text);
    }
    const auto kind = value.kind;
    if (kind == Kind::Interval) {
        checker.fail(0, "is an interval, which no column holds; cast it to text, or take a part with extract");
    }
    auto node = checker.node_of(value);
    if (kind != Kind::Text && kind != Kind::Bytes && kind != Kind::Json && kind != Kind::Any) {
        node = call_node(cast_kernel(kind, Kind::Text), Kind::Text, {node});
    }
    results_.push_back({node, kind, {}});
    assign_places();
    return results_.size() - 1;
}

std::size_t Program::add_condition(std::string_view expression) {
    const auto syntax = parse_expression(expression);
    Checker checker(*this, expression);
    auto value = checker.check(*syntax);
    if (value.kind != Kind::Boolean && value.kind != Kind::Unknown && value.kind != Kind::Any) {
        checker.fail(syntax->place, fmt::format("is {}, not a condition{}", name_of(value.kind),
                                                value.kind == Kind::Integer ? "; write … <> 0" : ""));
    }
    const auto node = checker.node_of(checker.as(std::move(value), Kind::Boolean));
    results_.push_back({node, Kind::Boolean, {}});
    assign_places();
    return results_.size() - 1;
}

}  // namespace rowhaul
