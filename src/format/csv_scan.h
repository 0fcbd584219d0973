// SPDX-License-Identifier: Apache-2.0
// Copies a cell and says on the way whether it holds anything that CSV cannot take as it is. Most
// cells are a few bytes long, so those are moved in one or two registers instead of byte by byte.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Sanitizers watch every byte that is read, also those that are thrown away.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ROWHAUL_READS_EXACTLY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define ROWHAUL_READS_EXACTLY 1
#endif
#endif

namespace rowhaul {

struct CsvFound {
    static constexpr unsigned nothing = 0;
    static constexpr unsigned special = 1;    // at least one of the special bytes
    static constexpr unsigned non_ascii = 2;  // at least one byte above 0x7F
};

class PortableCsvScan {
public:
    // What copy() may write behind the text.
    static constexpr std::size_t slack = 0;

    explicit PortableCsvScan(std::string_view specials) {
        for (std::size_t byte = 0; byte < kinds_.size(); ++byte) {
            kinds_[byte] = byte > 0x7F ? CsvFound::non_ascii : CsvFound::nothing;
        }
        for (const char special : specials) {
            kinds_[static_cast<unsigned char>(special)] |= CsvFound::special;
        }
    }

    // Returns a combination of CsvFound. `to` has room for the text and the slack, and is elsewhere.
    unsigned copy(std::string_view text, char* to) const {
        unsigned found = CsvFound::nothing;
        for (const char byte : text) {
            found |= kinds_[static_cast<unsigned char>(byte)];
            *to++ = byte;
        }
        return found;
    }

private:
    std::array<std::uint8_t, 256> kinds_{};
};

#if defined(__SSE2__)
class SimdCsvScan {
public:
    static constexpr std::size_t slack = 16;
    static constexpr std::size_t max_specials = 5;

    // At least one and at most max_specials bytes.
    explicit SimdCsvScan(std::string_view specials) {
        for (std::size_t index = 0; index < max_specials; ++index) {
            specials_[index] = _mm_set1_epi8(specials[index < specials.size() ? index : 0]);
        }
    }

    [[gnu::always_inline]] unsigned copy(std::string_view text, char* to) const {
        const char* const from = text.data();
        const std::size_t size = text.size();
        if (size > 16) {
            return copy_long(from, size, to);
        }
        if (can_read_register(from)) [[likely]] {
            return copy_register(from, size, to);
        }
        return copy_short(from, size, to);
    }

private:
    // Reading behind a cell is harmless within its page of memory: whole pages are readable or not.
    // One way for all short cells is worth it, since the processor cannot guess their lengths.
    static bool can_read_register([[maybe_unused]] const char* from) {
#if defined(ROWHAUL_READS_EXACTLY)
        return false;
#else
        constexpr std::uintptr_t page = 4096;
        return (reinterpret_cast<std::uintptr_t>(from) & (page - 1)) <= page - 16;
#endif
    }

    unsigned copy_register(const char* from, std::size_t size, char* to) const {
        const __m128i bytes = load(from);
        store(to, bytes);
        const unsigned used = (1U << size) - 1;
        const auto hit = static_cast<unsigned>(_mm_movemask_epi8(hits(bytes))) & used;
        const auto high = static_cast<unsigned>(_mm_movemask_epi8(bytes)) & used;
        return (hit != 0 ? CsvFound::special : 0U) | (high != 0 ? CsvFound::non_ascii : 0U);
    }

    unsigned copy_short(const char* from, std::size_t size, char* to) const {
        // Two overlapping halves cover every size of their class without reading past the end.
        if (size >= 8) {
            return copy_halves<std::uint64_t>(from, size, to);
        }
        if (size >= 4) {
            return copy_halves<std::uint32_t>(from, size, to);
        }
        if (size >= 2) {
            return copy_halves<std::uint16_t>(from, size, to);
        }
        return size == 0 ? CsvFound::nothing : copy_halves<std::uint8_t>(from, size, to);
    }

    template <class Half>
    unsigned copy_halves(const char* from, std::size_t size, char* to) const {
        Half first{};
        Half last{};
        std::memcpy(&first, from, sizeof(Half));
        std::memcpy(&last, from + size - sizeof(Half), sizeof(Half));
        std::memcpy(to, &first, sizeof(Half));
        std::memcpy(to + size - sizeof(Half), &last, sizeof(Half));
        std::uint64_t low = first;
        std::uint64_t high = last;
        // The unused bytes of the register must repeat used ones: zero could be a special byte.
        for (std::size_t width = sizeof(Half); width < sizeof(low); width *= 2) {
            low |= low << (8 * width);
            high |= high << (8 * width);
        }
        const __m128i bytes = _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
        return result(hits(bytes), bytes);
    }

    unsigned copy_long(const char* from, std::size_t size, char* to) const {
        const std::size_t last = size - 16;
        __m128i seen = load(from + last);
        __m128i hit = hits(seen);
        store(to + last, seen);
        for (std::size_t at = 0; at < last; at += 16) {
            const __m128i bytes = load(from + at);
            store(to + at, bytes);
            hit = _mm_or_si128(hit, hits(bytes));
            seen = _mm_or_si128(seen, bytes);
        }
        return result(hit, seen);
    }

    static __m128i load(const char* from) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i_u*>(from));
    }
    static void store(char* to, __m128i bytes) {
        _mm_storeu_si128(reinterpret_cast<__m128i_u*>(to), bytes);
    }

    // Written out, because the compiler leaves a loop here as a loop.
    __m128i hits(__m128i bytes) const {
        const __m128i first = _mm_or_si128(_mm_cmpeq_epi8(bytes, specials_[0]), _mm_cmpeq_epi8(bytes, specials_[1]));
        const __m128i second = _mm_or_si128(_mm_cmpeq_epi8(bytes, specials_[2]), _mm_cmpeq_epi8(bytes, specials_[3]));
        return _mm_or_si128(_mm_or_si128(first, second), _mm_cmpeq_epi8(bytes, specials_[4]));
    }
    static unsigned result(__m128i hit, __m128i seen) {
        return (_mm_movemask_epi8(hit) != 0 ? CsvFound::special : 0U) |
               (_mm_movemask_epi8(seen) != 0 ? CsvFound::non_ascii : 0U);
    }

    // A plain array: std::array drops the type's alignment attribute with a warning.
    __m128i specials_[max_specials];
};
using CsvScan = SimdCsvScan;
#else
using CsvScan = PortableCsvScan;
#endif

}  // namespace rowhaul

#undef ROWHAUL_READS_EXACTLY
