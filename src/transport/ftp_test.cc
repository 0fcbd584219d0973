// SPDX-License-Identifier: Apache-2.0
// What only FTP has: certificates, data connections, and the ways of its servers.
#include "transport/ftp.h"

#include "testing/relay.h"
#include "testing/servers/ftp_server.h"
#include "testing/suite/transport_suite.h"
#include "transport/pending_file.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <mutex>

namespace rowhaul {
namespace {

using namespace rowhaul::testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Tls = FtpServerOptions::Tls;

class FtpTest : public ::testing::Test {
protected:
    FtpTest() {
        context_.log = [this](Level, std::string_view line) { log_ += std::string(line) + "\n"; };
        context_.step = [this](std::string_view step, std::string_view detail) {
            steps_.emplace_back(step);
            details_ += std::string(detail) + "\n";
        };
    }
    static CertificateAuthority& authority() {
        static CertificateAuthority made;
        return made;
    }
    static FtpOptions options_for(const FtpServer& server) {
        FtpOptions options;
        options.host = "127.0.0.1";
        options.port = server.port();
        options.user = server.user();
        options.password.value = FtpServer::password();
        options.tls = FtpTls::None;
        options.timeout = options.connect_timeout = options.close_timeout = std::chrono::seconds(5);
        return options;
    }
    static FtpServerOptions with_certificate(ServerCertificate certificate) {
        FtpServerOptions options;
        options.tls = Tls::Explicit;
        options.require_tls = true;
        options.require_tls_resumption = true;
        options.certificate = std::move(certificate);
        return options;
    }
    static FtpOptions protected_options_for(const FtpServer& server) {
        auto options = options_for(server);
        options.tls = FtpTls::Explicit;
        options.ca_file = authority().ca_file();
        return options;
    }
    Error error_of(const FtpOptions& options) {
        try {
            FtpTransport(options).stat(context_, "a.csv");
        } catch (const Error& error) {
            return error;
        }
        ADD_FAILURE() << "nothing was thrown";
        return {ErrorKind::Internal, ""};
    }
    std::size_t count_in_log(std::string_view text) const {
        std::size_t count = 0;
        for (auto at = log_.find(text); at != std::string::npos; at = log_.find(text, at + 1)) {
            ++count;
        }
        return count;
    }

