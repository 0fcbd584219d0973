// SPDX-License-Identifier: Apache-2.0
#include "options/document.h"

#include <algorithm>
#include <array>

namespace rowhaul {
namespace {

// Words that some YAML reader takes for something else than text.
constexpr std::array<std::string_view, 9> special_words{"true", "false", "yes", "no", "on", "off", "null", "y", "n"};

bool is_special(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    return std::find(special_words.begin(), special_words.end(), lower) != special_words.end();
}

// An accented letter of Western Europe, À to ÿ, in UTF-8: a first byte that all of them share.
constexpr char letters_begin = '\xC3';

bool is_letter_pair(char first, char second) {
    return first == letters_begin && static_cast<signed char>(second) < static_cast<signed char>(0xC0);
}

bool is_safe(std::string_view text) {
    const auto is_word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/';
    };
    std::size_t at = 0;
    while (at < text.size()) {
        if (at + 1 < text.size() && is_letter_pair(text[at], text[at + 1])) {
            at += 2;
        } else if (is_word(text[at]) || (at > 0 && (text[at] == '.' || text[at] == '-'))) {
            ++at;
        } else {
            return false;
        }
    }
    return !text.empty();
}

bool stays_text(std::string_view text) {
    return is_safe(text) && (text.front() < '0' || text.front() > '9') && !is_special(text);
}

std::string quoted(std::string_view text) {
    static constexpr std::string_view hex = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (c == '\n') {
            out += "\\n";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            const auto code = static_cast<unsigned char>(c);
            out += {'\\', 'x', hex[code >> 4], hex[code & 15]};
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string scalar_text(const Node& node) {
    const std::string& text = node.shown();
    const bool plain = node.is_quoted() ? stays_text(text) : is_safe(text);
    return plain ? text : quoted(text);
}

std::string key_text(const std::string& key) {
    return stays_text(key) ? key : quoted(key);
}

void write(const Node& node, std::size_t indent, std::string& out);

// What follows "key:" or "-": on the same line when it is short by nature.
void write_value(const Node& node, std::size_t indent, std::string& out) {
    out += node.entries().empty() && node.items().empty() ? ' ' : '\n';
    write(node, indent, out);
}

void write(const Node& node, std::size_t indent, std::string& out) {
    const std::string margin(indent, ' ');
    if (node.is_scalar()) {
        out += scalar_text(node) + '\n';
    } else if (node.is_null()) {
        out += "null\n";
    } else if (node.is_sequence()) {
        out += node.items().empty() ? "[]\n" : "";
        for (const Node& item : node.items()) {
            if (item.is_map() && !item.entries().empty()) {
                // The first key stands behind the dash.
                const std::size_t start = out.size();
                write(item, indent + 2, out);
                out[start + indent] = '-';
            } else {
                out += margin + "-";
                write_value(item, indent + 2, out);
            }
        }
    } else {
        out += node.entries().empty() ? "{}\n" : "";
        for (const Node::Entry& entry : node.entries()) {
            out += margin + key_text(entry.key) + ":";
            write_value(entry.value, indent + 2, out);
        }
    }
}

}  // namespace

std::string to_flow_yaml(const Node& node) {
    if (node.is_scalar()) {
        return scalar_text(node);
    }
    if (node.is_null()) {
        return "null";
    }
    std::string inner;
    for (const Node& item : node.items()) {
        inner += (inner.empty() ? "" : ", ") + to_flow_yaml(item);
    }
    for (const Node::Entry& entry : node.entries()) {
        inner += (inner.empty() ? "" : ", ") + key_text(entry.key) + ": " + to_flow_yaml(entry.value);
    }
    const auto* brackets = node.is_map() ? "{}" : "[]";
    return inner.empty() ? brackets : std::string{brackets[0], ' '} + inner + std::string{' ', brackets[1]};
}

std::string to_yaml(const Node& node) {
    std::string out;
    write(node, 0, out);
    return out;
}

}  // namespace rowhaul
