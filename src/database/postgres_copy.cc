// SPDX-License-Identifier: Apache-2.0
#include "database/postgres_copy.h"

#include "base/error.h"

#include <bit>
#include <cstring>
#include <string>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace rowhaul {

namespace {

// Which of the next 16 characters are tabs or backslashes, the first as the lowest bit.
constexpr std::size_t stride = 16;
unsigned marks(const char* text) {
#ifdef __SSE2__
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
    const __m128i found =
        _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('\t')), _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
    return static_cast<unsigned>(_mm_movemask_epi8(found));
#else
    unsigned found = 0;
    for (unsigned i = 0; i < stride; ++i) {
        found |= static_cast<unsigned>(text[i] == '\t' || text[i] == '\\') << i;
    }
    return found;
#endif
}

char meaning_of(char escaped) {
    switch (escaped) {
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        case 'v':
            return '\v';
        default:
            return escaped;
    }
}

// In place; the text only becomes shorter. Returns the new end.
char* unescape(char* begin, char* end) {
    char* to = begin;
    for (const char* from = begin; from != end;) {
        if (*from == '\\' && from + 1 != end) {
            *to++ = meaning_of(from[1]);
            from += 2;
            continue;
        }
        // Runs without a backslash are moved as a whole.
        const auto left = static_cast<std::size_t>(end - from);
        const auto* const next = static_cast<const char*>(std::memchr(from + 1, '\\', left - 1));
        const auto run = next != nullptr ? static_cast<std::size_t>(next - from) : left;
        std::memmove(to, from, run);
        to += run;
        from += run;
    }
    return to;
}

}  // namespace

void PostgresCopyParser::parse(std::string_view line, const ColumnWriter& columns, std::size_t row,
                               Arena& arena) const {
    if (line.ends_with('\n')) {
        line.remove_suffix(1);
    }
    // Room to read whole strides beyond the end, given back afterwards.
    const auto room = line.size() + stride;
    char* const begin = arena.allocate(room);
    std::memcpy(begin, line.data(), line.size());
    arena.shrink_last(room, line.size());
    char* const end = begin + line.size();

    std::size_t field = 0;
    char* cell = begin;
    bool has_backslash = false;
    const auto finish_cell = [&](char* cell_end) {
        if (field < fields_.size()) {
            const auto& wanted = fields_[field];
            if (!wanted.columns.empty()) {
                const Cell value = cell_of(wanted, cell, cell_end, has_backslash, arena);
                for (const auto column : wanted.columns) {
                    columns.at(column, row) = value;
                }
            }
        }
        ++field;
        has_backslash = false;
    };
    char* skip_to = begin;  // what follows a backslash is none, nor a tab
    for (char* block = begin; block < end; block += stride) {
        for (unsigned found = marks(block); found != 0; found &= found - 1) {
            char* const at = block + std::countr_zero(found);
            if (at >= end) {
                break;
            }
            if (at < skip_to) {
                continue;
            }
            if (*at == '\\') {
                has_backslash = true;
                skip_to = at + 2;
                continue;
            }
            finish_cell(at);
            cell = at + 1;
        }
    }
    finish_cell(end);
    if (field != fields_.size()) {
        throw Error(ErrorKind::Internal, "the server sent " + std::to_string(field) + " cells in a row of " +
                                             std::to_string(fields_.size()));
    }
}

Cell PostgresCopyParser::cell_of(const Field& field, char* begin, char* end, bool has_backslash, Arena& arena) const {
    if (!has_backslash) {
        const std::string_view text(begin, end);
        return field.text == PostgresText::AsIs ? Cell(text) : postgres_cell(text, field.text, arena);
    }
    if (end - begin == 2 && begin[1] == 'N') {
        return {};
    }
    const std::string_view text(begin, unescape(begin, end));
    return postgres_cell(text, field.text, arena);
}

}  // namespace rowhaul
