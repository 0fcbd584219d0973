// SPDX-License-Identifier: Apache-2.0
// What every Database promises, as tests. A database's own test file says
//   INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, DatabaseSuite, SqliteLab);
// where the lab, made anew for each test, offers an empty database of that kind:
//   std::unique_ptr<Database> open();           a new reading session on it
//   void execute(const std::string& sql);       one statement, as its owner, on another connection
//   static std::string literal(std::string_view text);     text as SQL writes it
//   static std::string quoted(std::string_view name);      a name as SQL writes it
//   static std::string repeated(char, std::size_t count);  an expression that makes a long text
//   static std::string analyze(std::string_view table);    the statement that counts for the planner
//   static std::string failing();               an expression that is always an error when evaluated
//   static constexpr std::string_view long_text;           a type for texts of 16 MiB
//   static constexpr bool has_decimals;         whether decimal(40, 20) keeps every digit
//   static std::vector<std::string> writing_queries();     that write to table "kept", or the file
//       system, or lock, in the ways of this database; the suite has the usual ones itself
#pragma once
#include "base/context.h"
#include "data/batch.h"
#include "database/database.h"
#include "testing/suite/read_rows.h"

#include <algorithm>
#include <cstdio>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

namespace rowhaul::testing {

// A name or a text as standard SQL writes it.
inline std::string doubled_quotes(std::string_view text, char mark = '\'') {
    std::string quoted(1, mark);
    for (const char c : text) {
        quoted += c == mark ? std::string(2, c) : std::string(1, c);
    }
    return quoted + mark;
}

inline std::size_t resident_bytes() {
    std::size_t all = 0;
    std::size_t resident = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%zu %zu", &all, &resident) != 2) {
            resident = 0;
        }
        std::fclose(file);
    }
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

inline constexpr std::size_t mebibyte = 1024 * 1024;

template <class Lab>
class DatabaseSuite : public ::testing::Test {
protected:
    static Selection table(std::string name, std::vector<std::string> columns = {}) {
        return {.table = std::move(name), .query = {}, .columns = std::move(columns)};
    }
    static Selection query(std::string sql, std::vector<std::string> columns = {}) {
        return {.table = {}, .query = std::move(sql), .columns = std::move(columns)};
    }

    // Runs something that must throw, and hands out what was thrown.
    template <class Action>
    static Error thrown_by(Action&& action) {
        try {
            action();
        } catch (const Error& error) {
            return error;
        }
        ADD_FAILURE() << "nothing was thrown";
        return {ErrorKind::Internal, "nothing was thrown"};
    }
    Error refusal_of(const Selection& selection) {
        return thrown_by([&] {
            Batch batch(1);
            database_->read(context_, selection)->next(context_, batch);
        });
    }

    void execute(const std::string& sql) { lab_.execute(sql); }
    // numbers(n, t): n from 1 to 131072, t the text "row " and n padded to 20 characters or more.
    static constexpr std::uint64_t many = 131072;
    void make_many_rows() {
        execute("create table numbers (n integer not null primary key, t varchar(40))");
        execute("insert into numbers values (1, 'row number xxxxxxxxx')");
        for (std::uint64_t size = 1; size < many; size *= 2) {
            execute("insert into numbers select n + " + std::to_string(size) + ", t from numbers");
        }
    }
    void make_kept() {
        execute("create table kept (id integer not null primary key, name varchar(40))");
        execute("insert into kept values (1, 'one')");
        execute("insert into kept values (2, 'two')");
    }
    void expect_kept_unchanged() {
        const auto another = lab_.open();
        EXPECT_EQ(rows_of_query(*another, "select id, name from kept order by id"),
                  (std::vector<Row>{{"1", "one"}, {"2", "two"}}));
    }

    Lab lab_;
    std::unique_ptr<Database> database_ = lab_.open();
    Context context_;
};

TYPED_TEST_SUITE_P(DatabaseSuite);

TYPED_TEST_P(DatabaseSuite, CheckTellsItsSteps) {
    std::vector<std::string> steps;
    Context context;
    context.step = [&](std::string_view step, std::string_view) { steps.emplace_back(step); };
    this->database_->check(context);
    EXPECT_GE(steps.size(), 2U);
}

