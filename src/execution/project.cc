// SPDX-License-Identifier: Apache-2.0
#include "execution/project.h"

#include "base/near_miss.h"
#include "base/time.h"
#include "connector/file_source_options.h"
#include "connector/file_target.h"
#include "connector/table_connection.h"
#include "connector/table_target.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <glob.h>
#include <utility>

namespace rowhaul {

namespace {

constexpr std::array<std::string_view, 7> file_keys{"version",  "include",  "settings", "connections",
                                                    "defaults", "mappings", "tasks"};
constexpr std::array<std::string_view, 4> included_keys{"version", "connections", "mappings", "tasks"};
constexpr std::array<std::string_view, 10> mapping_keys{"source", "target", "fields",  "where", "key",
                                                        "read",   "cursor", "overlap", "marks", "options"};

// Names become parts of file names, of commands and of messages.
bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= 100 && name.front() != '.' && name.front() != '-' &&
           std::ranges::none_of(name, [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte <= ' ' || byte == 0x7F ||
                      std::string_view("/\\:*?\"'<>|{}$,;").find(c) != std::string_view::npos;
           });
}

void check_keys(const Node& map, std::string_view path, std::span<const std::string_view> known, Problems& problems) {
    const std::vector<std::string> names(known.begin(), known.end());
    for (const auto& entry : map.entries()) {
        if (std::ranges::find(names, entry.key) == names.end()) {
            problems.add(
                entry.position, path.empty() ? entry.key : fmt::format("{}.{}", path, entry.key),
                fmt::format("unknown key{} (known are {})", did_you_mean(entry.key, names), fmt::join(names, ", ")));
        }
    }
}

// The map under `key`; an empty one when it is missing or, with a problem, not a map.
const Node& map_of(const Node& parent, std::string_view path, std::string_view key, Problems& problems) {
    static const Node empty = Node::map();
    const Node* found = parent.find(key);
    if (found == nullptr || found->is_null()) {
        return empty;
    }
    if (!found->is_map()) {
        problems.add(found->position(), path.empty() ? std::string(key) : fmt::format("{}.{}", path, key),
                     fmt::format("must be a map, not {}", name_of(found->kind())));
        return empty;
    }
    return *found;
}

template <class Definitions>
std::vector<std::string> names_in(const Definitions& definitions) {
    std::vector<std::string> names;
    for (const auto& definition : definitions) {
        names.push_back(definition.name);
    }
    return names;
}

template <class Definitions>
const typename Definitions::value_type* find_in(const Definitions& definitions, std::string_view name) {
    const auto found =
        std::ranges::find_if(definitions, [&](const auto& definition) { return definition.name == name; });
    return found == definitions.end() ? nullptr : &*found;
}

template <class Definitions>
bool is_new_name(const Definitions& definitions, const Node::Entry& entry, std::string_view section,
                 Problems& problems) {
    const auto path = fmt::format("{}.{}", section, entry.key);
    if (!is_name(entry.key)) {
        problems.add(entry.position, path, "is not a name: use letters, digits, - and _");
        return false;
    }
    if (find_in(definitions, entry.key) != nullptr) {
        problems.add(entry.position, path, "is defined twice; every object may be defined once only");
        return false;
    }
    if (!entry.value.is_map()) {
        problems.add(entry.value.position(), path, fmt::format("must be a map, not {}", name_of(entry.value.kind())));
        return false;
    }
    return true;
}

// Messages and rejects show expressions and their values, which must not come from where secrets lie.
bool refuse_tainted(const Node* node, const std::string& path, Problems& problems) {
    const bool is_tainted = node != nullptr && node->is_tainted();
    if (is_tainted) {
        problems.add(node->position(), path, "cannot be taken from the environment or a file: messages may show it");
    }
    return is_tainted;
}

// The mappings of a task may be given by name, or as { mapping: name, with: { client: 7777 } }.
std::vector<std::string> read_key(const Node& key, const std::string& path, Problems& problems) {
    std::vector<std::string> names;
    for (const auto& name : key.is_sequence() ? key.items() : std::vector{key}) {
        if (!name.is_scalar() || name.text().empty()) {
            problems.add(name.position(), path, "must be names of fields, as in [id]");
        } else {
            names.push_back(name.text());
        }
    }
    return names;
}

TaskDefinition read_task(const Node::Entry& entry, Problems& problems) {
    TaskDefinition task{.name = entry.key, .options = {}, .section = entry.value, .parameters = {}};
    const auto path = fmt::format("tasks.{}", entry.key);
    if (Node* mappings = task.section.find("mappings"); mappings != nullptr && mappings->is_sequence()) {
        for (auto& item : mappings->items()) {
            if (!item.is_map()) {
                continue;
            }
            const auto item_path = path + ".mappings";
            static constexpr std::array<std::string_view, 2> known{"mapping", "with"};
            check_keys(item, item_path, known, problems);
            const Node* name = item.find("mapping");
            if (name == nullptr || !name->is_scalar()) {
                problems.add(item.position(), item_path,
                             "must name its mapping, as in `{ mapping: customers, with: … }`");
            }
            for (const auto& parameter : map_of(item, item_path, "with", problems).entries()) {
                if (!parameter.value.is_scalar()) {
                    problems.add(parameter.value.position(), fmt::format("{}.with.{}", item_path, parameter.key),
                                 fmt::format("must be a text or number, not {}", name_of(parameter.value.kind())));
                }
                refuse_tainted(&parameter.value, fmt::format("{}.with.{}", item_path, parameter.key), problems);
                task.parameters[name != nullptr ? name->text() : ""][parameter.key] =
                    parameter.value.is_tainted() ? "" : parameter.value.text();
            }
            item = Node::scalar(name != nullptr ? name->text() : "", item.position());
        }
    }
    task.options = parse<TaskOptions>(task.section, path, problems);
    return task;
}

void check_version(const Node& document, Problems& problems) {
    const Node* version = document.find("version");
    if (version == nullptr) {
        problems.add(document.position(), "version", "is missing; write `version: 1`");
    } else if (version->text() != "1") {
        problems.add(version->position(), "version", "is not one that this program knows; write `version: 1`");
    }
}

std::vector<Field> read_fields(const Node& fields, const std::string& path, Problems& problems) {
    std::vector<Field> read;
    if (!fields.is_sequence()) {
        problems.add(fields.position(), path, fmt::format("must be a list, not {}", name_of(fields.kind())));
        return read;
    }
    for (const auto& item : fields.items()) {
        const auto item_path = fmt::format("{}[{}]", path, read.size() + 1);
        bool may_be_shown = true;
        for (const auto* key : {"value", "constant", "default"}) {
            may_be_shown = !refuse_tainted(item.is_map() ? item.find(key) : nullptr,
                                           fmt::format("{}.{}", item_path, key), problems) &&
                           may_be_shown;
        }
        auto field = item.is_scalar() ? Field{item.text(), item.text(), ""}
                                      : field_of(parse<FieldOptions>(item, item_path, problems));
        if (!may_be_shown) {
            field = {.to = field.to, .from = field.to, .value = ""};
        }
        if (!field.to.empty() && std::ranges::find(read, field.to, &Field::to) != read.end()) {
            problems.add(item.position(), item_path, fmt::format("makes a second column \"{}\"", field.to));
        }
        read.push_back(field);
    }
    if (read.empty()) {
        problems.add(fields.position(), path, "is empty; leave it out to take every column");
    }
    return read;
}

std::vector<std::filesystem::path> files_like(const std::filesystem::path& pattern) {
    glob_t found{};
    std::vector<std::filesystem::path> files;
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
        files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    ::globfree(&found);
    return files;
}

template <class Definitions>
const typename Definitions::value_type& named(const Definitions& definitions, std::string_view name,
                                              std::string_view what) {
    if (const auto* found = find_in(definitions, name)) {
        return *found;
    }
    const auto names = names_in(definitions);
    throw Error(ErrorKind::NotFound, fmt::format("there is no {} \"{}\"{}", what, name, did_you_mean(name, names)))
        .advise(names.empty() ? fmt::format("The configuration has no {}s.", what)
                              : fmt::format("There are: {}.", fmt::join(names, ", ")));
}

}  // namespace

