// SPDX-License-Identifier: Apache-2.0
// Random rules over tables of each database with columns as nasty as they come: what the database
// keeps back must never make a difference. The same rows arrive and the same rows are rejected as when
// every row is read and only we look at them.
#include "connector/table_connection.h"
#include "database/mysql.h"
#include "database/postgres_database.h"
#include "database/sqlite_database.h"
#include "database/table_name.h"
#include "mapping/fields.h"
#include "testing/servers/maria_db.h"
#include "testing/servers/postgres.h"
#include "testing/temporary_folder.h"

#include <cstdlib>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <random>

namespace rowhaul {
namespace {

using ::testing::HasSubstr;

using Choices = std::vector<std::string>;

// A column of a table, and values for it as that database writes them.
struct TestColumn {
    std::string name;
    std::string declared;
    Choices values;
};

class Chance {
public:
    explicit Chance(unsigned seed) : random_(seed) {}
    std::size_t below(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
    const std::string& one_of(const Choices& choices) { return choices[below(choices.size())]; }

private:
    std::mt19937 random_;
};

const Choices texts{"''",
                    "' '",
                    "'a'",
                    "'A'",
                    "'a '",
                    "'ab'",
                    "'AB'",
                    "'ä'",
                    "'Ä'",
                    "'ß'",
                    "'ss'",
                    "'5'",
                    "'007'",
                    "'abc'",
                    "'it''s'",
                    "'back\\slash'",
                    "'\\'",
                    "'%'",
                    "'日本'",
                    "'😀'",
                    "'616263'",
                    "'1e1'",
                    "'x''; drop table r; --'"};

// Rules over whatever columns a source has.
class RuleMaker {
public:
    RuleMaker(Chance& chance, const Schema& schema) : chance_(chance), schema_(schema) {}

    std::string make(int depth) {
        if (depth > 0) {
            switch (chance_.below(8)) {
                case 0:
                case 1:
                case 2:
                    return joined(" and ", depth);
                case 3:
                case 4:
                    return joined(" or ", depth);
                case 5:
                    return fmt::format("(not {})", make(depth - 1));
                case 6:
                    return fmt::format("({} is {}{})", make(depth - 1), chance_.below(2) == 0 ? "not " : "",
                                       chance_.one_of({"true", "false", "unknown"}));
                default:
                    break;
            }
        }
        return leaf();
    }

private:
    std::string joined(std::string_view by, int depth) {
        auto text = "(" + make(depth - 1);
        for (auto more = 1 + chance_.below(3); more > 0; --more) {
            text += std::string(by) + make(depth - 1);
        }
        return text + ")";
    }

    static std::string name_of(const Column& column) {
        std::string quoted;
        for (const char c : column.name) {
            quoted += c == '"' ? "\"\"" : std::string(1, c);
        }
        return "\"" + quoted + "\"";
    }

    std::string value(Type type) {
        switch (type) {
            case Type::Integer:
                return chance_.one_of({"-1", "0", "1", "2", "5", "7", "100", "255", "128", "2000",
                                       "9223372036854775807", "-9223372036854775807 - 1"});
            case Type::Decimal:
                return chance_.one_of({"-1", "0", "1", "2.5", "99.5", "0.1", "0.3", "-0.5", "-2.5",
                                       "1234567890123456789", "0.30000000000000004", "100000000000000000000.25",
                                       "cast('NaN' as decimal)", "1e3", "0.10000000000000000000000000000000000001"});
            case Type::Float:
                return "cast(" +
                       chance_.one_of({"0.1", "0.3", "-1", "2", "2.5", "1e20", "16777216", "'NaN'", "'Infinity'"}) +
                       " as float)";
            case Type::Boolean:
                return chance_.one_of({"true", "false"});
            case Type::Date:
                return chance_.one_of({"date '2024-02-29'", "date '1999-12-31'", "'0044-03-15 BC'", "'9999-12-31'",
                                       ":today", "date '2024-01-01' + 30", "'-infinity'", "'0001-01-01'"});
            case Type::Timestamp:
                return chance_.one_of({"timestamp '2024-02-29 13:45:00'", "timestamp '2024-02-29 13:45:00.5'",
                                       "'1999-12-31 23:59:59.999999'", "current_timestamp", ":last_success",
                                       "current_timestamp - interval '1 day'", "'infinity'",
                                       "timestamptz '2024-03-31 01:30:00+00'", "timestamp '0044-03-15 00:00:00'"});
            case Type::TimestampZoned:
                return chance_.one_of({"timestamptz '2024-02-29 13:45:00+01'", ":last_success", "'-infinity'",
                                       "current_timestamp", "timestamptz '2024-02-29 12:45:00.25+00'"});
            case Type::Time:
                return chance_.one_of({"time '12:00'", "time '00:00:00'"});
            default:
                return chance_.one_of(texts);
        }
    }

