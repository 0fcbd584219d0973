// SPDX-License-Identifier: Apache-2.0
// validate, schema, reference.
#include "app/commands.h"
#include "app/expression_reference.h"
#include "base/near_miss.h"
#include "options/json.h"
#include "options/reference.h"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fstream>

namespace rowhaul {

namespace {

struct ReferenceEntry {
    ComponentInfo info;
    std::string place;  // where it stands in rowhaul.yaml
    std::string group;
};

std::vector<ReferenceEntry> reference_entries(const Catalog& catalog) {
    std::vector<ReferenceEntry> entries;
    for (const auto& known : catalog.databases()) {
        entries.push_back({known.info, "connections.example", "Connections: databases"});
    }
    for (const auto& known : catalog.transports()) {
        entries.push_back({known.info, "connections.example", "Connections: places for files"});
    }
    for (const auto& known : catalog.formats()) {
        entries.push_back({known.info, "mappings.example.target.format", "Formats"});
    }
    for (const auto& part : project_parts()) {
        entries.push_back({part.info, part.place, "Parts of rowhaul.yaml"});
    }
    return entries;
}

void write(const std::filesystem::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (!file.flush()) {
        throw Error(ErrorKind::Denied, fmt::format("cannot write {}", path.string()));
    }
}

void write_reference(Session& session, const std::vector<ReferenceEntry>& entries,
                     const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    std::string index =
        "# Reference\n\nMade from the program by `rowhaul reference --write docs/reference`; do not edit.\n";
    std::string group;
    std::vector<ComponentInfo> infos;
    for (const auto& entry : entries) {
        write(folder / (entry.info.type + ".md"), reference_page(entry.info, entry.place));
        if (entry.group != group) {
            group = entry.group;
            index += fmt::format("\n## {}\n\n", group);
        }
        index += fmt::format("- [{0}]({0}.md): {1}\n", entry.info.type, entry.info.title);
        infos.push_back(entry.info);
    }
    write(folder / "expressions.md", expression_page());
    index += "\n\n## Expressions\n\n- [expressions](expressions.md): What `where` and `value` may say.\n";
    write(folder / "README.md", index);
    write(folder / "reference.json", pretty(reference_json(infos)));
    write(folder / "rowhaul.schema.json", project_schema(session.catalog()));
}

}  // namespace

ExitCode run_validate(Session& session) {
    const auto& project = session.project();
    project.expect_complete();
    if (session.is_json()) {
        session.print_json(boost::json::object{{"good", true},
                                               {"connections", project.connections().size()},
                                               {"mappings", project.mappings().size()},
                                               {"tasks", project.tasks().size()}});
    } else {
        session.print(fmt::format("{} is in order (connections: {}, mappings: {}, tasks: {}).\n",
                                  project.file().string(), project.connections().size(), project.mappings().size(),
                                  project.tasks().size()));
    }
    return ExitCode::Succeeded;
}

ExitCode run_schema(Session& session) {
    session.print(project_schema(session.catalog()));
    return ExitCode::Succeeded;
}

ExitCode run_reference(Session& session, const std::string& component,
                       const std::optional<std::filesystem::path>& folder) {
    const auto entries = reference_entries(session.catalog());
    if (folder) {
        write_reference(session, entries, *folder);
        return ExitCode::Succeeded;
    }
    if (component == "expressions") {
        session.print(expression_text());
        return ExitCode::Succeeded;
    }
    std::vector<ComponentInfo> chosen;
    std::vector<std::string> names{"expressions"};
    for (const auto& entry : entries) {
        names.push_back(entry.info.type);
        const auto& aliases = entry.info.aliases;
        if (component.empty() || component == entry.info.type ||
            std::ranges::find(aliases, component) != aliases.end()) {
            chosen.push_back(entry.info);
        }
    }
    if (chosen.empty()) {
        throw Error(ErrorKind::NotFound,
                    fmt::format("there is no component \"{}\"{}", component, did_you_mean(component, names)))
            .advise(fmt::format("There are: {}.", fmt::join(names, ", ")));
    }
    if (session.is_json()) {
        session.print(pretty(reference_json(chosen)));
        return ExitCode::Succeeded;
    }
    if (component.empty()) {
        for (const auto& entry : entries) {
            session.print(fmt::format("{:<14} {}\n", entry.info.type, entry.info.title));
        }
        session.print(fmt::format("{:<14} {}\n", "expressions", "What `where` and `value` may say."));
        session.print("\n`rowhaul reference NAME` tells the options of one.\n");
        return ExitCode::Succeeded;
    }
    session.print(reference_text(chosen.front()));
    return ExitCode::Succeeded;
}

}  // namespace rowhaul
