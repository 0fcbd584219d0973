// SPDX-License-Identifier: Apache-2.0
// map --suggest.
#include "app/commands.h"
#include "app/field_suggestion.h"
#include "format/value_forms.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <map>

namespace rowhaul {

namespace {

// So many rows decide about types.
constexpr std::uint64_t rows_for_types = 10'000;

struct SourceColumns {
    std::string object;
    Schema schema;
    std::map<std::string, ValueForm> forms;  // of columns whose type only the values show
    std::uint64_t rows_seen = 0;
};

// Databases know the types of their columns; in files, values show them.
void look_at_values(const Context& context, Source& source, SourceColumns& columns) {
    std::vector<std::string> untyped;
    for (const auto& column : columns.schema) {
        if (column.type == Type::Text && column.source_type.empty()) {
            untyped.push_back(column.name);
        }
    }
    if (untyped.empty()) {
        return;
    }
    const auto reader = source.open(context, untyped, [](const Reject&) {});
    std::vector<FormFinder> finders(untyped.size());
    Batch batch(untyped.size());
    while (columns.rows_seen < rows_for_types && reader->next(context, batch)) {
        const auto rows = std::min<std::uint64_t>(batch.rows(), rows_for_types - columns.rows_seen);
        for (std::size_t i = 0; i < untyped.size(); ++i) {
            for (const auto& cell : batch.column(i).first(rows)) {
                if (!cell.is_null()) {
                    finders[i].see(cell.text());
                }
            }
        }
        columns.rows_seen += rows;
    }
    for (std::size_t i = 0; i < untyped.size(); ++i) {
        columns.forms[untyped[i]] = finders[i].form();
    }
}

SourceColumns source_columns(Session& session, const MappingDefinition& mapping, const std::filesystem::path& input) {
    const auto context = session.context();
    const auto connection = session.project().connect(mapping.source_connection);
    Problems problems;
    const auto source = connection->source(mapping.source, fmt::format("{}.source", mapping.path),
                                           {.mapping = mapping.name, .input = input}, problems);
    problems.throw_if_any();
    SourceColumns columns{.object = source->object(), .schema = {}, .forms = {}};
    if (!source->prepare(context)) {
        const auto warnings = source->warnings();
        throw Error(ErrorKind::NotFound, fmt::format("the columns of {} are not known{}", columns.object,
                                                     warnings.empty() ? "" : ": " + warnings.front().message))
            .advise("--input FILE takes the columns of a file of this machine.");
    }
    columns.schema = source->schema(context);
    look_at_values(context, *source, columns);
    return columns;
}

// The columns of a file of this machine, which may be of any format.
std::vector<std::string> columns_of_file(Session& session, const std::filesystem::path& file) {
    Problems problems;
    auto section = Node::map();
    section.set("type", Node::scalar("local"));
    section.set("folder", Node::scalar(file.parent_path().string()));
    const auto connection = session.catalog().connection(section, "", problems);
    problems.throw_if_any();
    auto names = names_of(connection->browse(session.context(), file.filename().string()).schema);
    if (names.empty()) {
        throw Error(ErrorKind::Invalid, fmt::format("{} has no columns", file.string()))
            .advise("--target-columns names them instead.");
    }
    return names;
}

// Those that the target has already. A proposal is possible without them.
std::vector<std::string> columns_of_target(Session& session, const MappingDefinition& mapping,
                                           FieldSuggestion& suggestion) {
    try {
        const auto connection = session.project().connect(mapping.target_connection);
        Problems problems;
        const auto target = connection->target(mapping.target, fmt::format("{}.target", mapping.path),
                                               {.mode = RunMode::Test,
                                                .mapping = mapping.name,
                                                .execution = "suggest",
                                                .created = std::chrono::system_clock::now(),
                                                .zone = session.project().zone()},
                                               problems);
        problems.throw_if_any();
        auto names = names_of(target->columns(session.context()));
        if (!names.empty()) {
            suggestion.wanted_by = fmt::format("{} in {}", target->object(), mapping.target_connection);
        }
        return names;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Cancelled) {
            throw;
        }
        suggestion.warnings.push_back(fmt::format("The target could not be asked: {}", error.what()));
        return {};
    }
}

Node quoted_scalar(const std::string& text) {
    return Node::scalar(text, {}, Node::Style::Quoted);
}

// The items of `fields` and what they say. What a person wrote stays as it is.
class Proposal {
public:
    Proposal(const SourceColumns& source, FieldSuggestion& suggestion) : source_(source), suggestion_(suggestion) {}

    void propose(const std::vector<std::string>& wanted) {
        std::vector<WantedColumn> columns;
        for (const auto& to : wanted) {
            columns.push_back({.to = to, .from = {}});
        }
        for (auto& column : suggest_columns(columns, names_of(source_.schema))) {
            Field field{.to = column.to, .from = column.to, .value = {}};
            add(std::move(column), Node(), std::move(field));
        }
    }

