// SPDX-License-Identifier: Apache-2.0
// Signs that a line of CSV has another delimiter than one thinks.
#pragma once
#include <string>
#include <string_view>

namespace rowhaul {

// A line that is one cell as it is read, but looks as if separated by something usual: a sentence
// that says so and what to set. Empty when it does not.
std::string doubt_about_delimiter(std::string_view line);

}  // namespace rowhaul
