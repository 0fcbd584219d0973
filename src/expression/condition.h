// SPDX-License-Identifier: Apache-2.0
// What a source may look at before it hands out a row: a rule taken apart into comparisons of columns
// with values that are known beforehand, and what joins them. Anything else is opaque.
#pragma once
#include "expression/kind.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rowhaul {

enum class Comparison : std::uint8_t { Equal, Unequal, Less, LessOrEqual, Greater, GreaterOrEqual, In, NotIn };
enum class Truth : std::uint8_t { True, False, Null };

// A value in canonical text (data/schema.h); a TimestampZoned one is in UTC.
struct KnownValue {
    Kind kind = Kind::Text;
    std::string text;
    friend bool operator==(const KnownValue&, const KnownValue&) = default;
};

struct Condition {
    enum class Form : std::uint8_t {
        Opaque,
        Constant,    // `truth`, in every row
        And,         // of the parts, from left to right
        Or,          // likewise
        Not,         // of one part
        IsTrue,      // one part is true, not false or NULL
        IsFalse,     // one part is false, not true or NULL
        IsDistinct,  // one part, an Equal, is false or NULL
        Compared,    // a column with one value, or with several for In
        IsNull       // a column
    };
    Form form = Form::Opaque;
    std::vector<Condition> parts;
    Truth truth = Truth::True;
    // Compared, IsNull: one, by its name in the schema. Opaque: all that it may ask for, but for texts,
    // whose cells are never converted.
    std::vector<std::string> columns;
    Comparison comparison = Comparison::Equal;
    // All of the kind as which both sides are compared: the column's, or TimestampZoned for a column
    // of timestamps in the zone of the settings.
    std::vector<KnownValue> values;
    bool has_null_value = false;  // In: NULL is also among the values
    bool can_fail = true;         // Opaque: also where every column can be read

    // Parts without parts of their own.
    std::size_t leaves() const;
};

}  // namespace rowhaul
