// SPDX-License-Identifier: Apache-2.0
// Random expressions over random rows through our evaluator, SQLite and MariaDB, where these mean the
// same as PostgreSQL, which judges the rest (expression/differential_test.cc): whole numbers without
// overflow and not divided by zero, texts of ASCII, compared byte by byte, `like` in lower case and without
// escapes, `substr` from 1 on; for MariaDB also decimals that are added, multiplied and rounded.
#include "database/sqlite_handle.h"
#include "expression/program.h"
#include "testing/servers/maria_db.h"

#include <cstdlib>
#include <fmt/format.h>
#include <functional>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

namespace rowhaul {
namespace {

constexpr std::size_t row_count = 24;

enum class Engine : std::uint8_t { Sqlite, MariaDb };

using Choices = std::vector<std::string>;
using Cells = std::vector<std::optional<std::string>>;

struct Words {
    std::string ours;
    std::string theirs;
};

const Schema schema{{.name = "i", .type = Type::Integer}, {.name = "j", .type = Type::Integer},
                    {.name = "s", .type = Type::Text},    {.name = "t", .type = Type::Text},
                    {.name = "b", .type = Type::Boolean}, {.name = "n", .type = Type::Decimal}};

class Generator {
public:
    Generator(unsigned seed, Engine engine) : random_(seed), engine_(engine) {}

    Type type() {
        const std::vector<Type> types{Type::Integer, Type::Text, Type::Boolean, Type::Decimal};
        return types[below(engine_ == Engine::Sqlite ? 3 : 4)];
    }

    Words make(Type type, int depth) {
        if (depth <= 0 || below(5) == 0) {
            return leaf(type);
        }
        if (below(4) == 0) {
            return general(type, depth - 1);
        }
        switch (type) {
            case Type::Integer:
                return integer(depth - 1);
            case Type::Decimal:
                return decimal(depth - 1);
            case Type::Boolean:
                return boolean(depth - 1);
            default:
                return text(depth - 1);
        }
    }

