// SPDX-License-Identifier: Apache-2.0
#include "data/schema.h"

namespace rowhaul {

std::string_view name_of(Type type) {
    switch (type) {
        case Type::Text:
            return "text";
        case Type::Integer:
            return "integer";
        case Type::Decimal:
            return "decimal";
        case Type::Float:
            return "float";
        case Type::Boolean:
            return "boolean";
        case Type::Date:
            return "date";
        case Type::Time:
            return "time";
        case Type::Timestamp:
            return "timestamp";
        case Type::TimestampZoned:
            return "timestamp_zoned";
        case Type::Bytes:
            return "bytes";
        case Type::Json:
            return "json";
    }
    return "text";
}

std::vector<std::string> names_of(const Schema& schema) {
    std::vector<std::string> names;
    for (const auto& column : schema) {
        names.push_back(column.name);
    }
    return names;
}

}  // namespace rowhaul
