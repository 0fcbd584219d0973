// SPDX-License-Identifier: Apache-2.0
// Rows on their way into a table of each database, for tests of whole flows.
#pragma once
#include "company.h"
#include "places.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>

namespace rowhaul::testing {

// Each test runs on each database; in it lies the table customers.
class TableFlow : public ::testing::TestWithParam<std::string_view> {
protected:
    TableFlow() : place_(make_place(GetParam(), company_ / "erp.db")) {
        sql("create table customers (id int primary key, name varchar(20) not null, amount decimal(10,2), "
            "check (amount >= 0))");
    }

    void sql(const std::string& statements) { place_->sql(statements); }
    std::string rows() { return place_->rows("select id, name, amount from customers order by id"); }
    // `mapping` is what stands beside source and target.
    void configure(std::string_view mapping = "key: [id]") const {
        company_.configure(fmt::format("mappings:\n"
                                       "  customers:\n"
                                       "    source: {{ connection: files, file: customers.csv, settle: {{ age: 0s }}, "
                                       "again: true }}\n"
                                       "    target: {{ connection: erp, table: customers }}\n"
                                       "    {}\n",
                                       mapping),
                           place_->connection() + "  files: { type: local, folder: . }\n");
    }
    void given(std::string_view csv) const { write_file(company_ / "customers.csv", csv); }
    // The counts of a run that is tried before; both must be the same, and trying must change nothing.
    std::string run(int status = 0) {
        const auto before = rows();
        const auto tried = counts(company_.rowhaul({"test", "customers", "--output", "json"}), status);
        EXPECT_EQ(rows(), before);
        const auto done = counts(company_.rowhaul({"run", "customers", "--output", "json"}), status);
        EXPECT_EQ(done, tried);
        return done;
    }
    static std::string counts(const Outcome& outcome, int status) {
        EXPECT_EQ(outcome.status, status) << outcome.output << outcome.errors;
        std::string out;
        const auto waybill = boost::json::parse(outcome.output);
        for (const auto& [name, value] : waybill.at("rows").as_object()) {
            if (value.to_number<int>() != 0) {
                out += fmt::format("{}{} {}", out.empty() ? "" : ", ", value.to_number<int>(), std::string(name));
            }
        }
        return out;
    }

    const Company company_;
    std::unique_ptr<Place> place_;
};

inline auto all_places() {
    return ::testing::Values("sqlite", "postgres", "mariadb", "mariadb_without_load");
}
inline std::string place_name(const ::testing::TestParamInfo<std::string_view>& tested) {
    return std::string(tested.param);
}

}  // namespace rowhaul::testing
