// SPDX-License-Identifier: Apache-2.0
// Text: in characters, never in bytes, with the case and accents of all scripts.
#include "expression/folding.h"
#include "expression/functions.h"
#include "expression/utf8.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utf8proc.h>

namespace rowhaul {

namespace {

// ---- case ----

constexpr std::uint64_t in_every_byte(unsigned char byte) {
    return 0x0101010101010101U * byte;
}

// Changes the case of the ASCII letters from `first` to `last` of eight bytes of ASCII at once.
constexpr std::uint64_t with_other_case(std::uint64_t bytes, char first, char last) {
    const auto from_first = bytes + in_every_byte(static_cast<unsigned char>(0x80 - first));
    const auto beyond_last = bytes + in_every_byte(static_cast<unsigned char>(0x7F - last));
    return bytes ^ (((from_first ^ beyond_last) & in_every_byte(0x80)) >> 2);
}

template <char First, char Last>
struct ChangeCase {
    void operator()(std::string_view text, char* into) const {
        std::size_t at = 0;
        std::uint64_t word = 0;
        for (; at + sizeof(word) <= text.size(); at += sizeof(word)) {
            std::memcpy(&word, text.data() + at, sizeof(word));
            word = with_other_case(word, First, Last);
            std::memcpy(into + at, &word, sizeof(word));
        }
        word = 0;
        std::memcpy(&word, text.data() + at, text.size() - at);
        word = with_other_case(word, First, Last);
        std::memcpy(into + at, &word, text.size() - at);
    }
};

template <class ForAscii, class ForAll>
std::string_view mapped(Row& row, std::string_view text, ForAscii for_ascii, ForAll for_all) {
    if (text.empty()) {
        return "";
    }
    if (is_ascii(text)) {
        char* at = row.room(text.size());
        if (at != nullptr) {
            for_ascii(text, at);
        }
        return at != nullptr ? std::string_view(at, text.size()) : "";
    }
    // A character may become longer by a byte; a byte that is no text stays one.
    const auto most = text.size() * 2;
    char* const start = row.room(most);
    if (start == nullptr) {
        return "";
    }
    char* at = start;
    while (!text.empty()) {
        const auto character = first_character(text);
        if (character.code < 0) {
            *at++ = text[0];
        } else {
            at += write_character(for_all(character.code), at);
        }
        text.remove_prefix(character.size);
    }
    const auto size = static_cast<std::size_t>(at - start);
    row.arena().shrink_last(most, size);
    return {start, size};
}

constexpr char upper_ascii(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}

std::string_view lower(Row& row, std::string_view text) {
    return mapped(row, text, ChangeCase<'A', 'Z'>(), utf8proc_tolower);
}
std::string_view upper(Row& row, std::string_view text) {
    return mapped(row, text, ChangeCase<'a', 'z'>(), utf8proc_toupper);
}

bool is_alphanumeric(std::int32_t code) {
    const auto category = utf8proc_category(code);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO) || category == UTF8PROC_CATEGORY_MN ||
           category == UTF8PROC_CATEGORY_MC;
}

std::string_view initcap(Row& row, std::string_view text) {
    bool is_inside = false;
    const auto change = [&](std::int32_t code) {
        const auto changed = is_inside ? utf8proc_tolower(code) : utf8proc_toupper(code);
        is_inside = is_alphanumeric(code);
        return changed;
    };
    const auto change_ascii = [&](std::string_view ascii, char* into) {
        for (const char c : ascii) {
            *into++ = static_cast<char>(change(static_cast<unsigned char>(c)));
        }
    };
    return mapped(row, text, change_ascii, change);
}

// ---- lengths and parts ----

std::int64_t length(Row&, std::string_view text) {
    return static_cast<std::int64_t>(count_characters(text));
}
std::int64_t length_bytes(Row&, const HexBytes& bytes) {
    return static_cast<std::int64_t>(bytes.digits.size() / 2);
}
std::int64_t octet_length(Row&, std::string_view text) {
    return static_cast<std::int64_t>(text.size());
}

// Characters from..to, counted from 1, `to` not included; either may lie outside.
std::string_view characters(std::string_view text, std::int64_t from, std::int64_t to) {
    from = std::max<std::int64_t>(from, 1);
    if (to <= from) {
        return "";
    }
    const auto first = is_ascii(text) ? std::min<std::size_t>(static_cast<std::size_t>(from - 1), text.size())
                                      : offset_of_character(text, static_cast<std::size_t>(from - 1));
    text.remove_prefix(first);
    const auto count = static_cast<std::size_t>(to - from);
    return text.substr(0, is_ascii(text) ? count : offset_of_character(text, count));
}

std::string_view substring_from(Row&, std::string_view text, std::int64_t from) {
    return characters(text, from, std::numeric_limits<std::int64_t>::max());
}
std::string_view substring(Row& row, std::string_view text, std::int64_t from, std::int64_t count) {
    if (count < 0) {
        row.fail(Failure::InvalidArgument, text, "the length of a part cannot be negative");
        return "";
    }
    std::int64_t to = 0;
    if (__builtin_add_overflow(from, count, &to)) {
        to = std::numeric_limits<std::int64_t>::max();
    }
    return characters(text, from, to);
}
std::string_view left(Row& row, std::string_view text, std::int64_t count) {
    if (count < 0) {
        const auto size = length(row, text);
        return characters(text, 1, count <= -size ? 1 : size + count + 1);
    }
    return characters(text, 1, count == std::numeric_limits<std::int64_t>::max() ? count : count + 1);
}
std::string_view right(Row& row, std::string_view text, std::int64_t count) {
    const auto size = length(row, text);
    if (count < 0) {
        return count <= -size ? "" : characters(text, 1 - count, std::numeric_limits<std::int64_t>::max());
    }
    return characters(text, count >= size ? 1 : size - count + 1, std::numeric_limits<std::int64_t>::max());
}

std::int64_t strpos(Row&, std::string_view text, std::string_view part) {
    const auto found = text.find(part);
    return found == std::string_view::npos ? 0 : static_cast<std::int64_t>(count_characters(text.substr(0, found))) + 1;
}
bool starts_with(Row&, std::string_view text, std::string_view start) {
    return text.starts_with(start);
}

std::string_view split_part(Row& row, std::string_view text, std::string_view delimiter, std::int64_t number) {
    if (number == 0) {
        row.fail(Failure::InvalidArgument, text, "parts are counted from 1");
        return "";
    }
    if (delimiter.empty()) {
        return number == 1 || number == -1 ? text : "";
    }
    if (number < 0) {
        std::int64_t parts = 1;
        for (auto at = text.find(delimiter); at != std::string_view::npos;
             at = text.find(delimiter, at + delimiter.size())) {
            ++parts;
        }
        if (number < -parts) {
            return "";
        }
        number += parts + 1;
    }
    while (true) {
        const auto at = text.find(delimiter);
        if (number == 1) {
            return text.substr(0, at);
        }
        if (at == std::string_view::npos) {
            return "";
        }
        text.remove_prefix(at + delimiter.size());
        --number;
    }
}

// ---- trimming ----

bool contains(std::string_view characters, std::string_view character) {
    while (!characters.empty()) {
        const auto size = first_character(characters).size;
        if (characters.substr(0, size) == character) {
            return true;
        }
        characters.remove_prefix(size);
    }
    return false;
}

std::string_view trim_left(Row&, std::string_view text, std::string_view characters) {
    while (!text.empty()) {
        const auto size = first_character(text).size;
        if (!contains(characters, text.substr(0, size))) {
            break;
        }
        text.remove_prefix(size);
    }
    return text;
}
std::string_view trim_right(Row&, std::string_view text, std::string_view characters) {
    while (!text.empty()) {
        std::size_t size = 1;
        while (size < 4 && size < text.size() &&
               (static_cast<unsigned char>(text[text.size() - size]) & 0xC0) == 0x80) {
            ++size;
        }
        if (first_character(text.substr(text.size() - size)).size != size) {
            size = 1;
        }
        if (!contains(characters, text.substr(text.size() - size))) {
            break;
        }
        text.remove_suffix(size);
    }
    return text;
}
std::string_view trim_both(Row& row, std::string_view text, std::string_view characters) {
    return trim_right(row, trim_left(row, text, characters), characters);
}
std::string_view trim_left_spaces(Row&, std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}
std::string_view trim_right_spaces(Row&, std::string_view text) {
    return text.substr(0, text.find_last_not_of(' ') + 1);
}
std::string_view trim_spaces(Row& row, std::string_view text) {
    return trim_right_spaces(row, trim_left_spaces(row, text));
}

// ---- making new text ----

std::string_view replace(Row& row, std::string_view text, std::string_view from, std::string_view to) {
    if (from.empty() || text.find(from) == std::string_view::npos) {
        return text;
    }
    std::size_t count = 0;
    for (auto at = text.find(from); at != std::string_view::npos; at = text.find(from, at + from.size())) {
        ++count;
    }
    std::size_t size = 0;
    if (__builtin_mul_overflow(count, to.size(), &size)) {
        size = longest_text;
    }
    size += text.size() - count * from.size();
    if (size == 0) {
        return "";
    }
    char* const start = row.room(size);
    if (start == nullptr) {
        return "";
    }
    char* put = start;
    while (true) {
        const auto at = text.find(from);
        put = std::ranges::copy(text.substr(0, at), put).out;
        if (at == std::string_view::npos) {
            return {start, size};
        }
        put = std::ranges::copy(to, put).out;
        text.remove_prefix(at + from.size());
    }
}

std::string_view translate(Row& row, std::string_view text, std::string_view from, std::string_view to) {
    if (text.empty()) {
        return "";
    }
    const auto most = text.size() * 4;
    char* const start = row.room(most);
    if (start == nullptr) {
        return "";
    }
    char* put = start;
    while (!text.empty()) {
        const auto size = first_character(text).size;
        auto piece = text.substr(0, size);
        auto left_from = from;
        for (std::size_t number = 0; !left_from.empty(); ++number) {
            const auto from_size = first_character(left_from).size;
            if (left_from.substr(0, from_size) == piece) {
                const auto offset = offset_of_character(to, number);
                piece = offset == to.size() ? "" : to.substr(offset, first_character(to.substr(offset)).size);
                break;
            }
            left_from.remove_prefix(from_size);
        }
        put = std::ranges::copy(piece, put).out;
        text.remove_prefix(size);
    }
    const auto size = static_cast<std::size_t>(put - start);
    row.arena().shrink_last(most, size);
    return {start, size};
}

std::string_view repeat(Row& row, std::string_view text, std::int64_t count) {
    if (count <= 0 || text.empty()) {
        return "";
    }
    std::size_t size = 0;
    if (__builtin_mul_overflow(text.size(), static_cast<std::size_t>(count), &size)) {
        size = longest_text + 1;
    }
    char* const start = row.room(size);
    if (start == nullptr) {
        return "";
    }
    for (std::size_t at = 0; at < size; at += text.size()) {
        std::ranges::copy(text, start + at);
    }
    return {start, size};
}

std::string_view reverse(Row& row, std::string_view text) {
    if (text.empty()) {
        return "";
    }
    char* const start = row.room(text.size());
    if (start == nullptr) {
        return "";
    }
    char* at = start + text.size();
    const auto size = text.size();
    while (!text.empty()) {
        const auto piece = text.substr(0, first_character(text).size);
        at -= piece.size();
        std::ranges::copy(piece, at);
        text.remove_prefix(piece.size());
    }
    return {start, size};
}

enum class Side : std::uint8_t { Left, Right };

template <Side Where>
std::string_view padded(Row& row, std::string_view text, std::int64_t length_wanted, std::string_view fill) {
    const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(length_wanted, 0));
    if (wanted > longest_text) {
        row.fail(Failure::TextTooLong, text);
        return "";
    }
    const auto has = count_characters(text);
    if (has >= wanted || fill.empty()) {
        return characters(text, 1, static_cast<std::int64_t>(wanted) + 1);
    }
    const auto missing = wanted - has;
    const auto fill_characters = count_characters(fill);
    const auto rest = fill.substr(0, offset_of_character(fill, missing % fill_characters));
    const auto whole = missing / fill_characters;
    const auto size = text.size() + whole * fill.size() + rest.size();
    char* const start = row.room(size);
    if (start == nullptr) {
        return "";
    }
    char* at = start;
    if (Where == Side::Right) {
        at = std::ranges::copy(text, at).out;
    }
    for (std::size_t i = 0; i < whole; ++i) {
        at = std::ranges::copy(fill, at).out;
    }
    at = std::ranges::copy(rest, at).out;
    if (Where == Side::Left) {
        std::ranges::copy(text, at);
    }
    return {start, size};
}
template <Side Where>
std::string_view padded_with_spaces(Row& row, std::string_view text, std::int64_t length_wanted) {
    return padded<Where>(row, text, length_wanted, " ");
}

