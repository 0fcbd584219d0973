// SPDX-License-Identifier: Apache-2.0
#include "format/xlsx_reader.h"

#include "format/shown_text.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rowhaul {

namespace {

constexpr std::size_t looked_at_rows = 50;

// As one cell of CSV, so that NULL and the empty text differ.
void append_csv(Cell cell, std::string& out) {
    if (cell.is_null()) {
        return;
    }
    const auto text = cell.text();
    if (!text.empty() && text.find_first_of("\",\r\n") == std::string_view::npos) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        out += c;
        if (c == '"') {
            out += c;
        }
    }
    out += '"';
}

std::uint64_t number_in(std::string_view text) {
    std::uint64_t number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? number : ~std::uint64_t{0};
}

}  // namespace

XlsxReader::XlsxReader(const Context& context, InputStream& in, const XlsxOptions& options, XlsxHeader header,
                       Rejects rejects, const XlsxLimits& limits)
    : options_(options),
      rejects_(std::move(rejects)),
      package_(context, in, limits),
      workbook_(read_workbook(context, package_)),
      sheet_(&chosen_sheet()),
      strings_(std::make_shared<XlsxStrings>(limits.strings_in_memory, limits.spool)) {
    if (!workbook_.strings_part.empty()) {
        const auto part = package_.open(workbook_.strings_part);
        strings_->read(context, *part, workbook_.strings_part);
    }
    if (options_.merged_cells == XlsxMergedCells::Fill) {
        const auto part = package_.open(sheet_->part);
        merged_ = merged_ranges(context, *part, sheet_->part);
    }
    const auto top = top_rows(context, header);
    const auto* const found = find_header(top, header);
    header_row_ = found == nullptr ? 0 : found->number;
    name_columns(top, found);
    rows_ = open_rows();
    cells_.resize(schema_.size());
    std::vector<std::size_t> all(schema_.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = i;
    }
    choose(std::move(all));
}

void XlsxReader::choose(std::vector<std::size_t> columns) {
    chosen_ = std::move(columns);
    is_wanted_.assign(schema_.size(), false);
    for (const auto column : chosen_) {
        is_wanted_[column] = true;
    }
}

// ---- where the table stands ----

const XlsxSheet& XlsxReader::chosen_sheet() const {
    const auto& sheets = workbook_.sheets;
    std::vector<const XlsxSheet*> counted;
    std::vector<std::string> names;
    for (const auto& sheet : sheets) {
        if (!sheet.is_hidden || options_.hidden_sheets) {
            counted.push_back(&sheet);
        }
        names.push_back(fmt::format("\"{}\"{}", shortened(sheet.name), sheet.is_hidden ? " (hidden)" : ""));
    }
    if (options_.sheet) {
        const auto named = std::ranges::find(sheets, *options_.sheet, &XlsxSheet::name);
        if (named != sheets.end()) {
            return *named;
        }
    }
    const auto number = options_.sheet ? number_in(*options_.sheet) : 1;
    if (number >= 1 && number <= counted.size()) {
        return *counted[static_cast<std::size_t>(number - 1)];
    }
    constexpr std::size_t most_names = 20;
    names.resize(std::min(names.size(), most_names));
    throw Error(ErrorKind::Invalid, options_.sheet ? fmt::format("the workbook has no sheet \"{}\"", *options_.sheet)
                                                   : std::string("every sheet of the workbook is hidden"))
        .advise(fmt::format("`sheet` takes one of {}, or a number.", fmt::join(names, ", ")));
}

std::unique_ptr<XlsxRows> XlsxReader::open_rows() const {
    return std::make_unique<XlsxRows>(package_.open(sheet_->part), sheet_->part);
}

// The first rows, or those up to the header whose number is known and some more.
std::vector<XlsxReader::TopRow> XlsxReader::top_rows(const Context& context, XlsxHeader header) {
    std::vector<TopRow> top;
    Arena arena;
    const auto rows = open_rows();
    const auto start = header.value_or(0);
    while (top.size() < looked_at_rows && rows->next(context)) {
        if (rows->number() < start || (rows->is_hidden() && options_.hidden_rows == XlsxHiddenRows::Skip)) {
            continue;
        }
        TopRow row{rows->number(), {}};
        for (const auto& cell : rows->cells()) {
            arena.reset();
            std::string text(rows->text_of(cell));
            if (cell.stored != XlsxStored::Error) {
                const auto value = value_of(cell, rows->text_of(cell), rows->number(), arena);
                text = value.text();
            }
            if (!text.empty()) {
                row.cells.emplace_back(cell.column, std::move(text));
            }
        }
        if (!row.cells.empty()) {
            std::ranges::sort(row.cells, {}, &std::pair<std::uint32_t, std::string>::first);
            top.push_back(std::move(row));
        }
    }
    return top;
}

