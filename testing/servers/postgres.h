// SPDX-License-Identifier: Apache-2.0
// A real PostgreSQL server for tests: own data folder, own port and socket, gone with the object.
#pragma once
#include "testing/servers/database_server.h"

#include <string>
#include <string_view>
#include <vector>

namespace rowhaul::testing {

// Listens on 127.0.0.1 (passwords needed, TLS possible) and on a Unix socket (nobody is asked).
// The superuser is "owner" with the password "owner-password".
class Postgres final : public DatabaseServer {
public:
    // `arguments` are more for the server's command line.
    explicit Postgres(std::vector<std::string> arguments = {});
    ~Postgres();

    // One for the whole test program, made when first asked for.
    static Postgres& shared();

    std::string socket_folder() const { return folder_.path(); }

    // Runs statements as the owner; throws std::runtime_error with the server's words when one
    // fails. Returns the first value of the last result, empty for NULL or none.
    std::string execute(std::string_view statements, std::string_view database = "postgres") const;
    // A new empty database; its name.
    std::string make_database();

    void start() override;
    void stop() override;

private:
    void initialize();

    std::vector<std::string> arguments_;
    int databases_ = 0;
};

}  // namespace rowhaul::testing
