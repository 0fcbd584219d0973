// SPDX-License-Identifier: Apache-2.0
// A real PostgreSQL server for tests: own data folder, own port and socket, gone with the object.
#pragma once
#include "testing/process.h"
#include "testing/temporary_folder.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul::testing {

// Listens on 127.0.0.1 (passwords needed, TLS possible) and on a Unix socket (nobody is asked).
// The superuser is "owner" with the password "owner-password". Run as an unprivileged user when the
// test is root.
class Postgres {
public:
    // `arguments` are more for the server's command line.
    explicit Postgres(std::vector<std::string> arguments = {});
    ~Postgres();

    // One for the whole test program, made when first asked for.
    static Postgres& shared();

    int port() const { return port_; }
    std::string socket_folder() const { return folder_.path(); }
    // Signed the server's certificate, which is made out to "localhost" and 127.0.0.1.
    std::string authority() const { return folder_ / "ca.pem"; }
    // Signed nothing.
    std::string strange_authority() const { return folder_ / "other.pem"; }

    // Runs statements as the owner; throws std::runtime_error with the server's words when one
    // fails. Returns the first value of the last result, empty for NULL or none.
    std::string execute(std::string_view statements, std::string_view database = "postgres") const;
    // A new empty database; its name.
    std::string make_database();

    Process& process() { return *process_; }
    void start();
    void stop();

private:
    void initialize();
    void make_certificates();

    TemporaryFolder folder_;
    std::vector<std::string> arguments_;
    int port_ = 0;
    int databases_ = 0;
    std::unique_ptr<Process> process_;
};

}  // namespace rowhaul::testing