    std::optional<std::string> cell(Type type) {
        if (below(6) == 0) {
            return {};
        }
        switch (type) {
            case Type::Integer:
                return one_of({"0", "1", "-1", "2", "3", "7", "-12", "100"});
            case Type::Decimal:
                return one_of({"0.00", "1.50", "-2.25", "19.90", "0.05", "-0.50", "1234.56"});
            case Type::Boolean:
                return one_of({"true", "false"});
            default:
                return one_of(
                    {"", " ", "a", "B", "abc", "  x  ", "1", "a,b,c", "the quick brown fox", "true", "Abc", "0"});
        }
    }

private:
    std::size_t below(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
    std::string one_of(const Choices& choices) { return choices[below(choices.size())]; }

    // A pattern with {} for each part; `theirs` where MariaDB writes it otherwise.
    Words fill(std::string_view ours, const std::vector<Words>& parts, std::string_view of_mariadb = {}) const {
        const auto filled = [&](std::string_view pattern, std::string Words::*side) {
            std::string out;
            std::size_t next = 0;
            while (!pattern.empty()) {
                const bool is_part = pattern.starts_with("{}");
                out += is_part ? parts.at(next++).*side : std::string(1, pattern[0]);
                pattern.remove_prefix(is_part ? 2 : 1);
            }
            return out;
        };
        const bool differs = engine_ == Engine::MariaDb && !of_mariadb.empty();
        return {filled(ours, &Words::ours), filled(differs ? of_mariadb : ours, &Words::theirs)};
    }

    Words leaf(Type type) {
        if (below(3) != 0) {
            std::string name;
            do {
                name = schema[below(schema.size())].name;
            } while (std::ranges::find(schema, name, &Column::name)->type != type);
            return {name, name};
        }
        switch (type) {
            case Type::Integer:
                return fill(one_of({"0", "1", "2", "10", "(-3)"}), {});
            case Type::Decimal:
                return fill(one_of({"0.5", "1.0", "2.25", "100.00"}), {});
            case Type::Boolean:
                return fill(one_of({"true", "false"}), {});
            default:
                return fill(one_of({"'a'", "'abc'", "''", "' x '", "'12'"}), {});
        }
    }

    Words general(Type type, int depth) {
        const auto of_type = [&] { return make(type, depth); };
        const auto condition = [&] { return make(Type::Boolean, depth); };
        switch (below(4)) {
            case 0:
                return fill("case when {} then {} else {} end", {condition(), of_type(), of_type()});
            case 1:
                return fill("case when {} then {} when {} then {} end",
                            {condition(), of_type(), condition(), of_type()});
            case 2:
                return fill("coalesce({}, {})", {of_type(), of_type()});
            default:
                return fill("nullif({}, {})", {of_type(), of_type()});
        }
    }

    Words integer(int depth) {
        const auto whole = [&] { return make(Type::Integer, depth); };
        switch (below(5)) {
            case 0:
                return fill(fmt::format("({{}} {} {{}})", one_of({"+", "-", "*"})), {whole(), whole()});
            case 1: {
                const auto divisor = one_of({"2", "3", "(-5)", "7"});
                return fill(fmt::format("({{}} / {})", divisor), {whole()}, fmt::format("({{}} div {})", divisor));
            }
            case 2:
                return fill(fmt::format("({{}} % {})", one_of({"2", "3", "(-5)", "7"})), {whole()});
            case 3:
                return fill("abs({})", {whole()});
            default:
                return fill("length({})", {make(Type::Text, depth)});
        }
    }

    Words decimal(int depth) {
        const auto number = [&] { return make(Type::Decimal, depth); };
        switch (below(4)) {
            case 0:
                return fill(fmt::format("({{}} {} {{}})", one_of({"+", "-"})), {number(), number()});
            case 1:
                return fill("({} * {})", {leaf(Type::Decimal), leaf(Type::Integer)});
            case 2:
                return fill(fmt::format("round({{}}, {})", one_of({"0", "1", "2"})), {number()});
            default:
                return fill("abs({})", {number()});
        }
    }

    Words text(int depth) {
        const auto any_text = [&] { return make(Type::Text, depth); };
        switch (below(5)) {
            case 0:
                return fill("({} || {})", {any_text(), any_text()}, "concat({}, {})");
            case 1:
                return fill(fmt::format("{}({{}})", one_of({"trim", "ltrim", "rtrim", "lower", "upper"})),
                            {any_text()});
            case 2:
                return fill(fmt::format("substr({{}}, {})", one_of({"1", "2", "5"})), {any_text()});
            case 3:
                return fill(fmt::format("substr({{}}, {}, {})", one_of({"1", "2"}), one_of({"0", "1", "3"})),
                            {any_text()});
            default:
                return fill(fmt::format("replace({{}}, {}, {})", one_of({"'a'", "'b'", "' '"}), one_of({"''", "'xy'"})),
                            {any_text()});
        }
    }

    Words boolean(int depth) {
        const auto condition = [&] { return make(Type::Boolean, depth); };
        const auto of = type();
        const auto value = [&] { return make(of, depth); };
        switch (below(9)) {
            case 0:
            case 1:
                return fill(fmt::format("({{}} {} {{}})", one_of({"and", "or"})), {condition(), condition()});
            case 2:
                return fill("(not {})", {condition()});
            case 3:
            case 4:
                return fill(fmt::format("({{}} {} {{}})", one_of({"=", "<>", "<", "<=", ">", ">="})),
                            {value(), value()});
            case 5:
                return fill(fmt::format("({{}} {} ({{}}, {{}}))", one_of({"in", "not in"})),
                            {value(), value(), value()});
            case 6:
                return fill(fmt::format("({{}} {} {{}} and {{}})", one_of({"between", "not between"})),
                            {value(), value(), value()});
            case 7:
                return fill(fmt::format("({{}} {})", one_of({"is null", "is not null", "is true", "is not false"})),
                            {condition()});
            default:
                return fill(fmt::format("(lower({{}}) {} '{}')", one_of({"like", "not like"}),
                                        one_of({"a%", "%b%", "_", "%", "a_c", "%q%o%"})),
                            {make(Type::Text, depth)});
        }
    }

    std::mt19937 random_;
    Engine engine_;
};

// Decimals are equal whatever their scale is; others write conditions as 1 and 0.
std::string comparable(Type type, std::string text) {
    if (type == Type::Boolean) {
        return text == "true" ? "1" : text == "false" ? "0" : text;
    }
    if (type == Type::Decimal && text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        text.erase(text.find_last_not_of('.') + 1);
    }
    return text == "-0" ? "0" : text;
}

std::vector<std::string> ours(const std::string& expression, const std::vector<Cells>& rows) {
    Program program(schema, {}, {});
    program.add(expression);
    std::vector<std::vector<Cell>> cells;
    for (const auto column : program.columns()) {
        auto& of_column = cells.emplace_back();
        for (const auto& row : rows) {
            of_column.push_back(row[column] ? Cell(*row[column]) : Cell());
        }
    }
    Evaluation evaluation(program);
    Arena arena;
    evaluation.run(std::vector<std::span<const Cell>>(cells.begin(), cells.end()), rows.size(), arena);
    std::vector<std::string> values;
    const auto& result = evaluation.result(0);
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const auto state = result.state(row);
        values.push_back(state == State::Failed ? "failed"
                         : state == State::Null || result.at<Cell>(row).is_null()
                             ? "NULL"
                             : "v" + std::string(result.at<Cell>(row).text()));
    }
    return values;
}

struct Question {
    Type type;
    Words words;
};

// Asks all questions at once; each answer has a value a row.
using Ask = std::function<std::vector<std::vector<std::string>>(const std::vector<std::string>& create,
                                                                const std::vector<Question>&)>;

void compare(Engine engine, const Ask& ask) {
    const char* seed = std::getenv("ROWHAUL_SEED");
    const char* count = std::getenv("ROWHAUL_EXPRESSIONS");
    Generator generator(seed != nullptr ? static_cast<unsigned>(std::atoi(seed)) : 1, engine);
    std::vector<std::string> create{
        engine == Engine::Sqlite
            ? "create table r (k int, i int, j int, s text, t text, b int, n text)"
            : "create table r (k int, i bigint, j bigint, s text, t text, b bool, n decimal(10,2))"};
    std::vector<Cells> rows(row_count);
    for (std::size_t row = 0; row < rows.size(); ++row) {
        std::string values = std::to_string(row);
        for (const auto& column : schema) {
            const auto& cell = rows[row].emplace_back(generator.cell(column.type));
            values += !cell ? ", null" : column.type == Type::Text ? ", '" + *cell + "'" : ", " + *cell;
        }
        create.push_back("insert into r values (" + values + ")");
    }
    std::vector<Question> questions;
    for (int i = 0; i < (count != nullptr ? std::atoi(count) : 2000); ++i) {
        const auto type = generator.type();
        questions.push_back({type, generator.make(type, 1 + i % 3)});
    }
    const auto answers = ask(create, questions);
    ASSERT_EQ(answers.size(), questions.size());
    const auto value_of = [](Type type, const std::string& text) {
        return comparable(type, text.starts_with('v') ? text.substr(1) : text);
    };
    std::size_t values = 0;
    for (std::size_t i = 0; i < questions.size(); ++i) {
        const auto& [type, words] = questions[i];
        const auto own = ours(words.ours, rows);
        for (std::size_t row = 0; row < rows.size(); ++row) {
            ASSERT_EQ(value_of(type, own[row]), value_of(type, answers[i].at(row))) << words.ours << "\n"
                                                                                    << words.theirs << "\nrow " << row;
            values += own[row] == "NULL" ? 0 : 1;
        }
    }
    EXPECT_GT(values, questions.size() * rows.size() / 2) << "too many expressions are NULL to tell anything";
}

TEST(OtherEngines, sqlite_means_the_same_where_it_agrees_with_postgres) {
    SqliteHandle handle(":memory:", SqliteAccess::Create);
    handle.execute("pragma case_sensitive_like = on");
    compare(Engine::Sqlite, [&](const auto& create, const auto& questions) {
        for (const auto& statement : create) {
            handle.execute(statement);
        }
        std::vector<std::vector<std::string>> answers;
        for (const auto& question : questions) {
            auto& answer = answers.emplace_back();
            auto statement = handle.prepare(
                fmt::format("select coalesce('v' || ({}), 'NULL') from r order by k", question.words.theirs));
            while (statement.step()) {
                answer.emplace_back(statement.text(0));
            }
        }
        return answers;
    });
}

TEST(OtherEngines, mariadb_means_the_same_where_it_agrees_with_postgres) {
    testing::MariaDb server;
    compare(Engine::MariaDb, [&](const auto& create, const auto& questions) {
        std::string script =
            "alter database shop character set utf8mb4 collate utf8mb4_nopad_bin; set names utf8mb4 collate "
            "utf8mb4_nopad_bin; ";
        for (const auto& statement : create) {
            script += statement + ";";
        }
        for (const auto& question : questions) {
            script +=
                fmt::format("select coalesce(concat('v', ({})), 'NULL') from r order by k;", question.words.theirs);
        }
        std::vector<std::vector<std::string>> answers;
        std::istringstream lines(server.exec(script));
        for (std::string line; std::getline(lines, line);) {
            if (answers.empty() || answers.back().size() == row_count) {
                answers.emplace_back();
            }
            answers.back().push_back(line);
        }
        return answers;
    });
}

}  // namespace
}  // namespace rowhaul
