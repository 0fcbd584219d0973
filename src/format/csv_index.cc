// SPDX-License-Identifier: Apache-2.0
#include "format/csv_index.h"

#include "base/utf8.h"

#include <algorithm>
#include <bit>
#include <cassert>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace rowhaul {

namespace {

constexpr std::size_t step = 64;
// Positions are put down in groups, so that the usual few cost no branch each.
constexpr std::size_t group = 8;

using Specials = std::array<char, CsvIndex::max_specials>;

struct Masks {
    std::uint64_t special = 0;
    std::uint64_t high = 0;
};

// Puts down where the bits are; returns the place behind the last one. Writes up to a group beyond.
[[gnu::always_inline]] inline std::uint32_t* put_positions(std::uint64_t bits, std::uint32_t base, std::uint32_t* to) {
    const int count = std::popcount(bits);
    std::uint32_t* const end = to + count;
    do {
        for (std::size_t i = 0; i < group; ++i) {
            to[i] = base + static_cast<std::uint32_t>(std::countr_zero(bits));
            bits &= bits - 1;
        }
        to += group;
    } while (to < end);
    return end;
}

// One step: `masks` are of the 64 bytes from step `number` on, of which the text may end before.
[[gnu::always_inline]] inline std::uint32_t* put_step(Masks masks, std::size_t text_bytes, std::size_t number,
                                                      std::uint32_t* to, std::uint64_t* high) {
    const std::size_t at = number * step;
    if (const auto left = text_bytes - at; left < step) {
        const auto used = (std::uint64_t{1} << left) - 1;
        masks.special &= used;
        masks.high &= used;
    }
    high[number / 64] |= static_cast<std::uint64_t>(masks.high != 0) << (number % 64);
    return put_positions(masks.special, static_cast<std::uint32_t>(at), to);
}

std::size_t steps_of(std::string_view text) {
    return (text.size() + step - 1) / step;
}

template <class MasksOf>
[[gnu::always_inline]] inline std::uint32_t* index_text(std::string_view text, MasksOf masks_of, std::uint32_t* to,
                                                        std::uint64_t* high) {
    for (std::size_t number = 0; number < steps_of(text); ++number) {
        to = put_step(masks_of(text.data() + number * step), text.size(), number, to, high);
    }
    return to;
}

std::uint32_t* index_portably(std::string_view text, const Specials& specials, std::uint32_t* to, std::uint64_t* high) {
    std::array<bool, 256> is_special{};
    for (const char special : specials) {
        is_special[static_cast<unsigned char>(special)] = true;
    }
    const auto masks_of = [&](const char* at) {
        Masks masks;
        for (std::size_t i = 0; i < step; ++i) {
            const auto byte = static_cast<unsigned char>(at[i]);
            masks.special |= static_cast<std::uint64_t>(is_special[byte]) << i;
            masks.high |= static_cast<std::uint64_t>(byte >> 7) << i;
        }
        return masks;
    };
    return index_text(text, masks_of, to, high);
}

#if defined(__x86_64__)
std::uint32_t* index_sse2(std::string_view text, const Specials& specials, std::uint32_t* to, std::uint64_t* high) {
    const __m128i first = _mm_set1_epi8(specials[0]);
    const __m128i second = _mm_set1_epi8(specials[1]);
    const __m128i third = _mm_set1_epi8(specials[2]);
    const __m128i fourth = _mm_set1_epi8(specials[3]);
    const __m128i fifth = _mm_set1_epi8(specials[4]);
    const auto masks_of = [&](const char* at) {
        Masks masks;
        for (unsigned part = 0; part < 4; ++part) {
            const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(at + std::size_t{16} * part));
            const __m128i hits =
                _mm_or_si128(_mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, first), _mm_cmpeq_epi8(bytes, second)),
                                          _mm_or_si128(_mm_cmpeq_epi8(bytes, third), _mm_cmpeq_epi8(bytes, fourth))),
                             _mm_cmpeq_epi8(bytes, fifth));
            masks.special |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(hits))) << (16 * part);
            masks.high |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(bytes))) << (16 * part);
        }
        return masks;
    };
    return index_text(text, masks_of, to, high);
}

