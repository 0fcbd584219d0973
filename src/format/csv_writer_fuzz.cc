// SPDX-License-Identifier: Apache-2.0
// Cells of any bytes, in any dialect: the writer must stay within its buffer, and every row must
// either be one line of the file or one reject.
#include "format/csv_writer.h"

#include <cstdlib>

namespace rowhaul {
namespace {

class CountingOutput : public OutputStream {
public:
    void write(const Context&, std::span<const std::byte> bytes) override { bytes_ += bytes.size(); }
    void commit(const Context&) override {}
    std::size_t bytes() const { return bytes_; }

private:
    std::size_t bytes_ = 0;
};

CsvDialect dialect_of(std::uint8_t choice, std::uint8_t encoding) {
    CsvOptions options;
    options.header = false;
    options.encoding = static_cast<TextEncoding>(encoding % EnumChoices<TextEncoding>::list.size());
    options.unencodable = choice % 2 == 0 ? CsvUnencodable::Reject : CsvUnencodable::Replace;
    options.formula_guard = choice / 2 % 2 == 0;
    if (choice / 4 % 2 == 0) {
        options.preset = static_cast<CsvPreset>(choice / 8 % EnumChoices<CsvPreset>::list.size());
    } else {
        options.delimiter = "§";
        options.quoting = static_cast<CsvQuoting>(choice / 8 % 3);
        options.escape = static_cast<CsvEscape>(choice / 32 % 2);
    }
    return resolve(options);
}

// The first byte that cannot be in UTF-8 ends a cell.
std::string_view take_cell(std::string_view& bytes) {
    const auto cell = bytes.substr(0, bytes.find('\xFF'));
    bytes.remove_prefix(std::min(bytes.size(), cell.size() + 1));
    return cell;
}

void write_cells(std::string_view bytes) {
    if (bytes.size() < 2) {
        return;
    }
    const auto dialect = dialect_of(static_cast<std::uint8_t>(bytes[0]), static_cast<std::uint8_t>(bytes[1]));
    bytes.remove_prefix(2);
    Schema schema(4);
    const Type types[] = {Type::Text, Type::Decimal, Type::Timestamp, Type::Date};
    for (std::size_t column = 0; column < schema.size(); ++column) {
        schema[column].name = std::string(1, static_cast<char>('a' + column));
        schema[column].type = types[column];
    }
    Batch batch(schema.size());
    std::size_t rows = 0;
    for (; !bytes.empty() && rows < Batch::max_rows; ++rows) {
        for (std::size_t column = 0; column < schema.size(); ++column) {
            // An empty cell is NULL here.
            const auto cell = take_cell(bytes);
            batch.build(column).push_back(cell.empty() ? Cell() : Cell(batch.arena().copy(cell)));
        }
    }
    batch.set_rows(rows);
    const Context context;
    CountingOutput output;
    std::size_t rejected = 0;
    CsvWriter writer(output, schema, dialect, [&](const Reject&) { ++rejected; });
    writer.write(context, batch);
    writer.finish(context);
    // Three delimiters and a line end are the least that a row takes.
    if (rejected > rows || output.bytes() < 4 * (rows - rejected)) {
        std::abort();
    }
}

}  // namespace
}  // namespace rowhaul

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rowhaul::write_cells({reinterpret_cast<const char*>(data), size});
    return 0;
}
