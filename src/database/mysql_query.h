// SPDX-License-Identifier: Apache-2.0
// The gate a query passes before a MySQL or MariaDB server sees it (P2).
#pragma once
#include <string>
#include <string_view>

namespace rowhaul {

// Throws Invalid unless `query` is one plain reading SELECT. The server's read-only transaction
// refuses every write to a table by itself; this closes what such a transaction lets through:
// statements that end the transaction first (OPTIMIZE TABLE and its like answer with rows), files
// (INTO OUTFILE, LOAD_FILE), locks that hold up others (FOR UPDATE, GET_LOCK), and sequences.
// Words inside texts, quoted names and comments do not count. Executable comments (/*! ... */) are
// refused, since only the server's version says whether they count. The session must have an empty
// sql_mode: ANSI_QUOTES and NO_BACKSLASH_ESCAPES would end texts elsewhere than here.
void check_reading(std::string_view query);

// `text` as a literal.
std::string quoted_text(std::string_view text);

}  // namespace rowhaul
