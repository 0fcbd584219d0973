// SPDX-License-Identifier: Apache-2.0
// A database whose batches have one row each, and that can break at the batch a test names: a
// decorator of Database. Nothing may depend on how rows are cut into batches.
#pragma once
#include "database/database.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

namespace rowhaul::testing {

// Shared by a test and the databases it looks at.
struct SourceFault {
    std::uint64_t at_row = std::numeric_limits<std::uint64_t>::max();  // counted from 1; breaks instead of giving it
    bool has_struck = false;
};

class OneRowDatabase final : public Database {
public:
    OneRowDatabase(std::unique_ptr<Database> inner, std::shared_ptr<SourceFault> fault)
        : inner_(std::move(inner)), fault_(std::move(fault)) {}

    void check(const Context& context) override { inner_->check(context); }
    std::vector<TableInfo> tables(const Context& context) override { return inner_->tables(context); }
    Schema schema(const Context& context, const Selection& selection) override {
        return inner_->schema(context, selection);
    }
    std::unique_ptr<RowReader> read(const Context& context, const Selection& selection) override {
        const auto width = inner_->schema(context, selection).size();
        return std::make_unique<Reader>(inner_->read(context, selection), width, fault_);
    }
    std::optional<std::uint64_t> estimate(const Context& context, const Selection& selection) override {
        return inner_->estimate(context, selection);
    }
    std::chrono::microseconds oldest_transaction(const Context& context) override {
        return inner_->oldest_transaction(context);
    }
    std::unique_ptr<TableWriter> writer() const override { return inner_->writer(); }

private:
    class Reader final : public RowReader {
    public:
        Reader(std::unique_ptr<RowReader> inner, std::size_t width, std::shared_ptr<SourceFault> fault)
            : inner_(std::move(inner)), batch_(width), fault_(std::move(fault)) {}

        bool next(const Context& context, Batch& out) override {
            out.clear();
            if (++row_ == fault_->at_row) {
                fault_->has_struck = true;
                throw Error(ErrorKind::Unavailable, "the test broke the source");
            }
            if (at_ == batch_.rows()) {
                at_ = 0;
                if (!inner_->next(context, batch_)) {
                    return false;
                }
            }
            for (std::size_t column = 0; column < out.width(); ++column) {
                const Cell cell = batch_.column(column)[at_];
                out.build(column).push_back(cell.is_null() ? Cell() : Cell(out.arena().copy(cell.text())));
            }
            out.set_first_row(batch_.first_row() + at_++);
            out.set_rows(1);
            return true;
        }
        std::vector<Warning> warnings() const override { return inner_->warnings(); }
        std::string pushed_rule() const override { return inner_->pushed_rule(); }

    private:
        std::unique_ptr<RowReader> inner_;
        Batch batch_;
        std::size_t at_ = 0;
        std::uint64_t row_ = 0;
        std::shared_ptr<SourceFault> fault_;
    };

    std::unique_ptr<Database> inner_;
    std::shared_ptr<SourceFault> fault_;
};

}  // namespace rowhaul::testing
