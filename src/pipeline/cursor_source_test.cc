// SPDX-License-Identifier: Apache-2.0
#include "pipeline/cursor_source.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

// Moments, and what the database says of transactions.
struct Moments {
    std::vector<std::string> rows;
    std::chrono::microseconds oldest{};
    std::string from;  // of the range that was asked for
    bool was_asked = false;
};

class MomentSource final : public Source {
public:
    explicit MomentSource(Moments& moments) : moments_(moments) {}
    std::string object() const override { return "moments"; }
    Schema schema(const Context&) override { return {{.name = "at", .type = type}}; }
    void offer_range(const ColumnRange& range) override { moments_.from = range.from ? range.from->text : ""; }
    std::chrono::microseconds oldest_transaction(const Context&) override {
        moments_.was_asked = true;
        return moments_.oldest;
    }
    std::unique_ptr<RowReader> open(const Context&, const std::vector<std::string>&, Rejects) override {
        return std::make_unique<Reader>(moments_);
    }
    Type type = Type::Timestamp;

private:
    class Reader final : public RowReader {
    public:
        explicit Reader(const Moments& moments) : moments_(moments) {}
        bool next(const Context&, Batch& out) override {
            out.clear();
            out.set_first_row(1);
            if (has_ended_) {
                return false;
            }
            for (const auto& row : moments_.rows) {
                out.build(0).emplace_back(out.arena().copy(row));
            }
            out.set_rows(moments_.rows.size());
            has_ended_ = true;
            return true;
        }
        std::vector<Warning> warnings() const override { return {}; }

    private:
        const Moments& moments_;
        bool has_ended_ = false;
    };
    Moments& moments_;
};

class CursorSourceTest : public ::testing::Test {
protected:
    // The rows that go on, in a run that succeeds.
    std::vector<std::string> run(std::optional<Overlap> overlap = {}, Type type = Type::Timestamp) {
        return run_reading({.column = "at", .overlap = overlap, .since = {}, .until = {}, .zone = "UTC"}, type);
    }
    std::vector<std::string> run_between(std::string since, std::string until) {
        return run_reading(
            {.column = "at", .overlap = {}, .since = std::move(since), .until = std::move(until), .zone = "UTC"},
            Type::Timestamp);
    }
    std::vector<std::string> run_reading(CursorReading reading, Type type) {
        auto inner = std::make_unique<MomentSource>(moments_);
        inner->type = type;
        CursorSource source(std::move(inner), std::move(reading), memory_,
                            [rows = rows_](const PutRemembered& put) { put(rows); });
        source.schema(Context());
        const auto rows = source.open(Context(), {"at"}, [](const Reject&) {});
        Batch batch(1);
        std::vector<std::string> found;
        while (rows->next(Context(), batch)) {
            for (std::size_t row = 0; row < batch.rows(); ++row) {
                found.emplace_back(batch.column(0)[row].text());
            }
        }
        memory_ = source.memory();
        if (source.has_read_any()) {
            rows_.clear();
            source.each_remembered(Context(), [&](std::string_view lines) { rows_ += lines; });
        }
        return found;
    }
    using Rows = std::vector<std::string>;

    Moments moments_;
    CursorMemory memory_;
    std::string rows_;  // that are remembered
};

TEST_F(CursorSourceTest, looks_five_minutes_back_where_the_database_cannot_tell_more) {
    moments_.rows = {"2026-01-01 12:00:00"};
    run();
    moments_.rows.insert(moments_.rows.end(), {"2026-01-01 11:56:00", "2026-01-01 11:00:00"});
    EXPECT_EQ(run(), (Rows{"2026-01-01 11:56:00"}));
}

TEST_F(CursorSourceTest, looks_back_as_long_as_the_oldest_transaction_was_open) {
    moments_.rows = {"2026-01-01 12:00:00"};
    moments_.oldest = std::chrono::hours(10);
    run();
    // The transaction ends, so its row is there; the run after this one looks no further than usual.
    moments_.oldest = {};
    moments_.rows.insert(moments_.rows.end(), {"2026-01-01 02:00:00", "2026-01-01 01:00:00"});
    EXPECT_EQ(run(), (Rows{"2026-01-01 02:00:00"}));
    EXPECT_EQ(moments_.from.substr(0, 16), "2026-01-01 01:54");
    moments_.rows.insert(moments_.rows.end(), {"2026-01-01 11:56:00", "2026-01-01 11:00:00"});
    EXPECT_EQ(run(), (Rows{"2026-01-01 11:56:00"}));
    EXPECT_EQ(moments_.from.substr(0, 16), "2026-01-01 11:54");
}

TEST_F(CursorSourceTest, remembers_for_as_long_as_a_transaction_is_open) {
    moments_.rows = {"2026-01-01 02:30:00", "2026-01-01 12:00:00"};
    moments_.oldest = std::chrono::hours(10);
    EXPECT_EQ(run().size(), 2U);
    EXPECT_EQ(run(), Rows{});
    EXPECT_EQ(run(), Rows{});
    moments_.rows.emplace_back("2026-01-01 02:15:00");
    EXPECT_EQ(run(), (Rows{"2026-01-01 02:15:00"}));
}

