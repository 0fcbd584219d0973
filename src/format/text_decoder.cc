// SPDX-License-Identifier: Apache-2.0
#include "format/text_decoder.h"

#include "base/utf8.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace rowhaul {

namespace {

constexpr std::size_t looked_at_bytes = 4096;
constexpr std::size_t piece_bytes = 64 * 1024;
constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";

bool is_utf16(TextEncoding encoding) {
    return encoding == TextEncoding::Utf16Le || encoding == TextEncoding::Utf16Be;
}

// Text in Latin letters has a zero in nearly every second byte, and few in the others.
std::optional<TextEncoding> utf16_by_zeros(std::string_view bytes) {
    std::array<std::size_t, 2> zeros{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        zeros[i % 2] += static_cast<std::size_t>(bytes[i] == '\0');
    }
    const std::size_t pairs = bytes.size() / 2;
    const auto many = [&](std::size_t count) { return count * 2 > pairs; };
    const auto few = [&](std::size_t count) { return count * 8 <= pairs; };
    if (pairs >= 2 && many(zeros[1]) && few(zeros[0])) {
        return TextEncoding::Utf16Le;
    }
    if (pairs >= 2 && many(zeros[0]) && few(zeros[1])) {
        return TextEncoding::Utf16Be;
    }
    return {};
}

std::size_t mark_size(std::string_view bytes, TextEncoding encoding) {
    if (encoding == TextEncoding::Utf8Bom && bytes.starts_with(utf8_mark)) {
        return utf8_mark.size();
    }
    const bool little = encoding == TextEncoding::Utf16Le && bytes.starts_with("\xFF\xFE");
    const bool big = encoding == TextEncoding::Utf16Be && bytes.starts_with("\xFE\xFF");
    return little || big ? 2 : 0;
}

struct Magic {
    std::string_view bytes;
    std::string_view kind;
};
constexpr std::array<Magic, 12> magics{{
    {"PK\3\4", "a zip archive or an Excel workbook (.xlsx)"},
    {"\xD0\xCF\x11\xE0", "an old Excel or Word file, or a workbook with a password"},
    {"%PDF-", "a PDF document"},
    {"\x7F"
     "ELF",
     "a program"},
    {"\x89PNG", "a picture"},
    {"\xFF\xD8\xFF", "a picture"},
    {"GIF8", "a picture"},
    {"SQLite format 3", "a SQLite database"},
    {"Rar!", "a RAR archive"},
    {"7z\xBC\xAF", "a 7-Zip archive"},
    {"\xFD"
     "7zXZ",
     "compressed with xz"},
    {"PAR1", "a Parquet file"},
}};

}  // namespace

void check_is_text(std::string_view first_bytes, TextEncoding shown) {
    const auto* const magic =
        std::ranges::find_if(magics, [&](const Magic& known) { return first_bytes.starts_with(known.bytes); });
    if (magic != magics.end()) {
        throw Error(ErrorKind::Invalid, "is " + std::string(magic->kind) + ", not text");
    }
    const auto zeros = static_cast<std::size_t>(std::ranges::count(first_bytes, '\0'));
    if (is_utf16(shown) || zeros == 0) {
        return;
    }
    // The end of what was looked at may cut a character.
    const auto whole = first_bytes.substr(0, first_bytes.size() - std::min<std::size_t>(first_bytes.size(), 3));
    const bool is_binary =
        is_single_byte(shown) ? zeros * 16 > first_bytes.size() : valid_utf8_prefix(first_bytes) < whole.size();
    if (is_binary) {
        throw Error(ErrorKind::Invalid, "is not text: it has zero bytes");
    }
}

TextEncoding shown_encoding(std::string_view first_bytes, TextEncoding declared) {
    if (is_single_byte(declared)) {
        return declared;
    }
    if (first_bytes.starts_with(utf8_mark)) {
        return TextEncoding::Utf8Bom;
    }
    if (first_bytes.starts_with("\xFF\xFE")) {
        return TextEncoding::Utf16Le;
    }
    if (first_bytes.starts_with("\xFE\xFF")) {
        return TextEncoding::Utf16Be;
    }
    if (is_utf16(declared)) {
        return declared;
    }
    return utf16_by_zeros(first_bytes).value_or(TextEncoding::Utf8);
}

