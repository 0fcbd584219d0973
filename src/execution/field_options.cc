// SPDX-License-Identifier: Apache-2.0
#include "execution/field_options.h"

#include "base/error.h"
#include "data/notation.h"

#include <algorithm>
#include <initializer_list>

namespace rowhaul {

namespace {

template <class Notation>
std::string notation_problem(const std::string& text) {
    try {
        const Notation notation(text);
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

}  // namespace

std::string number_sample_problem(const std::string& sample) {
    return notation_problem<NumberNotation>(sample);
}

std::string date_pattern_problem(const std::string& pattern) {
    return notation_problem<DateNotation>(pattern);
}

void FieldOptions::validate(const FieldOptions& field, Problems& problems) {
    if (!field.value.empty() && !field.from.empty()) {
        problems.add("value", "give either `from` or `value`, not both");
    }
    if (field.constant && (!field.from.empty() || !field.value.empty())) {
        problems.add("constant", "give it alone, without `from` or `value`");
    }
    const auto is_one_of = [&](std::initializer_list<Type> types) {
        return field.type && std::ranges::find(types, *field.type) != types.end();
    };
    if (!field.numbers.empty() && !is_one_of({Type::Integer, Type::Decimal, Type::Float})) {
        problems.add("numbers", "needs `type: integer`, `decimal` or `float` beside it");
    }
    if (!field.dates.empty() && !is_one_of({Type::Date, Type::Time, Type::Timestamp, Type::TimestampZoned})) {
        problems.add("dates", "needs `type: date`, `time`, `timestamp` or `timestamp_zoned` beside it");
    }
}

Field field_of(const FieldOptions& options) {
    Field field{.to = options.to,
                .from = options.from,
                .value = options.value,
                .constant = options.constant,
                .treatment = {.trim = options.trim ? Trim::Yes : Trim::No,
                              .empty = options.empty_as_null ? EmptyText::Null : EmptyText::Keep,
                              .type = options.type,
                              .numbers = options.numbers,
                              .dates = options.dates,
                              .otherwise = options.otherwise,
                              .presence = options.required ? Presence::Required : Presence::Optional,
                              .max_length = options.max_length,
                              .too_long = options.too_long}};
    if (field.from.empty() && field.value.empty() && !field.constant) {
        field.from = field.to;
    }
    return field;
}

}  // namespace rowhaul
