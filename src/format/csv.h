// SPDX-License-Identifier: Apache-2.0
// CSV and its relatives: tables as lines of delimited cells.
#pragma once
#include "format/csv_dialect.h"
#include "format/csv_options.h"
#include "format/format.h"

namespace rowhaul {

class CsvFormat : public Format {
public:
    using Options = CsvOptions;
    static constexpr std::string_view type = "csv";
    static constexpr std::string_view title = "Comma-separated values, and other delimited text (CSV).";

    // Throws Invalid when the options contradict each other.
    explicit CsvFormat(const CsvOptions&);

    ValueNotations notations() const override { return dialect_.read; }
    std::string_view file_ending() const override;
    std::optional<Sniffed> sniff(const Context&, std::string_view first_bytes) const override;
    std::unique_ptr<FileReader> reader(const Context&, InputStream& in, const SpoolPlace&, Rejects) const override;
    std::unique_ptr<FileReader> reader_of_raw_rows(const Context&, InputStream& in, Rejects) const override;
    std::unique_ptr<RowWriter> writer(OutputStream& out, const Schema&, Rejects) const override;

private:
    CsvDialect dialect_;
};

}  // namespace rowhaul
