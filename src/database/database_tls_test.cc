// SPDX-License-Identifier: Apache-2.0
// What a database server must prove before it is told anything, the same for PostgreSQL and MariaDB,
// against real servers with good certificates and bad ones.
#include "database/mysql.h"
#include "database/postgres_database.h"
#include "testing/servers/maria_db.h"
#include "testing/servers/postgres.h"
#include "testing/suite/read_rows.h"

#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using ::testing::AllOf;
using testing::CertificateAuthority;
using ::testing::Contains;
using testing::DatabaseServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MariaDb;
using ::testing::Not;
using testing::Postgres;
using testing::Row;
using testing::rows_of_query;

constexpr auto right_password = "owner-password";

template <class Options>
Options options_for(const DatabaseServer& server, const DatabaseTlsOptions& tls, const std::string& host,
                    const std::string& password) {
    Options options;
    static_cast<DatabaseTlsOptions&>(options) = tls;
    options.host = host;
    options.port = server.port();
    options.user = "owner";
    options.password.value = password;
    return options;
}

std::unique_ptr<Database> postgres(const DatabaseServer& server, const DatabaseTlsOptions& tls, const std::string& host,
                                   const std::string& password) {
    auto options = options_for<PostgresOptions>(server, tls, host, password);
    options.database = "postgres";
    return std::make_unique<PostgresDatabase>(options);
}

std::unique_ptr<Database> mysql(const DatabaseServer& server, const DatabaseTlsOptions& tls, const std::string& host,
                                const std::string& password) {
    return std::make_unique<MysqlDatabase>(options_for<MysqlOptions>(server, tls, host, password));
}

DatabaseServer& postgres_server() {
    static Postgres server;
    return server;
}
DatabaseServer& postgres_without_tls() {
    static Postgres server({"-c", "ssl=off"});
    return server;
}
void make_owner(MariaDb& server) {
    server.exec(std::string("create user owner identified by '") + right_password + "'");
}
DatabaseServer& maria_db_server() {
    static MariaDb server({.tls = testing::ServerTls::On, .arguments = {}});
    static const bool prepared = (make_owner(server), true);
    static_cast<void>(prepared);
    return server;
}
DatabaseServer& maria_db_without_tls() {
    static MariaDb server;
    static const bool prepared = (make_owner(server), true);
    static_cast<void>(prepared);
    return server;
}

struct Kind {
    const char* name;
    DatabaseServer& (*server)();
    DatabaseServer& (*without_tls)();
    std::unique_ptr<Database> (*make)(const DatabaseServer&, const DatabaseTlsOptions&, const std::string& host,
                                      const std::string& password);
    const char* protocol;  // a query
};

class DatabaseTls : public ::testing::TestWithParam<Kind> {
protected:
    DatabaseTls() {
        context_.step = [this](std::string_view step, std::string_view detail) {
            steps_.emplace_back(step);
            details_ += std::string(detail) + "\n";
        };
        tls_.tls = TlsUse::Always;
        tls_.ca_file = server().authority().ca_file();
    }
    static DatabaseServer& server() { return GetParam().server(); }
    std::unique_ptr<Database> made(const std::string& host = "127.0.0.1") const {
        return GetParam().make(server(), tls_, host, right_password);
    }
    void expect_reached(const std::string& host = "127.0.0.1") { EXPECT_NO_THROW(made(host)->check(context_)) << host; }
    // With a wrong password: whoever complains about that was told it.
    Error refusal(const DatabaseServer& by, const std::string& host = "127.0.0.1") {
        try {
            GetParam().make(by, tls_, host, "wrong-password")->check(context_);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Denied) << error.what();
            EXPECT_THAT(steps_, Not(Contains("login")));
            return error;
        }
        ADD_FAILURE() << "nothing was thrown";
        return {ErrorKind::Internal, ""};
    }

    Context context_;
    std::vector<std::string> steps_;
    std::string details_;
    DatabaseTlsOptions tls_;
};

