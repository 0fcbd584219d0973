// SPDX-License-Identifier: Apache-2.0
// rowhaul.yaml: connections, mappings and tasks with everything that they are made of, checked as a
// whole. Nothing is reached while it is read.
#pragma once
#include "base/time.h"
#include "connector/catalog.h"
#include "execution/field_options.h"
#include "mapping/cursor_scale.h"
#include "mapping/fields.h"
#include "options/component.h"
#include "options/document.h"
#include "options/options.h"
#include "pipeline/haul.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

enum class Language : std::uint8_t { English, German, Italian };
template <>
struct EnumChoices<Language> {
    static constexpr std::array<Choice, 3> list{{{"en", "English."}, {"de", "German."}, {"it", "Italian."}}};
};

struct SettingsOptions {
    std::string timezone;
    Language language = Language::English;

    static constexpr auto spec = [] {
        return options(option("timezone", &SettingsOptions::timezone,
                              "Zone in which {date} is told; the machine's own if not given.")
                           .example("Europe/Zurich"),
                       option("language", &SettingsOptions::language, "Language of what is sent to people."));
    }();
    static void validate(const SettingsOptions&, Problems&);
};

// What a mapping is told beside its source, target and fields.
struct MappingOptions {
    Missing missing = Missing::Insert;
    Existing existing = Existing::Update;
    Duplicates duplicates = Duplicates::Reject;
    Absent absent = Absent::Keep;
    std::optional<RecordMark> mark;
    Filtered filtered = Filtered::Keep;
    EmptySource empty_source = EmptySource::Refuse;
    DeleteLimit max_delete;
    std::optional<UndoKeeping> undo;
    bool replace = false;
    bool at_least_once = false;
    std::string max_rejects;

    static constexpr auto spec = [] {
        return options(
            option("missing", &MappingOptions::missing, "What becomes of a row whose key the target does not have."),
            option("existing", &MappingOptions::existing, "What becomes of a row whose key the target has."),
            option("duplicates", &MappingOptions::duplicates,
                   "What becomes of rows of the source that have the same key."),
            option("absent", &MappingOptions::absent,
                   "What becomes of a record of the target whose key the source does not have any more; decided after "
                   "the source was read to its end. A row that is rejected is not absent."),
            option("mark", &MappingOptions::mark, "How `absent: mark` marks a record."),
            option("filtered", &MappingOptions::filtered,
                   "What `absent` means for a row that does not meet the rule (`where`)."),
            option("empty_source", &MappingOptions::empty_source,
                   "What `absent` and `replace` mean when no row comes."),
            option("max_delete", &MappingOptions::max_delete,
                   "How many records `absent` may delete or mark, or by how much `replace` may shrink the table: a run "
                   "that exceeds both limits is stopped, and nothing is changed."),
            option("undo", &MappingOptions::undo,
                   "Keeps what runs change, so that `rowhaul undo` can give it back; `{}` for a week and 100 MB. Each "
                   "changed record is read once more before and once after it changes. Needs `key`."),
            option("replace", &MappingOptions::replace,
                   "Whether the rows of the source are all that the table is to hold: what was there before goes, in "
                   "the same transaction. With a key the same as `absent: delete` and `filtered: absent`."),
            option("at_least_once", &MappingOptions::at_least_once,
                   "Whether rows may be appended where the table rowhaul_commits cannot be made, so that they come "
                   "twice when the answer to a commit is lost."),
            option("max_rejects", &MappingOptions::max_rejects,
                   "How many rows may be rejected before the run is stopped and nothing arrives: a number, or "
                   "a share of the rows read.")
                .example("5%"));
    }();
    static void validate(const MappingOptions&, Problems&);
};

enum class Publish : std::uint8_t { Each, Together };
template <>
struct EnumChoices<Publish> {
    static constexpr std::array<Choice, 2> list{
        {{"each", "Every file gets its final name as soon as it is complete."},
         {"together",
          "All files carry one {date} and get their final names after the last one is complete, or not "
          "at all."}}};
};

struct TaskOptions {
    bool enabled = true;
    std::vector<std::string> mappings;
    Publish publish = Publish::Each;
    std::string timezone;

    static constexpr auto spec = [] {
        return options(option("enabled", &TaskOptions::enabled, "Whether the task may run."),
                       option("mappings", &TaskOptions::mappings, "Mappings to run, in this order.")
                           .required()
                           .example("[customers, orders]"),
                       option("publish", &TaskOptions::publish, "When the files get their final names."),
                       option("timezone", &TaskOptions::timezone,
                              "Zone in which {date} is told; that of the settings if not given.")
                           .example("Europe/Zurich"));
    }();
    static void validate(const TaskOptions&, Problems&);
};

// Which rows of the source go on.
enum class ReadMode : std::uint8_t { All, New, Changed };
template <>
struct EnumChoices<ReadMode> {
    static constexpr std::array list{
        Choice{"all", "Every row, each time."},
        Choice{"new", "Those that came, or changed, after the last run, by the column `cursor`."},
        Choice{"changed",
               "Every row is looked at; those go on that differ from what the target got before. Needs `key`."},
    };
};