    std::string leaf() {
        const auto& column = schema_[chance_.below(schema_.size())];
        const auto name = name_of(column);
        if (column.type == Type::Json || column.type == Type::Bytes || chance_.below(9) == 0) {
            return fmt::format("{} is {}null", name, chance_.below(2) == 0 ? "not " : "");
        }
        if (column.type == Type::Boolean && chance_.below(2) == 0) {
            return name;
        }
        const auto literal = [&] { return value(column.type); };
        switch (chance_.below(12)) {
            case 0:
                return fmt::format("{} {} ({}, {})", name, chance_.one_of({"in", "not in"}), literal(), literal());
            case 1:
                return fmt::format("{} {} ({}, null, {}, {})", name, chance_.one_of({"in", "not in"}), literal(),
                                   literal(), literal());
            case 2:
                return fmt::format("{} {} {} and {}", name, chance_.one_of({"between", "not between"}), literal(),
                                   literal());
            case 3:
                return fmt::format("{} is {}distinct from {}", name, chance_.below(2) == 0 ? "not " : "", literal());
            case 4:
                return fmt::format("{} {} {}", literal(), chance_.one_of({"=", "<", ">=", "<>"}), name);
            case 5:
                return opaque(column, name);
            default:
                return fmt::format("{} {} {}", name, chance_.one_of({"=", "=", "<>", "<", "<=", ">", ">="}), literal());
        }
    }

    // What no database is asked, some of which fails in some rows.
    std::string opaque(const Column& column, const std::string& name) {
        switch (column.type) {
            case Type::Integer:
            case Type::Decimal:
                return fmt::format("{} {} > 1", chance_.one_of({"10 /", "1 +", "-"}), name);
            case Type::Text:
                return chance_.one_of({fmt::format("length({}) > 1", name), fmt::format("{} like 'a%'", name),
                                       fmt::format("cast({} as integer) > 3", name),
                                       fmt::format("lower({}) = 'a'", name), fmt::format("{} < 'a'", name)});
            case Type::Date:
            case Type::Timestamp:
                return fmt::format("extract(year from {}) > 2000", name);
            default:
                return chance_.one_of({"true", "false", "null", fmt::format("cast({} as text) = '1'", name)});
        }
    }

    Chance& chance_;
    const Schema& schema_;
};

// What becomes of the rows of a table, in no order.
struct Fates {
    std::multiset<std::string> fates;
    std::size_t read = 0;

