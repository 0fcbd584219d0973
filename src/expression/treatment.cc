// SPDX-License-Identifier: Apache-2.0
#include "expression/treatment.h"

#include "data/notation.h"
#include "data/number_text.h"
#include "expression/checker.h"
#include "expression/comparing.h"
#include "expression/decimal.h"
#include "expression/utf8.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace rowhaul {

namespace {

// No-break spaces come from spreadsheets and web pages, and look like others.
constexpr std::string_view no_break_space = "\u00a0";

std::string_view trim(Row&, std::string_view text) {
    while (true) {
        const auto before = text.size();
        text = trimmed(text);
        if (text.starts_with(no_break_space)) {
            text.remove_prefix(no_break_space.size());
        }
        if (text.ends_with(no_break_space)) {
            text.remove_suffix(no_break_space.size());
        }
        if (text.size() == before) {
            return text;
        }
    }
}

std::optional<std::string_view> empty_as_null(Row&, std::string_view text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

template <class Notation>
struct Remembered {
    std::optional<Notation> notation;
};

std::string_view read_number(Row& row, std::string_view text, std::string_view sample) {
    auto& memory = row.memory<Remembered<NumberNotation>>();
    if (!memory.notation) {
        memory.notation.emplace(sample);
    }
    auto& out = row.scratch();
    if (!memory.notation->read(text, out)) {
        row.fail(Failure::InvalidDecimal, text, row.copy(fmt::format("is not written like \"{}\"", sample)));
        return "";
    }
    return row.copy(out);
}

template <Failure failure>
std::string_view read_moment(Row& row, std::string_view text, std::string_view pattern) {
    auto& memory = row.memory<Remembered<DateNotation>>();
    if (!memory.notation) {
        memory.notation.emplace(pattern);
    }
    auto& out = row.scratch();
    if (!memory.notation->read(text, out)) {
        row.fail(failure, text, row.copy(fmt::format("is not written as \"{}\"", pattern)));
        return "";
    }
    return row.copy(out);
}

std::string_view read_boolean(Row& row, std::string_view text, std::string_view true_text,
                              std::string_view false_text) {
    if (text == true_text) {
        return "true";
    }
    if (text != false_text) {
        row.fail(Failure::InvalidBoolean, text,
                 row.copy(fmt::format("is neither \"{}\" nor \"{}\"", true_text, false_text)));
    }
    return "false";
}

// A cast would round, which nobody asked for by giving a type.
constexpr std::string_view not_whole = "has decimals, which an integer cannot have";

std::int64_t whole_from_decimal(Row& row, const Decimal& value) {
    const auto whole = to_integer(value);
    if (whole && compare(decimal_of(*whole), value) == 0) {
        return *whole;
    }
    auto& text = row.scratch();
    append(value, text);
    row.fail(whole ? Failure::InvalidInteger : Failure::NumberOutOfRange, row.copy(text),
             whole ? not_whole : std::string_view());
    return 0;
}

std::int64_t whole_from_float(Row& row, double value) {
    constexpr double limit = 9'223'372'036'854'775'808.0;
    const bool fits = value >= -limit && value < limit;
    if (fits && std::nearbyint(value) == value) {
        return static_cast<std::int64_t>(value);
    }
    std::array<char, max_float_text> text{};
    row.fail(fits ? Failure::InvalidInteger : Failure::NumberOutOfRange,
             row.copy(std::string_view(text.data(), write_float(text.data(), value))),
             fits ? not_whole : std::string_view());
    return 0;
}

std::string_view truncated(Row&, std::string_view text, std::int64_t length) {
    return text.size() <= static_cast<std::size_t>(length)
               ? text
               : text.substr(0, offset_of_character(text, static_cast<std::size_t>(length)));
}

std::string_view short_enough(Row& row, std::string_view text, std::int64_t length) {
    if (text.size() > static_cast<std::size_t>(length) && count_characters(text) > static_cast<std::size_t>(length)) {
        row.fail(Failure::TextTooLong, text, "has more characters than the field may have");
    }
    return text;
}

void required(Call& call) {
    const auto& value = *call.arguments[0];
    with_held_type(call.result, [&]<class T>(std::type_identity<T>) {
        T* out = call.out.start<T>(call.result, call.rows, call.stride);
        const auto rows = call.stride == 0 ? 1 : call.rows;
        if (value.all_valid() && value.stride() == call.stride) {
            std::copy_n(value.values<T>(), rows, out);
            return;
        }
        for (std::size_t row = 0; row < rows; ++row) {
            out[row] = T{};
            switch (value.state(row)) {
                case State::Valid:
                    out[row] = value.at<T>(row);
                    break;
                case State::Null:
                    call.out.fail(row, {Failure::MissingValue, {}, {}});
                    break;
                case State::Failed:
                    call.out.take_state(row, value, row);
                    break;
            }
        }
    });
}

bool is_number(Kind kind) {
    return kind == Kind::Integer || kind == Kind::Decimal || kind == Kind::Float;
}

}  // namespace

// Adds the steps of a treatment behind a value.
class Treating {
public:
    Treating(Program& program, Checker& checker, const Treatment& treatment)
        : program_(program), checker_(checker), treatment_(treatment) {}