// Of which records it is remembered what became of them.
enum class MarkedRecords : std::uint8_t { Failed, All };
template <>
struct EnumChoices<MarkedRecords> {
    static constexpr std::array list{
        Choice{"failed", "Those that failed, until they succeed."},
        Choice{"all", "Every record."},
    };
};

struct ReadingOptions {
    ReadMode read = ReadMode::All;
    std::string cursor;
    std::string overlap;
    std::optional<MarkedRecords> marks;

    static constexpr auto spec = [] {
        return options(
            option("read", &ReadingOptions::read, "Which rows of a table or query are read.").example("new"),
            option("cursor", &ReadingOptions::cursor,
                   "Column of the source that grows with every row and change: an integer, decimal, date or timestamp.")
                .example("updated_at"),
            option(
                "overlap", &ReadingOptions::overlap,
                "How far behind the greatest value read so far rows are looked at once more, for those that were "
                "committed late: a time or, for numbers, a number. If not given 5m, and longer while a transaction is "
                "open longer, where the database tells; for numbers 0.")
                .example("15m"),
            option("marks", &ReadingOptions::marks,
                   "Of which records of a mapping with `key` it is remembered what became of them in the target "
                   "(`rowhaul marks`): those that failed if not given, all with `read: changed` or a "
                   "`generated_key`.")
                .example("all"));
    }();
    static void validate(const ReadingOptions&, Problems&);
};

struct MappingDefinition {
    std::string name;
    std::string path;  // "mappings.customers"
    std::string source_connection;
    std::string target_connection;
    Node source;
    Node target;
    Node section;               // the whole, with what `defaults` add
    std::vector<Field> fields;  // empty = every column
    RejectLimit reject_limit;
    RecordRules records;
    std::string where;  // empty = every row
    ReadMode read = ReadMode::All;
    std::string cursor;  // ReadMode::New: column of the source
    std::optional<Overlap> overlap;
    MarkedRecords marks = MarkedRecords::Failed;
    std::string generated_key;  // column of the target that is read back; "" = none
};

struct TaskDefinition {
    std::string name;
    TaskOptions options;
    Node section;
    // What `:name` stands for in the expressions of a mapping, by the mapping's name.
    std::map<std::string, std::map<std::string, std::string>> parameters;
};

struct ConnectionDefinition {
    std::string name;
    std::string path;  // "connections.shop"
    Node section;
};

class Project {
public:
    // Reads the file and what it includes. Throws Invalid with every problem, each with its place;
    // NotFound when there is no such file. Environment variables and files that only a connection
    // names may be missing: see expect_complete(). `catalog` must outlive this.
    Project(const std::filesystem::path& file, const Catalog& catalog);

    const std::filesystem::path& file() const { return file_; }
    const std::string& zone() const { return settings_.timezone; }
    const std::vector<ConnectionDefinition>& connections() const { return connections_; }
    const std::vector<MappingDefinition>& mappings() const { return mappings_; }
    const std::vector<TaskDefinition>& tasks() const { return tasks_; }

    // By name; NotFound, with the near miss and what there is, otherwise.
    const ConnectionDefinition& connection(std::string_view name) const;
    const MappingDefinition& mapping(std::string_view name) const;
    const TaskDefinition* find_task(std::string_view name) const;
    const MappingDefinition* find_mapping(std::string_view name) const;

    // The rule and fields of a mapping as far as they can be told without a run: parameters are there,
    // with the values of some task that gives them.
    RowRules rules(const MappingDefinition& mapping) const;

    // Throws Invalid with everything that these connections, or all of them, name and is missing.
    void expect_complete(const std::vector<std::string>& connections) const;
    void expect_complete() const;

    // A connection ready to use, as new: nothing is shared with others made here. Throws
    // Invalid when something that it names is missing.
    std::unique_ptr<Connection> connect(std::string_view name) const;

private:
    void read(const std::filesystem::path& file, Problems&);
    void interpolate_all(Node& document, Problems&);
    void read_included(const Node& include, const std::filesystem::path& beside, Problems&);
    void read_objects(const Node& document, Problems&);
    void read_mapping(std::string_view name, const Node& own, Problems&);
    void check_sides(const MappingDefinition&, Problems&) const;
    void check_tasks(Problems&) const;
    void check_expressions(const MappingDefinition&, Problems&) const;
    void check_files(const TaskDefinition&, Problems&) const;

    const Catalog& catalog_;
    std::filesystem::path file_;
    SettingsOptions settings_;
    Node defaults_;
    std::vector<ConnectionDefinition> connections_;
    std::map<std::string, Problems, std::less<>> missing_;  // by connection
    std::vector<MappingDefinition> mappings_;
    std::vector<TaskDefinition> tasks_;
};

// What expressions may name beside columns: :today and :last_success, and what a task or command
// gives. Without a moment, and without an earlier success, these are as early as can be.
std::vector<Parameter> run_parameters(const RunFacts& facts, std::optional<Moment> last_success,
                                      const std::map<std::string, std::string>& given = {});

// JSON Schema of rowhaul.yaml, from the same declarations that read it.
std::string project_schema(const Catalog&);

// A part of the file that is no component, and where it stands in an example: "mappings.example.source".
struct ProjectPart {
    ComponentInfo info;
    std::string place;
};
std::vector<ProjectPart> project_parts();

}  // namespace rowhaul