    Context context_;
    std::string log_;
    std::vector<std::string> steps_;
    std::string details_;
};

TEST_F(FtpTest, tells_each_step_of_reaching_a_server) {
    const auto server = start_vsftpd(with_certificate(authority().valid()));
    FtpTransport(protected_options_for(*server)).stat(context_, "a.csv");
    EXPECT_THAT(steps_, ElementsAre("resolve name", "connect", "TLS", "login", "folder"));
    EXPECT_THAT(details_, HasSubstr("TLSv1.3"));
    EXPECT_THAT(details_, HasSubstr("CN=localhost"));
    EXPECT_THAT(details_, HasSubstr(authority().valid().fingerprint.substr(0, 7)));
}

// Failure story 8.
TEST_F(FtpTest, every_file_of_a_session_resumes_the_tls_session) {
    for (const auto start : {start_vsftpd, start_pro_ftpd}) {
        for (const auto version : {TlsVersion::Tls12, TlsVersion::Tls13}) {
            const auto server = start(with_certificate(authority().valid()));
            auto options = protected_options_for(*server);
            options.tls_max = version;
            FtpTransport transport(options);
            log_.clear();
            for (int i = 0; i < 8; ++i) {
                write_text(context_, transport, "a.csv", noise(static_cast<std::size_t>(i) * 1000));
                EXPECT_EQ(read_text(context_, transport, "a.csv").size(), static_cast<std::size_t>(i) * 1000);
            }
            EXPECT_EQ(count_in_log("data connection: resumed"), 16U) << server->log();
            EXPECT_EQ(count_in_log("data connection: new"), 0U);
            EXPECT_EQ(count_in_log("> USER"), 1U);
        }
    }
}

TEST_F(FtpTest, says_which_switch_resumes_tls_sessions) {
    const auto server = start_vsftpd(with_certificate(authority().valid()));
    auto options = protected_options_for(*server);
    options.tls_sessions = false;
    FtpTransport transport(options);
    try {
        write_text(context_, transport, "a.csv", noise(1'000'000));
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_THAT(error.advice(), HasSubstr("tls_sessions"));
    }
}

TEST_F(FtpTest, refuses_certificates_that_do_not_prove_the_server) {
    struct Case {
        ServerCertificate certificate;
        const char* why;
        const char* advice;
    };
    for (const auto& bad : {Case{authority().expired(), "expired", "renew"},
                            Case{authority().wrong_name(), "elsewhere.example", "Set host"}}) {
        const auto server = start_vsftpd(with_certificate(bad.certificate));
        const auto error = error_of(protected_options_for(*server));
        EXPECT_EQ(error.kind(), ErrorKind::Denied);
        EXPECT_THAT(error.what(), HasSubstr(bad.why));
        EXPECT_THAT(error.advice(), HasSubstr(bad.advice));
        EXPECT_THAT(error.advice(), HasSubstr(bad.certificate.fingerprint));
    }
}

TEST_F(FtpTest, refuses_an_unknown_authority_and_says_what_to_pin) {
    const auto certificate = authority().valid();
    const auto server = start_vsftpd(with_certificate(certificate));
    auto options = protected_options_for(*server);
    options.ca_file.clear();
    const auto error = error_of(options);
    EXPECT_EQ(error.kind(), ErrorKind::Denied);
    EXPECT_THAT(error.what(), HasSubstr("Test authority"));
    EXPECT_THAT(error.advice(), HasSubstr("pinned_certificate: \"" + certificate.fingerprint));
    EXPECT_EQ(log_.find("PASS"), std::string::npos);
}

TEST_F(FtpTest, accepts_a_pinned_certificate_or_key_and_no_other) {
    const auto certificate = authority().wrong_name();
    const auto server = start_vsftpd(with_certificate(certificate));
    auto options = protected_options_for(*server);
    options.ca_file.clear();
    for (const auto& pin : {certificate.fingerprint, certificate.key_fingerprint, certificate.fingerprint.substr(7)}) {
        options.pinned_certificate = pin;
        EXPECT_FALSE(FtpTransport(options).stat(context_, "a.csv"));
    }
    options.pinned_certificate = "SHA256:" + std::string(64, '0');
    const auto error = error_of(options);
    EXPECT_EQ(error.kind(), ErrorKind::Denied);
    EXPECT_THAT(error.what(), HasSubstr(certificate.fingerprint));
    options.pinned_certificate = "SHA256:abc";
    EXPECT_EQ(kind_thrown([&] { FtpTransport{options}; }), ErrorKind::Invalid);
}

TEST_F(FtpTest, accepts_any_certificate_only_when_told_so_loudly) {
    const auto server = start_vsftpd(with_certificate(authority().expired()));
    auto options = protected_options_for(*server);
    options.ca_file.clear();
    options.insecure_accept_any_certificate = true;
    EXPECT_FALSE(FtpTransport(options).stat(context_, "a.csv"));
}

TEST_F(FtpTest, says_how_to_reach_a_server_without_tls_and_one_that_insists_on_it) {
    const auto plain = start_vsftpd();
    auto options = options_for(*plain);
    options.tls = FtpTls::Explicit;
    const auto refused = error_of(options);
    EXPECT_THAT(refused.advice(), HasSubstr("tls: none"));
    const auto strict = start_pro_ftpd(with_certificate(authority().valid()));
    const auto insisted = error_of(options_for(*strict));
    EXPECT_THAT(insisted.advice(), HasSubstr("tls: explicit")) << insisted.what();
}

TEST_F(FtpTest, a_wrong_password_is_denied_and_never_told) {
    for (const auto start : {start_vsftpd, start_pro_ftpd, start_pure_ftpd}) {
        const auto server = start({});
        auto options = options_for(*server);
        options.password.value = "wrong-and-secret";
        options.timeout = options.connect_timeout = std::chrono::seconds(30);  // servers hesitate before they say so
        const auto error = error_of(options);
        EXPECT_EQ(error.kind(), ErrorKind::Denied) << error.what();
        EXPECT_THAT(error.advice(), HasSubstr("password"));
        EXPECT_THAT(std::string(error.what()) + error.advice() + log_ + details_, Not(HasSubstr("wrong-and-secret")));
        EXPECT_THAT(log_, HasSubstr("PASS ***"));
    }
}

TEST_F(FtpTest, nobody_answering_is_unavailable) {
    FtpOptions options;
    options.host = "127.0.0.1";
    options.port = free_port();
    options.user = "x";
    const auto error = error_of(options);
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    EXPECT_THAT(error.advice(), HasSubstr("host and port"));
}

TEST_F(FtpTest, a_missing_folder_of_the_connection_is_named) {
    const auto server = start_vsftpd();
    auto options = options_for(*server);
    options.folder = "absent";
    const auto error = error_of(options);
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
    EXPECT_THAT(error.what(), HasSubstr("absent"));
}

TEST_F(FtpTest, works_in_a_folder_relative_to_the_login_or_absolute) {
    const auto server = start_vsftpd();
    std::filesystem::create_directory(server->folder() / "in");
    std::filesystem::permissions(server->folder() / "in", std::filesystem::perms::all);
    for (const auto& folder : {std::string("in"), (server->folder() / "in").string()}) {
        auto options = options_for(*server);
        options.folder = folder;
        FtpTransport transport(options);
        write_text(context_, transport, "a.csv", folder);
        EXPECT_EQ(read_file(server->folder() / "in/a.csv"), folder);
    }
}

// Failure story: a server behind NAT announces an address that only it can reach.
TEST_F(FtpTest, ignores_the_address_that_pasv_announces) {
    for (const auto start : {start_vsftpd, start_pro_ftpd, start_pure_ftpd}) {
        FtpServerOptions lies;
        lies.announced_address = "192.168.77.77";
        const auto server = start(lies);
        auto options = options_for(*server);
        options.epsv = false;
        FtpTransport transport(options);
        write_text(context_, transport, "a.csv", "abc");
        EXPECT_EQ(read_text(context_, transport, "a.csv"), "abc");
        EXPECT_THAT(log_, Not(HasSubstr("> EPSV")));
    }
}

TEST_F(FtpTest, falls_back_to_pasv) {
    FtpServerOptions old;
    old.announce_epsv = false;
    const auto server = start_vsftpd(old);
    FtpTransport transport(options_for(*server));
    write_text(context_, transport, "a.csv", "abc");
    EXPECT_THAT(log_, HasSubstr("> PASV"));
}

TEST_F(FtpTest, lets_the_server_connect_in_active_mode) {
    const auto server = start_pro_ftpd();
    auto options = options_for(*server);
    options.data_connections = FtpDataMode::Active;
    FtpTransport transport(options);
    const auto text = noise(300'000);
    write_text(context_, transport, "a.bin", text);
    EXPECT_TRUE(read_text(context_, transport, "a.bin") == text);
    EXPECT_THAT(log_, HasSubstr("> EPRT"));
}

TEST_F(FtpTest, goes_through_proxies) {
    const auto server = start_vsftpd();
    for (const std::string scheme : {"socks5", "http"}) {
        const Relay relay;
        auto options = options_for(*server);
        options.proxy = scheme + "://127.0.0.1:" + std::to_string(relay.port());
        FtpTransport transport(options);
        write_text(context_, transport, "a.csv", "abc");
        EXPECT_EQ(relay.connections(), 2);
    }
}

TEST_F(FtpTest, always_transfers_binary_and_asks_once) {
    const auto server = start_vsftpd();
    FtpTransport transport(options_for(*server));
    write_text(context_, transport, "a.csv", "a\r\nb\n");
    write_text(context_, transport, "b.csv", "a\r\nb\n");
    EXPECT_EQ(read_file(server->folder() / "a.csv"), "a\r\nb\n");
    EXPECT_THAT(log_, Not(HasSubstr("TYPE A")));
}

TEST_F(FtpTest, lists_hidden_files_when_told) {
    const auto server = start_vsftpd();
    write_file(server->folder() / ".hidden", "1");
    for (const bool hidden : {false, true}) {
        auto options = options_for(*server);
        options.list_hidden = hidden;
        FtpTransport transport(options);
        std::vector<std::string> names;
        transport.list(context_, "", [&](const Entry& entry) {
            names.push_back(entry.path);
            return true;
        });
        EXPECT_EQ(std::count(names.begin(), names.end(), ".hidden"), hidden ? 1 : 0);
    }
}

TEST_F(FtpTest, announces_utf8_only_for_names_that_need_it) {
    const auto server = start_pro_ftpd();
    FtpTransport transport(options_for(*server));
    write_text(context_, transport, "a.csv", "1");
    EXPECT_THAT(log_, Not(HasSubstr("OPTS UTF8")));
    write_text(context_, transport, "ü.csv", "1");
    EXPECT_THAT(log_, HasSubstr("OPTS UTF8 ON"));
    log_.clear();
    auto options = options_for(*server);
    options.utf8 = false;
    FtpTransport silent(options);
    write_text(context_, silent, "ü.csv", "1");
    EXPECT_THAT(log_, Not(HasSubstr("OPTS UTF8")));
}

TEST_F(FtpTest, does_without_mlsd_when_told) {
    const auto server = start_pro_ftpd();
    write_file(server->folder() / "a.csv", "12345");
    auto options = options_for(*server);
    options.mlsd = false;
    FtpTransport transport(options);
    EXPECT_EQ(transport.stat(context_, "a.csv")->size, 5U);
    std::vector<std::string> names;
    transport.list(context_, "", [&](const Entry& entry) {
        names.push_back(entry.path);
        return true;
    });
    EXPECT_THAT(names, Contains("a.csv"));
    EXPECT_THAT(log_, Not(HasSubstr("> MLS")));
}

TEST_F(FtpTest, continues_a_file_in_its_middle) {
    const auto server = start_vsftpd();
    FtpTransport transport(options_for(*server));
    write_text(context_, transport, "a.csv", "first,secXX");
    write_text(context_, transport, "a.csv", "ond.", 9);
    EXPECT_EQ(read_file(server->folder() / "a.csv"), "first,second.");
    EXPECT_EQ(kind_thrown([&] { write_text(context_, transport, "a.csv", "x", 100); }), ErrorKind::Conflict);
}

TEST_F(FtpTest, a_server_that_cannot_replace_files_is_worked_around) {
    FtpServerOptions strict;
    strict.allow_overwriting = false;
    const auto server = start_pro_ftpd(strict);
    FtpTransport transport(options_for(*server));
    write_text(context_, transport, "a.csv", "old");
    write_text(context_, transport, "a.part", "new");
    EXPECT_EQ(kind_thrown([&] { transport.rename(context_, "a.part", "a.csv"); }), ErrorKind::Conflict);
    EXPECT_FALSE(transport.capabilities().rename_replaces);
    EXPECT_EQ(read_file(server->folder() / "a.csv"), "old");
    PendingFile file(transport, {},
                     {.name = "a.csv", .execution = "01J", .if_exists = IfExists::Replace, .spool_folder = {}});
    {
        const auto stream = file.open(context_);
        stream->write(context_, as_bytes("newer"));
        stream->commit(context_);
    }
    file.complete(context_);
    file.publish(context_);
    EXPECT_EQ(read_file(server->folder() / "a.csv"), "newer");
}

TEST_F(FtpTest, a_full_quota_is_exhausted) {
    FtpServerOptions small;
    small.quota_megabytes = 1;
    const auto server = start_pure_ftpd(small);
    FtpTransport transport(options_for(*server));
    std::string message;
    EXPECT_EQ(kind_thrown([&] { write_text(context_, transport, "a.bin", noise(4'000'000)); }, &message),
              ErrorKind::Exhausted)
        << message;
    EXPECT_THAT(message, HasSubstr("a.bin"));
}

TEST_F(FtpTest, a_forbidden_file_is_denied) {
    const auto server = start_vsftpd();
    std::filesystem::create_directory(server->folder() / "locked");
    write_file(server->folder() / "secret.csv", "1");
    std::filesystem::permissions(server->folder() / "locked",
                                 std::filesystem::perms::others_read | std::filesystem::perms::others_exec |
                                     std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    std::filesystem::permissions(server->folder() / "secret.csv", std::filesystem::perms::none);
    FtpTransport transport(options_for(*server));
    EXPECT_EQ(kind_thrown([&] { write_text(context_, transport, "locked/a.csv", "1"); }), ErrorKind::Denied);
    EXPECT_EQ(kind_thrown([&] { read_text(context_, transport, "secret.csv"); }), ErrorKind::Denied);
}

TEST_F(FtpTest, a_server_that_freezes_while_data_flows_can_be_cancelled_and_times_out) {
    const Relay relay;
    TcpProxy link(relay.port());
    const auto server = start_vsftpd();
    auto options = options_for(*server);
    options.proxy = "socks5://127.0.0.1:" + std::to_string(link.port());
    options.timeout = std::chrono::seconds(1);
    FtpTransport transport(options);
    const auto stream = transport.write(context_, "a.bin", 0);
    link.stall();
    const auto block = noise(1'000'000);
    std::string message;
    EXPECT_EQ(kind_thrown(
                  [&] {
                      for (int i = 0; i < 500; ++i) {
                          stream->write(context_, as_bytes(block));
                      }
                  },
                  &message),
              ErrorKind::Unavailable);
    EXPECT_THAT(message, HasSubstr("no answer for 1 s"));
}

TEST_F(FtpTest, options_with_control_characters_never_reach_a_server) {
    FtpOptions options;
    options.host = "127.0.0.1";
    options.user = "x\r\nDELE a";
    EXPECT_EQ(kind_thrown([&] { FtpTransport{options}; }), ErrorKind::Invalid);
    options.user = "x";
    options.folder = "in\nDELE a";
    EXPECT_EQ(kind_thrown([&] { FtpTransport{options}; }), ErrorKind::Invalid);
    options.folder = "";
    options.password.value = "x\r\nDELE a";
    EXPECT_EQ(kind_thrown([&] { FtpTransport{options}; }), ErrorKind::Invalid);
}

}  // namespace
}  // namespace rowhaul
