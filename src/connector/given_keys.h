// SPDX-License-Identifier: Apache-2.0
// Reads back the keys that a table gives its records itself (serial, identity, auto_increment): for every
// staged row that has a record, inside the transaction that made it so. One statement joins rows and
// records; what it finds is read some thousand at a time.
#pragma once
#include "database/table_writer.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace rowhaul {

class GivenKeys {
public:
    // The table, dialect and key live on. `column` is the one that the database fills.
    GivenKeys(const Dialect& dialect, const TargetTable& table, const std::vector<std::string>& key,
              std::string column);

    // Throws NotFound for a column that the table does not have, Invalid for one that rows write to.
    void check(const Schema& written) const;
    // Makes its temporary table, when there is a stage.
    void prepare(const Context&, TableWriter&) const;
    // Inside the transaction, after its last change; `row` is the number of the staged row. Throws Invalid for a
    // key that is longer than marks hold.
    using Visitor = std::function<void(std::uint64_t row, const std::string& given)>;
    void each(const Context&, TableWriter&, const Visitor&) const;

private:
    std::string quoted(std::string_view name) const;

    const Dialect& dialect_;
    const TargetTable& table_;
    const std::vector<std::string>& key_;
    std::string column_;
};

}  // namespace rowhaul
