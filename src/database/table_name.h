// SPDX-License-Identifier: Apache-2.0
// The name of a table as people write it in `table:`.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace rowhaul {

// name, schema.name, "Odd.name", "schema"."name". Inside double quotes (or backticks) everything but
// a doubled quote of the same kind stands for itself. Whether an unquoted name's case matters is the
// database's affair.
struct TableName {
    std::optional<std::string> schema;
    std::string name;
    bool is_quoted = false;  // the name, not the schema

    // Throws Invalid for what is no name.
    static TableName parse(std::string_view text);
    // Quoted only where parse() would not read it back otherwise.
    std::string text() const;
};

// `"name"` as standard SQL quotes it; `mark` is the quote that the dialect uses.
std::string quote_identifier(std::string_view name, char mark = '"');

}  // namespace rowhaul
