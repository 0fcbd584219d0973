// SPDX-License-Identifier: Apache-2.0
#include "database/mysql_rows.h"

#include "base/error.h"
#include "data/number_text.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

namespace rowhaul {

namespace {

static_assert(std::endian::native == std::endian::little, "the wire format is little-endian");

constexpr unsigned binary_charset = 63;
constexpr unsigned longest_character = 4;  // bytes, in utf8mb4
constexpr unsigned most_fraction_digits = 6;

[[noreturn]] void malformed() {
    throw Error(ErrorKind::Unavailable, "mysql: the server sent a row that does not fit its columns");
}

template <class T>
T load(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

constexpr auto two_digits = [] {
    std::array<char, 200> digits{};
    for (std::size_t i = 0; i < 100; ++i) {
        digits[2 * i] = static_cast<char>('0' + i / 10);
        digits[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return digits;
}();

// `value` must be below 100.
char* put_two(char* at, unsigned value) {
    std::memcpy(at, &two_digits[std::size_t{2} * value], 2);
    return at + 2;
}

char* put_clock(char* at, unsigned minute, unsigned second) {
    *at++ = ':';
    at = put_two(at, minute);
    *at++ = ':';
    return put_two(at, second);
}

char* put_fraction(char* at, unsigned microseconds, unsigned digits) {
    if (digits == 0) {
        return at;
    }
    *at++ = '.';
    char all[most_fraction_digits];
    put_two(all, microseconds / 10000);
    put_two(all + 2, microseconds / 100 % 100);
    put_two(all + 4, microseconds % 100);
    return std::copy_n(all, digits, at);
}

unsigned days_in(unsigned year, unsigned month) {
    constexpr std::array<std::uint8_t, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

std::string_view attribute(const MYSQL_FIELD& field, mariadb_field_attr_t which) {
    MARIADB_CONST_STRING text{};
    if (::mariadb_field_attr(&text, &field, which) != 0 || text.str == nullptr) {
        return {};
    }
    return {text.str, text.length};
}

bool is_date(enum_field_types type) {
    return type == MYSQL_TYPE_DATE || type == MYSQL_TYPE_NEWDATE || type == MYSQL_TYPE_DATETIME ||
           type == MYSQL_TYPE_TIMESTAMP;
}

bool is_json(const MYSQL_FIELD& field) {
    return field.type == MYSQL_TYPE_JSON || attribute(field, MARIADB_FIELD_ATTR_FORMAT_NAME) == "json";
}

Type type_of(const MYSQL_FIELD& field) {
    switch (field.type) {
        case MYSQL_TYPE_TINY:
        case MYSQL_TYPE_SHORT:
        case MYSQL_TYPE_YEAR:
        case MYSQL_TYPE_LONG:
        case MYSQL_TYPE_INT24:
        case MYSQL_TYPE_LONGLONG:
        case MYSQL_TYPE_BIT:
            return Type::Integer;
        case MYSQL_TYPE_DECIMAL:
        case MYSQL_TYPE_NEWDECIMAL:
            return Type::Decimal;
        case MYSQL_TYPE_FLOAT:
        case MYSQL_TYPE_DOUBLE:
            return Type::Float;
        case MYSQL_TYPE_DATE:
        case MYSQL_TYPE_NEWDATE:
            return Type::Date;
        case MYSQL_TYPE_TIME:
            return Type::Time;
        case MYSQL_TYPE_DATETIME:
            return Type::Timestamp;
        case MYSQL_TYPE_TIMESTAMP:
            return Type::TimestampZoned;
        case MYSQL_TYPE_GEOMETRY:
            return Type::Bytes;
        case MYSQL_TYPE_NULL:
            return Type::Text;
        default:
            break;
    }
    if (is_json(field)) {
        return Type::Json;
    }
    return field.charsetnr == binary_charset ? Type::Bytes : Type::Text;
}

std::string text_type_name(const MYSQL_FIELD& field) {
    const bool bytes = field.charsetnr == binary_charset;
    if ((field.flags & ENUM_FLAG) != 0) {
        return "enum";
    }
    if ((field.flags & SET_FLAG) != 0) {
        return "set";
    }
    const auto sized = [&](std::string_view name) {
        const auto length = bytes ? field.length : field.length / longest_character;
        return std::string(name) + "(" + std::to_string(length) + ")";
    };
    switch (field.type) {
        case MYSQL_TYPE_STRING:
            return sized(bytes ? "binary" : "char");
        case MYSQL_TYPE_VAR_STRING:
        case MYSQL_TYPE_VARCHAR:
            return sized(bytes ? "varbinary" : "varchar");
        default:
            return bytes ? "blob" : "text";
    }
}

std::string number_type_name(const MYSQL_FIELD& field, std::string_view name) {
    std::string full(name);
    full += (field.flags & UNSIGNED_FLAG) != 0 ? " unsigned" : "";
    full += (field.flags & ZEROFILL_FLAG) != 0 ? " zerofill" : "";
    return full;
}

std::string moment_type_name(const MYSQL_FIELD& field, std::string_view name) {
    const bool fraction = field.decimals > 0 && field.decimals <= most_fraction_digits;
    return std::string(name) + (fraction ? "(" + std::to_string(field.decimals) + ")" : "");
}

unsigned precision_of(const MYSQL_FIELD& field) {
    // The length counts the sign and the point too.
    return static_cast<unsigned>(field.length) - (field.decimals > 0 ? 1U : 0U) -
           ((field.flags & UNSIGNED_FLAG) != 0 ? 0U : 1U);
}

std::string source_type(const MYSQL_FIELD& field) {
    if (const auto own = attribute(field, MARIADB_FIELD_ATTR_DATA_TYPE_NAME); !own.empty()) {
        return std::string(own);
    }
    switch (field.type) {
        case MYSQL_TYPE_TINY:
            return number_type_name(field, "tinyint");
        case MYSQL_TYPE_SHORT:
            return number_type_name(field, "smallint");
        case MYSQL_TYPE_YEAR:
            return "year";
        case MYSQL_TYPE_INT24:
            return number_type_name(field, "mediumint");
        case MYSQL_TYPE_LONG:
            return number_type_name(field, "int");
        case MYSQL_TYPE_LONGLONG:
            return number_type_name(field, "bigint");
        case MYSQL_TYPE_FLOAT:
            return number_type_name(field, "float");
        case MYSQL_TYPE_DOUBLE:
            return number_type_name(field, "double");
        case MYSQL_TYPE_DECIMAL:
        case MYSQL_TYPE_NEWDECIMAL:
            return number_type_name(
                field, "decimal(" + std::to_string(precision_of(field)) + "," + std::to_string(field.decimals) + ")");
        case MYSQL_TYPE_BIT:
            return "bit(" + std::to_string(field.length) + ")";
        case MYSQL_TYPE_DATE:
        case MYSQL_TYPE_NEWDATE:
            return "date";
        case MYSQL_TYPE_TIME:
            return moment_type_name(field, "time");
        case MYSQL_TYPE_DATETIME:
            return moment_type_name(field, "datetime");
        case MYSQL_TYPE_TIMESTAMP:
            return moment_type_name(field, "timestamp");
        case MYSQL_TYPE_GEOMETRY:
            return "geometry";
        case MYSQL_TYPE_NULL:
            return "null";
        default:
            return is_json(field) ? "json" : text_type_name(field);
    }
}

}  // namespace

Schema mysql_schema(std::span<const MYSQL_FIELD> fields, ZeroDates zero_dates) {
    Schema schema;
    for (const auto& field : fields) {
        Column column;
        column.name = {field.name, field.name_length};
        column.type = type_of(field);
        column.nullable = (field.flags & NOT_NULL_FLAG) == 0 || (is_date(field.type) && zero_dates == ZeroDates::Null);
        if (column.type == Type::Decimal) {
            column.precision = static_cast<std::int32_t>(precision_of(field));
            column.scale = static_cast<std::int32_t>(field.decimals);
        }
        if (column.type == Type::Text && (field.type == MYSQL_TYPE_STRING || field.type == MYSQL_TYPE_VAR_STRING)) {
            column.length = static_cast<std::int32_t>(field.length / longest_character);
        }
        column.source_type = source_type(field);
        schema.push_back(std::move(column));
    }
    return schema;
}

struct MysqlRowDecoder::Moment {
    unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, microsecond = 0;

    explicit Moment(std::string_view value) {
        const auto byte = [&](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(value[at])); };
        if (value.size() >= 4) {
            year = load<std::uint16_t>(value.data());
            month = byte(2);
            day = byte(3);
        }
        if (value.size() >= 7) {
            hour = byte(4);
            minute = byte(5);
            second = byte(6);
        }
        if (value.size() >= 11) {
            microsecond = load<std::uint32_t>(value.data() + 7);
        }
        if (year > 9999 || month > 12 || day > 31 || hour > 23 || minute > 59 || second > 59 || microsecond > 999'999) {
            malformed();
        }
    }
    bool exists() const { return year > 0 && month > 0 && day > 0 && day <= days_in(year, month); }
    char* put_date(char* at) const {
        at = put_two(put_two(at, year / 100), year % 100);
        *at++ = '-';
        at = put_two(at, month);
        *at++ = '-';
        return put_two(at, day);
    }
};

MysqlRowDecoder::Field MysqlRowDecoder::field_of(const MYSQL_FIELD& source) {
    Field field;
    field.name = {source.name, source.name_length};
    const bool is_unsigned = (source.flags & UNSIGNED_FLAG) != 0;
    const auto whole = [&](Kind signed_kind, Kind unsigned_kind, std::uint8_t size) {
        field.kind = is_unsigned ? unsigned_kind : signed_kind;
        field.size = size;
        if ((source.flags & ZEROFILL_FLAG) != 0) {
            field.padding = static_cast<std::uint8_t>(std::min(source.length, 255UL));
        }
    };
    const auto moment = [&](Kind kind) {
        field.kind = kind;
        field.fraction = static_cast<std::uint8_t>(source.decimals);
    };
    switch (source.type) {
        case MYSQL_TYPE_NULL:
            break;
        case MYSQL_TYPE_TINY:
            whole(Kind::Tiny, Kind::UnsignedTiny, 1);
            break;
        case MYSQL_TYPE_SHORT:
        case MYSQL_TYPE_YEAR:
            whole(Kind::Short, Kind::UnsignedShort, 2);
            break;
        case MYSQL_TYPE_LONG:
        case MYSQL_TYPE_INT24:
            whole(Kind::Long, Kind::UnsignedLong, 4);
            break;
        case MYSQL_TYPE_LONGLONG:
            whole(Kind::LongLong, Kind::UnsignedLongLong, 8);
            break;
        case MYSQL_TYPE_FLOAT:
            field.kind = Kind::Float;
            field.size = sizeof(float);
            break;
        case MYSQL_TYPE_DOUBLE:
            field.kind = Kind::Double;
            field.size = sizeof(double);
            break;
        case MYSQL_TYPE_BIT:
            field.kind = Kind::Bit;
            break;
        case MYSQL_TYPE_DATE:
        case MYSQL_TYPE_NEWDATE:
            moment(Kind::Date);
            break;
        case MYSQL_TYPE_DATETIME:
            moment(Kind::Timestamp);
            break;
        case MYSQL_TYPE_TIMESTAMP:
            moment(Kind::TimestampUtc);
            break;
        case MYSQL_TYPE_TIME:
            moment(Kind::Time);
            break;
        default:
            field.kind = type_of(source) == Type::Bytes ? Kind::Bytes : Kind::Text;
    }
    return field;
}

std::size_t MysqlRowDecoder::widest_text(const Field& field) {
    constexpr std::size_t widest_number = 32;  // of any integer, float or moment with a zone
    switch (field.kind) {
        case Kind::Nothing:
        case Kind::Text:
        case Kind::Bytes:
            return 0;
        default:
            return std::max<std::size_t>(widest_number, field.padding + 1U);
    }
}

MysqlRowDecoder::MysqlRowDecoder(std::span<const MYSQL_FIELD> fields, std::span<const std::size_t> places,
                                 ZeroDates zero_dates)
    : zero_dates_(zero_dates) {
    std::ranges::transform(fields, std::back_inserter(fields_), field_of);
    for (std::size_t column = 0; column < places.size(); ++column) {
        auto& field = fields_[places[column]];
        if (field.target != skipped) {
            copies_.emplace_back(field.target, column);
            continue;
        }
        field.target = column;
        fixed_bound_ += widest_text(field);
        growth_ = field.kind == Kind::Bytes ? 3 : growth_;
    }
}

void MysqlRowDecoder::start(Batch& batch, std::uint64_t first_row) {
    batch_ = &batch;
    batch.set_first_row(first_row);
    first_row_ = first_row;
    row_ = 0;
    for (auto& field : fields_) {
        if (field.target != skipped) {
            auto& cells = batch.build(field.target);
            cells.resize(Batch::max_rows);
            field.cells = cells.data();
        }
    }
}

void MysqlRowDecoder::finish() {
    for (const auto& field : fields_) {
        if (field.target != skipped) {
            batch_->build(field.target).resize(row_);
        }
    }
    for (const auto& [from, to] : copies_) {
        batch_->build(to) = batch_->build(from);
    }
    batch_->set_rows(row_);
}

bool MysqlRowDecoder::add(std::string_view packet) {
    const std::size_t bitmap_bytes = (fields_.size() + 2 + 7) / 8;
    if (packet.size() < 1 + bitmap_bytes) {
        malformed();
    }
    // Texts stay where they are in a copy of the whole row: one copy is cheaper than one a cell.
    const std::size_t bound = fixed_bound_ + growth_ * packet.size();
    char* const room = batch_->arena().allocate(bound);
    std::memcpy(room, packet.data(), packet.size());
    const char* const nulls = room + 1;
    const char* at = nulls + bitmap_bytes;
    const char* const end = room + packet.size();
    out_ = room + packet.size();
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        const auto& field = fields_[i];
        const std::size_t bit = i + 2;
        if ((static_cast<unsigned char>(nulls[bit / 8]) >> (bit % 8) & 1U) != 0) {
            if (field.cells != nullptr) {
                field.cells[row_] = Cell();
            }
            continue;
        }
        const auto value = take_value(field, at, end);
        if (field.cells != nullptr) {
            field.cells[row_] = convert(field, value);
        }
    }
    batch_->arena().shrink_last(bound, static_cast<std::size_t>(out_ - room));
    ++row_;
    return row_ < Batch::max_rows && batch_->arena().used() < Batch::max_bytes;
}

std::string_view MysqlRowDecoder::take_value(const Field& field, const char*& at, const char* end) const {
    std::uint64_t size = field.size;
    if (size == 0 && field.kind != Kind::Nothing) {
        if (at == end) {
            malformed();
        }
        size = static_cast<unsigned char>(*at++);
        if (size > 250) {
            const std::ptrdiff_t more = size == 252 ? 2 : size == 253 ? 3 : 8;
            if (end - at < more) {
                malformed();
            }
            size = 0;
            std::memcpy(&size, at, static_cast<std::size_t>(more));
            at += more;
        }
    }
    if (static_cast<std::uint64_t>(end - at) < size) {
        malformed();
    }
    return {std::exchange(at, at + size), size};
}

Cell MysqlRowDecoder::convert(const Field& field, std::string_view value) {
    switch (field.kind) {
        case Kind::Nothing:
            return {};
        case Kind::Tiny:
            return number<std::int8_t>(field, value);
        case Kind::UnsignedTiny:
            return number<std::uint8_t>(field, value);
        case Kind::Short:
            return number<std::int16_t>(field, value);
        case Kind::UnsignedShort:
            return number<std::uint16_t>(field, value);
        case Kind::Long:
            return number<std::int32_t>(field, value);
        case Kind::UnsignedLong:
            return number<std::uint32_t>(field, value);
        case Kind::LongLong:
            return number<std::int64_t>(field, value);
        case Kind::UnsignedLongLong:
            return number<std::uint64_t>(field, value);
        case Kind::Float:
            return number<float>(field, value);
        case Kind::Double:
            return number<double>(field, value);
        case Kind::Text:
            return {value};
        case Kind::Bytes:
            return bytes(value);
        case Kind::Bit:
            return bit(value);
        case Kind::Date:
        case Kind::Timestamp:
        case Kind::TimestampUtc:
            return date(field, value);
        case Kind::Time:
            return time(field, value);
    }
    return {};
}

template <class Number>
Cell MysqlRowDecoder::number(const Field& field, std::string_view value) {
    constexpr std::size_t widest = 32;
    const char* const begin = out_;
    if constexpr (sizeof(Number) == 1) {
        out_ = std::to_chars(out_, out_ + widest, static_cast<int>(load<Number>(value.data()))).ptr;
    } else if constexpr (std::is_floating_point_v<Number>) {
        out_ += write_float(out_, load<Number>(value.data()));
    } else {
        out_ = std::to_chars(out_, out_ + widest, load<Number>(value.data())).ptr;
    }
    if (field.padding != 0) {
        return padded(field, begin);
    }
    return {{begin, static_cast<std::size_t>(out_ - begin)}};
}

// Puts zeros before the text from `begin` to here until it is as long as ZEROFILL wants it.
Cell MysqlRowDecoder::padded(const Field& field, const char* begin) {
    const auto size = static_cast<std::size_t>(out_ - begin);
    const std::size_t zeros = field.padding > size ? field.padding - size : 0;
    char* const text = out_ - size;
    std::memmove(text + zeros, text, size);
    std::memset(text, '0', zeros);
    out_ += zeros;
    return {{text, size + zeros}};
}

Cell MysqlRowDecoder::bytes(std::string_view value) {
    char* const begin = out_;
    write_hex(begin, value);
    out_ += value.size() * 2;
    return {{begin, value.size() * 2}};
}

Cell MysqlRowDecoder::bit(std::string_view value) {
    std::uint64_t all = 0;
    if (value.size() > sizeof all) {
        malformed();
    }
    for (const char c : value) {
        all = all << 8U | static_cast<unsigned char>(c);
    }
    char* const begin = out_;
    out_ = std::to_chars(begin, begin + 20, all).ptr;
    return {{begin, static_cast<std::size_t>(out_ - begin)}};
}

Cell MysqlRowDecoder::date(const Field& field, std::string_view value) {
    const Moment moment(value);
    char* const begin = out_;
    char* at = moment.put_date(begin);
    if (field.kind != Kind::Date) {
        *at++ = ' ';
        at = put_clock(put_two(at, moment.hour), moment.minute, moment.second);
        // An expression's digits are not always declared.
        const unsigned digits =
            field.fraction > most_fraction_digits ? (value.size() >= 11 ? most_fraction_digits : 0) : field.fraction;
        at = put_fraction(at, moment.microsecond, digits);
        if (field.kind == Kind::TimestampUtc) {
            at = std::copy_n("+00:00", 6, at);
        }
    }
    out_ = at;
    const Cell text({begin, static_cast<std::size_t>(at - begin)});
    return moment.exists() ? text : no_such_date(field, text);
}

Cell MysqlRowDecoder::no_such_date(const Field& field, Cell text) {
    if (zero_dates_ == ZeroDates::Text) {
        return text;
    }
    if (zero_dates_ == ZeroDates::Error) {
        throw Error(ErrorKind::Invalid, "row " + std::to_string(first_row_ + row_) + ", column \"" + field.name +
                                            "\": " + std::string(text.text()) + " is not a date")
            .advise("Set zero_dates to null or text to let such rows pass.");
    }
    if (zero_dates_seen_++ == 0) {
        zero_date_column_ = field.name;
    }
    return {};
}

Cell MysqlRowDecoder::time(const Field& field, std::string_view value) {
    unsigned hours = 0;
    unsigned minute = 0;
    unsigned second = 0;
    unsigned microsecond = 0;
    bool negative = false;
    if (value.size() >= 8) {
        const auto byte = [&](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(value[at])); };
        negative = byte(0) != 0;
        const auto days = load<std::uint32_t>(value.data() + 1);
        hours = std::min(days, 1000U) * 24 + byte(5);
        minute = byte(6);
        second = byte(7);
        microsecond = value.size() >= 12 ? load<std::uint32_t>(value.data() + 8) : 0;
    }
    if (hours > 838 || minute > 59 || second > 59 || microsecond > 999'999) {
        malformed();
    }
    char* const begin = out_;
    if (negative) {
        *out_++ = '-';
    }
    if (hours >= 100) {
        *out_++ = static_cast<char>('0' + hours / 100);
    }
    out_ = put_clock(put_two(out_, hours % 100), minute, second);
    const unsigned digits =
        field.fraction > most_fraction_digits ? (value.size() >= 12 ? most_fraction_digits : 0) : field.fraction;
    out_ = put_fraction(out_, microsecond, digits);
    return {{begin, static_cast<std::size_t>(out_ - begin)}};
}

std::vector<Warning> MysqlRowDecoder::warnings() const {
    if (zero_dates_seen_ == 0) {
        return {};
    }
    return {{"zero_date_as_null",
             "dates that do not exist (0000-00-00 or the like), first in column \"" + zero_date_column_ +
                 "\", became NULL; see the option zero_dates",
             zero_dates_seen_}};
}

}  // namespace rowhaul
