// SPDX-License-Identifier: Apache-2.0
// The gate a person's query passes before a PostgreSQL server runs it (P2).
//
// What holds what:
// - The read-only transaction stops every write to tables and sequences, DDL, and row locks, also
//   inside functions written in SQL or PL/pgSQL. It cannot be left: "commit" is not a SELECT, and
//   once a snapshot is taken the server lets nothing make the transaction writable again.
// - One statement only: the extended protocol takes no second one.
// - `select 1) to program 'x' --` cannot break out of `copy (...) to stdout`: exactly the text that
//   is put between the parentheses has been parsed by the server as one statement of its own before.
// - SELECT INTO, COPY, DO, CALL, SET, EXPLAIN ANALYZE and their like are refused here by their first
//   word, and by COPY, which takes queries only.
// - A read-only transaction does not stop functions written in C from acting on the server, its
//   files or other sessions (lo_unlink, lo_export, pg_terminate_backend, pg_notify, set_config,
//   dblink_exec, pg_advisory_lock, ...). So of volatile functions in languages that the server does
//   not trust, only a list of harmless ones may be called: harmful_functions_sql() asks the catalog
//   about every name that the query calls. Functions that run a text as SQL (query_to_xml, crosstab)
//   would hide names from this and are refused as well.
// - What the owner of the database has put behind a view, an operator or a trusted function of their
//   own is taken as what they want to be read. A user that may only SELECT is the best fence; for a
//   superuser we log a warning.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

struct PostgresQuery {
    std::string text;                    // without the final semicolon
    std::vector<std::string> functions;  // every name that stands before "(", as the catalog has it
};

// Throws Invalid unless `sql` looks like one reading SELECT, VALUES, TABLE or WITH; the server has
// the last word. Needs standard_conforming_strings = on.
PostgresQuery check_postgres_query(std::string_view sql);

// A query with one parameter, an array of names: which of them must not be called.
std::string_view harmful_functions_sql();

// The identifier that starts at `offset` (in bytes) of a query; the last part of a.b.c.
std::string identifier_at(std::string_view sql, std::size_t offset);

}  // namespace rowhaul
