// SPDX-License-Identifier: Apache-2.0
#include "net/tls.h"

#include "net/resolve.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace rowhaul {

namespace {

template <class T, void (*free)(T*)>
struct Freed {
    void operator()(T* object) const { free(object); }
};
template <class T, void (*free)(T*)>
using Owned = std::unique_ptr<T, Freed<T, free>>;

// Of this thread, see TlsVerifier::Everywhere.
thread_local TlsVerifier* verifier_of_thread = nullptr;

std::string name_text(const X509_NAME* name) {
    const Owned<BIO, BIO_free_all> out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string date_text(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) {
        return "?";
    }
    return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

using Sha256 = std::array<unsigned char, 32>;

Sha256 digest_of_certificate(const X509* certificate) {
    Sha256 digest{};
    X509_digest(certificate, EVP_sha256(), digest.data(), nullptr);
    return digest;
}

Sha256 digest_of_public_key(const X509* certificate) {
    Sha256 digest{};
    unsigned char* encoded = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);
    if (size > 0) {
        EVP_Digest(encoded, static_cast<std::size_t>(size), digest.data(), nullptr, EVP_sha256(), nullptr);
        OPENSSL_free(encoded);
    }
    return digest;
}

bool same_bytes(const std::string& expected, const Sha256& digest) {
    return expected == std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size());
}

void free_names(GENERAL_NAMES* names) {
    GENERAL_NAMES_free(names);
}

// The names that a certificate is for, for a message.
std::string names_of(const X509* certificate) {
    std::string out;
    const Owned<GENERAL_NAMES, free_names> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
    for (int i = 0; i < count && out.size() < 300; ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_DNS) {
            out += fmt::format("{}{}", out.empty() ? "" : ", ",
                               std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                                                static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))));
        }
    }
    return out;
}

TlsPeer describe(const X509* certificate) {
    TlsPeer peer;
    peer.subject = name_text(X509_get_subject_name(certificate));
    peer.issuer = name_text(X509_get_issuer_name(certificate));
    peer.expires = date_text(X509_get0_notAfter(certificate));
    peer.fingerprint = fmt::format("SHA256:{:02x}", fmt::join(digest_of_certificate(certificate), ""));
    std::array<unsigned char, 20> sha1{};
    X509_digest(certificate, EVP_sha1(), sha1.data(), nullptr);
    peer.sha1 = fmt::format("{:02x}", fmt::join(sha1, ""));
    return peer;
}

int hex_digit(char character) {
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    const char lower = static_cast<char>(character | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string from_hex(std::string_view text) {
    std::string out;
    int high = -1;
    for (const char character : text) {
        if (character == ':') {
            continue;
        }
        const int digit = hex_digit(character);
        if (digit < 0) {
            return {};
        }
        if (high < 0) {
            high = digit;
        } else {
            out += static_cast<char>(high * 16 + digit);
            high = -1;
        }
    }
    return high < 0 ? out : std::string();
}

std::string from_base64(std::string text) {
    while (text.size() % 4 != 0) {
        text += '=';
    }
    if (text.size() != 44 || text.back() != '=') {
        return {};
    }
    std::string out(33, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()), 44);
    return size == 33 ? out.substr(0, 32) : std::string();
}

bool add_certificates(X509_STORE* store, const std::string& pem) {
    const Owned<BIO, BIO_free_all> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    bool added = false;
    while (X509* read = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
        const Owned<X509, X509_free> certificate(read);
        added = X509_STORE_add_cert(store, read) == 1 || added;
    }
    return added;
}

}  // namespace

void TlsOptions::validate(const TlsOptions& options, Problems& problems) {
    if (!options.pinned_certificate.empty() && fingerprint_bytes(options.pinned_certificate).empty()) {
        problems.add("pinned_certificate",
                     "is not a SHA-256 fingerprint; take the one that `rowhaul check` prints: SHA256: and 64 "
                     "hexadecimal digits");
    }
    if (options.insecure_accept_any_certificate && !options.pinned_certificate.empty()) {
        problems.add("insecure_accept_any_certificate", "contradicts pinned_certificate");
    }
    if (!options.ca_file.empty() && !options.ca.empty()) {
        problems.add("ca", "says the same as ca_file; set one of them");
    }
}

bool uses_tls(const DatabaseTlsOptions& options, const std::string& address) {
    return options.tls == TlsUse::Always || (options.tls == TlsUse::Auto && !is_loopback(address));
}

Error no_tls_offered(std::string_view where) {
    Error error(ErrorKind::Denied, fmt::format("{}: the server offers no TLS", where));
    error.advise(
        "Have TLS switched on there, or set tls: none if everyone on the way to the server may read and change what "
        "passes.");
    return error;
}

std::string to_text(const TlsPeer& peer) {
    return fmt::format("{}, {}, certificate of \"{}\" by \"{}\" until {}, {}", peer.protocol, peer.cipher, peer.subject,
                       peer.issuer, peer.expires, peer.fingerprint);
}

