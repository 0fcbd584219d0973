// SPDX-License-Identifier: Apache-2.0
// Three typical expressions over the same rows: ours column by column, and one prepared SQLite
// statement per row, each giving text. Prints a line for each: its name, our seconds, SQLite's seconds.
//
//     bench_expression [ROWS]
#include "expression/program.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sqlite3.h>
#include <string>
#include <vector>

namespace {

using namespace rowhaul;
using Clock = std::chrono::steady_clock;

struct Case {
    const char* name;
    const char* ours;
    const char* theirs;  // parameters in the order of the schema
};

const Schema schema{{.name = "id", .type = Type::Integer},
                    {.name = "first_name"},
                    {.name = "last_name"},
                    {.name = "price", .type = Type::Decimal},
                    {.name = "quantity", .type = Type::Integer},
                    {.name = "country"}};

constexpr Case cases[] = {
    {"rule", "id > 1000 and country in ('CH', 'AT', 'DE') and price >= 10",
     "select cast(?1 as integer) > 1000 and ?6 in ('CH', 'AT', 'DE') and cast(?4 as real) >= 10"},
    {"text", "trim(upper(last_name) || ', ' || first_name)", "select trim(upper(?3) || ', ' || ?2)"},
    {"money", "round(price * quantity * 1.077, 2)", "select round(cast(?4 as real) * cast(?5 as integer) * 1.077, 2)"}};

struct Table {
    std::vector<std::vector<std::string>> texts;
    std::vector<std::vector<Cell>> cells;
};

Table make_table(std::size_t rows) {
    static constexpr const char* countries[] = {"CH", "AT", "DE", "FR", "IT"};
    Table table;
    table.texts.resize(schema.size());
    for (std::size_t i = 0; i < rows; ++i) {
        table.texts[0].push_back(std::to_string(i + 1));
        table.texts[1].push_back("Firstname" + std::to_string(i % 977));
        table.texts[2].push_back("Lastname-" + std::to_string(i % 7919));
        table.texts[3].push_back(std::to_string(i % 500) + "." + std::to_string(10 + i % 90));
        table.texts[4].push_back(std::to_string(i % 13));
        table.texts[5].emplace_back(countries[i % 5]);
    }
    for (const auto& column : table.texts) {
        table.cells.emplace_back(column.begin(), column.end());
    }
    return table;
}

double ours(const Case& what, const Table& table, std::size_t& bytes) {
    Program program(schema, {}, {});
    program.add(what.ours);
    Evaluation evaluation(program);
    Arena arena;
    const auto rows = table.cells[0].size();
    const auto start = Clock::now();
    for (std::size_t first = 0; first < rows; first += Batch::max_rows) {
        const auto count = std::min(rows - first, Batch::max_rows);
        std::vector<std::span<const Cell>> columns;
        for (const auto column : program.columns()) {
            columns.push_back(std::span(table.cells[column]).subspan(first, count));
        }
        arena.reset();
        evaluation.run(columns, count, arena);
        for (std::size_t row = 0; row < count; ++row) {
            bytes += evaluation.result(0).at<Cell>(row).text().size();
        }
    }
    return std::chrono::duration<double>(Clock::now() - start).count();
}

double theirs(const Case& what, const Table& table, std::size_t& bytes) {
    sqlite3* database = nullptr;
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_open(":memory:", &database) != SQLITE_OK ||
        sqlite3_prepare_v2(database, what.theirs, -1, &statement, nullptr) != SQLITE_OK) {
        std::fprintf(stderr, "bench_expression: %s\n", sqlite3_errmsg(database));
        std::exit(1);
    }
    const auto parameters = static_cast<std::size_t>(sqlite3_bind_parameter_count(statement));
    std::vector<bool> used;
    for (std::size_t i = 0; i < parameters; ++i) {
        used.push_back(std::string(what.theirs).find("?" + std::to_string(i + 1)) != std::string::npos);
    }
    const auto rows = table.cells[0].size();
    const auto start = Clock::now();
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t i = 0; i < parameters; ++i) {
            if (used[i]) {
                const auto text = table.cells[i][row].text();
                sqlite3_bind_text(statement, static_cast<int>(i + 1), text.data(), static_cast<int>(text.size()),
                                  SQLITE_STATIC);
            }
        }
        sqlite3_step(statement);
        sqlite3_column_text(statement, 0);
        bytes += static_cast<std::size_t>(sqlite3_column_bytes(statement, 0));
        sqlite3_reset(statement);
    }
    const auto seconds = std::chrono::duration<double>(Clock::now() - start).count();
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return seconds;
}

}  // namespace

int main(int argc, char** argv) {
    const auto rows = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000UL;
    const auto table = make_table(rows);
    std::size_t our_bytes = 0;
    std::size_t their_bytes = 0;
    for (const auto& each : cases) {
        const auto our_seconds = ours(each, table, our_bytes);
        const auto their_seconds = theirs(each, table, their_bytes);
        std::printf("%s %.6f %.6f\n", each.name, our_seconds, their_seconds);
    }
    return our_bytes > 0 && their_bytes > 0 ? 0 : 1;
}
