// SPDX-License-Identifier: Apache-2.0
#include "testing/servers/ftp_server.h"

#include <fmt/format.h>
#include <stdexcept>
#include <unistd.h>

namespace rowhaul::testing {

namespace {

// crypt(3) of FtpServer::password().
constexpr std::string_view password_hash =
    "$6$rowhaul$e6Jq74ySjnBt.A.ZfnwEYv.MtryZFVLgfs9y8i2183jy2xxoPqJE3HVgZz9trZryGyTulftXMAgcVe2.ofn880";

class PureFtpd final : public FtpServer {
public:
    explicit PureFtpd(const FtpServerOptions& options) {
        if (::geteuid() != 0) {
            throw std::runtime_error("Pure-FTPd changes its root folder for every session and needs root for that");
        }
        // The fields of a user that puredb knows beside those of /etc/passwd stay empty.
        write_file(own("users"),
                   fmt::format("{}:{}:65534:65534::{}/./::::::::::::\n", user_, password_hash, folder().string()));
        const auto database = own("users.pdb");
        const auto made = run({program({"/usr/bin/pure-pw"}), "mkdb", database, "-f", own("users")});
        if (made.status != 0) {
            throw std::runtime_error("pure-pw failed: " + made.errors);
        }
        std::vector<std::string> command{program({"/usr/sbin/pure-ftpd"}),
                                         "--bind=127.0.0.1," + std::to_string(port_),
                                         "--login=puredb:" + database,
                                         "--noanonymous",
                                         "--dontresolve",
                                         "--displaydotfiles",
                                         "--minuid=1",
                                         "--umask=133:022",
                                         "--pidfile=" + own("state/pid")};
        if (options.tls != FtpServerOptions::Tls::None) {
            const bool implicit = options.tls == FtpServerOptions::Tls::Implicit;
            command.push_back(implicit ? "--tls=3" : options.require_tls ? "--tls=2" : "--tls=1");
            command.push_back("--certfile=" + options.certificate->combined_file);
        }
        if (options.quota_megabytes) {
            command.push_back(fmt::format("--quota=1000:{}", *options.quota_megabytes));
        }
        if (!options.announced_address.empty()) {
            command.push_back("--forcepassiveip=" + options.announced_address);
        }
        launch(command, {});
    }
};

}  // namespace

std::unique_ptr<FtpServer> start_pure_ftpd(const FtpServerOptions& options) {
    return std::make_unique<PureFtpd>(options);
}

}  // namespace rowhaul::testing