TYPED_TEST_P(DatabaseSuite, ListsTablesAndViewsUnderNamesThatCanBeRead) {
    this->execute("create table orders (id integer)");
    this->execute("create table " + TypeParam::quoted("Odd \"name\" ü. x") + " (" + TypeParam::quoted("Select \"it\"") +
                  " integer)");
    this->execute("create view open_orders as select id from orders");
    std::vector<std::string> kinds;
    for (const auto& info : this->database_->tables(this->context_)) {
        const auto schema = this->database_->schema(this->context_, this->table(info.name));
        ASSERT_EQ(schema.size(), 1U) << info.name;
        EXPECT_TRUE(rows_of_table(*this->database_, info.name).empty());
        kinds.push_back(info.kind + " with " + schema.front().name);
    }
    EXPECT_THAT(kinds, ::testing::UnorderedElementsAre("table with id", "table with Select \"it\"", "view with id"));
}

TYPED_TEST_P(DatabaseSuite, AMissingTableIsNotFoundAndNamesItsNearMiss) {
    this->execute("create table customers (id integer)");
    for (const auto& selection : {this->table("custmers"), this->query("select * from custmers")}) {
        const auto error = this->thrown_by([&] { this->database_->schema(this->context_, selection); });
        EXPECT_EQ(error.kind(), ErrorKind::NotFound) << error.what();
        EXPECT_THAT(error.what(), ::testing::HasSubstr("custmers"));
        EXPECT_THAT(error.what(), ::testing::HasSubstr("\"customers\"?"));
    }
    EXPECT_EQ(this->refusal_of(this->table("custmers")).kind(), ErrorKind::NotFound);
    EXPECT_EQ(this->refusal_of(this->table("")).kind(), ErrorKind::Invalid);
}

TYPED_TEST_P(DatabaseSuite, AMissingColumnIsNotFoundAndNamesItsNearMiss) {
    this->execute("create table customers (id integer, first_name varchar(10))");
    for (const auto& selection :
         {this->table("customers", {"id", "frist_name"}), this->query("select * from customers", {"frist_name"})}) {
        const auto error = this->thrown_by([&] { this->database_->schema(this->context_, selection); });
        EXPECT_EQ(error.kind(), ErrorKind::NotFound) << error.what();
        EXPECT_THAT(error.what(), ::testing::HasSubstr("frist_name"));
        EXPECT_THAT(error.what(), ::testing::HasSubstr("\"first_name\"?"));
        EXPECT_EQ(this->refusal_of(selection).kind(), ErrorKind::NotFound);
    }
    EXPECT_EQ(this->refusal_of(this->query("select nothing_such from customers")).kind(), ErrorKind::NotFound);
}

TYPED_TEST_P(DatabaseSuite, AnEmptyTableHasColumnsAndNoRows) {
    this->execute("create table empty_one (id integer not null, name varchar(10))");
    const auto schema = this->database_->schema(this->context_, this->table("empty_one"));
    ASSERT_EQ(schema.size(), 2U);
    EXPECT_EQ(schema[0].name, "id");
    EXPECT_EQ(schema[0].type, Type::Integer);
    EXPECT_FALSE(schema[0].nullable);
    EXPECT_EQ(schema[1].name, "name");
    EXPECT_EQ(schema[1].type, Type::Text);
    EXPECT_TRUE(schema[1].nullable);
    EXPECT_FALSE(schema[1].source_type.empty());

    const auto reader = this->database_->read(this->context_, this->table("empty_one"));
    Batch batch(2);
    EXPECT_FALSE(reader->next(this->context_, batch));
    EXPECT_EQ(batch.rows(), 0U);
    EXPECT_FALSE(reader->next(this->context_, batch));
}

TYPED_TEST_P(DatabaseSuite, NullAndEmptyTextDiffer) {
    this->execute("create table t (id integer, a varchar(10), b varchar(10))");
    this->execute("insert into t values (1, null, '')");
    this->execute("insert into t values (null, 'x', null)");
    this->execute("insert into t values (null, null, null)");
    const auto rows = rows_of_table(*this->database_, "t");
    EXPECT_EQ(rows, (std::vector<Row>{{"1", std::nullopt, ""}, {std::nullopt, "x", std::nullopt}, {{}, {}, {}}}));
}

