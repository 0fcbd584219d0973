// SPDX-License-Identifier: Apache-2.0
// What every transport must do, over the three FTP servers of Debian.
#include "testing/relay.h"
#include "testing/servers/ftp_server.h"
#include "testing/suite/transport_suite.h"
#include "transport/ftp.h"

namespace rowhaul {
namespace {

using namespace rowhaul::testing;
using Tls = FtpServerOptions::Tls;
using StartServer = std::unique_ptr<FtpServer> (*)(const FtpServerOptions&);

CertificateAuthority& authority() {
    static CertificateAuthority made;
    return made;
}

// Whether all connections, those for data too, go over one link that can be broken.
enum class Way : std::uint8_t { Direct, Linked };

class FtpPlace final : public TransportPlace {
public:
    FtpPlace(StartServer start_server, FtpServerOptions server, FtpOptions client, Way way)
        : client_(std::move(client)) {
        client_.tls = FtpTls::None;
        if (server.tls != Tls::None) {
            server.certificate = authority().valid();
            client_.tls = server.tls == Tls::Implicit ? FtpTls::Implicit : FtpTls::Explicit;
            client_.ca = read_file(authority().ca_file());
        }
        server_ = start_server(server);
        client_.host = "127.0.0.1";
        client_.port = server_->port();
        if (way == Way::Linked) {
            client_.proxy = "socks5://127.0.0.1:" + std::to_string(link_.port());
        }
        client_.user = server_->user();
        client_.password.value = FtpServer::password();
        client_.timeout = std::chrono::seconds(2);
        client_.connect_timeout = std::chrono::seconds(2);
        client_.close_timeout = std::chrono::seconds(2);
    }
    std::unique_ptr<Transport> connect() override { return std::make_unique<FtpTransport>(client_); }
    std::filesystem::path folder() const override { return server_->folder(); }
    TcpProxy* link() override { return &link_; }

private:
    FtpOptions client_;
    std::unique_ptr<FtpServer> server_;
    Relay relay_;
    TcpProxy link_{relay_.port()};
};

TransportCase place(std::string name, StartServer start_server, Way way, FtpServerOptions server = {},
                    FtpOptions client = {}) {
    return {std::move(name), [=] { return std::make_unique<FtpPlace>(start_server, server, client, way); }};
}

FtpServerOptions with_tls(Tls tls) {
    FtpServerOptions options;
    options.tls = tls;
    options.require_tls = true;
    options.require_tls_resumption = true;
    return options;
}

FtpServerOptions without_mlsd() {
    FtpServerOptions options;
    options.offer_mlsd = false;
    return options;
}

FtpOptions limited_to_tls12() {
    FtpOptions options;
    options.tls_max = TlsVersion::Tls12;
    return options;
}

const auto direct = ::testing::Values(
    place("vsftpd", start_vsftpd, Way::Direct),
    place("vsftpd_tls12_reuse", start_vsftpd, Way::Direct, with_tls(Tls::Explicit), limited_to_tls12()),
    place("vsftpd_tls13_reuse", start_vsftpd, Way::Direct, with_tls(Tls::Explicit)),
    place("vsftpd_implicit", start_vsftpd, Way::Direct, with_tls(Tls::Implicit)),
    place("pro_ftpd", start_pro_ftpd, Way::Direct),
    place("pro_ftpd_without_mlsd", start_pro_ftpd, Way::Direct, without_mlsd()),
    place("pro_ftpd_tls", start_pro_ftpd, Way::Direct, with_tls(Tls::Explicit)),
    place("pure_ftpd", start_pure_ftpd, Way::Direct),
    place("pure_ftpd_tls", start_pure_ftpd, Way::Direct, with_tls(Tls::Explicit)));

INSTANTIATE_TEST_SUITE_P(Ftp, TransportSuite, direct, name_of_case);
INSTANTIATE_TEST_SUITE_P(Ftp, LinkedTransportSuite,
                         ::testing::Values(place("vsftpd", start_vsftpd, Way::Linked),
                                           place("vsftpd_tls12_reuse", start_vsftpd, Way::Linked,
                                                 with_tls(Tls::Explicit), limited_to_tls12()),
                                           place("pro_ftpd_tls", start_pro_ftpd, Way::Linked, with_tls(Tls::Explicit)),
                                           place("pure_ftpd", start_pure_ftpd, Way::Linked)),
                         name_of_case);

}  // namespace
}  // namespace rowhaul
