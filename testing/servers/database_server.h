// SPDX-License-Identifier: Apache-2.0
// What the database servers of the tests have in common beside that: data of their own and, with TLS,
// a certificate that can be exchanged.
#pragma once
#include "testing/certificates.h"
#include "testing/servers/server.h"

#include <string>

namespace rowhaul::testing {

enum class ServerTls : std::uint8_t { Off, On };

class DatabaseServer : public Server {
public:
    virtual void start() = 0;
    virtual void stop() = 0;

    // Signs the server's certificate, which is valid for "localhost" and 127.0.0.1 until show().
    CertificateAuthority& authority() { return authority_; }
    const ServerCertificate& certificate() const { return certificate_; }
    // Starts the server anew with another certificate.
    void show(const ServerCertificate&);

protected:
    DatabaseServer();
    ~DatabaseServer() = default;
    std::string certificate_file() const { return own("server.pem"); }
    std::string key_file() const { return own("server.key"); }

private:
    void put_certificate();

    CertificateAuthority authority_;
    ServerCertificate certificate_;
};

}  // namespace rowhaul::testing
