// SPDX-License-Identifier: Apache-2.0
// From SQLite's values to cells.
#pragma once
#include "data/batch.h"
#include "data/schema.h"

#include <cstdint>
#include <sqlite3.h>
#include <string_view>

namespace rowhaul {

// The logical type that a column's declared type promises; Text where it promises nothing.
Type sqlite_type(std::string_view declared);

enum class StoredType : std::uint8_t {
    AsDeclared,
    Different,  // something that the column's type does not promise
};

// The current row's value in `column`, copied into the arena. Throws std::bad_alloc when SQLite has
// no memory left.
StoredType read_sqlite_cell(sqlite3_stmt* statement, int column, Type type, Arena& arena, Cell& into);

}  // namespace rowhaul