TEST_F(CursorSourceTest, looks_later_at_what_limits_kept_it_from) {
    moments_.rows = {"2026-01-01 03:00:00", "2026-01-01 12:00:00"};
    moments_.oldest = std::chrono::hours(10);
    EXPECT_EQ(run().size(), 2U);
    moments_.oldest = {};
    moments_.rows.insert(moments_.rows.end(), {"2026-01-01 04:00:00", "2026-01-01 05:00:00", "2026-01-01 06:00:00"});
    EXPECT_EQ(run_between("2026-01-01 05:30:00", ""), (Rows{"2026-01-01 06:00:00"}));
    EXPECT_EQ(run_between("", "2026-01-01 04:30:00"), (Rows{"2026-01-01 04:00:00"}));
    moments_.rows.emplace_back("2026-01-01 13:00:00");
    EXPECT_EQ(run_between("2026-01-01 11:00:00", ""), (Rows{"2026-01-01 13:00:00"}));
    EXPECT_EQ(run(), (Rows{"2026-01-01 05:00:00"}));
    // All of it was looked at by now.
    moments_.rows.emplace_back("2026-01-01 05:00:00");
    EXPECT_EQ(run(), Rows{});
}

TEST_F(CursorSourceTest, gives_up_what_lies_before_a_limit_beyond_the_cursor) {
    moments_.rows = {"2026-01-01 12:00:00"};
    moments_.oldest = std::chrono::hours(10);
    run();
    moments_.oldest = {};
    moments_.rows.insert(moments_.rows.end(), {"2026-01-01 13:00:00", "2026-01-01 15:00:00"});
    EXPECT_EQ(run_between("2026-01-01 14:00:00", ""), (Rows{"2026-01-01 15:00:00"}));
    EXPECT_EQ(run(), Rows{});
}

TEST_F(CursorSourceTest, looks_back_whole_days_where_there_are_dates_only) {
    moments_.rows = {"2026-01-10"};
    moments_.oldest = std::chrono::hours(30);
    run({}, Type::Date);
    moments_.rows.insert(moments_.rows.end(), {"2026-01-08", "2026-01-07"});
    EXPECT_EQ(run({}, Type::Date), (Rows{"2026-01-08"}));
}

TEST_F(CursorSourceTest, never_doubles_a_row_when_the_overlap_becomes_longer) {
    moments_.rows = {"2026-01-01 11:00:00", "2026-01-01 12:00:00"};
    EXPECT_EQ(run(parse_overlap("1m")).size(), 2U);
    EXPECT_EQ(run(parse_overlap("2h")), Rows{});
    moments_.rows.insert(moments_.rows.end(), {"2026-01-01 11:59:30", "2026-01-01 13:00:00"});
    EXPECT_EQ(run(parse_overlap("2h")), (Rows{"2026-01-01 11:59:30", "2026-01-01 13:00:00"}));
}

// Between two chunks rows are committed that belong to the one that was read already.
TEST_F(CursorSourceTest, looks_back_from_chunk_to_chunk_but_not_beyond_the_first) {
    const auto run_chunk = [&](std::uint64_t number) {
        return run_reading({.column = "at",
                            .overlap = {},
                            .since = "2026-01-01 10:00:00",
                            .until = "2026-01-01 12:59:59",
                            .chunk = CursorChunk{.span = *parse_overlap("1h"), .number = number},
                            .zone = "UTC"},
                           Type::Timestamp);
    };
    moments_.rows = {"2026-01-01 09:59:59", "2026-01-01 10:00:00", "2026-01-01 10:59:00", "2026-01-01 11:00:00",
                     "2026-01-01 12:00:00", "2026-01-01 12:59:59", "2026-01-01 13:00:00"};
    EXPECT_EQ(run_chunk(0), (Rows{"2026-01-01 10:00:00", "2026-01-01 10:59:00"}));
    moments_.rows.insert(moments_.rows.end(), {"2026-01-01 10:58:00", "2026-01-01 09:59:59"});
    EXPECT_EQ(run_chunk(1), (Rows{"2026-01-01 11:00:00", "2026-01-01 10:58:00"}));
    EXPECT_EQ(run_chunk(2), (Rows{"2026-01-01 12:00:00", "2026-01-01 12:59:59"}));
    EXPECT_EQ(run(), (Rows{"2026-01-01 13:00:00"}));
}

TEST_F(CursorSourceTest, does_not_ask_where_the_overlap_is_given) {
    moments_.rows = {"2026-01-01 12:00:00"};
    moments_.oldest = std::chrono::hours(10);
    run(parse_overlap("1m"));
    EXPECT_FALSE(moments_.was_asked);
    moments_.rows.emplace_back("2026-01-01 11:58:00");
    EXPECT_EQ(run(parse_overlap("1m")), Rows{});
}

}  // namespace
}  // namespace rowhaul
