// SPDX-License-Identifier: Apache-2.0
// What a mapping with a key remembers of its records from run to run: of all of them (MarkKeeper), or of
// those only that failed (FailureKeeper).
#pragma once
#include "connector/connection.h"
#include "connector/record_rules.h"
#include "connector/row_numbers.h"
#include "data/schema.h"
#include "execution/project.h"
#include "io/spool_file.h"
#include "pipeline/haul.h"
#include "pipeline/row_sieve.h"
#include "store/mark_file.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rowhaul {

struct MarkKeeping {
    std::filesystem::path file;
    SpoolPlace spool;
    std::string execution;
    Moment started;
    RunMode mode = RunMode::Run;  // of a test nothing is written
    MarkedTarget target;          // connection, object, key
    std::string rule_text;        // whatever decides beside the columns what rows are like
    ReadMode read = ReadMode::All;
    Duplicates duplicates = Duplicates::Reject;
    bool target_settles_duplicates = false;
    bool target_may_skip = false;  // records, for what they are to it (`missing: skip`, `existing: skip`)
    bool reads_everything = true;  // new rows, and a file in place of the source, need not be everything
};

class RecordMarks : public RowSieve {
public:
    // Writes down what became of everything, for MarkFile::promote once the target has committed;
    // `rows` are the accounts of the whole run.
    virtual void stage(const Context&, const RowCounts& rows) = 0;
    // The key that the target gave to the record of a row that passed; of no account where it is asked for none
    // (MarkedTarget::generated_key).
    virtual void note_given(const GivenKey&) {}
};

// The marks of a mapping, to be read and, by a run, written; a test has none where there are none yet.
std::unique_ptr<MarkFile> open_marks(const MarkKeeping&);

Hash128 hash_of_texts(const std::vector<std::string>& texts);
// What keys are made of.
Hash128 key_print(const Schema& key);

// Numbers of rows as RowNumbers makes them, for rows of files in any order.
class NumberedFiles {
public:
    std::uint64_t number(std::string_view file, std::uint64_t row);
    const std::string& file(std::uint64_t number) const { return *names_[RowNumbers::file(number)]; }

private:
    std::map<std::string, std::uint64_t, std::less<>> files_;
    std::vector<const std::string*> names_;
};

// The key of a row that the mapping rejected: as marks show it, and its hash.
struct RejectedKey {
    std::string text;
    Hash128 hash;
};
// Nothing where not every part of it is known.
std::optional<RejectedKey> rejected_key(const KeyCells&, const Schema& key);

// A filter that says of a hash whether it may have been added: 2 MiB, whatever their number.
class HashFilter {
public:
    HashFilter() : bits_(bits / 64) {}
    void add(const Hash128& hash) { bits_[hash.low % bits / 64] |= std::uint64_t{1} << (hash.low % 64); }
    bool may_hold(const Hash128& hash) const { return (bits_[hash.low % bits / 64] >> (hash.low % 64) & 1) != 0; }

private:
    static constexpr std::size_t bits = std::size_t{1} << 24;
    std::vector<std::uint64_t> bits_;
};

}  // namespace rowhaul
