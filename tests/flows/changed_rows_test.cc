// SPDX-License-Identifier: Apache-2.0
// `read: changed` leaves in a table of any database what `read: all` does, and says the same of it.
#include "table_flow.h"
#include "testing/thoroughness.h"

#include <algorithm>
#include <array>
#include <random>

namespace rowhaul {
namespace {

// Rows of several files go into the tables `a`, by `read: all`, and `b`, by `read: changed`.
class ChangedRowsInto : public testing::TableFlow {
protected:
    void given_options(const std::string& options) {
        drops_duplicates_ = !options.starts_with("duplicates: reject");
        std::string mappings = "mappings:\n";
        for (const auto* table : {"a", "b"}) {
            sql(
                fmt::format("drop table if exists {0}; create table {0} (id int primary key, name varchar(10), amount "
                            "decimal(10,2), gone boolean, check (amount >= 0))",
                            table));
            mappings += fmt::format(
                "  {0}:\n"
                "    source: {{ connection: files, files: 'part*.csv', settle: {{ age: 0s }}, again: true }}\n"
                "    where: \"rule = '1'\"\n"
                "    fields: [ id, name, amount ]\n"
                "    target: {{ connection: erp, table: {0} }}\n"
                "    key: [id]\n"
                "    read: {1}\n"
                "    options: {{ {2} }}\n",
                table, table == std::string_view("b") ? "changed" : "all", options);
        }
        company_.configure(mappings, place_->connection() + "  files: { type: local, folder: . }\n");
        std::filesystem::remove_all(company_ / ".rowhaul");
    }
    std::string counts_of(const std::string& mapping, const std::string& command) const {
        const auto outcome = company_.rowhaul({command, mapping, "--output", "json"});
        auto waybill = boost::json::parse(outcome.output);
        if (drops_duplicates_) {
            // Of rows that another one displaces, those that were left out are not looked at.
            for (const auto* count : {"skipped", "rejected", "unchanged", "retried"}) {
                waybill.at("rows").as_object().erase(count);
            }
        }
        return fmt::format("{} {} {}", outcome.status, boost::json::serialize(waybill.at("rows")),
                           testing::text_at(waybill, "/message"));
    }
    bool drops_duplicates_ = false;

