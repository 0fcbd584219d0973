// SPDX-License-Identifier: Apache-2.0
#include "transport/sftp.h"

#include "testing/servers/open_ssh.h"
#include "testing/servers/pro_ftpd_ssh.h"
#include "testing/suite/transport_suite.h"
#include "transport/pending_file.h"
#include "transport/retry.h"

#include <array>
#include <fstream>
#include <gmock/gmock.h>

namespace rowhaul {
namespace {

using namespace rowhaul::testing;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

SftpOptions options_for(const OpenSsh& server) {
    SftpOptions options;
    options.host = "127.0.0.1";
    options.port = server.port();
    options.user = server.user();
    options.private_key.value = server.key().private_text();
    options.host_key = {server.host_key().fingerprint()};
    options.folder = server.files().string();
    options.timeout = 2s;
    options.connect_timeout = 2s;
    return options;
}

// One server for all tests of a case, a new folder and link for each.
class SshPlace final : public TransportPlace {
public:
    explicit SshPlace(
        OpenSsh& server, std::function<void(SftpOptions&)> change = [](SftpOptions&) {})
        : server_(server), folder_(server.new_folder()), link_(server.port()), change_(std::move(change)) {}

    std::unique_ptr<Transport> connect() override {
        auto options = options_for(server_);
        options.port = link_.port();
        options.folder = folder_.string();
        change_(options);
        return std::make_unique<SftpTransport>(options);
    }
    std::filesystem::path folder() const override { return folder_; }
    TcpProxy* link() override { return &link_; }

private:
    OpenSsh& server_;
    std::filesystem::path folder_;
    TcpProxy link_;
    std::function<void(SftpOptions&)> change_;
};

OpenSsh& plain_server() {
    static OpenSsh server;
    return server;
}

OpenSsh& old_server() {
    static OpenSsh server({.subsystem = "sftp internal-sftp -P posix-rename,fsync,limits,statvfs,fstatvfs"});
    return server;
}

OpenSsh& rekeying_server() {
    static OpenSsh server({.lines = {"RekeyLimit 1M"}});
    return server;
}

SftpOptions options_for(const ProFtpdSsh& server) {
    SftpOptions options;
    options.host = "127.0.0.1";
    options.port = server.port();
    options.user = ProFtpdSsh::user;
    options.password.value = ProFtpdSsh::password;
    options.host_key = {server.host_key().fingerprint()};
    return options;
}

ProFtpdSsh& password_server() {
    static ProFtpdSsh server;
    return server;
}

class PasswordPlace final : public TransportPlace {
public:
    std::unique_ptr<Transport> connect() override {
        auto options = options_for(password_server());
        options.folder = folder_.string();
        return std::make_unique<SftpTransport>(options);
    }
    std::filesystem::path folder() const override { return folder_; }

private:
    std::filesystem::path folder_ = password_server().new_folder();
};

const auto linked_cases =
    ::testing::Values(TransportCase{"open_ssh", [] { return std::make_unique<SshPlace>(plain_server()); }},
                      TransportCase{"without_extensions", [] { return std::make_unique<SshPlace>(old_server()); }});

const auto more_cases =
    ::testing::Values(TransportCase{"small_chunks",
                                    [] {
                                        return std::make_unique<SshPlace>(plain_server(), [](SftpOptions& options) {
                                            options.chunk_size = Bytes{5000};
                                            options.concurrency = 3;
                                        });
                                    }},
                      TransportCase{"rekeying", [] { return std::make_unique<SshPlace>(rekeying_server()); }},
                      TransportCase{"pro_ftpd", [] { return std::make_unique<PasswordPlace>(); }});

INSTANTIATE_TEST_SUITE_P(Sftp, TransportSuite, linked_cases, name_of_case);
INSTANTIATE_TEST_SUITE_P(SftpToo, TransportSuite, more_cases, name_of_case);
INSTANTIATE_TEST_SUITE_P(Sftp, LinkedTransportSuite, linked_cases, name_of_case);

class SftpTest : public ::testing::Test {
protected:
    // What connecting threw, or nothing.
    static std::optional<Error> connect(const SftpOptions& options) {
        try {
            SftpTransport(options).stat(Context(), "a.csv");
            return {};
        } catch (const Error& error) {
            return error;
        }
    }

