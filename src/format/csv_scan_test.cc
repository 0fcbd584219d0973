// SPDX-License-Identifier: Apache-2.0
#include "format/csv_scan.h"

#include <gtest/gtest.h>
#include <random>
#include <string>

namespace rowhaul {
namespace {

template <class Scan>
class CsvScanTest : public ::testing::Test {};
#if defined(__SSE2__)
using Scans = ::testing::Types<PortableCsvScan, SimdCsvScan>;
#else
using Scans = ::testing::Types<PortableCsvScan>;
#endif
TYPED_TEST_SUITE(CsvScanTest, Scans);

TYPED_TEST(CsvScanTest, FindsAByteAtEveryPlaceOfEveryLength) {
    const TypeParam scan(",\"\r\n");
    for (std::size_t size = 0; size < 100; ++size) {
        std::string copy(size + TypeParam::slack, '\0');
        const std::string plain(size, '\0');
        EXPECT_EQ(scan.copy(plain, copy.data()), CsvFound::nothing) << size;
        for (std::size_t place = 0; place < size; ++place) {
            auto text = std::string(size, 'x');
            text[place] = '\n';
            EXPECT_EQ(scan.copy(text, copy.data()), CsvFound::special) << size << " at " << place;
            EXPECT_EQ(copy.substr(0, size), text);
            text[place] = '\xC3';
            EXPECT_EQ(scan.copy(text, copy.data()), CsvFound::non_ascii) << size << " at " << place;
            EXPECT_EQ(copy.substr(0, size), text);
        }
    }
}

#if defined(__SSE2__)
TEST(CsvScan, BothWaysSayTheSame) {
    std::mt19937 random(3);
    for (int round = 0; round < 100'000; ++round) {
        std::string specials;
        for (auto left = 1 + random() % SimdCsvScan::max_specials; left > 0; --left) {
            specials += static_cast<char>(random());
        }
        std::string text(random() % 70, '\0');
        for (auto& byte : text) {
            byte = static_cast<char>(random() % (round % 2 == 0 ? 256 : 100));
        }
        std::string simd(text.size() + SimdCsvScan::slack, '\0');
        std::string portable(text.size(), '\0');
        ASSERT_EQ(SimdCsvScan(specials).copy(text, simd.data()), PortableCsvScan(specials).copy(text, portable.data()));
        ASSERT_EQ(simd.substr(0, text.size()), text);
        ASSERT_EQ(portable, text);
    }
}
#endif

}  // namespace
}  // namespace rowhaul
