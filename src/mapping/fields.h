// SPDX-License-Identifier: Apache-2.0
// The fields of a mapping: which columns leave, in which order, under which names.
#pragma once
#include "data/batch.h"
#include "data/schema.h"

#include <string>
#include <vector>

namespace rowhaul {

// One target column, copied from a source column.
struct Field {
    std::string to;
    std::string from;
};

// Fields bound to the schema of a source. Immutable: usable from any thread.
class BoundFields {
public:
    // No fields means every column under its own name. Throws NotFound for a column that the source
    // `object` lacks, with the near miss, and Invalid for two fields of one name.
    BoundFields(const std::vector<Field>& fields, const Schema& source, const std::string& object);

    // What to ask of the source: each column once, in the order first used.
    const std::vector<std::string>& source_columns() const { return source_columns_; }
    // What the target gets.
    const Schema& schema() const { return schema_; }
    // The source's batches can go on as they are.
    bool passes_through() const { return passes_through_; }
    // Fills `out` (as wide as schema()) from `in` (as wide as source_columns()); cells keep pointing
    // into `in`, which must live as long as `out` is in use.
    void apply(const Batch& in, Batch& out) const;

private:
    std::vector<std::string> source_columns_;
    std::vector<std::size_t> places_;  // per field: its column's index in source_columns_
    Schema schema_;
    bool passes_through_ = true;
};

}  // namespace rowhaul