    TemporaryFolder folder_;
    Context context_;
};

TEST_F(SftpTest, tells_the_steps_of_connecting) {
    std::vector<std::string> steps;
    std::string host_key;
    context_.step = [&](std::string_view step, std::string_view detail) {
        steps.emplace_back(step);
        if (step == "host key") {
            host_key = detail;
        }
    };
    SftpTransport(options_for(plain_server())).stat(context_, "a.csv");
    EXPECT_THAT(steps, ElementsAre("resolve name", "connect", "host key", "login", "sftp"));
    EXPECT_THAT(host_key, HasSubstr(plain_server().host_key().fingerprint()));
}

TEST_F(SftpTest, logs_in_with_every_type_of_key) {
    for (const std::string type : {"rsa", "ecdsa", "ed25519"}) {
        for (const std::string passphrase : {"", "open sesame"}) {
            const auto key = make_ssh_key(folder_ / (type + (passphrase.empty() ? "" : "_locked")), type, passphrase);
            const OpenSsh server({.authorized = {key.public_text()}});
            auto options = options_for(server);
            options.private_key.value = key.private_text();
            options.passphrase.value = passphrase;
            EXPECT_FALSE(connect(options)) << type << passphrase;
            options.private_key.value.clear();
            options.private_key_file = key.file.string();
            EXPECT_FALSE(connect(options)) << type << passphrase;
        }
    }
}

TEST_F(SftpTest, says_what_is_wrong_with_a_key_and_never_shows_it) {
    const auto key = make_ssh_key(folder_ / "locked", "ed25519", "open sesame");
    auto options = options_for(plain_server());
    options.private_key.value = key.private_text();
    const auto missing = connect(options);
    ASSERT_TRUE(missing);
    EXPECT_EQ(missing->kind(), ErrorKind::Invalid);
    EXPECT_THAT(missing->what(), HasSubstr("private_key"));
    EXPECT_THAT(missing->advice(), HasSubstr("passphrase"));
    options.passphrase.value = "wrong secret";
    const auto wrong = connect(options);
    ASSERT_TRUE(wrong);
    EXPECT_EQ(wrong->kind(), ErrorKind::Invalid);
    EXPECT_THAT(wrong->what(), Not(HasSubstr("wrong secret")));
    options.private_key.value = "no key at all";
    ASSERT_TRUE(connect(options));
    EXPECT_THAT(connect(options)->what(), Not(HasSubstr("no key at all")));
}

TEST_F(SftpTest, a_key_that_the_server_does_not_know_is_denied) {
    auto options = options_for(plain_server());
    options.private_key.value = make_ssh_key(folder_ / "stranger", "ed25519").private_text();
    const auto error = connect(options);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::Denied);
    EXPECT_THAT(error->what(), HasSubstr(plain_server().user()));
    EXPECT_THAT(error->what(), HasSubstr("127.0.0.1:"));
    EXPECT_THAT(error->advice(), HasSubstr("private_key"));
}

TEST_F(SftpTest, logs_in_with_a_password) {
    EXPECT_FALSE(connect(options_for(password_server())));
    auto options = options_for(password_server());
    options.password.value = "a wrong s3cret";
    const auto error = connect(options);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::Denied);
    EXPECT_THAT(error->what(), Not(HasSubstr("s3cret")));
}

SftpOptions asked_options_for(const OpenSsh& server) {
    auto options = options_for(server);
    options.private_key.value.clear();
    options.password.value = OpenSsh::password;
    return options;
}

TEST_F(SftpTest, answers_a_server_that_asks_for_the_password_and_takes_it_in_no_other_way) {
    const OpenSsh server({.questions = {SshQuestion::Hidden}});
    const auto right = connect(asked_options_for(server));
    EXPECT_FALSE(right) << right->what() << server.log();
    auto options = asked_options_for(server);
    options.password.value = "a wrong s3cret";
    const auto wrong = connect(options);
    ASSERT_TRUE(wrong);
    EXPECT_EQ(wrong->kind(), ErrorKind::Denied);
    EXPECT_THAT(wrong->what(), HasSubstr("a password it asks for"));
    EXPECT_THAT(wrong->what(), Not(HasSubstr("s3cret")));
    options.password.value.clear();
    const auto none = connect(options);
    ASSERT_TRUE(none);
    EXPECT_EQ(none->kind(), ErrorKind::Denied);
    EXPECT_THAT(none->advice(), HasSubstr("password"));
}

TEST_F(SftpTest, answers_every_question_of_a_server_that_asks_twice) {
    const OpenSsh server({.questions = {SshQuestion::Hidden, SshQuestion::Hidden}});
    const auto error = connect(asked_options_for(server));
    EXPECT_FALSE(error) << error->what() << server.log();
}

TEST_F(SftpTest, gives_no_password_to_a_question_whose_answer_is_shown) {
    const OpenSsh server({.questions = {SshQuestion::Shown}});
    const auto error = connect(asked_options_for(server));
    ASSERT_TRUE(error) << "the password was given away";
    EXPECT_EQ(error->kind(), ErrorKind::Denied);
}

