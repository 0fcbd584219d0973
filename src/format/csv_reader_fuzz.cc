// SPDX-License-Identifier: Apache-2.0
// Any bytes, in any dialect: the reader must stay within its blocks, account for every row, and say
// the same with and without SIMD and however the file is cut into blocks.
#include "format/csv_reader.h"
#include "io/memory_input.h"

#include <cstdlib>

namespace rowhaul {
namespace {

CsvOptions options_of(std::uint8_t choice, std::uint8_t more) {
    CsvOptions options;
    options.header = choice % 2 == 0;
    options.escape = static_cast<CsvEscape>(choice / 2 % 2);
    options.quoting =
        choice / 4 % 2 == 0 || options.escape == CsvEscape::Double ? CsvQuoting::WhenNeeded : CsvQuoting::Never;
    options.delimiter = choice / 8 % 2 == 0 ? "," : "§";
    options.ragged = static_cast<CsvRagged>(choice / 16 % 4);
    options.encoding = static_cast<TextEncoding>(more % EnumChoices<TextEncoding>::list.size());
    options.skip_lines = more / 8 % 3;
    if (more / 32 % 2 == 0 && options.quoting != CsvQuoting::Never) {
        options.comment = "#";
    }
    return options;
}

// Everything that a reader says, as one text.
std::string told(std::string_view bytes, const CsvOptions& options, CsvReaderSizes sizes,
                 CsvInstructions instructions) {
    const Context context;
    std::string all;
    try {
        MemoryInput input(bytes);
        std::uint64_t rejects = 0;
        std::string rejected;
        CsvReader reader(
            context, input, resolve(options),
            [&](const Reject& reject) {
                ++rejects;
                rejected += reject.reason + std::to_string(reject.line) + reject.raw;
            },
            sizes, instructions);
        Batch batch(reader.schema().size());
        std::uint64_t rows = 0;
        std::uint64_t last = 0;
        while (reader.next(context, batch)) {
            for (std::size_t row = 0; row < batch.rows(); ++row) {
                for (std::size_t column = 0; column < batch.width(); ++column) {
                    const Cell cell = batch.column(column)[row];
                    all += cell.is_null() ? "\1" : "\2";
                    all += cell.text();
                }
                last = batch.row_number(row);
            }
            rows += batch.rows();
        }
        if (last > rows + rejects) {
            std::abort();
        }
        all += rejected;
    } catch (const Error& error) {
        all += error.what();
    }
    return all;
}

void read_bytes(std::string_view bytes) {
    if (bytes.size() < 2) {
        return;
    }
    const auto options = options_of(static_cast<std::uint8_t>(bytes[0]), static_cast<std::uint8_t>(bytes[1]));
    bytes.remove_prefix(2);
    constexpr CsvReaderSizes large{.block_bytes = 4096, .longest_row = 300, .look_ahead = 100};
    constexpr CsvReaderSizes small{.block_bytes = 5, .longest_row = 300, .look_ahead = 100};
    const auto expected = told(bytes, options, large, CsvInstructions::Portable);
    if (told(bytes, options, large, best_csv_instructions()) != expected ||
        told(bytes, options, small, best_csv_instructions()) != expected) {
        std::abort();
    }
}

}  // namespace
}  // namespace rowhaul

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rowhaul::read_bytes({reinterpret_cast<const char*>(data), size});
    return 0;
}
