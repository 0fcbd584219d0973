// SPDX-License-Identifier: Apache-2.0
#include "mapping/row_hash.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <numeric>
#include <xxhash.h>

namespace rowhaul {

namespace {

constexpr std::size_t most_encoded = std::size_t{1} << 20;  // of a slice of rows
constexpr std::size_t head_bytes = 1 + sizeof(std::uint32_t);

enum class Tag : char { Null = 0, Text = 1, Positive = 2, Negative = 3 };

struct Encoding {
    Tag tag;
    std::string_view text;
};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

Encoding decimal_encoding(std::string_view text) {
    const bool is_negative = text.starts_with('-');
    auto digits = text.substr(is_negative ? 1 : 0);
    if (digits.empty() || !is_digit(digits.front())) {
        return {Tag::Text, text};  // NaN, Infinity
    }
    const auto point = digits.find('.');
    if (point != std::string_view::npos) {
        while (digits.back() == '0') {
            digits.remove_suffix(1);
        }
        if (digits.back() == '.') {
            digits.remove_suffix(1);
        }
    }
    while (digits.size() > 1 && digits[0] == '0' && digits[1] != '.') {
        digits.remove_prefix(1);
    }
    return {is_negative && digits != "0" ? Tag::Negative : Tag::Positive, digits};
}

Encoding encoding_of(const Cell& cell, bool is_decimal) {
    if (cell.is_null()) {
        return {Tag::Null, {}};
    }
    return is_decimal ? decimal_encoding(cell.text()) : Encoding{Tag::Text, cell.text()};
}

void put_head(char* to, const Encoding& encoding) {
    static_assert(std::endian::native == std::endian::little);
    const auto size = static_cast<std::uint32_t>(encoding.text.size());
    *to = static_cast<char>(encoding.tag);
    std::memcpy(to + 1, &size, sizeof size);
}

Hash128 from_xxh(const XXH128_hash_t& hash) {
    return {hash.high64, hash.low64};
}

std::vector<std::size_t> all_places(const Schema& schema) {
    std::vector<std::size_t> places(schema.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    return places;
}

}  // namespace

RowHasher::RowHasher(const Schema& schema) : RowHasher(schema, all_places(schema)) {}

RowHasher::RowHasher(const Schema& schema, const std::vector<std::size_t>& columns) {
    for (const auto column : columns) {
        parts_.push_back({column, schema[column].type == Type::Decimal});
    }
}

std::span<const Hash128> RowHasher::hash(const Batch& batch) {
    const auto rows = batch.rows();
    hashes_.resize(rows);
    ends_.resize(rows);
    sizes_.assign(rows, 0);
    for (const auto& part : parts_) {
        const auto cells = batch.column(part.column);
        for (std::size_t row = 0; row < rows; ++row) {
            sizes_[row] += head_bytes + cells[row].text().size();
        }
    }
    for (std::size_t first = 0; first < rows;) {
        std::size_t last = first;
        for (std::size_t bytes = 0; last < rows && bytes + sizes_[last] <= most_encoded; ++last) {
            bytes += sizes_[last];
        }
        if (last == first) {
            hashes_[first] = hash_large(batch, first);
            ++last;
        } else {
            hash_slice(batch, first, last);
        }
        first = last;
    }
    return hashes_;
}

// The texts stand as far apart as they could need at most.
void RowHasher::hash_slice(const Batch& batch, std::size_t first, std::size_t last) {
    std::size_t bytes = 0;
    for (std::size_t row = first; row < last; ++row) {
        bytes += sizes_[row];
    }
    if (encoded_.size() < bytes) {
        encoded_.resize(bytes);
    }
    char* begin = encoded_.data();
    for (std::size_t row = first; row < last; ++row) {
        ends_[row] = begin;
        begin += sizes_[row];
    }
    for (const auto& part : parts_) {
        const auto cells = batch.column(part.column);
        for (std::size_t row = first; row < last; ++row) {
            const auto encoding = encoding_of(cells[row], part.is_decimal);
            char*& end = ends_[row];
            if (encoding.tag == Tag::Null) {
                *end++ = static_cast<char>(Tag::Null);
                continue;
            }
            put_head(end, encoding);
            std::memcpy(end + head_bytes, encoding.text.data(), encoding.text.size());
            end += head_bytes + encoding.text.size();
        }
    }
    begin = encoded_.data();
    for (std::size_t row = first; row < last; ++row) {
        const auto size = static_cast<std::size_t>(ends_[row] - begin);
        hashes_[row] = from_xxh(XXH3_128bits_withSeed(begin, size, version));
        begin += sizes_[row];
    }
}

// A row that is too large to be copied.
Hash128 RowHasher::hash_large(const Batch& batch, std::size_t row) const {
    const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), &XXH3_freeState);
    if (!state) {
        throw std::bad_alloc();
    }
    XXH3_128bits_reset_withSeed(state.get(), version);
    for (const auto& part : parts_) {
        const auto encoding = encoding_of(batch.column(part.column)[row], part.is_decimal);
        std::array<char, head_bytes> head{};
        put_head(head.data(), encoding);
        XXH3_128bits_update(state.get(), head.data(), encoding.tag == Tag::Null ? 1 : head.size());
        XXH3_128bits_update(state.get(), encoding.text.data(), encoding.text.size());
    }
    return from_xxh(XXH3_128bits_digest(state.get()));
}

}  // namespace rowhaul