    std::string contents(const std::string& table) {
        return place_->rows(fmt::format(
            "select id, name, amount, case when gone then 1 when not gone then 0 end as gone from {} order by id",
            table));
    }
};

INSTANTIATE_TEST_SUITE_P(Databases, ChangedRowsInto, ::testing::Values("sqlite", "postgres", "mariadb"),
                         testing::place_name);

// The second row of a key stands where it stood last time, the first one does not: only the latter is
// looked up when all rows have come.
TEST_P(ChangedRowsInto, ATableCountAsFirstAndLastByTheirOrderInAllFiles) {
    for (const auto* rule : {"first", "last"}) {
        SCOPED_TRACE(rule);
        given_options(fmt::format("duplicates: {}", rule));
        std::string many;
        for (int id = 1000; id < 16'000; ++id) {
            many += fmt::format("{},Zita,1,1\n", id);
        }
        const std::string header = "id,name,amount,rule\n";
        const auto given = [&](std::string_view before, std::string_view after) {
            testing::write_file(company_ / "part0.csv", fmt::format("{}{}", header, before));
            testing::write_file(company_ / "part1.csv", header + many);
            testing::write_file(company_ / "part2.csv", fmt::format("{}{}", header, after));
        };
        given("", "7,Anna,1,1\n");
        EXPECT_EQ(counts_of("b", "run"), counts_of("a", "run"));
        given("7,Berta,1,1\n", "7,Carla,1,1\n");
        EXPECT_EQ(counts_of("b", "run"), counts_of("a", "run"));
        const auto winner = rule == std::string_view("first") ? "Berta" : "Carla";
        EXPECT_EQ(place_->rows("select name from a where id = 7"), winner);
        EXPECT_EQ(place_->rows("select name from b where id = 7"), winner);
    }
}

// All rows are new, wait for the end, and leave in the order of their keys' hashes.
TEST_P(ChangedRowsInto, ATableAreKnownByFileAndLineWhenItRefusesThem) {
    given_options("duplicates: reject, absent: delete");
    std::string csv = "id,name,amount,rule\n";
    for (int id = 1; id <= 6000; ++id) {
        csv += fmt::format("{},Zita,{},1\n", id, id % 1000 == 0 ? -1 : 1);
    }
    testing::write_file(company_ / "part1.csv", csv);
    for (const auto* retried : {"0", "6"}) {
        const auto outcome = company_.rowhaul({"run", "b", "--output", "json"});
        const auto waybill = boost::json::parse(outcome.output);
        EXPECT_EQ(testing::text_at(waybill, "/rows/rejected"), "6") << outcome.output;
        EXPECT_EQ(testing::text_at(waybill, "/rows/retried"), retried);
        const auto& sample = waybill.at_pointer("/rejects/0/sample").as_array();
        EXPECT_EQ(sample.size(), 6U);
        for (const auto& reject : sample) {
            EXPECT_EQ(testing::text_at(reject, "/file"), "part1.csv");
            EXPECT_EQ(std::stoi(testing::text_at(reject, "/line")) - 1, std::stoi(testing::text_at(reject, "/key")));
        }
    }
    const auto marks = company_.ask({"marks", "b", "--status", "failed"}).as_array();
    EXPECT_EQ(marks.size(), 6U);
}

TEST_P(ChangedRowsInto, ATableDoWhatAllRowsWould) {
    constexpr std::array<std::string_view, 6> settings{
        "duplicates: reject",
        "duplicates: first",
        "duplicates: last",
        "duplicates: first, absent: mark, mark: { column: gone }, max_delete: { percent: 100, rows: 1000 }, "
        "empty_source: accept",
        "duplicates: last, absent: delete, max_delete: { percent: 100, rows: 1000 }, empty_source: accept",
        "duplicates: reject, absent: delete, filtered: absent, max_delete: { percent: 100, rows: 1000 }, "
        "empty_source: accept"};
    for (std::uint32_t seed = 0; seed < (testing::is_thorough() ? 60U : settings.size()) && !HasFailure(); ++seed) {
        SCOPED_TRACE(fmt::format("seed {}: {}", seed, settings[seed % settings.size()]));
        std::mt19937 random(seed);
        const auto below = [&](std::size_t limit) { return random() % limit; };
        given_options(std::string(settings[seed % settings.size()]));
        std::vector<std::string> rows;
        const auto draw = [&] {
            constexpr std::array<std::string_view, 8> names{"Anna", "Berta", "Carla",  "Dora",
                                                            "Emma", "",      "Frieda", "longer than ten"};
            constexpr std::array<std::string_view, 8> amounts{"1", "1.5", "1.50", "2", "3", "", "-1", "x"};
            return fmt::format("{},{},{},{}\n", below(40) == 0 ? "" : std::to_string(below(20)),
                               names[below(below(3) == 0 ? 8 : 5)], amounts[below(below(3) == 0 ? 8 : 5)],
                               below(9) == 0 ? 0 : 1);
        };
        for (int i = 0; i < 20; ++i) {
            rows.push_back(draw());
        }
        for (int round = 0; round < 4 && !HasFailure(); ++round) {
            SCOPED_TRACE(fmt::format("round {}", round));
            for (std::size_t part = 0; part < 3; ++part) {
                std::string csv = "id,name,amount,rule\n";
                for (std::size_t i = part * rows.size() / 3; i < (part + 1) * rows.size() / 3; ++i) {
                    csv += rows[i];
                }
                testing::write_file(company_ / fmt::format("part{}.csv", part), csv);
            }
            const auto expected = counts_of("a", "run");
            EXPECT_EQ(counts_of("b", "test"), expected);
            EXPECT_EQ(counts_of("b", "run"), expected);
            EXPECT_EQ(contents("b"), contents("a"));
            for (auto changes = below(8); changes > 0 && !rows.empty(); --changes) {
                switch (below(4)) {
                    case 0:
                        rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(below(rows.size())));
                        break;
                    case 1:
                        std::swap(rows[below(rows.size())], rows[below(rows.size())]);
                        break;
                    case 2:
                        rows.push_back(draw());
                        break;
                    default:
                        rows[below(rows.size())] = draw();
                }
            }
        }
    }
}

}  // namespace
}  // namespace rowhaul
