// SPDX-License-Identifier: Apache-2.0
// What becomes of rows in a target that holds records: a table, a list.
#pragma once
#include "options/options.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rowhaul {

enum class Missing : std::uint8_t { Insert, Skip };
template <>
struct EnumChoices<Missing> {
    static constexpr std::array<Choice, 2> list{{{"insert", "It is created."}, {"skip", "It is left out."}}};
};

enum class Existing : std::uint8_t { Update, Skip, Error };
template <>
struct EnumChoices<Existing> {
    static constexpr std::array<Choice, 3> list{{{"update", "It is changed where it differs."},
                                                 {"skip", "It stays as it is."},
                                                 {"error", "The run fails, and nothing is changed."}}};
};

enum class Duplicates : std::uint8_t { Reject, First, Last, Error };
template <>
struct EnumChoices<Duplicates> {
    static constexpr std::array<Choice, 4> list{{{"reject", "All of them are rejected: nobody knows which is right."},
                                                 {"first", "The first is taken, the others are skipped."},
                                                 {"last", "The last is taken, the others are skipped."},
                                                 {"error", "The run fails, and nothing is changed."}}};
};

enum class Absent : std::uint8_t { Keep, Mark, Delete };
template <>
struct EnumChoices<Absent> {
    static constexpr std::array<Choice, 3> list{
        {{"keep", "It stays as it is."}, {"mark", "A column says so; see `mark`."}, {"delete", "It is deleted."}}};
};

enum class Filtered : std::uint8_t { Keep, Absent };
template <>
struct EnumChoices<Filtered> {
    static constexpr std::array<Choice, 2> list{
        {{"keep", "Its record stays as it is."}, {"absent", "Its record is absent."}}};
};

enum class EmptySource : std::uint8_t { Refuse, Accept };
template <>
struct EnumChoices<EmptySource> {
    static constexpr std::array<Choice, 2> list{
        {{"refuse", "The run is stopped where records would be deleted, and nothing is changed."},
         {"accept", "All records are absent; `max_delete` still holds."}}};
};

// The column that says of a record that its source no longer has it.
struct RecordMark {
    std::string column;
    std::optional<std::string> absent;
    std::optional<std::string> present;

    static constexpr auto spec = [] {
        return options(
            option("column", &RecordMark::column, "Column of the table; no field may have its name.")
                .required()
                .example("deleted_at"),
            option("absent", &RecordMark::absent,
                   "What it says of absent records; `now` is the time of the run. By default true in a boolean, "
                   "1 in an integer, now in a date or timestamp.")
                .example("gone"),
            option("present", &RecordMark::present,
                   "What it says of records that are created or come back. By default the opposite in a boolean or "
                   "integer, and NULL otherwise.")
                .example("active"));
    }();
};

// A run that would delete more than both is stopped.
struct DeleteLimit {
    double percent = 10;
    std::int64_t rows = 5;

    static constexpr auto spec = [] {
        return options(option("percent", &DeleteLimit::percent, "Share of the records of the table.").range(0, 100),
                       option("rows", &DeleteLimit::rows, "Number of records.").range(0, Declaration::highest));
    }();
};

// How long and how much of what runs change is kept, so that it can be given back.
struct UndoKeeping {
    std::chrono::seconds keep = std::chrono::days(7);
    Bytes size = {100'000'000};

    static constexpr auto spec = [] {
        return options(option("keep", &UndoKeeping::keep, "How long an execution can be undone.").range(1, 366 * 86400),
                       option("size", &UndoKeeping::size,
                              "How much is kept of all executions of the mapping together, the oldest being given up "
                              "first; of an execution that changes more nothing is kept.")
                           .range(1, Declaration::highest));
    }();
};

struct RecordRules {
    std::vector<std::string> key;  // names in the target; empty = rows are only appended
    Missing missing = Missing::Insert;
    Existing existing = Existing::Update;
    Duplicates duplicates = Duplicates::Reject;
    Absent absent = Absent::Keep;
    Filtered filtered = Filtered::Keep;
    EmptySource empty_source = EmptySource::Refuse;
    RecordMark mark = {};
    DeleteLimit max_delete = {};
    std::string absent_stays;  // why it does, whatever `absent` says; a warning tells
    std::optional<UndoKeeping> undo = {};
    bool replaces_all = false;   // without a key: what comes is all that the table holds afterwards
    bool at_least_once = false;  // rows may be appended twice where nobody can tell whether they arrived
};

}  // namespace rowhaul
