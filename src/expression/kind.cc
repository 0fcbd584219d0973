// SPDX-License-Identifier: Apache-2.0
#include "expression/kind.h"

namespace rowhaul {

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::Unknown:
            return "unknown";
        case Kind::Any:
            return "any";
        case Kind::Text:
            return "text";
        case Kind::Integer:
            return "integer";
        case Kind::Decimal:
            return "decimal";
        case Kind::Float:
            return "float";
        case Kind::Boolean:
            return "boolean";
        case Kind::Date:
            return "date";
        case Kind::Time:
            return "time";
        case Kind::Timestamp:
            return "timestamp";
        case Kind::TimestampZoned:
            return "timestamp with time zone";
        case Kind::Interval:
            return "interval";
        case Kind::Bytes:
            return "bytes";
        case Kind::Json:
            return "json";
    }
    return "unknown";
}

Kind kind_of(Type type) {
    switch (type) {
        case Type::Text:
            return Kind::Text;
        case Type::Integer:
            return Kind::Integer;
        case Type::Decimal:
            return Kind::Decimal;
        case Type::Float:
            return Kind::Float;
        case Type::Boolean:
            return Kind::Boolean;
        case Type::Date:
            return Kind::Date;
        case Type::Time:
            return Kind::Time;
        case Type::Timestamp:
            return Kind::Timestamp;
        case Type::TimestampZoned:
            return Kind::TimestampZoned;
        case Type::Bytes:
            return Kind::Bytes;
        case Type::Json:
            return Kind::Json;
    }
    return Kind::Text;
}

Type type_of(Kind kind) {
    switch (kind) {
        case Kind::Integer:
            return Type::Integer;
        case Kind::Decimal:
            return Type::Decimal;
        case Kind::Float:
            return Type::Float;
        case Kind::Boolean:
            return Type::Boolean;
        case Kind::Date:
            return Type::Date;
        case Kind::Time:
            return Type::Time;
        case Kind::Timestamp:
            return Type::Timestamp;
        case Kind::TimestampZoned:
            return Type::TimestampZoned;
        case Kind::Bytes:
            return Type::Bytes;
        case Kind::Json:
            return Type::Json;
        default:
            return Type::Text;
    }
}

}  // namespace rowhaul
