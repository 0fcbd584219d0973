// SPDX-License-Identifier: Apache-2.0
#include "options/json.h"

#include <boost/json.hpp>
#include <charconv>

namespace rowhaul {
namespace {

constexpr std::size_t widest_list = 80;

template <class Number>
bool is_all_of(const std::string& text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size();
}

boost::json::value scalar_to_json(const Node& node) {
    const std::string& text = node.shown();
    if (node.is_quoted() || node.is_tainted()) {
        return boost::json::string(text);
    }
    if (text == "true" || text == "false") {
        return text == "true";
    }
    std::int64_t whole = 0;
    if (is_all_of(text, whole)) {
        return whole;
    }
    double number = 0;
    const bool has_digit = text.find_first_of("0123456789") != std::string::npos;
    if (has_digit && text.find_first_not_of("+-0123456789.eE") == std::string::npos && is_all_of(text, number)) {
        return number;
    }
    return boost::json::string(text);
}

bool is_flat(const boost::json::array& array) {
    for (const boost::json::value& item : array) {
        if (item.is_object() || item.is_array()) {
            return false;
        }
    }
    return true;
}

void write(const boost::json::value& value, std::size_t indent, std::string& out) {
    const std::string margin(indent + 2, ' ');
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        std::string_view separator = "{\n";
        for (const auto& [key, item] : *object) {
            out.append(separator).append(margin).append(boost::json::serialize(key)).append(": ");
            write(item, indent + 2, out);
            separator = ",\n";
        }
        out.append("\n").append(indent, ' ').append("}");
        return;
    }
    const auto* array = value.if_array();
    const std::string compact = boost::json::serialize(value);
    if (array == nullptr || array->empty() || (is_flat(*array) && compact.size() <= widest_list)) {
        out += compact;
        return;
    }
    std::string_view separator = "[\n";
    for (const boost::json::value& item : *array) {
        out.append(separator).append(margin);
        write(item, indent + 2, out);
        separator = ",\n";
    }
    out.append("\n").append(indent, ' ').append("]");
}

}  // namespace

boost::json::value to_json(const Node& node) {
    switch (node.kind()) {
        case Node::Kind::Null:
            return nullptr;
        case Node::Kind::Scalar:
            return scalar_to_json(node);
        case Node::Kind::Sequence: {
            boost::json::array out;
            for (const Node& item : node.items()) {
                out.push_back(to_json(item));
            }
            return out;
        }
        case Node::Kind::Map: {
            boost::json::object out;
            for (const Node::Entry& entry : node.entries()) {
                out[entry.key] = to_json(entry.value);
            }
            return out;
        }
    }
    return nullptr;
}

std::string pretty(const boost::json::value& value) {
    std::string out;
    write(value, 0, out);
    return out + "\n";
}

}  // namespace rowhaul
