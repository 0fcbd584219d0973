// SPDX-License-Identifier: Apache-2.0
// FTP servers of the tests, each a real program on a free port of 127.0.0.1, with one user and one
// folder. Pure-FTPd needs root, since it changes the root folder of a session.
#pragma once
#include "testing/certificates.h"
#include "testing/servers/server.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace rowhaul::testing {

struct FtpServerOptions {
    enum class Tls : std::uint8_t { None, Explicit, Implicit };
    Tls tls = Tls::None;
    std::optional<ServerCertificate> certificate;  // needed with TLS
    bool require_tls = false;                      // refuses logins in clear text
    // vsftpd and ProFTPD: a data connection must resume the control connection's TLS session.
    bool require_tls_resumption = false;
    bool allow_overwriting = true;       // ProFTPD
    bool offer_mlsd = true;              // ProFTPD; vsftpd never does
    std::optional<int> quota_megabytes;  // Pure-FTPd
    std::string announced_address;       // in the answer to PASV
    bool announce_epsv = true;           // vsftpd, ProFTPD
};

class FtpServer : public Server {
public:
    virtual ~FtpServer() = default;

    // The folder of the login as it lies on the disk, writable for the server.
    std::filesystem::path folder() const { return folder_.path() / "files"; }
    std::string user() const { return user_; }
    static std::string password() { return "Geheim-Wort-77"; }
    // What the server has to say, for the message of a failed test.
    std::string log() const;

protected:
    FtpServer();
    std::string user_ = "rowhaul";
};

std::unique_ptr<FtpServer> start_vsftpd(const FtpServerOptions& options = {});
std::unique_ptr<FtpServer> start_pro_ftpd(const FtpServerOptions& options = {});
std::unique_ptr<FtpServer> start_pure_ftpd(const FtpServerOptions& options = {});

}  // namespace rowhaul::testing
