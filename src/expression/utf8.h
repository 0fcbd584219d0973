// SPDX-License-Identifier: Apache-2.0
// Characters of UTF-8 text. Bytes that are no valid text count as one character each and stay as
// they are.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rowhaul {

struct Character {
    std::int32_t code = 0;  // below zero: a byte that is no text
    std::size_t size = 1;
};
// The first character of a text that is not empty.
Character first_character(std::string_view text);
std::size_t count_characters(std::string_view text);
// Where the character with this number, from 0, begins; the size of the text when there are fewer.
std::size_t offset_of_character(std::string_view text, std::size_t number);
bool is_ascii(std::string_view text);
// Writes at most 4 bytes, returns how many.
std::size_t write_character(std::int32_t code, char* into);
// Without white space (of ASCII) at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace rowhaul
