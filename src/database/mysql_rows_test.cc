// SPDX-License-Identifier: Apache-2.0
// What a decoder makes of rows that no honest server sends; honest ones are in mysql_test.cc.
#include "database/mysql_rows.h"

#include "base/error.h"

#include <gmock/gmock.h>
#include <random>

namespace rowhaul {
namespace {

constexpr std::array all_types = {MYSQL_TYPE_TINY,      MYSQL_TYPE_SHORT,     MYSQL_TYPE_LONG, MYSQL_TYPE_LONGLONG,
                                  MYSQL_TYPE_FLOAT,     MYSQL_TYPE_DOUBLE,    MYSQL_TYPE_NULL, MYSQL_TYPE_DATE,
                                  MYSQL_TYPE_DATETIME,  MYSQL_TYPE_TIMESTAMP, MYSQL_TYPE_TIME, MYSQL_TYPE_YEAR,
                                  MYSQL_TYPE_BIT,       MYSQL_TYPE_STRING,    MYSQL_TYPE_BLOB, MYSQL_TYPE_NEWDECIMAL,
                                  MYSQL_TYPE_VAR_STRING};

MYSQL_FIELD field(enum_field_types type, unsigned decimals = 0, unsigned charset = 45, unsigned flags = 0) {
    static char name[] = "v";
    MYSQL_FIELD made{};
    made.name = name;
    made.name_length = 1;
    made.type = type;
    made.decimals = decimals;
    made.charsetnr = charset;
    made.flags = flags;
    made.length = 255;
    return made;
}

// Whether the decoder takes the packet; anything but taking it and an Error fails the test.
bool is_taken(const std::vector<MYSQL_FIELD>& fields, std::string_view packet, ZeroDates dates = ZeroDates::Text) {
    std::vector<std::size_t> places(fields.size());
    for (std::size_t i = 0; i < places.size(); ++i) {
        places[i] = i;
    }
    MysqlRowDecoder decoder(fields, places, dates);
    Batch batch(fields.size());
    decoder.start(batch, 1);
    try {
        decoder.add(packet);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
        return false;
    }
    decoder.finish();
    for (std::size_t i = 0; i < fields.size(); ++i) {
        EXPECT_LT(batch.column(i)[0].text().size(), 100'000U);
    }
    return true;
}

TEST(MysqlRows, ARowThatEndsTooEarlyIsMalformed) {
    using std::string_literals::operator""s;
    EXPECT_TRUE(is_taken({field(MYSQL_TYPE_LONG)}, "\0\0\1\0\0\0"s));
    EXPECT_FALSE(is_taken({field(MYSQL_TYPE_LONG)}, "\0\0\1\0\0"s));
    EXPECT_FALSE(is_taken({field(MYSQL_TYPE_LONG)}, "\0"s));
    EXPECT_FALSE(is_taken({field(MYSQL_TYPE_STRING)}, "\0\0"s));
    EXPECT_FALSE(is_taken({field(MYSQL_TYPE_STRING)}, "\0\0\5abcd"s));
    EXPECT_FALSE(is_taken({field(MYSQL_TYPE_STRING)}, "\0\0\xfe\xff\xff\xff\xff\xff\xff\xff\xff"s));
    EXPECT_FALSE(is_taken({field(MYSQL_TYPE_STRING)}, "\0\0\xfc\1"s));
    EXPECT_FALSE(is_taken({field(MYSQL_TYPE_BIT)},
                          "\0\0\x09"
                          "123456789"s));
}

TEST(MysqlRows, MomentsOutOfRangeAreMalformed) {
    using std::string_literals::operator""s;
    EXPECT_TRUE(is_taken({field(MYSQL_TYPE_DATE)}, "\0\0\4\xe8\7\2\x1e"s));
    EXPECT_FALSE(is_taken({field(MYSQL_TYPE_DATE)}, "\0\0\4\xe8\7\x0d\1"s));
    EXPECT_FALSE(is_taken({field(MYSQL_TYPE_DATE)}, "\0\0\4\xff\xff\1\1"s));
    EXPECT_FALSE(is_taken({field(MYSQL_TYPE_TIME)}, "\0\0\x08\0\xff\xff\xff\xff\1\1\1"s));
    EXPECT_FALSE(is_taken({field(MYSQL_TYPE_TIME)}, "\0\0\x08\0\0\0\0\0\1\xff\1"s));
}

TEST(MysqlRows, NoBytesWhateverMakeItStumble) {
    std::mt19937 random(20261122);
    const auto below = [&](unsigned limit) { return std::uniform_int_distribution<unsigned>(0, limit - 1)(random); };
    for (int round = 0; round < 20'000; ++round) {
        std::vector<MYSQL_FIELD> fields;
        for (unsigned i = below(6) + 1; i > 0; --i) {
            fields.push_back(field(all_types[below(all_types.size())], below(2) == 0 ? below(40) : below(7),
                                   below(2) == 0 ? 63 : 45, below(2) == 0 ? ZEROFILL_FLAG | UNSIGNED_FLAG : 0));
        }
        std::string packet(below(64), '\0');
        for (auto& c : packet) {
            // Mostly small numbers, as lengths and parts of dates are.
            c = static_cast<char>(below(4) == 0 ? below(256) : below(13));
        }
        is_taken(fields, packet, below(2) == 0 ? ZeroDates::Text : ZeroDates::Null);
    }
}

}  // namespace
}  // namespace rowhaul