void SettingsOptions::validate(const SettingsOptions& settings, Problems& problems) {
    if (!settings.timezone.empty() && !zone_exists(settings.timezone)) {
        problems.add("timezone",
                     fmt::format("there is no time zone \"{}\"{}", settings.timezone, similar_zone(settings.timezone)));
    }
}

namespace {

// "100", "5%" or "0.5%"; nothing when it is neither.
std::optional<RejectLimit> reject_limit(std::string_view text) {
    const bool is_percent = text.ends_with('%');
    if (is_percent) {
        text.remove_suffix(1);
    }
    RejectLimit limit;
    std::from_chars_result read{};
    if (is_percent) {
        read = std::from_chars(text.data(), text.data() + text.size(), limit.percent.emplace());
    } else {
        read = std::from_chars(text.data(), text.data() + text.size(), limit.rows.emplace());
    }
    const bool is_whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
    const bool is_share = !limit.percent || (*limit.percent >= 0 && *limit.percent <= 100);
    return is_whole && is_share ? std::optional(limit) : std::nullopt;
}

RecordRules records_of(const MappingOptions& options) {
    return {.key = {},
            .missing = options.missing,
            .existing = options.existing,
            .duplicates = options.duplicates,
            .absent = options.absent,
            .filtered = options.filtered,
            .empty_source = options.empty_source,
            .mark = options.mark.value_or(RecordMark{}),
            .max_delete = options.max_delete,
            .absent_stays = {},
            .undo = options.undo,
            .replaces_all = options.replace,
            .at_least_once = options.at_least_once};
}

// What only some targets, keys and other options give a meaning to.
void check_record_options(const MappingDefinition& mapping, const Node& how, Problems& problems) {
    const bool is_table = mapping.target.find("table") != nullptr;
    const auto& records = mapping.records;
    const auto refuse = [&](std::string_view option, std::string_view why) {
        const Node* given = how.find(option);
        if (given != nullptr) {
            problems.add(given->position(), fmt::format("{}.options.{}", mapping.path, option), std::string(why));
        }
    };
    for (const std::string_view option : {"missing", "existing", "duplicates", "absent", "mark", "undo"}) {
        if (records.key.empty() || !is_table) {
            refuse(option, "is for targets that are tables, and needs `key`: the fields by which rows are told apart");
        }
    }
    for (const std::string_view option : {"replace", "at_least_once"}) {
        if (!is_table) {
            refuse(option, "is for targets that are tables");
        }
    }
    for (const std::string_view option : {"missing", "existing", "absent", "filtered"}) {
        if (records.replaces_all) {
            refuse(option, "does not go with `replace`, which says it already");
        }
    }
    if (records.absent == Absent::Keep) {
        refuse("filtered", "is for `absent: mark` and `absent: delete`");
    }
    for (const std::string_view option : {"empty_source", "max_delete"}) {
        if (records.absent == Absent::Keep && !records.replaces_all) {
            refuse(option, "is for `replace`, `absent: mark` and `absent: delete`");
        }
    }
}

// What stands in the mapping itself, beside its parts.
ReadingOptions read_reading(const Node& whole, const std::string& path, Problems& problems) {
    Node own = Node::map(whole.position());
    for (const auto& entry : whole.entries()) {
        if (entry.key == "read" || entry.key == "cursor" || entry.key == "overlap" || entry.key == "marks") {
            own.entries().push_back(entry);
        }
    }
    return parse<ReadingOptions>(own, path, problems);
}

// A column that is read back from the target.
void check_generated_key(const MappingDefinition& mapping, const Node& whole, Problems& problems) {
    if (mapping.generated_key.empty()) {
        return;
    }
    const auto refuse = [&](std::string why) {
        problems.add(mapping.target.find("generated_key")->position(),
                     fmt::format("{}.target.generated_key", mapping.path), std::move(why));
    };
    const auto& key = mapping.records.key;
    if (key.empty()) {
        refuse("needs `key`: the fields by which rows find their records again");
    }
    if (std::ranges::find(key, mapping.generated_key) != key.end() ||
        std::ranges::find(mapping.fields, mapping.generated_key, &Field::to) != mapping.fields.end()) {
        refuse("is written by a field; the database is to fill it");
    }
    if (const Node* marks = whole.find("marks"); marks != nullptr && mapping.marks == MarkedRecords::Failed) {
        problems.add(marks->position(), fmt::format("{}.marks", mapping.path),
                     "must be `all` where the target has a `generated_key`, which stands in them");
    }
}

// What new and changed rows do not go with, and what they need.
void check_reading(const MappingDefinition& mapping, const Node& whole, const Node& how, Problems& problems) {
    const Node* read = whole.find("read");
    if (mapping.read == ReadMode::Changed && mapping.records.key.empty()) {
        problems.add(read->position(), fmt::format("{}.read", mapping.path),
                     "`changed` needs `key`: the fields by which rows are told apart");
    }
    if (const Node* marks = whole.find("marks"); marks != nullptr && mapping.records.key.empty()) {
        problems.add(marks->position(), fmt::format("{}.marks", mapping.path),
                     "needs `key`: the fields by which records are told apart");
    }
    check_generated_key(mapping, whole, problems);
    if (mapping.read != ReadMode::New) {
        return;
    }
    if (mapping.source.find("table") == nullptr && mapping.source.find("query") == nullptr) {
        problems.add(
            read->position(), fmt::format("{}.read", mapping.path),
            "new rows are told apart in tables and queries only; of files, those that were taken in before are "
            "left out anyway");
    }
    for (const std::string_view option : {"absent", "replace"}) {
        const Node* given = how.find(option);
        if (given != nullptr && (mapping.records.absent != Absent::Keep || mapping.records.replaces_all)) {
            problems.add(
                given->position(), fmt::format("{}.options.{}", mapping.path, option),
                "does not go with `read: new`: what is not new would seem to be gone; `read: changed` finds both "
                "what changed and what is gone");
        }
    }
}

}  // namespace