const XlsxReader::TopRow* XlsxReader::find_header(const std::vector<TopRow>& top, XlsxHeader header) const {
    if (header == 0 || (top.empty() && !header)) {
        return nullptr;
    }
    if (header) {
        if (top.empty() || top.front().number != *header) {
            throw Error(ErrorKind::Invalid,
                        fmt::format("row {} of sheet \"{}\" is empty, but `header_row` says that it names the columns",
                                    *header, sheet_->name));
        }
        return &top.front();
    }
    std::size_t widest = 0;
    for (const auto& row : top) {
        widest = std::max(widest, row.cells.size());
    }
    constexpr std::size_t spared = 5;  // of so many cells one may be empty
    return &*std::ranges::find_if(top, [&](const TopRow& row) { return row.cells.size() >= widest - widest / spared; });
}

void XlsxReader::name_columns(const std::vector<TopRow>& top, const TopRow* header) {
    if (top.empty()) {
        for (const auto& name : options_.columns) {
            schema_.push_back({.name = name});
        }
        return;
    }
    std::uint32_t first = ~std::uint32_t{0};
    std::uint32_t last = 0;
    std::vector<bool> is_used;
    for (const auto& row : top) {
        for (const auto& [column, text] : row.cells) {
            is_used.resize(std::max<std::size_t>(is_used.size(), column + 1));
            is_used[column] = is_used[column] || row.number >= header_row_;
            if (header == nullptr || header == &row) {
                first = std::min(first, column);
                last = std::max(last, column);
            }
        }
    }
    std::vector<std::pair<std::uint32_t, std::string>> names;
    for (auto column = first; column <= last; ++column) {
        if (!is_used[column]) {
            continue;
        }
        std::string name;
        if (header != nullptr) {
            const auto cell = std::ranges::find(header->cells, column, &std::pair<std::uint32_t, std::string>::first);
            name = cell == header->cells.end() ? std::string() : cell->second;
        }
        names.emplace_back(column, name.empty() ? "column_" + column_letters(column) : name);
    }
    if (!options_.columns.empty() && options_.columns.size() != names.size()) {
        throw Error(ErrorKind::Invalid, fmt::format("sheet \"{}\" has {} columns, but `columns` has {} names",
                                                    sheet_->name, names.size(), options_.columns.size()));
    }
    places_.assign(last + 1, nowhere);
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto& [column, own_name] = names[i];
        const auto& name = options_.columns.empty() ? own_name : options_.columns[i];
        const auto same = std::ranges::find(schema_, name, &Column::name);
        if (same != schema_.end()) {
            const auto before = names[static_cast<std::size_t>(same - schema_.begin())].first;
            throw Error(ErrorKind::Invalid,
                        fmt::format("columns {} and {} are both called \"{}\"", column_letters(before),
                                    column_letters(column), shortened(name)))
                .advise(
                    "Name the columns with `columns` in the source's format, or say with `header_row` in which row the "
                    "names stand.");
        }
        places_[column] = schema_.size();
        schema_.push_back({.name = name});
    }
}

std::string XlsxReader::header() const {
    std::string out;
    for (const auto& column : schema_) {
        out += out.empty() ? "" : ",";
        append_csv(Cell(column.name), out);
    }
    return out;
}

// ---- cells ----

Cell XlsxReader::value_of(const XlsxCell& cell, std::string_view stored, std::uint64_t row, Arena& arena) {
    switch (cell.stored) {
        case XlsxStored::Number:
            return number_of(cell, stored, arena);
        case XlsxStored::SharedText: {
            const auto text = strings_->text(number_in(stored), arena);
            if (!text) {
                throw Error(ErrorKind::Invalid,
                            fmt::format("the workbook is damaged: cell {}{} names the text {}, but there are {}",
                                        column_letters(cell.column), row, shortened(stored), strings_->size()));
            }
            return *text;
        }
        case XlsxStored::Text:
            if (stored.find('_') == std::string_view::npos) {
                return arena.copy(stored);
            }
            text_.clear();
            append_cell_text(stored, text_);
            return arena.copy(text_);
        case XlsxStored::Boolean:
            return std::string_view(stored == "1" || stored == "true" ? "true" : "false");
        case XlsxStored::Date:
            text_.clear();
            append_iso_date(stored, text_);
            return arena.copy(text_);
        case XlsxStored::Error:
            break;
    }
    return options_.error_cells == XlsxErrorCells::Text ? Cell(arena.copy(stored)) : Cell();
}

Cell XlsxReader::number_of(const XlsxCell& cell, std::string_view stored, Arena& arena) {
    text_.clear();
    const auto kind = workbook_.kind_of_style(cell.style);
    if (kind == NumberKind::Number || !append_date(stored, kind, workbook_.epoch, text_)) {
        append_number(stored, text_);
    }
    return arena.copy(text_);
}

// ---- rows ----

