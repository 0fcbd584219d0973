// SPDX-License-Identifier: Apache-2.0
// A field of a mapping, as rowhaul.yaml says it.
#pragma once
#include "mapping/fields.h"
#include "options/options.h"

#include <array>
#include <optional>
#include <string>

namespace rowhaul {

template <>
struct EnumChoices<Type> {
    static constexpr std::array<Choice, 11> list{{{"text", "Text."},
                                                  {"integer", "A whole number of up to 64 bits."},
                                                  {"decimal", "An exact number."},
                                                  {"float", "A binary floating-point number."},
                                                  {"boolean", "True or false."},
                                                  {"date", "A day."},
                                                  {"time", "A time of day."},
                                                  {"timestamp", "Day and time."},
                                                  {"timestamp_zoned", "Day and time with an offset from UTC."},
                                                  {"bytes", "Bytes, as hexadecimal digits."},
                                                  {"json", "A JSON document."}}};
};

template <>
struct EnumChoices<TooLong> {
    static constexpr std::array<Choice, 2> list{{{"reject", "The row is rejected."}, {"truncate", "The text is cut."}}};
};

// What is wrong with a sample or a pattern, or nothing.
std::string number_sample_problem(const std::string& sample);
std::string date_pattern_problem(const std::string& pattern);

struct FieldOptions {
    std::string to;
    std::string from;
    std::string value;
    std::optional<std::string> constant;
    bool trim = false;
    bool empty_as_null = false;
    std::optional<Type> type;
    std::string numbers;
    std::string dates;
    std::optional<std::string> otherwise;
    bool required = false;
    std::int64_t max_length = 0;
    TooLong too_long = TooLong::Reject;

    static constexpr auto spec = [] {
        return options(
            option("to", &FieldOptions::to, "Name of the column in the target.").required().example("Vorname"),
            option("from", &FieldOptions::from, "Column of the source; the same name if not given.")
                .example("first_name"),
            option("value", &FieldOptions::value,
                   "An SQL expression that computes the value, instead of `from`; see "
                   "the page of expressions."),
            option("constant", &FieldOptions::constant, "A text that is the same in every row, instead of `from`."),
            option("trim", &FieldOptions::trim, "Takes away white space at both ends of a text."),
            option("empty_as_null", &FieldOptions::empty_as_null, "Takes an empty text for NULL."),
            option("type", &FieldOptions::type, "What the value becomes; a row in which it cannot is rejected."),
            option("numbers", &FieldOptions::numbers,
                   "How numbers are written in the source, shown by a sample such as \"1.234,56\" or \"1’234.50\"; as "
                   "the source's format says if not given.")
                .check(&number_sample_problem),
            option("dates", &FieldOptions::dates,
                   "How dates are written in the source, as a pattern such as \"dd.mm.yyyy HH:MM\"; as the source's "
                   "format says if not given.")
                .check(&date_pattern_problem),
            option("default", &FieldOptions::otherwise, "What takes the place of NULL."),
            option("required", &FieldOptions::required, "Rejects a row in which the value is NULL."),
            option("max_length", &FieldOptions::max_length, "How many characters a text may have; 0 means any number.")
                .range(0, 1'000'000'000),
            option("too_long", &FieldOptions::too_long, "What becomes of a text with more."));
    }();
    static void validate(const FieldOptions&, Problems&);
};

Field field_of(const FieldOptions&);

}  // namespace rowhaul