std::string fingerprint_bytes(std::string_view text) {
    for (const std::string_view prefix : {"SHA256:", "sha256:", "sha256//"}) {
        if (text.starts_with(prefix)) {
            text.remove_prefix(prefix.size());
            break;
        }
    }
    const auto bytes = from_hex(text);
    return bytes.size() == 32 ? bytes : from_base64(std::string(text));
}

TlsVerifier::TlsVerifier(const TlsOptions& options, std::string host)
    : options_(options), host_(std::move(host)), pin_(fingerprint_bytes(options.pinned_certificate)) {
    Problems problems;
    TlsOptions::validate(options, problems);
    problems.throw_if_any();
}

void TlsVerifier::FreeStore::operator()(x509_store_st* store) const noexcept {
    X509_STORE_free(store);
}

void TlsVerifier::load_authorities() {
    if (authorities_ || !pin_.empty() || options_.insecure_accept_any_certificate) {
        return;
    }
    std::unique_ptr<X509_STORE, FreeStore> store(X509_STORE_new());
    const auto refuse = [](const std::string& what) {
        throw Error(ErrorKind::Invalid, what).advise("Name a file, or give a text, with certificates in PEM form.");
    };
    if (!options_.ca_file.empty()) {
        if (X509_STORE_load_file(store.get(), options_.ca_file.c_str()) != 1) {
            refuse(fmt::format("ca_file {} cannot be read or holds no certificate", options_.ca_file));
        }
    } else if (!options_.ca.empty()) {
        if (!add_certificates(store.get(), options_.ca)) {
            refuse("ca holds no certificate");
        }
    } else {
        X509_STORE_set_default_paths(store.get());
    }
    ERR_clear_error();
    authorities_ = std::move(store);
}

// Hears of every context that is made.
struct TlsVerifier::NewContext {
    static void heard(void* tls, void*, CRYPTO_EX_DATA* data, int slot, long, void*) noexcept {
        if (verifier_of_thread != nullptr) {
            auto* context = static_cast<SSL_CTX*>(tls);
            SSL_CTX_set_cert_verify_callback(context, verify, verifier_of_thread);
            SSL_CTX_set_info_callback(context, observe);
            CRYPTO_set_ex_data(data, slot, verifier_of_thread);
        }
    }
};

// Where an SSL_CTX keeps the verifier that it was attached to. OpenSSL announces every new context to
// whoever has such a slot, which is how the contexts of other libraries are reached.
int TlsVerifier::slot() {
    static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, NewContext::heard, nullptr, nullptr);
    return slot;
}

void TlsVerifier::attach(ssl_ctx_st* tls) {
    SSL_CTX_set_cert_verify_callback(tls, verify, this);
    SSL_CTX_set_info_callback(tls, observe);
    SSL_CTX_set_ex_data(tls, slot(), this);
}

TlsVerifier::Everywhere::Everywhere(TlsVerifier& verifier) : outer_(std::exchange(verifier_of_thread, &verifier)) {
    verifier.peer_.reset();
    verifier.problem_ = X509_V_OK;
    // A certificate that nobody looked at would be a password given away, so this is tried each time.
    const int place = slot();
    const Owned<SSL_CTX, SSL_CTX_free> trial(SSL_CTX_new(TLS_client_method()));
    if (trial == nullptr || SSL_CTX_get_ex_data(trial.get(), place) != &verifier ||
        SSL_CTX_get_info_callback(trial.get()) != observe) {
        verifier_of_thread = outer_;
        throw Error(ErrorKind::Internal, "certificates cannot be verified with this version of OpenSSL");
    }
}

TlsVerifier::Everywhere::~Everywhere() {
    verifier_of_thread = outer_;
}

int TlsVerifier::verify(x509_store_ctx_st* store, void* self) noexcept {
    try {
        return static_cast<TlsVerifier*>(self)->accepts(store) ? 1 : 0;
    } catch (...) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
        return 0;
    }
}

bool TlsVerifier::accepts(x509_store_ctx_st* store) {
    const X509* certificate = X509_STORE_CTX_get0_cert(store);
    if (options_.insecure_accept_any_certificate) {
        problem_ = X509_V_OK;
    } else if (!pin_.empty()) {
        problem_ = matches_pin(certificate) ? X509_V_OK : X509_V_ERR_CERT_UNTRUSTED;
    } else {
        problem_ = problem_of_chain(store);
    }
    X509_STORE_CTX_set_error(store, problem_);
    if (problem_ != X509_V_OK) {
        refused_ = describe(certificate);
        names_ = names_of(certificate);
    }
    return problem_ == X509_V_OK;
}

// With our own authorities and the host's name; those of the library underneath do not count.
int TlsVerifier::problem_of_chain(x509_store_ctx_st* store) {
    const Owned<X509_STORE_CTX, X509_STORE_CTX_free> own(X509_STORE_CTX_new());
    if (!authorities_ || own == nullptr ||
        X509_STORE_CTX_init(own.get(), authorities_.get(), X509_STORE_CTX_get0_cert(store),
                            X509_STORE_CTX_get0_untrusted(store)) != 1 ||
        X509_STORE_CTX_set_default(own.get(), "ssl_server") != 1) {
        return X509_V_ERR_UNSPECIFIED;
    }
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(own.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, host_.c_str()) != 1) {
        X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (X509_VERIFY_PARAM_set1_host(rules, host_.c_str(), host_.size()) != 1) {
            return X509_V_ERR_UNSPECIFIED;
        }
    }
    if (X509_verify_cert(own.get()) == 1) {
        return X509_V_OK;
    }
    const X509* culprit = X509_STORE_CTX_get_current_cert(own.get());
    problem_subject_ = culprit == nullptr ? "" : name_text(X509_get_subject_name(culprit));
    const int problem = X509_STORE_CTX_get_error(own.get());
    return problem == X509_V_OK ? X509_V_ERR_UNSPECIFIED : problem;
}