TYPED_TEST_P(DatabaseSuite, ColumnsComeInTheOrderAskedFor) {
    this->execute("create table t (a integer, b varchar(10), c varchar(10))");
    this->execute("insert into t values (1, 'two', null)");
    EXPECT_EQ(rows_of_table(*this->database_, "t", {"c", "a"}), (std::vector<Row>{{std::nullopt, "1"}}));
    EXPECT_EQ(rows_of_table(*this->database_, "t", {"b", "a", "b"}), (std::vector<Row>{{"two", "1", "two"}}));
    const auto chosen = this->query("select a, b, c from t", {"c", "b"});
    EXPECT_EQ(rows_of(*this->database_, chosen), (std::vector<Row>{{std::nullopt, "two"}}));
    const auto schema = this->database_->schema(this->context_, chosen);
    ASSERT_EQ(schema.size(), 2U);
    EXPECT_EQ(schema[0].name, "c");
    EXPECT_EQ(schema[1].name, "b");
}

TYPED_TEST_P(DatabaseSuite, ManyRowsComeInNumberedBatchesInBoundedMemory) {
    this->make_many_rows();
    const auto reader = this->database_->read(this->context_, this->query("select n, t from numbers order by n"));
    Batch batch(2);
    std::uint64_t rows = 0;
    std::size_t before = 0;
    while (reader->next(this->context_, batch)) {
        ASSERT_GT(batch.rows(), 0U);
        ASSERT_LE(batch.rows(), Batch::max_rows);
        ASSERT_EQ(batch.first_row(), rows + 1);
        for (const Cell& cell : batch.column(0)) {
            ASSERT_EQ(cell.text(), std::to_string(++rows));
        }
        ASSERT_EQ(batch.column(1)[0].text(), "row number xxxxxxxxx");
        if (before == 0) {
            before = resident_bytes();
        }
    }
    EXPECT_EQ(rows, this->many);
    EXPECT_EQ(batch.rows(), 0U);
#ifndef __SANITIZE_ADDRESS__
    EXPECT_LE(resident_bytes(), before + 8 * mebibyte);
#endif
}

TYPED_TEST_P(DatabaseSuite, TextArrivesAsItIs) {
    const std::vector<std::string> texts = {"Zürich – Łódź – 東京 – 🚚 – e\u0301",
                                            "line\nbreak",
                                            "carriage\r\nreturn",
                                            "tab\tand\vvertical\ffeed",
                                            "quote \" and ' and `",
                                            "back\\slash",
                                            "\\N",
                                            "\\.",
                                            "\\",
                                            "\\\\n",
                                            "NULL",
                                            "  spaces  ",
                                            "a\bb\x7f\x01",
                                            ";--/*",
                                            "007",
                                            "\n",
                                            "ends with backslash\\",
                                            "\\t\t\\\t",
                                            "\xc2\xa0\xe2\x80\xa8"};
    this->execute("create table t (id integer, text_ " + std::string(TypeParam::long_text) + ")");
    for (std::size_t i = 0; i < texts.size(); ++i) {
        this->execute("insert into t values (" + std::to_string(i) + ", " + TypeParam::literal(texts[i]) + ")");
    }
    const auto rows = rows_of_query(*this->database_, "select text_ from t order by id");
    ASSERT_EQ(rows.size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        EXPECT_EQ(rows[i].front(), texts[i]) << i;
    }
}

TYPED_TEST_P(DatabaseSuite, WideCellsArriveWhole) {
    this->execute("create table t (id integer, text_ " + std::string(TypeParam::long_text) + ")");
    this->execute("insert into t values (1, " + TypeParam::repeated('a', mebibyte) + ")");
    this->execute("insert into t values (2, 'short')");
    this->execute("insert into t values (3, " + TypeParam::repeated('c', 15 * mebibyte) + ")");
    this->execute("insert into t values (4, 'last')");
    const auto reader = this->database_->read(this->context_, this->query("select id, text_ from t order by id"));
    Batch batch(2);
    std::vector<std::size_t> sizes;
    while (reader->next(this->context_, batch)) {
        for (std::size_t row = 0; row < batch.rows(); ++row) {
            const auto text = batch.column(1)[row].text();
            sizes.push_back(text.size());
            ASSERT_EQ(text.front(), text.size() == 5 ? 's' : text.size() == 4 ? 'l' : text.back());
        }
    }
    EXPECT_EQ(sizes, (std::vector<std::size_t>{mebibyte, 5, 15 * mebibyte, 4}));
}

