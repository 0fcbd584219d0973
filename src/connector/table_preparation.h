// SPDX-License-Identifier: Apache-2.0
// What a table target does beside its rows, in the same transaction: making the table, locking it, SQL
// before and after.
#pragma once
#include "database/table_writer.h"
#include "options/options.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

enum class TableLock : std::uint8_t { Rows, Wait, Fail };
template <>
struct EnumChoices<TableLock> {
    static constexpr std::array<Choice, 3> list{
        {{"rows", "Only what is written is locked, as the database does by itself."},
         {"wait", "The table is locked against other writers while rows are applied; the run waits until it can be."},
         {"fail", "The same, but the run fails at once when somebody else is writing."}}};
};

enum class ColumnContract : std::uint8_t { Freeze, Discard, Evolve };
template <>
struct EnumChoices<ColumnContract> {
    static constexpr std::array<Choice, 3> list{
        {{"freeze", "The run fails and names them."},
         {"discard", "They are left out, and the waybill names them; fields that a mapping lists are never left out."},
         {"evolve", "They are added to the table, and the waybill names them. No column is ever dropped or changed."}}};
};

struct TablePreparation {
    bool create = false;
    ColumnContract columns = ColumnContract::Freeze;
    TableLock lock = TableLock::Rows;
    std::vector<std::string> before;
    std::vector<std::string> after;

    static constexpr auto spec = [] {
        return options(option("create", &TablePreparation::create,
                              "Make the table when it is missing, with the columns of the fields and `key` as its "
                              "primary key."),
                       option("columns", &TablePreparation::columns,
                              "What becomes of columns that come and that the table does not have."),
                       option("lock", &TablePreparation::lock, "What is locked while rows are applied."),
                       option("before", &TablePreparation::before,
                              "SQL statements to execute in the transaction before rows are applied.")
                           .example("[\"delete from prices where origin = 'old'\"]"),
                       option("after", &TablePreparation::after,
                              "SQL statements to execute in the transaction after rows were applied.")
                           .example("[\"update prices set checked = current_date\"]"));
    }();
    static void validate(const TablePreparation&, Problems&);

    // Throws Invalid for statements with which this database would commit.
    void check(const Dialect&) const;
    // Once, before anything is written.
    void prepare_session(const Context&, TableWriter&) const;
    // When the transaction has begun. Throws Unavailable when the table is locked by others.
    void lock_table(const Context&, TableWriter&, const TargetTable&) const;
    void run_before(const Context&, TableWriter&) const;
    void run_after(const Context&, TableWriter&) const;
};

}  // namespace rowhaul
