// SPDX-License-Identifier: Apache-2.0
// What tells whether a row is the one that was seen before: a hash over its cells. Hashes are kept for
// years, so what they are computed from never changes without a new version.
//
// Version 1: XXH3 of 128 bits, seeded with the version, over the cells one after the other, each as a
// tag of one byte, its length of four bytes (lowest first) and its bytes:
//   0  NULL; neither length nor bytes
//   1  the text as it is
//   2  a decimal that is zero or above: no zeros in front but one before the point, none at the end of
//      its fraction, no point without a fraction: 1.50 and 01.5 are 1.5
//   3  a decimal below zero, likewise, without its sign
// Only columns of type Decimal have tags 2 and 3, and there only what is written with digits. So NULL
// differs from the empty text, ("ab", "c") from ("a", "bc"), and a number from the same text; the
// scale that a database happens to print makes no difference.
#pragma once
#include "base/hash128.h"
#include "data/batch.h"
#include "data/schema.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace rowhaul {

// Hashes the rows of batches; one thread at a time. Holds what the texts of one batch need.
class RowHasher {
public:
    static constexpr unsigned version = 1;

    // Over every column of the schema.
    explicit RowHasher(const Schema& schema);
    // Over these columns (places in the schema), in this order.
    RowHasher(const Schema& schema, const std::vector<std::size_t>& columns);

    // One hash a row, until the next call. The batch is as wide as the schema.
    std::span<const Hash128> hash(const Batch&);

private:
    struct Part {
        std::size_t column;
        bool is_decimal;
    };
    // A column of the batch.
    struct Cells {
        const Cell* cells;
        bool is_decimal;
    };
    Hash128 hash_small(std::size_t row);
    Hash128 hash_large(const Batch&, std::size_t row) const;

    std::vector<Part> parts_;
    std::vector<std::size_t> sizes_;  // of the rows' encoded texts
    std::vector<Cells> cells_;
    std::vector<char> encoded_;  // a row's text
    std::vector<Hash128> hashes_;
};

}  // namespace rowhaul
