// SPDX-License-Identifier: Apache-2.0
#include "io/compression.h"

#include "io/codecs.h"

#include <algorithm>
#include <array>
#include <string>
#include <thread>

namespace rowhaul {

namespace {

constexpr std::array<Compression, 3> methods{Compression::Gzip, Compression::Zstd, Compression::Bzip2};

bool ends_with_ending(std::string_view name, std::string_view ending) {
    if (name.size() <= ending.size() + 1 || name[name.size() - ending.size() - 1] != '.') {
        return false;
    }
    const auto tail = name.substr(name.size() - ending.size());
    return std::ranges::equal(tail, ending, [](char letter, char wanted) {
        return (letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter) == wanted;
    });
}

}  // namespace

std::string_view name_of(Compression method) {
    switch (method) {
        case Compression::None:
            return "none";
        case Compression::Gzip:
            return "gzip";
        case Compression::Zstd:
            return "zstd";
        case Compression::Bzip2:
            return "bzip2";
    }
    return "none";
}

std::string_view file_ending(Compression method) {
    switch (method) {
        case Compression::None:
            return "";
        case Compression::Gzip:
            return "gz";
        case Compression::Zstd:
            return "zst";
        case Compression::Bzip2:
            return "bz2";
    }
    return "";
}

Compression compression_of(std::string_view file_name) {
    const auto* const found = std::ranges::find_if(
        methods, [&](Compression method) { return ends_with_ending(file_name, file_ending(method)); });
    return found != methods.end() ? *found : Compression::None;
}

CompressionLevels levels_of(Compression method) {
    switch (method) {
        case Compression::None:
            return {};
        case Compression::Gzip:
            return {1, 9, 6};
        case Compression::Zstd:
            return {1, 19, 3};
        case Compression::Bzip2:
            return {1, 9, 9};
    }
    return {};
}

std::unique_ptr<OutputStream> compressing(std::unique_ptr<OutputStream> inner, const CompressionOptions& options) {
    const auto levels = levels_of(options.method);
    const int level = options.level.value_or(levels.standard);
    if (options.method == Compression::None) {
        return inner;
    }
    if (level < levels.lowest || level > levels.highest) {
        throw Error(ErrorKind::Invalid, std::string(name_of(options.method)) + " has levels " +
                                            std::to_string(levels.lowest) + " to " + std::to_string(levels.highest) +
                                            ", not " + std::to_string(level));
    }
    const unsigned threads = options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
    if (options.method == Compression::Zstd) {
        return zstd_stream(std::move(inner), level, threads);
    }
    auto codec = options.method == Compression::Gzip ? gzip_codec(level) : bzip2_codec(level);
    return std::make_unique<BlockCompression>(std::move(inner), std::move(codec), threads);
}

}  // namespace rowhaul