std::uint64_t encoded_bytes(TextEncoding encoding, std::string_view decoded) {
    if (!is_single_byte(encoding) && !is_utf16(encoding)) {
        return decoded.size();
    }
    std::uint64_t units = 0;
    for (const char c : decoded) {
        const auto byte = static_cast<unsigned char>(c);
        const bool begins = (byte & 0xC0) != 0x80;
        // Four bytes of UTF-8 are two units of UTF-16; 0xFF is one of our marks.
        const bool is_pair = is_utf16(encoding) && byte >= 0xF0 && c != undecodable;
        units += static_cast<unsigned>(begins) + static_cast<unsigned>(is_pair);
    }
    return is_utf16(encoding) ? 2 * units : units;
}

void TextDecoder::begin(const Context& context) {
    has_begun_ = true;
    raw_.resize(looked_at_bytes);
    std::size_t size = 0;
    while (size < raw_.size() && !at_end_) {
        const auto count = in_.read(context, std::as_writable_bytes(std::span(raw_).subspan(size)));
        at_end_ = count == 0;
        size += count;
    }
    raw_.resize(size);
    encoding_ = shown_encoding(raw_, encoding_);
    check_is_text(raw_, encoding_);
    mark_bytes_ = mark_size(raw_, encoding_);
    raw_.erase(0, mark_bytes_);
}

// Decodes the next piece; false at the end.
bool TextDecoder::fill(const Context& context) {
    decoded_.clear();
    at_ = 0;
    while (decoded_.empty()) {
        if (!at_end_ && raw_.size() < piece_bytes / 2) {
            const std::size_t before = raw_.size();
            raw_.resize(piece_bytes);
            const auto count = in_.read(context, std::as_writable_bytes(std::span(raw_).subspan(before)));
            at_end_ = count == 0;
            raw_.resize(before + count);
        }
        if (raw_.empty()) {
            return false;
        }
        if (is_utf16(encoding_)) {
            decode_utf16();
        } else {
            decode_single_bytes();
        }
    }
    return true;
}

void TextDecoder::decode_single_bytes() {
    for (const char c : raw_) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            decoded_ += c;
        } else if (const auto character = character_of(encoding_, byte); character != 0) {
            append_utf8(character, decoded_);
        } else {
            decoded_ += undecodable;
        }
    }
    raw_.clear();
}

void TextDecoder::decode_utf16() {
    const auto unit = [&](std::size_t at) {
        const auto low = static_cast<unsigned char>(raw_[at + (encoding_ == TextEncoding::Utf16Le ? 0 : 1)]);
        const auto high = static_cast<unsigned char>(raw_[at + (encoding_ == TextEncoding::Utf16Le ? 1 : 0)]);
        return static_cast<char32_t>(high << 8 | low);
    };
    std::size_t at = 0;
    while (at + 2 <= raw_.size()) {
        const auto first = unit(at);
        if (first < 0x80) {
            decoded_ += static_cast<char>(first);
            at += 2;
            continue;
        }
        const bool is_first_half = first >= 0xD800 && first < 0xDC00;
        if (is_first_half && at + 4 > raw_.size() && !at_end_) {
            break;
        }
        if (is_first_half && at + 4 <= raw_.size()) {
            if (const auto second = unit(at + 2); second >= 0xDC00 && second < 0xE000) {
                append_utf8(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), decoded_);
                at += 4;
                continue;
            }
        }
        if (first >= 0xD800 && first < 0xE000) {
            decoded_ += undecodable;
        } else {
            append_utf8(first, decoded_);
        }
        at += 2;
    }
    raw_.erase(0, at);
    if (at_end_ && !raw_.empty()) {
        decoded_ += undecodable;  // half a unit
        raw_.clear();
    }
}

std::size_t TextDecoder::read(const Context& context, std::span<std::byte> into) {
    if (!has_begun_) {
        begin(context);
    }
    if (!is_single_byte(encoding_) && !is_utf16(encoding_)) {
        if (raw_.size() == at_) {
            return at_end_ ? 0 : in_.read(context, into);
        }
        const auto count = std::min(into.size(), raw_.size() - at_);
        std::memcpy(into.data(), raw_.data() + at_, count);
        at_ += count;
        return count;
    }
    if (at_ == decoded_.size() && !fill(context)) {
        return 0;
    }
    const auto count = std::min(into.size(), decoded_.size() - at_);
    std::memcpy(into.data(), decoded_.data() + at_, count);
    at_ += count;
    return count;
}

}  // namespace rowhaul
