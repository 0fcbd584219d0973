// SPDX-License-Identifier: Apache-2.0
#include "io/decompression.h"

#include "io/peeked_input.h"
#include "io/zip_member.h"

#include <algorithm>
#include <bzlib.h>
#include <cstring>
#include <string>
#include <vector>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

namespace rowhaul {

namespace {

constexpr std::size_t packed_bytes = std::size_t{128} * 1024;
constexpr std::size_t mark_bytes = 10;
// zstd's own levels need up to 8 MiB; a file may ask for gigabytes.
constexpr int largest_zstd_window = 24;

// What one step of a library did.
enum class Progress : std::uint8_t { Going, PartEnded };

struct Packed {
    const std::byte* data;
    std::size_t size;
};
struct Room {
    std::byte* data;
    std::size_t size;
};

class Codec {
public:
    virtual ~Codec() = default;
    // Takes from `packed` and fills `room`, both of which are moved on. Throws for damaged data.
    virtual Progress step(Packed& packed, Room& room) = 0;
    // Gets ready for the next part.
    virtual void restart() = 0;
};

[[noreturn]] void tell_damaged(Compression method) {
    throw Error(ErrorKind::Invalid, "is damaged: its " + std::string(name_of(method)) + " data cannot be unpacked");
}

[[noreturn]] void tell_no_memory(Compression method) {
    throw Error(ErrorKind::Exhausted, std::string(name_of(method)) + ": no memory to unpack");
}

class GzipDecoder final : public Codec {
public:
    GzipDecoder() {
        constexpr int gzip_alone = 15 + 16;
        if (::inflateInit2(&stream_, gzip_alone) != Z_OK) {
            tell_no_memory(Compression::Gzip);
        }
    }
    ~GzipDecoder() override { ::inflateEnd(&stream_); }
    GzipDecoder(const GzipDecoder&) = delete;
    GzipDecoder& operator=(const GzipDecoder&) = delete;

    Progress step(Packed& packed, Room& room) override {
        stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data));
        stream_.avail_in = static_cast<uInt>(packed.size);
        stream_.next_out = reinterpret_cast<Bytef*>(room.data);
        stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(room.size, 1U << 30));
        const auto room_before = stream_.avail_out;
        const int result = ::inflate(&stream_, Z_NO_FLUSH);
        packed.data += packed.size - stream_.avail_in;
        packed.size = stream_.avail_in;
        room.data += room_before - stream_.avail_out;
        room.size -= room_before - stream_.avail_out;
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
            tell_damaged(Compression::Gzip);
        }
        return result == Z_STREAM_END ? Progress::PartEnded : Progress::Going;
    }
    void restart() override { ::inflateReset(&stream_); }

private:
    z_stream stream_{};
};

class Bzip2Decoder final : public Codec {
public:
    Bzip2Decoder() { begin(); }
    ~Bzip2Decoder() override { ::BZ2_bzDecompressEnd(&stream_); }
    Bzip2Decoder(const Bzip2Decoder&) = delete;
    Bzip2Decoder& operator=(const Bzip2Decoder&) = delete;

    Progress step(Packed& packed, Room& room) override {
        stream_.next_in = const_cast<char*>(reinterpret_cast<const char*>(packed.data));
        stream_.avail_in = static_cast<unsigned>(packed.size);
        stream_.next_out = reinterpret_cast<char*>(room.data);
        stream_.avail_out = static_cast<unsigned>(std::min<std::size_t>(room.size, 1U << 30));
        const auto room_before = stream_.avail_out;
        const int result = ::BZ2_bzDecompress(&stream_);
        packed.data += packed.size - stream_.avail_in;
        packed.size = stream_.avail_in;
        room.data += room_before - stream_.avail_out;
        room.size -= room_before - stream_.avail_out;
        if (result != BZ_OK && result != BZ_STREAM_END) {
            tell_damaged(Compression::Bzip2);
        }
        return result == BZ_STREAM_END ? Progress::PartEnded : Progress::Going;
    }
    void restart() override {
        ::BZ2_bzDecompressEnd(&stream_);
        begin();
    }

private:
    void begin() {
        constexpr int quiet = 0;
        constexpr int fast = 0;
        stream_ = {};
        if (::BZ2_bzDecompressInit(&stream_, quiet, fast) != BZ_OK) {
            tell_no_memory(Compression::Bzip2);
        }
    }
    bz_stream stream_{};
};

class ZstdDecoder final : public Codec {
public:
    ZstdDecoder() : decoder_(::ZSTD_createDCtx()) {
        if (!decoder_) {
            tell_no_memory(Compression::Zstd);
        }
        ::ZSTD_DCtx_setParameter(decoder_.get(), ZSTD_d_windowLogMax, largest_zstd_window);
    }
    Progress step(Packed& packed, Room& room) override {
        ZSTD_inBuffer input{packed.data, packed.size, 0};
        ZSTD_outBuffer output{room.data, room.size, 0};
        const auto left = ::ZSTD_decompressStream(decoder_.get(), &output, &input);
        if (::ZSTD_isError(left) != 0) {
            if (::ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge) {
                throw Error(ErrorKind::Invalid,
                            "needs more memory to be unpacked than a run may have; pack it with "
                            "zstd's levels up to 19 and without --long");
            }
            tell_damaged(Compression::Zstd);
        }
        packed.data += input.pos;
        packed.size -= input.pos;
        room.data += output.pos;
        room.size -= output.pos;
        return left == 0 ? Progress::PartEnded : Progress::Going;
    }
    void restart() override { ::ZSTD_DCtx_reset(decoder_.get(), ZSTD_reset_session_only); }

private:
    struct Free {
        void operator()(ZSTD_DCtx* decoder) const noexcept { ::ZSTD_freeDCtx(decoder); }
    };
    std::unique_ptr<ZSTD_DCtx, Free> decoder_;
};

