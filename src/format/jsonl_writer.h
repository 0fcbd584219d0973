// SPDX-License-Identifier: Apache-2.0
// Writes batches as JSON objects, one a line: numbers with all their digits, booleans and null as JSON
// has them, JSON cells as they are, everything else as text. What JSON has no number for (NaN,
// infinities, leading zeros) is written as text, and so is a JSON cell that is none.
#pragma once
#include "data/rows.h"
#include "format/jsonl_options.h"
#include "io/stream.h"

#include <string>
#include <vector>

namespace rowhaul {

class JsonlWriter final : public RowWriter {
public:
    // `out` must outlive this. Throws Invalid for a schema without columns or with a name that is no text.
    JsonlWriter(OutputStream& out, const Schema&, const JsonlOptions&, Rejects);

    void write(const Context&, const Batch&) override;
    void finish(const Context&) override;

private:
    struct Plan {
        std::string name;
        std::string start;  // {"name": or ,"name":
        Type type;
    };
    bool append_cell(const Plan&, std::string_view text);
    void append_json(std::string_view text);
    void flush(const Context&);

    OutputStream& out_;
    const Rejects rejects_;
    const bool is_array_;
    std::vector<Plan> plans_;
    std::string buffer_;
    std::uint64_t rows_ = 0;
};

}  // namespace rowhaul
