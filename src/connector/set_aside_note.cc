// SPDX-License-Identifier: Apache-2.0
#include "connector/set_aside_note.h"

#include "options/json.h"

#include <boost/json.hpp>

namespace rowhaul {

namespace json = boost::json;

namespace {

json::value text_or_null(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(json::string(text));
}

}  // namespace

std::string to_json(const SetAsideNote& note) {
    json::array rejects;
    for (const auto& reject : note.rejects) {
        rejects.push_back(json::object{{"reason", reject.reason},
                                       {"line", reject.line == 0 ? json::value(nullptr) : json::value(reject.line)},
                                       {"row", reject.row},
                                       {"field", text_or_null(reject.field)},
                                       {"value", reject.value},
                                       {"message", reject.message}});
    }
    const auto& file = note.file;
    return pretty(json::object{
        {"version", 1},
        {"execution", note.execution},
        {"mapping", note.mapping},
        {"written", utc_text(note.written)},
        {"problem", file.problem},
        {"advice", text_or_null(note.advice)},
        {"file", json::object{{"name", file.name},
                              {"moved_to", text_or_null(file.moved_to)},
                              {"bytes", file.bytes},
                              {"sha256", text_or_null(file.sha256)},
                              {"modified", file.modified ? json::value(json::string(utc_text(Moment(*file.modified))))
                                                         : json::value(nullptr)}}},
        {"rows", json::object{{"delivered", 0}, {"read", file.rows + file.rejected}, {"rejected", file.rejected}}},
        {"rejects", std::move(rejects)}});
}

}  // namespace rowhaul