    void complete(const Node& items, const std::vector<Field>& fields) {
        std::vector<WantedColumn> columns;
        for (const auto& field : fields) {
            if (is_copied(field)) {
                columns.push_back({.to = field.to, .from = field.from});
            }
        }
        auto suggested = suggest_columns(columns, names_of(source_.schema));
        auto next = suggested.begin();
        for (std::size_t i = 0; i < fields.size(); ++i) {
            if (is_copied(fields[i])) {
                add(std::move(*next++), items.items()[i], fields[i]);
            } else {
                keep({.to = fields[i].to, .match = Match::Equal, .from = {}, .candidates = {}}, items.items()[i],
                     fields[i]);
            }
        }
    }

    const std::vector<Field>& fields() const { return fields_; }

private:
    static bool is_copied(const Field& field) { return field.value.empty() && !field.constant; }

    void keep(SuggestedColumn column, Node item, Field field) {
        fields_.push_back(std::move(field));
        suggestion_.lines.push_back({std::move(column), std::move(item)});
    }

    // `item` is what stands in the mapping; null when nothing does.
    void add(SuggestedColumn column, Node item, Field field) {
        const bool is_written = !item.is_null();
        if (column.match != Match::Equal && column.match != Match::Folded) {
            suggestion_.lines.push_back({std::move(column), Node()});
            return;
        }
        if (is_written && column.from == field.from) {
            keep(std::move(column), std::move(item), std::move(field));
            return;
        }
        field.from = column.from;
        if (!item.is_map()) {
            item = Node::map();
            item.set("to", quoted_scalar(column.to));
        }
        if (column.from != column.to) {
            item.set("from", quoted_scalar(column.from));
        }
        if (!is_written) {
            add_type(item, field);
        }
        if (item.entries().size() == 1) {
            item = quoted_scalar(field.to);
        }
        keep(std::move(column), std::move(item), std::move(field));
    }

    void add_type(Node& item, Field& field) const {
        const auto form = source_.forms.find(field.from);
        if (form == source_.forms.end() || form->second.type == Type::Text) {
            return;
        }
        const auto& [type, notation] = form->second;
        field.treatment.type = type;
        item.set("type", Node::scalar(std::string(name_of(type))));
        if (!notation.empty()) {
            const bool is_number = type == Type::Decimal || type == Type::Integer;
            (is_number ? field.treatment.numbers : field.treatment.dates) = notation;
            item.set(is_number ? "numbers" : "dates", quoted_scalar(notation));
        }
        suggestion_.rows_seen_for_types = source_.rows_seen;
    }

    const SourceColumns& source_;
    FieldSuggestion& suggestion_;
    std::vector<Field> fields_;
};

// What neither a field nor the rule asks for; and whether the whole would run at all.
void find_unused(const Project& project, const MappingDefinition& mapping, const SourceColumns& source,
                 const std::vector<Field>& fields, FieldSuggestion& suggestion) {
    std::vector<std::string> used;
    auto rules = project.rules(mapping);
    rules.fields = fields;
    try {
        if (!fields.empty()) {
            used = BoundFields(rules, source.schema, source.object).source_columns();
        }
    } catch (const Error& error) {
        suggestion.warnings.emplace_back(error.what());
        for (const auto& field : fields) {
            used.push_back(field.from);
        }
    }
    for (const auto& column : source.schema) {
        if (std::ranges::find(used, column.name) == used.end()) {
            suggestion.unused.push_back(column.name);
        }
    }
}

}  // namespace

ExitCode run_map(Session& session, const MapRequest& request) {
    const auto& project = session.project();
    const auto& mapping = project.mapping(request.mapping);
    const auto source = source_columns(session, mapping, request.input);
    FieldSuggestion suggestion{.mapping = mapping.name, .source = source.object};
    Proposal proposal(source, suggestion);
    std::vector<std::string> wanted;
    if (!request.target_columns.empty()) {
        suggestion.wanted_by = "--target-columns";
        wanted = request.target_columns;
    } else if (!request.like.empty()) {
        suggestion.wanted_by = request.like.filename().string();
        wanted = columns_of_file(session, request.like);
    } else if (!mapping.fields.empty()) {
        suggestion.wanted_by = "`fields`";
        proposal.complete(*mapping.section.find("fields"), mapping.fields);
    } else {
        wanted = columns_of_target(session, mapping, suggestion);
        wanted = wanted.empty() ? names_of(source.schema) : wanted;
    }
    proposal.propose(wanted);
    find_unused(project, mapping, source, proposal.fields(), suggestion);
    if (session.is_json()) {
        session.print_json(fields_json(suggestion));
    } else {
        session.print(fields_yaml(suggestion));
    }
    return ExitCode::Succeeded;
}

}  // namespace rowhaul
