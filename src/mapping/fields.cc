// SPDX-License-Identifier: Apache-2.0
#include "mapping/fields.h"

#include "base/error.h"
#include "base/near_miss.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace rowhaul {

namespace {

constexpr std::size_t longest_reject_value = 200;

std::vector<Field> all_columns(const Schema& schema) {
    std::vector<Field> fields;
    for (const auto& column : schema) {
        fields.push_back({column.name, column.name, ""});
    }
    return fields;
}

std::size_t add_result(Program& program, const Field& field, std::optional<std::size_t> copied) {
    return field.constant ? program.add_constant(*field.constant, field.treatment)
           : copied       ? program.add_column(*copied, field.treatment)
                          : program.add(field.value, field.treatment);
}

std::size_t find(const Schema& schema, const std::string& name, const std::string& object) {
    const auto found = std::ranges::find(schema, name, &Column::name);
    if (found == schema.end()) {
        const auto names = names_of(schema);
        throw Error(ErrorKind::NotFound,
                    fmt::format("{} has no column \"{}\"{}", object, name, did_you_mean(name, names)))
            .advise(fmt::format("Its columns are: {}. Correct `from` in `fields`.", fmt::join(names, ", ")));
    }
    return static_cast<std::size_t>(found - schema.begin());
}

std::string shortened(std::string_view text) {
    auto end = std::min(text.size(), longest_reject_value);
    while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
        --end;
    }
    return std::string(text.substr(0, end));
}

Reject reject_of(const Batch& in, std::size_t row, const std::string& field, const RowFailure& failure) {
    Reject reject{.row = in.row_number(row),
                  .reason = std::string(name_of(failure.failure)),
                  .field = field,
                  .value = shortened(failure.value),
                  .message = message_of(failure)};
    reject.file = in.file();
    if (!in.origins().empty()) {
        reject.line = in.origins()[row].line;
        reject.raw = in.origins()[row].raw;
    }
    return reject;
}

}  // namespace

void assume(std::vector<Field>& fields, const ValueNotations& notations) {
    for (auto& field : fields) {
        auto& treatment = field.treatment;
        if (field.from.empty() || !treatment.type) {
            continue;
        }
        const auto take = [](std::string& own, const std::string& of_source) {
            if (own.empty()) {
                own = of_source;
            }
        };
        switch (*treatment.type) {
            case Type::Integer:
            case Type::Decimal:
            case Type::Float:
                take(treatment.numbers, notations.numbers);
                break;
            case Type::Date:
                take(treatment.dates, notations.dates);
                break;
            case Type::Time:
                take(treatment.dates, notations.times);
                break;
            case Type::Timestamp:
            case Type::TimestampZoned:
                take(treatment.dates, notations.timestamps);
                break;
            case Type::Boolean:
                take(treatment.true_text, notations.true_text);
                take(treatment.false_text, notations.false_text);
                break;
            case Type::Text:
            case Type::Bytes:
            case Type::Json:
                break;
        }
    }
}

std::vector<RuleProblem> problems_of(const RowRules& rules) {
    std::vector<RuleProblem> problems;
    const auto check = [&](std::optional<std::size_t> field, auto add) {
        try {
            Program program(rules.parameters, rules.facts);
            add(program);
        } catch (const Error& error) {
            problems.push_back({field, error.what()});
        }
    };
    if (!rules.where.empty()) {
        check({}, [&](Program& program) { program.add_condition(rules.where); });
    }
    for (std::size_t i = 0; i < rules.fields.size(); ++i) {
        const auto& field = rules.fields[i];
        check(i, [&](Program& program) {
            if (field.constant) {
                program.add_constant(*field.constant, field.treatment);
            } else if (field.value.empty()) {
                program.add_column(0, field.treatment);
            } else {
                program.add(field.value, field.treatment);
            }
        });
    }
    return problems;
}

namespace {

// Whatever stands in the one column can stand in the other, so that nothing has to be looked at.
bool fits(const Column& source, const Column& target) {
    return source.type == target.type && !source.source_type.empty() && source.source_type == target.source_type &&
           source.length == target.length && (target.nullable || !source.nullable);
}

}  // namespace

std::vector<Field> fields_without(const Schema& source, const std::vector<std::string>& left_out) {
    if (left_out.empty()) {
        return {};
    }
    auto fields = all_columns(source);
    std::erase_if(fields, [&](const Field& field) { return std::ranges::find(left_out, field.to) != left_out.end(); });
    return fields;
}

