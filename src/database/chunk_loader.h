// SPDX-License-Identifier: Apache-2.0
// Sends rows to a database some megabytes at a time, as the text that its bulk loading takes. Rows with
// texts that it cannot hold are kept back, and what it refuses is halved until the rows to blame stand alone. While one
// chunk is sent, by a thread of its own, the next is encoded: the database does not wait for rows, nor rows for the
// database.
#pragma once
#include "data/rows.h"
#include "database/table_writer.h"

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace rowhaul {

enum class ZeroBytes : std::uint8_t { None, Some };

// How one database takes rows. encode() and send() may be called by two threads at once.
class BulkForm {
public:
    virtual ~BulkForm() = default;
    // Appends one row with its end, UTF-8 if its texts are. Tells of zero bytes that the database cannot hold.
    virtual ZeroBytes encode(const Batch&, std::size_t row, std::string& out) = 0;
    // Throws Refusal when the database refuses any of them; then none of them counts.
    virtual void send(const Context&, std::string_view rows, std::size_t count) = 0;
};

class ChunkLoader final : public RowLoader {
public:
    // Inside a transaction of `writer`, into `columns`. Until finish() has returned or this was destroyed, whoever else
    // uses `writer` takes turns with it (TableWriter::turn).
    ChunkLoader(TableWriter& writer, std::unique_ptr<BulkForm> form, const Schema& columns, Rejects rejects)
        : writer_(writer), form_(std::move(form)), columns_(names_of(columns)), rejects_(std::move(rejects)) {}
    ~ChunkLoader() override;
    ChunkLoader(const ChunkLoader&) = delete;
    ChunkLoader& operator=(const ChunkLoader&) = delete;

    void write(const Context&, const Batch&) override;
    void finish(const Context&) override;
    std::size_t undecided() const override { return filling_.rows.size() + sending_.rows.size(); }

private:
    static constexpr std::size_t chunk_bytes = std::size_t{4} << 20;

    struct Row {
        std::size_t end = 0;  // in `rows`
        std::uint64_t number = 0;
        std::uint64_t line = 0;
        std::size_t raw_end = 0;  // in `raws`
    };
    struct Chunk {
        std::string text;
        std::string raws;
        std::string_view file;  // of all its rows
        std::vector<Row> rows;
        std::vector<Reject> rejects;  // what became of it
        void clear();
    };

    // Hands over what was filled, once the chunk before has been taken in.
    void pass_on(const Context&);
    // Waits for the chunk that is being sent, and tells what became of it.
    void settle();
    void send_chunks() noexcept;
    void send_all(const Context&, Chunk&);
    void send_rows(const Context&, Chunk&, std::size_t first, std::size_t last);
    // A row that the database cannot hold, of which nothing was sent.
    void keep_back(const Context&, const Batch&, std::size_t row, ZeroBytes);
    static Reject reject_of(const Chunk&, std::size_t row, const Refusal&);

    TableWriter& writer_;
    std::unique_ptr<BulkForm> form_;
    std::vector<std::string> columns_;
    Rejects rejects_;
    Chunk filling_;
    Chunk sending_;

    std::optional<StopSignal> stop_;  // of the thread
    Context context_;
    std::mutex mutex_;  // of what follows, and of sending_ while it is sent
    std::condition_variable changed_;
    bool is_sending_ = false;
    bool has_ended_ = false;
    std::exception_ptr failure_;
    std::thread thread_;  // started with the second chunk: few rows need none
};

}  // namespace rowhaul
