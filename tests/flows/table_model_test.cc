// SPDX-License-Identifier: Apache-2.0
// Random rows, options and tables: what a run does in each database is what the model does in plain
// C++, trying it tells the same counts (P6), and doing it again changes nothing (P8).
#include "table_model.h"

#include "table_flow.h"
#include "testing/thoroughness.h"

#include <algorithm>
#include <array>
#include <fmt/ranges.h>
#include <map>
#include <random>

namespace rowhaul {
namespace {

using testing::model_run;
using testing::ModelOutcome;
using testing::ModelRow;
using testing::ModelSetting;
using testing::ModelTable;

class Dice {
public:
    explicit Dice(std::uint32_t seed) : engine_(seed) {}
    std::size_t below(std::size_t limit) { return engine_() % limit; }
    bool one_in(std::size_t chances) { return below(chances) == 0; }
    template <class T>
    T one_of(std::initializer_list<T> choices) {
        return *(choices.begin() + below(choices.size()));
    }

private:
    std::mt19937 engine_;
};

// A setting, a table and two sources, from one number.
struct Case {
    explicit Case(std::uint32_t seed, std::size_t longest_text) : dice(seed) {
        setting.longest_text = longest_text;
        auto& rules = setting.rules;
        using Key = std::vector<std::string>;
        rules.key = dice.one_of<Key>({{"number"}, {"number"}, {"letter", "number"}, {"letter"}, {}});
        if (rules.key.empty()) {
            rules.replaces_all = !dice.one_in(4);
        } else {
            rules.missing = dice.one_of({Missing::Insert, Missing::Insert, Missing::Skip});
            rules.existing =
                dice.one_in(8) ? Existing::Error : dice.one_of({Existing::Update, Existing::Update, Existing::Skip});
            rules.absent = dice.one_of({Absent::Keep, Absent::Mark, Absent::Delete, Absent::Delete});
            rules.duplicates = dice.one_in(8) ? Duplicates::Error
                                              : dice.one_of({Duplicates::Reject, Duplicates::First, Duplicates::Last});
            rules.mark.column = "gone";
        }
        if (rules.absent != Absent::Keep) {
            rules.filtered = dice.one_of({Filtered::Keep, Filtered::Absent});
        }
        if (rules.absent != Absent::Keep || rules.replaces_all) {
            rules.empty_source = dice.one_of({EmptySource::Refuse, EmptySource::Accept});
            rules.max_delete = {.percent = dice.one_of({0.0, 50.0, 100.0, 100.0, 100.0}),
                                .rows = dice.one_of<std::int64_t>({0, 3, 100})};
        }
        has_bad_keys = dice.one_in(4);
        has_bad_values = !dice.one_in(3);
        for (auto left = dice.below(15); left > 0; --left) {
            const auto row = random_row();
            testing::ModelRecord record{.text = row.text.substr(0, 1), .amount = row.amount};
            record.amount = row.amount == "-1" || row.amount == "x" ? "5" : row.amount;
            record.gone = dice.one_of<std::string>({"", "0", "1"});
            const testing::ModelKey key{uses("number") ? number() : "1", uses("letter") ? letter() : "a"};
            if (rules.key.empty() || !table.contains(key)) {
                table.emplace(key, record);
            }
        }
        for (auto& rows : sources) {
            for (auto left = dice.one_of<std::size_t>({0, 1, 8, 15}); left > 0; --left) {
                rows.push_back(random_row());
            }
        }
    }

    bool uses(const std::string& column) const {
        const auto& key = setting.rules.key;
        return std::ranges::find(key, column) != key.end();
    }
    std::string letter() { return dice.one_of<std::string>({"a", "b", "c", "dd", "e", "f", "g", "h"}); }
    std::string number() { return std::to_string(1 + dice.below(15)); }
    // Most things may be wrong with it.
    ModelRow random_row() {
        const auto rarely = [&](bool happens, const char* wrong, const std::string& usual) {
            return happens && dice.one_in(12) ? std::string(wrong) : usual;
        };
        ModelRow row;
        row.number = rarely(has_bad_keys, "x", rarely(has_bad_keys, "", number()));
        row.letter = rarely(has_bad_keys, "", letter());
        row.text = rarely(has_bad_values, "longer than ten", dice.one_of<std::string>({"", "t", "u"}));
        row.amount =
            rarely(has_bad_values, "x", rarely(has_bad_values, "-1", dice.one_of<std::string>({"", "0", "1"})));
        row.meets_rule = !dice.one_in(6);
        row.is_malformed = has_bad_keys && dice.one_in(40);
        return row;
    }

