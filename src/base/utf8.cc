// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace rowhaul {

namespace {

constexpr bool continues(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// Bytes of the valid UTF-8 sequence at the start of these bytes, which are not empty; zero when
// there is none. As the Unicode standard's table 3-7: the second byte keeps overlong forms,
// surrogates and what lies above U+10FFFF out.
std::size_t sequence_size(const char* at, const char* end) {
    const auto first = static_cast<unsigned char>(*at);
    if (first < 0x80) {
        return 1;
    }
    const auto left = static_cast<std::size_t>(end - at);
    if (first < 0xC2 || first > 0xF4 || left < 2 || !continues(at[1])) {
        return 0;
    }
    if (first < 0xE0) {
        return 2;
    }
    const auto second = static_cast<unsigned char>(at[1]);
    if (left < 3 || !continues(at[2])) {
        return 0;
    }
    if (first < 0xF0) {
        return (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ? 0 : 3;
    }
    if (left < 4 || !continues(at[3]) || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) {
        return 0;
    }
    return 4;
}

#if defined(__x86_64__)
// Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte" (2021): two bytes that
// stand beside each other are wrong when the high half of the first, its low half and the high half
// of the second all allow one of these mistakes.
namespace mistake {
constexpr std::uint8_t too_short = 1;        // a lead, then no continuation
constexpr std::uint8_t too_long = 2;         // ASCII, then a continuation
constexpr std::uint8_t overlong_3 = 4;       // E0, then below A0
constexpr std::uint8_t too_large = 8;        // F4, then above 8F; F5 and more, then any
constexpr std::uint8_t surrogate = 16;       // ED, then above 9F
constexpr std::uint8_t overlong_2 = 32;      // C0 or C1
constexpr std::uint8_t too_large_1000 = 64;  // F5 and more, then 80 to 8F
constexpr std::uint8_t overlong_4 = 64;      // F0, then below 90
constexpr std::uint8_t continuations = 128;  // two in a row: right behind a lead of three or four alone
constexpr std::uint8_t any_low = too_short | too_long | continuations;
constexpr std::uint8_t large = too_large | too_large_1000;
constexpr std::uint8_t second = too_long | overlong_2 | continuations;
}  // namespace mistake

using MistakeTable = std::array<std::uint8_t, 16>;
constexpr MistakeTable by_first_high{mistake::too_long,
                                     mistake::too_long,
                                     mistake::too_long,
                                     mistake::too_long,
                                     mistake::too_long,
                                     mistake::too_long,
                                     mistake::too_long,
                                     mistake::too_long,
                                     mistake::continuations,
                                     mistake::continuations,
                                     mistake::continuations,
                                     mistake::continuations,
                                     mistake::too_short | mistake::overlong_2,
                                     mistake::too_short,
                                     mistake::too_short | mistake::overlong_3 | mistake::surrogate,
                                     mistake::too_short | mistake::large | mistake::overlong_4};
constexpr MistakeTable by_first_low{mistake::any_low | mistake::overlong_3 | mistake::overlong_2 | mistake::overlong_4,
                                    mistake::any_low | mistake::overlong_2,
                                    mistake::any_low,
                                    mistake::any_low,
                                    mistake::any_low | mistake::too_large,
                                    mistake::any_low | mistake::large,
                                    mistake::any_low | mistake::large,
                                    mistake::any_low | mistake::large,
                                    mistake::any_low | mistake::large,
                                    mistake::any_low | mistake::large,
                                    mistake::any_low | mistake::large,
                                    mistake::any_low | mistake::large,
                                    mistake::any_low | mistake::large,
                                    mistake::any_low | mistake::large | mistake::surrogate,
                                    mistake::any_low | mistake::large,
                                    mistake::any_low | mistake::large};
constexpr MistakeTable by_second_high{
    mistake::too_short,
    mistake::too_short,
    mistake::too_short,
    mistake::too_short,
    mistake::too_short,
    mistake::too_short,
    mistake::too_short,
    mistake::too_short,
    mistake::second | mistake::overlong_3 | mistake::too_large_1000 | mistake::overlong_4,
    mistake::second | mistake::overlong_3 | mistake::too_large,
    mistake::second | mistake::surrogate | mistake::too_large,
    mistake::second | mistake::surrogate | mistake::too_large,
    mistake::too_short,
    mistake::too_short,
    mistake::too_short,
    mistake::too_short};

constexpr std::size_t register_bytes = 32;

#define ROWHAUL_AVX2 [[gnu::target("avx2"), gnu::always_inline]] inline

ROWHAUL_AVX2 __m256i looked_up(const MistakeTable& table, __m256i halves) {
    const __m128i lane = _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(table.data()));
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(lane), halves);
}
ROWHAUL_AVX2 __m256i high_halves(__m256i bytes) {
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
}
// `bytes` with what stands `count` bytes before each.
template <int count>
ROWHAUL_AVX2 __m256i before(__m256i previous, __m256i bytes) {
    return _mm256_alignr_epi8(bytes, _mm256_permute2x128_si256(previous, bytes, 0x21), 16 - count);
}
// Not zero where something is wrong.
ROWHAUL_AVX2 __m256i mistakes(__m256i previous, __m256i bytes) {
    const __m256i first = before<1>(previous, bytes);
    const __m256i pairs =
        _mm256_and_si256(_mm256_and_si256(looked_up(by_first_high, high_halves(first)),
                                          looked_up(by_first_low, _mm256_and_si256(first, _mm256_set1_epi8(0x0F)))),
                         looked_up(by_second_high, high_halves(bytes)));
    const __m256i third =
        _mm256_subs_epu8(before<2>(previous, bytes), _mm256_set1_epi8(static_cast<char>(0xE0 - 0x80)));
    const __m256i fourth =
        _mm256_subs_epu8(before<3>(previous, bytes), _mm256_set1_epi8(static_cast<char>(0xF0 - 0x80)));
    const __m256i must_continue =
        _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8(static_cast<char>(0x80)));
    return _mm256_xor_si256(must_continue, pairs);
}
#undef ROWHAUL_AVX2

