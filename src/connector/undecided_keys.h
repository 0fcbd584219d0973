// SPDX-License-Identifier: Apache-2.0
// The keys of rows that a loader has taken and may still refuse.
#pragma once
#include "connector/row_numbers.h"
#include "data/batch.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rowhaul {

class UndecidedKeys {
public:
    // Where the parts of the key stand in the batches.
    explicit UndecidedKeys(std::vector<std::size_t> columns);

    // Rows that are about to be written, with their numbers.
    void note(const Batch&, const RowNumbers&);
    // Of the others it is known what became of them.
    void keep_last(std::size_t rows);
    bool empty() const { return rows_.empty(); }
    // One row with a column a part; no row when the number is not known. Valid until the next call.
    const Batch& find(std::uint64_t number);

private:
    struct Row {
        std::uint64_t number = 0;
        std::size_t end = 0;  // in `parts_`
    };
    std::vector<std::size_t> columns_;
    std::vector<Row> rows_;
    std::string parts_;  // a length before each text
    Batch found_;
};

}  // namespace rowhaul
