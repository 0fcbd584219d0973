// SPDX-License-Identifier: Apache-2.0
// Options declared once. A component writes a plain struct whose member initialisers are the
// defaults, and beside it a constexpr `spec` that names and describes every member:
//
//     struct FtpOptions {
//         std::string host;
//         std::int64_t port = 21;
//         static constexpr auto spec = [] {
//             return options(option("host", &FtpOptions::host, "Name or address of the server.").required(),
//                            option("port", &FtpOptions::port, "Control port.").range(1, 65535));
//         }();
//     };
//
// A member is a bool, std::int64_t, double, std::string, Secret, std::chrono::seconds, Bytes, an
// enum with EnumChoices, another options struct, or a std::optional or std::vector of one of these.
// options(option(...), Base::spec) takes in the options of a base struct. A struct may have
// `static void validate(const X&, Problems&)` for what concerns several options at once.
// Parsing is below; documentation, JSON Schema, forms and exports read the table of OptionInfo.
#pragma once
#include "options/document.h"
#include "options/problems.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace rowhaul {

// A string that never leaves the process in clear text.
struct Secret {
    std::string value;
};

// A size in a configuration: 4096, 64KiB, 10MB.
struct Bytes {
    std::uint64_t count = 0;
    auto operator<=>(const Bytes&) const = default;
};

struct Choice {
    std::string_view value, help;
};

// Enums list their spellings once, in the order of their enumerators, which count from 0; the
// first is not special, the default is whatever the struct says.
template <class E>
struct EnumChoices;

// ---- the table that everything but parsing reads ----

enum class ValueKind : std::uint8_t { Boolean, Integer, Number, Text, Secret, Duration, Bytes, Choice, Map };
std::string_view name_of(ValueKind kind);  // "boolean", "integer", …

struct OptionInfo {
    std::string name;
    std::string help;
    ValueKind kind = ValueKind::Text;
    bool is_list = false;  // of values of `kind`; one value alone stands for a list of one
    bool is_nullable = false;
    bool is_required = false;
    bool is_advanced = false;
    std::string default_text;  // as YAML would have it; empty = none, always so for secrets
    std::string example;
    std::optional<std::int64_t> min, max;  // of numbers; seconds of durations, bytes of sizes
    std::vector<Choice> choices;
    std::vector<OptionInfo> options;  // of a map
};

// ---- declaring ----

template <class T>
struct Unwrapped {
    using type = T;
    static constexpr bool is_optional = false, is_list = false;
};
template <class T>
struct Unwrapped<std::optional<T>> {
    using type = typename Unwrapped<T>::type;
    static constexpr bool is_optional = true, is_list = Unwrapped<T>::is_list;
};
template <class T>
struct Unwrapped<std::vector<T>> {
    using type = T;
    static constexpr bool is_optional = false, is_list = true;
};

template <class T>
concept Enumerated = requires {
    EnumChoices<T>::list;
};
template <class T>
concept OptionStruct = requires {
    T::spec;
};

// What a declaration says beside the member.
struct Declaration {
    static constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
    static constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

    std::string_view name;
    std::string_view help;
    bool is_required = false;
    bool is_advanced = false;
    std::string_view example_text = {};
    std::int64_t min = lowest, max = highest;
};

template <class Owner, class T>
struct Option : Declaration {
    // Returns what is wrong with a value ("must end in /"), or nothing. Never repeats the value.
    using Check = std::string (*)(const T&);

    T Owner::*member;
    Check checker = nullptr;

    constexpr Option(std::string_view option_name, T Owner::*where, std::string_view meaning)
        : Declaration{option_name, meaning}, member(where) {}
    constexpr Option required() const {
        Option out = *this;
        out.is_required = true;
        return out;
    }
    constexpr Option advanced() const {
        Option out = *this;
        out.is_advanced = true;
        return out;
    }
    constexpr Option example(std::string_view text) const {
        Option out = *this;
        out.example_text = text;
        return out;
    }
    constexpr Option range(std::int64_t lowest_allowed, std::int64_t highest_allowed) const {
        Option out = *this;
        out.min = lowest_allowed;
        out.max = highest_allowed;
        return out;
    }
    constexpr Option check(Check function) const {
        Option out = *this;
        out.checker = function;
        return out;
    }
};

template <class Owner, class T>
constexpr Option<Owner, T> option(std::string_view name, T Owner::*member, std::string_view help) {
    return {name, member, help};
}

// House rules that other projects keep in prose; here the compiler keeps them.
constexpr bool is_snake_case(std::string_view text) {
    return !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}
constexpr bool is_sentence(std::string_view text) {
    return text.size() > 3 && text.back() == '.' && text.front() >= 'A' && text.front() <= 'Z';
}

