// SPDX-License-Identifier: Apache-2.0
#include "connector/absent_records.h"

#include "base/near_miss.h"
#include "database/table_name.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rowhaul {

namespace {

constexpr std::size_t most_shown = 5;

std::uint64_t count(const Context& context, TableWriter& writer, const std::string& sql) {
    return std::stoull(writer.query(context, sql).at(0).at(0).value_or("0"));
}

bool is_moment(Type type) {
    return type == Type::Date || type == Type::Timestamp || type == Type::TimestampZoned;
}

// As SQL of every database.
std::string literal(const Column& column, const std::optional<std::string>& value, const AbsentRecords::Now& now) {
    if (!value) {
        return "null";
    }
    if (column.type == Type::Boolean && (*value == "true" || *value == "false")) {
        return *value;
    }
    if (*value == "now" && is_moment(column.type)) {
        const auto* const zone = column.type == Type::TimestampZoned ? "UTC" : now.zone.c_str();
        return quote_literal(
            format_time(now.moment, zone, column.type == Type::Date ? "%Y-%m-%d" : "%Y-%m-%d %H:%M:%S"));
    }
    return quote_literal(*value);
}

// What a column says unless the mapping does.
std::optional<std::string> usual_mark(const Column& column) {
    if (column.type == Type::Boolean) {
        return "true";
    }
    if (column.type == Type::Integer) {
        return "1";
    }
    return is_moment(column.type) ? std::optional<std::string>("now") : std::nullopt;
}

std::optional<std::string> opposite(const Column& column, const std::string& mark) {
    if (column.type == Type::Boolean) {
        return mark == "true" ? "false" : "true";
    }
    if (column.type == Type::Integer && (mark == "0" || mark == "1")) {
        return mark == "1" ? "0" : "1";
    }
    return std::nullopt;
}

const TargetColumn& mark_column(const TargetTable& table, const Schema& columns, const std::string& name) {
    const auto found =
        std::ranges::find(table.columns, name, [](const TargetColumn& known) { return known.column.name; });
    if (found == table.columns.end()) {
        std::vector<std::string> names;
        for (const auto& column : table.columns) {
            names.push_back(column.column.name);
        }
        throw Error(ErrorKind::NotFound, fmt::format("`mark`: the table {} has no column \"{}\"{}", table.name, name,
                                                     did_you_mean(name, names)));
    }
    if (found->is_generated || std::ranges::find(columns, name, &Column::name) != columns.end()) {
        throw Error(ErrorKind::Invalid, fmt::format("`mark`: the column \"{}\" of {} {}", name, table.name,
                                                    found->is_generated ? "cannot be written" : "is a field, too"))
            .advise("Choose a column that nothing but the mark is written to.");
    }
    return *found;
}

}  // namespace

void check_delete_limit(const DeleteLimit& limit, std::uint64_t gone, std::uint64_t records, const std::string& table,
                        const std::string& among) {
    const auto share = 100.0 * static_cast<double>(gone);
    if (gone <= static_cast<std::uint64_t>(limit.rows) || share <= limit.percent * static_cast<double>(records)) {
        return;
    }
    throw Error(ErrorKind::Guarded,
                fmt::format("{} of {} records of {} would go, more than {} percent and more than {}: nothing was "
                            "changed{}",
                            gone, records, table, limit.percent, limit.rows, among))
        .advise(fmt::format("Look at source, rule and key. If these records are to go, run once with --max-delete {}; "
                            "`max_delete` in `options` sets the limit.",
                            gone));
}

AbsentRecords::AbsentRecords(const TargetTable& table, const Schema& columns, const RecordRules& rules,
                             const Dialect& dialect, const Now& now)
    : table_(table), rules_(rules), statements_(dialect, table, columns, rules.key), readable_(rules.key.size()) {
    for (const auto& name : rules.key) {
        key_columns_.push_back(*std::ranges::find(columns, name, &Column::name));
    }
    if (rules.absent != Absent::Mark) {
        return;
    }
    const auto& target = mark_column(table, columns, rules.mark.column);
    const auto& column = target.column;
    const auto mark = rules.mark.absent ? rules.mark.absent : usual_mark(column);
    if (!mark) {
        throw Error(ErrorKind::Invalid, fmt::format("`mark`: nobody said what \"{}\" of {} is to say of absent records",
                                                    column.name, table.name))
            .advise(
                "Give `absent` and `present` in `mark`, as in `mark: { column: state, absent: gone, present: ok }`.");
    }
    const auto present = rules.mark.present ? rules.mark.present : opposite(column, *mark);
    if (!present && !column.nullable) {
        throw Error(ErrorKind::Invalid, fmt::format("`mark`: \"{}\" of {} cannot be NULL for records that are present",
                                                    column.name, table.name))
            .advise("Give `present` in `mark`.");
    }
    marked_as_ = literal(column, mark, now);
    const auto name = quote_identifier(column.name, dialect.quote);
    const auto unmarked = literal(column, present, now);
    // The time at which a record was marked is another one each time.
    const bool is_time = *mark == "now" && is_moment(column.type);
    mark_ = TableStatements::Extra{.column = column.name,
                                   .created = unmarked,
                                   .updated = unmarked,
                                   .condition = is_time ? fmt::format("not (t.{} {} {})", name, dialect.same, unmarked)
                                                        : fmt::format("t.{} {} {}", name, dialect.same, marked_as_)};
}

