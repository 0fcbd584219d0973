// SPDX-License-Identifier: Apache-2.0
// The types of connections and formats that this program knows. app/components.cc fills it, one line
// a component; everything else finds components by the names people write in rowhaul.yaml.
#pragma once
#include "connector/connection.h"
#include "database/database.h"
#include "format/format.h"
#include "options/component.h"
#include "transport/publishing.h"
#include "transport/retry.h"
#include "transport/transport.h"

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rowhaul {

struct TransportType {
    struct Parsed {
        std::function<std::unique_ptr<Transport>()> make;
        PublishingOptions publishing;
    };
    ComponentInfo info;
    std::function<Parsed(const Node&, std::string_view path, Problems&)> parse;
};

struct DatabaseType {
    ComponentInfo info;
    std::function<std::function<std::unique_ptr<Database>()>(const Node&, std::string_view path, Problems&)> parse;
};

struct FormatType {
    ComponentInfo info;
    std::vector<std::string> presets;  // names that stand for the type with `preset`
    // Null when it told problems.
    std::function<std::unique_ptr<Format>(const Node&, std::string_view path, Problems&)> parse;
};

class Catalog {
public:
    template <class T>
    void add_transport();
    template <class T>
    void add_database();
    template <class T>
    void add_format();
    void add(TransportType added) { transports_.push_back(std::move(added)); }
    void add(DatabaseType added) { databases_.push_back(std::move(added)); }
    void add(FormatType added) { formats_.push_back(std::move(added)); }
    // How often, and how patiently, connections to files try again.
    void retry(const RetryOptions& retries) { retries_ = retries; }

    const std::vector<TransportType>& transports() const { return transports_; }
    const std::vector<DatabaseType>& databases() const { return databases_; }
    const std::vector<FormatType>& formats() const { return formats_; }
    const RetryOptions& retries() const { return retries_; }

    // Reads one connection of the configuration; null when it told problems. `catalog` must outlive it.
    std::unique_ptr<Connection> connection(const Node& section, std::string_view path, Problems&) const;
    // Reads `format`: a type, a preset, or a map with `type`; null means the first format.
    std::unique_ptr<Format> format(const Node* section, std::string_view path, Problems&) const;

private:
    std::vector<std::string> connection_types() const;

    std::vector<TransportType> transports_;
    std::vector<DatabaseType> databases_;
    std::vector<FormatType> formats_;
    RetryOptions retries_;
};

// Keys that are not a component's own options.
inline constexpr std::array<std::string_view, 1> connection_keys{"type"};
inline constexpr std::array<std::string_view, 1> format_keys{"type"};

template <class T>
void Catalog::add_transport() {
    add(TransportType{describe<T>(), [](const Node& section, std::string_view path, Problems& problems) {
                          auto options = parse<typename T::Options>(section, path, problems, connection_keys);
                          const PublishingOptions& publishing = options;
                          return TransportType::Parsed{[options] { return std::make_unique<T>(options); }, publishing};
                      }});
}

template <class T>
void Catalog::add_database() {
    add(DatabaseType{describe<T>(), [](const Node& section, std::string_view path, Problems& problems) {
                         auto options = parse<typename T::Options>(section, path, problems, connection_keys);
                         return [options]() -> std::unique_ptr<Database> { return std::make_unique<T>(options); };
                     }});
}

// What a constructor refuses becomes a problem of the section that it was made from.
template <class Make>
auto made_or_told(const Node& section, std::string_view path, Problems& problems, Make make) -> decltype(make()) {
    try {
        return make();
    } catch (const Error& error) {
        problems.add(section.position(), std::string(path), error.what());
        return nullptr;
    }
}

template <class T>
void Catalog::add_format() {
    FormatType added{describe<T>(), {}, [](const Node& section, std::string_view path, Problems& problems) {
                         const auto before = problems.size();
                         auto options = parse<typename T::Options>(section, path, problems, format_keys);
                         return made_or_told(section, path, problems, [&]() -> std::unique_ptr<Format> {
                             return problems.size() == before ? std::make_unique<T>(options) : nullptr;
                         });
                     }};
    for (const auto& option : added.info.options) {
        if (option.name == "preset") {
            for (const auto& choice : option.choices) {
                added.presets.emplace_back(choice.value);
            }
        }
    }
    add(std::move(added));
}

}  // namespace rowhaul
