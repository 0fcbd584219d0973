// SPDX-License-Identifier: Apache-2.0
#include "net/tls.h"

#include "options/document.h"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

namespace rowhaul {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string problems_of(std::string_view yaml) {
    Problems problems;
    const Node node = parse_yaml(yaml, "a.yaml", problems);
    parse<DatabaseTlsOptions>(node, "connections.erp", problems);
    return problems.text();
}

TEST(TlsOptions, are_used_off_this_machine_unless_said_otherwise) {
    DatabaseTlsOptions options;
    EXPECT_TRUE(uses_tls(options, "192.0.2.1"));
    EXPECT_TRUE(uses_tls(options, "2001:db8::1"));
    EXPECT_TRUE(uses_tls(options, "10.127.0.1"));
    for (const auto* here : {"127.0.0.1", "127.9.9.9", "::1"}) {
        EXPECT_FALSE(uses_tls(options, here));
    }
    options.tls = TlsUse::Always;
    EXPECT_TRUE(uses_tls(options, "127.0.0.1"));
    options.tls = TlsUse::None;
    EXPECT_FALSE(uses_tls(options, "192.0.2.1"));
}

TEST(TlsOptions, must_not_contradict_each_other) {
    EXPECT_EQ(problems_of("{tls: always, ca_file: a.pem}"), "");
    EXPECT_THAT(problems_of("{ca_file: a.pem, ca: text}"), HasSubstr("connections.erp.ca: says the same as ca_file"));
    EXPECT_THAT(problems_of("pinned_certificate: SHA256:abc"),
                AllOf(HasSubstr("a.yaml:1:21: connections.erp.pinned_certificate"), HasSubstr("rowhaul check")));
    EXPECT_THAT(
        problems_of("{pinned_certificate: '" + std::string(64, 'a') + "', insecure_accept_any_certificate: true}"),
        HasSubstr("contradicts pinned_certificate"));
}

TEST(TlsVerifier, says_which_authorities_it_cannot_read) {
    TlsOptions options;
    options.ca_file = "/nowhere/ca.pem";
    TlsVerifier missing(options, "host");
    try {
        missing.load_authorities();
        ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Invalid);
        EXPECT_THAT(error.what(), HasSubstr("/nowhere/ca.pem"));
    }
    options.ca_file.clear();
    options.ca = "no certificate";
    TlsVerifier nonsense(options, "host");
    EXPECT_THROW(nonsense.load_authorities(), Error);
}

TEST(TlsVerifier, reaches_the_contexts_of_other_libraries_only_where_it_is_meant_to) {
    const auto is_reached = [] {
        SSL_CTX* made = SSL_CTX_new(TLS_client_method());
        const bool reached = SSL_CTX_get_info_callback(made) != nullptr;
        SSL_CTX_free(made);
        return reached;
    };
    TlsVerifier verifier({}, "host");
    EXPECT_FALSE(is_reached());
    {
        const TlsVerifier::Everywhere attached(verifier);
        EXPECT_TRUE(is_reached());
    }
    EXPECT_FALSE(is_reached());
}

}  // namespace
}  // namespace rowhaul