bool TlsVerifier::matches_pin(const x509_st* certificate) const {
    return same_bytes(pin_, digest_of_certificate(certificate)) || same_bytes(pin_, digest_of_public_key(certificate));
}

void TlsVerifier::resume(const ssl_st* tls) {
    if (first_ == nullptr) {
        first_ = tls;
    }
    if (!resumes_ || tls == first_) {
        return;
    }
    const SSL_SESSION* session = SSL_get0_session(first_);
    if (session == nullptr || SSL_SESSION_is_resumable(session) != 1) {
        return;
    }
    const Owned<SSL_SESSION, SSL_SESSION_free> copy(SSL_SESSION_dup(session));
    SSL_set_session(const_cast<SSL*>(tls), copy.get());
}

// What the options say holds whatever the library set, or forgot to.
void TlsVerifier::prepare(ssl_st* tls) const {
    SSL_set_verify(tls, SSL_VERIFY_PEER, nullptr);
    SSL_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_set_max_proto_version(tls, options_.tls_max == TlsVersion::Tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    const bool is_address = host_.find_first_not_of("0123456789.") == std::string::npos || host_.contains(':');
    if (!is_address && SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name) == nullptr) {
        SSL_set_tlsext_host_name(tls, host_.c_str());
    }
    // A library that waits inside the handshake's reads could not be stopped there.
    if (const int socket = SSL_get_fd(tls); socket >= 0) {
        ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
    }
}

void TlsVerifier::observe(const ssl_st* tls, int where, int) noexcept {
    auto* self = static_cast<TlsVerifier*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(tls), slot()));
    if (self != nullptr && (where & SSL_CB_HANDSHAKE_START) != 0 && SSL_in_before(tls) != 0) {
        self->prepare(const_cast<SSL*>(tls));
        self->resume(tls);
    }
    if ((where & SSL_CB_HANDSHAKE_DONE) == 0) {
        return;
    }
    const X509* certificate = SSL_get0_peer_certificate(tls);
    // TLS 1.3 reports later messages (new tickets) as handshakes too; those are after the end of ours.
    if (self == nullptr || certificate == nullptr || SSL_get_state(tls) != TLS_ST_OK) {
        return;
    }
    try {
        TlsPeer peer = describe(certificate);
        peer.protocol = SSL_get_version(tls);
        peer.cipher = SSL_get_cipher_name(tls);
        peer.resumed = SSL_session_reused(tls) == 1;
        self->peer_ = peer;
        if (self->handshake_done_) {
            self->handshake_done_(peer);
        }
    } catch (...) {
        // Only news for the log; the connection does not depend on it.
    }
}

std::optional<Error> TlsVerifier::refusal(std::string_view where) const {
    const auto refused = [&](const std::string& why, std::string advice) {
        Error error(ErrorKind::Denied, fmt::format("the TLS certificate of {} was refused: {}", where, why));
        error.advise(std::move(advice));
        return error;
    };
    const auto pin = fmt::format("pinned_certificate: \"{}\"", refused_.fingerprint);
    if (problem_ == X509_V_OK) {
        return {};
    }
    if (!pin_.empty()) {
        return refused(
            fmt::format("its fingerprint is {} (\"{}\"), not the pinned one", refused_.fingerprint, refused_.subject),
            fmt::format("If the server's certificate was renewed on purpose, set {}; if not, somebody may "
                        "sit in between.",
                        pin));
    }
    switch (problem_) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return refused(fmt::format("that of \"{}\" has expired; the server's own is valid until {}",
                                       problem_subject_, refused_.expires),
                           fmt::format("Have the server's owner renew it, or set {} until then.", pin));
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return refused(fmt::format("that of \"{}\" is not yet valid", problem_subject_),
                           "Compare the clocks of this machine and the server.");
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return refused(fmt::format("it is for {}, not for {}",
                                       names_.empty() ? fmt::format("\"{}\"", refused_.subject) : names_, host_),
                           fmt::format("Set host to a name that the certificate is for, or set {}.", pin));
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // by another authority of the same name
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return refused(
                fmt::format("its issuer \"{}\" is not an authority that this machine trusts", refused_.issuer),
                fmt::format("If you know that authority, name its certificate with ca_file; else ask the "
                            "server's owner for the fingerprint, compare, and set {}.",
                            pin));
        default:
            return refused(X509_verify_cert_error_string(problem_),
                           fmt::format("Ask the server's owner to repair the certificate, or set {}.", pin));
    }
}

}  // namespace rowhaul
