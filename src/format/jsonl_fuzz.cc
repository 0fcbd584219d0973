// SPDX-License-Identifier: Apache-2.0
// Any bytes as JSON: the reader must account for every row, say the same however the file is cut, and
// what it read must be written as JSON that reads back as it is.
#include "format/jsonl.h"
#include "format/jsonl_reader.h"
#include "io/memory_input.h"

#include <cstdlib>

namespace rowhaul {
namespace {

class MemoryOutput final : public OutputStream {
public:
    void write(const Context&, std::span<const std::byte> bytes) override { text_ += as_text(bytes); }
    void commit(const Context&) override {}
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

struct Told {
    std::string cells;
    std::string rejects;
    std::string copy;  // written again
};

Told told(std::string_view bytes, const JsonlOptions& options, JsonRowSizes sizes) {
    const Context context;
    Told all;
    std::uint64_t count = 0;
    try {
        MemoryInput input(bytes);
        JsonlReader reader(
            context, input, options,
            [&](const Reject& reject) {
                ++count;
                all.rejects += reject.reason + std::to_string(reject.line) + ' ';
            },
            sizes);
        if (reader.schema().empty()) {
            return all;
        }
        MemoryOutput output;
        const auto writer = JsonlFormat(options).writer(output, reader.schema(), [](const Reject&) { std::abort(); });
        Batch batch(reader.schema().size());
        while (reader.next(context, batch)) {
            count += batch.rows();
            for (std::size_t row = 0; row < batch.rows(); ++row) {
                for (std::size_t column = 0; column < batch.width(); ++column) {
                    const Cell cell = batch.column(column)[row];
                    all.cells += cell.is_null() ? "\xFF" : cell.text();
                    all.cells += '\xFE';
                }
            }
            if (batch.origins()[batch.rows() - 1].row > count) {
                std::abort();
            }
            writer->write(context, batch);
        }
        writer->finish(context);
        all.copy = output.text();
    } catch (const Error& error) {
        all.rejects += error.what();
    }
    return all;
}

void read_twice(std::string_view bytes) {
    if (bytes.empty()) {
        return;
    }
    const auto choice = static_cast<std::uint8_t>(bytes[0]);
    bytes.remove_prefix(1);
    JsonlOptions options;
    options.flatten = choice % 2 == 0;
    options.types = choice / 2 % 2 == 0 ? JsonTypes::Detect : JsonTypes::Text;
    options.sample_rows = choice / 4 % 4 == 0 ? 1 : 1000;
    options.layout = choice / 16 % 2 == 0 ? JsonLayout::Lines : JsonLayout::Array;
    const auto whole = told(bytes, options, {});
    const auto cut = told(bytes, options, {.block_bytes = std::size_t{64} + choice});
    if (whole.cells != cut.cells || whole.rejects != cut.rejects) {
        std::abort();
    }
    // In a text column a number, a boolean or JSON becomes a text, which reads back as the same cell.
    options.flatten = false;
    const auto again = told(whole.copy, options, {});
    if (!whole.copy.empty() && options.sample_rows > 1 && !again.rejects.empty()) {
        std::abort();
    }
}

}  // namespace
}  // namespace rowhaul

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rowhaul::read_twice({reinterpret_cast<const char*>(data), size});
    return 0;
}
