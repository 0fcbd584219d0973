// SPDX-License-Identifier: Apache-2.0
// zstd as one frame. The library splits it into jobs for its own threads; jobs and tables are kept
// small, because by default they take more memory than we allow ourselves.
#include "io/codecs.h"

#include <algorithm>
#include <string>
#include <zstd.h>

namespace rowhaul {

namespace {

constexpr std::size_t mebibyte = 1024 * 1024;
constexpr int last_fast_level = 4;
// Powers of two. What the fast levels use anyway; slower ones search harder in the same tables.
constexpr int largest_window = 21;
constexpr int largest_table = 19;

// What one thread works on at a time. A thread that has finished waits until the next job is handed
// to it, so those that are done quickly are large.
std::size_t job_bytes(int level) {
    return level <= last_fast_level ? 2 * mebibyte : mebibyte;
}

// How many threads the memory suffices for: each has a job's input and output and its tables; four
// jobs more are being filled, or kept for what follows them to refer to.
unsigned affordable_threads(int level, unsigned wanted) {
    const auto tables = level <= last_fast_level ? 3 * mebibyte / 2 : 5 * mebibyte;
    const auto affordable = (compression_memory - 4 * job_bytes(level)) / (2 * job_bytes(level) + tables);
    return static_cast<unsigned>(std::clamp<std::size_t>(wanted, 1, affordable));
}

class ZstdStream : public OutputStream {
public:
    ZstdStream(std::unique_ptr<OutputStream> inner, int level, unsigned threads)
        : inner_(std::move(inner)), compressor_(::ZSTD_createCCtx()), buffer_(::ZSTD_CStreamOutSize()) {
        if (!compressor_) {
            throw Error(ErrorKind::Exhausted, "zstd: no memory for a compressor");
        }
        set(ZSTD_c_compressionLevel, level);
        set(ZSTD_c_checksumFlag, 1);
        if (level > last_fast_level) {
            set(ZSTD_c_windowLog, largest_window);
            set(ZSTD_c_hashLog, largest_table);
            set(ZSTD_c_chainLog, largest_table);
        }
        set(ZSTD_c_nbWorkers, static_cast<int>(affordable_threads(level, threads)));
        set(ZSTD_c_jobSize, static_cast<int>(job_bytes(level)));
    }

    void write(const Context& context, std::span<const std::byte> bytes) override {
        ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
        while (input.pos < input.size) {
            compress(context, input, ZSTD_e_continue);
        }
    }

    void commit(const Context& context) override {
        ZSTD_inBuffer nothing{nullptr, 0, 0};
        while (compress(context, nothing, ZSTD_e_end) != 0) {
        }
        inner_->commit(context);
    }

private:
    struct Free {
        void operator()(ZSTD_CCtx* compressor) const noexcept { ::ZSTD_freeCCtx(compressor); }
    };

    void set(ZSTD_cParameter parameter, int value) {
        check(::ZSTD_CCtx_setParameter(compressor_.get(), parameter, value));
    }

    static std::size_t check(std::size_t result) {
        if (::ZSTD_isError(result) != 0) {
            throw Error(ErrorKind::Internal, std::string("zstd: ") + ::ZSTD_getErrorName(result));
        }
        return result;
    }

    // Bytes that the library still holds back, at least.
    std::size_t compress(const Context& context, ZSTD_inBuffer& input, ZSTD_EndDirective directive) {
        context.check();
        ZSTD_outBuffer output{buffer_.data(), buffer_.size(), 0};
        const std::size_t left = check(::ZSTD_compressStream2(compressor_.get(), &output, &input, directive));
        if (output.pos > 0) {
            inner_->write(context, std::span(buffer_).first(output.pos));
        }
        return left;
    }

    std::unique_ptr<OutputStream> inner_;
    std::unique_ptr<ZSTD_CCtx, Free> compressor_;
    std::vector<std::byte> buffer_;
};

}  // namespace

std::unique_ptr<OutputStream> zstd_stream(std::unique_ptr<OutputStream> inner, int level, unsigned threads) {
    return std::make_unique<ZstdStream>(std::move(inner), level, threads);
}

}  // namespace rowhaul
