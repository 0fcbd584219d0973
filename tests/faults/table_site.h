// SPDX-License-Identifier: Apache-2.0
// People on their way from shop.db into a table of some database, in every mode there is, in this process:
// so that a test can stand between any two steps. A model in plain C++ says what the table is to hold.
#pragma once
#include "connector/catalog.h"
#include "execution/executor.h"
#include "testing/suite/hooked_database.h"
#include "testing/temporary_folder.h"
#include "tests/flows/places.h"

#include <compare>
#include <functional>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul::testing {

// How rows go into the table; `mapping` is what stands beside source and target.
struct TableMode {
    enum class Rows : std::uint8_t { Appended, AppendedOnce, Replaced, ByKey };

    std::string name;
    std::string mapping;
    Rows rows = Rows::ByKey;
    bool inserts = true;
    bool updates = true;
    Absent absent = Absent::Keep;

    friend std::ostream& operator<<(std::ostream& out, const TableMode& mode) { return out << mode.name; }
};

// All of them: append, replace, read: new; and by key insert only, update only, upsert, mirror, soft
// delete, read: changed.
const std::vector<TableMode>& table_modes();
const TableMode& table_mode(std::string_view name);

struct Person {
    int id = 0;
    std::string name;
    int gone = 0;
    friend auto operator<=>(const Person&, const Person&) = default;
};
using People = std::multiset<Person>;

// The table, and what was read of the source so far, where that is remembered.
struct TableState {
    People people;
    std::set<Person> read;
    friend bool operator==(const TableState&, const TableState&) = default;
};

// What a run over these people makes of it.
TableState after_run(const TableMode&, TableState, const std::vector<Person>& source);
// As the table tells it: "1|Anna|0;2|Bruno|0".
std::string text_of(const People&);

// A catalog whose databases call these hooks.
Catalog hooked_catalog(const std::shared_ptr<DatabaseHooks>&);

// A moment of a run.
enum class When : std::uint8_t { Before, After };
struct Stage {
    std::string name;
    When when;
    DatabaseStep step;
    std::vector<std::string_view> words = {};  // all of which its detail has
};
// Does something when it comes for the first time.
std::shared_ptr<DatabaseHooks> at(const Stage&, std::function<void()> act);

// The mapping "people", with a home of its own. `place` must outlive this; what lay there is gone.
class TableSite {
public:
    static const std::vector<Person> first_source;
    static const std::vector<Person> second_source;  // some are new, one is another, none is missing
    static TableState before();

    TableSite(Place& place, const TableMode& mode);

    void give(const std::vector<Person>& source);
    RunResult run(const Catalog&) const;
    // What the table holds, as text_of() says it.
    std::string people() const;
    std::filesystem::path home() const { return folder_ / "home"; }
    Store store() const { return Store(home()); }
    std::filesystem::path folder() const { return folder_.path(); }

private:
    TemporaryFolder folder_{TemporaryFolder::Place::Memory};
    Place& place_;
};

}  // namespace rowhaul::testing
