// SPDX-License-Identifier: Apache-2.0
#include "database/table_name.h"

#include "base/error.h"

namespace rowhaul {

namespace {

struct Part {
    std::string name;
    bool is_quoted = false;
};

[[noreturn]] void refuse(std::string_view text) {
    throw Error(ErrorKind::Invalid, "\"" + std::string(text) + "\" is not the name of a table")
        .advise("Write name, schema.name, or \"Odd name\" with double quotes around a name that has dots or quotes.");
}

// Takes the first part off `rest`, and the dot behind it.
Part take_part(std::string_view text, std::string_view& rest) {
    Part part;
    if (!rest.empty() && (rest.front() == '"' || rest.front() == '`')) {
        const char mark = rest.front();
        part.is_quoted = true;
        rest.remove_prefix(1);
        while (true) {
            const auto quote = rest.find(mark);
            if (quote == std::string_view::npos) {
                refuse(text);
            }
            part.name += rest.substr(0, quote);
            rest.remove_prefix(quote + 1);
            if (rest.empty() || rest.front() != mark) {
                break;
            }
            part.name += mark;
            rest.remove_prefix(1);
        }
    } else {
        part.name = rest.substr(0, rest.find('.'));
        rest.remove_prefix(part.name.size());
    }
    if (part.name.empty() || part.name.find('\0') != std::string::npos || (!rest.empty() && rest.front() != '.')) {
        refuse(text);
    }
    return part;
}

bool needs_quotes(std::string_view name) {
    return name.find('.') != std::string_view::npos || name.starts_with('"') || name.starts_with('`');
}

std::string part_text(const std::string& name) {
    return needs_quotes(name) ? quote_identifier(name) : name;
}

}  // namespace

TableName TableName::parse(std::string_view text) {
    auto rest = text;
    auto first = take_part(text, rest);
    if (rest.empty()) {
        return {.schema = {}, .name = std::move(first.name), .is_quoted = first.is_quoted};
    }
    rest.remove_prefix(1);
    auto second = take_part(text, rest);
    if (!rest.empty()) {
        refuse(text);
    }
    return {.schema = std::move(first.name), .name = std::move(second.name), .is_quoted = second.is_quoted};
}

std::string TableName::text() const {
    return (schema ? part_text(*schema) + "." : "") + part_text(name);
}

std::string quote_identifier(std::string_view name, char mark) {
    std::string quoted(1, mark);
    for (const char c : name) {
        if (c == mark) {
            quoted += mark;
        }
        quoted += c;
    }
    return quoted + mark;
}

}  // namespace rowhaul
