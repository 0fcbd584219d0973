// SPDX-License-Identifier: Apache-2.0
#include "testing/servers/maria_db.h"

#include <csignal>
#include <stdexcept>

namespace rowhaul::testing {

MariaDb::MariaDb() : MariaDb(Settings{}) {}

MariaDb::MariaDb(const Settings& settings) : settings_(settings) {
    make_data_folder();
    start();
    must_succeed({program({"/usr/bin/mariadb"}), "--no-defaults", "--socket=" + socket(), "--user=root",
                  "--execute=create database shop character set utf8mb4"});
}

MariaDb::~MariaDb() {
    end(SIGKILL);  // nothing of it is needed any more, so it need not shut down in order
}

void MariaDb::make_data_folder() {
    must_succeed({program({"/usr/bin/mariadb-install-db"}), "--no-defaults", "--auth-root-authentication-method=normal",
                  "--skip-test-db", "--skip-name-resolve", "--datadir=" + own("data"), "--innodb-log-file-size=8M",
                  "--innodb-flush-log-at-trx-commit=0"},
                 as_server());
}

void MariaDb::start() {
    std::vector<std::string> command = {program({"/usr/sbin/mariadbd"}), "--no-defaults", "--datadir=" + own("data"),
                                        "--socket=" + socket(), "--pid-file=" + own("pid"), "--bind-address=127.0.0.1",
                                        "--port=" + std::to_string(port_), "--skip-name-resolve",
                                        "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=8M",
                                        // Data that nobody misses after a crash may be written lazily.
                                        "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
                                        "--performance-schema=0", "--max-allowed-packet=64M", "--secure-file-priv="};
    if (settings_.tls == ServerTls::On) {
        command.insert(command.end(), {"--ssl-cert=" + certificate_file(), "--ssl-key=" + key_file()});
    }
    command.insert(command.end(), settings_.arguments.begin(), settings_.arguments.end());
    launch(command);
}

void MariaDb::stop() {
    end();
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
