// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/table_site.h"

#include "app/components.h"
#include "testing/suite/wrapped_catalog.h"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <stdexcept>

namespace rowhaul::testing {

namespace {

using Rows = TableMode::Rows;

const Person* find(const std::vector<Person>& people, int id) {
    const auto found = std::ranges::find(people, id, &Person::id);
    return found != people.end() ? &*found : nullptr;
}

void replace(People& people, const Person& old, const Person& by) {
    people.erase(people.find(old));
    people.insert(by);
}

void by_key(const TableMode& mode, People& people, const std::vector<Person>& source) {
    const auto known = people;
    for (const auto& person : source) {
        const auto found = std::ranges::find(known, person.id, &Person::id);
        if (found == known.end() && mode.inserts) {
            people.insert({person.id, person.name});
        } else if (found != known.end()) {
            replace(people, *found, {person.id, mode.updates ? person.name : found->name});
        }
    }
    for (const auto& person : known) {
        if (mode.absent == Absent::Keep || find(source, person.id) != nullptr) {
            continue;
        }
        people.erase(people.find(person));
        if (mode.absent == Absent::Mark) {
            people.insert({person.id, person.name, 1});
        }
    }
}

}  // namespace

const std::vector<TableMode>& table_modes() {
    const std::string any = "max_delete: { percent: 100 }";
    static const std::vector<TableMode> modes{
        {.name = "append", .mapping = "", .rows = Rows::Appended},
        {.name = "new", .mapping = "read: new\n    cursor: changed", .rows = Rows::AppendedOnce},
        {.name = "replace", .mapping = "options: { replace: true, " + any + " }", .rows = Rows::Replaced},
        {.name = "insert_only", .mapping = "key: [id]\n    options: { existing: skip }", .updates = false},
        {.name = "update_only", .mapping = "key: [id]\n    options: { missing: skip }", .inserts = false},
        {.name = "upsert", .mapping = "key: [id]"},
        {.name = "mirror",
         .mapping = "key: [id]\n    options: { absent: delete, " + any + " }",
         .absent = Absent::Delete},
        {.name = "soft_delete",
         .mapping = "key: [id]\n    options: { absent: mark, mark: { column: gone }, " + any + " }",
         .absent = Absent::Mark},
        {.name = "changed", .mapping = "key: [id]\n    read: changed"},
    };
    return modes;
}

const TableMode& table_mode(std::string_view name) {
    const auto found = std::ranges::find(table_modes(), name, &TableMode::name);
    if (found == table_modes().end()) {
        throw std::invalid_argument(std::string(name));
    }
    return *found;
}

TableState after_run(const TableMode& mode, TableState state, const std::vector<Person>& source) {
    switch (mode.rows) {
        case Rows::Replaced:
            state.people = {source.begin(), source.end()};
            break;
        case Rows::Appended:
            state.people.insert(source.begin(), source.end());
            break;
        case Rows::AppendedOnce:
            for (const auto& person : source) {
                if (state.read.insert(person).second) {
                    state.people.insert(person);
                }
            }
            break;
        case Rows::ByKey:
            by_key(mode, state.people, source);
    }
    return state;
}

std::string text_of(const People& people) {
    std::string out;
    for (const auto& person : people) {
        out += fmt::format("{}{}|{}|{}", out.empty() ? "" : ";", person.id, person.name, person.gone);
    }
    return out;
}

Catalog hooked_catalog(const std::shared_ptr<DatabaseHooks>& hooks) {
    return with_databases(components(), [hooks](std::unique_ptr<Database> inner) {
        return std::make_unique<HookedDatabase>(std::move(inner), hooks);
    });
}

std::shared_ptr<DatabaseHooks> at(const Stage& stage, std::function<void()> act) {
    const auto has_come = std::make_shared<std::atomic<bool>>(false);
    DatabaseHooks::Hook hook = [stage, act = std::move(act), has_come](DatabaseStep step, std::string_view detail) {
        const bool is_it = step == stage.step && std::ranges::all_of(stage.words, [&](std::string_view word) {
                               return detail.find(word) != std::string_view::npos;
                           });
        if (is_it && !has_come->exchange(true)) {
            act();
        }
    };
    auto hooks = std::make_shared<DatabaseHooks>();
    (stage.when == When::Before ? hooks->before : hooks->after) = std::move(hook);
    return hooks;
}

const std::vector<Person> TableSite::first_source{{1, "Anna"}, {2, "Beat"}, {5, "Emil"}};
const std::vector<Person> TableSite::second_source{{1, "Anna"}, {2, "Bea"}, {5, "Emil"}, {6, "Flora"}};

TableState TableSite::before() {
    return {.people = {{1, "Anna"}, {2, "Bruno"}, {3, "Carla"}, {4, "Dora"}}, .read = {}};
}

TableSite::TableSite(Place& place, const TableMode& mode) : place_(place) {
    const auto* key = mode.rows == Rows::ByKey ? ", primary key (id)" : "";
    std::string sql = "drop table if exists people; drop table if exists rowhaul_commits; ";
    sql += fmt::format("create table people (id int not null, name varchar(20), gone int not null default 0{}); ", key);
    for (const auto& person : before().people) {
        sql += fmt::format("insert into people values ({}, '{}', {}); ", person.id, person.name, person.gone);
    }
    place_.sql(sql);
    SqliteHandle shop(folder_ / "shop.db", SqliteAccess::Create);
    shop.execute("create table people (id integer, name text, changed datetime)");
    give(first_source);
    write_file(folder_ / "rowhaul.yaml", fmt::format("version: 1\n"
                                                     "connections:\n"
                                                     "  shop: {{ type: sqlite, path: '{}/shop.db' }}\n"
                                                     "{}"
                                                     "mappings:\n"
                                                     "  people:\n"
                                                     "    source: {{ connection: shop, table: people }}\n"
                                                     "    fields: [ id, name ]\n"
                                                     "    target: {{ connection: erp, table: people }}\n"
                                                     "    {}\n",
                                                     folder_.path().string(), place_.connection(), mode.mapping));
}

// Who is not as before changed later.
void TableSite::give(const std::vector<Person>& source) {
    SqliteHandle shop(folder_ / "shop.db", SqliteAccess::ReadWrite);
    shop.execute("delete from people");
    for (const auto& person : source) {
        const bool is_known = std::ranges::find(first_source, person) != first_source.end();
        shop.run("insert into people values (?, ?, ?)", person.id, person.name,
                 is_known ? "2026-01-01 10:00:00" : "2026-01-01 10:01:00");
    }
}

RunResult TableSite::run(const Catalog& catalog) const {
    const Project project(folder_ / "rowhaul.yaml", catalog);
    Store store(home());
    Executor executor(project, store, home(), [] { return RunOutcome::Cancelled; });
    RunObserver nobody;
    return executor.run(Context(), {.name = "people"}, nobody);
}

std::string TableSite::people() const {
    return place_.rows("select id, name, gone from people order by id, name, gone");
}

}  // namespace rowhaul::testing
