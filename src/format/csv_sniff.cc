// SPDX-License-Identifier: Apache-2.0
#include "format/csv_sniff.h"

#include "base/utf8.h"
#include "format/csv_reader.h"
#include "format/value_forms.h"
#include "io/memory_input.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>

namespace rowhaul {

namespace {

constexpr std::size_t most_lines = 2000;
constexpr std::size_t most_title_lines = 30;

TextEncoding guessed_encoding(std::string_view first_bytes) {
    const auto shown = shown_encoding(first_bytes, TextEncoding::Utf8);
    check_is_text(first_bytes.substr(0, 4096), shown);
    // The end may cut a character.
    const bool is_utf8 = valid_utf8_prefix(first_bytes) + 4 > first_bytes.size();
    return shown == TextEncoding::Utf8 && !is_utf8 ? TextEncoding::Windows1252 : shown;
}

std::string decoded(const Context& context, std::string_view bytes, TextEncoding encoding) {
    MemoryInput input(bytes);
    TextDecoder decoder(input, encoding);
    std::string text;
    std::array<std::byte, 16384> block{};
    while (const auto count = decoder.read(context, block)) {
        text += as_text(std::span(block).first(count));
    }
    return text;
}

struct Marks {
    char delimiter;
    char quote;
    CsvEscape escape;
};

// How a text looks when it is read with these marks.
struct Look {
    std::vector<std::size_t> cells;  // of each row
    std::vector<std::size_t> lines;  // before each row
    std::size_t quoted = 0;          // cells
    std::size_t strays = 0;          // quotes that end no cell
};

Look look(std::string_view text, Marks marks) {
    Look result;
    std::size_t line = 0;
    std::size_t first_line = 0;
    std::size_t cells = 1;
    bool at_start = true;
    bool is_empty = true;
    for (std::size_t i = 0; i < text.size() && result.cells.size() < most_lines; ++i) {
        const char c = text[i];
        if (c == marks.quote && at_start) {
            ++result.quoted;
            for (++i; i < text.size(); ++i) {
                const bool escapes = marks.escape == CsvEscape::Backslash && text[i] == '\\';
                const bool doubles = text[i] == marks.quote && i + 1 < text.size() && text[i + 1] == marks.quote;
                if (escapes || doubles) {
                    ++i;
                } else if (text[i] == marks.quote) {
                    break;
                }
                line += static_cast<std::size_t>(i < text.size() && text[i] == '\n');
            }
            const bool ends =
                i + 1 >= text.size() || text[i + 1] == marks.delimiter || text[i + 1] == '\n' || text[i + 1] == '\r';
            result.strays += static_cast<std::size_t>(!ends);
            at_start = is_empty = false;
        } else if (c == marks.delimiter) {
            ++cells;
            at_start = true;
            is_empty = false;
        } else if (c == '\n' || c == '\r') {
            i += static_cast<std::size_t>(c == '\r' && i + 1 < text.size() && text[i + 1] == '\n');
            ++line;
            if (!is_empty) {
                result.cells.push_back(cells);
                result.lines.push_back(first_line);
            }
            first_line = line;
            cells = 1;
            at_start = is_empty = true;
        } else {
            at_start = is_empty = false;
        }
    }
    if (!is_empty && result.cells.empty()) {
        result.cells.push_back(cells);
        result.lines.push_back(first_line);
    }
    return result;
}

// The most frequent number of cells, and how many rows have it.
std::pair<std::size_t, std::size_t> usual_width(const Look& look) {
    std::map<std::size_t, std::size_t> counts;
    for (const auto cells : look.cells) {
        ++counts[cells];
    }
    std::pair<std::size_t, std::size_t> usual{1, 0};
    for (const auto& [cells, rows] : counts) {
        if (rows > usual.second || (rows == usual.second && cells > usual.first)) {
            usual = {cells, rows};
        }
    }
    return usual;
}

double score(const Look& look) {
    if (look.cells.empty()) {
        return 0;
    }
    const auto [width, rows] = usual_width(look);
    if (width == 1) {
        return 0;
    }
    const auto all = static_cast<double>(look.cells.size());
    const double agreement = static_cast<double>(rows) / all;
    const double first = look.cells.front() == width ? 0.2 : 0;
    const double columns = 0.01 * static_cast<double>(std::min<std::size_t>(width, 20));
    const double quotes = look.quoted > 0 ? 0.05 : 0;
    return agreement + first + columns + quotes - 2 * static_cast<double>(look.strays) / all;
}

struct Guessed {
    Marks marks;
    Look look;
};

Guessed guessed_marks(std::string_view text) {
    Guessed best{{',', '"', CsvEscape::Double}, {}};
    double highest = -1;
    for (const char delimiter : {',', ';', '\t', '|', ':', '^', '~'}) {
        for (const char quote : {'"', '\''}) {
            for (const auto escape : {CsvEscape::Double, CsvEscape::Backslash}) {
                Guessed guess{{delimiter, quote, escape}, look(text, {delimiter, quote, escape})};
                if (const auto points = score(guess.look); points > highest + 1e-9) {
                    highest = points;
                    best = std::move(guess);
                }
            }
        }
    }
    return best;
}

using Cells = std::vector<std::optional<std::string>>;

std::vector<Cells> rows_of(const Context& context, std::string_view text, const CsvOptions& options) {
    MemoryInput input(text);
    CsvReader reader(context, input, resolve(options), [](const Reject&) {});
    std::vector<Cells> rows;
    Batch batch(reader.schema().size());
    while (rows.size() < most_lines && reader.next(context, batch)) {
        for (std::size_t row = 0; row < batch.rows(); ++row) {
            auto& cells = rows.emplace_back();
            for (std::size_t column = 0; column < batch.width(); ++column) {
                const Cell cell = batch.column(column)[row];
                cells.push_back(cell.is_null() ? std::nullopt : std::optional(std::string(cell.text())));
            }
        }
    }
    return rows;
}

// Names are texts, there and different; where a later row has the form of values, they are not.
bool is_header(const Cells& first) {
    for (auto cell = first.begin(); cell != first.end(); ++cell) {
        FormFinder finder;
        if (!*cell || (*cell)->empty() || std::find(first.begin(), cell, *cell) != cell) {
            return false;
        }
        finder.see(**cell);
        if (finder.form().type != Type::Text) {
            return false;
        }
    }
    return true;
}

Schema schema_of(const std::optional<Cells>& header, const std::vector<Cells>& rows) {
    const std::size_t width = header ? header->size() : rows.empty() ? 0 : rows.front().size();
    Schema schema;
    for (std::size_t column = 0; column < width; ++column) {
        FormFinder finder;
        bool has_null = false;
        for (const auto& row : rows) {
            has_null = has_null || !row[column];
            if (row[column] && !row[column]->empty()) {
                finder.see(*row[column]);
            }
        }
        const auto form = finder.form();
        auto& made = schema.emplace_back();
        made.name = header ? (*header)[column].value_or("") : "";
        if (made.name.empty()) {
            made.name = fmt::format("column_{}", column + 1);
        }
        made.type = form.type;
        made.nullable = has_null;
        made.source_type = form.notation;
    }
    return schema;
}

// The one notation that all columns of a type have; empty when they differ.
std::string common_notation(const Schema& schema, Type type) {
    std::string common;
    for (const auto& column : schema) {
        if (column.type == type) {
            if (!common.empty() && common != column.source_type) {
                return {};
            }
            common = column.source_type;
        }
    }
    return common;
}

std::string yaml_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        out += c == '\t' ? "\\t" : c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    return out + "\"";
}

// What to write under `format`, as YAML.
std::string yaml_of(const CsvOptions& options) {
    std::string yaml = "{ type: csv";
    const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
        if (value) {
            yaml += fmt::format(", {}: {}", name, yaml_text(*value));
        }
    };
    add("delimiter", options.delimiter);
    add("quote", options.quote);
    if (options.escape) {
        yaml += ", escape: backslash";
    }
    if (options.quoting) {
        yaml += ", quoting: never";
    }
    if (options.header) {
        yaml += ", header: false";
    }
    if (options.encoding) {
        yaml += fmt::format(", encoding: {}", name_of(*options.encoding));
    }
    if (options.skip_lines > 0) {
        yaml += fmt::format(", skip_lines: {}", options.skip_lines);
    }
    add("null_text", options.null_text);
    add("numbers", options.numbers);
    add("dates", options.dates);
    return yaml + " }";
}

}  // namespace

