// SPDX-License-Identifier: Apache-2.0
// Options declared once. A component writes a plain struct whose member
// initialisers are the defaults, and beside it a constexpr `spec` that names
// and describes every member. Parsing, validation, redaction, docs, the UI form
// and CLI help are visitors over that spec; none of them knows a component.
#pragma once
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace rowhaul {

// What a form or a schema must know of a C++ type. Specialise for new types.
template <class T>
struct ValueType;
template <>
struct ValueType<bool> {
    static constexpr std::string_view name = "boolean";
};
template <>
struct ValueType<std::int64_t> {
    static constexpr std::string_view name = "integer";
};
template <>
struct ValueType<std::string> {
    static constexpr std::string_view name = "string";
};
template <>
struct ValueType<std::chrono::seconds> {
    static constexpr std::string_view name = "duration";
};

// A string that never leaves the process in clear text.
struct Secret {
    std::string value;
};
template <>
struct ValueType<Secret> {
    static constexpr std::string_view name = "secret";
};

struct Choice {
    std::string_view value, help;
};

// Enums list their spellings once; the first is not special, the default is
// whatever the struct says.
template <class E>
struct EnumChoices;
template <class T>
concept Enumerated = requires {
    EnumChoices<T>::list;
};

template <class Owner, class T>
struct Option {
    std::string_view name;
    T Owner::*member;
    std::string_view help;
    bool is_required = false;
    bool is_advanced = false;
    std::string_view placeholder_text = {};
    std::int64_t min = INT64_MIN, max = INT64_MAX;

    constexpr Option required() const {
        auto f = *this;
        f.is_required = true;
        return f;
    }
    constexpr Option advanced() const {
        auto f = *this;
        f.is_advanced = true;
        return f;
    }
    constexpr Option example(std::string_view v) const {
        auto f = *this;
        f.placeholder_text = v;
        return f;
    }
    constexpr Option range(std::int64_t lo, std::int64_t hi) const {
        auto f = *this;
        f.min = lo;
        f.max = hi;
        return f;
    }
};

template <class Owner, class T>
constexpr Option<Owner, T> option(std::string_view name, T Owner::*member, std::string_view help) {
    return {name, member, help};
}

// House rules that other projects keep in prose; here the compiler keeps them.
constexpr bool is_snake_case(std::string_view s) {
    if (s.empty() || s.front() < 'a' || s.front() > 'z')
        return false;
    return std::all_of(s.begin(), s.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}
constexpr bool is_sentence(std::string_view s) {
    return s.size() > 3 && s.back() == '.' && s.front() >= 'A' && s.front() <= 'Z';
}

template <class... Options>
struct Spec {
    std::tuple<Options...> all;

    template <class Visitor>
    constexpr void each(Visitor&& visit) const {
        std::apply([&](const auto&... f) { (visit(f), ...); }, all);
    }
    constexpr bool well_formed() const {
        std::array<std::string_view, sizeof...(Options)> names{};
        std::size_t n = 0;
        bool ok = true;
        each([&](const auto& f) {
            ok = ok && is_snake_case(f.name) && is_sentence(f.help);
            for (std::size_t i = 0; i < n; ++i)
                ok = ok && names[i] != f.name;
            names[n++] = f.name;
        });
        return ok;
    }
};

template <class... Options>
constexpr Spec<Options...> options(Options... o) {
    return {{o...}};
}

// The options of several specs in one, in this order; for what components share through a base struct.
template <class... First, class... Second>
constexpr Spec<First..., Second...> joined(const Spec<First...>& first, const Spec<Second...>& second) {
    return {std::tuple_cat(first.all, second.all)};
}

template <class T>
constexpr std::string_view type_name() {
    if constexpr (Enumerated<T>)
        return "choice";
    else
        return ValueType<T>::name;
}

// ---- visitors (each is one small function; a component never sees them) ----

template <class T>
std::string to_text(const T& v) {
    if constexpr (std::is_same_v<T, bool>)
        return v ? "true" : "false";
    else if constexpr (std::is_same_v<T, std::string>)
        return v;
    else if constexpr (std::is_same_v<T, Secret>)
        return v.value.empty() ? "" : "***";
    else if constexpr (std::is_same_v<T, std::chrono::seconds>)
        return std::to_string(v.count()) + "s";
    else if constexpr (Enumerated<T>)
        return std::string(EnumChoices<T>::list[static_cast<std::size_t>(v)].value);
    else
        return std::to_string(v);
}

template <class T>
bool from_text(std::string_view s, T& out) {
    if constexpr (std::is_same_v<T, bool>) {
        out = s == "true";
        return s == "true" || s == "false";
    } else if constexpr (std::is_same_v<T, std::string>) {
        out = s;
        return true;
    } else if constexpr (std::is_same_v<T, Secret>) {
        out.value = s;
        return true;
    } else if constexpr (Enumerated<T>) {
        for (std::size_t i = 0; i < EnumChoices<T>::list.size(); ++i)
            if (EnumChoices<T>::list[i].value == s) {
                out = static_cast<T>(i);
                return true;
            }
        return false;
    } else {
        if constexpr (std::is_same_v<T, std::chrono::seconds>) {
            if (s.ends_with('s'))
                s.remove_suffix(1);
        }
        if (s.empty())
            return false;
        std::int64_t n = 0;
        for (char c : s) {
            if (c < '0' || c > '9')
                return false;
            n = n * 10 + (c - '0');
        }
        out = T(n);
        return true;
    }
}

struct Problem {
    std::string option, message;
};

// Reads every option, reporting every problem rather than the first one.
template <class Options>
Options parse(const std::map<std::string, std::string>& values, std::vector<Problem>& problems) {
    Options out;
    auto unknown = values;
    Options::spec.each([&](const auto& f) {
        unknown.erase(std::string(f.name));
        auto it = values.find(std::string(f.name));
        if (it == values.end()) {
            if (f.is_required)
                problems.push_back({std::string(f.name), "is required"});
            return;
        }
        if (!from_text(it->second, out.*f.member))
            problems.push_back({std::string(f.name),
                                "is not a valid " + std::string(type_name<std::decay_t<decltype(out.*f.member)>>())});
        if constexpr (std::is_same_v<std::decay_t<decltype(out.*f.member)>, std::int64_t>)
            if (out.*f.member < f.min || out.*f.member > f.max)
                problems.push_back({std::string(f.name), "is out of range"});
    });
    for (auto& [name, _] : unknown)
        problems.push_back({name, "is not an option"});
    return out;
}

template <class Options>
std::string markdown() {
    std::string out = "| Option | Type | Default | Meaning |\n| --- | --- | --- | --- |\n";
    const Options defaults;
    Options::spec.each([&](const auto& f) {
        using T = std::decay_t<decltype(defaults.*f.member)>;
        out += "| `" + std::string(f.name) + "`" + (f.is_required ? " (required)" : "") + " | " +
               std::string(type_name<T>()) + " | " + to_text(defaults.*f.member) + " | " + std::string(f.help) + " |\n";
    });
    return out;
}

template <class Options>
std::string cli_help() {
    std::string out;
    const Options defaults;
    Options::spec.each([&](const auto& f) {
        out += "  --" + std::string(f.name) + "  " + std::string(f.help.substr(0, f.help.find('.')));
        if (auto d = to_text(defaults.*f.member); !d.empty())
            out += " (default " + d + ")";
        out += "\n";
    });
    return out;
}

// JSON Schema, read by the API validator and by the form renderer alike.
template <class Options>
std::string json_schema() {
    std::string out = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{", required;
    bool first = true;
    const Options defaults;
    Options::spec.each([&](const auto& f) {
        using T = std::decay_t<decltype(defaults.*f.member)>;
        if (!first)
            out += ",";
        first = false;
        out += "\"" + std::string(f.name) + "\":{";
        if constexpr (Enumerated<T>) {
            out += "\"enum\":[";
            for (std::size_t i = 0; i < EnumChoices<T>::list.size(); ++i)
                out += (i ? ",\"" : "\"") + std::string(EnumChoices<T>::list[i].value) + "\"";
            out += "]";
        } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::int64_t>) {
            out += "\"type\":\"" + std::string(type_name<T>()) + "\"";
        } else {
            out += "\"type\":\"string\"";
            if constexpr (std::is_same_v<T, Secret>)
                out += ",\"format\":\"password\",\"writeOnly\":true";
            if constexpr (std::is_same_v<T, std::chrono::seconds>)
                out += ",\"format\":\"duration\"";
        }
        if (f.is_advanced)
            out += ",\"x-advanced\":true";
        out += ",\"description\":\"" + std::string(f.help) + "\"}";
        if (f.is_required)
            required += (required.empty() ? "\"" : ",\"") + std::string(f.name) + "\"";
    });
    return out + "},\"required\":[" + required + "]}";
}

}  // namespace rowhaul
