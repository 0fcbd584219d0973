// SPDX-License-Identifier: Apache-2.0
// Numbers as text, without going through floating point.
#pragma once
#include <string>
#include <string_view>

namespace rowhaul {

bool has_exponent(std::string_view number);
// Replaces `out` by the number ("-1.5e3") without its exponent ("-1500"), digit by digit; false when
// that would add more than 400 zeros.
bool write_out(std::string_view number, std::string& out);

}  // namespace rowhaul
