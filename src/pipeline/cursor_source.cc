// SPDX-License-Identifier: Apache-2.0
#include "pipeline/cursor_source.h"

#include "base/near_miss.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace rowhaul {

namespace {

constexpr std::size_t longest_value = 60;

Schema columns_named(const Schema& schema, const std::vector<std::string>& names) {
    Schema columns;
    for (const auto& name : names) {
        columns.push_back(*std::ranges::find(schema, name, &Column::name));
    }
    return columns;
}

}  // namespace

// Reads the wanted columns and the cursor beside them, and hands out the rows that are new.
class CursorSource::Reader final : public RowReader {
public:
    Reader(CursorSource& source, std::unique_ptr<RowReader> rows, const Schema& schema, std::size_t cursor,
           std::size_t width, Rejects rejects)
        : source_(source),
          rows_(std::move(rows)),
          hasher_(schema),
          cursor_(cursor),
          width_(width),
          read_width_(schema.size()),
          rejects_(std::move(rejects)) {}

    bool next(const Context& context, Batch& out) override {
        const bool has_extra_column = read_width_ != width_;
        do {
            auto wide = has_extra_column ? std::make_shared<Batch>(read_width_) : nullptr;
            Batch& read = wide ? *wide : out;
            if (!rows_->next(context, read)) {
                out.clear();
                return false;
            }
            sift(read);
            hand_on(read, out);
            if (wide) {
                out.keep(std::move(wide));
            }
        } while (out.rows() == 0);
        return true;
    }
    std::vector<Warning> warnings() const override { return rows_->warnings(); }
    std::string pushed_rule() const override { return rows_->pushed_rule(); }

private:
    // Fills kept_ with the rows of the batch that go on.
    void sift(const Batch& read) {
        kept_.clear();
        places_.clear();
        const auto cells = read.column(cursor_);
        bool needs_hashes = false;
        for (std::size_t row = 0; row < read.rows(); ++row) {
            places_.push_back(source_.scale_->place_of(cells[row]));
            needs_hashes = needs_hashes || (places_.back() && source_.window_->needs_hash(*places_.back()));
        }
        const auto hashes = needs_hashes ? hasher_.hash(read) : std::span<const Hash128>();
        for (std::size_t row = 0; row < read.rows(); ++row) {
            if (!places_[row]) {
                if (source_.limits_.unplaced == CursorWindow::Unplaced::Included) {
                    reject(read, row);
                }
            } else if (!source_.window_->is_outside(*places_[row])) {
                const auto hash = hashes.empty() ? Hash128{} : hashes[row];
                const auto verdict = source_.window_->take(*places_[row], hash, read.row_number(row));
                if (verdict == CursorWindow::Verdict::Fresh) {
                    kept_.push_back(row);
                } else {
                    ++source_.repeated_;
                }
            }
        }
    }

    void reject(const Batch& read, std::size_t row) const {
        const auto text = read.column(cursor_)[row].text();
        rejects_({.row = read.row_number(row),
                  .reason = "invalid_cursor",
                  .field = source_.reading_.column,
                  .value = std::string(text.substr(0, longest_value)),
                  .message = fmt::format("is no {} by which the row could be told to be new",
                                         name_of(source_.scale_->kind()))});
    }

    // The kept rows, in `read` itself or by pointing into it.
    void hand_on(Batch& read, Batch& out) const {
        const auto first = read.first_row();
        const bool is_whole = kept_.size() == read.rows();
        auto origins = std::move(read.origins());
        if (&read != &out) {
            out.clear();
        }
        for (std::size_t column = 0; column < width_; ++column) {
            auto& from = read.build(column);
            auto& to = out.build(column);
            to.resize(std::max(to.size(), kept_.size()));
            for (std::size_t i = 0; i < kept_.size(); ++i) {
                to[i] = from[kept_[i]];
            }
            to.resize(kept_.size());
        }
        if (!is_whole || !origins.empty()) {
            std::vector<RowOrigin> kept;
            for (const auto row : kept_) {
                kept.push_back(origins.empty() ? RowOrigin{first + row, 0, {}} : origins[row]);
            }
            origins = std::move(kept);
        }
        out.origins() = std::move(origins);
        out.set_first_row(first);
        out.set_rows(kept_.size());
    }

    CursorSource& source_;
    std::unique_ptr<RowReader> rows_;
    RowHasher hasher_;
    const std::size_t cursor_;  // place of its column
    const std::size_t width_;
    const std::size_t read_width_;
    const Rejects rejects_;
    std::vector<std::optional<CursorScale::Place>> places_;
    std::vector<std::size_t> kept_;
};

CursorSource::CursorSource(std::unique_ptr<Source> source, CursorReading reading, CursorMemory before,
                           RememberedRows remembered)
    : source_(std::move(source)),
      reading_(std::move(reading)),
      before_(std::move(before)),
      remembered_(std::move(remembered)) {}

CursorSource::~CursorSource() = default;

Schema CursorSource::schema(const Context& context) {
    schema_ = source_->schema(context);
    const auto column = std::ranges::find(schema_, reading_.column, &Column::name);
    if (column == schema_.end()) {
        throw Error(ErrorKind::NotFound, fmt::format("{} has no column \"{}\"{}", source_->object(), reading_.column,
                                                     did_you_mean(reading_.column, names_of(schema_))))
            .advise("Name a column of the source as `cursor`.");
    }
    scale_ = std::make_unique<CursorScale>(*column, reading_.overlap, reading_.zone);
    warnings_.clear();
    if (!before_.is_empty() && before_.kind != name_of(scale_->kind())) {
        warnings_.push_back({"cursor_reset", fmt::format("the cursor column \"{}\" was {} and is {} now: everything is "
                                                         "read",
                                                         reading_.column, before_.kind, name_of(scale_->kind()))});
        before_ = {};
    }
    limit();
    return schema_;
}

