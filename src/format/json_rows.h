// SPDX-License-Identifier: Apache-2.0
// Cuts a file of JSON into the texts of its rows: a line each, or the elements of one array. Which of
// them it is, shows the first character.
//
// A row of an array that is no JSON is given up to the next line that can begin another one: whose
// first bracket stands no further to the right than that of the broken row. So a mistake costs one
// row, and the objects inside a broken row are not taken for rows.
#pragma once
#include "format/block_pool.h"
#include "format/json_scanner.h"
#include "format/text_decoder.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rowhaul {

struct JsonRowSizes {
    std::size_t block_bytes = std::size_t{256} * 1024;
    std::size_t longest_row = std::size_t{16} * 1024 * 1024;
};

struct JsonRow {
    std::string_view text;              // in `block`
    std::uint64_t line = 0;             // on which it begins, counted from 1
    std::shared_ptr<const void> block;  // keeps the text alive
    std::string_view reason;            // of its reject; empty for a row that can be looked into
    std::string message;
};

class JsonRows {
public:
    // `in` must outlive this.
    explicit JsonRows(InputStream& in, JsonRowSizes = {});

    // False at the end. Throws Invalid for an array that does not end, or that cannot be read any
    // further, and for files that are no text.
    bool next(const Context&, JsonRow& out);
    bool is_array() const { return is_array_; }

private:
    void begin(const Context&);
    // Reads on, keeping what lies from at_ on. False when the file has no more.
    bool refill(const Context&);
    // Whether a byte is at at_, reading on where there is none.
    bool has_byte(const Context& context) { return at_ < limit_ || refill(context); }
    char byte() const { return data_[at_]; }
    std::string_view rest() const { return {data_ + at_, limit_ - at_}; }
    void pass(std::size_t bytes);
    bool pass_spaces(const Context&);
    bool pass_line(const Context&);

    bool next_line(const Context&, JsonRow& out);
    bool next_element(const Context&, JsonRow& out);
    bool pass_to_element(const Context&);
    void check_end(const Context&);
    void give_up(const Context&, JsonRow& out);
    bool resumes_here(const Context&, std::size_t column);
    void keep_long_row(JsonRow& out) const;

    const JsonRowSizes sizes_;
    TextDecoder in_;
    BlockPool pool_;
    bool has_begun_ = false;
    bool is_array_ = false;
    bool is_over_ = false;

    std::shared_ptr<char> block_;
    const char* data_ = "";
    std::size_t limit_ = 0;
    std::size_t at_ = 0;
    bool at_end_ = false;
    std::uint64_t line_ = 1;
    std::size_t column_ = 0;  // bytes between the start of the line and at_
};

}  // namespace rowhaul