TEST_P(DatabaseTls, verifies_authority_and_name) {
    server().show(server().authority().valid());
    expect_reached("127.0.0.1");
    expect_reached("localhost");
    EXPECT_THAT(steps_, Contains("TLS"));
    EXPECT_THAT(details_, AllOf(HasSubstr("TLSv1.3"), HasSubstr(server().certificate().fingerprint)));
    const auto database = made();
    EXPECT_EQ(rows_of_query(*database, GetParam().protocol), (std::vector<Row>{{"TLSv1.3"}}));

    tls_.ca = testing::read_file(tls_.ca_file);
    tls_.ca_file.clear();
    tls_.tls_max = TlsVersion::Tls12;
    EXPECT_EQ(rows_of_query(*made(), GetParam().protocol), (std::vector<Row>{{"TLSv1.2"}}));
}

TEST_P(DatabaseTls, refuses_a_foreign_authority_and_says_what_to_pin) {
    server().show(server().authority().valid());
    CertificateAuthority foreign;
    for (const auto& ca_file : {foreign.ca_file(), std::string()}) {
        tls_.ca_file = ca_file;
        const auto error = refusal(server());
        EXPECT_THAT(error.what(), HasSubstr("is not an authority that this machine trusts"));
        EXPECT_THAT(error.advice(), AllOf(HasSubstr("ca_file"), HasSubstr(server().certificate().fingerprint)));
    }
}

TEST_P(DatabaseTls, refuses_an_expired_certificate_and_one_for_another_name) {
    server().show(server().authority().expired());
    auto error = refusal(server());
    EXPECT_THAT(error.what(), HasSubstr("has expired"));
    EXPECT_THAT(error.advice(), HasSubstr(server().certificate().fingerprint));

    server().show(server().authority().wrong_name());
    for (const auto* host : {"127.0.0.1", "localhost"}) {
        error = refusal(server(), host);
        EXPECT_THAT(error.what(), AllOf(HasSubstr("it is for elsewhere.example, not for "), HasSubstr(host)));
        EXPECT_THAT(error.advice(), HasSubstr("Set host to a name"));
    }
}

TEST_P(DatabaseTls, accepts_a_pinned_certificate_or_key_and_no_other) {
    server().show(server().authority().wrong_name());
    tls_.ca_file.clear();
    for (const auto& pin : {server().certificate().fingerprint, server().certificate().key_fingerprint}) {
        tls_.pinned_certificate = pin;
        expect_reached();
    }
    steps_.clear();
    tls_.pinned_certificate = "SHA256:" + std::string(64, '0');
    const auto error = refusal(server());
    EXPECT_THAT(error.what(), AllOf(HasSubstr("not the pinned one"), HasSubstr(server().certificate().fingerprint)));
}

TEST_P(DatabaseTls, accepts_any_certificate_only_when_told_so_loudly) {
    server().show(server().authority().expired());
    tls_.ca_file.clear();
    refusal(server());
    tls_.insecure_accept_any_certificate = true;
    expect_reached();
}

TEST_P(DatabaseTls, says_how_to_reach_a_server_without_tls) {
    auto& plain = GetParam().without_tls();
    const auto error = refusal(plain);
    EXPECT_THAT(error.what(), HasSubstr("the server offers no TLS"));
    EXPECT_THAT(error.advice(), HasSubstr("tls: none"));
    for (const auto use : {TlsUse::None, TlsUse::Auto}) {
        tls_.tls = use;
        EXPECT_NO_THROW(GetParam().make(plain, tls_, "localhost", right_password)->check(context_));
    }
    EXPECT_THAT(steps_, Not(Contains("TLS"))) << "by default not to this machine";
}

TEST_P(DatabaseTls, names_a_file_of_authorities_that_is_missing) {
    tls_.ca_file = "/nowhere/ca.pem";
    try {
        made()->check(context_);
        ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Invalid);
        EXPECT_THAT(error.what(), HasSubstr("/nowhere/ca.pem"));
    }
}

INSTANTIATE_TEST_SUITE_P(Servers, DatabaseTls,
                         ::testing::Values(Kind{"postgres", postgres_server, postgres_without_tls, postgres,
                                                "select version from pg_stat_ssl where pid = pg_backend_pid()"},
                                           Kind{"mysql", maria_db_server, maria_db_without_tls, mysql,
                                                "select variable_value from information_schema.session_status "
                                                "where variable_name = 'SSL_VERSION'"}),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace rowhaul
