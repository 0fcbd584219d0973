// SPDX-License-Identifier: Apache-2.0
// How a TLS server is recognised: options that every connection with TLS shares, as a base of its own
// Options (see transport/publishing.h for the way), and their meaning for OpenSSL, which libcurl, libpq
// and libmariadb use underneath. None of them decides about a certificate itself.
//
// A certificate is verified in full unless told otherwise: chain, validity and name. Two ways out are
// as safe: an own CA, and a pinned certificate, which is then recognised by its fingerprint alone.
#pragma once
#include "base/error.h"
#include "options/options.h"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;
struct x509_st;
struct x509_store_ctx_st;
struct x509_store_st;

namespace rowhaul {

enum class TlsVersion : std::uint8_t { Tls12, Tls13 };
template <>
struct EnumChoices<TlsVersion> {
    static constexpr std::array<Choice, 2> list{
        {{"tls12", "TLS 1.2, for servers whose TLS 1.3 is broken."}, {"tls13", "TLS 1.3 or 1.2."}}};
};

struct TlsOptions {
    std::string ca_file;
    std::string ca;
    std::string pinned_certificate;
    bool insecure_accept_any_certificate = false;
    TlsVersion tls_max = TlsVersion::Tls13;

    static constexpr auto spec = [] {
        return options(
            option("ca_file", &TlsOptions::ca_file,
                   "File with the certificates (PEM) of the authorities to trust, instead of the system's.")
                .advanced()
                .example("company-ca.pem"),
            option("ca", &TlsOptions::ca, "The same certificates as text, for example ${file:company-ca.pem}.")
                .advanced(),
            option("pinned_certificate", &TlsOptions::pinned_certificate,
                   "SHA-256 fingerprint of the server's certificate or of its public key, as `check` prints it; "
                   "nothing else is then verified.")
                .advanced()
                .example("SHA256:2d1f…"),
            option("insecure_accept_any_certificate", &TlsOptions::insecure_accept_any_certificate,
                   "Accepts whatever certificate the server shows: anyone on the way can then read and change "
                   "everything, also the password.")
                .advanced(),
            option("tls_max", &TlsOptions::tls_max, "Highest version of TLS to speak; never below TLS 1.2.")
                .advanced());
    }();
    static void validate(const TlsOptions&, Problems&);
};

enum class TlsUse : std::uint8_t { Auto, Always, None };
template <>
struct EnumChoices<TlsUse> {
    static constexpr std::array<Choice, 3> list{
        {{"auto", "TLS, but not to this machine itself (127.0.0.1, ::1), where nobody can listen."},
         {"always", "TLS, also to this machine."},
         {"none", "No TLS: everyone on the way can read and change what passes."}}};
};

// Of a server that speaks with and without TLS on one port, as databases do.
struct DatabaseTlsOptions : TlsOptions {
    TlsUse tls = TlsUse::Auto;

    static constexpr auto spec = [] {
        return options(option("tls", &DatabaseTlsOptions::tls,
                              "Whether the connection is protected by TLS; over a Unix socket it never is."),
                       TlsOptions::spec);
    }();
};

// Whether TLS is wanted with a server at this numeric address.
bool uses_tls(const DatabaseTlsOptions&, const std::string& address);
// For a server that is to speak TLS and does not.
Error no_tls_offered(std::string_view where);

// What the other side showed.
struct TlsPeer {
    std::string protocol;  // "TLSv1.3"
    std::string cipher;
    std::string subject;
    std::string issuer;
    std::string expires;      // YYYY-MM-DD
    std::string fingerprint;  // "SHA256:" and 64 hexadecimal digits, of the certificate
    std::string sha1;         // 40 hexadecimal digits, for libraries that know no better
    bool resumed = false;     // a session was resumed instead of made
};
// On one line, for Context::step.
std::string to_text(const TlsPeer&);

// Decides about the certificates of one server. Outlives every SSL_CTX it is attached to; used by
// the thread that runs the handshakes.
class TlsVerifier {
public:
    // `host` is the name or address that the certificate must be for. Throws Invalid for options
    // that contradict each other or a fingerprint that is none.
    TlsVerifier(const TlsOptions& options, std::string host);

    // Reads the authorities to trust, once; needed before the first handshake. Throws Invalid when
    // they cannot be read.
    void load_authorities();

    // Every handshake of this context will ask the verifier, whatever the context was told.
    void attach(ssl_ctx_st* tls);
    // Attaches every context that this thread makes while this lives: for libraries that show theirs
    // to nobody.
    class Everywhere {
    public:
        explicit Everywhere(TlsVerifier&);
        ~Everywhere();
        Everywhere(const Everywhere&) = delete;
        Everywhere& operator=(const Everywhere&) = delete;

    private:
        TlsVerifier* outer_;
    };

    // What the server showed that was accepted last; nothing before, nor since Everywhere.
    const std::optional<TlsPeer>& peer() const { return peer_; }
    // Told after each handshake that ended well.
    void on_handshake(std::function<void(const TlsPeer&)> told) { handshake_done_ = std::move(told); }

    // Every connection after the first resumes the session that the first one has by then, which is
    // what FTP servers demand of data connections. OpenSSL lets a TLS 1.3 session be resumed once and
    // libcurl keeps but one, so that the second file of a login would fail wherever the server sends
    // no new ticket, or sends it too late; a copy of the session for each connection always works.
    void resume_first_session(bool wanted) { resumes_ = wanted; }
    // The connections are gone; the next one is a first one again.
    void forget_connections() { first_ = nullptr; }

    // Why the last certificate was refused, with advice; nothing when none was.
    std::optional<Error> refusal(std::string_view where) const;

private:
    struct FreeStore {
        void operator()(x509_store_st*) const noexcept;
    };
    struct NewContext;
    static int slot();
    static int verify(x509_store_ctx_st* store, void* self) noexcept;
    void resume(const ssl_st* tls);
    static void observe(const ssl_st* tls, int where, int value) noexcept;
    void prepare(ssl_st* tls) const;
    bool accepts(x509_store_ctx_st* store);
    int problem_of_chain(x509_store_ctx_st* store);
    bool matches_pin(const x509_st* certificate) const;

    TlsOptions options_;
    std::string host_;
    std::string pin_;  // 32 bytes, or empty
    std::unique_ptr<x509_store_st, FreeStore> authorities_;
    std::optional<TlsPeer> peer_;
    bool resumes_ = false;
    const ssl_st* first_ = nullptr;  // of the first connection, while it lives
    std::function<void(const TlsPeer&)> handshake_done_;

    // Of the certificate that was refused last.
    int problem_ = 0;
    std::string problem_subject_;
    std::string names_;
    TlsPeer refused_;
};

// Fingerprint in any common form (hexadecimal with or without colons, base64, with or without a
// "SHA256:" or "sha256//" in front) to its 32 bytes; empty when it is none.
std::string fingerprint_bytes(std::string_view text);

}  // namespace rowhaul