// Values of merged cells into those that the file leaves empty.
void XlsxReader::fill_merged(Arena& arena) {
    const auto row = rows_->number();
    for (; merged_at_ < merged_.size() && merged_[merged_at_].first_row <= row; ++merged_at_) {
        fills_.push_back({merged_[merged_at_], {}});
    }
    std::erase_if(fills_, [&](const Fill& fill) { return fill.range.last_row < row; });
    for (auto& [range, value] : fills_) {
        const auto end = std::min<std::size_t>(std::size_t{range.last_column} + 1, places_.size());
        for (std::size_t column = range.first_column; column < end; ++column) {
            const auto place = places_[column];
            if (place == nowhere) {
                continue;
            }
            if (range.first_row == row && column == range.first_column) {
                value = cells_[place].is_null() ? std::nullopt : std::optional<std::string>(cells_[place].text());
            } else if (value && cells_[place].is_null()) {
                cells_[place] = arena.copy(*value);
            }
        }
    }
}

bool XlsxReader::has_text() const {
    return std::ranges::any_of(cells_, [](Cell cell) { return !cell.text().empty(); });
}

// The current row into cells_; false for one that is no row of the table.
bool XlsxReader::take_row(Arena& arena) {
    if (rows_->number() <= header_row_) {
        return false;
    }
    const bool is_left_out = rows_->is_hidden() && options_.hidden_rows == XlsxHiddenRows::Skip;
    std::ranges::fill(cells_, Cell());
    trouble_ = {};
    for (const auto& cell : rows_->cells()) {
        const auto place = cell.column < places_.size() ? places_[cell.column] : nowhere;
        const auto stored = rows_->text_of(cell);
        if (place == nowhere) {
            if (!stored.empty() && !is_left_out && outside_++ == 0) {
                first_outside_row_ = rows_->number();
            }
            continue;
        }
        if (cell.stored == XlsxStored::Error && options_.error_cells == XlsxErrorCells::Reject && is_wanted_[place]) {
            cells_[place] = arena.copy(stored);
            if (trouble_.column == nowhere) {
                trouble_ = {place, std::string(stored)};
            }
        } else {
            cells_[place] = value_of(cell, stored, rows_->number(), arena);
        }
    }
    const bool is_row = has_text();
    if (!merged_.empty()) {
        fill_merged(arena);
    }
    hidden_ += static_cast<std::uint64_t>(is_row && is_left_out);
    return is_row && !is_left_out;
}

std::string_view XlsxReader::raw_of(Arena& arena) {
    raw_.clear();
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        if (i > 0) {
            raw_ += ',';
        }
        append_csv(cells_[i], raw_);
    }
    return arena.copy(raw_);
}

void XlsxReader::reject(Arena& arena) {
    const auto& name = schema_[trouble_.column].name;
    rejects_(
        {.row = row_++,
         .reason = "error_cell",
         .field = name,
         .value = shortened(trouble_.value),
         .message = fmt::format("{} has the error {} instead of a value; `error_cells` can take it as text or empty",
                                name, shortened(trouble_.value)),
         .file = {},
         .line = rows_->number(),
         .raw = std::string(raw_of(arena))});
}

bool XlsxReader::next(const Context& context, Batch& out) {
    context.check();
    out.clear_for(Batch::max_rows);
    out.set_first_row(row_);
    out.keep(strings_);
    auto& arena = out.arena();
    std::size_t rows = 0;
    while (rows < Batch::max_rows && arena.used() < Batch::max_bytes && rows_->next(context)) {
        const bool is_row = take_row(arena);
        if (is_row && trouble_.column != nowhere) {
            reject(arena);
        } else if (is_row) {
            for (std::size_t i = 0; i < chosen_.size(); ++i) {
                out.build(i)[rows] = cells_[chosen_[i]];
            }
            out.origins()[rows++] = {row_++, rows_->number(), raw_of(arena)};
        }
        if (rows == 0) {
            arena.reset();
        }
    }
    out.set_rows(rows);
    return rows > 0;
}

std::vector<Warning> XlsxReader::warnings() const {
    std::vector<Warning> all;
    if (outside_ > 0) {
        all.push_back(
            {"cells_outside_table",
             fmt::format("cells beside the columns of the header are left out, the first in row {} of sheet \"{}\"; "
                         "`header_row` says in which row the names stand",
                         first_outside_row_, sheet_->name),
             outside_});
    }
    if (hidden_ > 0) {
        all.push_back({"hidden_rows_left_out", "hidden rows are left out, as `hidden_rows: skip` says", hidden_});
    }
    if (const auto count = rows_->formulas_without_result(); count > 0) {
        all.push_back(
            {"formula_without_result",
             "cells with formulas are NULL, because the program that wrote the file did not calculate them; a "
             "spreadsheet program does when it saves the file",
             count});
    }
    return all;
}

}  // namespace rowhaul
