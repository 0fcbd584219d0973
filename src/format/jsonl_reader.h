// SPDX-License-Identifier: Apache-2.0
// Reads JSON objects into batches.
//
// - The columns are those declared, or the keys of the first rows in the order of their appearance.
//   A key that appears only later is left out and counted in the warning "unknown_key".
// - Types come from the first rows too. Numbers are decimals, kept as they are written; an exponent
//   makes a column of floats, or is written out in a column of decimals. A later value of another
//   kind rejects its row where the column is of numbers or booleans; in columns of text and of JSON
//   every value has its place.
// - A missing key and null are NULL. A key twice, text that is not valid Unicode, and what is no JSON
//   object reject the row, and reading goes on at the next one.
// - Texts without escapes point into the block that was read, which the batch keeps alive.
#pragma once
#include "format/format.h"
#include "format/json_rows.h"
#include "format/jsonl_options.h"

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace rowhaul {

class JsonlReader final : public FileReader {
public:
    // `in` must outlive this.
    JsonlReader(const Context&, InputStream& in, const JsonlOptions&, Rejects, JsonRowSizes = {});

    const Schema& schema() const override { return schema_; }
    void choose(std::vector<std::size_t> columns) override;
    std::string header() const override { return {}; }
    bool next(const Context&, Batch& out) override;
    std::vector<Warning> warnings() const override;

private:
    // Why a row is none.
    struct Trouble {
        std::string_view reason;
        std::string field;
        std::string value;
        std::string message;
    };
    struct Kinds {
        bool text = false, number = false, exponent = false, boolean = false, nested = false;
    };

    void take_sample(const Context&, std::size_t rows);
    void learn(const JsonRow&, std::vector<Kinds>&);
    void add_column(std::string name);
    Type type_of(const Kinds&) const;

    std::optional<std::size_t> place_of(std::string_view name);
    bool look_into(const JsonRow&);
    template <class Take>
    bool walk(JsonScanner&, std::size_t depth, Take& take);
    bool read_row(const JsonRow&, Arena&);
    bool take(std::string_view name, const JsonValue&, Arena&);
    bool take_text(const JsonValue&, Arena&, Cell&) const;
    bool take_number(const Column&, const JsonValue&, Arena&, Cell&);
    bool tell_scanner(const JsonScanner&);
    void reject(const JsonRow&);
    std::string_view raw_of(const JsonRow&, Arena&) const;

    const JsonlOptions options_;
    const Rejects rejects_;
    JsonRows rows_;
    Schema schema_;
    std::unordered_map<std::string_view, std::size_t> places_;  // of names in names_
    std::vector<std::unique_ptr<std::string>> names_;
    std::vector<JsonRow> sample_;
    std::size_t sample_at_ = 0;

    std::vector<std::size_t> chosen_;
    std::vector<bool> is_wanted_;
    std::uint64_t row_ = 1;
    std::vector<Cell> cells_;            // of the row that is read
    std::vector<std::uint64_t> filled_;  // the last row that had this column
    std::size_t expected_ = 0;           // where the next name probably stands
    std::string path_;
    std::string text_;
    Trouble trouble_;
    std::uint64_t unknown_ = 0;
    std::vector<std::string> unknown_names_;  // some of them
};

}  // namespace rowhaul