void AbsentRecords::prepare(const Context& context, TableWriter& writer) {
    writer.execute(context, statements_.make_keys("rowhaul_present"));
    writer.execute(context, statements_.make_keys("rowhaul_absent"));
}

void AbsentRecords::note_present(const Context& context, TableWriter& writer, const Batch& keys) {
    if (!present_) {
        present_ = writer.load(context, "rowhaul_present", key_columns_, [this](const Reject&) { ++unreadable_; });
    }
    readable_.clear();
    std::size_t rows = 0;
    for (std::size_t row = 0; row < keys.rows(); ++row) {
        bool is_known = true;
        for (std::size_t part = 0; part < keys.width(); ++part) {
            is_known &= !keys.column(part)[row].is_null();
        }
        if (!is_known) {
            ++unreadable_;
            continue;
        }
        for (std::size_t part = 0; part < keys.width(); ++part) {
            readable_.build(part).push_back(keys.column(part)[row]);
        }
        ++rows;
    }
    readable_.set_rows(rows);
    noted_ += rows;
    present_->write(context, readable_);
}

void AbsentRecords::finish_noting(const Context& context, TableWriter& writer) {
    if (present_) {
        present_->finish(context);
        present_.reset();
    }
    for (const std::string_view table : {"rowhaul_stage", "rowhaul_present"}) {
        if (const auto index = statements_.index_keys(table); !index.empty()) {
            writer.execute(context, index);
        }
    }
}

std::string AbsentRecords::is_live() const {
    return mark_ ? fmt::format("not ({})", mark_->condition) : "";
}

void AbsentRecords::take_away(const Context& context, TableWriter& writer, Delivered delivered, ChangeKeeper* keeper,
                              Delivery& delivery) {
    const auto live = mark_ ? std::optional(is_live()) : std::nullopt;
    const auto gone = writer.execute(context, statements_.find_absent(live.value_or("")));
    if (gone == 0) {
        return;
    }
    if (!rules_.absent_stays.empty()) {
        delivery.warnings.push_back(
            {"absent_stays",
             fmt::format("{} records of {} are absent and stay: {}", gone, table_.name, rules_.absent_stays), gone});
        return;
    }
    if (unreadable_ != 0) {
        delivery.warnings.push_back(
            {"absent_not_known",
             fmt::format("{} records of {} seem to be absent and stay, because the key of {} rows or files of the "
                         "source could not be read",
                         gone, table_.name, unreadable_),
             gone});
        return;
    }
    check_guards(context, writer, delivered, delivery, gone);
    delivery.deleted_keys = some_keys(context, writer);
    if (keeper != nullptr) {
        keeper->note(context, writer, "a", "rowhaul_absent a");
    }
    remove(context, writer, gone);
    delivery.deleted = gone;
}

std::vector<std::string> AbsentRecords::some_keys(const Context& context, TableWriter& writer) const {
    std::vector<std::string> keys;
    const auto list = statements_.all_keys();
    for (const auto& row : writer.query(
             context, fmt::format("select {} from rowhaul_absent order by {} limit {}", list, list, most_shown))) {
        auto& key = keys.emplace_back();
        for (const auto& part : row) {
            key += (key.empty() ? "" : ", ") + part.value_or("");
        }
    }
    return keys;
}

void AbsentRecords::check_guards(const Context& context, TableWriter& writer, Delivered delivered,
                                 const Delivery& delivery, std::uint64_t gone) const {
    if (delivered == Delivered::Nothing && noted_ == 0 && rules_.empty_source == EmptySource::Refuse) {
        throw Error(ErrorKind::Guarded, fmt::format("the source is empty, so that all {} records of {} would go: "
                                                    "nothing was changed",
                                                    gone, table_.name))
            .advise("Look at source and rule. If it may be empty, set `empty_source: accept` in `options`.");
    }
    if (gone <= static_cast<std::uint64_t>(rules_.max_delete.rows)) {
        return;
    }
    const auto live = is_live();
    const auto now = count(
        context, writer, fmt::format("select count(*) from {} t{}{}", table_.sql, live.empty() ? "" : " where ", live));
    const auto some = some_keys(context, writer);
    check_delete_limit(rules_.max_delete, gone, now - delivery.created, table_.name,
                       fmt::format(". The first keys are: {}", fmt::join(some, "; ")));
}

void AbsentRecords::remove(const Context& context, TableWriter& writer, std::uint64_t gone) const {
    std::uint64_t removed = 0;
    try {
        removed = writer.execute(
            context, mark_ ? statements_.mark_absent(mark_->column, marked_as_) : statements_.delete_absent());
    } catch (const Refusal& refusal) {
        throw Error(ErrorKind::Conflict, fmt::format("the {} absent records of {} cannot be {}: {}", gone, table_.name,
                                                     mark_ ? "marked" : "deleted", refusal.what()))
            .advise("Correct what stands in the way in the database, or choose `absent: mark` or `absent: keep`.");
    }
    if (removed == gone) {
        return;
    }
    // Some may have gone with others by a foreign key.
    const auto left = count(context, writer,
                            fmt::format("select count(*) from {} t where {}{}", table_.sql, statements_.is_absent(),
                                        mark_ ? " and " + is_live() : ""));
    if (left != 0) {
        throw Error(
            ErrorKind::Conflict,
            fmt::format("{} absent records of {} are still there, although nothing was refused", left, table_.name))
            .advise("Look for a trigger or rule on the table that swallows changes.");
    }
}

}  // namespace rowhaul
