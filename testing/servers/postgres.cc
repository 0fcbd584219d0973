// SPDX-License-Identifier: Apache-2.0
#include "testing/servers/postgres.h"

#include <csignal>
#include <libpq-fe.h>
#include <stdexcept>
#include <unistd.h>

namespace rowhaul::testing {

namespace {

std::string server_program(const std::string& name) {
    return program({"/usr/lib/postgresql/15/bin/" + name, "/usr/lib/postgresql/16/bin/" + name,
                    "/usr/lib/postgresql/17/bin/" + name, "/usr/bin/" + name});
}

}  // namespace

Postgres::Postgres(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {
    initialize();
    start();
}

Postgres::~Postgres() {
    stop();
}

Postgres& Postgres::shared() {
    static Postgres server;
    return server;
}

void Postgres::initialize() {
    const auto password_file = configure("password", "owner-password\n");
    must_succeed({server_program("initdb"), "--pgdata=" + own("data"), "--username=owner", "--pwfile=" + password_file,
                  "--encoding=UTF8", "--no-locale", "--no-sync", "--auth=scram-sha-256"},
                 as_server());
    write_file(own("data/pg_hba.conf"),
               "local all all trust\n"
               "host all denied all reject\n"
               "host all all 127.0.0.1/32 scram-sha-256\n");
}

void Postgres::start() {
    std::vector<std::string> command = {server_program("postgres"), "-D", own("data")};
    const std::vector<std::string> settings = {"port=" + std::to_string(port_), "listen_addresses=127.0.0.1",
                                               "unix_socket_directories=" + socket_folder(), "ssl=on",
                                               "ssl_cert_file=" + certificate_file(), "ssl_key_file=" + key_file(),
                                               // Data that nobody misses after a crash may be written lazily.
                                               "fsync=off", "synchronous_commit=off", "full_page_writes=off",
                                               "autovacuum=off", "shared_buffers=64MB", "max_connections=40"};
    for (const auto& setting : settings) {
        command.insert(command.end(), {"-c", setting});
    }
    command.insert(command.end(), arguments_.begin(), arguments_.end());
    launch(command);
    // It listens before it is ready.
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (true) {
        try {
            execute("select 1");
            return;
        } catch (const std::runtime_error&) {
            if (std::chrono::steady_clock::now() > give_up || !process_->running()) {
                throw;
            }
            ::usleep(20'000);
        }
    }
}

// Nothing of it is needed any more, so it need not shut down in order. SIGQUIT lets it end its
// children and free its shared memory.
void Postgres::stop() {
    end(SIGQUIT);
}

std::string Postgres::execute(std::string_view statements, std::string_view database) const {
    const std::string where = "host=" + socket_folder() + " port=" + std::to_string(port_) +
                              " user=owner dbname=" + std::string(database) + " client_encoding=UTF8";
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(where.c_str()), &PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK) {
        throw std::runtime_error(PQerrorMessage(connection.get()));
    }
    PQsetNoticeProcessor(
        connection.get(), [](void*, const char*) {}, nullptr);
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(
        PQexec(connection.get(), std::string(statements).c_str()), &PQclear);
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        throw std::runtime_error(PQerrorMessage(connection.get()));
    }
    return PQntuples(result.get()) > 0 && PQnfields(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

std::string Postgres::make_database() {
    auto name = "test_" + std::to_string(++databases_);
    execute("create database " + name + " template template0 strategy wal_log");
    return name;
}

}  // namespace rowhaul::testing