TEST_F(SftpTest, uses_a_key_before_it_is_asked_for_a_password) {
    const OpenSsh server({.questions = {SshQuestion::Hidden}});
    auto options = options_for(server);
    options.password.value = "a wrong s3cret";
    EXPECT_FALSE(connect(options));
}

TEST_F(SftpTest, gives_key_and_password_to_a_server_that_wants_both) {
    const OpenSsh server(
        {.lines = {"AuthenticationMethods publickey,keyboard-interactive"}, .questions = {SshQuestion::Hidden}});
    auto options = options_for(server);
    options.password.value = OpenSsh::password;
    const auto both = connect(options);
    EXPECT_FALSE(both) << both->what() << server.log();
    options.password.value = "a wrong s3cret";
    ASSERT_TRUE(connect(options));
}

TEST_F(SftpTest, a_password_is_not_shown_when_it_is_refused) {
    auto options = options_for(plain_server());
    options.private_key.value.clear();
    options.password.value = "s3cret";
    const auto error = connect(options);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::Denied);
    EXPECT_THAT(error->what(), Not(HasSubstr("s3cret")));
}

TEST_F(SftpTest, an_unknown_host_key_is_denied_with_the_fingerprint_to_pin) {
    auto options = options_for(plain_server());
    options.host_key.clear();
    options.known_hosts = folder_ / "none";
    const auto error = connect(options);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::Denied);
    EXPECT_THAT(error->what(), HasSubstr(plain_server().host_key().fingerprint()));
    EXPECT_THAT(error->advice(), HasSubstr("host_key: \"" + plain_server().host_key().fingerprint()));
}

TEST_F(SftpTest, a_host_key_other_than_the_pinned_one_is_denied) {
    auto options = options_for(plain_server());
    options.host_key = {"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    const auto error = connect(options);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::Denied);
    EXPECT_THAT(error->what(), HasSubstr(plain_server().host_key().fingerprint()));
    options.host_key.push_back(plain_server().host_key().fingerprint());
    EXPECT_FALSE(connect(options));
}

TEST_F(SftpTest, knows_hosts_from_a_file) {
    auto options = options_for(plain_server());
    options.host_key.clear();
    options.known_hosts = folder_ / "known_hosts";
    const auto entry = "[127.0.0.1]:" + std::to_string(options.port) + " ";
    write_file(options.known_hosts, entry + plain_server().host_key().public_text());
    EXPECT_FALSE(connect(options));
    write_file(options.known_hosts, entry + make_ssh_key(folder_ / "other", "ed25519").public_text());
    const auto changed = connect(options);
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->kind(), ErrorKind::Denied);
    EXPECT_THAT(changed->what(), HasSubstr("has changed"));
    write_file(options.known_hosts, entry + make_ssh_key(folder_ / "rsa", "rsa").public_text());
    EXPECT_EQ(connect(options)->kind(), ErrorKind::Denied);
}

TEST_F(SftpTest, pins_host_keys_of_every_type) {
    for (const std::string type : {"rsa", "ecdsa"}) {
        const OpenSsh server({.host_key_type = type});
        EXPECT_FALSE(connect(options_for(server))) << type;
    }
}

TEST_F(SftpTest, uses_the_algorithms_that_were_asked_for) {
    for (const std::string cipher : {"chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr"}) {
        auto options = options_for(plain_server());
        options.ciphers = cipher;
        EXPECT_FALSE(connect(options)) << cipher;
    }
    auto options = options_for(plain_server());
    options.ciphers = "aes128-cbc";
    const auto error = connect(options);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::Invalid);
    EXPECT_THAT(error->advice(), HasSubstr("ciphers"));
    options.ciphers = "rot13";
    EXPECT_EQ(connect(options)->kind(), ErrorKind::Invalid);
}

TEST_F(SftpTest, logs_in_through_an_agent) {
    const auto agent = program({"/usr/bin/ssh-agent"});
    const auto socket = folder_ / "agent";
    Process running({agent, "-D", "-a", socket});
    while (!std::filesystem::exists(socket)) {
        ASSERT_TRUE(running.running());
    }
    const auto added = run({program({"/usr/bin/ssh-add"}), "-q", plain_server().key().file.string()},
                           {.environment = {{"SSH_AUTH_SOCK", socket}}});
    ASSERT_EQ(added.status, 0) << added.errors;
    ::setenv("SSH_AUTH_SOCK", socket.c_str(), 1);
    auto options = options_for(plain_server());
    options.private_key.value.clear();
    options.agent = true;
    EXPECT_FALSE(connect(options));
    ::unsetenv("SSH_AUTH_SOCK");
}