TYPED_TEST_P(DatabaseSuite, ABatchEndsAtItsByteLimit) {
    this->execute("create table t (id integer, text_ " + std::string(TypeParam::long_text) + ")");
    for (int i = 0; i < 12; ++i) {
        this->execute("insert into t values (" + std::to_string(i) + ", " + TypeParam::repeated('x', 300 * 1024) + ")");
    }
    const auto reader = this->database_->read(this->context_, this->table("t"));
    Batch batch(2);
    std::size_t rows = 0;
    while (reader->next(this->context_, batch)) {
        EXPECT_LE(batch.rows(), 5U);
        EXPECT_EQ(batch.first_row(), rows + 1);
        rows += batch.rows();
    }
    EXPECT_EQ(rows, 12U);
}

TYPED_TEST_P(DatabaseSuite, AQueryMayEndInASemicolonOrAComment) {
    for (const auto* sql : {"select 1 as a;", "select 1 as a ; ", "select 1 as a -- said", "select 1 as a; -- said",
                            "select 1 as a /* said */", "-- first\n  select 1 as a", "/* ; */ select 1 as a;\n\n",
                            "with one as (select 1 as a) select a from one"}) {
        const auto schema = this->database_->schema(this->context_, this->query(sql));
        ASSERT_EQ(schema.size(), 1U) << sql;
        EXPECT_EQ(schema.front().name, "a") << sql;
        EXPECT_EQ(rows_of_query(*this->database_, sql), (std::vector<Row>{{"1"}})) << sql;
    }
}

TYPED_TEST_P(DatabaseSuite, TextInAQueryIsNoStatement) {
    EXPECT_EQ(rows_of_query(*this->database_, "select 'insert; -- delete /* from' as a"),
              (std::vector<Row>{{"insert; -- delete /* from"}}));
    this->execute("create table t (" + TypeParam::quoted("update") + " integer)");
    this->execute("insert into t values (5)");
    EXPECT_EQ(rows_of_query(*this->database_, "select " + TypeParam::quoted("update") + " from t"),
              (std::vector<Row>{{"5"}}));
}

TYPED_TEST_P(DatabaseSuite, ASecondStatementIsRefused) {
    this->make_kept();
    for (const auto* sql : {"select 1; select 2", "select 1; drop table kept", "select 1;; delete from kept;",
                            "select 1 /* ; */; -- x\n update kept set name = 'x'", "commit; drop table kept",
                            "select 1; commit; delete from kept"}) {
        EXPECT_EQ(this->refusal_of(this->query(sql)).kind(), ErrorKind::Invalid) << sql;
        EXPECT_EQ(this->thrown_by([&] { this->database_->schema(this->context_, this->query(sql)); }).kind(),
                  ErrorKind::Invalid)
            << sql;
    }
    this->expect_kept_unchanged();
}

TYPED_TEST_P(DatabaseSuite, AQueryThatWritesIsRefused) {
    this->make_kept();
    std::vector<std::string> queries = {
        "insert into kept values (3, 'three')",
        "update kept set name = 'x'",
        "delete from kept",
        "drop table kept",
        "alter table kept rename to gone",
        "create table made (id integer)",
        "create table made as select * from kept",
        "insert into kept values (3, 'three') returning id",
        "delete from kept returning id",
        "begin",
        "commit",
        "rollback",
        "",
        " ; ",
        "-- nothing",
    };
    for (auto& sql : TypeParam::writing_queries()) {
        queries.push_back(std::move(sql));
    }
    for (const auto& sql : queries) {
        const auto kind = this->refusal_of(this->query(sql)).kind();
        EXPECT_TRUE(kind == ErrorKind::Invalid || kind == ErrorKind::Denied) << sql << ": " << name_of(kind);
        const auto kind_of_schema =
            this->thrown_by([&] { this->database_->schema(this->context_, this->query(sql)); }).kind();
        EXPECT_TRUE(kind_of_schema == ErrorKind::Invalid || kind_of_schema == ErrorKind::Denied) << sql;
    }
    this->expect_kept_unchanged();
    EXPECT_EQ(rows_of_query(*this->database_, "select 1 as a").size(), 1U);
}

TYPED_TEST_P(DatabaseSuite, AWrongQueryIsInvalid) {
    EXPECT_EQ(this->refusal_of(this->query("selec 1")).kind(), ErrorKind::Invalid);
    EXPECT_EQ(this->refusal_of(this->query("select 1 from")).kind(), ErrorKind::Invalid);
    EXPECT_EQ(this->refusal_of(this->query("select (1")).kind(), ErrorKind::Invalid);
    EXPECT_EQ(this->refusal_of(this->query("select 1) union (select 2")).kind(), ErrorKind::Invalid);
    EXPECT_EQ(this->refusal_of(this->query("select 'open")).kind(), ErrorKind::Invalid);
}

