// SPDX-License-Identifier: Apache-2.0
// The sample company: a shop's database with everything that breaks naive CSV exports in it.
#include "app/commands.h"
#include "app/demo_files.h"
#include "database/sqlite_handle.h"

#include <array>
#include <fmt/format.h>
#include <fstream>
#include <random>

namespace rowhaul {

namespace {

constexpr int customer_count = 10'000;
constexpr int order_count = 25'000;
constexpr int product_count = 500;

template <std::size_t Size>
std::string_view pick(const std::array<std::string_view, Size>& from, std::mt19937& random) {
    return from[random() % Size];
}

constexpr std::array<std::string_view, 12> first_names{"Jürg",  "Zoë",    "Luca", "Giulia", "François", "Müge",
                                                       "Søren", "Chiara", "Anna", "Björn",  "Noémie",   "Łukasz"};
constexpr std::array<std::string_view, 12> last_names{"Müller",  "Weiß",   "D'Amico", "Rossi",    "Öztürk", "von Känel",
                                                      "Lefèvre", "Keller", "Bianchi", "Schröder", "Nuñez",  "O’Brien"};
constexpr std::array<std::string_view, 8> cities{"Zürich", "München", "Köln",   "Bolzano",
                                                 "Genève", "Lugano",  "Milano", "St. Gallen"};
constexpr std::array<std::string_view, 6> notes{"",
                                                "likes \"express\" delivery",
                                                "second floor\nring twice",
                                                "discount; agreed by phone, 5%",
                                                "=call before delivery",
                                                "Grüße an Frau Weiß – danke…"};
constexpr std::array<std::string_view, 6> goods{"Schraube", "Mutter", "Dübel", "Vite", "Rondella", "Écrou"};

void make_customers(SqliteHandle& database, std::mt19937& random) {
    auto insert = database.prepare("insert into customers values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    for (int id = 1; id <= customer_count; ++id) {
        const auto first = pick(first_names, random);
        const auto last = pick(last_names, random);
        insert.bind_all(id, fmt::format("{:06}", id), first, last, fmt::format("kunde{}@example.com", id),
                        fmt::format("0{:02} {:03} {:02} {:02}", 41 + random() % 50, random() % 1000, random() % 100,
                                    random() % 100),
                        pick(cities, random),
                        id % 7 == 0 ? std::optional<std::string_view>() : std::optional(pick(notes, random)),
                        id % 11 == 0 ? 0 : 1);
        insert.run();
    }
}

void make_products(SqliteHandle& database, std::mt19937& random) {
    auto insert = database.prepare("insert into products values (?1, ?2, ?3, ?4)");
    for (int id = 1; id <= product_count; ++id) {
        insert.bind_all(fmt::format("{:05}", id),
                        fmt::format("{} M{}×{}", pick(goods, random), 3 + random() % 10, 10 + random() % 90),
                        fmt::format("{}.{:02}", random() % 200, random() % 100),
                        static_cast<std::int64_t>(random() % 5000));
        insert.run();
    }
}

void make_orders(SqliteHandle& database, std::mt19937& random) {
    auto insert = database.prepare("insert into orders values (?1, ?2, ?3, ?4, ?5, ?6)");
    for (int id = 1; id <= order_count; ++id) {
        insert.bind_all(id, static_cast<std::int64_t>(1 + random() % customer_count),
                        fmt::format("{:05}", 1 + random() % product_count),
                        static_cast<std::int64_t>(1 + random() % 20),
                        fmt::format("{}.{:02}", random() % 2000, random() % 100),
                        fmt::format("2026-{:02}-{:02} {:02}:{:02}:00", 1 + random() % 12, 1 + random() % 28,
                                    random() % 24, random() % 60));
        insert.run();
    }
}

void make_database(const std::filesystem::path& path) {
    // Made aside and renamed, so that a demo that was stopped half-way can be started again.
    const auto unfinished = path.string() + ".new";
    std::filesystem::remove(unfinished);
    {
        SqliteHandle database(unfinished, SqliteAccess::Create);
        database.execute(demo_files::shop_sql);
        SqliteTransaction transaction(database);
        std::mt19937 random(1);  // the same company for everybody
        make_customers(database, random);
        make_products(database, random);
        make_orders(database, random);
        transaction.commit();
    }
    std::filesystem::rename(unfinished, path);
}

void make_file(const std::filesystem::path& path, std::string_view text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (!file.flush()) {
        throw Error(ErrorKind::Denied, fmt::format("cannot write {}", path.string()))
            .advise("Choose another folder with --folder.");
    }
}

}  // namespace

ExitCode run_demo(const std::filesystem::path& folder, const GlobalOptions& global) {
    std::error_code failure;
    std::filesystem::create_directories(folder / "out", failure);
    if (failure) {
        throw Error(ErrorKind::Denied, fmt::format("cannot make {}: {}", folder.string(), failure.message()))
            .advise("Choose another folder with --folder.");
    }
    const auto configuration = folder / "rowhaul.yaml";
    if (!std::filesystem::exists(folder / "shop.db")) {
        make_database(folder / "shop.db");
    }
    if (!std::filesystem::exists(configuration)) {
        make_file(configuration, demo_files::rowhaul_yaml);
    }
    GlobalOptions options = global;
    options.file = configuration;
    Session session(options);
    const auto code = run_haul(session, {.name = "nightly"}, FailOnEmpty::No);
    if (!session.is_json()) {
        session.print(fmt::format(fmt::runtime(demo_files::next_steps_txt), fmt::arg("folder", folder.string())));
    }
    return code;
}

}  // namespace rowhaul
