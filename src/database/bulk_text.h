// SPDX-License-Identifier: Apache-2.0
// Values in the text that `copy` and `load data` read: tabs between cells, line feeds between rows,
// a backslash before what would be mistaken.
#pragma once
#include <string>
#include <string_view>

namespace rowhaul {

// Zero bytes are escaped too: a database that cannot hold them says so.
inline void append_bulk_text(std::string_view text, std::string& out) {
    // Hardly any cell has a character to be escaped, and this loop is done many bytes at a time.
    unsigned special = 0;
    for (const char c : text) {
        special |= static_cast<unsigned>(c == '\\') | static_cast<unsigned>(static_cast<unsigned char>(c) < 0x20);
    }
    if (special == 0) {
        out.append(text);
        return;
    }
    for (const char c : text) {
        switch (c) {
            case '\\':
                out += "\\\\";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\0':
                out += "\\0";
                break;
            default:
                out += c;
        }
    }
}

}  // namespace rowhaul
