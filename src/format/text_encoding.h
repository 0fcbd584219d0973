// SPDX-License-Identifier: Apache-2.0
// Between UTF-8 and the encodings that files of older or pickier programs have.
#pragma once
#include "options/options.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowhaul {

enum class TextEncoding : std::uint8_t { Utf8, Utf8Bom, Windows1252, Iso8859p1, Iso8859p15, Utf16Le, Utf16Be };

template <>
struct EnumChoices<TextEncoding> {
    static constexpr std::array<Choice, 7> list{{
        {"utf-8", "UTF-8 without a byte order mark."},
        {"utf-8-bom", "UTF-8 with a byte order mark, by which spreadsheets know it."},
        {"windows-1252", "Western European Windows."},
        {"iso-8859-1", "Latin 1."},
        {"iso-8859-15", "Latin 9: Latin 1 with the euro sign."},
        {"utf-16le", "UTF-16, little-endian, with a byte order mark."},
        {"utf-16be", "UTF-16, big-endian, with a byte order mark."},
    }};
};

constexpr std::string_view name_of(TextEncoding encoding) {
    return EnumChoices<TextEncoding>::list[static_cast<std::size_t>(encoding)].value;
}

constexpr bool has_byte_order_mark(TextEncoding encoding) {
    return encoding == TextEncoding::Utf8Bom || encoding == TextEncoding::Utf16Le || encoding == TextEncoding::Utf16Be;
}

constexpr bool is_single_byte(TextEncoding encoding) {
    return encoding == TextEncoding::Windows1252 || encoding == TextEncoding::Iso8859p1 ||
           encoding == TextEncoding::Iso8859p15;
}

// The byte of a character in a single-byte encoding.
std::optional<char> single_byte_of(TextEncoding, char32_t character);

// The character of a byte in a single-byte encoding; zero where there is none but for byte 0.
char32_t character_of(TextEncoding, unsigned char byte);

// Appends valid UTF-8 as UTF-16.
void append_utf16(TextEncoding, std::string_view text, std::string& out);
// Appends one character as UTF-8.
void append_utf8(char32_t character, std::string& out);

}  // namespace rowhaul
