// SPDX-License-Identifier: Apache-2.0
#include "format/jsonl_reader.h"

#include "base/utf8.h"
#include "format/exponent.h"
#include "format/shown_text.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rowhaul {

namespace {

constexpr std::size_t sample_bytes = std::size_t{4} * 1024 * 1024;
constexpr std::size_t most_unknown_names = 5;
std::string_view kind_text(JsonKind kind) {
    switch (kind) {
        case JsonKind::Object:
            return "an object";
        case JsonKind::Array:
            return "an array";
        case JsonKind::String:
            return "a text";
        case JsonKind::Number:
            return "a number";
        default:
            return "a boolean";
    }
}

}  // namespace

JsonlReader::JsonlReader(const Context& context, InputStream& in, const JsonlOptions& options, Rejects rejects,
                         JsonRowSizes sizes)
    : options_(options), rejects_(std::move(rejects)), rows_(in, sizes) {
    for (const auto& name : options_.columns) {
        if (place_of(name)) {
            throw Error(ErrorKind::Invalid, fmt::format("`columns` names \"{}\" twice", name));
        }
        add_column(name);
    }
    take_sample(context, static_cast<std::size_t>(options_.sample_rows));
    cells_.resize(schema_.size());
    filled_.resize(schema_.size());
    std::vector<std::size_t> all(schema_.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = i;
    }
    choose(std::move(all));
}

void JsonlReader::choose(std::vector<std::size_t> columns) {
    chosen_ = std::move(columns);
    is_wanted_.assign(schema_.size(), false);
    for (const auto column : chosen_) {
        is_wanted_[column] = true;
    }
}

// ---- columns ----

void JsonlReader::add_column(std::string name) {
    names_.push_back(std::make_unique<std::string>(name));
    places_.emplace(*names_.back(), schema_.size());
    Column column;
    column.name = std::move(name);
    schema_.push_back(std::move(column));
}

std::optional<std::size_t> JsonlReader::place_of(std::string_view name) {
    if (expected_ < schema_.size() && schema_[expected_].name == name) {
        return expected_++;
    }
    const auto found = places_.find(name);
    if (found == places_.end()) {
        return {};
    }
    expected_ = found->second + 1;
    return found->second;
}

void JsonlReader::take_sample(const Context& context, std::size_t rows) {
    std::vector<Kinds> kinds(schema_.size());
    std::size_t bytes = 0;
    JsonRow row;
    while (sample_.size() < rows && bytes < sample_bytes && rows_.next(context, row)) {
        bytes += row.text.size();
        learn(row, kinds);
        sample_.push_back(std::move(row));
    }
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        schema_[i].type = type_of(kinds[i]);
    }
    if (schema_.empty() && !sample_.empty()) {
        const auto& first = sample_.front();
        if (look_into(first)) {
            std::vector<Kinds> nothing;
            learn(first, nothing);
        }
        throw Error(ErrorKind::Invalid,
                    fmt::format("none of the first {} rows is a JSON object with keys; line {}: {}", sample_.size(),
                                first.line, trouble_.message.empty() ? "it has no key" : trouble_.message));
    }
}

void JsonlReader::learn(const JsonRow& row, std::vector<Kinds>& kinds) {
    if (!look_into(row)) {
        return;
    }
    // Only what a whole row has: a broken one must not make columns.
    {
        JsonScanner whole(row.text);
        JsonValue value;
        if (!whole.value(value) || !whole.ends()) {
            tell_scanner(whole);
            return;
        }
    }
    JsonScanner scanner(row.text);
    expected_ = 0;
    path_.clear();
    auto take_kind = [&](std::string_view name, const JsonValue& value) {
        auto place = place_of(name);
        if (!place && options_.columns.empty()) {
            place = schema_.size();
            add_column(std::string(name));
            kinds.emplace_back();
        }
        if (place) {
            auto& seen = kinds[*place];
            seen.text |= value.kind == JsonKind::String;
            seen.number |= value.kind == JsonKind::Number;
            seen.exponent |= value.kind == JsonKind::Number && has_exponent(value.text);
            seen.boolean |= value.kind == JsonKind::True || value.kind == JsonKind::False;
            seen.nested |= value.kind == JsonKind::Object || value.kind == JsonKind::Array;
        }
        return true;
    };
    walk(scanner, 1, take_kind);
}

