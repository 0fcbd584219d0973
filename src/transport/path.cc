// SPDX-License-Identifier: Apache-2.0
#include "transport/path.h"

#include "base/error.h"

#include <algorithm>
#include <fmt/format.h>

namespace rowhaul {

namespace {

bool is_control(char character) {
    return static_cast<unsigned char>(character) < 0x20 || character == 0x7f;
}

// Empty when nothing speaks against the path.
std::string_view objection_to(std::string_view path) {
    if (path.empty()) {
        return "is empty";
    }
    if (path.size() > 4096) {
        return "is longer than 4096 bytes";
    }
    if (path.front() == '/') {
        return "is absolute, it must be relative to the connection's folder";
    }
    if (path.find('\\') != std::string_view::npos) {
        return "has a backslash, folders are separated by '/'";
    }
    if (std::any_of(path.begin(), path.end(), is_control)) {
        return "has a control character";
    }
    while (true) {
        const auto slash = path.find('/');
        const auto part = path.substr(0, slash);
        if (part.empty()) {
            return "has an empty part";
        }
        if (part == "..") {
            return "leaves the connection's folder";
        }
        if (part == ".") {
            return "has \".\" as a part";
        }
        if (slash == std::string_view::npos) {
            return {};
        }
        path.remove_prefix(slash + 1);
    }
}

}  // namespace

std::string checked_path(std::string_view path) {
    if (const auto objection = objection_to(path); !objection.empty()) {
        throw Error(ErrorKind::Invalid, fmt::format("the file name {} {}", in_quotes(path), objection));
    }
    return std::string(path);
}

std::string checked_folder(std::string_view path) {
    return path.empty() ? std::string() : checked_path(path);
}

std::string path_on_server(std::string_view folder, std::string_view path) {
    const auto checked = checked_folder(path);
    if (checked.empty()) {
        return folder.empty() ? "." : std::string(folder);
    }
    return path_below(folder, checked);
}

std::string_view folder_of(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view file_name_of(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

std::string path_below(std::string_view folder, std::string_view name) {
    if (folder.empty()) {
        return std::string(name);
    }
    return folder.back() == '/' ? fmt::format("{}{}", folder, name) : fmt::format("{}/{}", folder, name);
}

std::string in_quotes(std::string_view name) {
    std::string text = "\"";
    for (const char character : name) {
        if (is_control(character)) {
            text += fmt::format("\\x{:02x}", static_cast<unsigned char>(character));
        } else {
            text += character;
        }
    }
    return text + "\"";
}

}  // namespace rowhaul
