// SPDX-License-Identifier: Apache-2.0
#include "expression/vector.h"

namespace rowhaul {

std::string_view name_of(Failure failure) {
    switch (failure) {
        case Failure::InvalidInteger:
            return "invalid_integer";
        case Failure::InvalidDecimal:
            return "invalid_decimal";
        case Failure::InvalidFloat:
            return "invalid_float";
        case Failure::InvalidBoolean:
            return "invalid_boolean";
        case Failure::InvalidDate:
            return "invalid_date";
        case Failure::InvalidTime:
            return "invalid_time";
        case Failure::InvalidTimestamp:
            return "invalid_timestamp";
        case Failure::InvalidInterval:
            return "invalid_interval";
        case Failure::InvalidBytes:
            return "invalid_bytes";
        case Failure::NumberOutOfRange:
            return "number_out_of_range";
        case Failure::DateOutOfRange:
            return "date_out_of_range";
        case Failure::DivisionByZero:
            return "division_by_zero";
        case Failure::TextTooLong:
            return "text_too_long";
        case Failure::InvalidArgument:
            return "invalid_argument";
        case Failure::MissingValue:
            return "missing_value";
    }
    return "invalid_argument";
}

void* Vector::start(Kind kind, std::size_t value_size, std::size_t rows, std::size_t stride) {
    kind_ = kind;
    stride_ = stride;
    rows_ = stride == 0 ? 1 : rows;
    all_valid_ = true;
    failures_.clear();
    const auto needed = (rows_ * value_size + sizeof(Int128) - 1) / sizeof(Int128);
    if (storage_.size() < needed) {
        storage_.resize(needed);
    }
    data_ = storage_.data();
    return storage_.data();
}

void Vector::borrow(Kind kind, std::span<const Cell> cells) {
    kind_ = kind;
    stride_ = 1;
    rows_ = cells.size();
    all_valid_ = true;
    failures_.clear();
    data_ = cells.data();
    for (std::size_t row = 0; row < cells.size(); ++row) {
        if (cells[row].is_null()) {
            set_null(row);
        }
    }
}

namespace {

template <std::size_t size>
void keep_values(const std::byte* from, std::byte* to, std::span<const std::uint32_t> rows) {
    for (const auto row : rows) {
        // One may lie where the other does.
        std::array<std::byte, size> value;
        std::memcpy(value.data(), from + row * size, size);
        std::memcpy(to, value.data(), size);
        to += size;
    }
}

}  // namespace

void Vector::keep(std::span<const std::uint32_t> rows) {
    if (rows.size() == rows_) {
        return;
    }
    const auto size = value_size(kind_);
    const auto needed = (rows.size() * size + sizeof(Int128) - 1) / sizeof(Int128);
    if (storage_.size() < needed) {
        storage_.resize(needed);
    }
    const auto* const from = static_cast<const std::byte*>(data_);
    auto* const to = reinterpret_cast<std::byte*>(storage_.data());
    switch (size) {
        case 1:
            keep_values<1>(from, to, rows);
            break;
        case 4:
            keep_values<4>(from, to, rows);
            break;
        case 8:
            keep_values<8>(from, to, rows);
            break;
        case 16:
            keep_values<16>(from, to, rows);
            break;
        default:
            for (std::size_t i = 0; i < rows.size(); ++i) {
                std::memmove(to + i * size, from + rows[i] * size, size);
            }
    }
    data_ = to;
    rows_ = rows.size();
    if (all_valid_) {
        return;
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        states_[i] = states_[rows[i]];
        failure_indexes_[i] = failure_indexes_[rows[i]];
    }
}

void Vector::mix_states() {
    all_valid_ = false;
    states_.assign(rows_, State::Valid);
    failure_indexes_.resize(rows_);
}

void Vector::fail(std::size_t row, RowFailure failure) {
    if (state(row) == State::Failed) {
        return;
    }
    set(row, State::Failed);
    failure_indexes_[row * stride_] = static_cast<std::uint32_t>(failures_.size());
    failures_.push_back(failure);
}

void Vector::take_state(std::size_t row, const Vector& from, std::size_t from_row) {
    const auto state = from.state(from_row);
    if (state == State::Failed) {
        fail(row, from.failure(from_row));
    } else if (state == State::Null) {
        set_null(row);
    }
}

char* Row::large_room(std::size_t bytes) {
    if (bytes > longest_text) {
        fail(Failure::TextTooLong);
        return nullptr;
    }
    if (call_.rows > 1) {
        throw BatchTooLarge();
    }
    return arena().allocate(bytes);
}

std::size_t value_size(Kind kind) {
    switch (kind) {
        case Kind::Integer:
        case Kind::Time:
        case Kind::Timestamp:
        case Kind::TimestampZoned:
            return sizeof(std::int64_t);
        case Kind::Float:
            return sizeof(double);
        case Kind::Boolean:
            return sizeof(bool);
        case Kind::Date:
            return sizeof(Date);
        case Kind::Decimal:
            return sizeof(Decimal);
        case Kind::Interval:
            return sizeof(Interval);
        default:
            return sizeof(Cell);
    }
}

}  // namespace rowhaul
