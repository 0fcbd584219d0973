// SPDX-License-Identifier: Apache-2.0
#include "options/options.h"

#include "base/near_miss.h"

#include <charconv>
#include <cmath>
#include <fmt/ranges.h>
#include <utility>

namespace rowhaul {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::array<Unit, 5> time_units{{{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}, {"", 1}}};
constexpr std::array<Unit, 10> size_units{{{"TiB", 1ULL << 40},
                                           {"TB", 1'000'000'000'000},
                                           {"GiB", 1ULL << 30},
                                           {"GB", 1'000'000'000},
                                           {"MiB", 1ULL << 20},
                                           {"MB", 1'000'000},
                                           {"KiB", 1ULL << 10},
                                           {"KB", 1'000},
                                           {"B", 1},
                                           {"", 1}}};

// What a message may show of a value: short, on one line, and nothing that came from outside.
std::string quoted(const Node& node) {
    std::string out = "\"";
    for (const char c : std::string_view(node.shown()).substr(0, 60)) {
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + (node.shown().size() > 60 ? "…\"" : "\"");
}

bool same_letters(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

// A number and one of these units, in units of 1; nothing when it is anything else or too large.
std::optional<std::uint64_t> amount(std::string_view text, std::span<const Unit> units) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end == text.data()) {
        return {};
    }
    std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
    for (const Unit& known : units) {
        if (same_letters(unit, known.name)) {
            constexpr auto most = static_cast<std::uint64_t>(Declaration::highest);
            return number > most / known.factor ? std::nullopt : std::optional(number * known.factor);
        }
    }
    return {};
}

std::string with_unit(std::uint64_t count, std::span<const Unit> units) {
    for (const Unit& unit : units) {
        if (count != 0 && count % unit.factor == 0) {
            return std::to_string(count / unit.factor) + std::string(unit.name);
        }
    }
    return {};
}

using ToText = std::string (*)(std::int64_t);

bool within(const Reading& reading, std::int64_t value, ToText text) {
    const bool has_low = reading.min != Declaration::lowest;
    const bool has_high = reading.max != Declaration::highest;
    if (value >= reading.min && value <= reading.max) {
        return true;
    }
    const std::string limits = has_low && has_high ? "between " + text(reading.min) + " and " + text(reading.max)
                               : has_low           ? "at least " + text(reading.min)
                                                   : "at most " + text(reading.max);
    return reading.fail(quoted(reading.node) + " is out of range; must be " + limits);
}

bool expect_scalar(const Reading& reading, std::string_view accepted) {
    if (reading.node.is_scalar()) {
        return true;
    }
    return reading.fail("must be " + std::string(accepted) + ", not " + std::string(name_of(reading.node.kind())));
}

bool wrong(const Reading& reading, std::string_view accepted) {
    return reading.fail(quoted(reading.node) + " is not " + std::string(accepted));
}

constexpr std::string_view duration_form = "a duration such as 90s, 15m, 2h or 1d";
constexpr std::string_view size_form = "a size such as 4096, 64KiB or 10MB";

std::string list_of(std::span<const Choice> choices) {
    std::string out;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        out += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + std::string(choices[i].value);
    }
    return out;
}

}  // namespace

std::string_view name_of(ValueKind kind) {
    static constexpr std::array<std::string_view, 9> names{"boolean",  "integer", "number", "text", "secret",
                                                           "duration", "size",    "choice", "map"};
    return names[static_cast<std::size_t>(kind)];
}

std::string to_text(bool value) {
    return value ? "true" : "false";
}

std::string to_text(std::int64_t value) {
    return std::to_string(value);
}

std::string to_text(double value) {
    std::array<char, 32> buffer{};
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return {buffer.data(), result.ptr};
}

std::string to_text(const std::string& value) {
    return value;
}

std::string to_text(const Secret& value) {
    return value.value.empty() ? "" : "***";
}

std::string to_text(std::chrono::seconds value) {
    return value.count() <= 0 ? std::to_string(value.count()) + "s"
                              : with_unit(static_cast<std::uint64_t>(value.count()), time_units);
}

std::string to_text(Bytes value) {
    static constexpr std::array<Unit, 5> binary{{size_units[0], size_units[2], size_units[4], size_units[6], {"", 1}}};
    return value.count == 0 ? "0" : with_unit(value.count, binary);
}

OptionInfo info_of(const Declaration& declaration) {
    OptionInfo info;
    info.name = declaration.name;
    info.help = declaration.help;
    info.is_required = declaration.is_required;
    info.is_advanced = declaration.is_advanced;
    info.example = declaration.example_text;
    if (declaration.min != Declaration::lowest) {
        info.min = declaration.min;
    }
    if (declaration.max != Declaration::highest) {
        info.max = declaration.max;
    }
    return info;
}

bool Reading::fail(std::string message) const {
    if (!node.is_broken()) {
        problems.add(node.position(), path, std::move(message));
    }
    return false;
}

bool read_value(const Reading& reading, bool& out) {
    if (!expect_scalar(reading, "true or false")) {
        return false;
    }
    out = reading.node.text() == "true";
    return out || reading.node.text() == "false" || wrong(reading, "true or false");
}

bool read_value(const Reading& reading, std::int64_t& out) {
    if (!expect_scalar(reading, "a whole number")) {
        return false;
    }
    std::string_view text = reading.node.text();
    text.remove_prefix(text.starts_with('+') ? 1 : 0);
    const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size() || (digits.size() > 1 && digits.front() == '0')) {
        return wrong(reading, "a whole number");
    }
    return within(reading, out, [](std::int64_t value) { return std::to_string(value); });
}

