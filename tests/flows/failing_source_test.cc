// SPDX-License-Identifier: Apache-2.0
// Failure stories 2 (source fails, target emptied) and 15 (made equal to an empty or wrong source): whatever
// becomes of a source, the target loses nothing by it.
#include "table_flow.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using ::testing::HasSubstr;

class FailingSource : public testing::TableFlow {
protected:
    static constexpr int rows_of_source = 3000;  // several batches

    FailingSource() {
        company_.sql(
            fmt::format("create table people (id integer primary key, name text, amount integer); "
                        "with recursive n(i) as (select 1 union all select i + 1 from n where i < {}) "
                        "insert into people select i, 'n' || i, 1 from n",
                        rows_of_source));
        std::string values;
        for (int id = 1; id <= 40; ++id) {
            values += fmt::format("{}({}, 'old{}', 2)", id == 1 ? "" : ", ", id, id);
        }
        sql("insert into customers values " + values + ", (900000, 'absent', 3)");
        sql("alter table customers add gone int default 0");
    }
    std::string everything() { return place_->rows("select id, name, amount, gone from customers order by id"); }
    // From a query that breaks off when it comes to a row, counted from 1; the one behind the last is
    // the end.
    void configure_broken(int row, std::string_view mapping) const {
        company_.configure(
            fmt::format("mappings:\n"
                        "  customers:\n"
                        "    source: {{ connection: shop, query: \"select id, name, case when id = {0} then "
                        "abs(-9223372036854775807 - 1) else amount end as amount from people union all select {0}, "
                        "'last', abs(-9223372036854775807 - 1) where {0} > {1}\" }}\n"
                        "    target: {{ connection: erp, table: customers }}\n"
                        "    {2}\n",
                        row, rows_of_source, mapping),
            place_->connection());
    }
    void configure_from(std::string_view source, std::string_view mapping) const {
        company_.configure(fmt::format("mappings:\n"
                                       "  customers:\n"
                                       "    source: {{ connection: shop, {} }}\n"
                                       "    target: {{ connection: erp, table: customers }}\n"
                                       "    {}\n",
                                       source, mapping),
                           place_->connection());
    }
    testing::Outcome refused() {
        const auto before = rows();
        const auto stopped = company_.rowhaul({"run", "customers"});
        EXPECT_EQ(stopped.status, 5) << stopped.output << stopped.errors;
        EXPECT_EQ(rows(), before);
        return stopped;
    }
};
INSTANTIATE_TEST_SUITE_P(Databases, FailingSource, testing::all_places(), testing::place_name);

TEST_P(FailingSource, Story02LeavesTheTargetAsItWasInEveryMode) {
    const auto before = everything();
    const std::string any = "max_delete: { percent: 100 }, empty_source: accept";
    for (const auto& mapping : std::vector<std::string>{
             "", "key: [id]", "key: [id]\n    options: { missing: skip }", "key: [id]\n    options: { existing: skip }",
             "key: [id]\n    options: { absent: delete, " + any + " }",
             "key: [id]\n    options: { absent: delete, filtered: absent, " + any + " }\n    where: \"id > 5\"",
             "key: [id]\n    options: { absent: mark, mark: { column: gone }, " + any + " }",
             "key: [id]\n    options: { replace: true, " + any + " }", "options: { replace: true, " + any + " }",
             "read: new\n    cursor: id", "key: [id]\n    read: new\n    cursor: id", "key: [id]\n    read: changed",
             "key: [id]\n    read: changed\n    options: { absent: delete, " + any + " }"}) {
        for (const int row : {1, 2, rows_of_source / 2, rows_of_source, rows_of_source + 1}) {
            configure_broken(row, mapping);
            const auto failed = company_.rowhaul({"run", "customers"});
            EXPECT_EQ(failed.status, 1) << mapping << row << failed.output;
            EXPECT_THAT(failed.errors, HasSubstr("integer overflow"));
            ASSERT_EQ(everything(), before) << mapping << row;
        }
    }
}

TEST_P(FailingSource, Story06RemembersNothingOfRowsThatDidNotArrive) {
    const std::map<std::string, std::string> ways{
        {"key: [id]\n    read: new\n    cursor: id", "3000 read, 2960 created, 40 updated"},
        {"key: [id]\n    read: changed", "3000 read, 2960 created, 40 updated"},
        {"key: [id]\n    read: changed\n    options: { absent: delete }",
         "3000 read, 2960 created, 40 updated, 1 deleted"}};
    for (const auto& [mapping, counted] : ways) {
        std::filesystem::remove_all(company_ / ".rowhaul");
        sql("delete from customers where id between 41 and 3000; update customers set name = 'old'");
        sql("delete from customers where id = 900000; insert into customers values (900000, 'absent', 3, 0)");
        for (const int row : {1, rows_of_source / 2, rows_of_source + 1}) {
            configure_broken(row, mapping);
            EXPECT_EQ(company_.rowhaul({"run", "customers"}).status, 1);
        }
        configure_from("query: 'select id, name, amount from people'", mapping);
        EXPECT_EQ(counts(company_.rowhaul({"run", "customers", "--output", "json"}), 0), counted) << mapping;
    }
}

TEST_P(FailingSource, Story15AChangedRuleOrKeyOrAnEmptyOrHalfReadSourceTripsTheGuard) {
    const std::string_view mirror = "key: [id]\n    options: { absent: delete }";
    configure_from("table: people", mirror);
    ASSERT_EQ(company_.rowhaul({"run", "customers"}).status, 0);
    // A rule that filters more than before makes nothing absent, unless told so, and then meets the guard.
    configure_from("table: people", "where: \"id <= 100\"\n    key: [id]\n    options: { absent: delete }");
    EXPECT_EQ(counts(company_.rowhaul({"run", "customers", "--output", "json"}), 0),
              "3000 read, 2900 filtered, 100 unchanged");
    configure_from("table: people",
                   "where: \"id <= 100\"\n    key: [id]\n    options: { absent: delete, filtered: absent }");
    EXPECT_THAT(refused().errors, HasSubstr("2900 of 3000 records"));
    configure_from("query: 'select id + 100000 as id, name, amount from people'", mirror);
    EXPECT_THAT(refused().errors, HasSubstr("3000 of 3000 records"));
    configure_from("query: 'select id, name, amount from people where id <= 1500'", mirror);
    EXPECT_THAT(refused().errors, HasSubstr("1500 of 3000 records"));
    configure_from("query: 'select id, name, amount from people where id < 0'", mirror);
    EXPECT_THAT(refused().errors, HasSubstr("the source is empty"));
    configure_from("query: 'select id, name, amount from people where id <= 1500'",
                   "key: [id]\n    options: { replace: true }");
    EXPECT_THAT(refused().errors, HasSubstr("1500 of 3000 records"));
    configure_from("query: 'select id, name, amount from people where id <= 1500'", "options: { replace: true }");
    EXPECT_THAT(refused().errors, HasSubstr("1500 of 3000 records"));
}

}  // namespace
}  // namespace rowhaul
