// SPDX-License-Identifier: Apache-2.0
// A real MariaDB server for tests: own data folder, own port and socket, gone with the object.
#pragma once
#include "testing/process.h"
#include "testing/temporary_folder.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul::testing {

enum class ServerTls : std::uint8_t { Off, On };

// Listens on 127.0.0.1 and on a Unix socket. There is an administrator "root" without password (on
// the socket only) and a database "shop". Run as an unprivileged user when the test is root.
class MariaDb {
public:
    struct Settings {
        ServerTls tls = ServerTls::Off;
        std::vector<std::string> arguments;  // more for the server's command line
    };

    MariaDb();
    explicit MariaDb(const Settings&);
    ~MariaDb();

    int port() const { return port_; }
    std::string socket() const { return folder_ / "s"; }
    // With ServerTls::On: the authority that signed the server's certificate, which is made out to
    // "localhost" and 127.0.0.1, and an authority that did not.
    std::string authority() const { return folder_ / "ca.pem"; }
    std::string strange_authority() const { return folder_ / "other.pem"; }
    // SHA-256 of the server's certificate, as libraries and people write it: "AB:CD:...".
    std::string fingerprint() const;

    // Runs statements as the administrator in database "shop"; throws std::runtime_error with the
    // server's words when one fails. Returns what they print, tab separated, without headings.
    std::string exec(std::string_view statements);

    Process& process() { return *process_; }
    void start();
    void stop(int signal = 15);

private:
    void make_data_folder();
    void make_certificates();

    TemporaryFolder folder_;
    Settings settings_;
    int port_ = 0;
    std::unique_ptr<Process> process_;
};

}  // namespace rowhaul::testing