// Not through index_text: what is compiled for these instructions can be inlined into its like only.
struct Avx2Specials {
    const Specials& specials;
    [[gnu::target("avx2,bmi,popcnt"), gnu::always_inline]] Masks operator()(const char* at) const {
        const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(at));
        const __m256i up = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(at + 32));
        return {joined(hits(low), hits(up)), joined(low, up)};
    }
    [[gnu::target("avx2,bmi,popcnt"), gnu::always_inline]] __m256i hits(__m256i bytes) const {
        __m256i found = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(specials[0]));
        for (std::size_t i = 1; i < specials.size(); ++i) {
            found = _mm256_or_si256(found, _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(specials[i])));
        }
        return found;
    }
    [[gnu::target("avx2,bmi,popcnt"), gnu::always_inline]] static std::uint64_t joined(__m256i low, __m256i up) {
        const auto low_bits = static_cast<unsigned>(_mm256_movemask_epi8(low));
        const auto up_bits = static_cast<unsigned>(_mm256_movemask_epi8(up));
        return low_bits | static_cast<std::uint64_t>(up_bits) << 32;
    }
};

[[gnu::target("avx2,bmi,popcnt")]] std::uint32_t* index_avx2(std::string_view text, const Specials& specials,
                                                             std::uint32_t* to, std::uint64_t* high) {
    const Avx2Specials masks_of{specials};
    for (std::size_t number = 0; number < steps_of(text); ++number) {
        to = put_step(masks_of(text.data() + number * step), text.size(), number, to, high);
    }
    return to;
}
#endif

}  // namespace

CsvInstructions best_csv_instructions() {
#if defined(__x86_64__)
    static const bool has_avx2 =
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
    return has_avx2 ? CsvInstructions::Avx2 : CsvInstructions::Sse2;
#else
    return CsvInstructions::Portable;
#endif
}

CsvIndex::CsvIndex(std::string_view specials, CsvInstructions instructions) : instructions_(instructions) {
    assert(!specials.empty() && specials.size() <= max_specials);
    for (std::size_t i = 0; i < max_specials; ++i) {
        specials_[i] = specials[i < specials.size() ? i : 0];
    }
}

void CsvIndex::reserve(std::size_t text_bytes) {
    if (text_bytes > capacity_ || !positions_) {
        positions_ = std::make_unique_for_overwrite<std::uint32_t[]>(text_bytes + group + 1);
        capacity_ = text_bytes;
    }
    high_.assign(text_bytes / (step * 64) + 1, 0);
}

void CsvIndex::shrink(std::size_t text_bytes) {
    if (capacity_ > text_bytes) {
        positions_.reset();
        high_ = {};
        capacity_ = 0;
        count_ = 0;
    }
}

void CsvIndex::build(std::string_view text) {
    reserve(text.size());
    std::uint32_t* const from = positions_.get();
    std::uint32_t* to = nullptr;
    switch (instructions_) {
#if defined(__x86_64__)
        case CsvInstructions::Avx2:
            to = index_avx2(text, specials_, from, high_.data());
            break;
        case CsvInstructions::Sse2:
            to = index_sse2(text, specials_, from, high_.data());
            break;
#endif
        default:
            to = index_portably(text, specials_, from, high_.data());
    }
    *to = static_cast<std::uint32_t>(text.size());
    count_ = static_cast<std::size_t>(to - from) + 1;
}

std::size_t CsvIndex::first_invalid(std::string_view text, std::size_t from) const {
    constexpr std::size_t longest_stretch = 16;
    constexpr std::size_t longest_character = 4;
    const std::size_t steps = steps_of(text);
    const auto is_high = [&](std::size_t number) { return (high_[number / 64] >> (number % 64) & 1) != 0; };
    std::size_t at = from;
    while (at < text.size()) {
        std::size_t number = at / step;
        if (!is_high(number)) {
            const auto rest = high_[number / 64] >> (number % 64);
            number = rest == 0 ? (number / 64 + 1) * 64 : number + static_cast<unsigned>(std::countr_zero(rest));
            at = number * step;
            continue;
        }
        std::size_t behind = number + 1;
        while (behind < steps && behind < number + longest_stretch && is_high(behind)) {
            ++behind;
        }
        const auto stretch = text.substr(at, behind * step - at);
        const auto valid = valid_utf8_prefix(stretch);
        at += valid;
        if (valid == stretch.size()) {
            continue;
        }
        // The last character of a stretch may go on behind it.
        const auto character =
            stretch.size() - valid < longest_character ? valid_utf8_prefix(text.substr(at, longest_character)) : 0;
        if (character == 0) {
            return at;
        }
        at += character;
    }
    return text.size();
}

}  // namespace rowhaul
