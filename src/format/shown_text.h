// SPDX-License-Identifier: Apache-2.0
// Foreign text as it can be shown to people and kept in a reject.
#pragma once
#include <string>
#include <string_view>

namespace rowhaul {

// Valid UTF-8 of whatever there is.
std::string readable(std::string_view text);
// The same of its beginning, with an ellipsis where something is left out.
std::string shortened(std::string_view text);

}  // namespace rowhaul
