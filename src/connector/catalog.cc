// SPDX-License-Identifier: Apache-2.0
#include "connector/catalog.h"

#include "base/near_miss.h"
#include "connector/file_connection.h"
#include "connector/table_connection.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

namespace {

bool is_called(const ComponentInfo& info, std::string_view type) {
    return info.type == type || std::ranges::find(info.aliases, type) != info.aliases.end();
}

template <class Types>
const typename Types::value_type* find_type(const Types& types, std::string_view type) {
    const auto found = std::ranges::find_if(types, [&](const auto& known) { return is_called(known.info, type); });
    return found == types.end() ? nullptr : &*found;
}

template <class Types>
void append_names(const Types& types, std::vector<std::string>& names) {
    for (const auto& known : types) {
        names.push_back(known.info.type);
        names.insert(names.end(), known.info.aliases.begin(), known.info.aliases.end());
    }
}

void tell_unknown_type(const Node& type, std::string path, const std::vector<std::string>& names, Problems& problems) {
    problems.add(type.position(), std::move(path),
                 fmt::format("there is no type \"{}\"{} (types are {})", type.shown(),
                             did_you_mean(type.shown(), names), fmt::join(names, ", ")));
}

}  // namespace

std::vector<std::string> Catalog::connection_types() const {
    std::vector<std::string> names;
    append_names(transports_, names);
    append_names(databases_, names);
    return names;
}

std::unique_ptr<Connection> Catalog::connection(const Node& section, std::string_view path, Problems& problems) const {
    const Node* type = section.find("type");
    if (type == nullptr || !type->is_scalar()) {
        problems.add(section.position(), std::string(path),
                     fmt::format("needs a type: one of {}", fmt::join(connection_types(), ", ")));
        return nullptr;
    }
    if (type->is_broken()) {
        return nullptr;
    }
    const auto before = problems.size();
    // What a constructor does not like may follow from values that are missing, which was told.
    Problems untold;
    Problems& refusals = section.is_incomplete() ? untold : problems;
    if (const auto* transport = find_type(transports_, type->text())) {
        const auto parsed = transport->parse(section, path, problems);
        return made_or_told(section, path, refusals, [&]() -> std::unique_ptr<Connection> {
            return problems.size() == before ? std::make_unique<FileConnection>(*this, parsed) : nullptr;
        });
    }
    if (const auto* database = find_type(databases_, type->text())) {
        const auto make = database->parse(section, path, problems);
        return made_or_told(section, path, refusals, [&]() -> std::unique_ptr<Connection> {
            return problems.size() == before ? std::make_unique<TableConnection>(make()) : nullptr;
        });
    }
    tell_unknown_type(*type, fmt::format("{}.type", path), connection_types(), problems);
    return nullptr;
}

std::unique_ptr<Format> Catalog::format(const Node* section, std::string_view path, Problems& problems) const {
    if (section == nullptr || section->is_null()) {
        return formats_.front().parse(Node::map(), path, problems);
    }
    const Node* type = section->is_scalar() ? section : section->find("type");
    if (type == nullptr) {
        return formats_.front().parse(*section, path, problems);
    }
    if (const auto* known = find_type(formats_, type->text())) {
        return known->parse(section->is_map() ? *section : Node::map(section->position()), path, problems);
    }
    std::vector<std::string> names;
    append_names(formats_, names);
    for (const auto& known : formats_) {
        names.insert(names.end(), known.presets.begin(), known.presets.end());
        if (section->is_scalar() && std::ranges::find(known.presets, type->text()) != known.presets.end()) {
            auto options = Node::map(section->position());
            options.set("preset", *section, section->position());
            return known.parse(options, path, problems);
        }
    }
    tell_unknown_type(*type, std::string(path), names, problems);
    return nullptr;
}

}  // namespace rowhaul
