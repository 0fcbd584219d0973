// SPDX-License-Identifier: Apache-2.0
#include "database/sqlite_database.h"

#include "testing/suite/database_suite.h"
#include "testing/temporary_folder.h"

#include <filesystem>

namespace rowhaul {
namespace {

using testing::Row;
using testing::rows_of_query;
using testing::rows_of_table;

class SqliteLab {
public:
    SqliteLab() { owner_.execute("pragma journal_mode = wal; pragma synchronous = off;"); }
    std::unique_ptr<Database> open() const { return std::make_unique<SqliteDatabase>(SqliteOptions{.path = path_}); }
    void execute(const std::string& sql) { owner_.execute(sql); }
    static std::string literal(std::string_view text) { return testing::doubled_quotes(text); }
    static std::string quoted(std::string_view name) { return testing::doubled_quotes(name, '"'); }
    static std::string repeated(char c, std::size_t count) {
        return "replace(hex(zeroblob(" + std::to_string(count / 2) + ")), '0', '" + c + "')";
    }
    static std::string analyze(std::string_view table) { return "analyze " + std::string(table); }
    static std::string failing() { return "abs(-9223372036854775807 - 1)"; }
    static constexpr std::string_view long_text = "text";
    static constexpr bool has_decimals = false;
    static std::vector<std::string> writing_queries() {
        return {"attach 'other.db' as other",
                "pragma user_version = 7",
                "pragma journal_mode = delete",
                "pragma table_info(kept)",
                "vacuum",
                "vacuum into 'copy.db'",
                "reindex",
                "analyze",
                "replace into kept values (1, 'x')",
                "select load_extension('x')",
                "select writefile('x', 'y')",
                "with w as (select 1) insert into kept select 3, 'x' from w",
                "explain select * from kept",
                "explain query plan select * from kept",
                "update sqlite_master set sql = (select 'x')",
                "with w as (select 1) update sqlite_master set sql = 'x' where 1 in (select * from w)",
                "savepoint s",
                "create temp table made (id integer)"};
    }

    const std::string& path() const { return path_; }
    SqliteHandle& owner() { return owner_; }

private:
    testing::TemporaryFolder folder_;
    std::string path_ = folder_ / "shop.db";
    SqliteHandle owner_{path_, SqliteAccess::Create};
};

class SqliteDatabaseTest : public ::testing::Test {
protected:
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