void ReadingOptions::validate(const ReadingOptions& options, Problems& problems) {
    if (options.read == ReadMode::New && options.cursor.empty()) {
        problems.add("cursor", "is missing: name the column by which new rows are told, as in `cursor: updated_at`");
    }
    if (options.read != ReadMode::New && !options.cursor.empty()) {
        problems.add("cursor", "is for `read: new`");
    }
    if (options.read != ReadMode::New && !options.overlap.empty()) {
        problems.add("overlap", "is for `read: new`");
    }
    if (options.read == ReadMode::Changed && options.marks == MarkedRecords::Failed) {
        problems.add("marks", "must be `all` with `read: changed`, which compares rows with them");
    }
    if (!options.overlap.empty() && !parse_overlap(options.overlap)) {
        problems.add("overlap", "must be a time, as in 90s, 5m, 2h or 1d, or a number from 0 on");
    }
}

void MappingOptions::validate(const MappingOptions& options, Problems& problems) {
    if (!options.max_rejects.empty() && !reject_limit(options.max_rejects)) {
        problems.add("max_rejects", "must be a number of rows, or a share of them from 0% to 100%");
    }
    if (options.absent == Absent::Mark && !options.mark) {
        problems.add("mark", "must name the column that is to say it, as in `{ column: deleted_at }`");
    }
    if (options.mark && options.absent != Absent::Mark) {
        problems.add("mark", "is for `absent: mark`");
    }
}

