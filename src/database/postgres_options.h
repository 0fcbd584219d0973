// SPDX-License-Identifier: Apache-2.0
// What a person says to reach a PostgreSQL server.
#pragma once
#include "net/tls.h"
#include "options/options.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace rowhaul {

struct PostgresOptions : DatabaseTlsOptions {
    std::string host;
    std::int64_t port = 5432;
    std::string database;
    std::string user;
    Secret password;
    std::string tls_certificate;
    std::string tls_key;
    std::string timezone = "UTC";
    std::chrono::seconds connect_timeout{15};
    std::chrono::seconds timeout{600};

    static constexpr auto spec = [] {
        using O = PostgresOptions;
        return options(
            option("host", &O::host, "Name or address of the server, or the folder of its Unix socket.")
                .required()
                .example("db.example.com"),
            option("port", &O::port, "TCP port of the server; also part of the Unix socket's name.").range(1, 65535),
            option("database", &O::database, "Database to read from.").required().example("erp"),
            option("user", &O::user, "Name to log in with.").required().example("reader"),
            option("password", &O::password, "Password to log in with."),
            option("tls_certificate", &O::tls_certificate, "File with our own certificate (PEM), if the server asks.")
                .advanced(),
            option("tls_key", &O::tls_key, "File with the key to our own certificate (PEM).").advanced(),
            option("timezone", &O::timezone, "Zone in which timestamps with time zone are written.")
                .example("Europe/Zurich")
                .advanced(),
            option("connect_timeout", &O::connect_timeout, "How long connecting and logging in may take.")
                .range(1, 3600)
                .advanced(),
            option("timeout", &O::timeout, "How long the server may be silent while it works on a query.")
                .range(1, 86400)
                .advanced(),
            DatabaseTlsOptions::spec);
    }();
};

}  // namespace rowhaul
