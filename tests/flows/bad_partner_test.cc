// SPDX-License-Identifier: Apache-2.0
// File servers that refuse, hang, are full or are somebody else: as bad input, told once and clearly.
#include "testing/certificates.h"
#include "testing/servers/ftp_server.h"
#include "testing/servers/open_ssh.h"
#include "testing/servers/pro_ftpd_ssh.h"
#include "testing/tcp_proxy.h"
#include "tests/flows/bad_input.h"

#include <sys/stat.h>
#include <unistd.h>

namespace rowhaul::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(BadInput, AHostKeyThatNobodyPinnedIsRefusedWithItsFingerprint) {
    const OpenSsh server;
    const auto partner = [&](std::string_view host_key) {
        return fmt::format(
            "  partner: {{ type: sftp, host: 127.0.0.1, port: {}, user: {}, private_key_file: '{}', folder: '{}'{} "
            "}}\n",
            server.port(), server.user(), server.key().file.string(), server.files().string(), host_key);
    };
    write_to(partner(", known_hosts: none.txt"));
    EXPECT_THAT(failure(), AllOf(HasSubstr(server.host_key().fingerprint()), HasSubstr("host_key"),
                                 Not(HasSubstr("left behind"))));
    write_to(partner(", host_key: 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'"));
    EXPECT_THAT(failure(), HasSubstr(server.host_key().fingerprint()));
    EXPECT_TRUE(std::filesystem::is_empty(server.files()));

    write_to(partner(fmt::format(", host_key: '{}'", server.host_key().fingerprint())));
    EXPECT_EQ(company.rowhaul({"run", "people"}).status, 0);
    EXPECT_EQ(read_file(server.files() / "people.csv"), "id,name\n1,Ada\n");
}

TEST_F(BadInput, AKeyThatTheServerDoesNotKnowIsRefused) {
    const OpenSsh server;
    const auto stranger = make_ssh_key(company / "stranger", "ed25519");
    write_to(
        fmt::format("  partner: {{ type: sftp, host: 127.0.0.1, port: {}, user: {}, private_key_file: stranger, "
                    "folder: '{}', host_key: '{}' }}\n",
                    server.port(), server.user(), server.files().string(), server.host_key().fingerprint()));
    EXPECT_THAT(failure(), AllOf(HasSubstr(server.user()), HasSubstr(std::to_string(server.port()))));
}

class BadSftpInput : public BadInput {
protected:
    std::string partner(const OpenSsh& server, int port, std::string_view login, std::string_view more = {}) const {
        return fmt::format(
            "  partner: {{ type: sftp, host: 127.0.0.1, port: {}, user: {}, {}, folder: '{}', host_key: '{}'{} }}\n",
            port, server.user(), login, server.files().string(), server.host_key().fingerprint(), more);
    }
    static std::string key_of(const OpenSsh& server) {
        return fmt::format("private_key_file: '{}'", server.key().file.string());
    }
};

TEST_F(BadSftpInput, AWrongPasswordIsToldWithoutIt) {
    const OpenSsh server({.questions = {SshQuestion::Hidden}});
    write_to(partner(server, server.port(), "password: not-the-word"));
    EXPECT_THAT(failure(), AllOf(HasSubstr(server.user()), HasSubstr("password"), Not(HasSubstr("not-the-word"))));
    write_to(partner(server, server.port(), fmt::format("password: {}", OpenSsh::password)));
    EXPECT_EQ(company.rowhaul({"run", "people"}).status, 0);
    EXPECT_EQ(read_file(server.files() / "people.csv"), "id,name\n1,Ada\n");
}

TEST_F(BadSftpInput, AServerThatIsNotThereIsNamedWithItsPort) {
    const OpenSsh server;
    const int port = free_port();
    write_to(partner(server, port, key_of(server)));
    EXPECT_THAT(failure(), HasSubstr(fmt::format("127.0.0.1:{}", port)));
}

