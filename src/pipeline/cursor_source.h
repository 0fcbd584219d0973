// SPDX-License-Identifier: Apache-2.0
// A source of which only the rows are read that are new by a cursor column. The database keeps back
// what it can; which rows go on is decided here, exactly.
#pragma once
#include "connector/connector.h"
#include "mapping/row_hash.h"
#include "pipeline/cursor_window.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

// A piece of what lies between `since` and `until`, which is read piece by piece.
struct CursorChunk {
    Overlap span;              // as long as each piece
    std::uint64_t number = 0;  // of the piece, from 0
};

struct CursorReading {
    std::string column;
    std::optional<Overlap> overlap;
    std::string since;                      // this once, in place of the stored cursor; empty = not given
    std::string until;                      // this once; empty = to the end
    std::optional<CursorChunk> chunk = {};  // with `since` and `until` only
    std::string zone;                       // in which moments are given
    // Whether the target tells records apart, so that a row may come twice.
    bool has_key = false;
    std::vector<Warning> notes = {};  // to be told with the source's own
    SpoolPlace spool = {};
};

// Hands over the rows that the last run remembered.
using RememberedRows = std::function<void(const PutRemembered&)>;

class CursorSource final : public Source {
public:
    // Without a memory nothing was read before. What is `remembered` belongs to it.
    CursorSource(std::unique_ptr<Source> source, CursorReading reading, CursorMemory before, RememberedRows remembered);
    ~CursorSource() override;

    std::string object() const override { return source_->object(); }
    bool prepare(const Context& context) override { return source_->prepare(context); }
    // Throws NotFound without the cursor column, and Invalid when it, or a limit, cannot be used.
    Schema schema(const Context&) override;
    void offer_rule(const Condition& rule) override { source_->offer_rule(rule); }
    std::string doubt() const override { return source_->doubt(); }
    std::chrono::microseconds oldest_transaction(const Context& context) override {
        return source_->oldest_transaction(context);
    }
    ValueNotations notations() const override { return source_->notations(); }
    std::unique_ptr<RowReader> open(const Context&, const std::vector<std::string>& columns, Rejects rejects) override;
    std::optional<std::uint64_t> estimate(const Context&) override;
    std::vector<SourceFile> files() const override { return source_->files(); }
    std::vector<Warning> warnings() const override;
    std::uint64_t unread_parts() const override { return source_->unread_parts(); }
    std::uint64_t repeated_rows() const override { return repeated_; }
    bool set_aside(const Error& error) override { return source_->set_aside(error); }
    void conclude(const Context& context) override { source_->conclude(context); }

    // A row that was handed out did not arrive; callable from any thread while rows are on their way.
    void forget(std::uint64_t row);
    // After the reader's end: what the next run is to know; nothing new when no row was read, as a source that
    // has become empty says nothing about what it delivered.
    bool has_read_any() const { return window_ && window_->has_taken_any(); }
    CursorMemory memory() const { return has_read_any() ? window_->memory() : before_; }
    void each_remembered(const Context& context, const PutRemembered& put) const {
        window_->each_remembered(context, put);
    }
    // The piece that is read, once the schema was asked for, and what is in it as people see it.
    const std::optional<CursorScale::Chunk>& chunk() const { return chunk_; }
    std::string text(const Decimal& value) const { return scale_->text(value); }

private:
    class Reader;

    void limit();
    void limit_to_chunk();
    std::unique_ptr<RowReader> open_after_asking(const Context&, const std::vector<std::string>& columns,
                                                 const Rejects&);

    std::unique_ptr<Source> source_;
    const CursorReading reading_;
    CursorMemory before_;
    RememberedRows remembered_;
    Schema schema_;
    std::unique_ptr<CursorScale> scale_;
    std::unique_ptr<CursorWindow> window_;
    CursorWindow::Limits limits_;
    std::optional<CursorScale::Chunk> chunk_;
    std::vector<Warning> warnings_;
    std::atomic<std::uint64_t> repeated_ = 0;
};

}  // namespace rowhaul