bool read_value(const Reading& reading, double& out) {
    if (!expect_scalar(reading, "a number")) {
        return false;
    }
    const std::string& text = reading.node.text();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(out)) {
        return wrong(reading, "a number");
    }
    if (out < static_cast<double>(reading.min) || out > static_cast<double>(reading.max)) {
        return within(reading, out < static_cast<double>(reading.min) ? reading.min - 1 : reading.max + 1,
                      [](std::int64_t value) { return std::to_string(value); });
    }
    return true;
}

bool read_value(const Reading& reading, std::string& out) {
    if (!expect_scalar(reading, "text")) {
        return false;
    }
    if (reading.node.text().find('\0') != std::string::npos) {
        return reading.fail("must not contain a zero byte");
    }
    out = reading.node.text();
    return true;
}

bool read_value(const Reading& reading, Secret& out) {
    return read_value(reading, out.value);
}

bool read_value(const Reading& reading, std::chrono::seconds& out) {
    if (!expect_scalar(reading, duration_form)) {
        return false;
    }
    const auto count = amount(reading.node.text(), time_units);
    if (!count) {
        return wrong(reading, duration_form);
    }
    out = std::chrono::seconds(static_cast<std::int64_t>(*count));
    return within(reading, out.count(), [](std::int64_t value) { return to_text(std::chrono::seconds(value)); });
}

bool read_value(const Reading& reading, Bytes& out) {
    if (!expect_scalar(reading, size_form)) {
        return false;
    }
    const auto count = amount(reading.node.text(), size_units);
    if (!count) {
        return wrong(reading, size_form);
    }
    out.count = *count;
    return within(reading, static_cast<std::int64_t>(*count),
                  [](std::int64_t value) { return to_text(Bytes{static_cast<std::uint64_t>(value)}); });
}