    void take(const BoundFields& fields, const Batch& batch) {
        RowMapper mapper(fields);
        Batch out(fields.schema().size());
        read += batch.rows();
        for (std::size_t row = 0; row < batch.rows();) {
            const auto mapped = mapper.map(batch, row, out);
            row += mapped.taken;
            for (const auto& reject : mapped.rejects) {
                fates.insert(fmt::format("rejected: {} {} {}", reject.reason, reject.value, reject.message));
            }
            for (std::size_t arrived = 0; arrived < out.rows(); ++arrived) {
                std::string cells;
                for (std::size_t column = 0; column < out.width(); ++column) {
                    const Cell cell = out.column(column)[arrived];
                    cells += cell.is_null() ? "NULL|" : std::string(cell.text()) + "|";
                }
                fates.insert("arrived: " + cells);
            }
        }
    }
};

std::string complaints(const std::multiset<std::string>& expected, const std::multiset<std::string>& got) {
    std::vector<std::string> missing;
    std::ranges::set_difference(expected, got, std::back_inserter(missing));
    return fmt::format("\nmissing:\n  {}", fmt::join(missing, "\n  "));
}

unsigned setting(const char* name, unsigned otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : otherwise;
}

// A table behind a connection, read with and without its database's help.
class Comparison {
public:
    Comparison(std::unique_ptr<Database> database, std::string table, std::string zone)
        : connection_(std::move(database)), table_(std::move(table)), zone_(std::move(zone)) {
        const auto source = source_of("true");
        schema_ = source->schema({});
        std::vector<std::string> names;
        for (const auto& column : schema_) {
            names.push_back(column.name);
        }
        const auto reader = source->open({}, names, {});
        auto batch = std::make_unique<Batch>(schema_.size());
        while (reader->next({}, *batch)) {
            batches_.push_back(std::move(batch));
            batch = std::make_unique<Batch>(schema_.size());
        }
    }

    const Schema& schema() const { return schema_; }
    std::size_t rows() const {
        std::size_t rows = 0;
        for (const auto& batch : batches_) {
            rows += batch->rows();
        }
        return rows;
    }

    struct Outcome {
        std::string pushed_rule;
        std::size_t read = 0;
    };
    // Nothing when the rule is no rule for these columns.
    std::optional<Outcome> compare(const std::string& rule) {
        RowRules rules{.fields = {}, .where = rule, .parameters = parameters(), .facts = facts(), .path = "m"};
        std::optional<BoundFields> fields;
        try {
            fields.emplace(rules, schema_, table_);
        } catch (const ExpressionError&) {
            return {};
        }
        Fates here;
        for (const auto& batch : batches_) {
            here.take(*fields, *batch);
        }
        const auto source = source_of("true");
        source->offer_rule(fields->rule());
        const auto reader = source->open({}, fields->source_columns(), {});
        Fates there;
        Batch batch(fields->source_columns().size());
        while (reader->next({}, batch)) {
            there.take(*fields, batch);
        }
        if (there.fates != here.fates) {
            ADD_FAILURE() << rule << "\npushed: " << reader->pushed_rule() << complaints(here.fates, there.fates);
        }
        return Outcome{reader->pushed_rule(), there.read};
    }

