// SPDX-License-Identifier: Apache-2.0
// A certificate authority of a test and the server certificates that it signs, good and bad ones.
// Every file is PEM and readable by everyone: they protect nothing.
#pragma once
#include "testing/temporary_folder.h"

#include <string>

namespace rowhaul::testing {

struct ServerCertificate {
    std::string certificate_file;
    std::string key_file;
    std::string combined_file;    // key, then certificate, as Pure-FTPd wants it
    std::string fingerprint;      // "SHA256:" and hexadecimal digits, of the certificate
    std::string key_fingerprint;  // the same of the public key
};

class CertificateAuthority {
public:
    CertificateAuthority();

    std::string ca_file() const { return folder_ / "ca.pem"; }
    // For "localhost" and 127.0.0.1.
    ServerCertificate valid();
    // Ended a day ago.
    ServerCertificate expired();
    // For "elsewhere.example" only.
    ServerCertificate wrong_name();

private:
    ServerCertificate sign(const std::string& name, const std::string& alternative_names, int days_from, int days_to);

    TemporaryFolder folder_;
};

}  // namespace rowhaul::testing
