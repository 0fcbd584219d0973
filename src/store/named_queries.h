// SPDX-License-Identifier: Apache-2.0
// SQL kept in .sql files: statements under lines "-- name: NAME".
#pragma once
#include <map>
#include <string>
#include <string_view>

namespace rowhaul {

class NamedQueries {
public:
    // `text` must outlive this.
    explicit NamedQueries(std::string_view text);
    // Internal when there is no query of that name: a bug.
    std::string_view sql(std::string_view name) const;

private:
    std::map<std::string_view, std::string_view, std::less<>> by_name_;
};

}  // namespace rowhaul