TEST_F(BadSftpInput, AServerThatHangsIsGivenUp) {
    const OpenSsh server;
    TcpProxy link(server.port());
    link.stall();
    write_to(partner(server, link.port(), key_of(server), ", connect_timeout: 1s"));
    EXPECT_THAT(failure(), AllOf(HasSubstr(std::to_string(link.port())), HasSubstr("connect_timeout")));
}

TEST_F(BadSftpInput, AFolderThatMayNotBeWrittenToIsNamed) {
    const OpenSsh server;
    ::chmod(server.files().c_str(), 0555);
    write_to(partner(server, server.port(), key_of(server)));
    EXPECT_THAT(failure(), AllOf(HasSubstr("people.csv"), HasSubstr("ermission denied")));
    EXPECT_TRUE(std::filesystem::is_empty(server.files()));
}

TEST_F(BadSftpInput, AMissingFolderIsNamedAndNotMade) {
    const OpenSsh server;
    const auto missing = server.files() / "nowhere";
    write_to(
        fmt::format("  partner: {{ type: sftp, host: 127.0.0.1, port: {}, user: {}, {}, folder: '{}', "
                    "host_key: '{}' }}\n",
                    server.port(), server.user(), key_of(server), missing.string(), server.host_key().fingerprint()));
    EXPECT_THAT(failure(), HasSubstr("nowhere"));
    EXPECT_FALSE(std::filesystem::exists(missing));
}

TEST_F(BadSftpInput, AFullDiskIsToldAndTheBeginningRemoved) {
    const OpenSsh server;
    const SmallDisk disk(server.files() / "small", "256k");
    if (!disk.is_mounted()) {
        return;  // the transport's own tests limit the size of the server's files
    }
    ::chmod((server.files() / "small").c_str(), 0777);
    company.sql(many_people);
    company.configure(
        "mappings:\n"
        "  people:\n"
        "    source: { connection: shop, table: people }\n"
        "    target: { connection: partner, file: small/people.csv }\n",
        partner(server, server.port(), key_of(server)));
    EXPECT_THAT(failure(), AllOf(HasSubstr("people.csv"), HasSubstr("disk is full")));
    EXPECT_TRUE(std::filesystem::is_empty(server.files() / "small"));
}

TEST_F(BadSftpInput, CheckTellsTheStepsThatWorkedAndHelpsWithTheOneThatDidNot) {
    const OpenSsh server({.questions = {SshQuestion::Hidden}});
    write_to(partner(server, server.port(), "password: not-the-word"));
    const auto checked = company.rowhaul({"check", "partner"});
    EXPECT_EQ(checked.status, 1);
    EXPECT_THAT(checked.output, AllOf(HasSubstr("ok  connect"), HasSubstr("ok  host key"), Not(HasSubstr("login"))));
    EXPECT_THAT(checked.errors, AllOf(HasSubstr("does not let"), HasSubstr("Check user, password")));
    EXPECT_THAT(checked.output + checked.errors, Not(HasSubstr("not-the-word")));
}

TEST_F(BadSftpInput, CheckAndRunUseTheServersChecksumsWhenTheyAreDemanded) {
    ProFtpdSsh server;
    const auto partner_with = [&](std::string_view verify) {
        return fmt::format(
            "  partner: {{ type: sftp, host: 127.0.0.1, port: {}, user: {}, password: {}, folder: '{}', "
            "host_key: '{}', verify: {} }}\n",
            server.port(), ProFtpdSsh::user, ProFtpdSsh::password, server.new_folder().string(),
            server.host_key().fingerprint(), verify);
    };
    write_to(partner_with("checksum"));
    const auto checked = company.rowhaul({"check", "partner"});
    EXPECT_EQ(checked.status, 0) << checked.errors;
    EXPECT_EQ(company.rowhaul({"run", "people"}).status, 0);

    const OpenSsh other;
    write_to(partner(other, other.port(), key_of(other), ", verify: checksum"));
    EXPECT_THAT(failure(), AllOf(HasSubstr("offers no checksum"), HasSubstr("verify: size")));
    EXPECT_TRUE(std::filesystem::is_empty(other.files()));
}

