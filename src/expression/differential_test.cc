// SPDX-License-Identifier: Apache-2.0
// Random expressions over random rows, through our evaluator and through a real PostgreSQL: the same
// value, NULL or failure in every row.
#include "expression/program.h"
#include "testing/servers/postgres.h"

#include <cstdlib>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <memory>
#include <random>
#include <set>

namespace rowhaul {
namespace {

struct Column {
    const char* name;
    Type type;
    const char* of_postgres;
    Kind kind;
};
constexpr Column columns[] = {{"i", Type::Integer, "bigint", Kind::Integer},
                              {"j", Type::Integer, "bigint", Kind::Integer},
                              {"n", Type::Decimal, "numeric", Kind::Decimal},
                              {"m", Type::Decimal, "numeric(20,4)", Kind::Decimal},
                              {"s", Type::Text, "text", Kind::Text},
                              {"t", Type::Text, "text", Kind::Text},
                              {"b", Type::Boolean, "boolean", Kind::Boolean},
                              {"d", Type::Date, "date", Kind::Date},
                              {"ts", Type::Timestamp, "timestamp", Kind::Timestamp}};

// The same expression in our words and in PostgreSQL's, which differ in the width of integers.
struct Both {
    std::string ours;
    std::string theirs;
};

class Generator {
public:
    explicit Generator(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
    template <std::size_t N>
    const char* one_of(const char* const (&choices)[N]) {
        return choices[below(N)];
    }

    Kind kind() {
        static constexpr Kind kinds[] = {Kind::Integer, Kind::Decimal, Kind::Text,
                                         Kind::Boolean, Kind::Date,    Kind::Timestamp};
        return kinds[below(std::size(kinds))];
    }

    Both make(Kind kind, int depth) {
        if (depth <= 0 || below(6) == 0) {
            return leaf(kind);
        }
        if (below(6) == 0) {
            return general(kind, depth - 1);
        }
        switch (kind) {
            case Kind::Integer:
                return integer(depth - 1);
            case Kind::Decimal:
                return decimal(depth - 1);
            case Kind::Text:
                return text(depth - 1);
            case Kind::Boolean:
                return boolean(depth - 1);
            case Kind::Date:
                return date(depth - 1);
            default:
                return timestamp(depth - 1);
        }
    }

    std::optional<std::string> cell(const Column& column) {
        if (below(6) == 0) {
            return {};
        }
        switch (column.kind) {
            case Kind::Integer:
                return one_of(
                    {"0", "1", "-1", "2", "3", "7", "-12", "100", "4611686018427387904", "-9223372036854775808"});
            case Kind::Decimal:
                return std::string_view(column.name) == "m"
                           ? one_of({"0.0000", "1.5000", "-2.2500", "19.9000", "1234567890123456.7891", "0.0001",
                                     "-0.5000"})
                           : one_of({"0", "0.0", "1", "-1.50", "0.1", "3.14159265358979", "1000000", "-0.000001",
                                     "99.995", "12345678901234567890123456789012345678901234567890.5",
                                     "0.00000000000000000000000000001"});
            case Kind::Boolean:
                return one_of({"true", "false"});
            case Kind::Date:
                return one_of({"2024-02-29", "2024-12-30", "1999-12-31", "2000-01-01", "0044-03-15 BC", "9999-12-31",
                               "1970-01-01"});
            case Kind::Timestamp:
                return one_of({"2024-02-29 13:45:00", "1999-12-31 23:59:59.999999", "2024-01-01 00:00:00",
                               "1900-01-31 06:07:08.5"});
            default:
                return one_of({"", " ", "a", "B", "abc", "  x  ", "Zürich", "1", "-7.5", "2024-02-29", "a,b,c", "%_\\",
                               "ß", "日本語", "The quick brown fox", "true", "'quoted'", "AbC-123", "0"});
        }
    }

private:
    // PostgreSQL computes constants beforehand, also in branches that are never taken; not those of a
    // query of their own.
    static Both same(const std::string& text) { return {text, fmt::format("(select {})", text)}; }
    // Both made of a pattern with {} for each part.
    static Both fill(std::string_view pattern, const std::vector<Both>& parts) {
        Both out;
        std::size_t next = 0;
        while (!pattern.empty()) {
            if (pattern.starts_with("{}")) {
                out.ours += parts.at(next).ours;
                out.theirs += parts.at(next++).theirs;
                pattern.remove_prefix(2);
            } else {
                out.ours += pattern[0];
                out.theirs += pattern[0];
                pattern.remove_prefix(1);
            }
        }
        return out;
    }
    // An argument for which PostgreSQL wants 32 bits.
    Both small() {
        const auto* number = one_of({"0", "1", "2", "3", "5", "-1", "-2", "10"});
        return same(number);
    }

    Both leaf(Kind kind) {
        if (below(2) == 0) {
            std::vector<const char*> names;
            for (const auto& column : columns) {
                if (column.kind == kind) {
                    names.push_back(column.name);
                }
            }
            const std::string name = names[below(names.size())];
            return {name, name};
        }
        switch (kind) {
            case Kind::Integer: {
                const std::string number = one_of({"0", "1", "2", "10", "-3", "255"});
                return {number, fmt::format("(select {}::bigint)", number)};
            }
            case Kind::Decimal:
                return same(one_of({"0.5", "1.0", "2.25", "100.00", "0.333", "7e2"}));
            case Kind::Boolean:
                return same(one_of({"true", "false", "cast(null as boolean)"}));
            case Kind::Date:
                return same(one_of({"date '2024-03-01'", "date '1999-12-31'"}));
            case Kind::Timestamp:
                return same(one_of({"timestamp '2024-03-01 12:00'", "timestamp '1999-12-31 23:59:59.5'"}));
            default:
                return same(one_of({"'a'", "'abc'", "''", "' x '", "'Zürich'", "'12'", "cast(null as text)"}));
        }
    }

    Both general(Kind kind, int depth) {
        const auto of_kind = [&] { return make(kind, depth); };
        const auto condition = [&] { return make(Kind::Boolean, depth); };
        switch (below(6)) {
            case 0:
                return fill("case when {} then {} else {} end", {condition(), of_kind(), of_kind()});
            case 1:
                return fill("case when {} then {} when {} then {} end",
                            {condition(), of_kind(), condition(), of_kind()});
            case 2:
                return fill("coalesce({}, {})", {of_kind(), of_kind()});
            case 3:
                return fill("nullif({}, {})", {of_kind(), of_kind()});
            case 4:
                return fill("greatest({}, {})", {of_kind(), of_kind()});
            default:
                return fill("least({}, {}, {})", {of_kind(), of_kind(), of_kind()});
        }
    }

    Both integer(int depth) {
        const auto whole = [&] { return make(Kind::Integer, depth); };
        switch (below(10)) {
            case 0:
            case 1:
                return fill(fmt::format("({{}} {} {{}})", one_of({"+", "-", "*"})), {whole(), whole()});
            case 2:
                return fill(fmt::format("({{}} {} {{}})", one_of({"/", "%"})), {whole(), whole()});
            case 3:
                return fill("abs({})", {whole()});
            case 4:
                return fill("cast(length({}) as bigint)", {make(Kind::Text, depth)});
            case 5:
                return fill("cast({} as bigint)", {make(Kind::Decimal, depth)});
            case 6:
                return fill("cast(strpos({}, {}) as bigint)", {make(Kind::Text, depth), make(Kind::Text, depth)});
            case 7:
                return fill("cast(({} - {}) as bigint)", {make(Kind::Date, depth), make(Kind::Date, depth)});
            case 8:
                return fill("(- {})", {whole()});
            default:
                return fill("cast({} as bigint)", {make(Kind::Text, depth)});
        }
    }

    Both decimal(int depth) {
        const auto number = [&] { return make(Kind::Decimal, depth); };
        switch (below(11)) {
            case 0:
            case 1:
                return fill(fmt::format("({{}} {} {{}})", one_of({"+", "-", "*"})), {number(), number()});
            case 2:
                return fill(fmt::format("({{}} {} {{}})", one_of({"/", "%"})), {number(), number()});
            case 3:
                return fill(fmt::format("({{}} {} {{}})", one_of({"+", "-", "*", "/"})),
                            {number(), make(Kind::Integer, depth)});
            case 4:
                return fill(fmt::format("{}({{}})", one_of({"abs", "round", "trunc", "ceil", "floor", "sign"})),
                            {number()});
            case 5:
                return fill(fmt::format("{}({{}}, {{}})", one_of({"round", "trunc"})), {number(), small()});
            case 6:
                return fill("cast({} as decimal(12,2))", {number()});
            case 7:
                return fill("cast({} as decimal)", {make(Kind::Text, depth)});
            case 8:
                return fill(fmt::format("extract({} from {{}})",
                                        one_of({"year", "month", "day", "hour", "minute", "second", "dow", "isodow",
                                                "doy", "week", "isoyear", "quarter", "epoch", "decade", "century"})),
                            {make(Kind::Timestamp, depth)});
            case 9:
                return fill(fmt::format("extract({} from {{}})",
                                        one_of({"year", "month", "day", "doy", "week", "epoch", "century", "decade"})),
                            {make(Kind::Date, depth)});
            default:
                return fill("mod({}, {})", {number(), number()});
        }
    }

    Both text(int depth) {
        const auto any_text = [&] { return make(Kind::Text, depth); };
        switch (below(22)) {
            case 0:
            case 1:
                return fill("({} || {})", {any_text(), any_text()});
            case 2:
                return fill("({} || {})", {any_text(), make(below(2) == 0 ? Kind::Integer : Kind::Decimal, depth)});
            case 3:
                return fill(fmt::format("{}({{}})", one_of({"trim", "ltrim", "rtrim", "reverse", "md5"})),
                            {any_text()});
            case 4:
                return fill("lower({} collate \"C\")", {any_text()});
            case 5:
                return fill("substr({}, {})", {any_text(), small()});
            case 6:
                return fill("substr({}, {}, {})", {any_text(), small(), small()});
            case 7:
                return fill(fmt::format("{}({{}}, {{}})", one_of({"left", "right", "lpad", "rpad", "repeat"})),
                            {any_text(), small()});
            case 8:
                return fill(fmt::format("{}({{}}, {{}}, {{}})", one_of({"lpad", "rpad"})),
                            {any_text(), small(), any_text()});
            case 9:
                return fill(fmt::format("{}({{}}, {{}}, {{}})", one_of({"replace", "translate"})),
                            {any_text(), any_text(), any_text()});
            case 10:
                return fill("split_part({}, {}, {})", {any_text(), any_text(), small()});
            case 11:
                return fill(fmt::format("{}({{}}, {{}})", one_of({"btrim", "ltrim", "rtrim"})),
                            {any_text(), any_text()});
            case 12:
                return fill("cast({} as text)", {make(Kind::Integer, depth)});
            case 13:
                return fill("cast({} as text)", {make(Kind::Decimal, depth)});
            case 14:
                return fill("cast({} as text)", {make(below(2) == 0 ? Kind::Date : Kind::Timestamp, depth)});
            case 15:
                return fill("concat_ws({}, {}, {})", {any_text(), any_text(), any_text()});
            case 16:
                return fill("concat({}, {})", {any_text(), make(Kind::Decimal, depth)});
            case 17:
                return fill(fmt::format("regexp_replace({{}}, '{}', '{}', '{}')",
                                        one_of({"[a-z]", "a|ab", "(.)(.)", "\\s+", "x*", "[^0-9]"}),
                                        one_of({"", "-", "<\\1>", "[\\&]"}), one_of({"", "g", "gi"})),
                            {any_text()});
            case 18:
                return fill(
                    fmt::format("to_char({{}}, '{}')",
                                one_of({"YYYY-MM-DD", "DD.MM.YY", "FMDD. FMMonth YYYY", "Day, DDD", "HH24:MI:SS.US",
                                        "HH12:MI AM", "IYYY-IW-ID", "Q \"quarter\"", "Dy Mon", "MS WW D"})),
                    {make(Kind::Timestamp, depth)});
            case 19:
                return fill(fmt::format("to_char({{}}, '{}')",
                                        one_of({"999", "FM999,990.00", "000.0", "FM9.99", "9G999D9", "FM0000"})),
                            {fill("cast({} as decimal(9,3))", {make(Kind::Decimal, depth)})});
            case 20:
                return fill("cast({} as text)", {make(Kind::Boolean, depth)});
            default:
                return fill(fmt::format("regexp_substr({{}}, '{}')", one_of({"[0-9]+", "[a-c]+|x", "^.", ".$"})),
                            {any_text()});
        }
    }

    Both boolean(int depth) {
        const auto condition = [&] { return make(Kind::Boolean, depth); };
        switch (below(12)) {
            case 0:
            case 1:
                return fill(fmt::format("({{}} {} {{}})", one_of({"and", "or"})), {condition(), condition()});
            case 2:
                return fill("(not {})", {condition()});
            case 3:
            case 4: {
                const auto of = kind();
                return fill(fmt::format("({{}} {} {{}})", one_of({"=", "<>", "<", "<=", ">", ">="})),
                            {make(of, depth), make(of, depth)});
            }
            case 5:
                return fill(fmt::format("({{}} {} {{}})", one_of({"=", "<", ">="})),
                            {make(Kind::Integer, depth), make(Kind::Decimal, depth)});
            case 6: {
                const auto of = kind();
                return fill(fmt::format("({{}} {} ({{}}, {{}}, {{}}))", one_of({"in", "not in"})),
                            {make(of, depth), make(of, depth), make(of, depth), make(of, depth)});
            }
            case 7: {
                const auto of = kind();
                return fill(fmt::format("({{}} {} {{}} and {{}})", one_of({"between", "not between"})),
                            {make(of, depth), make(of, depth), make(of, depth)});
            }
            case 8:
                return fill(fmt::format("({{}} {})", one_of({"is null", "is not null"})), {make(kind(), depth)});
            case 9: {
                const auto of = kind();
                return fill(fmt::format("({{}} {} {{}})", one_of({"is distinct from", "is not distinct from"})),
                            {make(of, depth), make(of, depth)});
            }
            case 10:
                return fill(fmt::format("({{}} {} '{}')", one_of({"like", "not like", "~", "!~", "ilike"}),
                                        one_of({"a%", "%b%", "_", "%", "a_c", "x", "[a-z]", "%a%b%"})),
                            {make(Kind::Text, depth)});
            default:
                return fill(fmt::format("({{}} {})",
                                        one_of({"is true", "is not true", "is false", "is not false", "is unknown"})),
                            {condition()});
        }
    }

    Both date(int depth) {
        switch (below(5)) {
            case 0:
                return fill("({} + {})", {make(Kind::Date, depth), small()});
            case 1:
                return fill("({} - {})", {make(Kind::Date, depth), small()});
            case 2:
                return fill("cast({} as date)", {make(Kind::Timestamp, depth)});
            case 3:
                return fill("to_date({}, 'DD.MM.YYYY')",
                            {fill("to_char({}, 'DD.MM.YYYY')",
                                  {fill("greatest({}, date '1900-01-01')", {make(Kind::Date, depth)})})});
            default:
                return fill("make_date({}, {}, {})",
                            {same(one_of({"2024", "1999", "1"})), same(one_of({"1", "2", "12", "13"})),
                             same(one_of({"1", "29", "31"}))});
        }
    }

    Both timestamp(int depth) {
        switch (below(4)) {
            case 0:
                return fill(
                    fmt::format("({{}} {} interval '{}')", one_of({"+", "-"}),
                                one_of({"1 day", "1 month", "1 year 2 mons", "-3 hours", "90 minutes", "2 weeks"})),
                    {make(Kind::Timestamp, depth)});
            case 1:
                return fill(
                    fmt::format("date_trunc('{}', {{}})", one_of({"year", "quarter", "month", "week", "day", "hour",
                                                                  "minute", "second", "decade", "century"})),
                    {make(Kind::Timestamp, depth)});
            case 2:
                return fill("cast({} as timestamp)", {make(Kind::Date, depth)});
            default:
                return fill(fmt::format("({{}} + interval '{}')", one_of({"1 day", "1 month", "12:00"})),
                            {make(Kind::Date, depth)});
        }
    }

    std::mt19937 random_;
};

class Oracle {
public:
    explicit Oracle(const std::string& database) {
        const auto& server = testing::Postgres::shared();
        const auto where = fmt::format("host={} port={} user=owner dbname={} client_encoding=UTF8",
                                       server.socket_folder(), server.port(), database);
        connection_.reset(PQconnectdb(where.c_str()));
        run("set datestyle = 'ISO, YMD'; set timezone = 'UTC'; create or replace function pg_temp.attempt(expression "
            "text, row_number int) "
            "returns text language plpgsql as $$ declare result text; begin execute 'select (' || expression || "
            "')::text from rows where "
            "number = ' || row_number into result; return case when result is null then 'NULL' else 'v' || result end; "
            "exception when others then "
            "return '!' || sqlstate || ' ' || sqlerrm; end $$");
    }
    void run(const std::string& statement) { result_of(statement); }
    std::vector<std::string> evaluate(const std::string& expression, std::size_t rows) {
        const std::unique_ptr<char, decltype(&PQfreemem)> quoted(
            PQescapeLiteral(connection_.get(), expression.c_str(), expression.size()), &PQfreemem);
        const auto result =
            result_of(fmt::format("select pg_temp.attempt({}, n) from generate_series(1, {}) n", quoted.get(), rows));
        std::vector<std::string> values;
        for (int i = 0; i < PQntuples(result.get()); ++i) {
            values.emplace_back(PQgetvalue(result.get(), i, 0));
        }
        return values;
    }

private:
    using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;
    Result result_of(const std::string& statement) {
        Result result(PQexec(connection_.get(), statement.c_str()), &PQclear);
        const auto status = PQresultStatus(result.get());
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            throw std::runtime_error(statement + ": " + PQerrorMessage(connection_.get()));
        }
        return result;
    }
    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{nullptr, &PQfinish};
};

class Differential {
public:
    static constexpr std::size_t row_count = 24;

