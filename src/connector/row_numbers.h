// SPDX-License-Identifier: Apache-2.0
// Numbers of rows that rise over all files of a source, each of which counts its rows from 1 again, and over
// batches that were held back and come in any order.
#pragma once
#include "data/batch.h"

#include <cstdint>
#include <string>

namespace rowhaul {

class RowNumbers {
public:
    // Batches in the order in which they are written, each once.
    void enter(const Batch& batch) {
        if (batch.rows() == 0) {
            return;
        }
        if (batch.file() != file_ || batch.row_number(0) <= last_row_) {
            file_ = batch.file();
            ++files_;
        }
        last_row_ = batch.row_number(batch.rows() - 1);
    }
    // Of a row of the batch that was entered last.
    std::uint64_t of(std::uint64_t row_in_file) const { return number(files_, row_in_file); }

    // What such a number is made of.
    static std::uint64_t number(std::uint64_t file, std::uint64_t row_in_file) {
        return (file << bits_of_row) + row_in_file;
    }
    static std::uint64_t file(std::uint64_t number) { return number >> bits_of_row; }
    static std::uint64_t row_in_file(std::uint64_t number) { return number & ((std::uint64_t{1} << bits_of_row) - 1); }

private:
    static constexpr int bits_of_row = 40;

    std::string file_;
    std::uint64_t files_ = 0;     // none for rows of tables in their order
    std::uint64_t last_row_ = 0;  // in the file
};

}  // namespace rowhaul
