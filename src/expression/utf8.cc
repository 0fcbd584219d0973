// SPDX-License-Identifier: Apache-2.0
#include "expression/utf8.h"

#include <cstring>
#include <utf8proc.h>

namespace rowhaul {

Character first_character(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80) {
        return {first, 1};
    }
    utf8proc_int32_t code = 0;
    const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &code);
    return size > 0 ? Character{code, static_cast<std::size_t>(size)} : Character{-1, 1};
}

bool is_ascii(std::string_view text) {
    std::uint64_t all = 0;
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, 8);
        all |= word;
    }
    for (; at < text.size(); ++at) {
        all |= static_cast<unsigned char>(text[at]);
    }
    return (all & 0x8080808080808080U) == 0;
}

std::size_t count_characters(std::string_view text) {
    if (is_ascii(text)) {
        return text.size();
    }
    std::size_t count = 0;
    while (!text.empty()) {
        text.remove_prefix(first_character(text).size);
        ++count;
    }
    return count;
}

std::size_t offset_of_character(std::string_view text, std::size_t number) {
    std::size_t at = 0;
    while (number > 0 && at < text.size()) {
        at += first_character(text.substr(at)).size;
        --number;
    }
    return at;
}

std::size_t write_character(std::int32_t code, char* into) {
    return static_cast<std::size_t>(utf8proc_encode_char(code, reinterpret_cast<utf8proc_uint8_t*>(into)));
}

std::string_view trimmed(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

}  // namespace rowhaul
