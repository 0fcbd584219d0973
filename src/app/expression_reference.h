// SPDX-License-Identifier: Apache-2.0
// What the reference says of expressions, made from the table of functions.
#pragma once
#include <string>

namespace rowhaul {

// A page of docs/reference.
std::string expression_page();
// The same for a terminal.
std::string expression_text();

}  // namespace rowhaul