std::unique_ptr<Codec> decoder_of(Compression method) {
    switch (method) {
        case Compression::Gzip:
            return std::make_unique<GzipDecoder>();
        case Compression::Bzip2:
            return std::make_unique<Bzip2Decoder>();
        case Compression::Zstd:
            return std::make_unique<ZstdDecoder>();
        case Compression::None:
            break;
    }
    return nullptr;
}

class Unpacking final : public InputStream {
public:
    Unpacking(const Context& context, std::unique_ptr<InputStream> inner)
        : inner_(std::move(inner)), packed_(packed_bytes) {
        while (size_ < mark_bytes && fill(context)) {
        }
        method_ = compression_by_content(as_text(std::span(packed_).subspan(at_, size_)));
        codec_ = decoder_of(method_);
    }

    std::size_t read(const Context& context, std::span<std::byte> into) override {
        return method_ == Compression::None ? pass(context, into) : unpack(context, into);
    }

private:
    // Reads more behind what is there; false at the end.
    bool fill(const Context& context) {
        if (at_ > 0) {
            std::memmove(packed_.data(), packed_.data() + at_, size_);
            at_ = 0;
        }
        const auto count = inner_->read(context, std::span(packed_).subspan(size_));
        size_ += count;
        return count > 0;
    }

    std::size_t pass(const Context& context, std::span<std::byte> into) {
        if (size_ == 0) {
            return inner_->read(context, into);
        }
        const auto count = std::min(size_, into.size());
        std::memcpy(into.data(), packed_.data() + at_, count);
        at_ += count;
        size_ -= count;
        return count;
    }

    std::size_t unpack(const Context& context, std::span<std::byte> into) {
        while (!has_ended_) {
            context.check();
            if (!is_inside_ && !begin_part(context)) {
                break;
            }
            Packed packed{packed_.data() + at_, size_};
            Room room{into.data(), into.size()};
            is_inside_ = codec_->step(packed, room) == Progress::Going;
            const bool moved = packed.size != size_;
            at_ += size_ - packed.size;
            size_ = packed.size;
            if (const auto count = into.size() - room.size; count > 0) {
                return count;
            }
            if (is_inside_ && !moved && !fill(context)) {
                throw Error(ErrorKind::Invalid, "ends in the middle of its " + std::string(name_of(method_)) + " data");
            }
        }
        return 0;
    }

    // False at the end of the file.
    bool begin_part(const Context& context) {
        while (size_ < mark_bytes && fill(context)) {
        }
        // Some programs fill up with zeros.
        const auto rest = std::span(packed_).subspan(at_, size_);
        if (std::ranges::all_of(rest, [](std::byte byte) { return byte == std::byte{0}; })) {
            at_ += size_;
            size_ = 0;
            has_ended_ = !fill(context);
            return !has_ended_ && begin_part(context);
        }
        if (compression_by_content(as_text(rest)) != method_) {
            throw Error(ErrorKind::Invalid,
                        "has something else behind the end of its " + std::string(name_of(method_)) + " data");
        }
        codec_->restart();
        is_inside_ = true;
        return true;
    }

    std::unique_ptr<InputStream> inner_;
    std::vector<std::byte> packed_;
    std::size_t at_ = 0;
    std::size_t size_ = 0;  // bytes from at_ on
    Compression method_ = Compression::None;
    std::unique_ptr<Codec> codec_;
    bool is_inside_ = false;
    bool has_ended_ = false;
};

}  // namespace

Compression compression_by_content(std::string_view first_bytes) {
    if (first_bytes.starts_with("\x1F\x8B\x08")) {
        return Compression::Gzip;
    }
    if (first_bytes.starts_with("\x28\xB5\x2F\xFD")) {
        return Compression::Zstd;
    }
    // "BZh9" alone could be text; behind it stand the digits of pi, or of its square root when there is nothing.
    const bool is_bzip2 = first_bytes.size() >= mark_bytes && first_bytes.starts_with("BZh") &&
                          (first_bytes.substr(4, 6) == "1AY&SY" || first_bytes.substr(4, 6) == "\x17rE8P\x90");
    return is_bzip2 ? Compression::Bzip2 : Compression::None;
}

std::unique_ptr<InputStream> decompressing(const Context& context, std::unique_ptr<InputStream> inner,
                                           ZipArchives archives, const SpoolPlace& spool) {
    auto file = std::make_unique<PeekedInput>(std::move(inner));
    const auto first_bytes = file->peek(context, zip_peeked_bytes);
    if (is_zip(first_bytes) && is_to_be_unpacked(first_bytes, archives)) {
        return only_zip_member(context, *file, archives, spool);
    }
    return std::make_unique<Unpacking>(context, std::move(file));
}

}  // namespace rowhaul
