// SPDX-License-Identifier: Apache-2.0
// What rows, options and a table come to, in plain C++: the judge of what databases are told to do.
#pragma once
#include "connector/record_rules.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rowhaul::testing {

// A row of the source as its file has it; "" is NULL where it stands.
struct ModelRow {
    std::string number;  // of the key: an integer, or no integer
    std::string letter;  // of the key
    std::string text;
    std::string amount;  // "-1" is refused by the database, "x" is no integer
    bool meets_rule = true;
    bool is_malformed = false;
};

using ModelKey = std::pair<std::string, std::string>;
struct ModelRecord {
    std::string text;
    std::string amount;
    std::string untouched = "7";  // a column that no field names
    std::string gone;             // "", "0" or "1"
    friend bool operator==(const ModelRecord&, const ModelRecord&) = default;
};
using ModelTable = std::multimap<ModelKey, ModelRecord>;

struct ModelOutcome {
    int status = 0;
    std::map<std::string, std::uint64_t> counts;  // those that are not 0; of a run that did not fail
    ModelTable table;
};

struct ModelSetting {
    // `key` is empty, or one or both of "number" and "letter"; with a key, no other part of it is a field.
    RecordRules rules;
    std::size_t longest_text = 10;
};

// What a run over these rows does to a table.
ModelOutcome model_run(const ModelSetting&, const std::vector<ModelRow>&, const ModelTable&);

}  // namespace rowhaul::testing
