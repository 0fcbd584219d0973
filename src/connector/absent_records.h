// SPDX-License-Identifier: Apache-2.0
// Takes away the records of a table that its source no longer has: deletes them, or marks them in a
// column.
//
// Present is what is staged, and every key that was delivered with a row that does not arrive. When
// the key of such a row is not known, nobody can tell what is absent, and nothing is taken away (P4).
#pragma once
#include "base/time.h"
#include "connector/change_keeper.h"
#include "connector/connector.h"
#include "connector/record_rules.h"
#include "database/table_statements.h"
#include "database/table_writer.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace rowhaul {

// Throws Guarded when `gone` of `records` are more than the limit allows; `among` names some of them.
void check_delete_limit(const DeleteLimit& limit, std::uint64_t gone, std::uint64_t records, const std::string& table,
                        const std::string& among);

class AbsentRecords {
public:
    struct Now {
        Moment moment;
        std::string zone;
    };
    // The columns of the rows and the table live on. Throws Invalid or NotFound for a mark that
    // the table cannot hold.
    AbsentRecords(const TargetTable& table, const Schema& columns, const RecordRules& rules, const Dialect& dialect,
                  const Now& now);

    // What is to be written beside the fields, so that records that come back are not marked any more.
    const std::optional<TableStatements::Extra>& mark() const { return mark_; }
    // Makes its temporary tables.
    void prepare(const Context&, TableWriter&);

    // Inside the transaction in which rows are staged; `keys` has a column for each part of the key.
    void note_present(const Context&, TableWriter&, const Batch& keys);
    void note_unreadable(std::uint64_t rows) { unreadable_ += rows; }
    void finish_noting(const Context&, TableWriter&);

    // Inside the transaction that changes the table, after records were created and changed. Throws
    // Guarded when too many records would go. `keeper`, if there is one, hears of them before they do.
    enum class Delivered : std::uint8_t { Nothing, Rows };
    void take_away(const Context&, TableWriter&, Delivered, ChangeKeeper* keeper, Delivery&);

private:
    std::vector<std::string> some_keys(const Context&, TableWriter&) const;
    std::string is_live() const;
    void check_guards(const Context&, TableWriter&, Delivered, const Delivery&, std::uint64_t gone) const;
    void remove(const Context&, TableWriter&, std::uint64_t gone) const;

    const TargetTable& table_;
    const RecordRules& rules_;
    TableStatements statements_;
    Schema key_columns_;
    std::optional<TableStatements::Extra> mark_;
    std::string marked_as_;  // as SQL
    std::unique_ptr<RowLoader> present_;
    Batch readable_;
    std::uint64_t noted_ = 0;
    std::uint64_t unreadable_ = 0;
};

}  // namespace rowhaul
