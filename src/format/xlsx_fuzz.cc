// SPDX-License-Identifier: Apache-2.0
// Any bytes as a workbook, or as one of the parts of an otherwise good one: refused, or read within
// its limits with every row accounted for, and the same with its texts in memory and spilled.
#include "format/xlsx_reader.h"
#include "io/memory_input.h"
#include "testing/workbook.h"

#include <cstdlib>

namespace rowhaul {
namespace {

std::string told(std::string_view file, const XlsxOptions& options, XlsxHeader header, std::uint64_t memory) {
    const Context context;
    std::string all;
    try {
        MemoryInput input(file);
        std::uint64_t rejects = 0;
        XlsxReader reader(context, input, options, header, [&](const Reject&) { ++rejects; },
                          {.archive = {.unpacked_bytes = 1 << 20, .members = 100}, .strings_in_memory = memory});
        Batch batch(reader.schema().size());
        std::uint64_t rows = 0;
        while (reader.next(context, batch)) {
            rows += batch.rows();
            for (std::size_t row = 0; row < batch.rows(); ++row) {
                all += batch.origins()[row].raw;
                all += '\n';
            }
            if (batch.origins()[batch.rows() - 1].row > rows + rejects) {
                std::abort();
            }
        }
        all += std::to_string(rejects);
    } catch (const Error& error) {
        all += error.what();
    }
    return all;
}

void read_twice(std::string_view bytes) {
    if (bytes.size() < 2) {
        return;
    }
    const auto part = static_cast<std::uint8_t>(bytes[0]) % 4;
    const auto choice = static_cast<std::uint8_t>(bytes[1]);
    bytes.remove_prefix(2);
    XlsxOptions options;
    options.hidden_rows = static_cast<XlsxHiddenRows>(choice % 2);
    options.error_cells = static_cast<XlsxErrorCells>(choice / 2 % 3);
    options.merged_cells = static_cast<XlsxMergedCells>(choice / 8 % 2);
    const XlsxHeader header = choice / 16 % 4 == 0 ? XlsxHeader() : XlsxHeader(choice / 16 % 4 - 1);
    std::string file(bytes);
    if (part != 0) {
        auto parts =
            testing::parts_of({.sheets = {{"S",
                                           "<sheetData><row><c t=\"s\"><v>0</v></c><c s=\"1\"><v>1.5</v></c></row>"
                                           "<row><c s=\"1\"><v>60</v></c><c t=\"s\"><v>1</v></c></row></sheetData>"}},
                               .strings = "<si><t>a</t></si>",
                               .styles = "<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs>"});
        parts[part == 1 ? "xl/worksheets/rId1.xml" : part == 2 ? "xl/texts.xml" : "xl/styles.xml"] = file;
        file = testing::zipped(parts);
    }
    if (told(file, options, header, 1 << 20) != told(file, options, header, 0)) {
        std::abort();
    }
}

}  // namespace
}  // namespace rowhaul

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rowhaul::read_twice({reinterpret_cast<const char*>(data), size});
    return 0;
}
