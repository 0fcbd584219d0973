// SPDX-License-Identifier: Apache-2.0
// A session that breaks at each of its calls in turn, before or after the database heard of it: the
// table is as it was or as it is to be, and the next run makes it so.
#include "connector/table_target.h"
#include "database/sqlite_database.h"
#include "testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace rowhaul {
namespace {

using testing::TemporaryFolder;

enum class Heard : std::uint8_t { No, Yes };

// A line to a server that breaks after some calls.
class Line {
public:
    Line(int good_calls, Heard heard) : good_calls_(good_calls), heard_(heard) {}
    bool has_broken() const { return good_calls_ < 0; }
    template <class Call>
    auto call(Call call) {
        const bool breaks = --good_calls_ < 0;
        if (breaks && (heard_ == Heard::No || good_calls_ < -1)) {
            throw Error(ErrorKind::Unavailable, "the line is broken");
        }
        if constexpr (std::is_void_v<decltype(call())>) {
            call();
            expect_answer(breaks);
        } else {
            auto result = call();
            expect_answer(breaks);
            return result;
        }
    }

private:
    static void expect_answer(bool breaks) {
        if (breaks) {
            throw Error(ErrorKind::Unavailable, "the line broke before the answer came");
        }
    }

    int good_calls_;
    Heard heard_;
};

// Breaks the first session at one call.
class FragileDatabase final : public Database {
public:
    FragileDatabase(std::string path, int good_calls, Heard heard)
        : inner_({.path = std::move(path)}), line_(good_calls, heard) {}
    void check(const Context&) override {}
    std::vector<TableInfo> tables(const Context&) override { return {}; }
    Schema schema(const Context&, const Selection&) override { return {}; }
    std::unique_ptr<RowReader> read(const Context&, const Selection&) override { return nullptr; }
    std::unique_ptr<TableWriter> writer() const override {
        return sessions_++ == 0 ? std::make_unique<Writer>(*this) : inner_.writer();
    }
    bool has_broken() const { return line_.has_broken(); }

private:
    class Loader final : public RowLoader {
    public:
        Loader(const FragileDatabase& database, std::unique_ptr<RowLoader> inner)
            : database_(database), inner_(std::move(inner)) {}
        void write(const Context& context, const Batch& batch) override {
            database_.line_.call([&] { inner_->write(context, batch); });
        }
        void finish(const Context& context) override {
            database_.line_.call([&] { inner_->finish(context); });
        }
        std::size_t undecided() const override { return inner_->undecided(); }

    private:
        const FragileDatabase& database_;
        std::unique_ptr<RowLoader> inner_;
    };
    class Writer final : public TableWriter {
    public:
        explicit Writer(const FragileDatabase& database) : database_(database), inner_(database.inner_.writer()) {}
        const Dialect& dialect() const override { return inner_->dialect(); }
        TargetTable table(const Context& context, const std::string& name) override {
            return database_.line_.call([&] { return inner_->table(context, name); });
        }
        TargetTable missing_table(const Context& context, const std::string& name) override {
            return inner_->missing_table(context, name);
        }
        void begin(const Context& context, Reach reach) override {
            database_.line_.call([&] { inner_->begin(context, reach); });
        }
        void commit(const Context& context) override {
            database_.line_.call([&] { inner_->commit(context); });
        }
        void rollback(const Context& context) override {
            database_.line_.call([&] { inner_->rollback(context); });
        }
        std::uint64_t execute(const Context& context, const std::string& sql) override {
            return database_.line_.call([&] { return inner_->execute(context, sql); });
        }
        TableRows query(const Context& context, const std::string& sql) override {
            return database_.line_.call([&] { return inner_->query(context, sql); });
        }
        std::unique_ptr<RowLoader> load(const Context& context, const std::string& into, const Schema& columns,
                                        Rejects rejects) override {
            return database_.line_.call([&] {
                return std::make_unique<Loader>(database_, inner_->load(context, into, columns, std::move(rejects)));
            });
        }

    private:
        const FragileDatabase& database_;
        std::unique_ptr<TableWriter> inner_;
    };

    SqliteDatabase inner_;
    mutable Line line_;
    mutable int sessions_ = 0;
};

struct Mode {
    std::string name;
    RecordRules rules;
};

class BrokenSession : public ::testing::TestWithParam<Mode> {
protected:
    BrokenSession() : handle_(path(), SqliteAccess::Create) {}

    std::string path() const { return folder_ / "erp.db"; }
    void fill() {
        handle_.execute(
            "drop table if exists people; drop table if exists rowhaul_commits; "
            "create table people (id integer not null, name text, gone boolean, check (name <> 'bad')); "
            "insert into people values (1, 'Anna', 1), (2, 'Bruno', 0), (3, 'Carla', null), (4, 'Dora', 0)");
    }
    std::string contents() {
        auto statement = handle_.prepare("select id, name, gone from people order by 1, 2");
        std::string out;
        while (statement.step()) {
            out += fmt::format("{}{}{} ", statement.integer(0), statement.text(1),
                               statement.optional_text(2).value_or(""));
        }
        return out;
    }
    void run(const Database& database, const std::string& execution) const {
        TableTargetOptions options;
        options.table = "people";
        TableTarget target(database, options,
                           {.mapping = "people",
                            .execution = execution,
                            .created = std::chrono::system_clock::now(),
                            .records = GetParam().rules});
        const Schema schema{{.name = "id", .type = Type::Integer}, {.name = "name"}};
        target.wanted({});
        target.prepare({}, schema);
        const auto writer = target.writer({}, [](const Reject&) {});
        Batch batch(2);
        for (const auto& [id, name] : {std::pair("1", "Anna"), {"2", "changed"}, {"5", "new"}}) {
            batch.build(0).push_back(Cell(id));
            batch.build(1).push_back(Cell(name));
        }
        batch.set_rows(3);
        writer->write({}, batch);
        writer->finish({});
        target.complete({});
        target.publish({});
    }

    TemporaryFolder folder_;
    SqliteHandle handle_;
};

INSTANTIATE_TEST_SUITE_P(Modes, BrokenSession,
                         ::testing::Values(Mode{"append", {}}, Mode{"upsert", {.key = {"id"}}},
                                           Mode{"mirror", {.key = {"id"}, .absent = Absent::Delete}},
                                           Mode{"mark",
                                                {.key = {"id"}, .absent = Absent::Mark, .mark = {.column = "gone"}}},
                                           Mode{"replace", {.replaces_all = true}}),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(BrokenSession, LeavesAllOrNothingAtEveryCall) {
    fill();
    const auto before = contents();
    run(SqliteDatabase({.path = path()}), "01A");
    const auto after = contents();
    ASSERT_NE(before, after);
    for (const auto heard : {Heard::No, Heard::Yes}) {
        int calls = 0;
        for (bool breaks = true; breaks; ++calls) {
            SCOPED_TRACE(fmt::format("call {}, heard {}", calls, heard == Heard::Yes));
            fill();
            const FragileDatabase database(path(), calls, heard);
            bool failed = false;
            try {
                run(database, "01B");
            } catch (const Error&) {
                failed = true;
            }
            breaks = database.has_broken();
            EXPECT_EQ(contents(), failed ? before : after);
            const bool committed =
                CommitRecord::has_committed({}, *SqliteDatabase({.path = path()}).writer(), "people", "people", "01B");
            EXPECT_EQ(committed, !failed);
            if (failed) {
                run(SqliteDatabase({.path = path()}), "01C");
                EXPECT_EQ(contents(), after);
            }
        }
        EXPECT_GT(calls, 10);
    }
}

}  // namespace
}  // namespace rowhaul
