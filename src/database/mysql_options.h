// SPDX-License-Identifier: Apache-2.0
// What a person says to reach a MySQL or MariaDB server.
#pragma once
#include "net/tls.h"
#include "options/options.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace rowhaul {

enum class ZeroDates : std::uint8_t { Null, Text, Error };
template <>
struct EnumChoices<ZeroDates> {
    static constexpr std::array list = {
        Choice{"null", "They arrive as NULL, and the waybill counts them."},
        Choice{"text", "They arrive as they are."},
        Choice{"error", "The run fails at the first."},
    };
};

struct MysqlOptions : DatabaseTlsOptions {
    std::string host = "localhost";
    std::int64_t port = 3306;
    std::string socket;
    std::string database;
    std::string user;
    Secret password;
    ZeroDates zero_dates = ZeroDates::Null;
    std::chrono::seconds connect_timeout{10};
    std::chrono::seconds timeout{600};
    std::chrono::seconds slow_reader_timeout{3600};

    static constexpr auto spec = [] {
        using O = MysqlOptions;
        return options(
            option("host", &O::host, "Name or address of the server.").example("db.example.com"),
            option("port", &O::port, "TCP port of the server.").range(1, 65535),
            option("socket", &O::socket, "Unix socket of a server on this machine, instead of host and port.")
                .example("/run/mysqld/mysqld.sock"),
            option("database", &O::database, "Database in which tables are looked up.").example("erp"),
            option("user", &O::user, "Name to log in with.").required().example("reader"),
            option("password", &O::password, "Password to log in with."),
            option("zero_dates", &O::zero_dates,
                   "What becomes of dates that do not exist, such as 0000-00-00 and 2024-02-30."),
            option("connect_timeout", &O::connect_timeout, "How long connecting and logging in may take.")
                .range(1, 3600)
                .advanced(),
            option("timeout", &O::timeout, "How long the server may be silent while it works on a query.")
                .range(1, 86400)
                .advanced(),
            option("slow_reader_timeout", &O::slow_reader_timeout,
                   "How long the server is asked to wait when rows are taken off slowly.")
                .range(1, 31536000)
                .advanced(),
            DatabaseTlsOptions::spec);
    }();
};

}  // namespace rowhaul