template <class... Options>
struct Spec {
    std::tuple<Options...> all;

    template <class Visitor>
    constexpr void each(Visitor&& visit) const {
        std::apply([&](const auto&... option) { (visit(option), ...); }, all);
    }
    constexpr bool well_formed() const {
        std::array<std::string_view, sizeof...(Options)> names{};
        std::size_t count = 0;
        bool ok = true;
        each([&](const Declaration& option) {
            ok = ok && is_snake_case(option.name) && is_sentence(option.help) && option.min <= option.max &&
                 std::find(names.begin(), names.end(), option.name) == names.end();
            names[count++] = option.name;
        });
        return ok;
    }
};

namespace detail {
template <class Owner, class T>
constexpr auto as_tuple(const Option<Owner, T>& option) {
    return std::tuple(option);
}
template <class... Options>
constexpr auto as_tuple(const Spec<Options...>& spec) {
    return spec.all;
}
template <class... Options>
constexpr Spec<Options...> as_spec(const std::tuple<Options...>& all) {
    return {all};
}
}  // namespace detail

// Of options, and of specs that components share through a base struct, in this order.
template <class... Parts>
constexpr auto options(const Parts&... parts) {
    return detail::as_spec(std::tuple_cat(detail::as_tuple(parts)...));
}
template <class First, class Second>
constexpr auto joined(const First& first, const Second& second) {
    return options(first, second);
}

// ---- describing ----

std::string to_text(bool);
std::string to_text(std::int64_t);
std::string to_text(double);
std::string to_text(const std::string&);
std::string to_text(const Secret&);         // "***", or empty when there is none
std::string to_text(std::chrono::seconds);  // "90s", "15m", "2h", "1d"
std::string to_text(Bytes);                 // "64KiB"
template <Enumerated E>
std::string to_text(E value) {
    return std::string(EnumChoices<E>::list[static_cast<std::size_t>(value)].value);
}
template <OptionStruct O>
std::string to_text(const O&) {
    return {};
}
template <class T>
std::string to_text(const std::vector<T>& values);
template <class T>
std::string to_text(const std::optional<T>& value) {
    return value ? to_text(*value) : std::string();
}
template <class T>
std::string to_text(const std::vector<T>& values) {
    std::string out;
    for (const T& value : values) {
        out += (out.empty() ? "" : ", ") + to_text(value);
    }
    return out.empty() ? out : "[" + out + "]";
}

template <class T>
constexpr ValueKind value_kind() {
    if constexpr (std::is_same_v<T, bool>) {
        return ValueKind::Boolean;
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
        return ValueKind::Integer;
    } else if constexpr (std::is_same_v<T, double>) {
        return ValueKind::Number;
    } else if constexpr (std::is_same_v<T, std::string>) {
        return ValueKind::Text;
    } else if constexpr (std::is_same_v<T, Secret>) {
        return ValueKind::Secret;
    } else if constexpr (std::is_same_v<T, std::chrono::seconds>) {
        return ValueKind::Duration;
    } else if constexpr (std::is_same_v<T, Bytes>) {
        return ValueKind::Bytes;
    } else if constexpr (Enumerated<T>) {
        return ValueKind::Choice;
    } else {
        static_assert(OptionStruct<T>, "not a type that options may have; see the top of options.h");
        return ValueKind::Map;
    }
}

// Whether `key: null` means something: not given, or a choice of that name.
template <class T>
constexpr bool takes_null() {
    if constexpr (Enumerated<T>) {
        return std::any_of(EnumChoices<T>::list.begin(), EnumChoices<T>::list.end(),
                           [](const Choice& choice) { return choice.value == "null"; });
    } else {
        return Unwrapped<T>::is_optional;
    }
}

OptionInfo info_of(const Declaration&);

// Every option of a struct, with its defaults.
template <class O>
std::vector<OptionInfo> describe_options() {
    static_assert(O::spec.well_formed(), "names are snake_case and unique, help is a sentence, ranges are not empty");
    std::vector<OptionInfo> out;
    const O defaults{};
    O::spec.each([&](const auto& option) {
        using Member = std::remove_cvref_t<decltype(defaults.*option.member)>;
        using Value = typename Unwrapped<Member>::type;
        OptionInfo info = info_of(option);
        info.kind = value_kind<Value>();
        info.is_list = Unwrapped<Member>::is_list;
        info.is_nullable = takes_null<Member>();
        if (!info.is_required && info.kind != ValueKind::Secret) {
            info.default_text = to_text(defaults.*option.member);
        }
        if constexpr (Enumerated<Value>) {
            info.choices.assign(EnumChoices<Value>::list.begin(), EnumChoices<Value>::list.end());
        }
        if constexpr (OptionStruct<Value>) {
            info.options = describe_options<Value>();
        }
        out.push_back(std::move(info));
    });
    return out;
}