Type JsonlReader::type_of(const Kinds& kinds) const {
    if (options_.types == JsonTypes::Text) {
        return Type::Text;
    }
    if (kinds.nested) {
        return Type::Json;
    }
    if (kinds.number && !kinds.text && !kinds.boolean) {
        return kinds.exponent ? Type::Float : Type::Decimal;
    }
    return kinds.boolean && !kinds.text && !kinds.number ? Type::Boolean : Type::Text;
}

// ---- rows ----

bool JsonlReader::tell_scanner(const JsonScanner& scanner) {
    if (!trouble_.reason.empty()) {
        return false;  // known already
    }
    const bool is_half = scanner.problem() == JsonProblem::LoneSurrogate;
    trouble_ = {is_half ? "invalid_text" : "broken_json", "", "",
                scanner.problem() == JsonProblem::Ended
                    ? fmt::format("the row ends too early: {}", scanner.expected())
                    : fmt::format("byte {} of the row: {}", scanner.position() + 1, scanner.expected())};
    return false;
}

// Whether the row may be walked through; otherwise trouble_ says why not.
bool JsonlReader::look_into(const JsonRow& row) {
    trouble_ = {};
    if (!row.reason.empty()) {
        trouble_ = {row.reason, "", "", row.message};
        return false;
    }
    if (const auto valid = valid_utf8_prefix(row.text); valid < row.text.size()) {
        trouble_ = {"invalid_text", "", shortened(row.text.substr(valid)),
                    fmt::format("byte {} of the row is not valid UTF-8", valid + 1)};
        return false;
    }
    JsonScanner scanner(row.text);
    if (!scanner.is_at_object()) {
        trouble_ = {"not_an_object", "", shortened(row.text), "a row must be a JSON object: {…}"};
        return false;
    }
    return true;
}

// Hands every value to `take` with its name, which for objects within objects is a path if they are
// to be flattened. False when the text is no JSON or `take` had enough.
template <class Take>
bool JsonlReader::walk(JsonScanner& scanner, std::size_t depth, Take& take) {
    if (!scanner.open_object()) {
        return false;
    }
    const auto prefix = path_.size();
    JsonString name;
    while (scanner.next_name(name)) {
        auto key = name.inside;
        if (prefix > 0 || name.has_escapes) {
            path_.resize(prefix);
            append_unescaped(name.inside, path_);
            key = path_;
        }
        if (options_.flatten && depth < JsonScanner::deepest && scanner.is_at_object()) {
            if (prefix == 0 && !name.has_escapes) {
                path_ = key;
            }
            path_ += '.';
            if (!walk(scanner, depth + 1, take)) {
                return false;
            }
        } else {
            JsonValue value;
            if (!scanner.value(value) || !take(key, value)) {
                return false;
            }
        }
        path_.resize(prefix);
    }
    return !scanner.failed();
}

bool JsonlReader::read_row(const JsonRow& row, Arena& arena) {
    if (!look_into(row)) {
        return false;
    }
    JsonScanner scanner(row.text);
    expected_ = 0;
    path_.clear();
    auto take_cell = [&](std::string_view name, const JsonValue& value) { return take(name, value, arena); };
    if (!walk(scanner, 1, take_cell) || !scanner.ends()) {
        return tell_scanner(scanner);
    }
    for (const auto column : chosen_) {
        if (filled_[column] != row_) {
            cells_[column] = Cell();
        }
    }
    return true;
}