// One kernel for || (NULL makes NULL), concat (NULL is nothing) and concat_ws (with a separator).
enum class Nulls : std::uint8_t { Spread, Skipped };

// What most rows are: texts without NULL among them and nothing between them.
void joined_plainly(Call& call, std::span<const Vector* const> texts) {
    Cell* out = call.out.start<Cell>(Kind::Text, call.rows, call.stride);
    Row row(call);
    for (std::size_t i = 0; i < (call.stride == 0 ? 1 : call.rows); ++i) {
        row.move_to(i);
        std::size_t size = 0;
        for (const auto* text : texts) {
            size += text->at<Cell>(i).text().size();
        }
        char* at = size == 0 ? nullptr : row.room(size);
        out[i] = at == nullptr ? Cell("") : Cell(std::string_view(at, size));
        for (const auto* text : texts) {
            const auto piece = at == nullptr ? std::string_view() : text->at<Cell>(i).text();
            if (!piece.empty()) {
                std::memcpy(at, piece.data(), piece.size());
                at += piece.size();
            }
        }
    }
}

void joined(Call& call, std::span<const Vector* const> texts, const Vector* separator, Nulls nulls) {
    if (separator == nullptr && std::ranges::all_of(texts, [](const Vector* text) { return text->all_valid(); })) {
        joined_plainly(call, texts);
        return;
    }
    Cell* out = call.out.start<Cell>(Kind::Text, call.rows, call.stride);
    Row row(call);
    for (std::size_t i = 0; i < (call.stride == 0 ? 1 : call.rows); ++i) {
        row.move_to(i);
        std::size_t size = 0;
        bool is_null = separator != nullptr && separator->state(i) == State::Null;
        if (separator != nullptr) {
            call.out.take_state(i, *separator, i);
        }
        const std::string_view between =
            separator != nullptr && separator->state(i) == State::Valid ? separator->at<Cell>(i).text() : "";
        bool is_first = true;
        for (const auto* text : texts) {
            const auto state = text->state(i);
            if (state == State::Valid) {
                size += text->at<Cell>(i).text().size() + (is_first ? 0 : between.size());
                is_first = false;
            } else if (state == State::Failed) {
                call.out.take_state(i, *text, i);
            } else {
                is_null = is_null || nulls == Nulls::Spread;
            }
        }
        out[i] = Cell("");
        if (call.out.state(i) == State::Failed) {
            continue;
        }
        if (is_null) {
            call.out.set_null(i);
            continue;
        }
        if (size == 0) {
            continue;
        }
        char* const start = row.room(size);
        if (start == nullptr) {
            continue;
        }
        char* at = start;
        is_first = true;
        for (const auto* text : texts) {
            if (text->state(i) == State::Valid) {
                if (!is_first) {
                    at = std::ranges::copy(between, at).out;
                }
                is_first = false;
                at = std::ranges::copy(text->at<Cell>(i).text(), at).out;
            }
        }
        out[i] = std::string_view(start, size);
    }
}

