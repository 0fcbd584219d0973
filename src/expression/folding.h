// SPDX-License-Identifier: Apache-2.0
// Texts as people compare them who look for the same word: without accents, or without case and the
// marks between words as well.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace rowhaul {

// Appends `text` with the plain letters in place of accented ones, of Latin, Greek and Cyrillic; marks
// of other scripts are letters of their own right. Bytes that are no text stay.
void append_without_accents(std::string_view text, std::string& out);

enum class Umlauts : std::uint8_t {
    Plain,       // Größe is grosse
    WrittenOut,  // Größe is groesse
};

// A column's name without case, accents, blanks, and the marks _ - . that stand between words.
std::string folded_name(std::string_view name, Umlauts umlauts);

}  // namespace rowhaul