bool JsonlReader::take(std::string_view name, const JsonValue& value, Arena& arena) {
    const auto place = place_of(name);
    if (!place) {
        if (options_.columns.empty()) {
            ++unknown_;
            if (unknown_names_.size() < most_unknown_names &&
                std::ranges::find(unknown_names_, name) == unknown_names_.end()) {
                unknown_names_.push_back(shortened(name));
            }
        }
        return true;
    }
    if (std::exchange(filled_[*place], row_) == row_) {
        trouble_ = {"duplicate_key", schema_[*place].name, shortened(value.text),
                    fmt::format("the row has the key \"{}\" twice", shortened(name))};
        return false;
    }
    if (!is_wanted_[*place]) {
        return true;
    }
    auto& cell = cells_[*place];
    if (value.kind == JsonKind::Null) {
        cell = Cell();
        return true;
    }
    const auto& column = schema_[*place];
    switch (column.type) {
        case Type::Json:
            cell = value.text;
            return true;
        case Type::Text:
            return take_text(value, arena, cell);
        case Type::Boolean:
            if (value.kind == JsonKind::True || value.kind == JsonKind::False) {
                cell = value.text;
                return true;
            }
            break;
        default:
            if (value.kind == JsonKind::Number) {
                return take_number(column, value, arena, cell);
            }
    }
    trouble_ = {
        "unexpected_type", column.name, shortened(value.text),
        fmt::format("\"{}\" was {} in the first {} rows, but here is {}; `types: text` takes both as text", column.name,
                    column.type == Type::Boolean ? "a boolean" : "a number", sample_.size(), kind_text(value.kind))};
    return false;
}

bool JsonlReader::take_text(const JsonValue& value, Arena& arena, Cell& cell) const {
    if (value.kind != JsonKind::String) {
        cell = value.text;
        return true;
    }
    const auto string = value.string();
    if (!string.has_escapes) {
        cell = string.inside;
        return true;
    }
    std::string text;
    text.reserve(string.inside.size());
    append_unescaped(string.inside, text);
    cell = arena.copy(text);
    return true;
}

bool JsonlReader::take_number(const Column& column, const JsonValue& value, Arena& arena, Cell& cell) {
    if (column.type == Type::Float || !has_exponent(value.text)) {
        cell = value.text;
        return true;
    }
    if (!write_out(value.text, text_)) {
        trouble_ = {
            "number_out_of_range", column.name, shortened(value.text),
            fmt::format("the exponent of \"{}\" is too large for a column of decimals; `types: text` keeps it as it is",
                        column.name)};
        return false;
    }
    cell = arena.copy(text_);
    return true;
}

// A line, whatever the layout.
std::string_view JsonlReader::raw_of(const JsonRow& row, Arena& arena) const {
    if (row.text.find_first_of("\r\n") == std::string_view::npos) {
        return row.text;
    }
    char* const copy = arena.allocate(row.text.size());
    std::ranges::transform(row.text, copy, [](char byte) { return byte == '\n' || byte == '\r' ? ' ' : byte; });
    return {copy, row.text.size()};
}

void JsonlReader::reject(const JsonRow& row) {
    Arena arena;
    rejects_({.row = row_++,
              .reason = std::string(trouble_.reason),
              .field = trouble_.field,
              .value = trouble_.value,
              .message = trouble_.message,
              .file = {},
              .line = row.line,
              .raw = readable(raw_of(row, arena))});
}

bool JsonlReader::next(const Context& context, Batch& out) {
    context.check();
    out.clear_for(Batch::max_rows);
    out.set_first_row(row_);
    const void* kept = nullptr;
    std::size_t rows = 0;
    std::size_t bytes = 0;
    JsonRow row;
    while (rows < Batch::max_rows && bytes < Batch::max_bytes) {
        if (sample_at_ < sample_.size()) {
            row = std::move(sample_[sample_at_++]);
        } else if (!rows_.next(context, row)) {
            break;
        }
        if (!read_row(row, out.arena())) {
            reject(row);
            if (rows == 0) {
                out.arena().reset();
            }
            continue;
        }
        bytes += row.text.size();
        if (row.block.get() != kept) {
            kept = row.block.get();
            out.keep(row.block);
        }
        for (std::size_t i = 0; i < chosen_.size(); ++i) {
            out.build(i)[rows] = cells_[chosen_[i]];
        }
        out.origins()[rows++] = {row_++, row.line, raw_of(row, out.arena())};
    }
    out.set_rows(rows);
    return rows > 0;
}

std::vector<Warning> JsonlReader::warnings() const {
    if (unknown_ == 0) {
        return {};
    }
    return {{"unknown_key",
             fmt::format("keys that the first {} rows do not have are left out: {}; name them in `columns`, or raise "
                         "`sample_rows`",
                         sample_.size(), fmt::join(unknown_names_, ", ")),
             unknown_}};
}

}  // namespace rowhaul
