// SPDX-License-Identifier: Apache-2.0
#include "format/shown_text.h"

#include "base/utf8.h"

namespace rowhaul {

namespace {
constexpr std::size_t shown_bytes = 100;
}

std::string readable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto valid = valid_utf8_prefix(text);
        out += text.substr(0, valid);
        text.remove_prefix(valid);
        if (!text.empty()) {
            out += "\xEF\xBF\xBD";
            text.remove_prefix(1);
        }
    }
    return out;
}

std::string shortened(std::string_view text) {
    if (text.size() <= shown_bytes) {
        return readable(text);
    }
    // Not in the middle of a character.
    constexpr std::size_t longest_rest = 3;
    auto size = shown_bytes;
    while (size > shown_bytes - longest_rest && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
        --size;
    }
    return readable(text.substr(0, size)) + "…";
}

}  // namespace rowhaul
