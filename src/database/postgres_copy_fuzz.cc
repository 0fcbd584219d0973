// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"
#include "database/postgres_copy.h"
#include "database/postgres_query.h"
#include "database/table_name.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

// What a server sends, and what a person writes, may be anything.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace rowhaul;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        std::vector<PostgresCopyParser::Field> fields(3);
        fields[0] = {.text = PostgresText::TimestampZoned, .columns = {0, 1}};
        fields[2] = {.text = PostgresText::Bytes, .columns = {2}};
        Batch batch(3);
        ColumnWriter columns;
        columns.start(batch);
        PostgresCopyParser(fields).parse(text, columns, 0, batch.arena());
    } catch (const Error&) {
    }
    try {
        identifier_at(text, size / 2);
        check_postgres_query(text);
    } catch (const Error&) {
    }
    try {
        TableName::parse(text);
    } catch (const Error&) {
    }
    return 0;
}
