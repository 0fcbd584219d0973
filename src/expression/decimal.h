// SPDX-License-Identifier: Apache-2.0
// Exact decimals that give the same digits as PostgreSQL's numeric: a coefficient of 128 bits with a
// scale, and arbitrary precision behind a pointer where that does not suffice.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace rowhaul {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

struct BigInteger;

struct Decimal {
    enum class Form : std::uint8_t { Finite, Big, NotANumber, Infinity, MinusInfinity };
    // Digits before the point, and after it.
    static constexpr std::int32_t most_digits = 1000;

    Int128 coefficient = 0;  // Finite: the value times 10^scale
    const BigInteger* big = nullptr;
    std::int32_t scale = 0;
    Form form = Form::Finite;

    bool is_finite() const { return form == Form::Finite || form == Form::Big; }
};

// Owns the coefficients beyond 128 bits of the decimals that were computed with it.
class DecimalPool {
public:
    DecimalPool();
    ~DecimalPool();
    DecimalPool(const DecimalPool&) = delete;
    DecimalPool& operator=(const DecimalPool&) = delete;
    const BigInteger* keep(BigInteger value);
    // Bytes in use, roughly.
    std::size_t used() const { return used_; }
    void clear();

private:
    std::deque<BigInteger> kept_;
    std::size_t used_ = 0;
};

inline constexpr std::array<std::int64_t, 19> small_powers = [] {
    std::array<std::int64_t, 19> all{};
    all[0] = 1;
    for (std::size_t i = 1; i < all.size(); ++i) {
        all[i] = all[i - 1] * 10;
    }
    return all;
}();

// Nearly all numbers in business data fit into 64 bits: what the processor does in one step then.
constexpr bool fits_64(Int128 value) {
    return value == static_cast<std::int64_t>(value);
}
// Two finite decimals of 64 bits, whose sum and product need no look at their size.
constexpr bool are_small(const Decimal& a, const Decimal& b) {
    return a.form == Decimal::Form::Finite && b.form == Decimal::Form::Finite && fits_64(a.coefficient) &&
           fits_64(b.coefficient);
}

// The plainest texts, a few digits with perhaps a sign and a point; false for all others.
inline bool parse_plain_decimal(std::string_view text, Decimal& value) {
    const auto size = text.size();
    if (size > 19 || size == 0) {
        return false;
    }
    const std::size_t first = text[0] == '-' ? 1 : 0;
    std::uint64_t digits = 0;
    std::size_t point = size;
    for (std::size_t at = first; at < size; ++at) {
        const auto digit = static_cast<unsigned>(text[at] - '0');
        if (digit <= 9) {
            digits = digits * 10 + digit;
        } else if (text[at] == '.' && point == size) {
            point = at;
        } else {
            return false;
        }
    }
    const bool has_point = point != size;
    if (size - first <= (has_point ? 1U : 0U)) {
        return false;
    }
    const auto coefficient = static_cast<Int128>(digits);
    value = {.coefficient = first == 1 ? -coefficient : coefficient,
             .scale = has_point ? static_cast<std::int32_t>(size - point - 1) : 0};
    return true;
}

// Nothing where the text is no number ("1.5", " 1e3 ", "NaN", "-Infinity"), or has too many digits.
std::optional<Decimal> parse_decimal(std::string_view text, DecimalPool&);
Decimal decimal_of(std::int64_t);
// With 15 significant digits, as PostgreSQL casts float8.
std::optional<Decimal> decimal_of(double, DecimalPool&);

// Nothing when the result has too many digits; the scale of each result is PostgreSQL's.
std::optional<Decimal> add(const Decimal&, const Decimal&, DecimalPool&);
std::optional<Decimal> subtract(const Decimal&, const Decimal&, DecimalPool&);
std::optional<Decimal> multiply(const Decimal&, const Decimal&, DecimalPool&);
// The divisor must not be zero.
std::optional<Decimal> divide(const Decimal&, const Decimal&, DecimalPool&);
std::optional<Decimal> remainder(const Decimal&, const Decimal&, DecimalPool&);
Decimal negated(const Decimal&, DecimalPool&);

enum class Rounding : std::uint8_t { HalfAway, TowardsZero, Up, Down };
// To exactly this scale; a negative one rounds before the point and leaves a scale of 0.
std::optional<Decimal> rounded(const Decimal&, std::int32_t scale, Rounding, DecimalPool&);

// NaN equals itself and is above everything.
int compare(const Decimal&, const Decimal&);
bool is_zero(const Decimal&);
int sign_of(const Decimal&);  // -1, 0, 1; of NaN 0

// Digits before the point; 0 for a value below one.
std::int32_t whole_digits(const Decimal&);
// Rounded half away from zero; nothing when it does not fit.
std::optional<std::int64_t> to_integer(const Decimal&);
double to_double(const Decimal&);
// As canonical text.
void append(const Decimal&, std::string& out);
// The same for one of Form::Finite: writes at most 1,045 bytes, returns how many.
std::size_t write_finite(const Decimal&, char* into);

}  // namespace rowhaul
