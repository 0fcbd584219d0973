// SPDX-License-Identifier: Apache-2.0
// Turns the bytes of a text file into UTF-8, whatever encoding they are in.
#pragma once
#include "format/text_encoding.h"
#include "io/stream.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// In decoded text this byte, which never occurs in UTF-8, stands for a byte or, in UTF-16, a unit of
// two bytes that is no character. UTF-8 itself passes as it is, and may be invalid anywhere.
inline constexpr char undecodable = '\xFF';

// The encoding that the first bytes of a file show: by a byte order mark, by zeros in every second
// byte (UTF-16 without one), else UTF-8. A file that is declared to be in a single-byte encoding is
// not asked.
TextEncoding shown_encoding(std::string_view first_bytes, TextEncoding declared);

// Throws Invalid, saying what it seems to be, for a file that begins like one of the kinds that are
// no text: archives, workbooks, documents, images, programs.
void check_is_text(std::string_view first_bytes, TextEncoding shown);

// How many bytes of the file became this decoded text.
std::uint64_t encoded_bytes(TextEncoding, std::string_view decoded);

class TextDecoder final : public InputStream {
public:
    // `in` must outlive this.
    TextDecoder(InputStream& in, TextEncoding declared) : in_(in), encoding_(declared) {}

    std::size_t read(const Context&, std::span<std::byte> into) override;

    // Known after the first read(): what the file is in, and how many bytes its mark takes.
    TextEncoding encoding() const { return encoding_; }
    std::size_t mark_bytes() const { return mark_bytes_; }

private:
    void begin(const Context&);
    bool fill(const Context&);
    void decode_single_bytes();
    void decode_utf16();

    InputStream& in_;
    TextEncoding encoding_;
    std::size_t mark_bytes_ = 0;
    bool has_begun_ = false;
    bool at_end_ = false;
    std::string raw_;      // read, not yet decoded
    std::string decoded_;  // not yet handed out from at_ on
    std::size_t at_ = 0;
};

}  // namespace rowhaul
