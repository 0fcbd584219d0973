// SPDX-License-Identifier: Apache-2.0
// What becomes of a field's value on its way, beside how it is computed: cleaned, read as another
// type, filled in, checked.
#pragma once
#include "expression/kind.h"

#include <cstdint>
#include <optional>
#include <string>

namespace rowhaul {

enum class Trim : std::uint8_t { No, Yes };
enum class EmptyText : std::uint8_t { Keep, Null };
enum class Presence : std::uint8_t { Optional, Required };
enum class TooLong : std::uint8_t { Reject, Truncate };

// In this order.
struct Treatment {
    Trim trim = Trim::No;                  // white space at both ends
    EmptyText empty = EmptyText::Keep;     // what an empty text becomes
    std::optional<Type> type;              // nothing = as it comes
    std::string numbers;                   // a sample of how numbers are written (data/notation.h)
    std::string dates;                     // a pattern of how dates are written
    std::string true_text;                 // what stands for true; empty = what PostgreSQL takes for it
    std::string false_text;                // set with true_text
    std::optional<std::string> otherwise;  // takes the place of NULL
    Presence presence = Presence::Optional;
    std::int64_t max_length = 0;  // in characters; 0 = any
    TooLong too_long = TooLong::Reject;

    friend bool operator==(const Treatment&, const Treatment&) = default;
};

}  // namespace rowhaul
