// SPDX-License-Identifier: Apache-2.0
#include "format/text_encoding.h"

#include "base/utf8.h"

#include <algorithm>

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

char* put_unit(TextEncoding encoding, unsigned unit, char* to) {
    const char low = static_cast<char>(unit & 0xFF);
    const char high = static_cast<char>(unit >> 8);
    to[0] = encoding == TextEncoding::Utf16Le ? low : high;
    to[1] = encoding == TextEncoding::Utf16Le ? high : low;
    return to + 2;
}

}  // namespace

char32_t character_of(TextEncoding encoding, unsigned char byte) {
    if (encoding == TextEncoding::Windows1252 && byte >= 0x80 && byte < 0xA0) {
        return windows_1252_high[byte - 0x80U];
    }
    if (encoding == TextEncoding::Iso8859p15) {
        const auto* const found = std::ranges::find(latin_9, byte, &Replaced::byte);
        if (found != latin_9.end()) {
            return found->character;
        }
    }
    return byte;
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

void append_utf8(char32_t character, std::string& out) {
    const auto low_bits = [&](unsigned shift) { return static_cast<char>(0x80U | (character >> shift & 0x3FU)); };
    if (character < 0x80) {
        out += static_cast<char>(character);
    } else if (character < 0x800) {
        out += {static_cast<char>(0xC0U | character >> 6), low_bits(0)};
    } else if (character < 0x10000) {
        out += {static_cast<char>(0xE0U | character >> 12), low_bits(6), low_bits(0)};
    } else {
        out += {static_cast<char>(0xF0U | character >> 18), low_bits(12), low_bits(6), low_bits(0)};
    }
}

void append_utf16(TextEncoding encoding, std::string_view text, std::string& out) {
    const std::size_t before = out.size();
    out.resize(before + 2 * text.size());  // no sequence gets more than twice as long
    char* to = out.data() + before;
    while (!text.empty()) {
        if (static_cast<unsigned char>(text[0]) < 0x80) {
            to = put_unit(encoding, static_cast<unsigned char>(text[0]), to);
            text.remove_prefix(1);
            continue;
        }
        const auto character = static_cast<unsigned>(take_character(text).value_or(0xFFFD));
        if (character < 0x10000) {
            to = put_unit(encoding, character, to);
        } else {
            to = put_unit(encoding, 0xD800 + ((character - 0x10000) >> 10), to);
            to = put_unit(encoding, 0xDC00 + ((character - 0x10000) & 0x3FF), to);
        }
    }
    out.resize(static_cast<std::size_t>(to - out.data()));
}

}  // namespace rowhaul
