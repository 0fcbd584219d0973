// SPDX-License-Identifier: Apache-2.0
#include "expression/folding.h"

#include "expression/utf8.h"

#include <array>
#include <map>
#include <utf8proc.h>

namespace rowhaul {

namespace {

constexpr std::int32_t diaeresis = 0x308;  // a mark on the letter before it

// Letters that do not fall apart into a plain one and a mark.
const std::map<std::int32_t, std::string_view>& plain_letters() {
    static const std::map<std::int32_t, std::string_view> letters{
        {0xC6, "AE"},   {0xE6, "ae"},  {0xD0, "D"},   {0xF0, "d"},    {0xD8, "O"},   {0xF8, "o"},   {0xDE, "TH"},
        {0xFE, "th"},   {0xDF, "ss"},  {0x110, "D"},  {0x111, "d"},   {0x126, "H"},  {0x127, "h"},  {0x131, "i"},
        {0x138, "q"},   {0x141, "L"},  {0x142, "l"},  {0x149, "'n"},  {0x14A, "N"},  {0x14B, "n"},  {0x152, "OE"},
        {0x153, "oe"},  {0x166, "T"},  {0x167, "t"},  {0x1E9E, "SS"}, {0x2018, "'"}, {0x2019, "'"}, {0x201C, "\""},
        {0x201D, "\""}, {0x2013, "-"}, {0x2014, "-"}, {0xA9, "(C)"},  {0xAE, "(R)"}, {0xAB, "<<"},  {0xBB, ">>"}};
    return letters;
}

void append(std::int32_t code, std::string& out) {
    std::array<char, 4> bytes{};
    out.append(bytes.data(), write_character(code, bytes.data()));
}

std::string_view written_out(std::int32_t code) {
    switch (code) {
        case 0xC4:
        case 0xE4:
            return "ae";
        case 0xD6:
        case 0xF6:
        case 0xD8:
        case 0xF8:
            return "oe";
        case 0xDC:
        case 0xFC:
            return "ue";
        case 0xC5:
        case 0xE5:
            return "aa";
        default:
            return {};
    }
}

std::string with_umlauts_written_out(std::string_view text) {
    static constexpr std::string_view letters_with_umlauts = "aouAOU";
    std::string out;
    while (!text.empty()) {
        const auto character = first_character(text);
        const bool is_umlaut = character.code == diaeresis && !out.empty() &&
                               letters_with_umlauts.find(out.back()) != std::string_view::npos;
        const auto letters = is_umlaut ? "e" : written_out(character.code);
        out += letters.empty() ? text.substr(0, character.size) : letters;
        text.remove_prefix(character.size);
    }
    return out;
}

bool stands_between_words(std::int32_t code) {
    constexpr std::int32_t no_break_space = 0xA0;
    return (code >= 0 && code <= ' ') || code == '_' || code == '-' || code == '.' || code == no_break_space;
}

}  // namespace

void append_without_accents(std::string_view text, std::string& out) {
    while (!text.empty()) {
        const auto character = first_character(text);
        const auto piece = text.substr(0, character.size);
        text.remove_prefix(character.size);
        const auto known = plain_letters().find(character.code);
        if (character.code < 0x80) {
            out += piece;
        } else if (known != plain_letters().end()) {
            out += known->second;
        } else {
            std::array<utf8proc_int32_t, 8> parts{};
            int boundary = 0;
            const auto count =
                utf8proc_decompose_char(character.code, parts.data(), parts.size(), UTF8PROC_DECOMPOSE, &boundary);
            const bool has_plain = count > 1 && parts[0] < 0x530;
            const bool is_mark = character.code >= 0x300 && character.code <= 0x36F;
            if (has_plain) {
                append(parts[0], out);
            } else if (!is_mark) {
                out += piece;
            }
        }
    }
}

std::string folded_name(std::string_view name, Umlauts umlauts) {
    std::string plain;
    append_without_accents(umlauts == Umlauts::WrittenOut ? with_umlauts_written_out(name) : std::string(name), plain);
    std::string folded;
    std::string_view rest = plain;
    while (!rest.empty()) {
        const auto character = first_character(rest);
        if (character.code < 0) {
            folded += rest.front();
        } else if (!stands_between_words(character.code)) {
            append(utf8proc_tolower(character.code), folded);
        }
        rest.remove_prefix(character.size);
    }
    return folded;
}

}  // namespace rowhaul
