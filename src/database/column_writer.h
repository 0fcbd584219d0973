// SPDX-License-Identifier: Apache-2.0
// Fills a batch cell by cell, where every nanosecond a cell counts: the columns are made as long as
// a batch can be before the first row, and cut to what was read after the last.
#pragma once
#include "data/batch.h"

#include <vector>

namespace rowhaul {

class ColumnWriter {
public:
    void start(Batch& batch) {
        cells_.clear();
        for (std::size_t column = 0; column < batch.width(); ++column) {
            auto& cells = batch.build(column);
            cells.resize(Batch::max_rows);
            cells_.push_back(cells.data());
        }
    }
    Cell& at(std::size_t column, std::size_t row) const { return cells_[column][row]; }
    void finish(Batch& batch, std::size_t rows) const {
        for (std::size_t column = 0; column < batch.width(); ++column) {
            batch.build(column).resize(rows);
        }
        batch.set_rows(rows);
    }

private:
    std::vector<Cell*> cells_;
};

}  // namespace rowhaul