void TaskOptions::validate(const TaskOptions& task, Problems& problems) {
    if (task.mappings.empty()) {
        problems.add("mappings", "is empty; name at least one mapping");
    }
    if (!task.timezone.empty() && !zone_exists(task.timezone)) {
        problems.add("timezone",
                     fmt::format("there is no time zone \"{}\"{}", task.timezone, similar_zone(task.timezone)));
    }
    for (std::size_t i = 0; i < task.mappings.size(); ++i) {
        if (std::find(task.mappings.begin(), task.mappings.begin() + static_cast<std::ptrdiff_t>(i),
                      task.mappings[i]) != task.mappings.begin() + static_cast<std::ptrdiff_t>(i)) {
            problems.add("mappings", fmt::format("names {} twice", task.mappings[i]));
        }
    }
}

Project::Project(const std::filesystem::path& file, const Catalog& catalog) : catalog_(catalog), file_(file) {
    Problems problems;
    read(file, problems);
    for (const auto& connection : connections_) {
        catalog_.connection(connection.section, connection.path, problems);
    }
    for (const auto& mapping : mappings_) {
        check_sides(mapping, problems);
        check_expressions(mapping, problems);
    }
    check_tasks(problems);
    if (!problems.empty()) {
        for (const auto& [connection, missing] : missing_) {
            problems.add(missing);  // whoever mends the file wants to know everything
        }
    }
    problems.throw_if_any();
}

// Whether what a connection names is there matters to those who use it: a cron job need not know the
// passwords of all others.
void Project::interpolate_all(Node& document, Problems& problems) {
    for (auto& [key, position, value] : document.entries()) {
        if (key != "connections" || !value.is_map()) {
            interpolate(value, key, problems);
            continue;
        }
        for (auto& connection : value.entries()) {
            interpolate(connection.value, fmt::format("{}.{}", key, connection.key), problems,
                        missing_[connection.key]);
        }
    }
}