    // Random rules; that the database was of use is part of the test.
    void compare_many(unsigned count) {
        Chance chance(setting("ROWHAUL_SEED", 1));
        RuleMaker maker(chance, schema_);
        std::size_t good = 0;
        std::size_t pushed = 0;
        std::size_t read = 0;
        for (unsigned i = 0; i < count && !::testing::Test::HasFailure(); ++i) {
            const auto outcome = compare(maker.make(static_cast<int>(i % 4)));
            good += outcome ? 1 : 0;
            if (outcome && !outcome->pushed_rule.empty()) {
                ++pushed;
                read += outcome->read;
            }
        }
        ::testing::Test::RecordProperty(
            "pushed", fmt::format("{} of {} rules, reading {} of {} rows", pushed, good, read, pushed * rows()));
        EXPECT_GT(good, count / 2);
        EXPECT_GT(pushed, good / 4);
        EXPECT_LT(read, pushed * rows() * 3 / 4);
    }

private:
    std::unique_ptr<Source> source_of(const std::string& push_down) {
        auto section = Node::map();
        section.entries().push_back({"connection", {}, Node::scalar("c")});
        section.entries().push_back({"table", {}, Node::scalar(table_)});
        section.entries().push_back({"push_down", {}, Node::scalar(push_down)});
        Problems problems;
        auto source = connection_.source(section, "m.source", {.mapping = "m"}, problems);
        problems.throw_if_any();
        return source;
    }
    RunFacts facts() const { return {.now_utc = {1'709'210'700'000'000}, .zone = zone_}; }  // 2024-02-29 12:45
    static std::vector<Parameter> parameters() {
        return {{"today", Kind::Date, "2024-02-29"}, {"last_success", Kind::TimestampZoned, "2024-02-28 23:30:00+00"}};
    }

    TableConnection connection_;
    std::string table_;
    std::string zone_;
    Schema schema_;
    std::vector<std::unique_ptr<Batch>> batches_;
};

// The statements that make a table r of these columns, with a row of NULLs and `rows` random ones.
std::vector<std::string> table_statements(const std::vector<TestColumn>& columns, std::size_t rows) {
    Chance chance(setting("ROWHAUL_SEED", 1) + 1);
    std::string create;
    for (const auto& column : columns) {
        create += fmt::format("{}{} {}", create.empty() ? "create table r (" : ", ", column.name, column.declared);
    }
    std::vector<std::string> statements{create + ")"};
    for (std::size_t row = 0; row < rows; ++row) {
        std::string values;
        for (const auto& column : columns) {
            const bool is_null = column.declared.find("not null") == std::string::npos &&
                                 column.declared.find("primary key") == std::string::npos &&
                                 (row == 0 || chance.below(7) == 0);
            values += (values.empty() ? "" : ", ") + (is_null                 ? "null"
                                                      : column.values.empty() ? std::to_string(row)
                                                                              : chance.one_of(column.values));
        }
        statements.push_back(fmt::format("insert into r values ({})", values));
    }
    return statements;
}

std::string in_one(const std::vector<std::string>& statements) {
    return fmt::format("{};", fmt::join(statements, ";\n"));
}

// As a database writes them that takes a backslash for the start of an escape.
Choices with_backslashes_doubled(Choices choices) {
    for (auto& choice : choices) {
        for (auto at = choice.find('\\'); at != std::string::npos; at = choice.find('\\', at + 2)) {
            choice.insert(at, 1, '\\');
        }
    }
    return choices;
}

Choices plus(Choices choices, const Choices& more) {
    choices.insert(choices.end(), more.begin(), more.end());
    return choices;
}

const Choices whole_numbers{"-1", "0", "1", "2", "5", "7", "100"};
const Choices decimals{"-1", "0", "1", "2.5", "99.5", "0.1", "0.3", "-0.5"};
const Choices floats{"0.1", "0.3", "-1", "2", "2.5", "1e20", "16777216", "0.30000000000000004"};
const Choices days{"'2024-02-29'", "'1999-12-31'", "'2024-01-31'", "'9999-12-31'"};
const Choices moments{"'2024-02-29 13:45:00'", "'1999-12-31 23:59:59'", "'2024-03-31 02:30:00'",
                      "'2024-02-28 23:30:00'", "'2024-02-29 13:45:00.5'"};

const std::vector<TestColumn>& sqlite_columns() {
    static const std::vector<TestColumn> columns{
        {"id", "integer primary key", {}},
        {"i", "int", plus(whole_numbers, {"'x'", "2.5", "x'35'", "1e19", "' 5 '", "9223372036854775807"})},
        {"need", "integer not null", plus(whole_numbers, {"'x'"})},
        {"n", "numeric", plus(decimals, {"'x'", "9e999", "x'35'", "'0.1x'", "0.1 + 0.2"})},
        {"f", "real", plus(floats, {"'x'", "-9e999", "x'322e35'"})},
        {"t", "text", plus(texts, {"x'616263'", "5"})},
        {"nc", "varchar(9) collate nocase", texts},
        {"rt", "text collate rtrim", texts},
        {"anything", "", plus(texts, {"5", "7.5", "x'616263'"})},
        {"s", "string", plus(texts, {"5", "7.5", "x'616263'", "'1e1'"})},
        {"b", "boolean", {"0", "1", "1", "0", "2", "'true'", "'f'", "'x'", "0.5", "x'31'"}},
        {"d", "date",
         plus(days, {"'2024-02-30'", "20240229", "' 2024-02-29'", "'2024-02-29 12:00'", "'0044-03-15 BC'", "'x'",
                     "'0000-00-00'", "x'323032342d30322d3239'", "'-infinity'", "'now'"})},
        {"dt", "datetime",
         plus(moments, {"'2024-02-30 10:00:00'", "1709214300", "'2024-02-29T13:45:00Z'", "'2024-02-29'", "'x'",
                        "'infinity'", "'2024-02-29 13:45'"})},
        {"tz", "timestamptz", plus(moments, {"'2024-02-29 13:45:00+01:00'"})},
        {"bl", "blob", {"x'00'", "'a'"}},
        {"\"select\"", "text", texts},
        {"\"we\"\"ird\"", "int", whole_numbers}};
    return columns;
}

std::unique_ptr<Database> sqlite_with(const testing::TemporaryFolder& folder,
                                      const std::vector<std::string>& statements) {
    const auto path = folder / "r.db";
    SqliteHandle handle(path, SqliteAccess::Create);
    handle.execute(in_one(statements));
    return std::make_unique<SqliteDatabase>(SqliteOptions{.path = path});
}

TEST(PushedRule, makes_no_difference_in_sqlite) {
    const testing::TemporaryFolder folder;
    Comparison comparison(sqlite_with(folder, table_statements(sqlite_columns(), 200)), "r", "Europe/Zurich");
    comparison.compare_many(setting("ROWHAUL_EXPRESSIONS", 3000));
}

const std::vector<TestColumn>& postgres_columns() {
    static const std::vector<TestColumn> columns{
        {"i2", "smallint", whole_numbers},
        {"i", "int", whole_numbers},
        {"id", "int not null", whole_numbers},
        {"b8", "bigint", plus(whole_numbers, {"9223372036854775807", "-9223372036854775808"})},
        {"n", "numeric",
         plus(decimals, {"'NaN'", "'Infinity'", "1e1001", "1e-1001", "-1e1001", "0.30000000000000004"})},
        {"m", "numeric(20,4)", plus(decimals, {"'NaN'"})},
        {"f", "float8", plus(floats, {"'NaN'", "'-Infinity'"})},
        {"f4", "float4", floats},
        {"t", "text", texts},
        {"v", "varchar(30)", texts},
        {"c", "char(6)", {"'a'", "'A'", "'a '", "'ab'", "''", "'abc'", "'5'"}},
        {"nd", "text collate loose", texts},
        {"\"select\"", "text", texts},
        {"\"we\"\"ird\"", "int", whole_numbers},
        {"e", "mood", {"'a'", "'A'"}},
        {"b", "boolean", {"true", "false"}},
        {"d", "date", plus(days, {"'infinity'", "'-infinity'", "'0044-03-15 BC'", "'5874897-12-31'"})},
        {"ts", "timestamp",
         plus(moments, {"'infinity'", "'-infinity'", "'0044-03-15 12:00:00 BC'", "'294276-12-31 10:00:00'"})},
        {"tz", "timestamptz", plus(moments, {"'infinity'", "'1890-01-01 00:00:00+00'", "'2024-02-29 13:45:00.25+01'"})},
        {"ti", "time", {"'12:00'", "'24:00'"}},
        {"mo", "money", {"'1.00'", "'-2.50'"}},
        {"o", "oid", {"1", "4294967295"}},
        {"u", "uuid", {"'00000000-0000-0000-0000-000000000001'"}},
        {"js", "jsonb", {"'{}'", "'null'"}},
        {"pa", "pair", {"'(1,)'", "'(,)'", "'(1,2)'"}},
        {"ar", "int[]", {"'{}'", "'{null}'"}},
        {"dm", "short", {"'a'", "'A'", "''", "'abc'"}}};
    return columns;
}

std::unique_ptr<Database> postgres_with(const std::string& database, const std::string& timezone) {
    const auto& server = testing::Postgres::shared();
    PostgresOptions options;
    options.host = server.socket_folder();
    options.port = server.port();
    options.database = database;
    options.user = "owner";
    options.timezone = timezone;
    return std::make_unique<PostgresDatabase>(options);
}

TEST(PushedRule, makes_no_difference_in_postgres) {
    auto& server = testing::Postgres::shared();
    const auto name = server.make_database();
    server.execute(
        "create collation loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false);"
        "create type mood as enum ('a', 'A'); create type pair as (a int, b int);create domain short as varchar(9) "
        "check (value <> 'x');" +
            in_one(table_statements(postgres_columns(), 200)),
        name);
    const auto count = setting("ROWHAUL_EXPRESSIONS", 3000) / 2;
    Comparison(postgres_with(name, "UTC"), "r", "UTC").compare_many(count);
    Comparison(postgres_with(name, "Europe/Zurich"), "r", "America/New_York").compare_many(count);
}

std::vector<TestColumn> mysql_columns() {
    const auto texts_there = with_backslashes_doubled(texts);
    const Choices western{"''", "' '", "'a'", "'A'", "'a '", "'ä'", "'Ä'", "'ß'", "'ss'", "'it''s'"};
    return {
        {"ti", "tinyint", whole_numbers},
        {"i", "int", whole_numbers},
        {"id", "int not null", whole_numbers},
        {"b8", "bigint", plus(whole_numbers, {"9223372036854775807", "-9223372036854775808"})},
        {"u", "bigint unsigned", {"0", "1", "5", "9223372036854775807", "9223372036854775808", "18446744073709551615"}},
        {"us", "smallint unsigned", {"0", "1", "255", "65535"}},
        {"z", "int(6) unsigned zerofill", {"0", "1", "7", "100"}},
        {"y", "year", {"1999", "2000", "2024"}},
        {"bt", "bit(8)", {"0", "1", "5", "255"}},
        {"n", "decimal(20,4)", decimals},
        {"dd", "double", floats},
        {"ff", "float", floats},
        {"v", "varchar(40) character set utf8mb4 collate utf8mb4_general_ci", texts_there},
        {"vb", "varchar(40) character set utf8mb4 collate utf8mb4_bin", texts_there},
        {"vu", "text character set utf8mb4 collate utf8mb4_unicode_520_nopad_ci", texts_there},
        {"l", "varchar(9) character set latin1 collate latin1_swedish_ci", western},
        {"l2", "varchar(9) character set latin2", {"'a'", "'A'", "'ž'"}},
        {"c", "char(6) character set utf8mb4", {"'a'", "'A'", "'a '", "'ab'", "''", "'5'"}},
        {"e", "enum('a','A ','ß','5') character set utf8mb4 collate utf8mb4_bin", {"'a'", "'A '", "'ß'", "'5'", "0"}},
        {"st", "set('a','b')", {"'a'", "'a,b'", "''"}},
        {"`select`", "varchar(40) character set utf8mb4", texts_there},
        {"`we``ird`", "int", whole_numbers},
        {"d", "date", plus(days, {"'0000-00-00'", "'2024-02-30'", "'2024-00-10'", "'0044-03-15'"})},
        {"dt", "datetime", plus(moments, {"'0000-00-00 00:00:00'", "'2024-02-30 10:00:00'"})},
        {"d6", "datetime(6)", plus(moments, {"'2024-02-29 13:45:00.499999'", "'1999-12-31 23:59:59.999999'"})},
        {"ts",
         "timestamp(3) null",
         {"'2024-02-29 12:45:00'", "'2024-02-29 12:45:00.25'", "'2024-02-28 23:30:00'", "0"}},
        {"tm", "time", {"'12:00'", "'-838:59:59'", "'100:00:00'"}},
        {"js", "json", {"'{}'", "'null'"}},
        {"bl", "blob", {"'a'", "''"}}};
}

class PushedRuleInMysql : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        server = std::make_unique<testing::MariaDb>();
        server->exec(
            "set sql_mode = 'ALLOW_INVALID_DATES'; set time_zone = '+00:00'; set names utf8mb4; alter database "
            "shop character set utf8mb4; " +
            in_one(table_statements(mysql_columns(), 200)));
    }
    static void TearDownTestSuite() { server.reset(); }

    static std::unique_ptr<Database> database(ZeroDates zero_dates = ZeroDates::Null) {
        MysqlOptions options;
        options.socket = server->socket();
        options.user = "root";
        options.database = "shop";
        options.zero_dates = zero_dates;
        return std::make_unique<MysqlDatabase>(options);
    }

    static std::unique_ptr<testing::MariaDb> server;
};
std::unique_ptr<testing::MariaDb> PushedRuleInMysql::server;

TEST_F(PushedRuleInMysql, makes_no_difference) {
    const auto count = setting("ROWHAUL_EXPRESSIONS", 3000) / 2;
    Comparison(database(), "r", "Europe/Zurich").compare_many(count);
    Comparison(database(ZeroDates::Text), "r", "UTC").compare_many(count);
}

// What a database is asked to check of a rule over a table or query.
std::string pushed_by(Database& database, const Selection& all, const std::string& rule,
                      const std::vector<Parameter>& parameters = {}) {
    auto selection = all;
    Program program(database.schema({}, selection), parameters, {});
    selection.rule = program.condition(program.add_condition(rule));
    return database.read({}, selection)->pushed_rule();
}

TEST(PushedRule, leaves_views_queries_and_virtual_tables_alone) {
    const testing::TemporaryFolder folder;
    const auto sqlite = sqlite_with(folder, {"create table r (id integer primary key, x int)",
                                             "create view v as select id, 1 / x as y from r where x <> 0",
                                             "create virtual table f using fts5(name)"});
    EXPECT_EQ(pushed_by(*sqlite, {.table = "r"}, "id > 5"), "\"id\" > 5");
    EXPECT_EQ(pushed_by(*sqlite, {.table = "v"}, "id > 5"), "");
    EXPECT_EQ(pushed_by(*sqlite, {.table = "f"}, "name = 'a'"), "");
    EXPECT_EQ(pushed_by(*sqlite, {.query = "select id from r"}, "id > 5"), "");

    auto& server = testing::Postgres::shared();
    const auto name = server.make_database();
    server.execute(
        "create table r (id int primary key, x int); create table p (id int) partition by list (id);"
        "create view v as select id, 10 / x as y from r where x <> 0; insert into r values (1, 0), (2, 5);"
        "create materialized view m as select * from r",
        name);
    const auto postgres = postgres_with(name, "UTC");
    EXPECT_EQ(pushed_by(*postgres, {.table = "r"}, "id > 5"), "\"id\" > 5");
    EXPECT_EQ(pushed_by(*postgres, {.table = "p"}, "id > 5"), "\"id\" > 5");
    EXPECT_EQ(pushed_by(*postgres, {.table = "m"}, "id > 5"), "\"id\" > 5");
    EXPECT_EQ(pushed_by(*postgres, {.table = "v"}, "y > 1"), "");
    EXPECT_EQ(pushed_by(*postgres, {.query = "select id from r"}, "id > 5"), "");
}

TEST_F(PushedRuleInMysql, leaves_views_and_queries_alone) {
    server->exec(
        "create view v as select id, concat(v, l) as t from r; create table Twin (a int); create table twin (b int)");
    const auto mysql = database();
    EXPECT_EQ(pushed_by(*mysql, {.table = "r"}, "id > 5"), "`id` > 5");
    EXPECT_EQ(pushed_by(*mysql, {.table = "v"}, "id > 5 and t = 'a'"), "");
    EXPECT_EQ(pushed_by(*mysql, {.query = "select id from r"}, "id > 5"), "");
    EXPECT_EQ(pushed_by(*mysql, {.table = "twin"}, "b > 5"), "`b` > 5");
}

// A date that ends the run, or becomes a reject, must be met.
TEST_F(PushedRuleInMysql, compares_no_dates_unless_those_that_do_not_exist_are_null) {
    EXPECT_EQ(pushed_by(*database(), {.table = "r"}, "d > date '2024-01-01'"), "`d` > date '2024-01-01'");
    EXPECT_EQ(pushed_by(*database(), {.table = "r"}, "d is null"), "");
    EXPECT_EQ(pushed_by(*database(ZeroDates::Text), {.table = "r"}, "d > date '2024-01-01'"), "");
    EXPECT_EQ(pushed_by(*database(ZeroDates::Error), {.table = "r"}, "d > date '2024-01-01'"), "");
}

// The session says how texts are written, not the server.
TEST_F(PushedRuleInMysql, quotes_texts_whatever_the_servers_sql_mode_is) {
    server->exec("set global sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH'");
    Comparison comparison(database(), "r", "UTC");
    for (const auto* text : {"back\\slash", "\\", "' or 1 = 1 -- ", "\\' or 1 = 1 -- ", "a\" b", "it's"}) {
        const auto outcome = comparison.compare(fmt::format("vb = {}", quote_identifier(text, '\'')));
        ASSERT_TRUE(outcome);
        EXPECT_THAT(outcome->pushed_rule, HasSubstr("`vb` = "));
        EXPECT_LT(outcome->read, comparison.rows() / 2) << outcome->pushed_rule;
    }
    server->exec("set global sql_mode = ''");
}

TEST(PushedRule, does_not_make_a_server_fail_over_characters_that_it_does_not_have) {
    auto& server = testing::Postgres::shared();
    const auto name = server.make_database() + "_latin";
    server.execute(
        fmt::format("create database {} encoding latin1 template template0 lc_collate 'C' lc_ctype 'C'", name));
    server.execute("create table r (t text); insert into r values ('a'), (chr(228))", name);
    const auto postgres = postgres_with(name, "UTC");
    EXPECT_EQ(pushed_by(*postgres, {.table = "r"}, "t = '日本'"), "");
    EXPECT_EQ(pushed_by(*postgres, {.table = "r"}, "t = 'a'"), "\"t\" = 'a'");
}

TEST(PushedRule, needs_no_collation_that_only_its_application_has) {
    const testing::TemporaryFolder folder;
    const auto path = folder / "r.db";
    {
        SqliteHandle handle(path, SqliteAccess::Create);
        sqlite3_create_collation(handle.raw(), "theirs", SQLITE_UTF8, nullptr,
                                 [](void*, int, const void*, int, const void*) { return 0; });
        handle.execute(
            "create table r (t text collate theirs, d date collate theirs); insert into r values ('a', null)");
    }
    SqliteDatabase sqlite({.path = path});
    EXPECT_THAT(pushed_by(sqlite, {.table = "r"}, "t in ('a', 'b') and d < date '2024-01-01'"),
                HasSubstr("\"t\" collate binary in"));
}

TEST(PushedRule, takes_no_value_for_a_part_of_the_statement) {
    const testing::TemporaryFolder folder;
    const auto sqlite = sqlite_with(folder, {"create table r (t text)", "insert into r values ('a'), ('b')"});
    EXPECT_EQ(pushed_by(*sqlite, {.table = "r"}, "t = :given", {{"given", Kind::Unknown, "' or '1' = '1"}}),
              "\"t\" collate binary = ''' or ''1'' = ''1' or typeof(\"t\") not in ('text', 'null')");
    for (const auto& value : {std::string("a\0' or 1", 8), std::string("a\xff")}) {
        EXPECT_EQ(pushed_by(*sqlite, {.table = "r"}, "t = :given", {{"given", Kind::Unknown, value}}), "");
    }
}

}  // namespace
}  // namespace rowhaul
