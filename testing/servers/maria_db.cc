// SPDX-License-Identifier: Apache-2.0
#include "testing/servers/maria_db.h"

#include <csignal>
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

void must_succeed(const std::vector<std::string>& command, const ProcessOptions& options = {}) {
    const auto outcome = run(command, options);
    if (outcome.status != 0) {
        throw std::runtime_error(command.front() + " failed: " + outcome.output + outcome.errors);
    }
}

}  // namespace

MariaDb::MariaDb() : MariaDb(Settings{}) {}

MariaDb::MariaDb(const Settings& settings) : settings_(settings), port_(free_port()) {
    if (::geteuid() == 0 && ::chown(folder_.path().c_str(), nobody, nobody) != 0) {
        throw std::runtime_error("cannot give a folder away");
    }
    make_data_folder();
    if (settings_.tls == ServerTls::On) {
        make_certificates();
    }
    start();
    const auto made = run({program({"/usr/bin/mariadb"}), "--no-defaults", "--socket=" + socket(), "--user=root",
                           "--execute=create database shop character set utf8mb4"});
    if (made.status != 0) {
        throw std::runtime_error("cannot make a database: " + made.errors);
    }
}

MariaDb::~MariaDb() {
    // Nothing of it is needed any more, so it need not shut down in order.
    stop(SIGKILL);
}

void MariaDb::make_data_folder() {
    must_succeed({program({"/usr/bin/mariadb-install-db"}), "--no-defaults", "--auth-root-authentication-method=normal",
                  "--skip-test-db", "--skip-name-resolve", "--datadir=" + (folder_ / "data"),
                  "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0"},
                 as_nobody());
}

void MariaDb::make_certificates() {
    const auto openssl = program({"/usr/bin/openssl"});
    const auto authority_named = [&](const std::string& name, const std::string& key) {
        must_succeed({openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-days", "30", "-subj", "/CN=Rowhaul test authority", "-keyout", key, "-out", name});
    };
    authority_named(authority(), folder_ / "ca.key");
    authority_named(strange_authority(), folder_ / "other.key");
    write_file(folder_ / "extensions", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    must_succeed({openssl, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                  "/CN=localhost", "-keyout", folder_ / "server.key", "-out", folder_ / "server.csr"});
    must_succeed({openssl, "x509", "-req", "-in", folder_ / "server.csr", "-CA", authority(), "-CAkey",
                  folder_ / "ca.key", "-CAcreateserial", "-days", "30", "-extfile", folder_ / "extensions", "-out",
                  folder_ / "server.pem"});
    if (::geteuid() == 0 && ::chown((folder_ / "server.key").c_str(), nobody, nobody) != 0) {
        throw std::runtime_error("cannot give a key away");
    }
}

std::string MariaDb::fingerprint() const {
    const auto printed =
        run({program({"/usr/bin/openssl"}), "x509", "-in", folder_ / "server.pem", "-noout", "-fingerprint", "-sha256"})
            .output;
    const auto begin = printed.find('=') + 1;
    return printed.substr(begin, printed.find('\n') - begin);
}

void MariaDb::start() {
    std::vector<std::string> command = {
        program({"/usr/sbin/mariadbd"}), "--no-defaults", "--datadir=" + (folder_ / "data"), "--socket=" + socket(),
        "--pid-file=" + (folder_ / "pid"), "--bind-address=127.0.0.1", "--port=" + std::to_string(port_),
        "--skip-name-resolve", "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=8M",
        // Data that nobody misses after a crash may be written lazily.
        "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--performance-schema=0",
        "--max-allowed-packet=64M", "--secure-file-priv="};
    if (settings_.tls == ServerTls::On) {
        command.insert(command.end(), {"--ssl-ca=" + authority(), "--ssl-cert=" + (folder_ / "server.pem"),
                                       "--ssl-key=" + (folder_ / "server.key")});
    }
    command.insert(command.end(), settings_.arguments.begin(), settings_.arguments.end());
    auto options = as_nobody();
    options.output = folder_ / "log";
    // Made by us, so that the server can write to it as another user.
    write_file(options.output, "");
    if (::geteuid() == 0 && ::chown(options.output.c_str(), nobody, nobody) != 0) {
        throw std::runtime_error("cannot give a file away");
    }
    process_ = std::make_unique<Process>(command, options);
    wait_for_port(port_, *process_, options.output);
}

void MariaDb::stop(int signal) {
    if (process_) {
        process_->stop(signal);
        process_.reset();
    }
}

std::string MariaDb::exec(std::string_view statements) {
    const TemporaryFolder folder;
    write_file(folder / "statements.sql", statements);
    const auto outcome = run({program({"/usr/bin/mariadb"}), "--no-defaults", "--socket=" + socket(), "--user=root",
                              "--batch", "--skip-column-names", "--default-character-set=utf8mb4", "--database=shop",
                              "--execute=source " + (folder / "statements.sql")},
                             {}, std::chrono::minutes(10));
    if (outcome.status != 0) {
        throw std::runtime_error(outcome.errors);
    }
    return outcome.output;
}

}  // namespace rowhaul::testing
