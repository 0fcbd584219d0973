// SPDX-License-Identifier: Apache-2.0
#include "io/file_digest.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace rowhaul {

namespace {

#if defined(__x86_64__)

constexpr std::size_t block = 64;

// RFC 1321, 3.4: the constants of its steps and how far they rotate.
constexpr std::array<std::uint32_t, 64> md5_constants{
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr std::array<int, 16> md5_rotations{7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21};

constexpr std::size_t md5_word(std::size_t step) {
    constexpr std::array<std::size_t, 4> factors{1, 5, 3, 7};
    constexpr std::array<std::size_t, 4> offsets{0, 1, 5, 0};
    return (factors[step / 16] * step + offsets[step / 16]) % 16;
}

// FIPS 180-4, 4.2.2.
alignas(16) constexpr std::array<std::uint32_t, 64> sha256_constants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

struct Md5 {
    std::uint32_t a, b, c, d;

    template <std::size_t step>
    [[gnu::always_inline]] static void take(std::uint32_t& a, std::uint32_t b, std::uint32_t c, std::uint32_t d,
                                            const std::byte* bytes) {
        std::uint32_t word = 0;
        std::memcpy(&word, bytes + 4 * md5_word(step), sizeof(word));
        a += word + md5_constants[step];
        if constexpr (step < 16) {
            a += d ^ (b & (c ^ d));
        } else if constexpr (step < 32) {
            // The two halves share no bit, so that they can be added one by one: b comes last.
            a += c & ~d;
            a += b & d;
        } else if constexpr (step < 48) {
            a += b ^ (c ^ d);
        } else {
            a += c ^ (b | ~d);
        }
        a = std::rotl(a, md5_rotations[4 * (step / 16) + step % 4]) + b;
    }
    template <std::size_t step>
    [[gnu::always_inline]] void take_four(const std::byte* bytes) {
        take<step>(a, b, c, d, bytes);
        take<step + 1>(d, a, b, c, bytes);
        take<step + 2>(c, d, a, b, bytes);
        take<step + 3>(b, c, d, a, bytes);
    }
};

// In the order in which the processor wants the eight words, and the message's words to come.
struct Sha256 {
    __m128i abef, cdgh;
    __m128i words[4];  // an array of its own would lose their alignment

    template <std::size_t step>
    [[gnu::target("sha,ssse3,sse4.1"), gnu::always_inline]] void take_four() {
        constexpr auto four = step / 4;
        auto& now = words[four % 4];
        const auto& last = words[(four + 3) % 4];
        const auto keyed =
            _mm_add_epi32(now, _mm_load_si128(reinterpret_cast<const __m128i*>(&sha256_constants[step])));
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, keyed);
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(keyed, 0x0e));
        if constexpr (step < 48) {
            const auto begun = _mm_add_epi32(_mm_sha256msg1_epu32(now, words[(four + 1) % 4]),
                                             _mm_alignr_epi8(last, words[(four + 2) % 4], 4));
            now = _mm_sha256msg2_epu32(begun, last);
        }
    }
};

template <std::size_t... four>
[[gnu::target("sha,ssse3,sse4.1"), gnu::always_inline]] inline void take_block(Md5& md5, Sha256& sha256,
                                                                               const std::byte* bytes,
                                                                               std::index_sequence<four...>) {
    const auto big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const auto before = md5;
    const auto abef = sha256.abef;
    const auto cdgh = sha256.cdgh;
    for (std::size_t i = 0; i < std::size(sha256.words); ++i) {
        const auto* const at = reinterpret_cast<const __m128i*>(bytes + 16 * i);
        sha256.words[i] = _mm_shuffle_epi8(_mm_loadu_si128(at), big_endian);
    }
    // In turn, so that the processor has both to choose from.
    ((sha256.take_four<4 * four>(), md5.take_four<4 * four>(bytes)), ...);
    sha256.abef = _mm_add_epi32(sha256.abef, abef);
    sha256.cdgh = _mm_add_epi32(sha256.cdgh, cdgh);
    md5 = {md5.a + before.a, md5.b + before.b, md5.c + before.c, md5.d + before.d};
}