// ---- parsing ----

// One value on its way from a node into a member.
struct Reading {
    const Node& node;
    std::string path;
    Problems& problems;
    std::int64_t min = Declaration::lowest, max = Declaration::highest;

    // Adds a problem; for the tail of a function that answers "was it read?".
    bool fail(std::string message) const;
};

bool read_value(const Reading&, bool&);
bool read_value(const Reading&, std::int64_t&);
bool read_value(const Reading&, double&);
bool read_value(const Reading&, std::string&);
bool read_value(const Reading&, Secret&);
bool read_value(const Reading&, std::chrono::seconds&);
bool read_value(const Reading&, Bytes&);
std::optional<std::size_t> read_choice(const Reading&, std::span<const Choice>);

// The keys of one map against a spec: what is missing, what is unknown.
class MapReading {
public:
    // Keys in `used` are read by somebody else and known.
    MapReading(const Node& map, std::string_view path, Problems& problems, std::span<const std::string_view> used);

    // The value to read, or null when there is none; a required one that is missing is a problem.
    const Node* value_of(const Declaration&, bool null_is_a_value);
    Reading reading(const Declaration&, const Node& value) const;
    void tell_unknown_keys() const;
    bool is_clean() const { return problems_.size() == problems_before_; }

private:
    const Node& map_;
    std::string path_;
    Problems& problems_;
    std::size_t problems_before_;
    std::vector<std::string> known_;
};

template <class O>
O parse(const Node& map, std::string_view path, Problems& problems, std::span<const std::string_view> used);

template <Enumerated E>
bool read_value(const Reading& reading, E& out) {
    const std::optional<std::size_t> index = read_choice(reading, EnumChoices<E>::list);
    out = index ? static_cast<E>(*index) : out;
    return index.has_value();
}

template <OptionStruct O>
bool read_value(const Reading& reading, O& out) {
    const std::size_t before = reading.problems.size();
    out = parse<O>(reading.node, reading.path, reading.problems, {});
    return reading.problems.size() == before;
}

template <class T>
bool read_value(const Reading& reading, std::vector<T>& out);

template <class T>
bool read_value(const Reading& reading, std::optional<T>& out) {
    if (reading.node.is_null()) {
        out.reset();
        return true;
    }
    return read_value(reading, out.emplace());
}

template <class T>
bool read_value(const Reading& reading, std::vector<T>& out) {
    out.clear();
    if (!reading.node.is_sequence()) {
        return read_value(reading, out.emplace_back());
    }
    bool ok = true;
    for (const Node& item : reading.node.items()) {
        const std::string path = reading.path + "[" + std::to_string(out.size() + 1) + "]";
        ok = read_value(Reading{item, path, reading.problems, reading.min, reading.max}, out.emplace_back()) && ok;
    }
    return ok;
}

// Reads every option of `map` (null counts as an empty one), telling every problem rather than the
// first one; what could not be read keeps its default. `path` is where the map stands:
// "connections.partner". Keys in `used` are read by the caller.
template <class O>
O parse(const Node& map, std::string_view path, Problems& problems, std::span<const std::string_view> used) {
    static_assert(O::spec.well_formed(), "names are snake_case and unique, help is a sentence, ranges are not empty");
    O out{};
    MapReading keys(map, path, problems, used);
    O::spec.each([&](const auto& option) {
        using Member = std::remove_cvref_t<decltype(out.*option.member)>;
        const Node* value = keys.value_of(option, takes_null<Member>());
        if (value == nullptr) {
            return;
        }
        const Reading reading = keys.reading(option, *value);
        if (!read_value(reading, out.*option.member)) {
            out.*option.member = O{}.*option.member;
        } else if (option.checker != nullptr) {
            if (std::string wrong = option.checker(out.*option.member); !wrong.empty()) {
                reading.fail(std::move(wrong));
            }
        }
    });
    keys.tell_unknown_keys();
    if constexpr (requires { O::validate(out, problems); }) {
        if (keys.is_clean() && !map.is_incomplete()) {
            const Problems::Scope scope(problems, map, std::string(path));
            O::validate(out, problems);
        }
    }
    return out;
}

template <class O>
O parse(const Node& map, std::string_view path, Problems& problems, std::initializer_list<std::string_view> used = {}) {
    return parse<O>(map, path, problems, std::span(used.begin(), used.size()));
}

// A copy of `map` that may be shown: values of secret options become "***", so do those of unknown
// options unless `used` names them, and interpolated ones stand as in the file.
Node redacted(const Node& map, std::span<const OptionInfo> options, std::span<const std::string_view> used = {});

}  // namespace rowhaul
