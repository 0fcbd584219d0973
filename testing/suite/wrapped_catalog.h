// SPDX-License-Identifier: Apache-2.0
// The program's components in a coat of a test's own.
#pragma once
#include "connector/catalog.h"

#include <functional>
#include <memory>
#include <utility>

namespace rowhaul::testing {

// `plain` with `wrap` around every transport, inside of the retries.
inline Catalog with_transports(const Catalog& plain,
                               const std::function<std::unique_ptr<Transport>(std::unique_ptr<Transport>)>& wrap) {
    Catalog catalog;
    for (auto transport : plain.transports()) {
        transport.parse = [parse = transport.parse, wrap](const Node& section, std::string_view path,
                                                          Problems& problems) {
            auto parsed = parse(section, path, problems);
            parsed.make = [make = parsed.make, wrap] { return wrap(make()); };
            return parsed;
        };
        catalog.add(std::move(transport));
    }
    for (const auto& database : plain.databases()) {
        catalog.add(database);
    }
    for (const auto& format : plain.formats()) {
        catalog.add(format);
    }
    catalog.retry(plain.retries());
    return catalog;
}

// `plain` with `wrap` around every database.
inline Catalog with_databases(const Catalog& plain,
                              const std::function<std::unique_ptr<Database>(std::unique_ptr<Database>)>& wrap) {
    Catalog catalog;
    for (const auto& transport : plain.transports()) {
        catalog.add(transport);
    }
    for (auto database : plain.databases()) {
        database.parse = [parse = database.parse, wrap](const Node& section, std::string_view path,
                                                        Problems& problems) {
            return [make = parse(section, path, problems), wrap] { return wrap(make()); };
        };
        catalog.add(std::move(database));
    }
    for (const auto& format : plain.formats()) {
        catalog.add(format);
    }
    catalog.retry(plain.retries());
    return catalog;
}

}  // namespace rowhaul::testing