[[gnu::target("sha,ssse3,sse4.1")]] void take_blocks(FileDigest::State& state, std::span<const std::byte> bytes) {
    const auto words = [&](std::size_t i, std::size_t j, std::size_t k, std::size_t l) {
        const auto& from = state.sha256;
        return std::array{from[i], from[j], from[k], from[l]};
    };
    Md5 md5 = std::bit_cast<Md5>(state.md5);
    Sha256 sha256{.abef = std::bit_cast<__m128i>(words(5, 4, 1, 0)),
                  .cdgh = std::bit_cast<__m128i>(words(7, 6, 3, 2)),
                  .words = {}};
    for (std::size_t at = 0; at < bytes.size(); at += block) {
        take_block(md5, sha256, bytes.data() + at, std::make_index_sequence<16>());
    }
    state.md5 = std::bit_cast<std::array<std::uint32_t, 4>>(md5);
    const auto [f, e, b, a] = std::bit_cast<std::array<std::uint32_t, 4>>(sha256.abef);
    const auto [h, g, d, c] = std::bit_cast<std::array<std::uint32_t, 4>>(sha256.cdgh);
    state.sha256 = {a, b, c, d, e, f, g, h};
}

#else

void take_blocks(FileDigest::State&, std::span<const std::byte>) {}

#endif

template <std::size_t size>
std::string hex_of(const std::array<std::uint32_t, size>& words, std::endian order) {
    auto written = words;
    if (order == std::endian::big) {
        std::ranges::transform(written, written.begin(), [](std::uint32_t word) { return __builtin_bswap32(word); });
    }
    return hex(std::as_bytes(std::span(written)));
}

}  // namespace

DigestInstructions best_digest_instructions() {
#if defined(__x86_64__)
    static const bool has_sha =
        __builtin_cpu_supports("sha") && __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1");
    return has_sha ? DigestInstructions::Sha : DigestInstructions::Portable;
#else
    return DigestInstructions::Portable;
#endif
}

FileDigest::FileDigest(DigestInstructions instructions) {
    if (instructions == DigestInstructions::Portable) {
        md5_.emplace(HashAlgorithm::Md5);
        sha256_.emplace(HashAlgorithm::Sha256);
    }
}

void FileDigest::update(std::span<const std::byte> bytes) {
    if (md5_) {
        md5_->update(bytes);
        sha256_->update(bytes);
        return;
    }
    const auto begun = static_cast<std::size_t>(bytes_ % block_bytes);
    bytes_ += bytes.size();
    if (begun > 0) {
        const auto missing = std::min(block_bytes - begun, bytes.size());
        std::ranges::copy(bytes.first(missing), begun_.begin() + static_cast<std::ptrdiff_t>(begun));
        bytes = bytes.subspan(missing);
        if (begun + missing < block_bytes) {
            return;
        }
        take_blocks(state_, begun_);
    }
    const auto whole = bytes.size() - bytes.size() % block_bytes;
    take_blocks(state_, bytes.first(whole));
    std::ranges::copy(bytes.subspan(whole), begun_.begin());
}

FileDigests FileDigest::finish() {
    if (md5_) {
        return {md5_->finish(), sha256_->finish()};
    }
    // Both end with a one bit, zeros, and the number of bits, of which only the byte order differs.
    std::array<std::byte, 2 * block_bytes> tail{};
    const auto begun = static_cast<std::size_t>(bytes_ % block_bytes);
    std::ranges::copy(std::span(begun_).first(begun), tail.begin());
    tail[begun] = std::byte{0x80};
    const auto size = begun + 1 + sizeof(bytes_) <= block_bytes ? block_bytes : tail.size();
    const auto finished = [&](std::uint64_t bits) {
        std::memcpy(tail.data() + size - sizeof(bits), &bits, sizeof(bits));
        auto state = state_;
        take_blocks(state, std::span(tail).first(size));
        return state;
    };
    return {hex_of(finished(bytes_ * 8).md5, std::endian::little),
            hex_of(finished(__builtin_bswap64(bytes_ * 8)).sha256, std::endian::big)};
}

}  // namespace rowhaul
