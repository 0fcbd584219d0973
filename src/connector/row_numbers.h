// SPDX-License-Identifier: Apache-2.0
// Numbers of rows that rise over all files of a source: each file counts its rows from 1 again.
#pragma once
#include "data/batch.h"

#include <cstdint>
#include <string>

namespace rowhaul {

class RowNumbers {
public:
    // Batches in the order in which they were read, each once.
    void enter(const Batch& batch) {
        if (batch.file() != file_) {
            file_ = batch.file();
            ++files_;
        }
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
    std::uint64_t files_ = 0;  // none for rows of tables
};

}  // namespace rowhaul
