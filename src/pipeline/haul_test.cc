// SPDX-License-Identifier: Apache-2.0
#include "pipeline/haul.h"

#include <gtest/gtest.h>
#include <thread>

namespace rowhaul {
namespace {

// Numbers from 1; may break off, or wait for ever.
class NumberSource final : public Source {
public:
    explicit NumberSource(std::uint64_t rows) : rows_(rows) {}
    std::optional<std::uint64_t> fails_at;
    bool hangs_at_end = false;

    std::string object() const override { return "numbers"; }
    Schema schema(const Context&) override { return {{.name = "n", .type = Type::Integer}, {.name = "text"}}; }
    std::unique_ptr<RowReader> open(const Context&, const std::vector<std::string>& columns, Rejects) override {
        return std::make_unique<Reader>(*this, columns.size());
    }

private:
    class Reader final : public RowReader {
    public:
        Reader(NumberSource& source, std::size_t width) : source_(source), width_(width) {}
        bool next(const Context& context, Batch& out) override {
            out.clear();
            out.set_first_row(at_ + 1);
            std::size_t rows = 0;
            for (; at_ < source_.rows_ && rows < 100; ++rows, ++at_) {
                if (source_.fails_at == at_) {
                    throw Error(ErrorKind::Unavailable, "numbers: connection lost");
                }
                for (std::size_t column = 0; column < width_; ++column) {
                    out.build(column).emplace_back(out.arena().copy(std::to_string(at_ + 1)));
                }
            }
            out.set_rows(rows);
            if (rows == 0 && source_.hangs_at_end) {
                context.sleep(std::chrono::hours(1));
            }
            return rows > 0;
        }
        std::vector<Warning> warnings() const override { return {{"test_warning", "noticed", 2}}; }

    private:
        NumberSource& source_;
        std::size_t width_;
        std::uint64_t at_ = 0;
    };

    std::uint64_t rows_;
};

// Keeps what it gets; rejects multiples of a number; can lose a row or fail.
class MemoryTarget final : public Target {
public:
    std::vector<std::string> rows;
    std::uint64_t rejects_every = 0;
    std::uint64_t loses = 0;
    bool fails = false;
    bool visible = false;

    std::string object() const override { return "memory"; }
    void prepare(const Context&, const Schema& schema) override { width_ = schema.size(); }
    std::unique_ptr<RowWriter> writer(const Context&, Rejects rejects) override {
        return std::make_unique<Writer>(*this, std::move(rejects));
    }
    Delivery complete(const Context&) override { return {.created = rows.size() - loses}; }
    std::vector<FileRecord> publish(const Context&) override {
        visible = true;
        return {{.name = "memory.csv", .rows = rows.size()}};
    }

private:
    class Writer final : public RowWriter {
    public:
        Writer(MemoryTarget& target, Rejects rejects) : target_(target), rejects_(std::move(rejects)) {}
        void write(const Context&, const Batch& batch) override {
            for (std::size_t row = 0; row < batch.rows(); ++row) {
                const auto number = batch.row_number(row);
                if (target_.fails && number > 150) {
                    throw Error(ErrorKind::Exhausted, "memory: disk full");
                }
                if (target_.rejects_every != 0 && number % target_.rejects_every == 0) {
                    rejects_(
                        {.row = number, .reason = "multiple", .field = "n", .value = {}, .message = "no multiples"});
                    continue;
                }
                std::string line;
                for (std::size_t column = 0; column < target_.width_; ++column) {
                    line += batch.column(column)[row].text();
                    line += ';';
                }
                target_.rows.push_back(line);
            }
        }
        void finish(const Context&) override {}

    private:
        MemoryTarget& target_;
        Rejects rejects_;
    };

