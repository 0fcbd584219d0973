// SPDX-License-Identifier: Apache-2.0
// Finds the bytes of a text at which a CSV reader has to decide something, 64 at a time: quotes,
// delimiters, line ends, escapes. What they mean is up to the reader; this knows no dialect and no
// state, so that it is the same for every processor and every place at which a text is cut.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace rowhaul {

enum class CsvInstructions : std::uint8_t { Portable, Sse2, Avx2 };
// The fastest that this processor has.
CsvInstructions best_csv_instructions();

class CsvIndex {
public:
    static constexpr std::size_t max_specials = 5;
    // Bytes behind the text that build() may read; what they are does not matter.
    static constexpr std::size_t slack = 64;

    // At least one and at most max_specials special bytes.
    explicit CsvIndex(std::string_view specials, CsvInstructions = best_csv_instructions());

    // Indexes a text of less than 4 GiB with `slack` readable bytes behind it.
    void build(std::string_view text);
    // Where the special bytes are, rising, and at last the size of the text.
    const std::uint32_t* begin() const { return positions_.get(); }
    const std::uint32_t* end() const { return positions_.get() + count_; }
    // The first byte at or after `from` that does not belong to valid UTF-8; the text's size when
    // there is none. `from` is where a character begins. Looks only where there are bytes above 0x7F.
    std::size_t first_invalid(std::string_view text, std::size_t from) const;
    // Gives memory back that one huge text needed.
    void shrink(std::size_t text_bytes);

private:
    void reserve(std::size_t text_bytes);

    std::array<char, max_specials> specials_;
    const CsvInstructions instructions_;
    std::unique_ptr<std::uint32_t[]> positions_;
    std::vector<std::uint64_t> high_;  // a bit for every 64 bytes: some are above 0x7F
    std::size_t capacity_ = 0;         // in bytes of text
    std::size_t count_ = 0;
};

}  // namespace rowhaul
