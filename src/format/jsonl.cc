// SPDX-License-Identifier: Apache-2.0
#include "format/jsonl.h"

#include "format/jsonl_reader.h"
#include "format/jsonl_writer.h"
#include "format/sniffed_rows.h"
#include "io/memory_input.h"

#include <algorithm>

namespace rowhaul {

std::optional<Sniffed> JsonlFormat::sniff(const Context& context, std::string_view first_bytes) const {
    const auto start = first_bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    if (start == std::string_view::npos || (first_bytes[start] != '{' && first_bytes[start] != '[')) {
        return {};
    }
    // As lines without the last row, which may be cut.
    constexpr std::size_t most_rows = 1000;
    std::string lines;
    try {
        MemoryInput input(first_bytes);
        JsonRows rows(input);
        JsonRow row;
        for (std::size_t count = 0; count < most_rows && rows.next(context, row); ++count) {
            if (!rows.is_array() && first_bytes.size() >= sniffed_bytes && first_bytes.ends_with(row.text)) {
                break;
            }
            const auto at = lines.size();
            lines += row.text;
            std::replace_if(
                lines.begin() + static_cast<std::ptrdiff_t>(at), lines.end(),
                [](char byte) { return byte == '\n' || byte == '\r'; }, ' ');
            lines += '\n';
        }
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Invalid || lines.empty()) {
            throw;
        }
    }
    MemoryInput input(lines);
    const auto found = reader(context, input, {}, [](const Reject&) {});
    return sniffed_rows(context, "jsonl", *found);
}

std::unique_ptr<FileReader> JsonlFormat::reader(const Context& context, InputStream& in, const SpoolPlace&,
                                                Rejects rejects) const {
    return std::make_unique<JsonlReader>(context, in, options_, std::move(rejects));
}

std::unique_ptr<FileReader> JsonlFormat::reader_of_raw_rows(const Context& context, InputStream& in,
                                                            Rejects rejects) const {
    return reader(context, in, {}, std::move(rejects));
}

std::unique_ptr<RowWriter> JsonlFormat::writer(OutputStream& out, const Schema& schema, Rejects rejects) const {
    return std::make_unique<JsonlWriter>(out, schema, options_, std::move(rejects));
}

}  // namespace rowhaul
