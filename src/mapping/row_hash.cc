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

constexpr std::size_t most_encoded = std::size_t{1} << 20;
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

// Two moves of `size` bytes that may overlap.
template <std::size_t Size>
void copy_ends(std::string_view text, char* to) {
    std::memcpy(to, text.data(), Size);
    std::memcpy(to + text.size() - Size, text.data() + text.size() - Size, Size);
}

// Most texts are short: a call would take longer than copying them. Returns the end.
char* copy(std::string_view text, char* to) {
    const auto size = text.size();
    if (size > 32) {
        std::memcpy(to, text.data(), size);
    } else if (size >= 16) {
        copy_ends<16>(text, to);
    } else if (size >= 8) {
        copy_ends<8>(text, to);
    } else if (size >= 4) {
        copy_ends<4>(text, to);
    } else if (size >= 2) {
        copy_ends<2>(text, to);
    } else if (size == 1) {
        *to = text.front();
    }
    return to + size;
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
    sizes_.assign(rows, 0);
    cells_.clear();
    for (const auto& part : parts_) {
        const auto cells = batch.column(part.column);
        cells_.push_back({cells.data(), part.is_decimal});
        for (std::size_t row = 0; row < rows; ++row) {
            sizes_[row] += head_bytes + cells[row].text().size();
        }
    }
    for (std::size_t row = 0; row < rows; ++row) {
        if (sizes_[row] > most_encoded) {
            hashes_[row] = hash_large(batch, row);
            continue;
        }
        if (encoded_.size() < sizes_[row]) {
            encoded_.resize(2 * sizes_[row]);
        }
        hashes_[row] = hash_small(row);
    }
    return hashes_;
}

Hash128 RowHasher::hash_small(std::size_t row) {
    char* end = encoded_.data();
    for (const auto& part : cells_) {
        const auto encoding = encoding_of(part.cells[row], part.is_decimal);
        if (encoding.tag == Tag::Null) {
            *end++ = static_cast<char>(Tag::Null);
            continue;
        }
        put_head(end, encoding);
        end = copy(encoding.text, end + head_bytes);
    }
    return from_xxh(XXH3_128bits_withSeed(encoded_.data(), static_cast<std::size_t>(end - encoded_.data()), version));
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
