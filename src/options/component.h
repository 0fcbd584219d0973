// SPDX-License-Identifier: Apache-2.0
// What the registry, the reference and the schema know of a component: its type, title and options,
// without knowing the component.
#pragma once
#include "options/options.h"

#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

struct ComponentInfo {
    std::string type;                  // "sftp"
    std::string title;                 // "Files on an SSH server (SFTP)."
    std::vector<std::string> aliases;  // other names of the same type: "mariadb" of "mysql"
    std::vector<OptionInfo> options;
    bool is_chosen_by_type = false;  // in rowhaul.yaml, by the key `type`; else its place says what it is
};

// Of a plain options struct.
template <class O>
ComponentInfo describe(std::string_view type, std::string_view title) {
    return {std::string(type), std::string(title), {}, describe_options<O>(), false};
}

// Of a component, which has `type`, `title`, `Options` and perhaps `aliases` (an array of names).
template <class Component>
ComponentInfo describe() {
    static_assert(is_snake_case(Component::type) && is_sentence(Component::title));
    ComponentInfo info = describe<typename Component::Options>(Component::type, Component::title);
    info.is_chosen_by_type = true;
    if constexpr (requires { Component::aliases; }) {
        info.aliases.assign(std::begin(Component::aliases), std::end(Component::aliases));
    }
    return info;
}

}  // namespace rowhaul