TYPED_TEST_P(DatabaseSuite, AReaderSeesOneSnapshotWhileAnotherConnectionWrites) {
    this->make_many_rows();
    const auto reader = this->database_->read(this->context_, this->table("numbers", {"n", "t"}));
    Batch batch(2);
    ASSERT_TRUE(reader->next(this->context_, batch));
    std::uint64_t rows = batch.rows();
    this->execute("delete from numbers where n > 100");
    this->execute("insert into numbers values (0, 'new')");
    this->execute("update numbers set t = 'changed'");
    while (reader->next(this->context_, batch)) {
        rows += batch.rows();
        for (const Cell& cell : batch.column(1)) {
            ASSERT_EQ(cell.text(), "row number xxxxxxxxx");
        }
    }
    EXPECT_EQ(rows, this->many);
    EXPECT_EQ(rows_of_query(*this->lab_.open(), "select count(*) from numbers"), (std::vector<Row>{{"101"}}));
}

TYPED_TEST_P(DatabaseSuite, ASessionSeesWhatWasWrittenBetweenTwoReads) {
    this->make_kept();
    EXPECT_EQ(rows_of_table(*this->database_, "kept").size(), 2U);
    this->execute("insert into kept values (3, 'three')");
    EXPECT_EQ(rows_of_table(*this->database_, "kept").size(), 3U);
}

TYPED_TEST_P(DatabaseSuite, AStopRequestEndsAnEndlessQueryWithinASecond) {
    this->make_many_rows();
    const auto endless = this->query("select count(*) as c from numbers a, numbers b, numbers c where a.t < 'zz'");
    StopSignal stop;
    Context context;
    context.stop = &stop;
    Context::Clock::time_point requested;
    std::jthread requester([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        requested = Context::Clock::now();
        stop.request();
    });
    const auto error = this->thrown_by([&] {
        Batch batch(1);
        this->database_->read(context, endless)->next(context, batch);
    });
    const auto ended = Context::Clock::now();
    requester.join();
    EXPECT_EQ(error.kind(), ErrorKind::Cancelled) << error.what();
    EXPECT_LT(ended - requested, std::chrono::seconds(1));
    EXPECT_EQ(rows_of_query(*this->database_, "select count(*) as c from numbers"),
              (std::vector<Row>{{std::to_string(this->many)}}));
}

TYPED_TEST_P(DatabaseSuite, AStopRequestEndsAStreamWithinASecond) {
    this->make_many_rows();
    StopSignal stop;
    Context context;
    context.stop = &stop;
    {
        const auto reader = this->database_->read(context, this->query("select a.n from numbers a, numbers b"));
        Batch batch(1);
        ASSERT_TRUE(reader->next(context, batch));
        stop.request();
        EXPECT_EQ(this->thrown_by([&] {
                          while (reader->next(context, batch)) {
                          }
                      })
                      .kind(),
                  ErrorKind::Cancelled);
        const auto before = Context::Clock::now();
        EXPECT_THROW(reader->next(context, batch), Error);
        EXPECT_LT(Context::Clock::now() - before, std::chrono::seconds(1));
    }
    EXPECT_EQ(rows_of_query(*this->database_, "select 1 as a"), (std::vector<Row>{{"1"}}));
}

TYPED_TEST_P(DatabaseSuite, ADeadlineEndsAnEndlessQuery) {
    this->make_many_rows();
    Context context;
    context.deadline = Context::Clock::now() + std::chrono::milliseconds(300);
    const auto before = Context::Clock::now();
    const auto error = this->thrown_by([&] {
        Batch batch(1);
        this->database_
            ->read(context, this->query("select count(*) from numbers a, numbers b, numbers c where a.t < 'zz'"))
            ->next(context, batch);
    });
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable) << error.what();
    EXPECT_LT(Context::Clock::now() - before, std::chrono::seconds(2));
}

TYPED_TEST_P(DatabaseSuite, ASessionIsUsableAfterAReaderWasDroppedHalfway) {
    this->make_many_rows();
    for (int round = 0; round < 3; ++round) {
        const auto reader = this->database_->read(this->context_, this->query("select a.n from numbers a, numbers b"));
        Batch batch(1);
        ASSERT_TRUE(reader->next(this->context_, batch));
    }
    const auto before = Context::Clock::now();
    EXPECT_EQ(rows_of_query(*this->database_, "select count(*) as c from numbers"),
              (std::vector<Row>{{std::to_string(this->many)}}));
    EXPECT_LT(Context::Clock::now() - before, std::chrono::seconds(2));
}

