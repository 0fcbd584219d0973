// SPDX-License-Identifier: Apache-2.0
// A real MariaDB server for tests: own data folder, own port and socket, gone with the object.
#pragma once
#include "testing/servers/database_server.h"

#include <string>
#include <string_view>
#include <vector>

namespace rowhaul::testing {

// Listens on 127.0.0.1 and on a Unix socket. There is an administrator "root" without password (on
// the socket only) and a database "shop".
class MariaDb final : public DatabaseServer {
public:
    struct Settings {
        ServerTls tls = ServerTls::Off;
        std::vector<std::string> arguments;  // more for the server's command line
    };

    MariaDb();
    explicit MariaDb(const Settings&);
    ~MariaDb();

    std::string socket() const { return folder_ / "s"; }

    // Runs statements as the administrator in database "shop"; throws std::runtime_error with the
    // server's words when one fails. Returns what they print, tab separated, without headings.
    std::string exec(std::string_view statements);

    void start() override;
    void stop() override;

private:
    void make_data_folder();

    Settings settings_;
};

}  // namespace rowhaul::testing
