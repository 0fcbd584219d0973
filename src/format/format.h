// SPDX-License-Identifier: Apache-2.0
// How rows are laid out in a file. Knows bytes and batches; knows no transport.
#pragma once
#include "data/rows.h"
#include "io/stream.h"

#include <memory>
#include <string_view>

namespace rowhaul {

class Format {
public:
    virtual ~Format() = default;
    // Ending of a file in this format, without the dot: "csv".
    virtual std::string_view file_ending() const = 0;
    // Writes to `out`, which must outlive the writer and is not committed by it. Rows that this
    // format cannot express go to `rejects`, with the row's number in its source.
    virtual std::unique_ptr<RowWriter> writer(OutputStream& out, const Schema&, Rejects rejects) const = 0;
};

}  // namespace rowhaul
