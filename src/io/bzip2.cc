// SPDX-License-Identifier: Apache-2.0
// bzip2 as one stream. The library only makes whole streams, so every block is compressed into a
// stream of its own, and the streams are joined bit by bit: blocks of bzip2 depend on nothing
// before them, and the checksum of a stream is made of those of its blocks alone.
//
// A stream: "BZh" level, then blocks (48 bits of magic, 32 of checksum, the rest), then 48 bits of
// magic and 32 of the combined checksum, filled up to a byte. Combined: for each block, rotated
// left by one and xor the block's.
#include "io/codecs.h"

#include <algorithm>
#include <array>
#include <bit>
#include <bzlib.h>
#include <cstdlib>
#include <string>

namespace rowhaul {

namespace {

constexpr std::uint64_t block_magic = 0x314159265359;
constexpr std::uint64_t end_magic = 0x177245385090;
constexpr std::size_t header_bits = 32;
constexpr std::size_t magic_bits = 48;
constexpr std::size_t checksum_bits = 32;

// Where the library closes a block, counted after its run-length coding.
constexpr std::size_t library_block_bytes(int level) {
    return static_cast<std::size_t>(level) * 100'000 - 19;
}

// How long `bytes` are after the library's run-length coding: runs of 4 to 255 take 5 bytes.
std::size_t run_length_coded_size(std::span<const std::byte> bytes) {
    std::size_t size = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        std::size_t run = 1;
        while (at + run < bytes.size() && run < 255 && bytes[at + run] == bytes[at]) {
            ++run;
        }
        size += run < 4 ? run : 5;
        at += run;
    }
    return size;
}

std::uint64_t bits_at(std::span<const std::byte> bytes, std::size_t first, std::size_t count) {
    std::uint64_t bits = 0;
    for (std::size_t index = first; index < first + count; ++index) {
        const auto byte = std::to_integer<unsigned>(bytes[index / 8]);
        bits = bits << 1 | ((byte >> (7 - index % 8)) & 1U);
    }
    return bits;
}

// The blocks inside a stream that has exactly one: where they end, and their checksum.
struct OneBlock {
    std::size_t end_bit = 0;
    std::uint32_t checksum = 0;
};
OneBlock block_of(std::span<const std::byte> stream) {
    constexpr std::size_t trailer_bits = magic_bits + checksum_bits;
    const std::size_t bits = 8 * stream.size();
    const auto checksum = bits_at(stream, header_bits + magic_bits, checksum_bits);
    for (std::size_t padding = 0; padding < 8; ++padding) {
        const std::size_t end = bits - padding - trailer_bits;
        if (bits_at(stream, end, magic_bits) == end_magic && bits_at(stream, header_bits, magic_bits) == block_magic &&
            bits_at(stream, end + magic_bits, checksum_bits) == checksum) {
            return {end, static_cast<std::uint32_t>(checksum)};
        }
    }
    throw Error(ErrorKind::Internal, "bzip2: a block came out in an unknown shape");
}

// The library asks for the same pieces of memory for every block, 7.6 MB in all: they are kept.
class KeptMemory {
public:
    KeptMemory() = default;
    ~KeptMemory() {
        for (const auto& [memory, bytes, is_used] : pieces_) {
            std::free(memory);
        }
    }
    KeptMemory(const KeptMemory&) = delete;
    KeptMemory& operator=(const KeptMemory&) = delete;

    static void* allocate(void* self, int items, int size) noexcept {
        const std::size_t bytes = static_cast<std::size_t>(items) * static_cast<std::size_t>(size);
        auto& pieces = static_cast<KeptMemory*>(self)->pieces_;
        for (auto& piece : pieces) {
            if (piece.bytes == bytes && !piece.is_used) {
                piece.is_used = true;
                return piece.memory;
            }
        }
        for (auto& piece : pieces) {
            if (piece.memory == nullptr) {
                piece = {std::malloc(bytes), bytes, true};
                return piece.memory;
            }
        }
        return nullptr;
    }
    static void release(void* self, void* memory) noexcept {
        for (auto& piece : static_cast<KeptMemory*>(self)->pieces_) {
            if (piece.memory == memory) {
                piece.is_used = false;
            }
        }
    }

private:
    struct Piece {
        void* memory = nullptr;
        std::size_t bytes = 0;
        bool is_used = false;
    };
    std::array<Piece, 8> pieces_{};  // the library makes four
};

class Bzip2Worker : public BlockCodec::Worker {
public:
    explicit Bzip2Worker(int level) : level_(level) {}

