// SPDX-License-Identifier: Apache-2.0
#include "testing/servers/postgres.h"

#include <csignal>
#include <libpq-fe.h>
#include <stdexcept>
#include <unistd.h>

namespace rowhaul::testing {

namespace {

// Debian's "nobody": the server refuses to run as root, and no other user surely exists.
constexpr unsigned nobody = 65534;

ProcessOptions as_nobody() {
    ProcessOptions options;
    if (::geteuid() == 0) {
        options.user = {nobody, nobody};
    }
    return options;
}

void give_away(const std::string& path) {
    if (::geteuid() == 0 && ::chown(path.c_str(), nobody, nobody) != 0) {
        throw std::runtime_error("cannot give away " + path);
    }
}

void must_succeed(const std::vector<std::string>& command, const ProcessOptions& options = {}) {
    const auto outcome = run(command, options);
    if (outcome.status != 0) {
        throw std::runtime_error(command.front() + " failed: " + outcome.output + outcome.errors);
    }
}

std::string server_program(const std::string& name) {
    return program({"/usr/lib/postgresql/15/bin/" + name, "/usr/lib/postgresql/16/bin/" + name,
                    "/usr/lib/postgresql/17/bin/" + name, "/usr/bin/" + name});
}

}  // namespace

Postgres::Postgres(std::vector<std::string> arguments) : arguments_(std::move(arguments)), port_(free_port()) {
    give_away(folder_.path());
    initialize();
    make_certificates();
    start();
}

Postgres::~Postgres() {
    // Nothing of it is needed any more, so it need not shut down in order. SIGQUIT lets it end its
    // children and free its shared memory.
    if (process_) {
        process_->stop(SIGQUIT);
    }
}

Postgres& Postgres::shared() {
    static Postgres server;
    return server;
}

void Postgres::initialize() {
    const auto password_file = folder_ / "password";
    write_file(password_file, "owner-password\n");
    give_away(password_file);
    must_succeed({server_program("initdb"), "--pgdata=" + (folder_ / "data"), "--username=owner",
                  "--pwfile=" + password_file, "--encoding=UTF8", "--no-locale", "--no-sync", "--auth=scram-sha-256"},
                 as_nobody());
    write_file(folder_ / "data/pg_hba.conf",
               "local all all trust\n"
               "host all denied all reject\n"
               "host all all 127.0.0.1/32 scram-sha-256\n");
}

void Postgres::make_certificates() {
    const auto openssl = program({"/usr/bin/openssl"});
    const auto make_authority = [&](const std::string& certificate, const std::string& key) {
        must_succeed({openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-days", "30", "-subj", "/CN=Rowhaul test authority", "-keyout", key, "-out", certificate});
    };
    make_authority(authority(), folder_ / "ca.key");
    make_authority(strange_authority(), folder_ / "other.key");
    write_file(folder_ / "extensions", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    must_succeed({openssl, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                  "/CN=localhost", "-keyout", folder_ / "server.key", "-out", folder_ / "server.csr"});
    must_succeed({openssl, "x509", "-req", "-in", folder_ / "server.csr", "-CA", authority(), "-CAkey",
                  folder_ / "ca.key", "-CAcreateserial", "-days", "30", "-extfile", folder_ / "extensions", "-out",
                  folder_ / "server.pem"});
    give_away(folder_ / "server.key");
}

void Postgres::start() {
    std::vector<std::string> command = {server_program("postgres"), "-D", folder_ / "data"};
    const std::vector<std::string> settings = {
        "port=" + std::to_string(port_), "listen_addresses=127.0.0.1", "unix_socket_directories=" + socket_folder(),
        "ssl=on", "ssl_cert_file=" + (folder_ / "server.pem"), "ssl_key_file=" + (folder_ / "server.key"),
        // Data that nobody misses after a crash may be written lazily.
        "fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=64MB",
        "max_connections=40"};
    for (const auto& setting : settings) {
        command.insert(command.end(), {"-c", setting});
    }
    command.insert(command.end(), arguments_.begin(), arguments_.end());
    auto options = as_nobody();
    options.output = folder_ / "log";
    write_file(options.output, "");
    give_away(options.output);
    process_ = std::make_unique<Process>(command, options);
    wait_for_port(port_, *process_, options.output);
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

void Postgres::stop() {
    if (process_) {
        process_->stop(SIGQUIT);
        process_.reset();
    }
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