RowRules fitted(RowRules rules, const Schema& source, const Schema& wanted) {
    if (wanted.empty()) {
        return rules;
    }
    if (rules.fields.empty()) {
        rules.fields = all_columns(source);
    }
    for (auto& field : rules.fields) {
        const auto column = std::ranges::find(wanted, field.to, &Column::name);
        if (column == wanted.end()) {
            continue;
        }
        const auto copied = field.value.empty() && !field.constant
                                ? std::ranges::find(source, field.from, &Column::name)
                                : source.end();
        auto& treatment = field.treatment;
        if (copied != source.end() && treatment == Treatment{} && fits(*copied, *column)) {
            continue;
        }
        if (!treatment.type && column->type != Type::Text) {
            treatment.type = column->type;
        }
        if (!column->nullable) {
            treatment.presence = Presence::Required;
        }
        if (treatment.max_length == 0 && column->type == Type::Text) {
            treatment.max_length = column->length;
        }
    }
    return rules;
}

BoundFields::BoundFields(const RowRules& rules, const Schema& source, const std::string& object) {
    const auto chosen = rules.fields.empty() ? all_columns(source) : rules.fields;
    program_ = std::make_unique<Program>(source, rules.parameters, rules.facts);
    if (!rules.where.empty()) {
        add_rule(rules);
    }
    for (const auto& field : chosen) {
        if (std::ranges::find(schema_, field.to, &Column::name) != schema_.end()) {
            throw Error(ErrorKind::Invalid, fmt::format("two fields would be named \"{}\" in the target", field.to))
                .advise("Give one of them another name with `to` in `fields`.");
        }
        add_field(field, source, object, fmt::format("{}.fields[{}]", rules.path, schema_.size() + 1));
    }
    // A column that feeds two fields is asked for once.
    passes_through_ = program_->results() == 0 && source_columns_.size() == schema_.size();
    places_ = places_of(*program_, source);
    add_key(rules, chosen, source);
    if (source_columns_.empty() && !source.empty()) {
        // Nothing but constants: the rows are counted all the same.
        source_columns_.push_back(source.front().name);
    }
}

void BoundFields::add_rule(const RowRules& rules) {
    try {
        program_->add_condition(rules.where);
    } catch (Error& error) {
        throw error.while_doing(fmt::format("{}.where", rules.path));
    }
    program_->choose_here();
    has_rule_ = true;
}

void BoundFields::add_field(const Field& field, const Schema& source, const std::string& object,
                            const std::string& path) {
    std::optional<std::size_t> copied;
    if (field.value.empty() && !field.constant) {
        copied = find(source, field.from, object);
    }
    Column column;
    if (copied && field.treatment == Treatment{}) {
        column = source[*copied];
        origins_.push_back({Origin::Kind::Column, place_of(column.name)});
    } else {
        std::size_t result = 0;
        try {
            result = add_result(*program_, field, copied);
        } catch (Error& error) {
            throw error.while_doing(fmt::format("{} ({})", path, field.to));
        }
        origins_.push_back({Origin::Kind::Result, result});
        if (const auto bare = program_->bare_column(result)) {
            column = source[*bare];
        } else {
            column.type = type_of(program_->kind(result));
        }
    }
    column.name = field.to;
    if (field.treatment.max_length > 0 && column.type == Type::Text) {
        column.length = static_cast<std::int32_t>(field.treatment.max_length);
    }
    schema_.push_back(std::move(column));
}

// Rows whose key is asked for are few, so that it is computed apart.
void BoundFields::add_key(const RowRules& rules, const std::vector<Field>& chosen, const Schema& source) {
    key_program_ = std::make_unique<Program>(source, rules.parameters, rules.facts);
    for (const auto& name : rules.key) {
        const auto found = std::ranges::find(schema_, name, &Column::name);
        if (found == schema_.end()) {
            const auto names = names_of(schema_);
            throw Error(ErrorKind::NotFound,
                        fmt::format("`key`: no field is named \"{}\"{}", name, did_you_mean(name, names)))
                .advise(fmt::format("The fields are: {}.", fmt::join(names, ", ")));
        }
        const auto place = static_cast<std::size_t>(found - schema_.begin());
        key_.push_back(place);
        if (origins_[place].kind == Origin::Kind::Column) {
            key_origins_.push_back(origins_[place]);
            continue;
        }
        const auto& field = chosen[place];
        const auto column = std::ranges::find(source, field.from, &Column::name);
        const bool is_copied = field.value.empty() && !field.constant;
        const auto copied = is_copied ? std::optional(static_cast<std::size_t>(column - source.begin())) : std::nullopt;
        key_origins_.push_back({Origin::Kind::Result, add_result(*key_program_, field, copied)});
    }
    key_places_ = places_of(*key_program_, source);
}