void Project::read(const std::filesystem::path& file, Problems& problems) {
    Node document = load_yaml(file.string(), problems);
    if (!document.is_map()) {
        problems.add(document.position(), "", fmt::format("must be a map, not {}", name_of(document.kind())));
        return;
    }
    interpolate_all(document, problems);
    check_version(document, problems);
    check_keys(document, "", file_keys, problems);
    settings_ = parse<SettingsOptions>(map_of(document, "", "settings", problems), "settings", problems);
    if (settings_.timezone.empty()) {
        settings_.timezone = local_zone();
    }
    defaults_ = map_of(document, "", "defaults", problems);
    check_keys(defaults_, "defaults", mapping_keys, problems);
    read_objects(document, problems);
    if (const Node* include = document.find("include")) {
        read_included(*include, file.parent_path(), problems);
    }
}

void Project::read_included(const Node& include, const std::filesystem::path& beside, Problems& problems) {
    const auto patterns = include.is_sequence() ? include.items() : std::vector{include};
    for (const auto& pattern : patterns) {
        const auto files = files_like(beside / pattern.text());
        if (files.empty() && pattern.text().find_first_of("*?[") == std::string::npos) {
            problems.add(pattern.position(), "include", fmt::format("there is no file {}", pattern.shown()));
        }
        for (const auto& file : files) {
            Node document = load_yaml(file.string(), problems);
            if (document.is_null()) {
                continue;
            }
            interpolate_all(document, problems);
            check_keys(document, "", included_keys, problems);
            read_objects(document, problems);
        }
    }
}

void Project::read_objects(const Node& document, Problems& problems) {
    for (const auto& entry : map_of(document, "", "connections", problems).entries()) {
        if (is_new_name(connections_, entry, "connections", problems)) {
            connections_.push_back({entry.key, fmt::format("connections.{}", entry.key), entry.value});
        }
    }
    for (const auto& entry : map_of(document, "", "mappings", problems).entries()) {
        if (is_new_name(mappings_, entry, "mappings", problems)) {
            read_mapping(entry.key, entry.value, problems);
        }
    }
    for (const auto& entry : map_of(document, "", "tasks", problems).entries()) {
        if (is_new_name(tasks_, entry, "tasks", problems)) {
            tasks_.push_back(read_task(entry, problems));
        }
    }
}

void Project::read_mapping(std::string_view name, const Node& own, Problems& problems) {
    MappingDefinition mapping{.name = std::string(name), .path = fmt::format("mappings.{}", name)};
    const Node whole = merged(defaults_, own);
    check_keys(own, mapping.path, mapping_keys, problems);
    const auto side = [&](std::string_view key, Node& section, std::string& connection) {
        section = map_of(whole, mapping.path, key, problems);
        const Node* named_connection = section.find("connection");
        if (named_connection == nullptr || !named_connection->is_scalar() || named_connection->text().empty()) {
            problems.add(own.position(), fmt::format("{}.{}", mapping.path, key),
                         "must name a connection, as in `{ connection: shop, … }`");
            return;
        }
        connection = named_connection->text();
    };
    side("source", mapping.source, mapping.source_connection);
    side("target", mapping.target, mapping.target_connection);
    const Node how = map_of(whole, mapping.path, "options", problems);
    const auto options = parse<MappingOptions>(how, fmt::format("{}.options", mapping.path), problems);
    mapping.reject_limit = reject_limit(options.max_rejects).value_or(RejectLimit{});
    mapping.records = records_of(options);
    if (const Node* key = whole.find("key"); key != nullptr && !key->is_null()) {
        mapping.records.key = read_key(*key, fmt::format("{}.key", mapping.path), problems);
    }
    const auto reading = read_reading(whole, mapping.path, problems);
    mapping.read = reading.read;
    mapping.cursor = reading.cursor;
    mapping.overlap = parse_overlap(reading.overlap);
    const Node* generated = mapping.target.find("generated_key");
    mapping.generated_key = generated != nullptr && generated->is_scalar() ? generated->text() : "";
    const bool needs_all = reading.read == ReadMode::Changed || !mapping.generated_key.empty();
    mapping.marks = reading.marks.value_or(needs_all ? MarkedRecords::All : MarkedRecords::Failed);
    check_record_options(mapping, how, problems);
    if (mapping.records.replaces_all && !mapping.records.key.empty()) {
        mapping.records.replaces_all = false;
        mapping.records.absent = Absent::Delete;
        mapping.records.filtered = Filtered::Absent;
    }
    if (const Node* fields = whole.find("fields")) {
        mapping.fields = read_fields(*fields, fmt::format("{}.fields", mapping.path), problems);
    }
    check_reading(mapping, whole, how, problems);
    if (const Node* where = whole.find("where"); where != nullptr && !where->is_null()) {
        if (!where->is_scalar()) {
            problems.add(where->position(), fmt::format("{}.where", mapping.path),
                         fmt::format("must be an expression, not {}", name_of(where->kind())));
        }
        refuse_tainted(where, fmt::format("{}.where", mapping.path), problems);
        mapping.where = where->is_tainted() ? "" : where->text();
    }
    mapping.section = whole;
    mappings_.push_back(std::move(mapping));
}

