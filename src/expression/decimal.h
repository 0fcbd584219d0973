// SPDX-License-Identifier: Apache-2.0
// Exact decimals that give the same digits as PostgreSQL's numeric: a coefficient of 128 bits with a
// scale, and arbitrary precision behind a pointer where that does not suffice.
#pragma once
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