    std::size_t width_ = 0;
};

struct Fixture {
    NumberSource source{10'000};
    MemoryTarget target;
    RowRules rules;
    std::uint64_t kept_rejects = 0;
    HaulProgress progress;
    StopSignal stop;
    Haul haul{source, rules, target, [this](const Reject&) { ++kept_rejects; }};

    void go() {
        const Context context{.stop = &stop};
        haul.carry(context, progress);
        haul.publish(context);
    }
};

TEST(Haul, carries_every_row_in_order) {
    Fixture run;
    run.go();
    EXPECT_EQ(run.haul.report().rows, (RowCounts{.read = 10'000, .created = 10'000}));
    EXPECT_EQ(run.target.rows.size(), 10'000U);
    EXPECT_EQ(run.target.rows.front(), "1;1;");
    EXPECT_EQ(run.target.rows.back(), "10000;10000;");
    EXPECT_EQ(run.progress.rows, 10'000U);
    EXPECT_EQ(run.haul.report().files.at(0).name, "memory.csv");
    EXPECT_EQ(run.haul.report().warnings.at(0).code, "test_warning");
}

TEST(Haul, maps_fields_on_the_way) {
    Fixture run;
    run.rules.fields = {{"a", "n", ""}, {"b", "n", ""}, {"c", "text", ""}};
    run.go();
    EXPECT_EQ(run.target.rows.at(4), "5;5;5;");
}

TEST(Haul, P1_filtered_and_rejected_rows_are_accounted_for) {
    Fixture run;
    run.rules.where = "n % 3 <> 0";
    run.rules.fields = {{"a", "", "100 / (n % 10)"}, {"b", "text", ""}};
    run.go();
    const auto& report = run.haul.report();
    EXPECT_EQ(report.rows, (RowCounts{.read = 10'000, .filtered = 3'333, .created = 6'000, .rejected = 667}));
    EXPECT_EQ(run.kept_rejects, 667U);
    const auto& reject = report.rejects.at("division_by_zero").sample.at(1);
    EXPECT_EQ(reject.row, 20U);
    EXPECT_EQ(reject.field, "a");
    EXPECT_EQ(run.target.rows.at(2), "25;4;");
}

TEST(Haul, a_targets_reject_names_the_row_of_the_source_although_rows_before_it_were_left_out) {
    Fixture run;
    run.rules.where = "n >= 15";
    run.target.rejects_every = 1000;
    run.go();
    EXPECT_EQ(run.haul.report().rejects.at("multiple").sample.at(0).row, 1000U);
    EXPECT_EQ(run.haul.report().rows, (RowCounts{.read = 10'000, .filtered = 14, .created = 9'976, .rejected = 10}));
}

TEST(Haul, large_texts_come_in_several_goes_and_all_arrive) {
    Fixture run;
    run.rules.where = "n <= 300";
    run.rules.fields = {{"a", "", "length(repeat('x', 100000)) + length(repeat('y', 1000 * n))"}};
    run.go();
    EXPECT_EQ(run.haul.report().rows, (RowCounts{.read = 10'000, .filtered = 9'700, .created = 300}));
    EXPECT_EQ(run.target.rows.at(298), "399000;");
}

TEST(Haul, counts_and_keeps_every_reject_but_shows_a_few) {
    Fixture run;
    run.target.rejects_every = 10;
    run.go();
    const auto& report = run.haul.report();
    EXPECT_EQ(report.rows, (RowCounts{.read = 10'000, .created = 9'000, .rejected = 1'000}));
    EXPECT_EQ(run.kept_rejects, 1'000U);
    EXPECT_EQ(report.rejects.at("multiple").count, 1'000U);
    EXPECT_EQ(report.rejects.at("multiple").sample.size(), RejectGroup::most_samples);
    EXPECT_EQ(report.rejects.at("multiple").sample.at(1).row, 20U);
}

// P1: a target that loses a row must not become visible.
TEST(Haul, P1_refuses_to_publish_when_the_rows_do_not_add_up) {
    Fixture run;
    run.target.loses = 1;
    try {
        run.go();
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Internal);
        EXPECT_NE(std::string(error.what()).find("10000 read, but 9999 accounted for"), std::string::npos)
            << error.what();
    }
    EXPECT_FALSE(run.target.visible);
}

// Failure stories 1 and 2: a source that breaks off at any row never looks like a short success.
TEST(Haul, a_source_that_breaks_off_fails_the_run) {
    for (const std::uint64_t row : {0, 1, 5'000, 9'999}) {
        Fixture run;
        run.source.fails_at = row;
        EXPECT_THROW(run.go(), Error) << row;
        EXPECT_FALSE(run.target.visible);
    }
}

TEST(Haul, a_target_that_fails_stops_the_source) {
    Fixture run;
    run.target.fails = true;
    try {
        run.go();
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "memory: disk full");
    }
    EXPECT_LE(run.progress.rows, 200U);
}

TEST(Haul, a_stop_request_ends_a_hanging_source) {
    Fixture run;
    run.source.hangs_at_end = true;
    std::thread stopper([&] {
        while (run.progress.rows < 10'000) {
            std::this_thread::yield();
        }
        run.stop.request();
    });
    try {
        run.go();
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
    }
    stopper.join();
}

TEST(Haul, an_empty_source_is_no_error) {
    Fixture run;
    NumberSource empty(0);
    Haul haul(empty, run.rules, run.target, [](const Reject&) {});
    haul.carry({}, run.progress);
    haul.publish({});
    EXPECT_EQ(haul.report().rows, RowCounts{});
}

}  // namespace
}  // namespace rowhaul