// How many bytes of whole registers are valid; the last of them may begin a character that is not whole.
[[gnu::target("avx2")]] std::size_t valid_registers(std::string_view text) {
    __m256i previous = _mm256_setzero_si256();
    std::size_t at = 0;
    for (; at + register_bytes <= text.size(); at += register_bytes) {
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(text.data() + at));
        const __m256i wrong = mistakes(previous, bytes);
        if (_mm256_testz_si256(wrong, wrong) == 0) {
            break;
        }
        previous = bytes;
    }
    return at;
}
#endif

// A part from the start that is valid UTF-8, of whole characters; the less is left, the better.
std::size_t checked_at_once([[maybe_unused]] std::string_view text) {
#if defined(__x86_64__)
    static const bool has_avx2 = __builtin_cpu_supports("avx2");
    if (has_avx2 && text.size() >= register_bytes) {
        std::size_t at = valid_registers(text);
        const std::size_t lowest = at - std::min<std::size_t>(at, 3);
        // Back to before a last character of several bytes, which may not be whole.
        for (std::size_t lead = at; lead > lowest; --lead) {
            const auto byte = static_cast<unsigned char>(text[lead - 1]);
            if (byte < 0x80) {
                break;
            }
            if (byte >= 0xC0) {
                at = lead - 1;
                break;
            }
        }
        return at;
    }
#endif
    return 0;
}

// How many bytes from the start are valid UTF-8, found one character after the other.
std::size_t checked_in_turn(std::string_view text) {
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        if (end - at >= 8) {
            std::uint64_t eight = 0;
            std::memcpy(&eight, at, sizeof eight);
            if ((eight & high_bits) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        while (at != end && static_cast<unsigned char>(*at) < 0x80) {
            ++at;
        }
        // Runs of what most languages in Latin, Greek and Cyrillic letters need are checked right here.
        while (end - at >= 2 && static_cast<unsigned char>(*at) >= 0xC2 && static_cast<unsigned char>(*at) < 0xE0 &&
               continues(at[1])) {
            at += 2;
        }
        if (at == end) {
            break;
        }
        const std::size_t size = sequence_size(at, end);
        if (size == 0) {
            break;
        }
        at += size;
    }
    return static_cast<std::size_t>(at - text.data());
}

}  // namespace

std::optional<char32_t> take_character(std::string_view& text) {
    const std::size_t size = sequence_size(text.data(), text.data() + text.size());
    const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
    constexpr std::array<unsigned char, 5> bits_of_first{0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t character = byte(0) & static_cast<char32_t>(bits_of_first[size]);
    for (std::size_t index = 1; index < size; ++index) {
        character = (character << 6) | (byte(index) & 0x3FU);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
    return size > 0 ? std::optional(character) : std::nullopt;
}

bool is_utf8(std::string_view text) {
    return valid_utf8_prefix(text) == text.size();
}

std::size_t valid_utf8_prefix(std::string_view text) {
    const std::size_t checked = checked_at_once(text);
    return checked + checked_in_turn(text.substr(checked));
}

}  // namespace rowhaul
