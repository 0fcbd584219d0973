// SPDX-License-Identifier: Apache-2.0
// Recognises what the texts of a column have in common: whole numbers, decimals, dates, ...
#pragma once
#include "data/schema.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace rowhaul {

// What a column is, as far as all its values show.
struct ValueForm {
    Type type = Type::Text;
    std::string notation;  // "1.234,56", "dd.mm.yyyy"; empty when it is the canonical one
};

class FormFinder {
public:
    // A value that is not NULL.
    void see(std::string_view value);
    // Text when there was no value, or no form fits all of them.
    ValueForm form() const;

private:
    std::uint32_t possible_ = ~std::uint32_t{0};  // a bit for each form that fits so far
    bool has_seen_ = false;
};

}  // namespace rowhaul
