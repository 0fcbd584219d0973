// SPDX-License-Identifier: Apache-2.0
#include "format/text_encoding.h"

#include <algorithm>
#include <cstring>

namespace rowhaul {

namespace {

// Windows-1252 from 0x80 to 0x9F; zero where it has no character.
constexpr std::array<char32_t, 32> windows_1252_high{0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                     0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                                     0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                     0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

struct Replaced {
    unsigned char byte;
    char32_t character;
};
// Where ISO 8859-15 differs from ISO 8859-1.
constexpr std::array<Replaced, 8> latin_9{{{0xA4, 0x20AC},
                                           {0xA6, 0x0160},
                                           {0xA8, 0x0161},
                                           {0xB4, 0x017D},
                                           {0xB8, 0x017E},
                                           {0xBC, 0x0152},
                                           {0xBD, 0x0153},
                                           {0xBE, 0x0178}}};

constexpr bool continues(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

void append_unit(TextEncoding encoding, unsigned unit, std::string& out) {
    const char low = static_cast<char>(unit & 0xFF);
    const char high = static_cast<char>(unit >> 8);
    if (encoding == TextEncoding::Utf16Le) {
        out += low;
        out += high;
    } else {
        out += high;
        out += low;
    }
}

}  // namespace

std::optional<char32_t> take_character(std::string_view& text) {
    const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
    const unsigned char first = byte(0);
    std::size_t size = 0;
    char32_t character = 0;
    if (first < 0x80) {
        text.remove_prefix(1);
        return first;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        size = 2;
        character = first & 0x1FU;
    } else if ((first & 0xF0) == 0xE0) {
        size = 3;
        character = first & 0x0FU;
    } else if (first >= 0xF0 && first <= 0xF4) {
        size = 4;
        character = first & 0x07U;
    }
    bool valid = size != 0 && text.size() >= size;
    for (std::size_t index = 1; valid && index < size; ++index) {
        valid = continues(byte(index));
        character = (character << 6) | (byte(index) & 0x3FU);
    }
    valid = valid && !(size == 3 && (character < 0x800 || (character >= 0xD800 && character <= 0xDFFF))) &&
            !(size == 4 && (character < 0x10000 || character > 0x10FFFF));
    text.remove_prefix(valid ? size : 1);
    return valid ? std::optional(character) : std::nullopt;
}

bool is_utf8(std::string_view text) {
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    while (!text.empty()) {
        std::uint64_t next_eight = high_bits;
        if (text.size() >= sizeof next_eight) {
            std::memcpy(&next_eight, text.data(), sizeof next_eight);
        }
        if ((next_eight & high_bits) == 0) {
            text.remove_prefix(sizeof next_eight);
            continue;
        }
        if (!take_character(text)) {
            return false;
        }
    }
    return true;
}

std::optional<char> single_byte_of(TextEncoding encoding, char32_t character) {
    if (character < 0x80) {
        return static_cast<char>(character);
    }
    if (encoding == TextEncoding::Windows1252) {
        const auto* const found = std::ranges::find(windows_1252_high, character);
        if (found != windows_1252_high.end()) {
            return static_cast<char>(0x80 + (found - windows_1252_high.begin()));
        }
        return character >= 0xA0 && character <= 0xFF ? std::optional(static_cast<char>(character)) : std::nullopt;
    }
    if (encoding == TextEncoding::Iso8859p15) {
        for (const auto& [byte, replacement] : latin_9) {
            if (character == replacement) {
                return static_cast<char>(byte);
            }
            if (character == byte) {
                return {};
            }
        }
    }
    return character <= 0xFF ? std::optional(static_cast<char>(character)) : std::nullopt;
}

void append_utf16(TextEncoding encoding, std::string_view text, std::string& out) {
    while (!text.empty()) {
        const auto character = static_cast<unsigned>(take_character(text).value_or(0xFFFD));
        if (character < 0x10000) {
            append_unit(encoding, character, out);
        } else {
            append_unit(encoding, 0xD800 + ((character - 0x10000) >> 10), out);
            append_unit(encoding, 0xDC00 + ((character - 0x10000) & 0x3FF), out);
        }
    }
}

}  // namespace rowhaul
