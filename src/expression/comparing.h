// SPDX-License-Identifier: Apache-2.0
// The order of values of one kind, as PostgreSQL has it.
#pragma once
#include "expression/vector.h"

#include <cmath>
#include <cstdlib>
#include <type_traits>

namespace rowhaul {

inline int order(const Cell& a, const Cell& b) {
    return a.text().compare(b.text());
}
inline int order(const Decimal& a, const Decimal& b) {
    const auto difference = static_cast<std::size_t>(std::abs(a.scale - b.scale));
    if (are_small(a, b) && difference < small_powers.size()) {
        const auto first = a.coefficient * (a.scale < b.scale ? small_powers[difference] : 1);
        const auto second = b.coefficient * (b.scale < a.scale ? small_powers[difference] : 1);
        return first < second ? -1 : first > second ? 1 : 0;
    }
    return compare(a, b);
}
// NaN equals itself and is above everything.
inline int order(double a, double b) {
    if (std::isnan(a) || std::isnan(b)) {
        return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
    }
    return a < b ? -1 : a > b ? 1 : 0;
}
inline int order(const Interval& a, const Interval& b) {
    const auto first = comparable(a);
    const auto second = comparable(b);
    return first < second ? -1 : first > second ? 1 : 0;
}
template <class T>
requires std::is_integral_v<T>
int order(T a, T b) {
    return a < b ? -1 : a > b ? 1 : 0;
}
inline int order(Date a, Date b) {
    return order(a.days, b.days);
}

template <class T>
bool are_equal(const T& a, const T& b) {
    if constexpr (std::is_same_v<T, Cell>) {
        return a.text() == b.text();
    } else {
        return order(a, b) == 0;
    }
}

// Calls `work` with the type that vectors of this kind hold. Times and timestamps are their
// microseconds.
template <class Work>
void with_held_type(Kind kind, Work&& work) {
    switch (kind) {
        case Kind::Integer:
        case Kind::Time:
        case Kind::Timestamp:
        case Kind::TimestampZoned:
            return work(std::type_identity<std::int64_t>());
        case Kind::Decimal:
            return work(std::type_identity<Decimal>());
        case Kind::Float:
            return work(std::type_identity<double>());
        case Kind::Boolean:
            return work(std::type_identity<bool>());
        case Kind::Date:
            return work(std::type_identity<Date>());
        case Kind::Interval:
            return work(std::type_identity<Interval>());
        default:
            return work(std::type_identity<Cell>());
    }
}

}  // namespace rowhaul