void concatenated(Call& call) {
    joined(call, call.arguments, nullptr, Nulls::Spread);
}
void concat(Call& call) {
    joined(call, call.arguments, nullptr, Nulls::Skipped);
}
void concat_ws(Call& call) {
    joined(call, call.arguments.subspan(1), call.arguments[0], Nulls::Skipped);
}

std::int64_t ascii(Row&, std::string_view text) {
    if (text.empty()) {
        return 0;
    }
    const auto character = first_character(text);
    return character.code < 0 ? static_cast<unsigned char>(text[0]) : character.code;
}
std::string_view chr(Row& row, std::int64_t code) {
    if (code <= 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        row.fail(Failure::InvalidArgument, {}, "there is no character of this number");
        return "";
    }
    char* at = row.room(4);
    const auto size = write_character(static_cast<std::int32_t>(code), at);
    row.arena().shrink_last(4, size);
    return {at, size};
}

// ---- normal forms and accents ----

struct Normalized {
    utf8proc_uint8_t* bytes = nullptr;
    Normalized() = default;
    ~Normalized() { std::free(bytes); }
    Normalized(const Normalized&) = delete;
    Normalized& operator=(const Normalized&) = delete;
};

int form_options(std::string_view form) {
    std::string upper_form(form);
    std::ranges::transform(upper_form, upper_form.begin(), upper_ascii);
    if (upper_form == "NFC") {
        return UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    }
    if (upper_form == "NFD") {
        return UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
    }
    if (upper_form == "NFKC") {
        return UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    }
    if (upper_form == "NFKD") {
        return UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
    }
    return 0;
}

