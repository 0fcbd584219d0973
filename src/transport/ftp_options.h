// SPDX-License-Identifier: Apache-2.0
// What a connection of type "ftp" can be told.
#pragma once
#include "net/tls.h"
#include "options/options.h"
#include "transport/publishing.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace rowhaul {

enum class FtpTls : std::uint8_t { Explicit, Implicit, None };
template <>
struct EnumChoices<FtpTls> {
    static constexpr std::array<Choice, 3> list{{{"explicit", "TLS, agreed on over the ordinary port 21 (FTPES)."},
                                                 {"implicit", "TLS from the first byte, port 990 (FTPS)."},
                                                 {"none", "No protection: password and files travel in clear text."}}};
};

enum class FtpDataMode : std::uint8_t { Passive, Active };
template <>
struct EnumChoices<FtpDataMode> {
    static constexpr std::array<Choice, 2> list{
        {{"passive", "We connect to the server, which works through firewalls."},
         {"active", "The server connects to us, for the few that can do nothing else."}}};
};

struct FtpOptions : PublishingOptions, TlsOptions {
    std::string host;
    std::int64_t port = 0;
    std::string user;
    Secret password;
    FtpTls tls = FtpTls::Explicit;
    std::string folder;
    std::chrono::seconds connect_timeout{20};
    std::chrono::seconds timeout{60};
    std::chrono::seconds close_timeout{300};
    FtpDataMode data_connections = FtpDataMode::Passive;
    bool epsv = true;
    bool trust_announced_address = false;
    bool mlsd = true;
    bool list_hidden = false;
    bool utf8 = true;
    bool tls_sessions = true;
    std::string proxy;
    std::string proxy_user;
    Secret proxy_password;

    static constexpr auto spec = [] {
        return options(
            option("host", &FtpOptions::host, "Name or address of the server.").required().example("ftp.example.com"),
            option("port", &FtpOptions::port, "Control port; 0 for the usual one: 21, or 990 with implicit TLS.")
                .range(0, 65535),
            option("user", &FtpOptions::user, "Name to log in with.").required(),
            option("password", &FtpOptions::password, "Password to log in with."),
            option("tls", &FtpOptions::tls, "Whether and how the connection is protected by TLS."),
            option("folder", &FtpOptions::folder,
                   "Folder on the server that all paths start from; without a leading / it is below the folder of "
                   "the login.")
                .example("/in"),
            option("connect_timeout", &FtpOptions::connect_timeout, "How long reaching the server and login may take.")
                .range(1, 3600)
                .advanced(),
            option("timeout", &FtpOptions::timeout, "How long the server may be silent.").range(1, 86400).advanced(),
            option("close_timeout", &FtpOptions::close_timeout,
                   "How long the server may take to confirm a file after its last byte; some scan it for viruses.")
                .range(1, 86400)
                .advanced(),
            option("data_connections", &FtpOptions::data_connections, "Who opens the connections for data.").advanced(),
            option("epsv", &FtpOptions::epsv,
                   "Asks for data connections with EPSV first; false for firewalls that understand PASV only.")
                .advanced(),
            option("trust_announced_address", &FtpOptions::trust_announced_address,
                   "Uses the address that the answer to PASV announces; by default that of the control connection, "
                   "since servers behind NAT announce one that only they can reach.")
                .advanced(),
            option("mlsd", &FtpOptions::mlsd,
                   "Uses MLSD and MLST where the server offers them; false for servers that get them wrong.")
                .advanced(),
            option("list_hidden", &FtpOptions::list_hidden,
                   "Asks with LIST -a, so that names which begin with a dot are listed on servers without MLSD.")
                .advanced(),
            option("utf8", &FtpOptions::utf8,
                   "Announces UTF-8 for names that need it where the server offers it; false for servers that "
                   "stumble over OPTS UTF8 ON.")
                .advanced(),
            option("tls_sessions", &FtpOptions::tls_sessions,
                   "Resumes the TLS session for data connections, as many servers demand; false for the few that "
                   "break on it.")
                .advanced(),
            option("proxy", &FtpOptions::proxy, "Proxy to go through, by SOCKS or by HTTP CONNECT.")
                .advanced()
                .example("socks5://proxy.example.com:1080"),
            option("proxy_user", &FtpOptions::proxy_user, "Name for the proxy.").advanced(),
            option("proxy_password", &FtpOptions::proxy_password, "Password for the proxy.").advanced(),
            TlsOptions::spec, PublishingOptions::spec);
    }();
};

}  // namespace rowhaul
