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

constexpr bool continues(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// Bytes of the valid UTF-8 sequence at the start of these bytes, which are not empty; zero when
// there is none. As the Unicode standard's table 3-7: the second byte keeps overlong forms,
// surrogates and what lies above U+10FFFF out.
std::size_t sequence_size(const char* at, const char* end) {
    const auto first = static_cast<unsigned char>(*at);
    if (first < 0x80) {
        return 1;
    }
    const auto left = static_cast<std::size_t>(end - at);
    if (first < 0xC2 || first > 0xF4 || left < 2 || !continues(at[1])) {
        return 0;
    }
    if (first < 0xE0) {
        return 2;
    }
    const auto second = static_cast<unsigned char>(at[1]);
    if (left < 3 || !continues(at[2])) {
        return 0;
    }
    if (first < 0xF0) {
        return (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ? 0 : 3;
    }
    if (left < 4 || !continues(at[3]) || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) {
        return 0;
    }
    return 4;
}

char* put_unit(TextEncoding encoding, unsigned unit, char* to) {
    const char low = static_cast<char>(unit & 0xFF);
    const char high = static_cast<char>(unit >> 8);
    to[0] = encoding == TextEncoding::Utf16Le ? low : high;
    to[1] = encoding == TextEncoding::Utf16Le ? high : low;
    return to + 2;
}

}  // namespace

std::optional<char32_t> take_character(std::string_view& text) {
    const std::size_t size = sequence_size(text.data(), text.data() + text.size());
    const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
    constexpr std::array<unsigned char, 5> bits_of_first{0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t character = byte(0) & static_cast<char32_t>(bits_of_first[size]);
    for (std::size_t index = 1; index < size; ++index) {
        character = (character << 6) | (byte(index) & 0x3FU);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
    return size > 0 ? std::optional(character) : std::nullopt;
}

bool is_utf8(std::string_view text) {
    return valid_utf8_prefix(text) == text.size();
}

std::size_t valid_utf8_prefix(std::string_view text) {
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        if (end - at >= 8) {
            std::uint64_t eight = 0;
            std::memcpy(&eight, at, sizeof eight);
            if ((eight & high_bits) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        while (at != end && static_cast<unsigned char>(*at) < 0x80) {
            ++at;
        }
        // Runs of what most languages in Latin, Greek and Cyrillic letters need are checked right here.
        while (end - at >= 2 && static_cast<unsigned char>(*at) >= 0xC2 && static_cast<unsigned char>(*at) < 0xE0 &&
               continues(at[1])) {
            at += 2;
        }
        if (at == end) {
            break;
        }
        const std::size_t size = sequence_size(at, end);
        if (size == 0) {
            break;
        }
        at += size;
    }
    return static_cast<std::size_t>(at - text.data());
}

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
