// SPDX-License-Identifier: Apache-2.0
#include "format/shown_text.h"

#include "format/text_encoding.h"

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
    auto out = readable(text.substr(0, shown_bytes));
    return text.size() > shown_bytes ? out + "…" : out;
}

}  // namespace rowhaul
