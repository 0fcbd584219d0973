// SPDX-License-Identifier: Apache-2.0
// Values in the text that `copy` and `load data` read: tabs between cells, line feeds between rows,
// a backslash before what would be mistaken, \N for NULL.
#pragma once
#include "data/batch.h"
#include "database/chunk_loader.h"

#include <cstring>
#include <string>
#include <string_view>

namespace rowhaul {

// Writes a value at `out`, where twice its size has room; returns its end there. `zero_bytes` is touched
// only when there are some.
inline char* put_bulk_text(std::string_view text, char* out, ZeroBytes& zero_bytes) {
    using Word = std::uint64_t;
    constexpr Word ones = ~Word{0} / 255;
    constexpr auto needs_escape = [](Word word) {
        const Word below_blank = (word - ones * 0x20) & ~word;
        const Word other = word ^ (ones * '\\');
        const Word backslash = (other - ones) & ~other;
        return ((below_blank | backslash) & (ones * 0x80)) != 0;
    };
    const char* at = text.data();
    const char* const end = at + text.size();
    while (end - at >= static_cast<std::ptrdiff_t>(sizeof(Word))) {
        Word word = 0;
        std::memcpy(&word, at, sizeof(word));
        if (needs_escape(word)) {
            break;
        }
        std::memcpy(out, &word, sizeof(word));
        at += sizeof(word);
        out += sizeof(word);
    }
    for (; at != end; ++at) {
        switch (*at) {
            case '\\':
                *out++ = '\\';
                *out++ = '\\';
                break;
            case '\t':
                *out++ = '\\';
                *out++ = 't';
                break;
            case '\n':
                *out++ = '\\';
                *out++ = 'n';
                break;
            case '\r':
                *out++ = '\\';
                *out++ = 'r';
                break;
            case '\0':
                *out++ = '\\';
                *out++ = '0';
                zero_bytes = ZeroBytes::Some;
                break;
            default:
                *out++ = *at;
        }
    }
    return out;
}

// Appends a row of `width` cells. `prefix(column)` is what stands before each value of a column that
// is not NULL, of at most four bytes.
template <class Prefix>
ZeroBytes append_bulk_row(const Batch& batch, std::size_t row, std::size_t width, std::string& out, Prefix prefix) {
    constexpr std::size_t around = 6;  // prefix and tab, or \N and tab
    auto zero_bytes = ZeroBytes::None;
    std::size_t most = 0;
    for (std::size_t column = 0; column < width; ++column) {
        most += 2 * batch.column(column)[row].text().size() + around;
    }
    const auto size = out.size();
    if (out.capacity() < size + most + 1) {
        out.reserve(2 * (size + most));
    }
    out.resize_and_overwrite(size + most + 1, [&](char* begin, std::size_t) {
        char* at = begin + size;
        for (std::size_t column = 0; column < width; ++column) {
            const Cell cell = batch.column(column)[row];
            if (cell.is_null()) {
                *at++ = '\\';
                *at++ = 'N';
            } else {
                for (const char c : prefix(column)) {
                    *at++ = c;
                }
                at = put_bulk_text(cell.text(), at, zero_bytes);
            }
            *at++ = '\t';
        }
        at[-1] = '\n';
        return static_cast<std::size_t>(at - begin);
    });
    return zero_bytes;
}

}  // namespace rowhaul
