// SPDX-License-Identifier: Apache-2.0
// What must hold of every run that fails, whatever went wrong.
#pragma once
#include "tests/flows/company.h"

#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <string>
#include <sys/mount.h>

namespace rowhaul::testing {

inline constexpr std::string_view many_people =
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000) "
    "insert into people select i, 'somebody with a name of some length' from n";

class BadInput : public ::testing::Test {
protected:
    BadInput() { company.sql("create table people (id int, name text); insert into people values (1, 'Ada')"); }

    // A mapping "people" from this source to out/people.csv.
    void read_from(std::string_view source, std::string_view connections = {}) const {
        company.configure(fmt::format("mappings:\n"
                                      "  people:\n"
                                      "    source: {{ {} }}\n"
                                      "    target: {{ connection: export, file: people.csv }}\n",
                                      source),
                          connections);
    }
    void write_to(std::string_view connection) const {
        company.configure(
            "mappings:\n"
            "  people:\n"
            "    source: { connection: shop, table: people }\n"
            "    target: { connection: partner, file: people.csv }\n",
            connection);
    }

    // What is told; all that must hold of every failure is checked here.
    std::string failure(const ProcessOptions& options = {}) const {
        const auto before = company.contents();
        const auto run = company.rowhaul({"run", "people"}, options);
        EXPECT_EQ(run.status, 1) << run.output << run.errors;
        EXPECT_EQ(company.contents(), before) << "a failed run left or changed something";
        EXPECT_THAT(company.files(), ::testing::IsEmpty());
        const auto history = company.history();
        EXPECT_THAT(history, ::testing::Not(::testing::IsEmpty()));
        EXPECT_EQ(text_at(history, "/0/outcome"), "failed");
        EXPECT_EQ(text_at(history, "/0/rows_read"), text_at(company.ask({"waybill"}), "/rows/read"));
        const auto message = text_at(history, "/0/message");
        EXPECT_THAT(run.errors, ::testing::HasSubstr(message))
            << "a person whose standard output is a file was told less";
        return run.output + run.errors;
    }

    const Company company;
};

// A disk of so many kilobytes, mounted at "partner".
class SmallDisk {
public:
    SmallDisk(std::string folder, const std::string& size) : folder_(std::move(folder)) {
        std::filesystem::create_directory(folder_);
        mounted_ = ::mount("none", folder_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
    }
    ~SmallDisk() {
        if (mounted_) {
            ::umount2(folder_.c_str(), MNT_DETACH);
        }
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    void grow(const std::string& size) const {
        ::mount("none", folder_.c_str(), "tmpfs", MS_REMOUNT, ("size=" + size).c_str());
    }
    // Only an administrator can; others are held to a size by their shell, below.
    bool is_mounted() const { return mounted_; }

private:
    std::string folder_;
    bool mounted_ = false;
};

}  // namespace rowhaul::testing
