// SPDX-License-Identifier: Apache-2.0
// What a mapping does with rows: the rule they must meet, and the fields that leave, in which order,
// under which names, copied or computed.
#pragma once
#include "data/batch.h"
#include "data/notation.h"
#include "data/rows.h"
#include "data/schema.h"
#include "expression/program.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

// One target column: of `from`, `value` and `constant` one says where its value comes from.
struct Field {
    std::string to;
    std::string from;   // a source column
    std::string value;  // an expression
    std::optional<std::string> constant = {};
    Treatment treatment = {};
};

// Columns are read as their source writes them, where the field gives them a type and no notation of
// its own. Values of expressions are not touched.
void assume(std::vector<Field>& fields, const ValueNotations& notations);

// Every column of a source but those left out, each under its own name; none when nothing is left out.
std::vector<Field> fields_without(const Schema& source, const std::vector<std::string>& left_out);

struct RowRules {
    std::vector<Field> fields;  // empty = every column
    std::string where;          // an expression; empty = every row
    std::vector<Parameter> parameters;
    RunFacts facts;
    std::vector<std::string> key;  // fields that tell the rows of the target apart; may be empty
    std::string path;              // "mappings.customers", for messages
};

// The rules with fields that become what the target's columns of their names are, unless they say
// otherwise themselves; `wanted` is empty where the target takes what comes.
RowRules fitted(RowRules rules, const Schema& source, const Schema& wanted);

// What is wrong with rules as far as can be told before the source's columns are known.
struct RuleProblem {
    std::optional<std::size_t> field;  // its place in the list; nothing = `where`
    std::string message;
};
std::vector<RuleProblem> problems_of(const RowRules& rules);

// Rules bound to the schema of a source. Immutable: usable from any thread.
class BoundFields {
public:
    // No fields means every column under its own name. Throws NotFound for a column that the source
    // `object` lacks, with the near miss, and Invalid for two fields of one name and for expressions
    // that are wrong, with the place.
    BoundFields(const RowRules& rules, const Schema& source, const std::string& object);

    // What to ask of the source: each column once, in the order first used; at least one.
    const std::vector<std::string>& source_columns() const { return source_columns_; }
    // What the target gets.
    const Schema& schema() const { return schema_; }
    // What the source may check of the rule beforehand; opaque without one.
    Condition rule() const { return has_rule_ ? program_->condition(0) : Condition(); }
    // Where the fields of the key stand in the schema.
    const std::vector<std::size_t>& key() const { return key_; }
    // The source's batches can go on as they are.
    bool passes_through() const { return passes_through_; }

private:
    friend class RowMapper;
    friend class RowKeys;

    // What a field's values are: a source column as it is, or a result of a program.
    struct Origin {
        enum class Kind : std::uint8_t { Column, Result } kind;
        std::size_t place;  // in source_columns_, or among the results
    };
    void add_rule(const RowRules& rules);
    void add_field(const Field& field, const Schema& source, const std::string& object, const std::string& path);
    void add_key(const RowRules& rules, const std::vector<Field>& chosen, const Schema& source);
    // Asks the source for the column, once.
    std::size_t place_of(const std::string& source_column);
    std::vector<std::size_t> places_of(const Program& program, const Schema& source);

    std::vector<std::string> source_columns_;
    Schema schema_;
    bool has_rule_ = false;
    bool passes_through_ = true;
    std::vector<Origin> origins_;       // of the fields
    std::unique_ptr<Program> program_;  // the rule, which chooses rows, and the fields
    std::vector<std::size_t> places_;   // of its columns in source_columns_
    std::vector<std::size_t> key_;      // places of its fields in schema_
    std::unique_ptr<Program> key_program_;
    std::vector<Origin> key_origins_;
    std::vector<std::size_t> key_places_;
};

// The key of rows that do not go on, for whoever has to name them; one thread at a time.
class RowKeys {
public:
    explicit RowKeys(const BoundFields& fields);

    // Of these rows of the batch: a column for each field of the key, NULL also where it cannot be
    // computed. Valid until the next call, and as long as `in` is.
    const Batch& of(const Batch& in, std::span<const std::uint32_t> rows);

private:
    void compute(const Batch& in, std::span<const std::uint32_t> rows);

    const BoundFields& fields_;
    Evaluation evaluation_;
    std::vector<std::vector<Cell>> columns_;
    Batch keys_;
};

// As people read it; empty when all of it is NULL.
std::string key_text(const Batch& keys, std::span<const std::size_t> columns, std::size_t row);

// What became of some rows.
struct MappedRows {
    std::size_t taken = 0;  // of the batch, filtered and rejected ones among them
    std::uint64_t filtered = 0;
    std::vector<Reject> rejects;
    // The exact parts of the rejects' keys, where there is one; nothing = NULL, or it cannot be computed.
    std::vector<std::vector<std::optional<std::string>>> reject_keys;
    std::vector<std::uint32_t> left_out;  // places in the batch of those that were asked for
};

// Maps batches; one thread at a time.
class RowMapper {
public:
    explicit RowMapper(const BoundFields& fields, LeftOut listed = LeftOut::None);

    // Fills `out` (as wide as schema()) from the rows of `in` (as wide as source_columns()) from
    // `first` on: from all of them, or from fewer where their texts together would be too large; then
    // the rest is to be asked for. Cells may point into `in`, which must live as long as `out` is in
    // use.
    MappedRows map(const Batch& in, std::size_t first, Batch& out);

private:
    MappedRows map(const Batch& in, std::size_t first, std::size_t count, Batch& out);
    // The rows that meet the rule, as places in the slice; rows where it fails become rejects.
    void choose(const Batch& in, std::size_t first, std::size_t count, MappedRows& mapped);
    void put_results(const Batch& in, std::size_t first, Batch& out, MappedRows& mapped);
    // Leaves in good_ the chosen rows in which no field fails.
    void reject_failures(const Batch& in, std::size_t first, MappedRows& mapped);
    void reject(const Batch& in, std::size_t row, const std::string& field, const RowFailure& failure,
                MappedRows& mapped);
    void put_origins(const Batch& in, std::size_t taken, Batch& out);
    void name_keys(const Batch& in, MappedRows& mapped);

    const BoundFields& fields_;
    const LeftOut listed_;
    Evaluation evaluation_;
    std::optional<RowKeys> keys_;
    std::vector<std::span<const Cell>> columns_;
    std::vector<std::uint32_t> chosen_;    // rows of the slice
    std::vector<std::uint32_t> good_;      // places in chosen_
    std::vector<std::uint32_t> rows_;      // the good ones, as rows of the batch
    std::vector<std::uint32_t> rejected_;  // rows of the batch, beside the rejects
};

}  // namespace rowhaul
