// SPDX-License-Identifier: Apache-2.0
#include "format/xlsx.h"

#include "format/csv.h"
#include "format/sniffed_rows.h"
#include "format/xlsx_reader.h"
#include "io/memory_input.h"

#include <charconv>
#include <fmt/format.h>

namespace rowhaul {

namespace {

XlsxHeader header_of(const std::string& text) {
    if (text == "auto") {
        return {};
    }
    if (text == "none") {
        return 0;
    }
    std::uint64_t row = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), row);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || row == 0) {
        throw Error(ErrorKind::Invalid,
                    fmt::format("header_row: \"{}\" is neither auto nor none nor the number of a row", text));
    }
    return row;
}

}  // namespace

XlsxFormat::XlsxFormat(XlsxOptions options) : options_(std::move(options)), header_(header_of(options_.header_row)) {}

std::optional<Sniffed> XlsxFormat::sniff(const Context& context, std::string_view first_bytes) const {
    const bool is_workbook =
        first_bytes.starts_with("PK\x03\x04") && (first_bytes.find("[Content_Types].xml") != std::string_view::npos ||
                                                  first_bytes.find("xl/") != std::string_view::npos);
    if (!is_workbook) {
        return {};
    }
    if (first_bytes.size() >= sniffed_bytes) {
        return Sniffed{"xlsx", {}, {}};  // what is in it stands at its end
    }
    MemoryInput input(first_bytes);
    const auto found = reader(context, input, {}, [](const Reject&) {});
    return sniffed_rows(context, "xlsx", *found);
}

std::unique_ptr<FileReader> XlsxFormat::reader(const Context& context, InputStream& in, const SpoolPlace& spool,
                                               Rejects rejects) const {
    XlsxLimits limits;
    limits.archive.unpacked_bytes = options_.max_unpacked.count;
    limits.archive.option = "max_unpacked";
    limits.spool = spool;
    return std::make_unique<XlsxReader>(context, in, options_, header_, std::move(rejects), limits);
}

std::unique_ptr<FileReader> XlsxFormat::reader_of_raw_rows(const Context& context, InputStream& in,
                                                           Rejects rejects) const {
    return CsvFormat({}).reader_of_raw_rows(context, in, std::move(rejects));
}

std::unique_ptr<RowWriter> XlsxFormat::writer(OutputStream&, const Schema&, Rejects) const {
    throw Error(ErrorKind::Invalid, "xlsx: workbooks are only read so far")
        .advise("`format: excel-de` writes CSV that Excel opens with a double click.");
}

}  // namespace rowhaul