void Project::check_sides(const MappingDefinition& mapping, Problems& problems) const {
    const auto connected = [&](const std::string& name, const Node& section, std::string_view key) {
        if (name.empty()) {
            return std::unique_ptr<Connection>();  // has been told
        }
        const auto* definition = find_in(connections_, name);
        if (definition == nullptr) {
            const auto names = names_in(connections_);
            problems.add(section.find("connection")->position(), fmt::format("{}.{}.connection", mapping.path, key),
                         fmt::format("there is no connection \"{}\"{}", name, did_you_mean(name, names)));
            return std::unique_ptr<Connection>();
        }
        Problems told_with_the_connection;
        return catalog_.connection(definition->section, definition->path, told_with_the_connection);
    };
    const Node* from_table = mapping.source.find("table");
    const Node* to_table = mapping.target.find("table");
    if (from_table != nullptr && to_table != nullptr && from_table->text() == to_table->text() &&
        mapping.source_connection == mapping.target_connection) {
        problems.add(to_table->position(), fmt::format("{}.target.table", mapping.path),
                     "is the table that the rows come from");
    }
    if (const auto from = connected(mapping.source_connection, mapping.source, "source")) {
        from->source(mapping.source, fmt::format("{}.source", mapping.path), {.mapping = mapping.name}, problems);
    }
    if (const auto to = connected(mapping.target_connection, mapping.target, "target")) {
        const TargetRequest request{
            .mode = RunMode::Test, .mapping = mapping.name, .execution = "validate", .zone = settings_.timezone};
        to->target(mapping.target, fmt::format("{}.target", mapping.path), request, problems);
    }
}

RowRules Project::rules(const MappingDefinition& mapping) const {
    RowRules rules{.fields = mapping.fields,
                   .where = mapping.where,
                   .parameters = run_parameters({}, {}),
                   .facts = {},
                   .path = mapping.path};
    for (const auto& task : tasks_) {
        const auto given = task.parameters.find(mapping.name);
        if (given != task.parameters.end()) {
            for (const auto& [name, text] : given->second) {
                rules.parameters.push_back({name, Kind::Unknown, text});
            }
        }
    }
    return rules;
}

// Types of columns are known no sooner than when a source is asked; the rest is checked here.
void Project::check_expressions(const MappingDefinition& mapping, Problems& problems) const {
    for (const auto& problem : problems_of(rules(mapping))) {
        if (!problem.field) {
            problems.add(mapping.section.find("where")->position(), fmt::format("{}.where", mapping.path),
                         problem.message);
            continue;
        }
        const Node& item = mapping.section.find("fields")->items()[*problem.field];
        const Node* value = item.is_map() ? item.find("value") : nullptr;
        problems.add(value != nullptr ? value->position() : item.position(),
                     fmt::format("{}.fields[{}]{}", mapping.path, *problem.field + 1, value != nullptr ? ".value" : ""),
                     problem.message);
    }
}

void Project::check_tasks(Problems& problems) const {
    const auto names = names_in(mappings_);
    for (const auto& task : tasks_) {
        if (find_in(mappings_, task.name) != nullptr) {
            problems.add(task.section.position(), fmt::format("tasks.{}", task.name),
                         "has the name of a mapping; give it another one");
        }
        const Node* named_mappings = task.section.find("mappings");
        for (std::size_t i = 0; i < task.options.mappings.size(); ++i) {
            const auto& mapping = task.options.mappings[i];
            if (find_in(mappings_, mapping) == nullptr) {
                const Node& place = named_mappings->is_sequence() ? named_mappings->items()[i] : *named_mappings;
                problems.add(place.position(), fmt::format("tasks.{}.mappings", task.name),
                             fmt::format("there is no mapping \"{}\"{}", mapping, did_you_mean(mapping, names)));
            }
        }
        check_files(task, problems);
    }
}

