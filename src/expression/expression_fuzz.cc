// SPDX-License-Identifier: Apache-2.0
// Expressions of any kind over a few rows of any content: mistakes are told, nothing else happens.
#include "expression/program.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// The first bytes up to a zero are the text of the rows, the rest is the expression.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace rowhaul;
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const auto zero = std::min(all.find('\0'), all.size());
    const auto text = all.substr(0, zero);
    const auto expression = all.substr(std::min(zero + 1, all.size()));
    const Schema schema{{.name = "t"},
                        {.name = "i", .type = Type::Integer},
                        {.name = "n", .type = Type::Decimal},
                        {.name = "d", .type = Type::Date},
                        {.name = "ts", .type = Type::TimestampZoned}};
    try {
        Program program(schema, {{"today", Kind::Date, "2024-02-29"}}, {.now_utc = {0}, .zone = "Europe/Zurich"});
        program.add(expression);
        const std::array<Cell, 3> cells{Cell(text), Cell(), Cell("1")};
        const std::vector<std::span<const Cell>> columns(program.columns().size(), cells);
        Evaluation evaluation(program);
        Arena arena;
        evaluation.run(columns, cells.size(), arena);
        for (std::size_t row = 0; row < cells.size(); ++row) {
            if (evaluation.result(0).state(row) == State::Failed) {
                static_cast<void>(message_of(evaluation.result(0).failure(row)));
            }
        }
    } catch (const Error&) {
    } catch (const BatchTooLarge&) {
    }
    return 0;
}