void CursorSource::limit() {
    limits_ = {};
    chunk_.reset();
    std::optional<Decimal> cursor;
    if (!before_.value.empty()) {
        cursor = scale_->from_text(before_.value);
        limits_.from = scale_->lowered(*cursor);
        if (!before_.low.empty()) {
            // Of rows before this none is remembered, should the overlap have become longer since.
            const auto low = scale_->from_text(before_.low);
            const bool may_come_twice = reading_.has_key;
            limits_.from = may_come_twice && compare(*limits_.from, low) < 0 ? *limits_.from : low;
        }
    }
    if (!reading_.since.empty()) {
        limits_.from = scale_->limit(reading_.since, CursorScale::Edge::Lower, "--since");
        const bool goes_on = reading_.chunk && reading_.chunk->number > 0;
        if (!goes_on && cursor && compare(*limits_.from, *cursor) > 0) {
            warnings_.push_back(
                {"rows_passed_over", fmt::format("rows after {} and before {} are not read, now or later (--since)",
                                                 before_.value, scale_->text(*limits_.from))});
        }
    }
    if (!reading_.until.empty()) {
        limits_.to = scale_->limit(reading_.until, CursorScale::Edge::Upper, "--until");
        if (!reading_.since.empty() && compare(*limits_.from, *limits_.to) > 0) {
            throw Error(ErrorKind::Invalid, "--since is after --until");
        }
    }
    if (reading_.chunk) {
        limit_to_chunk();
    }
    // Whoever asks for rows once more wants them, and a target with a key sees that it has them.
    if (!reading_.since.empty() && reading_.has_key) {
        limits_.again_from = chunk_ ? chunk_->from : limits_.from;
    }
}

// A later piece looks back as every run does, but not beyond the first one.
void CursorSource::limit_to_chunk() {
    const auto since = *limits_.from;
    chunk_ = scale_->chunk(since, *limits_.to, reading_.chunk->span, reading_.chunk->number);
    const auto low = before_.low.empty() ? since : scale_->from_text(before_.low);
    const auto looks_from = compare(low, chunk_->from) < 0 ? low : chunk_->from;
    limits_.from = compare(looks_from, since) < 0 ? since : looks_from;
    limits_.to = chunk_->to;
    limits_.upper_end = chunk_->is_last() ? CursorWindow::UpperEnd::Included : CursorWindow::UpperEnd::Excluded;
    limits_.unplaced = chunk_->number == 0 ? CursorWindow::Unplaced::Included : CursorWindow::Unplaced::Excluded;
}

std::unique_ptr<RowReader> CursorSource::open(const Context& context, const std::vector<std::string>& columns,
                                              Rejects rejects) {
    repeated_ = 0;
    ColumnRange range{.column = reading_.column, .from = {}, .to = {}};
    if (limits_.from) {
        range.from = scale_->lower_limit(*limits_.from);
    }
    if (limits_.to) {
        range.to = scale_->upper_limit(*limits_.to);
    }
    source_->offer_range(range);
    auto wanted = columns;
    if (std::ranges::find(wanted, reading_.column) == wanted.end()) {
        wanted.push_back(reading_.column);
    }
    const auto cursor = std::ranges::find(wanted, reading_.column) - wanted.begin();
    auto rows = open_after_asking(context, wanted, rejects);
    window_ = std::make_unique<CursorWindow>(*scale_, before_, limits_, reading_.spool);
    if (!before_.is_empty()) {
        remembered_([&](std::string_view lines) { window_->know(lines); });
    }
    return std::make_unique<Reader>(*this, std::move(rows), columns_named(schema_, wanted),
                                    static_cast<std::size_t>(cursor), columns.size(), std::move(rejects));
}

// Rows that the snapshot does not show were written by transactions that were open when it was taken: by the
// database's clock at the earliest when the oldest of them began, which is as long before the greatest value
// as it is before now, or less.
std::unique_ptr<RowReader> CursorSource::open_after_asking(const Context& context,
                                                           const std::vector<std::string>& columns,
                                                           const Rejects& rejects) {
    using std::chrono::steady_clock;
    if (!scale_->is_of_time() || reading_.overlap) {
        return source_->open(context, columns, rejects);
    }
    const auto asked = steady_clock::now();
    const auto oldest = source_->oldest_transaction(context);
    auto rows = source_->open(context, columns, rejects);
    if (oldest > std::chrono::microseconds(0)) {
        scale_->widen_default(oldest + std::chrono::ceil<std::chrono::microseconds>(steady_clock::now() - asked));
    }
    return rows;
}

std::optional<std::uint64_t> CursorSource::estimate(const Context& context) {
    return limits_.from || limits_.to ? std::nullopt : source_->estimate(context);
}

std::vector<Warning> CursorSource::warnings() const {
    auto warnings = source_->warnings();
    warnings.insert(warnings.end(), reading_.notes.begin(), reading_.notes.end());
    warnings.insert(warnings.end(), warnings_.begin(), warnings_.end());
    return warnings;
}

void CursorSource::forget(std::uint64_t row) {
    if (window_) {
        window_->forget(row);
    }
}

}  // namespace rowhaul