// One file of a task must not take the place of another.
void Project::check_files(const TaskDefinition& task, Problems& problems) const {
    std::map<std::pair<std::string, std::string>, std::string> writers;
    for (const auto& name : task.options.mappings) {
        const auto* mapping = find_in(mappings_, name);
        const Node* file = mapping != nullptr ? mapping->target.find("file") : nullptr;
        if (file == nullptr || !file->is_scalar()) {
            continue;
        }
        const auto& pattern = file->text();
        const Node* if_exists = mapping->target.find("if_exists");
        const bool replaces = if_exists == nullptr || if_exists->text() == "replace";
        const bool is_own =
            pattern.find("{mapping}") != std::string::npos || pattern.find("{execution}") != std::string::npos;
        if (!replaces || is_own) {
            continue;
        }
        const auto [first, is_new] = writers.try_emplace({mapping->target_connection, pattern}, name);
        if (!is_new) {
            problems.add(file->position(), fmt::format("{}.target.file", mapping->path),
                         fmt::format("is also the file of {}, which runs before it in the task {}; put {{mapping}} "
                                     "into the name, or set if_exists: number",
                                     first->second, task.name));
        }
    }
}

const ConnectionDefinition& Project::connection(std::string_view name) const {
    return named(connections_, name, "connection");
}

const MappingDefinition& Project::mapping(std::string_view name) const {
    return named(mappings_, name, "mapping");
}

const TaskDefinition* Project::find_task(std::string_view name) const {
    return find_in(tasks_, name);
}

const MappingDefinition* Project::find_mapping(std::string_view name) const {
    return find_in(mappings_, name);
}

void Project::expect_complete(const std::vector<std::string>& connections) const {
    Problems problems;
    for (const auto& [connection, missing] : missing_) {
        if (std::ranges::find(connections, connection) != connections.end()) {
            problems.add(missing);
        }
    }
    problems.throw_if_any();
}

void Project::expect_complete() const {
    expect_complete(names_in(connections_));
}

std::unique_ptr<Connection> Project::connect(std::string_view name) const {
    const auto& definition = connection(name);
    expect_complete({definition.name});
    Problems problems;
    auto connected = catalog_.connection(definition.section, definition.path, problems);
    problems.throw_if_any();
    return connected;
}

std::vector<Parameter> run_parameters(const RunFacts& facts, std::optional<Moment> last_success,
                                      const std::map<std::string, std::string>& given) {
    const Moment now{std::chrono::microseconds(facts.now_utc.micros)};
    std::vector<Parameter> parameters{
        {"today", Kind::Date, format_time(now, facts.zone, "%Y-%m-%d")},
        {"last_success", Kind::TimestampZoned, last_success ? utc_text(*last_success) : "-infinity"}};
    for (const auto& [name, text] : given) {
        std::erase_if(parameters, [&](const Parameter& known) { return known.name == name; });
        parameters.push_back({name, Kind::Unknown, text});
    }
    return parameters;
}

std::vector<ProjectPart> project_parts() {
    return {
        {describe<SettingsOptions>("settings", "What holds for the whole file."), "settings"},
        {describe<TableSourceOptions>("table_source", "A table or query of a database as a source."),
         "mappings.example.source"},
        {describe<FileSourceOptions>("file_source", "Files as a source."), "mappings.example.source"},
        {describe<MappingOptions>("options", "What a mapping is told beside its source, target and fields."),
         "mappings.example.options"},
        {describe<ReadingOptions>("mapping", "Which rows of its source a mapping reads."), "mappings.example"},
        {describe<FieldOptions>("field", "One column of the target."), "mappings.example.fields[]"},
        {describe<FileTargetOptions>("file_target", "A file as a target."), "mappings.example.target"},
        {describe<TableTargetOptions>("table_target", "A table of a database as a target."), "mappings.example.target"},
        {describe<TaskOptions>("task", "Mappings that run one after the other."), "tasks.example"}};
}

}  // namespace rowhaul
