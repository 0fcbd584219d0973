// SPDX-License-Identifier: Apache-2.0
#include "format/csv.h"

#include "format/csv_writer.h"

namespace rowhaul {

CsvFormat::CsvFormat(const CsvOptions& options) : dialect_(resolve(options)) {}

std::string_view CsvFormat::file_ending() const {
    return dialect_.delimiter == "\t" ? "tsv" : "csv";
}

std::unique_ptr<RowWriter> CsvFormat::writer(OutputStream& out, const Schema& schema, Rejects rejects) const {
    return std::make_unique<CsvWriter>(out, schema, dialect_, std::move(rejects));
}

}  // namespace rowhaul