    void compress(Block& block) override {
        const auto fresh = block.fresh();
        block.output.reserve(fresh.size() + fresh.size() / 50 + 1200);
        if (fresh.empty()) {
            return;
        }
        // Twice as long as anything that run-length coding can make of half of it.
        const bool fits = run_length_coded_size(fresh) <= library_block_bytes(level_);
        const std::size_t piece = fits ? fresh.size() : (fresh.size() + 1) / 2;
        append_stream(fresh.first(piece), block);
        if (!fits) {
            append_stream(fresh.subspan(piece), block);
        }
    }

private:
    void append_stream(std::span<const std::byte> bytes, Block& block) {
        bz_stream stream{};
        stream.bzalloc = &KeptMemory::allocate;
        stream.bzfree = &KeptMemory::release;
        stream.opaque = &memory_;
        constexpr int quiet = 0;
        constexpr int standard_work_factor = 0;
        if (::BZ2_bzCompressInit(&stream, level_, quiet, standard_work_factor) != BZ_OK) {
            throw Error(ErrorKind::Exhausted, "bzip2: no memory for a compressor");
        }
        const std::size_t before = block.output.size();
        block.output.resize(before + bytes.size() + bytes.size() / 100 + 600);
        stream.next_in = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));
        stream.avail_in = static_cast<unsigned>(bytes.size());
        stream.next_out = reinterpret_cast<char*>(block.output.data() + before);
        stream.avail_out = static_cast<unsigned>(block.output.size() - before);
        const int result = ::BZ2_bzCompress(&stream, BZ_FINISH);
        ::BZ2_bzCompressEnd(&stream);
        if (result != BZ_STREAM_END) {
            throw Error(ErrorKind::Internal, "bzip2: a block could not be compressed");
        }
        block.output.resize(block.output.size() - stream.avail_out);
        block.pieces.push_back(block.output.size());
    }

    const int level_;
    KeptMemory memory_;
};

class Bzip2Codec : public BlockCodec {
public:
    explicit Bzip2Codec(int level) : level_(level) {}
    // One in a hundred less than fits: runs of four grow by one byte when they are coded.
    std::size_t block_bytes() const override { return library_block_bytes(level_) / 100 * 99; }
    std::size_t history_bytes() const override { return 0; }
    // The manual of bzip2: 400 kB and 8 times the block size.
    std::size_t worker_memory() const override { return 400'000 + static_cast<std::size_t>(level_) * 800'000; }
    std::unique_ptr<Worker> worker() const override { return std::make_unique<Bzip2Worker>(level_); }

    void begin(std::vector<std::byte>& out) override {
        for (const char letter : {'B', 'Z', 'h', static_cast<char>('0' + level_)}) {
            out.push_back(static_cast<std::byte>(letter));
        }
    }
    void append(const Block& block, std::vector<std::byte>& out) override {
        std::size_t start = 0;
        for (const std::size_t end : block.pieces) {
            const auto stream = std::span(block.output).subspan(start, end - start);
            const auto [end_bit, checksum] = block_of(stream);
            checksum_ = std::rotl(checksum_, 1) ^ checksum;
            append_bits(stream, end_bit, out);
            start = end;
        }
    }
    void end(std::vector<std::byte>& out) override {
        put(end_magic >> 24, 24, out);
        put(end_magic & 0xFFFFFF, 24, out);
        put(checksum_ >> 16, 16, out);
        put(checksum_ & 0xFFFF, 16, out);
        if (pending_bits_ > 0) {
            put(0, 8 - pending_bits_, out);
        }
    }

private:
    // The bits of a stream from the end of its header on.
    void append_bits(std::span<const std::byte> stream, std::size_t end_bit, std::vector<std::byte>& out) {
        constexpr std::size_t header_bytes = header_bits / 8;
        const std::size_t whole_bytes = end_bit / 8;
        const std::size_t before = out.size();
        out.resize(before + whole_bytes - header_bytes);
        auto pending = pending_;
        for (std::size_t index = header_bytes; index < whole_bytes; ++index) {
            pending = pending << 8 | std::to_integer<std::uint64_t>(stream[index]);
            out[before + index - header_bytes] = static_cast<std::byte>(pending >> pending_bits_);
        }
        pending_ = pending;
        if (const std::size_t rest = end_bit % 8; rest > 0) {
            put(std::to_integer<std::uint64_t>(stream[whole_bytes]) >> (8 - rest), rest, out);
        }
    }
    // At most 32 bits.
    void put(std::uint64_t bits, std::size_t count, std::vector<std::byte>& out) {
        pending_ = pending_ << count | bits;
        pending_bits_ += count;
        while (pending_bits_ >= 8) {
            pending_bits_ -= 8;
            out.push_back(static_cast<std::byte>(pending_ >> pending_bits_));
        }
    }

    const int level_;
    std::uint32_t checksum_ = 0;
    std::uint64_t pending_ = 0;  // the lowest pending_bits_ bits are not written yet
    std::size_t pending_bits_ = 0;
};

}  // namespace

std::unique_ptr<BlockCodec> bzip2_codec(int level) {
    return std::make_unique<Bzip2Codec>(level);
}

}  // namespace rowhaul