    Checker::Typed treated(Checker::Typed value) {
        value = clean(std::move(value));
        value = typed(std::move(value));
        if (treatment_.otherwise && value.kind != Kind::Any) {
            const Checker::Typed fallback{.literal = treatment_.otherwise, .place = 0};
            value = call(*find_function("coalesce"), value.kind, {value, checker_.as(fallback, value.kind)});
        }
        if (treatment_.presence == Presence::Required) {
            value = step(&required, value.kind, {value});
        }
        if (treatment_.max_length > 0 && value.kind == Kind::Text) {
            const auto limit = treatment_.too_long == TooLong::Truncate ? strict<truncated>() : strict<short_enough>();
            value = step(limit.kernel, Kind::Text,
                         {value, checker_.as({.literal = std::to_string(treatment_.max_length)}, Kind::Integer)});
        }
        return value;
    }

private:
    Checker::Typed step(Kernel kernel, Kind kind, const std::vector<Checker::Typed>& arguments) {
        std::vector<std::uint32_t> nodes;
        for (const auto& argument : arguments) {
            nodes.push_back(checker_.node_of(argument));
        }
        return {.kind = kind, .node = program_.call_node(kernel, kind, std::move(nodes)), .place = 0};
    }
    Checker::Typed call(const Function& function, Kind kind, const std::vector<Checker::Typed>& arguments) {
        return step(function.kernel, kind, arguments);
    }
    Checker::Typed literal(const std::string& text) { return checker_.as({.literal = text, .place = 0}, Kind::Text); }

    Checker::Typed clean(Checker::Typed value) {
        if (value.kind == Kind::Unknown) {
            value = checker_.as(std::move(value), Kind::Text);
        }
        if (value.kind != Kind::Text) {
            return value;
        }
        if (treatment_.trim == Trim::Yes) {
            value = step(strict<trim>().kernel, Kind::Text, {value});
        }
        if (treatment_.empty == EmptyText::Null) {
            value = step(strict<empty_as_null>().kernel, Kind::Text, {value});
        }
        return value;
    }

    Checker::Typed typed(Checker::Typed value) {
        if (!treatment_.type) {
            return value;
        }
        const auto kind = kind_of(*treatment_.type);
        if (value.kind == Kind::Text && is_number(kind) && !treatment_.numbers.empty()) {
            value = step(strict<read_number>().kernel, Kind::Text, {value, literal(treatment_.numbers)});
        } else if (value.kind == Kind::Text && kind == Kind::Boolean && !treatment_.true_text.empty()) {
            value = step(strict<read_boolean>().kernel, Kind::Text,
                         {value, literal(treatment_.true_text), literal(treatment_.false_text)});
        } else if (value.kind == Kind::Text && !is_number(kind) && !treatment_.dates.empty()) {
            const auto kernel = kind == Kind::Date   ? strict<read_moment<Failure::InvalidDate>>().kernel
                                : kind == Kind::Time ? strict<read_moment<Failure::InvalidTime>>().kernel
                                                     : strict<read_moment<Failure::InvalidTimestamp>>().kernel;
            value = step(kernel, Kind::Text, {value, literal(treatment_.dates)});
        }
        if (value.kind == Kind::Any) {
            value.kind = kind;
        }
        if (value.kind == kind) {
            return value;
        }
        const auto kernel = kind == Kind::Integer && value.kind == Kind::Decimal ? strict<whole_from_decimal>().kernel
                            : kind == Kind::Integer && value.kind == Kind::Float ? strict<whole_from_float>().kernel
                                                                                 : cast_kernel(value.kind, kind);
        if (kernel == nullptr) {
            checker_.fail(0, fmt::format("is {}, which cannot become {}", name_of(value.kind), name_of(kind)));
        }
        return step(kernel, kind, {value});
    }

    Program& program_;
    Checker& checker_;
    const Treatment& treatment_;
};

std::size_t Program::add(std::string_view expression, const Treatment& treatment) {
    if (treatment == Treatment{}) {
        return add(expression);
    }
    const auto syntax = parse_expression(expression);
    Checker checker(*this, expression);
    return add_value(checker, Treating(*this, checker, treatment).treated(checker.check(*syntax)));
}

std::size_t Program::add_column(std::size_t index, const Treatment& treatment) {
    if (schema_ && treatment == Treatment{}) {
        return add_raw_column(index);
    }
    Checker checker(*this, schema_ ? (*schema_)[index].name : "");
    const Checker::Typed value{
        .kind = schema_ ? kind_of((*schema_)[index].type) : Kind::Any, .node = column_node(index), .place = 0};
    return add_value(checker, Treating(*this, checker, treatment).treated(value));
}

std::size_t Program::add_constant(const std::string& text, const Treatment& treatment) {
    Checker checker(*this, text);
    return add_value(checker, Treating(*this, checker, treatment).treated(checker.as({.literal = text}, Kind::Text)));
}

}  // namespace rowhaul
