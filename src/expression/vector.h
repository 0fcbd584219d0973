// SPDX-License-Identifier: Apache-2.0
// Columns of values in the making, and the kernels that compute one from others.
#pragma once
#include "data/batch.h"
#include "expression/calendar.h"
#include "expression/decimal.h"
#include "expression/kind.h"
#include "expression/zone.h"

#include <algorithm>
#include <any>
#include <array>
#include <cstring>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rowhaul {

// Why a row has no value here; each is a stable reason of a reject.
enum class Failure : std::uint8_t {
    InvalidInteger,
    InvalidDecimal,
    InvalidFloat,
    InvalidBoolean,
    InvalidDate,
    InvalidTime,
    InvalidTimestamp,
    InvalidInterval,
    InvalidBytes,
    NumberOutOfRange,
    DateOutOfRange,
    DivisionByZero,
    TextTooLong,
    InvalidArgument,
    MissingValue
};
std::string_view name_of(Failure failure);  // "invalid_integer", ...

// What happened in one row, with the value that is to blame. Lives as long as the batch's values.
struct RowFailure {
    Failure failure = Failure::InvalidArgument;
    std::string_view value;
    std::string_view detail;  // may be empty
};

// An error is a state of a value: it counts only where the value is asked for, so that
// `case when x <> 0 then 1 / x end` never fails.
enum class State : std::uint8_t { Valid, Null, Failed };

class Vector {
public:
    Kind kind() const { return kind_; }
    // One value for every row, or one that stands for all.
    std::size_t stride() const { return stride_; }
    bool all_valid() const { return all_valid_; }
    bool has_failures() const { return !failures_.empty(); }
    State state(std::size_t row) const { return all_valid_ ? State::Valid : states_[row * stride_]; }
    const RowFailure& failure(std::size_t row) const { return failures_[failure_indexes_[row * stride_]]; }

    template <class T>
    const T* values() const {
        return reinterpret_cast<const T*>(data_);
    }
    template <class T>
    const T& at(std::size_t row) const {
        return values<T>()[row * stride_];
    }

    // Room for `rows` values, all valid so far.
    template <class T>
    T* start(Kind kind, std::size_t rows, std::size_t stride) {
        static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 16);
        return static_cast<T*>(start(kind, sizeof(T), rows, stride));
    }
    void* start(Kind kind, std::size_t value_size, std::size_t rows, std::size_t stride);
    // Takes the values of a column where they are.
    void borrow(Kind kind, std::span<const Cell> cells);
    // Of values that each stand for one row, leaves those of these rows, which ascend.
    void keep(std::span<const std::uint32_t> rows);
    void set_null(std::size_t row) { set(row, State::Null); }
    void fail(std::size_t row, RowFailure failure);
    // The state of another vector's row, and its failure.
    void take_state(std::size_t row, const Vector& from, std::size_t from_row);

private:
    void set(std::size_t row, State state) {
        if (all_valid_) {
            mix_states();
        }
        states_[row * stride_] = state;
    }
    void mix_states();

    Kind kind_ = Kind::Unknown;
    bool all_valid_ = true;
    std::size_t stride_ = 1;
    std::size_t rows_ = 0;
    const void* data_ = nullptr;
    std::vector<Int128> storage_;  // for its alignment
    std::vector<State> states_;
    std::vector<std::uint32_t> failure_indexes_;
    std::vector<RowFailure> failures_;
};

// What holds for a whole run: no function looks at a clock.
struct RunFacts {
    Timestamp now_utc;
    std::string zone = "UTC";
};

// Memory and facts that kernels work with; one batch at a time.
struct Workspace {
    explicit Workspace(const RunFacts& facts) : now_utc(facts.now_utc), zone(facts.zone) {}

    Arena* arena = nullptr;  // of whoever takes the results
    DecimalPool decimals;
    Timestamp now_utc;
    Zone zone;
    std::string scratch;

    std::size_t used() const { return arena->used() + decimals.used(); }
};

// Thrown when the texts of some rows together take more than a batch may; fewer at a time will do.
struct BatchTooLarge {};

// Text in the making never exceeds this, whatever a formula says.
inline constexpr std::size_t longest_text = 16 * 1024 * 1024;
inline constexpr std::size_t most_bytes_at_once = 8 * 1024 * 1024;

// One computation over all rows. `memory` is the node's own from batch to batch: a compiled pattern.
struct Call {
    std::span<const Vector* const> arguments;
    Vector& out;
    Kind result;
    std::size_t rows;
    std::size_t stride;
    Workspace& work;
    std::any& memory;
};
using Kernel = void (*)(Call&);

// What a function of one row works with.
class Row {
public:
    explicit Row(Call& call) : call_(call) {}

    Arena& arena() { return *call_.work.arena; }
    DecimalPool& decimals() { return call_.work.decimals; }
    Timestamp now_utc() const { return call_.work.now_utc; }
    Zone& zone() { return call_.work.zone; }
    std::string& scratch() {
        call_.work.scratch.clear();
        return call_.work.scratch;
    }
    template <class T>
    T& memory() {
        if (!call_.memory.has_value()) {
            call_.memory.emplace<T>();
        }
        return *std::any_cast<T>(&call_.memory);
    }
    // Room for a text; empty, with a failure, when it is too long.
    char* room(std::size_t bytes) {
        if (bytes > longest_text || call_.work.used() + bytes > most_bytes_at_once) [[unlikely]] {
            return large_room(bytes);
        }
        return arena().allocate(bytes);
    }
    std::string_view copy(std::string_view text) {
        if (text.empty()) {
            return "";
        }
        char* at = room(text.size());
        if (at == nullptr) {
            return "";
        }
        return {static_cast<char*>(std::memcpy(at, text.data(), text.size())), text.size()};
    }
    void fail(Failure failure, std::string_view value = {}, std::string_view detail = {}) {
        call_.out.fail(row_, {failure, value, detail});
    }
    void move_to(std::size_t row) { row_ = row; }

private:
    char* large_room(std::size_t bytes);

