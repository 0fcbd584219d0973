// SPDX-License-Identifier: Apache-2.0
// A table that somebody alters while a run into it is on its way: what the run knew of it does not hold any
// more. It says so, and the rows of the table stay as they were; and no value is cut to fit unseen (P11).
#include "app/components.h"
#include "tests/faults/table_site.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace rowhaul::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class AlteredTable : public ::testing::TestWithParam<std::tuple<std::string_view, std::string_view>> {
protected:
    AlteredTable()
        : place_(make_place(std::get<0>(GetParam()), folder_ / "erp.db")),
          has_key_(std::get<1>(GetParam()) == "upsert") {
        write_file(folder_ / "prices.csv", "sku,price,note\n1,1.25,same\n2,2.75,a longer note\n4,4.25,new\n");
        write_file(
            folder_ / "rowhaul.yaml",
            fmt::format("version: 1\n"
                        "connections:\n"
                        "  files: {{ type: local, folder: {} }}\n"
                        "{}"
                        "mappings:\n"
                        "  prices:\n"
                        "    source: {{ connection: files, file: prices.csv, settle: {{ age: 0s }}, again: true }}\n"
                        "    target: {{ connection: erp, table: prices }}\n"
                        "    {}\n",
                        folder_.path().string(), place_->connection(), has_key_ ? "key: [sku]" : ""));
    }
    bool is_sqlite() const { return std::get<0>(GetParam()) == "sqlite"; }
    std::string retyped(std::string_view column, std::string_view type) const {
        return std::get<0>(GetParam()) == "postgres" ? fmt::format("alter table prices alter {} type {}", column, type)
                                                     : fmt::format("alter table prices modify {} {}", column, type);
    }
    void fill() {
        place_->sql(
            fmt::format("drop table if exists prices; drop table if exists priced; "
                        "create table prices (sku int not null{}, price decimal(10,2), note varchar(20)); "
                        "insert into prices values (1, 1.25, 'same'), (2, 2.5, 'old'), (3, 3.5, 'kept')",
                        has_key_ ? " primary key" : ""));
    }
    std::string prices(std::string_view columns = "sku, note") {
        return place_->rows(fmt::format("select {0} from prices order by {0}", columns));
    }
    Waybill run(const Catalog& catalog) const {
        const Project project(folder_ / "rowhaul.yaml", catalog);
        Store store(folder_ / "home");
        Executor executor(project, store, folder_ / "home", [] { return RunOutcome::Cancelled; });
        RunObserver nobody;
        return executor.run(Context(), {.name = "prices"}, nobody).waybills.at(0);
    }
    // After the source was read, and before the transaction that changes the table.
    Waybill run_while(const std::string& alteration) {
        const Stage applying{"applying", When::Before, DatabaseStep::Begin, {"tables"}};
        return run(hooked_catalog(at(applying, [&] { place_->sql(alteration); })));
    }

    TemporaryFolder folder_{TemporaryFolder::Place::Memory};
    std::unique_ptr<Place> place_;
    const bool has_key_;
};
class RetypedTable : public AlteredTable {};

const auto name_of_test = [](const auto& tested) {
    return fmt::format("{}_{}", std::get<0>(tested.param), std::get<1>(tested.param));
};
INSTANTIATE_TEST_SUITE_P(Databases, AlteredTable,
                         ::testing::Combine(::testing::Values("sqlite", "postgres", "mariadb"),
                                            ::testing::Values("append", "upsert")),
                         name_of_test);
// SQLite cannot change the type of a column.
INSTANTIATE_TEST_SUITE_P(Databases, RetypedTable,
                         ::testing::Combine(::testing::Values("postgres", "mariadb"),
                                            ::testing::Values("append", "upsert")),
                         name_of_test);

TEST_P(AlteredTable, WithoutAColumnFailsTheRun) {
    for (const std::string_view alteration :
         {"alter table prices drop column note", "alter table prices rename column note to remark"}) {
        fill();
        const auto waybill = run_while(std::string(alteration));
        EXPECT_EQ(waybill.outcome, RunOutcome::Failed);
        // Rows that go straight into the table are refused in the database's own words.
        EXPECT_THAT(waybill.message, AllOf(HasSubstr("note"), HasSubstr(has_key_ ? "altered while" : "")));
        EXPECT_EQ(prices("sku"), "1;2;3");
    }
}

TEST_P(AlteredTable, ThatIsGoneFailsTheRun) {
    fill();
    const auto waybill = run_while("alter table prices rename to priced");
    EXPECT_EQ(waybill.outcome, RunOutcome::Failed);
    EXPECT_THAT(waybill.message, HasSubstr("prices"));
    EXPECT_EQ(place_->rows("select sku, note from priced order by sku"), "1|same;2|old;3|kept");
}

// PostgreSQL would round 2.75 to 3, MariaDB cut it, and nobody would hear of it.
TEST_P(RetypedTable, FailsTheRun) {
    for (const auto& alteration : {retyped("price", "int"), retyped("price", "decimal(10,1)"),
                                   retyped("note", "varchar(10)"), retyped("note", "varchar(30)")}) {
        SCOPED_TRACE(alteration);
        fill();
        const auto waybill = run_while(alteration);
        EXPECT_EQ(waybill.outcome, RunOutcome::Failed);
        EXPECT_THAT(waybill.message, AllOf(HasSubstr("prices"), HasSubstr("altered while")));
        EXPECT_THAT(waybill.message, HasSubstr(alteration.find("price ") != alteration.npos ? "price" : "note"));
        EXPECT_FALSE(waybill.advice.empty());
        EXPECT_EQ(prices(), "1|same;2|old;3|kept");
        // The next run sees the table as it is.
        EXPECT_NE(run(components()).outcome, RunOutcome::Failed);
    }
}

TEST_P(AlteredTable, WithAColumnMoreTakesTheRows) {
    fill();
    const auto waybill = run_while("alter table prices add column origin varchar(10) default 'here'");
    EXPECT_EQ(waybill.outcome, RunOutcome::Succeeded) << waybill.message;
    EXPECT_EQ(prices("sku"), has_key_ ? "1;2;3;4" : "1;1;2;2;3;4");
}

// What a constraint refuses is a reject like any other.
TEST_P(AlteredTable, WithAConstraintMoreRefusesWhatDoesNotMeetIt) {
    fill();
    const auto waybill =
        run_while(is_sqlite() ? "create trigger cheap before insert on prices when new.price > 4 begin "
                                "select raise(abort, 'cheap'); end"
                              : "alter table prices add constraint cheap check (price < 4)");
    EXPECT_EQ(waybill.outcome, RunOutcome::Partial) << waybill.message;
    EXPECT_EQ(waybill.report.rows.rejected, 1U);
    EXPECT_THAT(waybill.report.rejects.begin()->second.sample.at(0).message, HasSubstr("cheap"));
    EXPECT_EQ(prices(), has_key_ ? "1|same;2|a longer note;3|kept" : "1|same;1|same;2|a longer note;2|old;3|kept");
}

}  // namespace
}  // namespace rowhaul::testing
