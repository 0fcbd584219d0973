// SPDX-License-Identifier: Apache-2.0
// Rows as `copy ... to stdout` sends them: one line a row, tabs between the cells, \N for NULL, and
// backslashes before what would be mistaken (https://www.postgresql.org/docs/current/sql-copy.html).
#pragma once
#include "data/batch.h"
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

    // Appends one row to the columns of the batch, copying the line into its arena. Throws Internal
    // when the line has not as many cells as there are fields.
    void append(std::string_view line, Batch& out) const;

private:
    void add(std::size_t field, char* begin, char* end, bool has_backslash, Batch& out) const;

    std::vector<Field> fields_;
};

}  // namespace rowhaul
