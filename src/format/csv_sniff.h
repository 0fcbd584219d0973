// SPDX-License-Identifier: Apache-2.0
// Guesses how a CSV file is written, from its beginning: what a person would see who looks at it.
// A guess is a proposal for the configuration; nothing is ever read by it unseen.
#pragma once
#include "format/csv_options.h"
#include "format/format.h"

#include <optional>
#include <string_view>

namespace rowhaul {

struct CsvGuess {
    CsvOptions options;  // set where they differ from the defaults
    Sniffed sniffed;
};

// Nothing when there is nothing to guess from. Throws Invalid for what is no text.
//
// A type is guessed only when every value of the column has its form, so that writing it back gives
// the same text: 007, +1 and 1e5 stay text, and so does a date whose day and month could be swapped.
std::optional<CsvGuess> sniff_csv(const Context&, std::string_view first_bytes);

}  // namespace rowhaul
