// SPDX-License-Identifier: Apache-2.0
// Commits whose answer is lost.
#include "connector/table_target.h"

#include "database/sqlite_database.h"
#include "testing/temporary_folder.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using testing::TemporaryFolder;

enum class Loss : std::uint8_t {
    None,
    BeforeCommit,  // the server never heard of it
    AfterCommit,   // the answer was lost
};

// A database whose sessions break at their commit, once, and may not be had again.
class BreakingDatabase final : public Database {
public:
    BreakingDatabase(std::string path, Loss loss) : inner_({.path = std::move(path)}), loss_(loss) {}
    void check(const Context&) override {}
    std::vector<TableInfo> tables(const Context&) override { return {}; }
    Schema schema(const Context&, const Selection&) override { return {}; }
    std::unique_ptr<RowReader> read(const Context&, const Selection&) override { return nullptr; }
    std::unique_ptr<TableWriter> writer() const override {
        if (is_gone && ++sessions_ > 1) {
            throw Error(ErrorKind::Unavailable, "the server is gone");
        }
        return std::make_unique<Writer>(inner_.writer(), std::exchange(loss_, Loss::None));
    }

    bool is_gone = false;

private:
    class Writer final : public TableWriter {
    public:
        Writer(std::unique_ptr<TableWriter> inner, Loss loss) : inner_(std::move(inner)), loss_(loss) {}
        const Dialect& dialect() const override { return inner_->dialect(); }
        TargetTable table(const Context& context, const std::string& name) override {
            return inner_->table(context, name);
        }
        TargetTable missing_table(const Context& context, const std::string& name) override {
            return inner_->missing_table(context, name);
        }
        void begin(const Context& context, Reach reach) override { inner_->begin(context, reach); }
        void rollback(const Context& context) override { inner_->rollback(context); }
        void commit(const Context& context) override {
            if (loss_ != Loss::BeforeCommit) {
                inner_->commit(context);
            }
            if (loss_ != Loss::None) {
                throw Error(ErrorKind::Unavailable, "the line broke");
            }
        }
        std::uint64_t execute(const Context& context, const std::string& sql) override {
            return inner_->execute(context, sql);
        }
        TableRows query(const Context& context, const std::string& sql) override { return inner_->query(context, sql); }
        std::unique_ptr<RowLoader> load(const Context& context, const std::string& into, const Schema& columns,
                                        Rejects rejects) override {
            return inner_->load(context, into, columns, std::move(rejects));
        }

    private:
        std::unique_ptr<TableWriter> inner_;
        Loss loss_;
    };

    SqliteDatabase inner_;
    mutable Loss loss_;
    mutable int sessions_ = 0;
};

class LostCommit : public ::testing::Test {
protected:
    LostCommit() : handle_(folder_ / "erp.db", SqliteAccess::Create) {
        handle_.execute("create table people (id integer primary key)");
    }
    // One row on its way, up to its commit.
    void carry(TableTarget& target) {
        const Schema schema{{.name = "id", .type = Type::Integer}};
        target.wanted({});
        target.prepare({}, schema);
        const auto writer = target.writer({}, [](const Reject&) {});
        Batch batch(1);
        batch.build(0).push_back(Cell("7"));
        batch.set_rows(1);
        writer->write({}, batch);
        writer->finish({});
        EXPECT_EQ(target.complete({}).created, 1U);
    }
    static TableTargetOptions people() {
        TableTargetOptions options;
        options.table = "people";
        return options;
    }
    static TargetRequest request() {
        return {.mapping = "people", .execution = "01A", .created = std::chrono::system_clock::now()};
    }
    std::int64_t rows() {
        auto statement = handle_.prepare("select count(*) from people");
        statement.step();
        return statement.integer(0);
    }

    TemporaryFolder folder_;
    SqliteHandle handle_;
};

TEST_F(LostCommit, AnswerThatIsLostAfterTheCommitIsFound) {
    const BreakingDatabase database(folder_ / "erp.db", Loss::AfterCommit);
    TableTarget target(database, people(), request());
    carry(target);
    EXPECT_NO_THROW(target.publish({}));
    EXPECT_EQ(rows(), 1);
}

TEST_F(LostCommit, ACommitThatNeverHappenedFails) {
    const BreakingDatabase database(folder_ / "erp.db", Loss::BeforeCommit);
    TableTarget target(database, people(), request());
    carry(target);
    EXPECT_THROW(target.publish({}), Error);
    EXPECT_EQ(rows(), 0);
}

TEST_F(LostCommit, WhatNobodyCanTellIsSaidToBeUnknown) {
    BreakingDatabase database(folder_ / "erp.db", Loss::AfterCommit);
    database.is_gone = true;
    TableTarget target(database, people(), request());
    carry(target);
    EXPECT_THROW(target.publish({}), OutcomeUnknown);
}

}  // namespace
}  // namespace rowhaul
