// SPDX-License-Identifier: Apache-2.0
#include "database/column_choice.h"

#include "base/error.h"
#include "base/near_miss.h"

#include <algorithm>
#include <numeric>

namespace rowhaul {

std::vector<std::size_t> choose_columns(const Schema& offered, const std::vector<std::string>& wanted,
                                        std::string_view object) {
    std::vector<std::size_t> places(wanted.empty() ? offered.size() : 0);
    std::iota(places.begin(), places.end(), 0);
    for (const auto& name : wanted) {
        const auto bears_name = [&](const Column& column) { return column.name == name; };
        const auto found = std::find_if(offered.begin(), offered.end(), bears_name);
        if (found == offered.end()) {
            std::vector<std::string> names;
            for (const auto& column : offered) {
                names.push_back(column.name);
            }
            throw Error(ErrorKind::NotFound,
                        std::string(object) + " has no column \"" + name + "\"" + did_you_mean(name, names));
        }
        if (std::find_if(found + 1, offered.end(), bears_name) != offered.end()) {
            throw Error(ErrorKind::Invalid, std::string(object) + " has more than one column \"" + name + "\"")
                .advise("Give the columns of the query different names with AS.");
        }
        places.push_back(static_cast<std::size_t>(found - offered.begin()));
    }
    return places;
}

Schema columns_at(const Schema& offered, const std::vector<std::size_t>& places) {
    Schema chosen;
    chosen.reserve(places.size());
    for (const auto place : places) {
        chosen.push_back(offered[place]);
    }
    return chosen;
}

}  // namespace rowhaul
