// SPDX-License-Identifier: Apache-2.0
#include "connector/rejects_file.h"

#include "format/csv.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>

namespace rowhaul {

namespace {

constexpr std::array<std::string_view, 11> columns{"mapping", "file",  "line",    "row",    "key", "reason",
                                                   "field",   "value", "message", "header", "raw"};
constexpr std::size_t mapping_column = 0;
constexpr std::size_t header_column = 9;
constexpr std::size_t raw_column = 10;

std::string csv_cell(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        return std::string(text);
    }
    std::string cell = "\"";
    for (const char c : text) {
        cell += c == '"' ? "\"\"" : std::string(1, c);
    }
    return cell + "\"";
}

// Whatever a person's program made of quotes, delimiters and line ends: the names alone count.
std::string names_alone(std::string_view line) {
    std::string names;
    for (const char c : line) {
        if (c == '\n' || c == '\r') {
            break;
        }
        names += c == ';' || c == '\t' ? ',' : c;
    }
    std::erase(names, '"');
    return names;
}

class RejectedRows final : public CorrectedRows {
public:
    RejectedRows(const Context& context, std::unique_ptr<PeekedInput> file, std::string mapping)
        : file_(std::move(file)), mapping_(std::move(mapping)), batch_(columns.size()) {
        CsvOptions options;
        const auto line = file_->peek(context, rejects_header_bytes);
        for (const char delimiter : {';', '\t'}) {
            if (line.substr(0, line.find('\n')).find(delimiter) != std::string_view::npos) {
                options.delimiter = std::string(1, delimiter);
            }
        }
        options.ragged = CsvRagged::Pad;
        reader_ = CsvFormat(options).reader(context, *file_, {}, [](const Reject& reject) {
            throw Error(ErrorKind::Invalid, fmt::format("line {}: {}", reject.line, reject.message));
        });
    }

    const std::string& header() const override { return header_; }
    std::size_t read(const Context& context, std::span<std::byte> into) override {
        while (at_ == text_.size()) {
            if (!fill(context)) {
                return 0;
            }
        }
        const auto count = std::min(into.size(), text_.size() - at_);
        std::memcpy(into.data(), text_.data() + at_, count);
        at_ += count;
        return count;
    }

private:
    bool fill(const Context& context) {
        text_.clear();
        at_ = 0;
        if (!reader_->next(context, batch_)) {
            return false;
        }
        for (std::size_t row = 0; row < batch_.rows(); ++row) {
            if (batch_.column(mapping_column)[row].text() == mapping_) {
                take(batch_.column(header_column)[row].text(), batch_.column(raw_column)[row].text());
            }
        }
        return true;
    }

    void take(std::string_view header, std::string_view raw) {
        if (raw.empty()) {
            throw Error(ErrorKind::Invalid, fmt::format("has rejects of {} that did not come from a file", mapping_))
                .advise("Correct the rows in the table that they come from, and run the mapping again.");
        }
        if (!has_header_) {
            has_header_ = true;
            header_ = header;
            text_ += header_.empty() ? header_ : header_ + "\n";
        } else if (header != header_) {
            throw Error(ErrorKind::Invalid, "has rows of files with different headers")
                .advise("Split it by the column `header` and bring the parts in one after the other.");
        }
        text_ += raw;
        text_ += '\n';
    }

    std::unique_ptr<PeekedInput> file_;
    const std::string mapping_;
    std::unique_ptr<FileReader> reader_;
    Batch batch_;
    bool has_header_ = false;
    std::string header_;
    std::string text_;
    std::size_t at_ = 0;
};

}  // namespace

std::string rejects_header() {
    return fmt::format("{}\n", fmt::join(columns, ","));
}

std::string reject_line(std::string_view mapping, const Reject& reject, std::string_view header) {
    return fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", csv_cell(mapping), csv_cell(reject.file),
                       reject.line == 0 ? std::string() : std::to_string(reject.line), reject.row, csv_cell(reject.key),
                       csv_cell(reject.reason), csv_cell(reject.field), csv_cell(reject.value),
                       csv_cell(reject.message), csv_cell(header), csv_cell(reject.raw));
}

bool is_rejects_file(std::string_view first_bytes) {
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    if (first_bytes.starts_with(mark)) {
        first_bytes.remove_prefix(mark.size());
    }
    return names_alone(first_bytes) == fmt::format("{}", fmt::join(columns, ","));
}

std::unique_ptr<CorrectedRows> rejected_rows(const Context& context, std::unique_ptr<PeekedInput> file,
                                             std::string mapping) {
    return std::make_unique<RejectedRows>(context, std::move(file), std::move(mapping));
}

}  // namespace rowhaul
