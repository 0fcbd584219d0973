// SPDX-License-Identifier: Apache-2.0
// A batch is a slice of a table held column by column: the only shape in which rows move through
// Rowhaul. Every cell is canonical text (data/schema.h) or NULL.
#pragma once
#include "data/schema.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace rowhaul {

// 16 bytes. NULL is a state of its own, never an empty text. At most 4 GiB - 1 long.
class Cell {
public:
    constexpr Cell() = default;  // NULL
    constexpr Cell(std::string_view text)
        : data_(text.data() != nullptr ? text.data() : ""), size_(static_cast<std::uint32_t>(text.size())) {}
    // Text, or NULL when it is empty.
    static constexpr Cell null_if_empty(const char* data, std::size_t size) {
        Cell cell;
        cell.data_ = size == 0 ? nullptr : data;
        cell.size_ = static_cast<std::uint32_t>(size);
        return cell;
    }
    constexpr bool is_null() const { return data_ == nullptr; }
    constexpr std::string_view text() const { return {data_ != nullptr ? data_ : "", size_}; }

private:
    const char* data_ = nullptr;
    std::uint32_t size_ = 0;
};
static_assert(sizeof(Cell) == 16);

// Bump allocator. reset() forgets the contents and keeps ordinary blocks, so a batch that is reused
// stops allocating after its first rounds; blocks made for one huge cell are given back (P10).
class Arena {
public:
    static constexpr std::size_t block_bytes = 256 * 1024;

    char* allocate(std::size_t bytes) {
        while (left_ < bytes && next_ < blocks_.size()) {
            enter(next_++);
        }
        if (left_ < bytes) {
            const auto size = std::max(bytes, block_bytes);
            blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
            enter(next_++);
        }
        left_ -= bytes;
        used_ += bytes;
        return std::exchange(at_, at_ + bytes);
    }
    // Gives back the tail of the newest allocation, of which only `used` bytes were needed.
    void shrink_last(std::size_t allocated, std::size_t used) {
        at_ -= allocated - used;
        left_ += allocated - used;
        used_ -= allocated - used;
    }
    std::string_view copy(std::string_view text) {
        if (text.empty()) {
            return "";
        }
        return {static_cast<char*>(std::memcpy(allocate(text.size()), text.data(), text.size())), text.size()};
    }
    // Bytes handed out since the last reset.
    std::size_t used() const { return used_; }
    void reset() noexcept {
        std::erase_if(blocks_, [](const Block& block) { return block.size > block_bytes; });
        next_ = 0;
        left_ = 0;
        used_ = 0;
        at_ = nullptr;
    }

private:
    struct Block {
        std::unique_ptr<char[]> data;
        std::size_t size;
    };
    void enter(std::size_t index) {
        at_ = blocks_[index].data.get();
        left_ = blocks_[index].size;
    }
    std::vector<Block> blocks_;
    std::size_t next_ = 0;
    std::size_t left_ = 0;
    std::size_t used_ = 0;
    char* at_ = nullptr;
};

// Where a row stood in a file.
struct RowOrigin {
    std::uint64_t row = 0;   // counted from 1 in its source, like Batch::first_row()
    std::uint64_t line = 0;  // of the file, counted from 1, on which the row begins
    std::string_view raw;    // the row as it stood there, in UTF-8, without its line end
};

class Batch {
public:
    // A reader stops at either; one row may exceed the bytes.
    static constexpr std::size_t max_rows = 1024;
    static constexpr std::size_t max_bytes = 1024 * 1024;

    explicit Batch(std::size_t width) : columns_(width) {}
    std::size_t rows() const { return rows_; }
    std::size_t width() const { return columns_.size(); }
    std::span<const Cell> column(std::size_t index) const { return {columns_[index].data(), rows_}; }
    // For readers and mappings: push one cell a row, then set_rows.
    std::vector<Cell>& build(std::size_t index) { return columns_[index]; }
    Arena& arena() { return arena_; }
    // The number of the first row of this batch in its source, counted from 1.
    std::uint64_t first_row() const { return first_row_; }
    void set_first_row(std::uint64_t row) { first_row_ = row; }
    // At least one a row when the rows come from a file or some between them were left out, else none.
    // Whoever keeps only some rows keeps theirs.
    std::vector<RowOrigin>& origins() { return origins_; }
    const std::vector<RowOrigin>& origins() const { return origins_; }
    std::uint64_t row_number(std::size_t row) const { return origins_.empty() ? first_row_ + row : origins_[row].row; }
    // The file that the rows come from; empty when they do not. The text outlives the batch.
    std::string_view file() const { return file_; }
    void set_file(std::string_view file) { file_ = file; }
    // Keeps an input block alive for as long as cells may point into it.
    void keep(std::shared_ptr<const void> block) { kept_.push_back(std::move(block)); }
    void set_rows(std::size_t rows) { rows_ = rows; }
    void clear() {
        rows_ = 0;
        arena_.reset();
        kept_.clear();
        origins_.clear();
        file_ = {};
        for (auto& cells : columns_) {
            cells.clear();
        }
    }
    // As clear(), but build(i) and origins() have `rows` elements to be overwritten, of any content:
    // a reader that knows its cells' places saves the pushing, and a reused batch the clearing.
    void clear_for(std::size_t rows) {
        rows_ = 0;
        arena_.reset();
        kept_.clear();
        file_ = {};
        origins_.resize(rows);
        for (auto& cells : columns_) {
            cells.resize(rows);
        }
    }

private:
    std::size_t rows_ = 0;
    std::uint64_t first_row_ = 1;
    std::vector<std::vector<Cell>> columns_;
    Arena arena_;
    std::vector<std::shared_ptr<const void>> kept_;
    std::vector<RowOrigin> origins_;
    std::string_view file_;
};

}  // namespace rowhaul