    Dice dice;
    ModelSetting setting;
    ModelTable table;
    bool has_bad_keys = false;
    bool has_bad_values = false;
    std::array<std::vector<ModelRow>, 2> sources;
};

std::string csv_of(const std::vector<ModelRow>& rows) {
    std::string csv = "number,letter,text,amount,rule\n";
    for (const auto& row : rows) {
        csv += fmt::format("{},{},{},{},{}{}\n", row.number, row.letter, row.text, row.amount, row.meets_rule ? 1 : 0,
                           row.is_malformed ? ",more" : "");
    }
    return csv;
}

std::string options_of(const RecordRules& rules) {
    std::string text;
    const auto add = [&](std::string_view name, const std::string& value) {
        text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", name, value);
    };
    if (!rules.key.empty()) {
        add("missing", to_text(rules.missing));
        add("existing", to_text(rules.existing));
        add("duplicates", to_text(rules.duplicates));
        add("absent", to_text(rules.absent));
    }
    if (rules.absent == Absent::Mark) {
        add("mark", "{ column: gone }");
    }
    if (rules.absent != Absent::Keep) {
        add("filtered", to_text(rules.filtered));
    }
    if (rules.replaces_all) {
        add("replace", "true");
    }
    if (rules.absent != Absent::Keep || rules.replaces_all) {
        add("empty_source", to_text(rules.empty_source));
        add("max_delete", fmt::format("{{ percent: {}, rows: {} }}", rules.max_delete.percent, rules.max_delete.rows));
    }
    return text;
}

std::string sql_text(const std::string& value) {
    return value.empty() ? "null" : "'" + value + "'";
}

std::string contents_of(const ModelTable& table) {
    std::vector<std::string> lines;
    const auto shown = [](const std::string& value) { return value.empty() ? std::string("NULL") : value; };
    for (const auto& [key, record] : table) {
        lines.push_back(fmt::format("{}|{}|{}|{}|{}|{}", shown(key.first), shown(key.second), shown(record.text),
                                    shown(record.amount), record.untouched, shown(record.gone)));
    }
    std::ranges::sort(lines);
    return fmt::format("{}", fmt::join(lines, ";"));
}

class TableModel : public testing::TableFlow {
protected:
    void make(const Case& drawn) {
        std::string key;
        for (const auto& name : drawn.setting.rules.key) {
            key += (key.empty() ? "" : ", ") + name;
        }
        sql(
            fmt::format("create table records (number int {}, letter varchar(5) {}, text varchar(10), amount int, "
                        "untouched int default 7, gone boolean, check (amount >= 0){})",
                        key.empty() ? "" : "default 1 not null", key.empty() ? "" : "default 'a' not null",
                        key.empty() ? "" : ", primary key (" + key + ")"));
        for (const auto& [parts, record] : drawn.table) {
            const auto gone = record.gone.empty() ? "null" : record.gone == "1" ? "true" : "false";
            sql(fmt::format("insert into records (number, letter, text, amount, gone) values ({}, {}, {}, {}, {})",
                            parts.first.empty() ? "null" : parts.first, sql_text(parts.second), sql_text(record.text),
                            record.amount.empty() ? "null" : record.amount, gone));
        }
        const auto& keys = drawn.setting.rules.key;
        const auto fields = keys.empty() ? "number, letter" : key;
        company_.configure(
            fmt::format("mappings:\n"
                        "  customers:\n"
                        "    source: {{ connection: files, file: customers.csv, settle: {{ age: 0s }}, again: true }}\n"
                        "    where: \"rule = '1'\"\n"
                        "    fields: [ {}, text, amount ]\n"
                        "    target: {{ connection: erp, table: records }}\n"
                        "    {}options: {{ {} }}\n",
                        fields, keys.empty() ? "" : fmt::format("key: [{}]\n    ", key),
                        options_of(drawn.setting.rules)),
            place_->connection() + "  files: { type: local, folder: . }\n");
    }
    std::string contents() {
        auto rows = place_->rows(
            "select number, letter, text, amount, untouched, case when gone then 1 when not gone then 0 end as gone "
            "from records");
        std::vector<std::string> lines;
        for (std::size_t at = 0; at < rows.size();) {
            const auto end = std::min(rows.find(';', at), rows.size());
            lines.push_back(rows.substr(at, end - at));
            at = end + 1;
        }
        std::ranges::sort(lines);
        return fmt::format("{}", fmt::join(lines, ";"));
    }
    std::string done(std::string_view command, const ModelOutcome& expected) {
        const auto outcome = company_.rowhaul({std::string(command), "customers", "--output", "json"});
        EXPECT_EQ(outcome.status, expected.status) << command << "\n" << outcome.output << outcome.errors;
        if (outcome.output.empty()) {
            return "no waybill";
        }
        std::map<std::string, std::uint64_t> counts;
        const auto waybill = boost::json::parse(outcome.output);
        for (const auto& [name, value] : waybill.at("rows").as_object()) {
            // The model does not know what failed in earlier runs.
            if (name != "retried" && value.to_number<std::uint64_t>() != 0) {
                counts[std::string(name)] = value.to_number<std::uint64_t>();
            }
        }
        return fmt::format("{}", expected.status == 0 || expected.status == 3 ? counts : expected.counts);
    }
    // What the model says happens, tried and then done.
    ModelTable go(const ModelSetting& setting, const std::vector<ModelRow>& rows, const ModelTable& before) {
        given(csv_of(rows));
        const auto expected = model_run(setting, rows, before);
        const auto counts = fmt::format("{}", expected.counts);
        EXPECT_EQ(done("test", expected), counts) << "tried";
        EXPECT_EQ(contents(), contents_of(before)) << "after it was tried";
        EXPECT_EQ(done("run", expected), counts);
        EXPECT_EQ(contents(), contents_of(expected.table));
        for (const auto& [name, rows_counted] : expected.counts) {
            seen_[name] += rows_counted;
        }
        seen_[fmt::format("status {}", expected.status)] += 1;
        return expected.table;
    }

