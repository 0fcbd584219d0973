// SPDX-License-Identifier: Apache-2.0
// Sends rows to a database some megabytes at a time, as the text that its bulk loading takes, and
// halves what it refuses until the rows to blame stand alone.
#pragma once
#include "data/rows.h"
#include "database/table_writer.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

class ChunkLoader : public RowLoader {
public:
    // Inside a transaction of `writer`.
    ChunkLoader(TableWriter& writer, Rejects rejects) : writer_(writer), rejects_(std::move(rejects)) {}
    void write(const Context&, const Batch&) override;
    void finish(const Context&) override;
    std::size_t undecided() const override { return rows_.size(); }

protected:
    // Appends one row with its end.
    virtual void encode(const Batch&, std::size_t row, std::string& out) = 0;
    // Throws Refusal when the database refuses any of them; then none of them counts.
    virtual void send(const Context&, std::string_view rows, std::size_t count) = 0;

private:
    static constexpr std::size_t chunk_bytes = std::size_t{4} << 20;

    struct Row {
        std::size_t end = 0;  // in `chunk_`
        std::uint64_t number = 0;
        std::uint64_t line = 0;
        std::size_t raw_end = 0;  // in `raws_`
    };
    void send_all(const Context&);
    void send_rows(const Context&, std::size_t first, std::size_t last);
    void reject(std::size_t row, const Refusal&);

    TableWriter& writer_;
    Rejects rejects_;
    std::string chunk_;
    std::string raws_;
    std::string_view file_;  // of all rows of the chunk
    std::vector<Row> rows_;
};

}  // namespace rowhaul
