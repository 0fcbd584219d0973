// SPDX-License-Identifier: Apache-2.0
// What every Format promises. A format's test gives a Case and instantiates the suite:
//
//     struct CsvCase {
//         static std::unique_ptr<Format> make();
//         // What an independent reader finds in a file, without the header; the order is the file's.
//         static std::vector<testing::Row> read(const std::string& bytes, const Schema&);
//         // Where the format cannot tell some values apart: what rows look like when they come back.
//         static std::vector<testing::Row> as_read(std::vector<testing::Row>);
//     };
//     INSTANTIATE_TYPED_TEST_SUITE_P(Csv, FormatSuite, CsvCase);
#pragma once
#include "format/format.h"
#include "testing/streams.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul::testing {

using Row = std::vector<std::optional<std::string>>;

// The cells live in the batch's own arena.
inline void fill(Batch& batch, const std::vector<Row>& rows, std::uint64_t first_row) {
    batch.clear();
    for (const auto& row : rows) {
        for (std::size_t column = 0; column < row.size(); ++column) {
            batch.build(column).push_back(row[column] ? Cell(batch.arena().copy(*row[column])) : Cell());
        }
    }
    batch.set_rows(rows.size());
    batch.set_first_row(first_row);
}

struct Written {
    std::string bytes;
    std::vector<Reject> rejects;
};

// Writes rows in batches of `batch_rows`.
inline Written written(const Format& format, const Schema& schema, const std::vector<Row>& rows,
                       std::size_t batch_rows = Batch::max_rows) {
    const Context context;
    Received received;
    std::vector<Reject> rejects;
    MemoryOutput output(received);
    const auto writer = format.writer(output, schema, [&](Reject reject) { rejects.push_back(std::move(reject)); });
    Batch batch(schema.size());
    for (std::size_t start = 0; start < rows.size(); start += batch_rows) {
        const auto end = std::min(rows.size(), start + batch_rows);
        const auto at = [&](std::size_t index) { return rows.begin() + static_cast<std::ptrdiff_t>(index); };
        fill(batch, {at(start), at(end)}, start + 1);
        writer->write(context, batch);
    }
    writer->finish(context);
    EXPECT_FALSE(received.committed) << "a writer must not commit its output";
    return {received.bytes, rejects};
}

template <class Case>
std::vector<Row> expected(std::vector<Row> rows) {
    if constexpr (requires { Case::as_read(rows); }) {
        return Case::as_read(std::move(rows));
    } else {
        return rows;
    }
}

inline Schema schema_of_all_types() {
    Schema schema;
    for (const auto type : {Type::Text, Type::Integer, Type::Decimal, Type::Float, Type::Boolean, Type::Date,
                            Type::Time, Type::Timestamp, Type::TimestampZoned, Type::Bytes, Type::Json}) {
        Column column;
        column.name = std::string(name_of(type));
        column.type = type;
        schema.push_back(column);
    }
    return schema;
}

inline std::vector<Row> rows_of_all_types() {
    return {
        {"plain", "-42", "1234.50", "1.5e+20", "true", "2026-11-02", "03:04:05", "2026-11-02 03:04:05.678",
         "2026-11-02 03:04:05+01:00", "00ff", R"({"a": [1, "b"]})"},
        {"", "0", "0.00", "NaN", "false", "infinity", "-838:59:59", "-infinity", "0044-03-15 12:00:00+00:00 BC", "",
         "[]"},
        Row(11),
        {"Zürich, \"quoted\"; 'single' \\back\\\r\nline\ttab 日本 😀", "123456789012345678901234567890",
         "-99999999999999999999.999999999", "-0", "true", "9999-12-31", "23:59:60.123456789", "0001-01-01 00:00:00",
         "2026-11-02 03:04:05.123456-03:30", "deadbeef", "null"},
        {" leading and trailing ", "00042", "+1", "Infinity", "false", "2024-02-29", "00:00:00", "2026-11-02 03:04:05",
         "2026-11-02 03:04:05Z", "0", "\"text\""},
    };
}

template <class Case>
class FormatSuite : public ::testing::Test {};
TYPED_TEST_SUITE_P(FormatSuite);

TYPED_TEST_P(FormatSuite, RefusesASchemaWithoutColumns) {
    Received received;
    MemoryOutput output(received);
    try {
        TypeParam::make()->writer(output, {}, [](Reject) {});
        FAIL() << "an empty schema was taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Invalid);
    }
}

TYPED_TEST_P(FormatSuite, WritesAFileWithoutRows) {
    const auto schema = schema_of_all_types();
    const auto file = written(*TypeParam::make(), schema, {});
    EXPECT_EQ(TypeParam::read(file.bytes, schema), std::vector<Row>{});
}

TYPED_TEST_P(FormatSuite, KeepsEveryTypeAndNull) {
    const auto schema = schema_of_all_types();
    const auto rows = rows_of_all_types();
    const auto file = written(*TypeParam::make(), schema, rows);
    EXPECT_EQ(TypeParam::read(file.bytes, schema), expected<TypeParam>(rows));
    EXPECT_TRUE(file.rejects.empty());
}

