// SPDX-License-Identifier: Apache-2.0
// A run that reads keys back from a table of each database, killed as with kill -9 before every commit that
// it makes on its own side: staged, promoted, recorded. The next run knows every key, and none that is not so.
#include "app/components.h"
#include "database/sqlite_handle.h"
#include "execution/executor.h"
#include "store/mark_file.h"
#include "testing/servers/maria_db.h"
#include "testing/servers/postgres.h"
#include "testing/temporary_folder.h"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rowhaul {
namespace {

using namespace rowhaul::testing;

int commits_left = 0;

extern "C" int die_with_keys(void*) {
    if (--commits_left == 0) {
        ::kill(::getpid(), SIGKILL);
    }
    return 0;
}

extern "C" int watch_commits_with_keys(sqlite3* database, const char**, const void*) {
    sqlite3_commit_hook(database, die_with_keys, nullptr);
    return SQLITE_OK;
}

MariaDb& maria() {
    static MariaDb server;
    return server;
}

// The people of shop.db go to a table that numbers them.
class Site {
public:
    explicit Site(std::string_view product) : product_(product), shop_(folder_ / "shop.db", SqliteAccess::Create) {
        shop_.execute("create table people (id integer, name text)");
        for (int id = 1; id <= 30; ++id) {
            shop_.run("insert into people values (?, ?)", id, "Anna");
        }
        if (product_ == "postgres") {
            database_ = Postgres::shared().make_database();
            sql("create table people (number serial, id int primary key, name text)");
        } else if (product_ == "mariadb") {
            maria().exec("drop database if exists keys_killed; create database keys_killed");
            sql("create table people (number int auto_increment unique, id int primary key, name text)");
        } else {
            sql("create table people (number integer primary key, id int unique, name text)");
        }
        write_file(folder_ / "rowhaul.yaml",
                   fmt::format("version: 1\nconnections:\n"
                               "  shop: {{ type: sqlite, path: '{0}/shop.db' }}\n"
                               "  erp: {{ {1} }}\n"
                               "mappings:\n"
                               "  people:\n"
                               "    source: {{ connection: shop, table: people }}\n"
                               "    target: {{ connection: erp, table: people, generated_key: number }}\n"
                               "    key: [id]\n"
                               "    read: changed\n"
                               "    options: {{ absent: delete, max_delete: {{ percent: 100 }} }}\n",
                               folder_.path().string(), connection()));
    }

    void sql(const std::string& statements) const {
        if (product_ == "postgres") {
            Postgres::shared().execute(statements, database_);
        } else if (product_ == "mariadb") {
            maria().exec("use keys_killed; " + statements);
        } else {
            SqliteHandle(folder_ / "erp.db", SqliteAccess::Create).execute(statements);
        }
    }
    SqliteHandle& shop() { return shop_; }
    Waybill run() const {
        const Catalog catalog = components();
        const Project project(folder_ / "rowhaul.yaml", catalog);
        Store store(folder_ / "home");
        Executor executor(project, store, folder_ / "home", [] { return RunOutcome::Cancelled; });
        RunObserver nobody;
        return executor.run(Context(), {.name = "people"}, nobody).waybills.at(0);
    }
    // Whether the process died before it could end.
    bool run_and_die(int commit) const {
        const auto child = ::fork();
        if (child == 0) {
            commits_left = commit;
            sqlite3_auto_extension(reinterpret_cast<void (*)()>(watch_commits_with_keys));
            run();
            ::_exit(0);
        }
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        return WIFSIGNALED(status);
    }
    // "id number" of every record, as the table and as the marks say.
    std::vector<std::string> there() const {
        const Catalog catalog = components();
        const Project project(folder_ / "rowhaul.yaml", catalog);
        Problems problems;
        const auto connection = project.connect("erp");
        const auto section = parse_yaml("{ connection: erp, table: people }", "people.yaml", problems);
        const auto source = connection->source(section, "source", {}, problems);
        source->schema(Context());
        Batch batch(2);
        std::vector<std::string> found;
        for (const auto reader = source->open(Context(), {"id", "number"}, {}); reader->next(Context(), batch);) {
            for (std::size_t row = 0; row < batch.rows(); ++row) {
                found.push_back(fmt::format("{} {}", batch.column(0)[row].text(), batch.column(1)[row].text()));
            }
        }
        std::ranges::sort(found);
        return found;
    }
    std::vector<std::string> marked() const {
        const auto file = MarkFile::existing(MarkFile::path(folder_ / "home", "people"), SqliteAccess::ReadOnly);
        std::vector<std::string> found;
        for (const auto& target : file->targets()) {
            file->each(Context(), target, [&](const Mark& mark) {
                if (mark.status == MarkStatus::Succeeded) {
                    found.push_back(fmt::format("{} {}", shown_key(mark.key), mark.key_there));
                }
                return true;
            });
        }
        std::ranges::sort(found);
        return found;
    }

private:
    std::string connection() const {
        if (product_ == "postgres") {
            const auto& server = Postgres::shared();
            return fmt::format("type: postgres, host: {}, port: {}, database: {}, user: owner", server.socket_folder(),
                               server.port(), database_);
        }
        if (product_ == "mariadb") {
            return fmt::format("type: mariadb, socket: {}, database: keys_killed, user: root", maria().socket());
        }
        return fmt::format("type: sqlite, path: '{}/erp.db'", folder_.path().string());
    }

    TemporaryFolder folder_{TemporaryFolder::Place::Memory};
    std::string product_;
    std::string database_;
    SqliteHandle shop_;
};

class GivenKeysKilled : public ::testing::TestWithParam<std::string_view> {};
INSTANTIATE_TEST_SUITE_P(Databases, GivenKeysKilled, ::testing::Values("sqlite", "postgres", "mariadb"),
                         [](const auto& product) { return std::string(product.param); });

TEST_P(GivenKeysKilled, at_any_commit_the_next_run_knows_the_keys_that_are_there) {
    int deaths = 0;
    for (int commit = 1; !HasFailure(); ++commit) {
        SCOPED_TRACE(fmt::format("commit {}", commit));
        Site site(GetParam());
        ASSERT_EQ(site.run().outcome, RunOutcome::Succeeded);
        ASSERT_EQ(site.marked(), site.there());
        // Numbers that were known are not those of the records that come now.
        site.sql("delete from people where id between 5 and 9");
        site.shop().execute(
            "update people set name = 'Berta' where id between 5 and 12; delete from people where id > 20;"
            "insert into people values (31, 'Zoe'), (32, 'Zita')");
        if (!site.run_and_die(commit)) {
            EXPECT_EQ(site.marked(), site.there());
            break;
        }
        ++deaths;
        EXPECT_EQ(site.run().outcome, RunOutcome::Succeeded);
        EXPECT_THAT(site.marked(), ::testing::IsSupersetOf(site.there()));
        // Where nobody knows what arrived, records are absent no sooner than by the run after that.
        EXPECT_EQ(site.run().outcome, RunOutcome::Succeeded);
        EXPECT_EQ(site.marked(), site.there());
        EXPECT_EQ(site.marked().size(), 22U);
    }
    EXPECT_GE(deaths, 6);
}

}  // namespace
}  // namespace rowhaul
