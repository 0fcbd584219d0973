// SPDX-License-Identifier: Apache-2.0
#include "format/csv_reader.h"

#include "format/csv_doubt.h"
#include "format/shown_text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>

namespace rowhaul {

namespace {

// Of a row that is too long to be kept.
constexpr std::size_t kept_bytes = std::size_t{64} * 1024;
constexpr char escape_mark = '\\';

std::string specials_of(const CsvDialect& dialect) {
    std::string specials{dialect.delimiter[0], '\n', '\r'};
    if (dialect.quoting != CsvQuoting::Never) {
        specials += dialect.quote;
    }
    if (dialect.escape == CsvEscape::Backslash) {
        specials += escape_mark;
    }
    return specials;
}

bool is_line_end(char byte) {
    return byte == '\n' || byte == '\r';
}

}  // namespace

CsvReader::CsvReader(const Context& context, InputStream& in, CsvDialect dialect, Rejects rejects, CsvReaderSizes sizes,
                     CsvInstructions instructions)
    : dialect_(std::move(dialect)),
      rejects_(std::move(rejects)),
      sizes_(sizes),
      quotes_(dialect_.quoting != CsvQuoting::Never),
      escapes_(dialect_.escape == CsvEscape::Backslash),
      fills_null_(!dialect_.null_text.empty()),
      in_(in, dialect_.encoding),
      pool_(sizes.block_bytes + CsvIndex::slack),
      index_(specials_of(dialect_), instructions) {
    refill(context);
    block_position_ = in_.mark_bytes();
    for (std::uint64_t skipped = 0; skipped < dialect_.skip_lines; ++skipped) {
        skip_line(context);
    }
    read_header(context);
    std::vector<std::size_t> all(schema_.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = i;
    }
    choose(std::move(all));
}

void CsvReader::choose(std::vector<std::size_t> columns) {
    chosen_ = std::move(columns);
    unwanted_.resize(Batch::max_rows);
}

bool CsvReader::refill(const Context& context) {
    context.check();
    if (at_end_) {
        return false;
    }
    const std::size_t kept = limit_ - at_;
    const std::size_t capacity = std::max(sizes_.block_bytes, 2 * kept);
    auto block = pool_.take(capacity + CsvIndex::slack);
    if (kept > 0) {
        std::memcpy(block.get(), data_ + at_, kept);
        block_position_ += encoded_bytes(in_.encoding(), text().substr(0, at_));
    } else {
        block_position_ += encoded_bytes(in_.encoding(), text());
    }
    std::size_t size = kept;
    while (size < capacity && !at_end_) {
        const auto count =
            in_.read(context, std::span(reinterpret_cast<std::byte*>(block.get()) + size, capacity - size));
        at_end_ = count == 0;
        size += count;
    }
    // What ends the walk from one special byte to the next, and what the index reads behind it.
    std::memset(block.get() + size, '\n', CsvIndex::slack);
    block_ = std::move(block);
    data_ = block_.get();
    limit_ = size;
    at_ = 0;
    if (capacity == sizes_.block_bytes) {
        index_.shrink(sizes_.block_bytes);
    }
    index_.build(text());
    next_ = index_.begin();
    invalid_ = index_.first_invalid(text(), 0);
    return true;
}

// ---- finding the cells of a row ----

bool CsvReader::is_delimiter(std::size_t position) const {
    return text().substr(position).starts_with(dialect_.delimiter);
}

inline Cell CsvReader::unquoted(const char* from, std::size_t size) const {
    if (!fills_null_) [[likely]] {
        return Cell::null_if_empty(from, size);
    }
    const std::string_view cell(from, size);
    return cell == dialect_.null_text ? Cell() : Cell(cell);
}

Cell CsvReader::unescaped(std::string_view cell, Arena* arena) const {
    if (arena == nullptr || cell == dialect_.null_text) {
        return {};
    }
    char* const begin = arena->allocate(cell.size());
    char* to = begin;
    for (std::size_t i = 0; i < cell.size(); ++i) {
        char byte = cell[i];
        if (byte == escape_mark && i + 1 < cell.size()) {
            const char after = cell[i + 1];
            if (!quotes_) {
                byte = after == 't' ? '\t' : after == 'n' ? '\n' : after == 'r' ? '\r' : after;
                ++i;
            } else if (after == dialect_.quote || after == escape_mark || is_line_end(after) ||
                       cell.substr(i + 1).starts_with(dialect_.delimiter)) {
                byte = after;
                ++i;
            }
        }
        *to++ = byte;
    }
    const auto used = static_cast<std::size_t>(to - begin);
    arena->shrink_last(cell.size(), used);
    return std::string_view(begin, used);
}

Cell CsvReader::unquoted_inside(std::string_view cell, Arena* arena) const {
    if (arena == nullptr) {
        return {};
    }
    char* const begin = arena->allocate(cell.size());
    char* to = begin;
    for (std::size_t i = 0; i < cell.size(); ++i) {
        const bool has_next = i + 1 < cell.size();
        const bool is_doubled = cell[i] == dialect_.quote && has_next && cell[i + 1] == dialect_.quote;
        const bool is_escaped = escapes_ && cell[i] == escape_mark && has_next &&
                                (cell[i + 1] == dialect_.quote || cell[i + 1] == escape_mark);
        i += static_cast<std::size_t>(is_doubled || is_escaped);
        *to++ = cell[i];
    }
    const auto used = static_cast<std::size_t>(to - begin);
    arena->shrink_last(cell.size(), used);
    return std::string_view(begin, used);
}

// From the opening quote on; `next` is behind it and then behind the closing one.
CsvReader::Scan CsvReader::take_quoted(std::size_t opening, const std::uint32_t*& next, Arena* arena, Cell& cell,
                                       Found& found) const {
    const char quote = dialect_.quote;
    bool has_escapes = false;
    std::size_t position = 0;
    for (;; ++next) {
        position = *next;
        const char mark = data_[position];
        if (position == limit_) {
            found.trouble = opening;
            return at_end_ ? Scan::Unterminated : Scan::NeedsMoreInQuotes;
        }
        if (mark == quote) {
            if (data_[position + 1] != quote) {
                break;
            }
            has_escapes = true;
            ++next;
        } else if (mark == escape_mark && escapes_ &&
                   (data_[position + 1] == quote || data_[position + 1] == escape_mark)) {
            has_escapes = true;
            ++next;
        } else if (mark == '\r' || (mark == '\n' && data_[position - 1] != '\r')) {
            ++found.lines;
        }
    }
    ++next;
    if (position + 1 + dialect_.delimiter.size() > limit_ && !at_end_) {
        found.trouble = opening;
        return Scan::NeedsMoreInQuotes;
    }
    const std::string_view inside(data_ + opening + 1, position - opening - 1);
    cell = has_escapes ? unquoted_inside(inside, arena) : Cell(inside);
    const auto behind = position + 1;
    if (*next != behind || !(is_line_end(data_[behind]) || is_delimiter(behind))) {
        found.trouble = behind;
        return Scan::StrayQuote;
    }
    return Scan::Row;
}

// From a mark on that does not end an unquoted cell to the one that does.
bool CsvReader::take_odd_cell(std::size_t start, std::size_t& position, const std::uint32_t*& next, Arena* arena,
                              Cell& cell, Found& found) const {
    bool has_escapes = false;
    while (!is_line_end(data_[position]) && !is_delimiter(position)) {
        if (data_[position] == escape_mark && escapes_) {
            if (position + 1 >= limit_ && !at_end_) {
                return false;
            }
            has_escapes = true;
            if (*next == position + 1 && *next != limit_) {
                found.lines += static_cast<std::uint64_t>(is_line_end(data_[*next]));
                ++next;
            }
        }
        position = *next++;
    }
    const std::string_view inside(data_ + start, position - start);
    cell = has_escapes ? unescaped(inside, arena) : unquoted(inside.data(), inside.size());
    return true;
}

[[gnu::always_inline]] inline CsvReader::Scan CsvReader::scan_row(std::size_t from, const std::uint32_t* next,
                                                                  const Sinks& sinks, Found& found) const {
    const char* const data = data_;
    const char delimiter = dialect_.delimiter[0];
    const std::size_t delimiter_size = dialect_.delimiter.size();
    const bool is_wide = delimiter_size > 1;
    std::size_t start = from;
    std::size_t cells = 0;
    const auto put = [&](Cell cell) {
        sinks.columns[std::min(cells, sinks.width)][sinks.row] = cell;
        ++cells;
    };
    for (;;) {
        std::size_t position = *next++;
        char mark = data[position];
        if (mark == delimiter && !is_wide) [[likely]] {
            put(unquoted(data + start, position - start));
            start = position + 1;
            continue;
        }
        if (!is_line_end(mark)) {
            Cell cell;
            if (quotes_ && mark == dialect_.quote && position == start) {
                const auto scan = take_quoted(position, next, sinks.arena, cell, found);
                if (scan != Scan::Row) {
                    return scan;
                }
                position = *next++;
            } else if (!take_odd_cell(start, position, next, sinks.arena, cell, found)) {
                return Scan::NeedsMore;
            }
            mark = data[position];
            put(cell);
            if (!is_line_end(mark)) {
                start = position + delimiter_size;
                continue;
            }
        } else {
            put(unquoted(data + start, position - start));
        }
        if ((position == limit_ || (mark == '\r' && position + 1 == limit_)) && !at_end_) {
            return Scan::NeedsMore;
        }
        found.end = position;
        if (position == limit_) {
            --next;
            found.behind = limit_;
        } else if (mark == '\r' && *next == position + 1 && *next != limit_ && data[position + 1] == '\n') {
            ++next;
            found.behind = position + 2;
        } else {
            found.behind = position + 1;
        }
        found.cells = cells;
        found.next = next;
        return Scan::Row;
    }
}

CsvReader::Scan CsvReader::look_at_row(std::size_t from, const Sinks& sinks, Found& found) const {
    const auto* const next = std::lower_bound(index_.begin(), index_.end() - 1, from);
    return scan_row(from, next, sinks, found);
}

// ---- rows ----

void CsvReader::pass(const Found& found) {
    at_ = found.behind;
    next_ = found.next;
    line_ += found.lines;
    if (at_ > invalid_) {
        invalid_ = index_.first_invalid(text(), at_);
    }
}

std::optional<CsvReader::Found> CsvReader::line_at(std::size_t from, const std::uint32_t* next) const {
    if (next == nullptr) {
        next = std::lower_bound(index_.begin(), index_.end() - 1, from);
    }
    while (*next != limit_ && !is_line_end(data_[*next])) {
        ++next;
    }
    Found found;
    found.end = found.behind = *next;
    found.next = next;
    const bool is_return = *next < limit_ && data_[*next] == '\r';
    if (!at_end_ && (*next == limit_ || (is_return && *next + 1 == limit_))) {
        return {};
    }
    if (*next != limit_) {
        const bool is_pair = is_return && *next + 1 < limit_ && data_[*next + 1] == '\n';
        found.behind += is_pair ? 2 : 1;
        found.next += is_pair ? 2 : 1;
    }
    return found;
}

// Over everything up to the next line end that no row is made of.
bool CsvReader::pass_line() {
    const auto line = line_at(at_, next_);
    if (line) {
        pass(*line);
    }
    return line.has_value();
}

bool CsvReader::has_right_width(std::size_t cells) const {
    const auto width = schema_.size();
    const bool pads = dialect_.ragged == CsvRagged::Pad || dialect_.ragged == CsvRagged::PadAndCut;
    const bool cuts = dialect_.ragged == CsvRagged::Cut || dialect_.ragged == CsvRagged::PadAndCut;
    return cells == width || (cells < width && pads) || (cells > width && cuts);
}

CsvReader::Step CsvReader::take_row(const Sinks& sinks, RowOrigin& origin) {
    if (at_ == limit_) {
        return Step::NeedsMore;
    }
    if (skips_line_ || (dialect_.comment && data_[at_] == *dialect_.comment)) [[unlikely]] {
        return take_no_row();
    }
    Found found;
    const auto scan = scan_row(at_, next_, sinks, found);
    if (scan == Scan::Row && found.cells == sinks.width && found.behind <= invalid_ && !is_too_long(found)) [[likely]] {
        origin = {row_++, line_, {data_ + at_, found.end - at_}};
        at_ = found.behind;
        next_ = found.next;
        line_ += found.lines;
        return Step::Row;
    }
    return take_odd_row(scan, sinks, found, origin);
}

// Comments and the rest of a row that was too long.
CsvReader::Step CsvReader::take_no_row() {
    if (pass_line()) {
        skips_line_ = false;
        return Step::Nothing;
    }
    if (limit_ - at_ > sizes_.look_ahead) {
        // However long it is, nothing of it is kept.
        skips_line_ = true;
        at_ = limit_;
        next_ = index_.end() - 1;
    }
    return Step::NeedsMore;
}

CsvReader::Step CsvReader::take_odd_row(Scan scan, const Sinks& sinks, const Found& found, RowOrigin& origin) {
    const bool is_unfinished = scan == Scan::NeedsMore || scan == Scan::NeedsMoreInQuotes;
    if (is_unfinished && limit_ - at_ <= sizes_.longest_row) {
        return Step::NeedsMore;
    }
    if (scan != Scan::Row || is_too_long(found)) {
        return recover(scan, found);
    }
    const bool is_empty_line = found.end == at_ && sinks.width != 1;
    if (!is_empty_line && found.end > invalid_) {
        reject_invalid_text(found);
    } else if (!is_empty_line && !has_right_width(found.cells)) {
        reject_ragged(found);
    } else if (!is_empty_line) {
        for (std::size_t column = found.cells; column < sinks.width; ++column) {
            sinks.columns[column][sinks.row] = Cell();
        }
        origin = {row_++, line_, {data_ + at_, found.end - at_}};
        pass(found);
        return Step::Row;
    }
    pass(found);
    return Step::Nothing;
}

// ---- rows that cannot be read ----

// Where reading goes on after a row that is not one: at the first later line that reads as a row,
// but not behind the line of `trouble`.
CsvReader::Step CsvReader::resume_line(std::size_t trouble, Found& resume) const {
    std::vector<Cell> cells(1);
    const std::vector<Cell*> columns(schema_.size() + 1, cells.data());
    const Sinks nowhere{columns.data(), schema_.size(), 0, nullptr};
    resume = {.lines = 0};
    for (const auto* next = next_; *next != limit_; ++next) {
        const char mark = data_[*next];
        if (!is_line_end(mark)) {
            continue;
        }
        if (mark == '\r' && *next + 1 == limit_ && !at_end_) {
            return Step::NeedsMore;
        }
        const auto end = *next;
        next += static_cast<std::ptrdiff_t>(mark == '\r' && *next + 1 < limit_ && data_[*next + 1] == '\n');
        ++resume.lines;
        resume.end = end;
        resume.behind = *next + 1;
        resume.next = next + 1;
        if (end >= trouble) {
            return Step::Row;
        }
        Found found;
        const auto scan = look_at_row(resume.behind, nowhere, found);
        const bool is_unfinished = scan == Scan::NeedsMore || scan == Scan::NeedsMoreInQuotes;
        if (is_unfinished && limit_ - resume.behind <= sizes_.look_ahead) {
            return Step::NeedsMore;
        }
        if (scan == Scan::Row && found.behind - resume.behind <= sizes_.look_ahead &&
            (found.cells > 1 || schema_.size() == 1) && has_right_width(found.cells)) {
            return Step::Row;
        }
    }
    resume.end = resume.behind = limit_;
    resume.next = index_.end() - 1;
    return at_end_ ? Step::Row : Step::NeedsMore;
}

CsvReader::Step CsvReader::recover(Scan scan, const Found& found) {
    const bool is_stray = scan == Scan::StrayQuote && found.trouble - at_ <= sizes_.longest_row;
    const std::size_t trouble = is_stray ? found.trouble : std::min(limit_, at_ + sizes_.longest_row);
    Found resume;
    const auto step = resume_line(trouble, resume);
    if (step == Step::NeedsMore && limit_ - at_ <= sizes_.longest_row + sizes_.look_ahead) {
        return Step::NeedsMore;
    }
    const bool has_line_end = resume.lines > 0 && resume.behind < limit_;
    if (is_stray) {
        reject("stray_quote", resume.end, shortened(text().substr(found.trouble, resume.end - found.trouble)),
               fmt::format("after the closing quote comes neither a delimiter nor a line end (byte {}); a quote inside "
                           "a quoted cell must be {}",
                           byte_position(found.trouble),
                           escapes_ ? "escaped with a backslash" : "doubled, or see `escape`"));
    } else if (scan == Scan::Unterminated || (scan == Scan::NeedsMoreInQuotes && has_line_end) || found.lines > 1) {
        reject("unterminated_quote", std::min(resume.end, at_ + kept_bytes),
               shortened(text().substr(scan == Scan::Row ? at_ : found.trouble)),
               fmt::format("the quote at byte {} is never closed",
                           byte_position(scan == Scan::Row ? at_ : found.trouble)));
    } else {
        reject("row_too_long", std::min(resume.end, at_ + kept_bytes), shortened(text().substr(at_)),
               fmt::format("the row is longer than {} bytes; its line end or delimiter may not be what the format says",
                           sizes_.longest_row));
    }
    skips_line_ = step == Step::NeedsMore;
    pass(resume);
    return Step::Nothing;
}

void CsvReader::reject_invalid_text(const Found& found) {
    const auto row = text().substr(at_, found.end - at_);
    const auto byte = byte_position(invalid_);
    const auto advice = is_single_byte(in_.encoding()) ? "; is the `encoding` the right one?"
                                                       : "; if the file is older, try `encoding: windows-1252`";
    const auto start = row.rfind(dialect_.delimiter, invalid_ - at_);
    const auto cell = row.substr(start == std::string_view::npos ? 0 : start + dialect_.delimiter.size());
    reject("invalid_text", found.end, shortened(cell.substr(0, cell.find(dialect_.delimiter))),
           fmt::format("byte {} is no character in {}{}", byte, name_of(in_.encoding()), advice));
}

void CsvReader::reject_ragged(const Found& found) {
    const auto width = schema_.size();
    const auto row = text().substr(at_, found.end - at_);
    const auto doubt = found.cells == 1 ? doubt_about_delimiter(row) : std::string();
    reject("ragged_row", found.end, shortened(row),
           fmt::format("the row has {} {} instead of {}; {}", found.cells, found.cells == 1 ? "cell" : "cells", width,
                       !doubt.empty()        ? doubt
                       : found.cells < width ? "`ragged: pad` would fill up with NULL"
                                             : "`ragged: cut` would leave out what is too much"));
}

void CsvReader::reject(std::string_view reason, std::size_t raw_end, std::string value, std::string message) {
    rejects_({.row = row_++,
              .reason = std::string(reason),
              .field = {},
              .value = std::move(value),
              .message = std::move(message),
              .file = {},
              .line = line_,
              .raw = readable(text().substr(at_, raw_end - at_))});
}

std::uint64_t CsvReader::byte_position(std::size_t at) const {
    return block_position_ + encoded_bytes(in_.encoding(), text().substr(0, at));
}

// ---- header ----

void CsvReader::skip_line(const Context& context) {
    while (!pass_line()) {
        if (!refill(context)) {
            return;
        }
    }
}

void CsvReader::refuse_first_row(Scan scan, std::size_t from) const {
    const auto line = line_ + static_cast<std::uint64_t>(std::ranges::count(text().substr(at_, from - at_), '\n'));
    if (scan == Scan::Row) {
        throw Error(ErrorKind::Invalid, fmt::format("line {}: byte {} is no character in {}", line,
                                                    byte_position(invalid_), name_of(in_.encoding())))
            .advise("Set `encoding` in the source's format, perhaps windows-1252.");
    }
    const auto* const trouble = scan == Scan::StrayQuote     ? "text comes after a closing quote"
                                : scan == Scan::Unterminated ? "a quote is never closed"
                                                             : "it does not end";
    throw Error(ErrorKind::Invalid, fmt::format("line {} is no header and no row: {}", line, trouble))
        .advise("Set `delimiter`, `quote` and `escape` in the source's format; `rowhaul browse` proposes them.");
}

std::optional<CsvReader::FirstRow> CsvReader::find_first_row(const Context& context) {
    constexpr std::size_t longest_header = std::size_t{1} << 20;
    std::array<Cell, 1> cells;
    std::array<Cell*, 1> columns{cells.data()};
    std::size_t before = 0;  // bytes of empty lines from at_ on
    while (true) {
        const auto from = at_ + before;
        const bool is_comment = from < limit_ && dialect_.comment && data_[from] == *dialect_.comment;
        Found found;
        auto scan = Scan::NeedsMore;
        if (is_comment) {
            const auto line = line_at(from, nullptr);
            scan = line ? Scan::Row : Scan::NeedsMore;
            found = line.value_or(Found{});
        } else if (from < limit_) {
            scan = look_at_row(from, {columns.data(), 0, 0, nullptr}, found);
        }
        if (scan == Scan::Row && (is_comment || found.end == from)) {
            before = found.behind - at_;
            if (before > longest_header) {
                pass(found);
                before = 0;
            }
        } else if (scan == Scan::Row && found.end <= invalid_) {
            return FirstRow{from, found};
        } else if (scan != Scan::NeedsMore && scan != Scan::NeedsMoreInQuotes) {
            refuse_first_row(scan, from);
        } else if (limit_ - from > longest_header) {
            refuse_first_row(Scan::NeedsMore, from);
        } else if (!refill(context)) {
            return {};
        }
    }
}

void CsvReader::read_header(const Context& context) {
    const auto first = find_first_row(context);
    if (!first) {
        name_columns(dialect_.columns);
        return;
    }
    std::vector<std::string> names(first->found.cells);
    if (names.size() == 1) {
        doubt_ = doubt_about_delimiter(text().substr(first->from, first->found.end - first->from));
    }
    if (dialect_.header) {
        std::vector<Cell> cells(names.size() + 1);
        std::vector<Cell*> columns;
        for (auto& cell : cells) {
            columns.push_back(&cell);
        }
        Arena arena;
        Found found;
        look_at_row(first->from, {columns.data(), names.size(), 0, &arena}, found);
        for (std::size_t i = 0; i < names.size(); ++i) {
            names[i] = cells[i].text();
        }
        header_ = text().substr(first->from, found.end - first->from);
        while (at_ < first->from) {
            pass_line();
        }
        pass(found);
    }
    if (!dialect_.columns.empty()) {
        if (dialect_.columns.size() != names.size() && dialect_.ragged == CsvRagged::Reject) {
            throw Error(ErrorKind::Invalid,
                        fmt::format("line {} has {} {}, but `columns` has {} names", line_, names.size(),
                                    names.size() == 1 ? "cell" : "cells", dialect_.columns.size()))
                .advise(doubt_.empty() ? doubt_ : fmt::format("{}.", doubt_));
        }
        names = dialect_.columns;
    }
    name_columns(std::move(names));
}

void CsvReader::name_columns(std::vector<std::string> names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto& name = names[i];
        if (name.empty()) {
            name = fmt::format("column_{}", i + 1);
        }
        const auto same = std::ranges::find(schema_, name, &Column::name);
        if (same != schema_.end()) {
            throw Error(ErrorKind::Invalid, fmt::format("columns {} and {} are both called \"{}\"",
                                                        same - schema_.begin() + 1, i + 1, shortened(name)))
                .advise("Name the columns with `columns` in the source's format.");
        }
        Column column;
        column.name = name;
        schema_.push_back(std::move(column));
    }
}

bool CsvReader::next(const Context& context, Batch& out) {
    context.check();
    const auto width = schema_.size();
    out.clear_for(Batch::max_rows);
    out.set_first_row(row_);
    out.keep(block_);
    columns_.assign(width + 1, unwanted_.data());
    for (std::size_t i = 0; i < chosen_.size(); ++i) {
        columns_[chosen_[i]] = out.build(i).data();
    }
    std::size_t rows = 0;
    std::size_t bytes = 0;
    while (rows < Batch::max_rows && bytes < Batch::max_bytes) {
        const auto before = at_;
        const auto step = take_row({columns_.data(), width, rows, &out.arena()}, out.origins()[rows]);
        if (step == Step::Row) {
            bytes += at_ - before;
            ++rows;
        } else if (step == Step::NeedsMore) {
            if (!refill(context)) {
                break;
            }
            out.keep(block_);
        }
    }
    out.set_rows(rows);
    return rows > 0;
}

std::vector<Warning> CsvReader::warnings() const {
    return doubt_.empty() ? std::vector<Warning>() : std::vector<Warning>{{"delimiter_doubtful", doubt_}};
}

}  // namespace rowhaul