std::string check_form(std::size_t argument, std::string_view form) {
    return argument == 1 && form_options(form) == 0 ? "is no normal form; known are NFC, NFD, NFKC and NFKD" : "";
}

std::string_view with_options(Row& row, std::string_view text, int options) {
    Normalized made;
    const auto size =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                     &made.bytes, static_cast<utf8proc_option_t>(options));
    if (size < 0) {
        row.fail(Failure::InvalidArgument, text, "is no valid text");
        return "";
    }
    return row.copy({reinterpret_cast<const char*>(made.bytes), static_cast<std::size_t>(size)});
}

std::string_view normalize_to(Row& row, std::string_view text, std::string_view form) {
    const auto options = form_options(form);
    if (options == 0) {
        row.fail(Failure::InvalidArgument, form, "is no normal form");
        return "";
    }
    return is_ascii(text) ? text : with_options(row, text, options);
}
std::string_view normalize(Row& row, std::string_view text) {
    return normalize_to(row, text, "NFC");
}

std::string_view unaccent(Row& row, std::string_view text) {
    if (is_ascii(text)) {
        return text;
    }
    auto& out = row.scratch();
    append_without_accents(text, out);
    return row.copy(out);
}

}  // namespace

std::vector<Function> text_functions() {
    return {
        {.name = "||",
         .usage = "a || b",
         .help = "Both texts, one after the other. Beside a text, values of other kinds become text.",
         .shape = Shape::Texts,
         .least = 2,
         .examples = {{"'a' || 'b' || 1", "ab1"}, {"'a' || null", "NULL"}},
         .kernel = &concatenated},
        {.name = "concat",
         .usage = "concat(a, b, …)",
         .help = "All values as texts, one after the other; NULLs are left out.",
         .shape = Shape::Texts,
         .least = 1,
         .examples = {{"concat('No. ', 7, null)", "No. 7"}},
         .kernel = &concat},
        {.name = "concat_ws",
         .usage = "concat_ws(separator, a, b, …)",
         .help = "All values as texts with the separator between them; NULLs are left out.",
         .shape = Shape::Texts,
         .least = 2,
         .examples = {{"concat_ws(', ', 'Zürich', null, 'CH')", "Zürich, CH"}},
         .kernel = &concat_ws},
        {.name = "lower",
         .usage = "lower(text)",
         .help = "In lower case, in all scripts.",
         .overloads = {strict<lower>()},
         .examples = {{"lower('ÄRGER')", "ärger"}}},
        {.name = "upper",
         .usage = "upper(text)",
         .help = "In upper case, in all scripts.",
         .overloads = {strict<upper>()},
         .examples = {{"upper('zürich')", "ZÜRICH"}}},
        {.name = "initcap",
         .usage = "initcap(text)",
         .help = "The first letter of every word in upper case, the others in lower case.",
         .overloads = {strict<initcap>()},
         .examples = {{"initcap('anna-maria DE LÈVE')", "Anna-Maria De Lève"}}},
        {.name = "length",
         .usage = "length(text)",
         .help = "How many characters a text has, or bytes a binary value. Also: char_length.",
         .overloads = {strict<length>(), strict<length_bytes>()},
         .examples = {{"length('Zürich')", "6"}}},
        {.name = "octet_length",
         .usage = "octet_length(text)",
         .help = "How many bytes a text has in UTF-8.",
         .overloads = {strict<octet_length>()},
         .examples = {{"octet_length('Zürich')", "7"}}},
        {.name = "substr",
         .usage = "substr(text, from[, count])",
         .help = "A part of the text, from this character on, counted from 1. Also: substring(text from 2 for 3).",
         .overloads = {strict<substring_from>(), strict<substring>()},
         .examples = {{"substr('Rowhaul', 4)", "haul"},
                      {"substr('Rowhaul', 1, 3)", "Row"},
                      {"substring('Rowhaul' from 4 for 2)", "ha"}}},
        {.name = "left",
         .usage = "left(text, count)",
         .help = "The first characters; with a negative count, all but so many of the last.",
         .overloads = {strict<left>()},
         .examples = {{"left('8001 Zürich', 4)", "8001"}, {"left('abcde', -2)", "abc"}}},
        {.name = "right",
         .usage = "right(text, count)",
         .help = "The last characters; with a negative count, all but so many of the first.",
         .overloads = {strict<right>()},
         .examples = {{"right('abcde', 2)", "de"}, {"right('abcde', -2)", "cde"}}},
        {.name = "strpos",
         .usage = "strpos(text, part)",
         .help = "Where the part first stands, counted from 1; 0 when it does not. Also: position(part in text).",
         .overloads = {strict<strpos>()},
         .examples = {{"strpos('Zürich', 'r')", "3"}, {"position('x' in 'abc')", "0"}}},
        {.name = "starts_with",
         .usage = "starts_with(text, start)",
         .help = "Whether the text begins so.",
         .overloads = {strict<starts_with>()},
         .examples = {{"starts_with('CH-8001', 'CH')", "true"}}},
        {.name = "split_part",
         .usage = "split_part(text, delimiter, number)",
         .help = "One of the parts between delimiters, counted from 1, or from the end with a negative number.",
         .overloads = {strict<split_part>()},
         .examples = {{"split_part('a;b;c', ';', 2)", "b"}, {"split_part('a;b;c', ';', -1)", "c"}}},
        {.name = "btrim",
         .usage = "trim(text[, characters])",
         .help = "Without spaces, or these characters, at both ends. Also: btrim, trim(both 'x' from text).",
         .overloads = {strict<trim_spaces>(), strict<trim_both>()},
         .examples = {{"trim('  a b ')", "a b"}, {"trim('xxaxx', 'x')", "a"}, {"trim(both '0' from '0070')", "7"}}},
        {.name = "ltrim",
         .usage = "ltrim(text[, characters])",
         .help = "Without spaces, or these characters, at the start. Also: trim(leading '0' from text).",
         .overloads = {strict<trim_left_spaces>(), strict<trim_left>()},
         .examples = {{"ltrim('007', '0')", "7"}}},
        {.name = "rtrim",
         .usage = "rtrim(text[, characters])",
         .help = "Without spaces, or these characters, at the end. Also: trim(trailing '.' from text).",
         .overloads = {strict<trim_right_spaces>(), strict<trim_right>()},
         .examples = {{"rtrim('a  ') || '|'", "a|"}}},
        {.name = "replace",
         .usage = "replace(text, from, to)",
         .help = "Every occurrence of one text replaced by another.",
         .overloads = {strict<replace>()},
         .examples = {{"replace('1.234.567', '.', '')", "1234567"}}},
        {.name = "translate",
         .usage = "translate(text, from, to)",
         .help = "Each character of `from` replaced by the one at the same place of `to`, or removed.",
         .overloads = {strict<translate>()},
         .examples = {{"translate('12/34.5', '/.', '-')", "12-345"}}},
        {.name = "lpad",
         .usage = "lpad(text, length[, fill])",
         .help = "Filled up at the start to this length with spaces, or the fill; cut when it is longer.",
         .overloads = {strict<padded_with_spaces<Side::Left>>(), strict<padded<Side::Left>>()},
         .examples = {{"lpad('7', 3, '0')", "007"}, {"lpad('12345', 3, '0')", "123"}}},
        {.name = "rpad",
         .usage = "rpad(text, length[, fill])",
         .help = "Filled up at the end to this length with spaces, or the fill; cut when it is longer.",
         .overloads = {strict<padded_with_spaces<Side::Right>>(), strict<padded<Side::Right>>()},
         .examples = {{"rpad('ab', 4, '.')", "ab.."}}},
        {.name = "repeat",
         .usage = "repeat(text, count)",
         .help = "The text so many times; at most 16 MiB.",
         .overloads = {strict<repeat>()},
         .examples = {{"repeat('ab', 3)", "ababab"}}},
        {.name = "reverse",
         .usage = "reverse(text)",
         .help = "The characters in reverse order.",
         .overloads = {strict<reverse>()},
         .examples = {{"reverse('für')", "rüf"}}},
        {.name = "ascii",
         .usage = "ascii(text)",
         .help = "The Unicode number of the first character.",
         .overloads = {strict<ascii>()},
         .examples = {{"ascii('A')", "65"}}},
        {.name = "chr",
         .usage = "chr(number)",
         .help = "The character of this Unicode number.",
         .overloads = {strict<chr>()},
         .examples = {{"chr(8364)", "€"}}},
        {.name = "normalize",
         .usage = "normalize(text[, form])",
         .help = "In one of Unicode's normal forms: 'NFC' if not given, 'NFD', 'NFKC', 'NFKD'.",
         .overloads = {strict<normalize>(), checked(strict<normalize_to>(), check_form)},
         .examples = {{"length(normalize('é', 'NFD'))", "2"}, {"normalize('ﬁn', 'NFKC')", "fin"}}},
        {.name = "unaccent",
         .usage = "unaccent(text)",
         .help = "Letters without accents, umlauts and other marks; ß becomes ss.",
         .overloads = {strict<unaccent>()},
         .examples = {{"unaccent('Crème brûlée à Zürich, Straße')", "Creme brulee a Zurich, Strasse"}}},
    };
}

}  // namespace rowhaul
