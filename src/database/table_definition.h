// SPDX-License-Identifier: Apache-2.0
// Tables that do not exist yet.
#pragma once
#include "database/table_writer.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rowhaul {

// Until when a table is there.
enum class Lifetime : std::uint8_t { Lasting, Session };

// Gives the table the columns of `schema`, of the dialect's types, and `key` as its primary key. Only
// columns of the key are not nullable: what a source never lacked so far it may lack tomorrow.
void define(TargetTable&, const Schema& schema, const std::vector<std::string>& key, const Dialect&);
// As SQL; of a table that was defined.
std::string create_statement(const TargetTable&, const std::vector<std::string>& key, const Dialect&, Lifetime);

// Gives a table one more column, which may be NULL; returns the SQL that does so in the database.
std::string add_column(TargetTable&, const Column& column, const Dialect&);

}  // namespace rowhaul
