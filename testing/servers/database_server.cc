// SPDX-License-Identifier: Apache-2.0
#include "testing/servers/database_server.h"

namespace rowhaul::testing {

DatabaseServer::DatabaseServer() : certificate_(authority_.valid()) {
    give_to_server(folder_.path());
    put_certificate();
}

void DatabaseServer::put_certificate() {
    configure("server.pem", read_file(certificate_.certificate_file));
    configure("server.key", read_file(certificate_.key_file));
}

void DatabaseServer::show(const ServerCertificate& certificate) {
    certificate_ = certificate;
    stop();
    put_certificate();
    start();
}

}  // namespace rowhaul::testing