TYPED_TEST_P(DatabaseSuite, AnErrorHalfwayIsThrownAndNeverAShortResult) {
    this->make_many_rows();
    const auto failing = this->query("select n, case when n = 50000 then " + TypeParam::failing() +
                                     " else n end as x from numbers order by n");
    const auto reader = this->database_->read(this->context_, failing);
    Batch batch(2);
    std::uint64_t rows = 0;
    EXPECT_THROW(
        {
            while (reader->next(this->context_, batch)) {
                rows += batch.rows();
            }
        },
        Error);
    EXPECT_LT(rows, 50000U);
}

TYPED_TEST_P(DatabaseSuite, IntegersAndDecimalsKeepEveryDigit) {
    EXPECT_EQ(rows_of_query(*this->database_, "select 9223372036854775807 as a, -9223372036854775807 as b, 0 as c"),
              (std::vector<Row>{{"9223372036854775807", "-9223372036854775807", "0"}}));
    if (!TypeParam::has_decimals) {
        return;
    }
    this->execute("create table t (d decimal(40, 20), e decimal(10, 2))");
    this->execute("insert into t values (12345678901234567890.12345678901234567890, -1.10)");
    this->execute("insert into t values (-0.00000000000000000001, 0)");
    EXPECT_EQ(rows_of_table(*this->database_, "t"),
              (std::vector<Row>{{"12345678901234567890.12345678901234567890", "-1.10"},
                                {"-0.00000000000000000001", "0.00"}}));
    const auto schema = this->database_->schema(this->context_, this->table("t"));
    EXPECT_EQ(schema[0].type, Type::Decimal);
    EXPECT_EQ(schema[0].precision, 40);
    EXPECT_EQ(schema[0].scale, 20);
}

TYPED_TEST_P(DatabaseSuite, TwoColumnsOfAQueryMayShareAName) {
    EXPECT_EQ(rows_of_query(*this->database_, "select 1 as a, 2 as a"), (std::vector<Row>{{"1", "2"}}));
    EXPECT_EQ(this->refusal_of(this->query("select 1 as a, 2 as a", {"a"})).kind(), ErrorKind::Invalid);
}

TYPED_TEST_P(DatabaseSuite, AnEstimateIsNearTheTruth) {
    this->make_many_rows();
    this->execute(TypeParam::analyze("numbers"));
    const auto rows = this->database_->estimate(this->context_, this->table("numbers"));
    ASSERT_TRUE(rows.has_value());
    EXPECT_GT(*rows, this->many / 2);
    EXPECT_LT(*rows, this->many * 2);
}

REGISTER_TYPED_TEST_SUITE_P(DatabaseSuite, CheckTellsItsSteps, ListsTablesAndViewsUnderNamesThatCanBeRead,
                            AMissingTableIsNotFoundAndNamesItsNearMiss, AMissingColumnIsNotFoundAndNamesItsNearMiss,
                            AnEmptyTableHasColumnsAndNoRows, NullAndEmptyTextDiffer, ColumnsComeInTheOrderAskedFor,
                            ManyRowsComeInNumberedBatchesInBoundedMemory, TextArrivesAsItIs, WideCellsArriveWhole,
                            ABatchEndsAtItsByteLimit, AQueryMayEndInASemicolonOrAComment, TextInAQueryIsNoStatement,
                            ASecondStatementIsRefused, AQueryThatWritesIsRefused, AWrongQueryIsInvalid,
                            AReaderSeesOneSnapshotWhileAnotherConnectionWrites,
                            ASessionSeesWhatWasWrittenBetweenTwoReads, AStopRequestEndsAnEndlessQueryWithinASecond,
                            AStopRequestEndsAStreamWithinASecond, ADeadlineEndsAnEndlessQuery,
                            ASessionIsUsableAfterAReaderWasDroppedHalfway, AnErrorHalfwayIsThrownAndNeverAShortResult,
                            IntegersAndDecimalsKeepEveryDigit, TwoColumnsOfAQueryMayShareAName,
                            AnEstimateIsNearTheTruth);

}  // namespace rowhaul::testing