    explicit Differential(unsigned seed) : generator_(seed), oracle_(testing::Postgres::shared().make_database()) {
        std::string create = "create table rows (number int";
        for (const auto& column : columns) {
            schema_.push_back({.name = column.name, .type = column.type});
            create += fmt::format(", {} {}", column.name, column.of_postgres);
        }
        oracle_.run(create + ")");
        for (std::size_t row = 1; row <= row_count; ++row) {
            std::string values = std::to_string(row);
            auto& cells = rows_.emplace_back();
            for (const auto& column : columns) {
                cells.push_back(generator_.cell(column));
                std::string quoted;
                for (const char c : cells.back().value_or("")) {
                    quoted += c == '\'' ? "''" : std::string(1, c);
                }
                values += cells.back() ? ", '" + quoted + "'" : ", null";
            }
            oracle_.run(fmt::format("insert into rows values ({})", values));
        }
    }

    // How many rows had a value on both sides; nothing when they differ.
    std::optional<std::size_t> compare(int depth) {
        const auto kind = generator_.kind();
        const auto both = generator_.make(kind, depth);
        auto ours_text = both.ours;
        for (auto at = ours_text.find(" collate \"C\""); at != std::string::npos;
             at = ours_text.find(" collate \"C\"")) {
            ours_text.erase(at, std::string_view(" collate \"C\"").size());
        }
        const auto theirs = oracle_.evaluate(both.theirs, row_count);
        std::vector<std::string> ours;
        try {
            ours = evaluate(ours_text);
        } catch (const ExpressionError& error) {
            // A mistake that shows before the rows do is a failure in each of them there.
            for (const auto& value : oracle_.evaluate(both.ours, row_count)) {
                if (value[0] != '!') {
                    ADD_FAILURE() << both.theirs << "\n" << error.what();
                    return {};
                }
            }
            return 0;
        }
        std::size_t values = 0;
        for (std::size_t row = 0; row < row_count; ++row) {
            const bool is_failure = theirs[row][0] == '!';
            // Their limit of digits is another one than ours, and far away from any business.
            if (is_failure != ours[row].starts_with('!') || (!is_failure && theirs[row] != ours[row])) {
                ADD_FAILURE() << "row " << row + 1 << ": " << ours_text << "\nours:   " << ours[row]
                              << "\ntheirs: " << theirs[row];
                return {};
            }
            values += is_failure ? 0 : 1;
        }
        return values;
    }

private:
    std::vector<std::string> evaluate(const std::string& expression) {
        Program program(schema_, {}, {});
        program.add(expression);
        std::vector<std::vector<Cell>> cells;
        for (const auto column : program.columns()) {
            auto& of_column = cells.emplace_back();
            for (const auto& row : rows_) {
                of_column.push_back(row[column] ? Cell(*row[column]) : Cell());
            }
        }
        const std::vector<std::span<const Cell>> spans(cells.begin(), cells.end());
        Evaluation evaluation(program);
        Arena arena;
        evaluation.run(spans, row_count, arena);
        std::vector<std::string> values;
        const auto& result = evaluation.result(0);
        for (std::size_t row = 0; row < row_count; ++row) {
            const auto state = result.state(row);
            values.push_back(state == State::Failed ? fmt::format("!{}", name_of(result.failure(row).failure))
                             : state == State::Null || result.at<Cell>(row).is_null()
                                 ? "NULL"
                                 : fmt::format("v{}", result.at<Cell>(row).text()));
        }
        return values;
    }

    Generator generator_;
    Oracle oracle_;
    Schema schema_;
    std::vector<std::vector<std::optional<std::string>>> rows_;
};

// ROWHAUL_EXPRESSIONS=100000 ROWHAUL_SEED=7 makes a longer and another run of it.
unsigned setting(const char* name, unsigned otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : otherwise;
}

TEST(Differential, random_expressions_mean_what_they_mean_to_postgres) {
    Differential differential(setting("ROWHAUL_SEED", 1));
    const auto count = setting("ROWHAUL_EXPRESSIONS", 3000);
    std::size_t values = 0;
    std::size_t failures = 0;
    for (unsigned i = 0; i < count && failures < 8; ++i) {
        const auto equal = differential.compare(static_cast<int>(1 + i % 4));
        values += equal.value_or(0);
        failures += equal ? 0 : 1;
    }
    EXPECT_GT(values, count * Differential::row_count / 3) << "too many expressions fail everywhere to tell anything";
}

}  // namespace
}  // namespace rowhaul
