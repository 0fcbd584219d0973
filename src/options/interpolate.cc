// SPDX-License-Identifier: Apache-2.0
#include "options/document.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace rowhaul {
namespace {

constexpr std::size_t largest_file = std::size_t(1) << 20;

bool is_variable_name(std::string_view name) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    if (name.empty() || !is_letter(name.front())) {
        return false;
    }
    for (const char c : name) {
        if (!is_letter(c) && (c < '0' || c > '9')) {
            return false;
        }
    }
    return true;
}

// The text that stands for one ${...}, or the reason why there is none.
struct Replacement {
    std::string text = {};
    std::string misspelt = {};
    std::string missing = {};
};

Replacement content_of(std::string_view name, const Position& position) {
    std::filesystem::path path(name);
    if (path.is_relative() && position.file) {
        path = std::filesystem::path(*position.file).parent_path() / path;
    }
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
        return {.missing = "${file:" + std::string(name) + "}: there is no file " + path.string()};
    }
    std::ifstream file(path, std::ios::binary);
    std::string text(largest_file + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (!file.eof()) {
        const bool too_large = text.size() > largest_file;
        return {.missing = "${file:" + std::string(name) + "}: " + path.string() +
                           (too_large ? " is larger than 1 MiB" : " cannot be read")};
    }
    if (text.ends_with('\n')) {
        text.pop_back();
        if (text.ends_with('\r')) {
            text.pop_back();
        }
    }
    return {.text = std::move(text)};
}

Replacement replacement_of(std::string_view inner, const Position& position, const Environment& environment) {
    if (inner.starts_with("file:")) {
        return content_of(inner.substr(5), position);
    }
    if (inner.starts_with("secret:")) {
        return {.misspelt = "${" + std::string(inner) +
                            "}: encrypted secrets come with the hub; for now use ${NAME} for an environment "
                            "variable or ${file:PATH} for a file"};
    }
    if (!is_variable_name(inner)) {
        return {.misspelt = "\"${" + std::string(inner.substr(0, 40)) +
                            "}\" is neither ${NAME} nor ${file:PATH}; write $${ for a literal ${"};
    }
    std::optional<std::string> value = environment(std::string(inner));
    if (!value) {
        return {.missing = "the environment variable " + std::string(inner) + " is not set"};
    }
    return {.text = std::move(*value)};
}

void interpolate_scalar(Node& node, std::string_view path, Problems& misspelt, Problems& missing,
                        const Environment& environment) {
    const std::string_view text = node.text();
    std::string out;
    bool replaced = false;
    bool broken = false;
    std::size_t from = 0;
    while (from < text.size()) {
        const std::size_t dollar = text.find('$', from);
        out += text.substr(from, dollar - from);
        if (dollar == std::string_view::npos) {
            break;
        }
        const std::string_view rest = text.substr(dollar);
        if (rest.starts_with("$${")) {
            out += "${";
            from = dollar + 3;
            continue;
        }
        if (!rest.starts_with("${")) {
            out += '$';
            from = dollar + 1;
            continue;
        }
        const std::size_t end = rest.find('}');
        if (end == std::string_view::npos) {
            misspelt.add(node.position(), std::string(path), "\"${\" has no \"}\"; write $${ for a literal ${");
            broken = true;
            break;
        }
        Replacement replacement = replacement_of(rest.substr(2, end - 2), node.position(), environment);
        if (!replacement.misspelt.empty()) {
            misspelt.add(node.position(), std::string(path), std::move(replacement.misspelt));
            broken = true;
        }
        if (!replacement.missing.empty()) {
            missing.add(node.position(), std::string(path), std::move(replacement.missing));
            broken = true;
        }
        out += replacement.text;
        replaced = true;
        from = dollar + end + 1;
    }
    if (broken) {
        node.mark_broken();
    } else if (replaced) {
        node.taint(std::move(out));
    } else if (out != text) {
        node = Node::scalar(std::move(out), node.position(), Node::Style::Quoted);
    }
}

}  // namespace

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
}

void interpolate(Node& node, std::string_view path, Problems& problems, const Environment& environment) {
    interpolate(node, path, problems, problems, environment);
}

void interpolate(Node& node, std::string_view path, Problems& misspelt, Problems& missing,
                 const Environment& environment) {
    if (node.is_scalar() && !node.is_tainted() && !node.is_broken() && node.text().find("${") != std::string::npos) {
        interpolate_scalar(node, path, misspelt, missing, environment);
    }
    std::size_t index = 0;
    for (Node& item : node.items()) {
        interpolate(item, std::string(path) + "[" + std::to_string(++index) + "]", misspelt, missing, environment);
        if (item.is_broken()) {
            node.mark_broken();  // a list is one value
        }
    }
    for (Node::Entry& entry : node.entries()) {
        interpolate(entry.value, option_path(path, entry.key), misspelt, missing, environment);
    }
}

}  // namespace rowhaul
