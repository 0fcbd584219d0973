// SPDX-License-Identifier: Apache-2.0
#include "format/csv.h"

#include "format/csv_reader.h"
#include "format/csv_sniff.h"
#include "format/csv_writer.h"

namespace rowhaul {

CsvFormat::CsvFormat(const CsvOptions& options) : dialect_(resolve(options)) {}

std::string_view CsvFormat::file_ending() const {
    return dialect_.delimiter == "\t" ? "tsv" : "csv";
}

std::optional<Sniffed> CsvFormat::sniff(const Context& context, std::string_view first_bytes) const {
    auto guess = sniff_csv(context, first_bytes);
    return guess ? std::optional(std::move(guess->sniffed)) : std::nullopt;
}

std::unique_ptr<FileReader> CsvFormat::reader(const Context& context, InputStream& in, const SpoolPlace&,
                                              Rejects rejects) const {
    return std::make_unique<CsvReader>(context, in, dialect_, std::move(rejects));
}

std::unique_ptr<FileReader> CsvFormat::reader_of_raw_rows(const Context& context, InputStream& in,
                                                          Rejects rejects) const {
    auto dialect = dialect_;
    dialect.encoding = TextEncoding::Utf8;
    dialect.skip_lines = 0;
    return std::make_unique<CsvReader>(context, in, std::move(dialect), std::move(rejects));
}

std::unique_ptr<RowWriter> CsvFormat::writer(OutputStream& out, const Schema& schema, Rejects rejects) const {
    return std::make_unique<CsvWriter>(out, schema, dialect_, std::move(rejects));
}

}  // namespace rowhaul
