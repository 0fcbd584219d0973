// SPDX-License-Identifier: Apache-2.0
// JSON lines, and arrays of JSON objects: a row an object.
#pragma once
#include "format/format.h"
#include "format/jsonl_options.h"

namespace rowhaul {

class JsonlFormat : public Format {
public:
    using Options = JsonlOptions;
    static constexpr std::string_view type = "jsonl";
    static constexpr std::string_view title = "JSON lines, and arrays of JSON objects.";

    explicit JsonlFormat(JsonlOptions options) : options_(std::move(options)) {}

    std::optional<Sniffed> sniff(const Context&, std::string_view first_bytes) const override;
    std::string_view file_ending() const override { return options_.layout == JsonLayout::Array ? "json" : "jsonl"; }
    std::unique_ptr<FileReader> reader(const Context&, InputStream& in, const SpoolPlace&, Rejects) const override;
    std::unique_ptr<FileReader> reader_of_raw_rows(const Context&, InputStream& in, Rejects) const override;
    std::unique_ptr<RowWriter> writer(OutputStream& out, const Schema&, Rejects) const override;

private:
    JsonlOptions options_;
};

}  // namespace rowhaul