TYPED_TEST_P(FormatSuite, WritesTheSameWhateverTheBatches) {
    const auto schema = schema_of_all_types();
    std::vector<Row> rows;
    for (int round = 0; round < 400; ++round) {
        for (auto& row : rows_of_all_types()) {
            rows.push_back(row);
        }
    }
    const auto whole = written(*TypeParam::make(), schema, rows);
    EXPECT_EQ(written(*TypeParam::make(), schema, rows, 1).bytes, whole.bytes);
    EXPECT_EQ(written(*TypeParam::make(), schema, rows, 7).bytes, whole.bytes);
    EXPECT_EQ(TypeParam::read(whole.bytes, schema), expected<TypeParam>(rows));
}

TYPED_TEST_P(FormatSuite, WritesCellsOfEveryLengthAroundAMebibyte) {
    Schema schema(2);
    schema[0].name = "a";
    schema[1].name = "b";
    std::vector<Row> rows;
    for (std::size_t size = 0; size < 70; ++size) {
        rows.push_back({std::string(size, 'x'), std::string(70 - size, '"')});
    }
    for (const std::size_t size : {65535, 262144, 1048575, 1048577, 5000000}) {
        rows.push_back({std::string(size, 'y'), std::string(size, '\n')});
    }
    const auto file = written(*TypeParam::make(), schema, rows);
    EXPECT_EQ(TypeParam::read(file.bytes, schema), expected<TypeParam>(rows));
}

TYPED_TEST_P(FormatSuite, SurfacesAFailingOutput) {
    const Context context;
    const auto schema = schema_of_all_types();
    FailingOutput output(100'000, Error(ErrorKind::Exhausted, "disk full"));
    const auto writer = TypeParam::make()->writer(output, schema, [](Reject) {});
    Batch batch(schema.size());
    fill(batch, rows_of_all_types(), 1);
    try {
        for (int round = 0; round < 100'000; ++round) {
            writer->write(context, batch);
        }
        writer->finish(context);
        FAIL() << "the failure was swallowed";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Exhausted);
    }
}

TYPED_TEST_P(FormatSuite, StopsOnRequest) {
    StopSignal stop;
    Context context;
    context.stop = &stop;
    const auto schema = schema_of_all_types();
    Received received;
    MemoryOutput output(received);
    const auto writer = TypeParam::make()->writer(output, schema, [](Reject) {});
    Batch batch(schema.size());
    fill(batch, rows_of_all_types(), 1);
    writer->write(context, batch);
    stop.request();
    try {
        writer->write(context, batch);
        FAIL() << "went on after a stop request";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
    }
}

// What a format's reader finds in a file, as texts.
inline std::vector<Row> read_back(const Format& format, const std::string& bytes, std::size_t bytes_a_read) {
    const Context context;
    MemoryInput memory(bytes);
    ShortReads input(memory, bytes_a_read);
    const auto reader =
        format.reader(context, input, {}, [](const Reject& reject) { ADD_FAILURE() << reject.message; });
    std::vector<Row> rows;
    Batch batch(reader->schema().size());
    while (reader->next(context, batch)) {
        for (std::size_t row = 0; row < batch.rows(); ++row) {
            EXPECT_EQ(batch.row_number(row), rows.size() + 1);
            auto& cells = rows.emplace_back();
            for (std::size_t column = 0; column < batch.width(); ++column) {
                const Cell cell = batch.column(column)[row];
                cells.push_back(cell.is_null() ? std::nullopt : std::optional(std::string(cell.text())));
            }
        }
    }
    return rows;
}

TYPED_TEST_P(FormatSuite, ReadsWhatItWrote) {
    const auto format = TypeParam::make();
    std::vector<Row> rows;
    for (int round = 0; round < 400; ++round) {
        for (auto& row : rows_of_all_types()) {
            rows.push_back(row);
        }
    }
    const auto file = written(*format, schema_of_all_types(), rows);
    EXPECT_EQ(read_back(*format, file.bytes, 1'000'000), expected<TypeParam>(rows));
    EXPECT_EQ(read_back(*format, file.bytes, 7), expected<TypeParam>(rows));
}

TYPED_TEST_P(FormatSuite, ReadsNoEndFromABrokenInput) {
    class Broken final : public InputStream {
    public:
        std::size_t read(const Context&, std::span<std::byte>) override {
            throw Error(ErrorKind::Unavailable, "the link broke");
        }
    };
    Broken input;
    try {
        const Context context;
        Batch batch(11);
        TypeParam::make()->reader(context, input, {}, [](const Reject&) {})->next(context, batch);
        FAIL() << "the failure was swallowed";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    }
}

TYPED_TEST_P(FormatSuite, StopsReadingOnRequest) {
    StopSignal stop;
    Context context;
    context.stop = &stop;
    const auto format = TypeParam::make();
    MemoryInput input(written(*format, schema_of_all_types(), rows_of_all_types()).bytes);
    const auto reader = format->reader(context, input, {}, [](const Reject&) {});
    stop.request();
    Batch batch(reader->schema().size());
    EXPECT_THROW(reader->next(context, batch), Error);
}

REGISTER_TYPED_TEST_SUITE_P(FormatSuite, ReadsWhatItWrote, ReadsNoEndFromABrokenInput, StopsReadingOnRequest,
                            RefusesASchemaWithoutColumns, WritesAFileWithoutRows, KeepsEveryTypeAndNull,
                            WritesTheSameWhateverTheBatches, WritesCellsOfEveryLengthAroundAMebibyte,
                            SurfacesAFailingOutput, StopsOnRequest);

}  // namespace rowhaul::testing
