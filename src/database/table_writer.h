// SPDX-License-Identifier: Apache-2.0
// A database as a target of rows. One object is one session with one transaction at a time, rolled
// back unless it is committed; used by one thread at a time. What SQL a database speaks is
// data (Dialect), so that the way of rows into a table is written once (connector/table_target.h).
#pragma once
#include "base/error.h"
#include "data/rows.h"
#include "data/schema.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// The database took offence at what rows hold, not at the statement: a constraint, a trigger, a value
// that a type does not take. The transaction can go on from the savepoint before.
class Refusal : public Error {
public:
    Refusal(std::string reason, std::string message)
        : Error(ErrorKind::Conflict, std::move(message)), reason_(std::move(reason)) {}
    // A stable code: "refused_unique", "refused_foreign_key", "refused_not_null", "refused_check", "refused".
    const std::string& reason() const noexcept { return reason_; }

private:
    std::string reason_;
};

// Another session was in the way: a deadlock, a transaction that cannot be put in order. After
// rollback() the same transaction may well succeed.
class Collision : public Error {
public:
    explicit Collision(const Error& error) : Error(ErrorKind::Unavailable, error.what()) { advise(error.advice()); }
};

struct TargetColumn {
    Column column;
    std::string collation = {};  // by which its texts are told apart where copies of it would forget it; SQL's name
    bool has_default = false;    // may be left out although it is not nullable
    bool is_generated = false;   // cannot be given; with a default as well, it is a number that the database gives
    bool uses_up = false;        // its default uses up a number for every row that is tried
};

using TableRows = std::vector<std::vector<std::optional<std::string>>>;

// A table as rows find it.
struct TargetTable {
    std::string sql;      // its name as SQL takes it, quoted
    std::string commits;  // the name of rowhaul_commits beside it, likewise
    std::string name;
    std::vector<TargetColumn> columns;
    std::vector<std::vector<std::string>> unique_keys;
    // Those of them that `insert ... on conflict` may name: it finds just what `=` finds, and leaves alone
    // the records that it need not change.
    std::vector<std::vector<std::string>> exact_keys = {};
    bool has_triggers = false;  // or rules: rows may not become what statements say

    // From what catalogues say: a row a column with its name, whether it has a default, whether it is
    // generated, and perhaps whether it uses up numbers ("t" or "1"); a row a column of a unique index with the index,
    // all of one together.
    void note_columns(const TableRows& rows);
    void note_unique_keys(const TableRows& rows);
};

// What columns of tables are that Rowhaul makes.
struct ColumnTypes {
    std::string_view text;
    std::string_view key_text;      // of texts that a primary key can hold
    std::int32_t longest_text = 0;  // in characters, as varchar
    std::string_view integer = "bigint";
    std::string_view decimal;      // takes digits and scale; empty = any_decimal
    std::string_view any_decimal;  // where nobody said how many digits there are
    std::string_view real;
    std::string_view time;
    std::string_view timestamp;
    std::string_view zoned;
    std::string_view bytes;
    std::string_view json;
};

// Where databases differ in the statements that Rowhaul itself writes.
struct Dialect {
    char quote = '"';
    std::string_view same;  // compares so that NULL equals NULL
    // `create temporary table rowhaul_stage ...` up to the table's columns; "{}" takes an index of it.
    std::string_view stage_begin;
    std::string_view stage_end;  // after the table's name
    // The same for a table of keys; "{0}" is its name, "{1}" an index.
    std::string_view keys_begin = "create temporary table {0} as select";
    // Makes rows of a temporary table found by their key: "{0}" the table, "{1}" the key. Empty where
    // the database does without, or where the index comes with the table.
    std::string_view key_index;
    std::string_view stage_index;        // makes rows of the stage found by their number; may be empty
    std::string_view exact_text = "{}";  // makes texts compare by their bytes
    std::string_view exact_json = "{}";  // makes documents compare
    std::string_view commits_columns;    // of rowhaul_commits
    // `update t join s on ... set`, not `update t set ... from s where`; `delete t from t join s`. Such
    // databases index temporary tables no later than they make them.
    bool updates_by_join = false;
    bool definitions_commit = false;  // `create table` ends a transaction
    ColumnTypes types = {};
    std::string_view table_end;  // of `create table`
    // Locks the table "{}" against other writers until the end of the transaction; empty where the
    // transaction itself does.
    std::string_view lock_and_wait;
    std::string_view lock_or_fail;
    std::string_view do_not_wait;  // for locks, said to the session; may be empty
    // Tells names and types of the columns of a table as it is now: "{0}" is TargetTable::sql, "{1}" the same
    // as a literal, "{2}" TargetTable::name as a literal.
    std::string_view column_types;
    // The value "{0}" as a text from which the database makes the same value again, to the last bit
    // (database/table_image.h).
    std::string_view image = "{0}";
    std::string_view float_image = "{0}";
    std::string_view bytes_image;      // as hexadecimal digits; empty = as others
    bool images_are_literals = false;  // quotes and all
    std::string_view insert_as_is;     // takes values also for columns that the database numbers
    std::string_view lock_read;        // ends a select whose rows are to stay as they are
    std::string_view row_index;        // makes rows of the temporary table "{0}" found by rowhaul_row; may be empty
};

// Rows on their way into a table.
class RowLoader : public RowWriter {
public:
    // How many of the last rows that were written may still be refused.
    virtual std::size_t undecided() const = 0;
};

// What a transaction changes.
enum class Reach : std::uint8_t {
    Session,  // temporary tables; locks of others are not waited for
    Tables,
};

class TableWriter {
public:
    virtual ~TableWriter() = default;
    virtual const Dialect& dialect() const = 0;
    // NotFound, with the near miss, for a missing table; Invalid for a view and the like.
    virtual TargetTable table(const Context&, const std::string& name) = 0;
    // The names alone of one that is not there yet.
    virtual TargetTable missing_table(const Context&, const std::string& name) = 0;
    virtual void begin(const Context&, Reach) = 0;
    virtual void commit(const Context&) = 0;
    // Temporary tables are as they were when the transaction began.
    virtual void rollback(const Context&) = 0;
    // One statement; the rows that it changed. Throws Refusal and Collision.
    virtual std::uint64_t execute(const Context&, const std::string& sql) = 0;
    // Few rows.
    virtual TableRows query(const Context&, const std::string& sql) = 0;
    // Into a table, as SQL takes its name, perhaps from a thread of its own: several tables may be loaded
    // at the same time, but nothing else is done before they are finished. `columns` as wide as the
    // batches. Rows that the database refuses go to the Rejects in their order, all of them by the end of
    // finish().
    virtual std::unique_ptr<RowLoader> load(const Context&, const std::string& into, const Schema& columns,
                                            Rejects) = 0;

    std::mutex turn;  // held by whoever loads, for as long as one statement belongs to another
};

}  // namespace rowhaul
