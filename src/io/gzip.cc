// SPDX-License-Identifier: Apache-2.0
// gzip (RFC 1952) as one member: every block is compressed by itself, but sees the 32 KiB before it,
// and ends on a byte boundary (sync flush), so that the pieces can stand one after the other.
#include "io/codecs.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <zlib.h>

namespace rowhaul {

namespace {

constexpr std::size_t gzip_block_bytes = 128 * 1024;
constexpr std::size_t window_bytes = 32 * 1024;
// zlib's manual: (1 << (windowBits + 2)) + (1 << (memLevel + 9)), and a little.
constexpr std::size_t deflate_memory = 300 * 1024;

const Bytef* bytes_of(std::span<const std::byte> bytes) {
    return reinterpret_cast<const Bytef*>(bytes.data());
}

class GzipWorker : public BlockCodec::Worker {
public:
    explicit GzipWorker(int level) {
        constexpr int raw = -15;
        constexpr int memory_level = 8;
        if (::deflateInit2(&stream_, level, Z_DEFLATED, raw, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
            throw Error(ErrorKind::Exhausted, "gzip: no memory for a compressor");
        }
    }
    ~GzipWorker() override { ::deflateEnd(&stream_); }
    GzipWorker(const GzipWorker&) = delete;
    GzipWorker& operator=(const GzipWorker&) = delete;

    void compress(Block& block) override {
        const auto fresh = block.fresh();
        block.checksum = static_cast<std::uint32_t>(::crc32_z(0, bytes_of(fresh), fresh.size()));
        ::deflateReset(&stream_);
        if (block.history > 0) {
            ::deflateSetDictionary(&stream_, bytes_of(block.input), static_cast<uInt>(block.history));
        }
        // A sync flush can add an empty block to what deflateBound promises.
        block.output.resize(::deflateBound(&stream_, fresh.size()) + 16);
        stream_.next_in = const_cast<Bytef*>(bytes_of(fresh));
        stream_.avail_in = static_cast<uInt>(fresh.size());
        stream_.next_out = reinterpret_cast<Bytef*>(block.output.data());
        stream_.avail_out = static_cast<uInt>(block.output.size());
        const int result = ::deflate(&stream_, block.is_last ? Z_FINISH : Z_SYNC_FLUSH);
        if (result != (block.is_last ? Z_STREAM_END : Z_OK) || stream_.avail_in != 0 || stream_.avail_out == 0) {
            throw Error(ErrorKind::Internal, "gzip: a block could not be compressed");
        }
        block.output.resize(block.output.size() - stream_.avail_out);
    }

private:
    z_stream stream_{};
};

class GzipCodec : public BlockCodec {
public:
    explicit GzipCodec(int level) : level_(level) {}
    std::size_t block_bytes() const override { return gzip_block_bytes; }
    std::size_t history_bytes() const override { return window_bytes; }
    std::size_t worker_memory() const override { return deflate_memory; }
    std::unique_ptr<Worker> worker() const override { return std::make_unique<GzipWorker>(level_); }

    void begin(std::vector<std::byte>& out) override {
        // Deflate, no name, no time (the same rows give the same bytes), made on Unix.
        const int effort = level_ == 9 ? 2 : level_ == 1 ? 4 : 0;
        for (const int byte : {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, effort, 3}) {
            out.push_back(static_cast<std::byte>(byte));
        }
    }
    void append(const Block& block, std::vector<std::byte>& out) override {
        const auto size = block.fresh().size();
        checksum_ = ::crc32_combine(checksum_, block.checksum, static_cast<z_off_t>(size));
        size_ += size;
        out.insert(out.end(), block.output.begin(), block.output.end());
    }
    void end(std::vector<std::byte>& out) override {
        append_little_endian(static_cast<std::uint32_t>(checksum_), out);
        append_little_endian(static_cast<std::uint32_t>(size_ & 0xFFFFFFFF), out);
    }

private:
    static void append_little_endian(std::uint32_t number, std::vector<std::byte>& out) {
        for (const unsigned shift : {0U, 8U, 16U, 24U}) {
            out.push_back(static_cast<std::byte>(number >> shift));
        }
    }

    const int level_;
    uLong checksum_ = 0;
    std::uint64_t size_ = 0;
};

}  // namespace

std::unique_ptr<BlockCodec> gzip_codec(int level) {
    return std::make_unique<GzipCodec>(level);
}

}  // namespace rowhaul
