// SPDX-License-Identifier: Apache-2.0
// Workbooks of Excel 2007 and later, as every spreadsheet program writes them. Read only.
#pragma once
#include "format/format.h"
#include "format/xlsx_options.h"

#include <cstdint>
#include <optional>

namespace rowhaul {

class XlsxFormat : public Format {
public:
    using Options = XlsxOptions;
    static constexpr std::string_view type = "xlsx";
    static constexpr std::string_view title = "Excel workbooks (.xlsx), for reading.";

    // Throws Invalid when an option has no meaning.
    explicit XlsxFormat(XlsxOptions);

    std::optional<Sniffed> sniff(const Context&, std::string_view first_bytes) const override;
    std::string_view file_ending() const override { return "xlsx"; }
    ZipArchives archives() const override { return ZipArchives::OnlyWorkbooks; }
    std::unique_ptr<FileReader> reader(const Context&, InputStream& in, const SpoolPlace&, Rejects) const override;
    // Of CSV: see XlsxReader.
    std::unique_ptr<FileReader> reader_of_raw_rows(const Context&, InputStream& in, Rejects) const override;
    // Throws Invalid.
    std::unique_ptr<RowWriter> writer(OutputStream& out, const Schema&, Rejects) const override;

private:
    XlsxOptions options_;
    std::optional<std::uint64_t> header_;
};

}  // namespace rowhaul
