// SPDX-License-Identifier: Apache-2.0
// Rows as `copy ... to stdout` sends them: one line a row, tabs between the cells, \N for NULL, and
// backslashes before what would be mistaken (https://www.postgresql.org/docs/current/sql-copy.html).
#pragma once
#include "data/batch.h"
#include "database/column_writer.h"
#include "database/postgres_types.h"

#include <string_view>
#include <vector>

namespace rowhaul {

class PostgresCopyParser {
public:
    // What becomes of each cell of a line, in the server's order.
    struct Field {
        PostgresText text = PostgresText::AsIs;
        std::vector<std::size_t> columns;  // where it goes in the batch: nowhere, or to several
    };
    explicit PostgresCopyParser(std::vector<Field> fields) : fields_(std::move(fields)) {}

    // Makes row number `row` (from 0) of one line, which is copied into the arena. Throws Internal
    // when the line has not as many cells as there are fields.
    void parse(std::string_view line, const ColumnWriter& columns, std::size_t row, Arena& arena) const;

private:
    Cell cell_of(const Field&, char* begin, char* end, bool has_backslash, Arena& arena) const;

    std::vector<Field> fields_;
};

}  // namespace rowhaul