std::size_t BoundFields::place_of(const std::string& source_column) {
    const auto known = std::ranges::find(source_columns_, source_column);
    const auto place = static_cast<std::size_t>(known - source_columns_.begin());
    if (known == source_columns_.end()) {
        source_columns_.push_back(source_column);
    }
    return place;
}

std::vector<std::size_t> BoundFields::places_of(const Program& program, const Schema& source) {
    std::vector<std::size_t> places;
    for (const auto column : program.columns()) {
        places.push_back(place_of(source[column].name));
    }
    return places;
}

RowKeys::RowKeys(const BoundFields& fields)
    : fields_(fields),
      evaluation_(*fields.key_program_),
      columns_(fields.key_places_.size()),
      keys_(fields.key_.size()) {}

const Batch& RowKeys::of(const Batch& in, std::span<const std::uint32_t> rows) {
    keys_.clear();
    compute(in, rows);
    keys_.set_rows(rows.size());
    return keys_;
}

void RowKeys::compute(const Batch& in, std::span<const std::uint32_t> rows) {
    std::vector<std::span<const Cell>> columns;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const auto cells = in.column(fields_.key_places_[i]);
        columns_[i].resize(rows.size());
        std::ranges::transform(rows, columns_[i].begin(), [&](std::uint32_t row) { return cells[row]; });
        columns.emplace_back(columns_[i]);
    }
    try {
        evaluation_.run(columns, rows.size(), keys_.arena());
    } catch (const BatchTooLarge&) {
        compute(in, rows.first(rows.size() / 2));
        compute(in, rows.subspan(rows.size() / 2));
        return;
    }
    for (std::size_t part = 0; part < keys_.width(); ++part) {
        const auto& origin = fields_.key_origins_[part];
        auto& cells = keys_.build(part);
        if (origin.kind == BoundFields::Origin::Kind::Column) {
            const auto from = in.column(origin.place);
            std::ranges::transform(rows, std::back_inserter(cells), [&](std::uint32_t row) { return from[row]; });
            continue;
        }
        const auto& result = evaluation_.result(origin.place);
        for (std::size_t row = 0; row < rows.size(); ++row) {
            cells.push_back(result.state(row) == State::Valid ? result.at<Cell>(row) : Cell());
        }
    }
}

std::string key_text(const Batch& keys, std::span<const std::size_t> columns, std::size_t row) {
    std::string text;
    bool has_part = false;
    for (const auto column : columns) {
        const auto cell = keys.column(column)[row];
        has_part |= !cell.is_null();
        text += (column == columns.front() ? "" : ", ") + shortened(cell.text());
    }
    return has_part ? text : "";
}

RowMapper::RowMapper(const BoundFields& fields, LeftOut listed)
    : fields_(fields), listed_(listed), evaluation_(*fields.program_) {
    if (!fields.key().empty()) {
        keys_.emplace(fields);
    }
}

MappedRows RowMapper::map(const Batch& in, std::size_t first, Batch& out) {
    auto count = std::min(in.rows() - first, fields_.program_->most_rows());
    while (true) {
        try {
            return map(in, first, count, out);
        } catch (const BatchTooLarge&) {
            count = std::max<std::size_t>(count / 2, 1);
        }
    }
}

MappedRows RowMapper::map(const Batch& in, std::size_t first, std::size_t count, Batch& out) {
    out.clear_for(count);
    MappedRows mapped{.taken = count, .filtered = 0, .rejects = {}, .reject_keys = {}, .left_out = {}};
    rejected_.clear();
    columns_.clear();
    for (const auto place : fields_.places_) {
        columns_.push_back(in.column(place).subspan(first, count));
    }
    evaluation_.run(columns_, count, out.arena());
    choose(in, first, count, mapped);
    if (fields_.has_rule_) {
        evaluation_.run_chosen(columns_, chosen_);
    }
    put_results(in, first, out, mapped);
    name_keys(in, mapped);
    return mapped;
}