class BadFtpInput : public BadInput {
protected:
    std::string partner(const FtpServer& server, std::string_view password, std::string_view more = {}) const {
        return fmt::format("  partner: {{ type: ftp, host: 127.0.0.1, port: {}, user: {}, password: {}{} }}\n",
                           server.port(), server.user(), password, more);
    }
    CertificateAuthority authority;
};

TEST_F(BadFtpInput, AWrongPasswordIsToldWithoutIt) {
    const auto server = start_vsftpd();
    write_to(partner(*server, "not-the-word", ", tls: none"));
    EXPECT_THAT(failure(), AllOf(HasSubstr(std::to_string(server->port())), HasSubstr("password"),
                                 Not(HasSubstr("not-the-word"))));
}

TEST_F(BadFtpInput, AnExpiredCertificateIsRefused) {
    const auto server = start_pro_ftpd({.tls = FtpServerOptions::Tls::Explicit, .certificate = authority.expired()});
    write_to(partner(*server, FtpServer::password(), fmt::format(", ca_file: '{}'", authority.ca_file())));
    EXPECT_THAT(failure(), AllOf(HasSubstr("certificate"), HasSubstr("expired")));
    EXPECT_TRUE(std::filesystem::is_empty(server->folder()));
}

TEST_F(BadFtpInput, ACertificateForAnotherNameIsRefused) {
    const auto server = start_pro_ftpd({.tls = FtpServerOptions::Tls::Explicit, .certificate = authority.wrong_name()});
    write_to(partner(*server, FtpServer::password(), fmt::format(", ca_file: '{}'", authority.ca_file())));
    EXPECT_THAT(failure(), HasSubstr("certificate"));
}

TEST_F(BadFtpInput, AnExceededQuotaIsToldAndTheBeginningRemoved) {
    if (::geteuid() != 0) {
        return;  // the one server with quotas needs an administrator
    }
    const auto server = start_pure_ftpd({.quota_megabytes = 1});
    company.sql(many_people);
    write_to(partner(*server, FtpServer::password(), ", tls: none"));
    EXPECT_THAT(failure(), HasSubstr("people.csv"));
    for (const auto& entry : std::filesystem::recursive_directory_iterator(server->folder())) {
        EXPECT_EQ(entry.path().filename(), ".ftpquota");
    }
}

TEST_F(BadFtpInput, AFolderThatMayNotBeWrittenToIsNamed) {
    const auto server = start_vsftpd();
    ::chmod(server->folder().c_str(), 0555);
    write_to(partner(*server, FtpServer::password(), ", tls: none"));
    EXPECT_THAT(failure(), HasSubstr("people.csv"));
    EXPECT_TRUE(std::filesystem::is_empty(server->folder()));
}

TEST_F(BadFtpInput, AnAuthorityThatNobodyNamedIsRefusedWithWhatToPin) {
    const auto server = start_pro_ftpd({.tls = FtpServerOptions::Tls::Explicit, .certificate = authority.valid()});
    write_to(partner(*server, FtpServer::password()));
    EXPECT_THAT(failure(), AllOf(HasSubstr("certificate"), HasSubstr("SHA256:")));
    EXPECT_TRUE(std::filesystem::is_empty(server->folder()));
}

TEST_F(BadFtpInput, AServerThatHangsIsGivenUp) {
    const auto server = start_vsftpd();
    TcpProxy link(server->port());
    link.stall();
    write_to(
        fmt::format("  partner: {{ type: ftp, host: 127.0.0.1, port: {}, user: {}, password: {}, tls: none, "
                    "connect_timeout: 1s }}\n",
                    link.port(), server->user(), FtpServer::password()));
    EXPECT_THAT(failure(), HasSubstr(std::to_string(link.port())));
}

}  // namespace
}  // namespace rowhaul::testing