std::optional<std::size_t> read_choice(const Reading& reading, std::span<const Choice> choices) {
    const bool is_null = reading.node.is_null();
    if (!is_null && !expect_scalar(reading, "one of " + list_of(choices))) {
        return {};
    }
    const std::string_view text = is_null ? std::string_view("null") : reading.node.text();
    std::vector<std::string> values;
    for (const Choice& choice : choices) {
        if (choice.value == text) {
            return values.size();
        }
        values.emplace_back(choice.value);
    }
    const std::string near = reading.node.is_tainted() ? "" : did_you_mean(reading.node.text(), values);
    reading.fail(quoted(reading.node) + " is none of " + list_of(choices) + near);
    return {};
}

MapReading::MapReading(const Node& map, std::string_view path, Problems& problems,
                       std::span<const std::string_view> used)
    : map_(map), path_(path), problems_(problems), problems_before_(problems.size()), known_(used.begin(), used.end()) {
    if (!map.is_map() && !map.is_null() && !map.is_broken()) {
        problems.add(map.position(), path_, "must be a map of options, not " + std::string(name_of(map.kind())));
    }
}

const Node* MapReading::value_of(const Declaration& option, bool null_is_a_value) {
    known_.emplace_back(option.name);
    if (!map_.is_map() && !map_.is_null()) {
        return nullptr;
    }
    const Node* value = map_.find(option.name);
    const std::string path = option_path(path_, option.name);
    if (value == nullptr) {
        if (option.is_required) {
            problems_.add(map_.position(), path, "is required: " + std::string(option.help));
        }
        return nullptr;
    }
    if (value->is_null() && !null_is_a_value) {
        problems_.add(value->position(), path, "has no value; give one or remove the key");
        return nullptr;
    }
    if (option.is_required && value->is_scalar() && value->text().empty() && !value->is_broken()) {
        problems_.add(value->position(), path,
                      value->is_tainted() ? value->shown() + " is empty" : std::string("must not be empty"));
        return nullptr;
    }
    return value->is_broken() ? nullptr : value;
}

Reading MapReading::reading(const Declaration& option, const Node& value) const {
    return {value, option_path(path_, option.name), problems_, option.min, option.max};
}

void MapReading::tell_unknown_keys() const {
    for (const Node::Entry& entry : map_.entries()) {
        if (std::find(known_.begin(), known_.end(), entry.key) == known_.end()) {
            const auto meant = did_you_mean(entry.key, known_);
            problems_.add(
                entry.position, option_path(path_, entry.key),
                "unknown option" + (meant.empty() ? fmt::format("; there are: {}", fmt::join(known_, ", ")) : meant));
        }
    }
}

namespace {

Node redacted_value(const Node& value, const OptionInfo* option) {
    const bool is_secret = option == nullptr || option->kind == ValueKind::Secret;
    if (value.is_scalar()) {
        if (value.is_tainted()) {
            return Node::scalar(value.shown(), value.position(), Node::Style::Quoted);
        }
        return is_secret && !value.text().empty() ? Node::scalar("***", value.position(), Node::Style::Quoted) : value;
    }
    if (value.is_map()) {
        return redacted(value, option == nullptr ? std::span<const OptionInfo>() : option->options);
    }
    Node out = Node::null(value.position());
    if (value.is_sequence()) {
        out = Node::sequence(value.position());
        for (const Node& item : value.items()) {
            out.items().push_back(redacted_value(item, option));
        }
    }
    return out;
}

}  // namespace

Node redacted(const Node& map, std::span<const OptionInfo> options, std::span<const std::string_view> used) {
    if (!map.is_map()) {
        return redacted_value(map, nullptr);
    }
    Node out = Node::map(map.position());
    for (const Node::Entry& entry : map.entries()) {
        if (std::find(used.begin(), used.end(), entry.key) != used.end()) {
            out.set(entry.key, entry.value, entry.position);
            continue;
        }
        const auto found = std::find_if(options.begin(), options.end(),
                                        [&](const OptionInfo& info) { return info.name == entry.key; });
        out.set(entry.key, redacted_value(entry.value, found == options.end() ? nullptr : &*found), entry.position);
    }
    return out;
}

}  // namespace rowhaul