TEST_F(SftpTest, a_read_only_server_denies_and_names_the_path) {
    OpenSsh server({.subsystem = "sftp internal-sftp -R"});
    SftpTransport transport(options_for(server));
    std::string message;
    EXPECT_EQ(kind_thrown([&] { transport.write(context_, "a.csv", 0); }, &message), ErrorKind::Denied);
    EXPECT_THAT(message, HasSubstr("a.csv"));
    EXPECT_EQ(kind_thrown([&] { transport.make_folder(context_, "in"); }), ErrorKind::Denied);
}

TEST_F(SftpTest, compares_checksums_with_a_server_that_never_announced_them) {
    auto options = options_for(password_server());
    options.verify = Verify::Checksum;
    const auto folder = password_server().new_folder();
    options.folder = folder.string();
    SftpTransport transport(options);
    const std::string text = noise(100'000);
    const std::array digests{Checksum{HashAlgorithm::Md5, "of another file"},
                             Checksum{HashAlgorithm::Sha256, sha256_of(text)}};
    for (const bool is_damaged : {false, true}) {
        SCOPED_TRACE(is_damaged);
        PendingFile file(transport, options, {.name = is_damaged ? "b.csv" : "a.csv", .execution = "01"});
        const auto stream = file.open(context_);
        stream->write(context_, as_bytes(text));
        stream->commit(context_);
        if (is_damaged) {
            std::fstream on_disk(folder / file.temporary_path(), std::ios::in | std::ios::out);
            on_disk.seekp(70'000).put(static_cast<char>(text[70'000] ^ 1));
            on_disk.close();
            std::string message;
            EXPECT_EQ(kind_thrown([&] { file.complete(context_, digests); }, &message), ErrorKind::Unavailable);
            EXPECT_THAT(message, HasSubstr("arrived damaged"));
        } else {
            file.complete(context_, digests);
            file.publish(context_);
        }
    }
    EXPECT_TRUE(read_file(folder / "a.csv") == text);
    EXPECT_FALSE(std::filesystem::exists(folder / "b.csv"));
    EXPECT_TRUE(transport.capabilities().checksums);
    EXPECT_EQ(kind_thrown([&] { transport.checksum(context_, "missing.csv"); }), ErrorKind::NotFound);
}

TEST_F(SftpTest, asks_a_server_without_checksums_for_them_once) {
    for (const bool hangs_up : {false, true}) {
        SCOPED_TRACE(hangs_up);
        TcpProxy link(plain_server().port());
        auto options = options_for(plain_server());
        options.port = link.port();
        SftpTransport transport(options);
        write_text(context_, transport, "once.csv", "abc");
        if (hangs_up) {
            link.cut_after(0);
            EXPECT_EQ(kind_thrown([&] { transport.checksum(context_, "once.csv"); }), ErrorKind::Unavailable);
            link.heal();
            transport.reconnect();
        } else {
            EXPECT_FALSE(transport.checksum(context_, "once.csv"));
        }
        transport.stat(context_, "once.csv");
        const auto bytes = link.bytes_to_server();
        EXPECT_FALSE(transport.checksum(context_, "once.csv"));
        EXPECT_EQ(link.bytes_to_server(), bytes);
        EXPECT_FALSE(transport.capabilities().checksums);
    }
}

TEST_F(SftpTest, says_that_a_server_has_no_checksums_when_they_are_demanded) {
    auto options = options_for(plain_server());
    options.verify = Verify::Checksum;
    SftpTransport transport(options);
    PendingFile file(transport, options, {.name = "demanded.csv", .execution = "01"});
    file.open(context_)->commit(context_);
    std::string message;
    EXPECT_EQ(kind_thrown([&] { file.complete(context_); }, &message), ErrorKind::Invalid);
    EXPECT_THAT(message, HasSubstr("offers no checksum"));
}

TEST_F(SftpTest, a_server_without_sftp_is_denied) {
    const OpenSsh server({.subsystem = "other /bin/false"});
    const auto error = connect(options_for(server));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind(), ErrorKind::Denied);
    EXPECT_THAT(error->what(), HasSubstr("offers no sftp"));
}

TEST_F(SftpTest, a_folder_of_the_login_needs_no_option) {
    auto options = options_for(plain_server());
    options.folder.clear();
    SftpTransport transport(options);
    EXPECT_FALSE(transport.stat(context_, "surely-absent.csv"));
}

TEST_F(SftpTest, an_idle_session_is_replaced) {
    auto options = options_for(plain_server());
    options.idle_timeout = 0s;
    TcpProxy link(plain_server().port());
    options.port = link.port();
    SftpTransport transport(options);
    transport.stat(context_, "a.csv");
    transport.stat(context_, "a.csv");
    EXPECT_EQ(link.connections(), 2);
}

}  // namespace
}  // namespace rowhaul
