// SPDX-License-Identifier: Apache-2.0
#include "transport/ftp_listing.h"

#include <gtest/gtest.h>

namespace rowhaul {
namespace {

using namespace std::chrono;

constexpr sys_days today = 2026y / November / 22;

struct Line {
    std::string_view text;
    std::string_view name;
    bool is_folder;
    std::optional<std::uint64_t> size;
    std::optional<sys_seconds> modified;
};

TEST(FtpListingTest, understands_every_style_of_list) {
    for (const auto& line : {
             // vsftpd, ProFTPD, Pure-FTPd
             Line{"-rw-r--r--    1 1000     1000        12345 Nov 20 14:05 customers.csv", "customers.csv", false,
                  12345, sys_days(2026y / November / 20) + 14h + 5min},
             Line{"drwxr-xr-x    2 ftp      ftp          4096 Jan 03  2024 done",
                  "done",
                  true,
                  {},
                  sys_days(2024y / January / 3)},
             // Later in the year than today: of last year.
             Line{"-rw-r--r--   1 root     root           17 Dec 24 18:00 a.csv", "a.csv", false, 17,
                  sys_days(2025y / December / 24) + 18h},
             Line{"-rw-r--r--   1 root     root           17 Nov 23 00:30 zone.csv", "zone.csv", false, 17,
                  sys_days(2026y / November / 23) + 30min},
             // Names keep their spaces.
             Line{"-rw-r--r--   1 root     root  8 Nov 20 14:05  two  spaces .csv", " two  spaces .csv", false, 8,
                  sys_days(2026y / November / 20) + 14h + 5min},
             // No group, a numeric owner, an ACL mark.
             Line{"-rw-rw-rw-+ 1 owner  5000000000 Feb 29  2024 big.bin", "big.bin", false, 5'000'000'000,
                  sys_days(2024y / February / 29)},
             Line{"----------   1 owner    group         1803128 Jul 10 10:18 ls-lR.Z", "ls-lR.Z", false, 1'803'128,
                  sys_days(2026y / July / 10) + 10h + 18min},
             // Day before month; ISO dates; a link.
             Line{"-rw-r--r--   1 a b  5 20 Nov 14:05 x", "x", false, 5, sys_days(2026y / November / 20) + 14h + 5min},
             Line{"-rw-r--r-- 1 a b 5 2026-11-20 14:05 x y", "x y", false, 5,
                  sys_days(2026y / November / 20) + 14h + 5min},
             Line{"lrwxrwxrwx 1 a b 9 Nov 20 14:05 latest -> x.csv",
                  "latest",
                  false,
                  {},
                  sys_days(2026y / November / 20) + 14h + 5min},
             // IIS
             Line{"11-20-26  02:05PM             12345 Kunden Zürich.csv", "Kunden Zürich.csv", false, 12345,
                  sys_days(2026y / November / 20) + 14h + 5min},
             Line{"11-20-26  12:05AM       <DIR>          old files",
                  "old files",
                  true,
                  {},
                  sys_days(2026y / November / 20) + 5min},
             Line{"11-20-2026  12:05PM       <DIR>          noon",
                  "noon",
                  true,
                  {},
                  sys_days(2026y / November / 20) + 12h + 5min},
             Line{"11-20-2026  14:05                  7 x", "x", false, 7,
                  sys_days(2026y / November / 20) + 14h + 5min},
             // EPLF
             Line{"+i8388621.48594,m825718503,r,s280,\tdjb.html", "djb.html", false, 280, sys_seconds(825718503s)},
             Line{"+i8388621.50690,m824255907,/,\t514", "514", true, {}, sys_seconds(824255907s)},
         }) {
        const auto listed = parse_list_line(std::string(line.text) + "\r", today);
        ASSERT_TRUE(listed) << line.text;
        EXPECT_EQ(listed->name, line.name);
        EXPECT_EQ(listed->is_folder, line.is_folder) << line.text;
        EXPECT_EQ(listed->size, line.size) << line.text;
        EXPECT_EQ(listed->modified, line.modified) << line.text;
    }
}

TEST(FtpListingTest, passes_over_what_is_no_entry) {
    for (const auto* line :
         {"", "total 12", "drwxr-xr-x 2 a b 4096 Nov 20 14:05 .", "drwxr-xr-x 2 a b 4096 Nov 20 14:05 ..",
          "ls: cannot access x", "-rw-r--r-- 1 a b 5 Nov 20 14:05", "11-20-26  02:05PM  <DIR>",
          "99-99-26  02:05PM  5 x", "+\t", "----------", "-rw-r--r-- 1 a b x Nov 20 14:05 y"}) {
        EXPECT_FALSE(parse_list_line(line, today)) << line;
    }
}

TEST(FtpListingTest, reads_facts) {
    const auto file = parse_mlsd_line("Type=file;Size=1024990;Modify=20261120140501.123;Perm=r; a b.csv\r\n");
    ASSERT_TRUE(file);
    EXPECT_EQ(file->name, "a b.csv");
    EXPECT_EQ(file->size, 1'024'990U);
    EXPECT_EQ(file->modified, sys_days(2026y / November / 20) + 14h + 5min + 1s);
    const auto folder = parse_mlsd_line(" type=dir;sizd=4096;modify=20240229000000; sub; folder");
    ASSERT_TRUE(folder);
    EXPECT_EQ(folder->name, "sub; folder");
    EXPECT_TRUE(folder->is_folder);
    EXPECT_FALSE(folder->size);
    for (const auto* line :
         {"type=cdir;modify=20240229000000; .", "type=pdir; ..", "250 End", "", " ", "type=file;size=5;"}) {
        EXPECT_FALSE(parse_mlsd_line(line)) << line;
    }
}

TEST(FtpListingTest, refuses_impossible_times) {
    EXPECT_TRUE(parse_ftp_time("20240229235959"));
    for (const auto* text :
         {"20230229000000", "20240101240000", "2024010100000", "2024010100000x", "", "20241301000000"}) {
        EXPECT_FALSE(parse_ftp_time(text)) << text;
    }
}

}  // namespace
}  // namespace rowhaul
