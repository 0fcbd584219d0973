// SPDX-License-Identifier: Apache-2.0
// Disks that get full while rows go into a table: the target's, and that of temporary files. The table stays
// row for row as it was, and the message says where room is needed.
#include "bad_input.h"
#include "table_flow.h"

#include <gmock/gmock.h>
#include <unistd.h>

namespace rowhaul {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::SmallDisk;

const std::vector<std::string> modes{"", "key: [id]",
                                     "key: [id]\n    options: { absent: delete, max_delete: { percent: 100 } }",
                                     "options: { replace: true, max_delete: { percent: 100 } }"};

class TableDisks : public testing::TableFlow {
protected:
    static constexpr unsigned nobody = 65534;

    TableDisks() : disk_(company_ / "disk", "1m") {
        // The servers of the tests may be somebody else.
        std::filesystem::permissions(company_ / "", std::filesystem::perms(0755));
        [[maybe_unused]] const int given = ::chown((company_ / "disk").c_str(), nobody, nobody);
        company_.sql("create table people (id integer primary key, name text)");
        company_.sql(testing::many_people);
    }
    // Only an administrator can; faults/full_disk_test.cc needs none.
    bool has_disk() const { return disk_.is_mounted(); }
    void make_table() {
        if (GetParam() == "sqlite") {
            testing::SqlitePlace(company_ / "disk/erp.db").sql("create table people (id int primary key, name text)");
            return;
        }
        const auto name = testing::Postgres::shared().make_database();
        sql(fmt::format("create tablespace {}_small location '{}'", name, company_ / "disk"));
        sql(
            fmt::format("create table people (id int primary key using index tablespace {0}_small, name text) "
                        "tablespace {0}_small",
                        name));
        space_ = name + "_small";
    }
    ~TableDisks() override {
        if (!space_.empty()) {
            sql("drop table people");
            sql("drop tablespace " + space_);
        }
    }
    std::unique_ptr<testing::Place> there() const {
        return GetParam() == "sqlite" ? std::make_unique<testing::SqlitePlace>(company_ / "disk/erp.db") : nullptr;
    }
    void configure_people(std::string_view mapping, const std::string& connection) const {
        company_.configure(fmt::format("mappings:\n"
                                       "  people:\n"
                                       "    source: {{ connection: shop, table: people }}\n"
                                       "    target: {{ connection: erp, table: people }}\n"
                                       "    {}\n",
                                       mapping),
                           connection);
    }

    SmallDisk disk_;
    std::string space_;
};
// MariaDB's server ends itself when it cannot write, so that the connection is lost.
INSTANTIATE_TEST_SUITE_P(Databases, TableDisks, ::testing::Values("sqlite", "postgres"), testing::place_name);

TEST_P(TableDisks, OfTheTargetThatGetFullLeaveTheTableAsItWas) {
    if (!has_disk()) {
        return;
    }
    make_table();
    const auto there = this->there();
    auto& place = there ? *there : *place_;
    place.sql("insert into people values (1, 'Anna'), (7, 'Gerda'), (200000, 'Zoe')");
    for (const auto& mapping : modes) {
        configure_people(mapping, place.connection());
        const auto full = company_.rowhaul({"run", "people"});
        EXPECT_EQ(full.status, 1) << mapping << full.output;
        EXPECT_THAT(full.errors, ::testing::AnyOf(HasSubstr("full"), HasSubstr("No space left"))) << mapping;
        EXPECT_EQ(place.rows("select id, name from people order by id"), "1|Anna;7|Gerda;200000|Zoe") << mapping;
    }
}

// Rows that wait in a temporary table of SQLite, and where they stood in their file.
class TemporaryDisk : public ::testing::Test {
protected:
    TemporaryDisk() : disk_(company_ / "disk", "256k") {
        testing::SqlitePlace(company_ / "erp.db")
            .sql("create table people (id int primary key, name text); insert into people values (1, 'Anna')");
        std::string csv = "id,name\n";
        for (int id = 0; id < 100'000; ++id) {
            csv += fmt::format("{},somebody with a name of some length\n", id);
        }
        testing::write_file(company_ / "people.csv", csv);
        company_.configure(
            "mappings:\n"
            "  people:\n"
            "    source: { connection: files, file: people.csv, settle: { age: 0s } }\n"
            "    target: { connection: erp, table: people }\n"
            "    key: [id]\n",
            "  erp: { type: sqlite, path: erp.db }\n  files: { type: local, folder: . }\n");
    }
    std::string people() const { return testing::SqlitePlace(company_ / "erp.db").rows("select id, name from people"); }

    const testing::Company company_;
    SmallDisk disk_;
};

TEST_F(TemporaryDisk, OfTheHomeThatGetsFullIsTold) {
    if (!disk_.is_mounted()) {
        return;
    }
    std::filesystem::create_directory(company_ / "home");
    std::filesystem::create_symlink(company_ / "disk", company_ / "home/tmp");
    const auto full = company_.rowhaul({"run", "people", "--home", "home"});
    EXPECT_EQ(full.status, 1);
    EXPECT_THAT(full.errors, AllOf(HasSubstr("temporary file in"), HasSubstr("--home")));
    EXPECT_EQ(people(), "1|Anna");
}

TEST_F(TemporaryDisk, OfSqliteThatGetsFullIsTold) {
    if (!disk_.is_mounted()) {
        return;
    }
    const auto full = company_.rowhaul({"run", "people"}, {.environment = {{"SQLITE_TMPDIR", company_ / "disk"}}});
    EXPECT_EQ(full.status, 1);
    EXPECT_THAT(full.errors, AllOf(HasSubstr("full"), HasSubstr("SQLITE_TMPDIR")));
    EXPECT_EQ(people(), "1|Anna");
    EXPECT_EQ(company_.rowhaul({"run", "people"}).status, 0);
}

}  // namespace
}  // namespace rowhaul