    std::map<std::string, std::uint64_t> seen_;
};
INSTANTIATE_TEST_SUITE_P(Databases, TableModel, testing::all_places(), testing::place_name);

TEST_P(TableModel, DoesWhatTheDatabasesDo) {
    const std::uint32_t cases = testing::is_thorough() ? 300 : 30;
    const bool is_sqlite = GetParam() == "sqlite";
    for (std::uint32_t seed = 1; seed <= cases && !HasFailure(); ++seed) {
        const Case drawn(seed * 7919, is_sqlite ? 100 : 10);
        make(drawn);
        SCOPED_TRACE(fmt::format("seed {}, key [{}], options {{ {} }}\ntable {}\nfirst\n{}second\n{}", seed,
                                 fmt::join(drawn.setting.rules.key, ", "), options_of(drawn.setting.rules),
                                 contents_of(drawn.table), csv_of(drawn.sources[0]), csv_of(drawn.sources[1])));
        auto table = go(drawn.setting, drawn.sources[0], drawn.table);
        const auto again = go(drawn.setting, drawn.sources[0], table);
        if (!drawn.setting.rules.key.empty() || drawn.setting.rules.replaces_all) {
            EXPECT_EQ(contents_of(again), contents_of(table)) << "doing it again changed something";
        }
        go(drawn.setting, drawn.sources[1], again);
        sql("drop table records");
    }
    // Chance has left nothing out.
    for (const std::string_view what : {"created", "updated", "unchanged", "skipped", "filtered", "rejected", "deleted",
                                        "status 0", "status 1", "status 3", "status 5"}) {
        EXPECT_GT(seen_[std::string(what)], 0U) << what;
    }
}

}  // namespace
}  // namespace rowhaul