    Call& call_;
    std::size_t row_ = 0;
};

// ---- kernels from functions of one row ----

template <class T>
struct KindOf;
template <>
struct KindOf<std::string_view> : std::integral_constant<Kind, Kind::Text> {};
template <>
struct KindOf<std::int64_t> : std::integral_constant<Kind, Kind::Integer> {};
template <>
struct KindOf<Decimal> : std::integral_constant<Kind, Kind::Decimal> {};
template <>
struct KindOf<double> : std::integral_constant<Kind, Kind::Float> {};
template <>
struct KindOf<bool> : std::integral_constant<Kind, Kind::Boolean> {};
template <>
struct KindOf<Date> : std::integral_constant<Kind, Kind::Date> {};
template <>
struct KindOf<TimeOfDay> : std::integral_constant<Kind, Kind::Time> {};
template <>
struct KindOf<Timestamp> : std::integral_constant<Kind, Kind::Timestamp> {};
template <>
struct KindOf<ZonedTimestamp> : std::integral_constant<Kind, Kind::TimestampZoned> {};
template <>
struct KindOf<Interval> : std::integral_constant<Kind, Kind::Interval> {};
template <>
struct KindOf<HexBytes> : std::integral_constant<Kind, Kind::Bytes> {};
template <>
struct KindOf<JsonText> : std::integral_constant<Kind, Kind::Json> {};
template <class T>
struct KindOf<std::optional<T>> : KindOf<T> {};

// Texts are held as cells.
template <class T>
struct Stored {
    using type = T;
    static const T& read(const T& value) { return value; }
    static T write(const T& value) { return value; }
};
template <>
struct Stored<std::string_view> {
    using type = Cell;
    static std::string_view read(const Cell& cell) { return cell.text(); }
    static Cell write(std::string_view text) { return text; }
};
template <>
struct Stored<HexBytes> {
    using type = Cell;
    static HexBytes read(const Cell& cell) { return {cell.text()}; }
    static Cell write(const HexBytes& bytes) { return bytes.digits; }
};
template <>
struct Stored<JsonText> {
    using type = Cell;
    static JsonText read(const Cell& cell) { return {cell.text()}; }
    static Cell write(const JsonText& json) { return json.text; }
};

template <class T>
struct Unoptional {
    using type = T;
};
template <class T>
struct Unoptional<std::optional<T>> {
    using type = T;
};

// A kernel that is NULL where an argument is, failed where one failed, and what F says elsewhere.
// F(Row&, A...) may return an optional, empty for NULL, and call row.fail().
template <auto F>
struct Strict;

template <class R, class... A, R (*F)(Row&, A...)>
struct Strict<F> {
    static constexpr std::array<Kind, sizeof...(A)> arguments{KindOf<std::remove_cvref_t<A>>::value...};
    static constexpr Kind result = KindOf<R>::value;
    using Value = typename Unoptional<R>::type;
    using Held = typename Stored<Value>::type;

    static void run(Call& call) { run(call, std::index_sequence_for<A...>()); }

private:
    template <std::size_t... I>
    static void run(Call& call, std::index_sequence<I...>) {
        Held* out = call.out.start<Held>(call.result, call.rows, call.stride);
        Row row(call);
        const bool all_valid = (true && ... && call.arguments[I]->all_valid());
        const std::size_t count = call.stride == 0 ? 1 : call.rows;
        for (std::size_t i = 0; i < count; ++i) {
            row.move_to(i);
            if (!all_valid && !are_valid(call, i)) {
                out[i] = Held{};
                continue;
            }
            if constexpr (std::is_same_v<R, Held>) {
                // Made in its place: a value put together elsewhere and copied stalls the processor.
                ::new (static_cast<void*>(out + i)) Held(
                    F(row, Stored<std::remove_cvref_t<A>>::read(
                               call.arguments[I]->template at<typename Stored<std::remove_cvref_t<A>>::type>(i))...));
            } else if constexpr (std::is_same_v<R, Value>) {
                out[i] = Stored<Value>::write(
                    F(row, Stored<std::remove_cvref_t<A>>::read(
                               call.arguments[I]->template at<typename Stored<std::remove_cvref_t<A>>::type>(i))...));
            } else {
                const auto value =
                    F(row, Stored<std::remove_cvref_t<A>>::read(
                               call.arguments[I]->template at<typename Stored<std::remove_cvref_t<A>>::type>(i))...);
                if (value) {
                    out[i] = Stored<Value>::write(*value);
                } else {
                    out[i] = Held{};
                    if (call.out.state(i) == State::Valid) {
                        call.out.set_null(i);
                    }
                }
            }
        }
    }
    // Takes over NULL or a failure; failures come first, the leftmost of them.
    static bool are_valid(Call& call, std::size_t row) {
        bool valid = true;
        for (const auto* argument : call.arguments) {
            const auto state = argument->state(row);
            if (state == State::Failed) {
                call.out.take_state(row, *argument, row);
                return false;
            }
            valid = valid && state == State::Valid;
        }
        if (!valid) {
            call.out.set_null(row);
        }
        return valid;
    }
};

// How many bytes one value of a kind takes in a vector.
std::size_t value_size(Kind kind);

}  // namespace rowhaul