    SqliteLab lab_;
    std::unique_ptr<Database> database_ = lab_.open();
    Context context_;
};

TEST_F(SqliteDatabaseTest, AMissingFileIsNotFoundAndNeverCreated) {
    testing::TemporaryFolder folder;
    const auto path = folder / "missing.db";
    SqliteDatabase database(SqliteOptions{.path = path});
    const auto error = thrown_by([&] { database.check(context_); });
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
    EXPECT_THAT(error.what(), ::testing::HasSubstr(path));
    EXPECT_FALSE(std::filesystem::exists(path));
    SqliteDatabase nameless(SqliteOptions{});
    EXPECT_EQ(thrown_by([&] { nameless.check(context_); }).kind(), ErrorKind::Invalid);
    SqliteDatabase a_folder(SqliteOptions{.path = folder.path()});
    EXPECT_EQ(thrown_by([&] { a_folder.check(context_); }).kind(), ErrorKind::Invalid);
}

TEST_F(SqliteDatabaseTest, AFileThatIsNoDatabaseIsInvalid) {
    testing::TemporaryFolder folder;
    testing::write_file(folder / "text.db", std::string(5000, 'x'));
    SqliteDatabase database(SqliteOptions{.path = folder / "text.db"});
    EXPECT_EQ(thrown_by([&] { database.tables(context_); }).kind(), ErrorKind::Invalid);
}

TEST_F(SqliteDatabaseTest, ALockedFileIsUnavailable) {
    lab_.execute("pragma journal_mode = delete");
    lab_.execute("create table t (id integer)");
    const SqliteTransaction writing(lab_.owner());
    lab_.execute("insert into t values (1)");
    lab_.execute("pragma locking_mode = exclusive");
    SqliteHandle blocker(lab_.path(), SqliteAccess::ReadWrite, std::chrono::milliseconds(0));
    SqliteDatabase database(SqliteOptions{.path = lab_.path(), .busy_timeout = std::chrono::seconds(0)});
    EXPECT_EQ(rows_of_table(database, "t").size(), 0U);
    const auto error = thrown_by([&] {
        lab_.execute("pragma cache_size = 1; pragma cache_spill = 1;");
        lab_.execute(
            "insert into t select value from (with recursive n(value) as (select 1 union all select value + 1 "
            "from n where value < 200000) select value from n)");
        rows_of_table(database, "t");
    });
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable) << error.what();
    EXPECT_THAT(error.advice(), ::testing::HasSubstr("busy_timeout"));
}

TEST_F(SqliteDatabaseTest, EveryValueArrivesExactlyWhateverItsColumnSays) {
    lab_.execute("create table t (i integer, r real, b blob, d decimal(10, 2), f boolean, x, v varchar(3))");
    lab_.execute("insert into t values (-9223372036854775808, 0.1 + 0.2, x'00ff', 12.50, 1, 3.0, 'longer')");
    lab_.execute("insert into t values ('abc', 1e300, 'text', 'n/a', 0, x'', 7)");
    lab_.execute("insert into t values (1.5, 5, 12, 1e20, 2, 'y', x'61')");
    const auto reader = database_->read(context_, {.table = "t", .query = {}, .columns = {}});
    EXPECT_EQ(testing::rows_of(context_, *reader, 7),
              (std::vector<Row>{{"-9223372036854775808", "0.30000000000000004", "00ff", "12.5", "true", "3", "longer"},
                                {"abc", "1e+300", "74657874", "n/a", "false", "", "7"},
                                {"1.5", "5", "3132", "100000000000000000000", "2", "y", "61"}}));
    const auto warnings = reader->warnings();
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_EQ(warnings.front().code, "stored_type_differs");
    EXPECT_EQ(warnings.front().count, 8U);
    EXPECT_THAT(warnings.front().message, ::testing::HasSubstr("i (INTEGER), b (BLOB), d (decimal(10, 2))"));
}

TEST_F(SqliteDatabaseTest, DeclaredTypesGiveLogicalTypes) {
    lab_.execute(
        "create table t (a integer primary key, b bigint, c text, d real, e double precision, f numeric(8,2), "
        "g boolean, h date, i datetime, j timestamp, k time, l blob, m json, n, o uuid, p nvarchar(20))");
    std::vector<std::string> types;
    for (const auto& column : database_->schema(context_, {.table = "t", .query = {}, .columns = {}})) {
        types.emplace_back(name_of(column.type));
    }
    EXPECT_THAT(types,
                ::testing::ElementsAre("integer", "integer", "text", "float", "float", "decimal", "boolean", "date",
                                       "timestamp", "timestamp", "time", "bytes", "json", "text", "text", "text"));
}

TEST_F(SqliteDatabaseTest, DatesThatAreStoredAsNumbersAreCounted) {
    lab_.execute("create table t (d date, s datetime)");
    lab_.execute("insert into t values ('2026-11-22', '2026-11-22 10:00:00.123')");
    lab_.execute("insert into t values (1790000000, '2026-11-22T10:00:00Z')");
    const auto reader = database_->read(context_, {.table = "t", .query = {}, .columns = {}});
    EXPECT_EQ(testing::rows_of(context_, *reader, 2),
              (std::vector<Row>{{"2026-11-22", "2026-11-22 10:00:00.123"}, {"1790000000", "2026-11-22T10:00:00Z"}}));
    ASSERT_EQ(reader->warnings().size(), 1U);
    EXPECT_EQ(reader->warnings().front().count, 2U);
}

TEST_F(SqliteDatabaseTest, TextsWithNulAndBrokenCharactersArriveAsTheyAre) {
    EXPECT_EQ(rows_of_query(*database_, "select 'a' || char(0) || 'b' as a, cast(x'ff41c3' as text) as b"),
              (std::vector<Row>{{std::string("a\0b", 3), "\xff\x41\xc3"}}));
}

TEST_F(SqliteDatabaseTest, AnUtf16DatabaseIsReadAsUtf8) {
    testing::TemporaryFolder folder;
    const auto path = folder / "wide.db";
    {
        SqliteHandle owner(path, SqliteAccess::Create);
        owner.execute("pragma encoding = 'UTF-16'; create table größe (straße text);");
        owner.run("insert into größe values (?)", "Zürich 🚚");
    }
    SqliteDatabase database(SqliteOptions{.path = path});
    EXPECT_EQ(rows_of_table(database, "größe", {"straße"}), (std::vector<Row>{{"Zürich 🚚"}}));
}

TEST_F(SqliteDatabaseTest, FullTextAndOtherVirtualTablesCanBeRead) {
    lab_.execute("create virtual table notes using fts5(body)");
    lab_.execute("insert into notes values ('quick brown fox')");
    lab_.execute("create virtual table areas using rtree(id, low, high)");
    lab_.execute("insert into areas values (1, 2, 3)");
    lab_.execute("create virtual table old_notes using fts4(body)");
    lab_.execute("insert into old_notes values ('lazy dog')");
    EXPECT_EQ(rows_of_table(*database_, "notes"), (std::vector<Row>{{"quick brown fox"}}));
    EXPECT_EQ(rows_of_query(*database_, "select body from notes where notes match 'brown'").size(), 1U);
    EXPECT_EQ(rows_of_query(*database_, "select body from old_notes where old_notes match 'dog'").size(), 1U);
    EXPECT_EQ(rows_of_table(*database_, "areas", {"id"}), (std::vector<Row>{{"1"}}));
    EXPECT_EQ(rows_of_query(*database_, "select name from pragma_table_info('areas')").size(), 3U);
    EXPECT_EQ(database_->tables(context_).size(), 3U);
}

TEST_F(SqliteDatabaseTest, NamesAreFoundAsSqliteFindsThem) {
    lab_.execute("create table Customers (Id integer primary key)");
    lab_.execute("create table \"a.b\" (id integer)");
    for (const auto* name :
         {"Customers", "customers", "main.customers", "\"Customers\"", "a.b", "\"a.b\"", "main.\"a.b\""}) {
        EXPECT_EQ(rows_of_table(*database_, name).size(), 0U) << name;
    }
    for (const auto* name : {"other.customers", "\"customers", "a..b", "customers.", "main.a.b"}) {
        EXPECT_THROW(rows_of_table(*database_, name), Error) << name;
    }
}

TEST_F(SqliteDatabaseTest, ASyntaxErrorIsPointedAt) {
    const auto error = thrown_by([&] { rows_of_query(*database_, "select 1,\n  from x where"); });
    EXPECT_EQ(error.kind(), ErrorKind::Invalid);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("line 2, column 3\n    from x where\n    ^")) << error.what();
}

TEST_F(SqliteDatabaseTest, ReadingInRollbackModeLeavesNoFilesBehind) {
    lab_.execute("pragma journal_mode = delete");
    lab_.execute("create table t (id integer)");
    EXPECT_EQ(rows_of_table(*database_, "t").size(), 0U);
    const auto folder = std::filesystem::path(lab_.path()).parent_path();
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

}  // namespace

namespace testing {
INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, DatabaseSuite, SqliteLab);
}
}  // namespace rowhaul
