// SPDX-License-Identifier: Apache-2.0
#include "testing/servers/ftp_server.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace rowhaul::testing {

namespace {

// crypt(3) of FtpServer::password().
constexpr std::string_view password_hash =
    "$6$rowhaul$e6Jq74ySjnBt.A.ZfnwEYv.MtryZFVLgfs9y8i2183jy2xxoPqJE3HVgZz9trZryGyTulftXMAgcVe2.ofn880";

class ProFtpd final : public FtpServer {
public:
    explicit ProFtpd(const FtpServerOptions& options) {
        const auto modules = std::filesystem::path(program({"/usr/lib/proftpd/mod_tls.so"})).parent_path();
        const bool is_root = ::geteuid() == 0;
        const unsigned user = is_root ? 65534 : ::geteuid();
        const unsigned group = is_root ? 65534 : ::getegid();
        const auto users = configure(
            "users", fmt::format("{}:{}:{}:{}::{}:/bin/false\n", user_, password_hash, user, group, folder().string()));
        std::string text = fmt::format(
            "ModulePath {}\nLoadModule mod_tls.c\nLoadModule mod_digest.c\nServerType standalone\nServerName test\n"
            "DefaultAddress 127.0.0.1\nSocketBindTight on\nPort {}\nUseIPv6 off\nAuthOrder mod_auth_file.c\n"
            "AuthUserFile {}\nRequireValidShell off\nAuthPAM off\nUseFtpUsers off\nWtmpLog off\nPidFile {}\n"
            "ScoreboardFile none\nDelayEngine off\nControlsEngine off\nUseReverseDNS off\nAllowStoreRestart on\n"
            "AllowRetrieveRestart on\nAllowOverwrite {}\nUmask 022\nSystemLog {}\nTransferLog none\n"
            "User {}\nGroup {}\nDigestEngine on\nMaxLoginAttempts 1\nListOptions \"-a\"\n",
            modules.string(), port_, users, own("state/pid"), options.allow_overwriting ? "on" : "off",
            own("state/log"), ::getpwuid(user)->pw_name, ::getgrgid(group)->gr_name);
        if (options.tls != FtpServerOptions::Tls::None) {
            text += fmt::format(
                "TLSEngine on\nTLSRSACertificateFile {}\nTLSRSACertificateKeyFile {}\nTLSLog {}\nTLSRequired {}\n"
                "TLSOptions {}{}\n",
                options.certificate->certificate_file, options.certificate->key_file, own("state/tls.log"),
                options.require_tls ? "on" : "off",
                options.tls == FtpServerOptions::Tls::Implicit ? "UseImplicitSSL " : "",
                options.require_tls_resumption ? "StdEnvVars" : "NoSessionReuseRequired");
        }
        if (!options.offer_mlsd) {
            text += "FactsAdvertise off\n<Limit MLSD MLST>\n  DenyAll\n</Limit>\n";
        }
        if (!options.announced_address.empty()) {
            text += fmt::format("MasqueradeAddress {}\n", options.announced_address);
        }
        if (!options.announce_epsv) {
            text += "<Limit EPSV EPRT>\n  DenyAll\n</Limit>\n";
        }
        auto process = as_server();
        // Its libraries may lie unpacked beside it.
        const auto libraries = modules.parent_path() / "x86_64-linux-gnu";
        if (std::filesystem::exists(libraries)) {
            process.environment["LD_LIBRARY_PATH"] = libraries.string();
        }
        launch({program({"/usr/sbin/proftpd"}), "-n", "-c", configure("proftpd.conf", text)}, process);
    }
};

}  // namespace

std::unique_ptr<FtpServer> start_pro_ftpd(const FtpServerOptions& options) {
    return std::make_unique<ProFtpd>(options);
}

}  // namespace rowhaul::testing