void RowMapper::choose(const Batch& in, std::size_t first, std::size_t count, MappedRows& mapped) {
    chosen_.resize(count);
    std::iota(chosen_.begin(), chosen_.end(), 0U);
    if (!fields_.has_rule_) {
        return;
    }
    const auto& verdict = evaluation_.result(0);
    std::size_t kept = 0;
    for (std::size_t row = 0; row < count; ++row) {
        const auto state = verdict.state(row);
        if (state == State::Failed) {
            reject(in, first + row, "where", verdict.failure(row), mapped);
        } else if (state == State::Valid && verdict.at<bool>(row)) {
            chosen_[kept++] = static_cast<std::uint32_t>(row);
        } else {
            ++mapped.filtered;
            if (listed_ == LeftOut::RejectedAndFiltered) {
                mapped.left_out.push_back(static_cast<std::uint32_t>(first + row));
            }
        }
    }
    chosen_.resize(kept);
}

void RowMapper::put_results(const Batch& in, std::size_t first, Batch& out, MappedRows& mapped) {
    reject_failures(in, first, mapped);
    rows_.resize(good_.size());
    std::ranges::transform(good_, rows_.begin(),
                           [&](std::uint32_t place) { return static_cast<std::uint32_t>(first) + chosen_[place]; });
    for (std::size_t field = 0; field < fields_.origins_.size(); ++field) {
        const auto& origin = fields_.origins_[field];
        Cell* cells = out.build(field).data();
        if (origin.kind == BoundFields::Origin::Kind::Column) {
            const Cell* const from = in.column(origin.place).data();
            for (const auto row : rows_) {
                *cells++ = from[row];
            }
        } else if (!good_.empty()) {
            const auto& result = evaluation_.result(origin.place);
            for (const auto place : good_) {
                *cells++ = result.state(place) == State::Null ? Cell() : result.at<Cell>(place);
            }
        }
    }
    out.set_rows(good_.size());
    out.set_first_row(in.row_number(first));
    out.set_file(in.file());
    put_origins(in, mapped.taken, out);
}

void RowMapper::reject_failures(const Batch& in, std::size_t first, MappedRows& mapped) {
    good_.resize(chosen_.size());
    std::iota(good_.begin(), good_.end(), 0U);
    // Of a row in which several fields fail, the first one tells.
    for (std::size_t field = 0; field < fields_.origins_.size() && !good_.empty(); ++field) {
        const auto& origin = fields_.origins_[field];
        if (origin.kind == BoundFields::Origin::Kind::Column) {
            continue;
        }
        const auto& result = evaluation_.result(origin.place);
        if (result.all_valid() || !result.has_failures()) {
            continue;
        }
        std::erase_if(good_, [&](std::uint32_t row) {
            if (result.state(row) != State::Failed) {
                return false;
            }
            reject(in, first + chosen_[row], fields_.schema_[field].name, result.failure(row), mapped);
            return true;
        });
    }
}

void RowMapper::reject(const Batch& in, std::size_t row, const std::string& field, const RowFailure& failure,
                       MappedRows& mapped) {
    mapped.rejects.push_back(reject_of(in, row, field, failure));
    rejected_.push_back(static_cast<std::uint32_t>(row));
    if (listed_ != LeftOut::None) {
        mapped.left_out.push_back(static_cast<std::uint32_t>(row));
    }
}

void RowMapper::name_keys(const Batch& in, MappedRows& mapped) {
    if (!keys_ || rejected_.empty()) {
        return;
    }
    const auto& keys = keys_->of(in, rejected_);
    std::vector<std::size_t> all(keys.width());
    std::iota(all.begin(), all.end(), 0U);
    for (std::size_t i = 0; i < rejected_.size(); ++i) {
        mapped.rejects[i].key = key_text(keys, all, i);
        auto& parts = mapped.reject_keys.emplace_back();
        for (const auto part : all) {
            const auto cell = keys.column(part)[i];
            parts.push_back(cell.is_null() ? std::nullopt : std::optional(std::string(cell.text())));
        }
    }
}

void RowMapper::put_origins(const Batch& in, std::size_t taken, Batch& out) {
    auto& origins = out.origins();
    if (in.origins().empty() && rows_.size() == taken) {
        origins.clear();
        return;
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        origins[i] = in.origins().empty() ? RowOrigin{in.row_number(rows_[i]), 0, {}} : in.origins()[rows_[i]];
    }
}

}  // namespace rowhaul
