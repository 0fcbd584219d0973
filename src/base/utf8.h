// SPDX-License-Identifier: Apache-2.0
// UTF-8, checked as the Unicode standard defines it.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace rowhaul {

// The character at the start of `text`, which loses its bytes; nothing, and one byte less, when
// there is no valid UTF-8 sequence (overlong forms and surrogates are not valid). `text` is not empty.
std::optional<char32_t> take_character(std::string_view& text);

// How many bytes from the start are valid UTF-8: all of them, or up to the first sequence that is not.
std::size_t valid_utf8_prefix(std::string_view text);
bool is_utf8(std::string_view text);

}  // namespace rowhaul