std::optional<CsvGuess> sniff_csv(const Context& context, std::string_view first_bytes) {
    CsvGuess guess;
    const auto encoding = guessed_encoding(first_bytes);
    auto text = decoded(context, first_bytes, encoding);
    if (const auto last = text.find_last_of("\r\n");
        first_bytes.size() >= Format::sniffed_bytes && last != std::string::npos) {
        text.resize(last + 1);  // what follows is half a row
    }
    auto [marks, seen] = guessed_marks(text);
    if (seen.cells.empty()) {
        return {};
    }
    auto& options = guess.options;
    if (encoding != TextEncoding::Utf8 && encoding != TextEncoding::Utf8Bom) {
        options.encoding = encoding;
    }
    if (marks.delimiter != ',') {
        options.delimiter = std::string(1, marks.delimiter);
    }
    if (seen.quoted > 0 && marks.quote != '"') {
        options.quote = std::string(1, marks.quote);
    }
    if (seen.quoted > 0 && marks.escape != CsvEscape::Double) {
        options.escape = marks.escape;
    }
    const bool has_bare_nulls = text.find("\\N") != std::string::npos;
    if (has_bare_nulls && seen.quoted == 0 && marks.delimiter == '\t') {
        options.quoting = CsvQuoting::Never;
        options.escape = CsvEscape::Backslash;
    } else if (has_bare_nulls) {
        options.null_text = "\\N";
    }
    const auto first = std::ranges::find(seen.cells, usual_width(seen).first) - seen.cells.begin();
    const auto title_lines = seen.lines[static_cast<std::size_t>(first)];
    options.skip_lines = title_lines <= most_title_lines ? static_cast<std::int64_t>(title_lines) : 0;

    auto as_text = options;
    as_text.encoding = TextEncoding::Utf8;
    as_text.header = false;
    auto rows = rows_of(context, text, as_text);
    std::optional<Cells> header;
    if (!rows.empty() && is_header(rows.front())) {
        header = std::move(rows.front());
        rows.erase(rows.begin());
    } else {
        options.header = false;
    }
    auto& sniffed = guess.sniffed;
    sniffed.schema = schema_of(header, rows);
    if (const auto numbers = common_notation(sniffed.schema, Type::Decimal); !numbers.empty()) {
        options.numbers = numbers;
    }
    if (const auto dates = common_notation(sniffed.schema, Type::Date); !dates.empty()) {
        options.dates = dates;
    }
    rows.resize(std::min<std::size_t>(rows.size(), 10));
    sniffed.rows = std::move(rows);
    sniffed.format = yaml_of(options);
    return guess;
}

}  // namespace rowhaul
