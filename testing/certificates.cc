// SPDX-License-Identifier: Apache-2.0
#include "testing/certificates.h"

#include <array>
#include <cstdio>
#include <memory>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <sys/stat.h>

namespace rowhaul::testing {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

File open_file(const std::string& path, const char* mode) {
    File file(std::fopen(path.c_str(), mode), &std::fclose);
    if (!file) {
        throw std::runtime_error("cannot open " + path);
    }
    return file;
}

void extend(X509* certificate, X509* issuer, int what, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, &context, what, value), &X509_EXTENSION_free);
    X509_add_ext(certificate, extension.get(), -1);
}

Certificate unsigned_certificate(const std::string& name, EVP_PKEY* key, int days_from, int days_to) {
    Certificate certificate(X509_new(), &X509_free);
    X509_set_version(certificate.get(), X509_VERSION_3);
    std::array<unsigned char, 8> serial{};
    RAND_bytes(serial.data(), serial.size());
    serial[0] = 1;
    std::uint64_t number = 0;
    for (const auto byte : serial) {
        number = number << 8 | byte;
    }
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), number);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), days_from * 86400L);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days_to * 86400L);
    X509_set_pubkey(certificate.get(), key);
    return certificate;
}

std::string fingerprint(const unsigned char* bytes, std::size_t size) {
    std::array<unsigned char, 32> digest{};
    EVP_Digest(bytes, size, digest.data(), nullptr, EVP_sha256(), nullptr);
    std::string out = "SHA256:";
    for (const auto byte : digest) {
        constexpr std::string_view digits = "0123456789abcdef";
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string fingerprint_of(X509* certificate) {
    unsigned char* encoded = nullptr;
    const int size = i2d_X509(certificate, &encoded);
    auto out = fingerprint(encoded, static_cast<std::size_t>(size));
    OPENSSL_free(encoded);
    return out;
}

std::string fingerprint_of_key(X509* certificate) {
    unsigned char* encoded = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);
    auto out = fingerprint(encoded, static_cast<std::size_t>(size));
    OPENSSL_free(encoded);
    return out;
}

// Making one takes long, and nothing here depends on its being secret or unique.
EVP_PKEY* server_key() {
    static const Key key(EVP_RSA_gen(2048), &EVP_PKEY_free);
    return key.get();
}

void write_key(EVP_PKEY* key, const std::string& path) {
    PEM_write_PrivateKey(open_file(path, "w").get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    ::chmod(path.c_str(), 0644);
}

}  // namespace

CertificateAuthority::CertificateAuthority() {
    ::chmod(folder_.path().c_str(), 0755);
    const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const auto certificate = unsigned_certificate("Test authority", key.get(), -10, 10);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
    extend(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    PEM_write_X509(open_file(ca_file(), "w").get(), certificate.get());
    write_key(key.get(), folder_ / "ca-key.pem");
}

ServerCertificate CertificateAuthority::valid() {
    return sign("localhost", "DNS:localhost,IP:127.0.0.1", -1, 5);
}

ServerCertificate CertificateAuthority::expired() {
    return sign("expired", "DNS:localhost,IP:127.0.0.1", -5, -1);
}

ServerCertificate CertificateAuthority::wrong_name() {
    return sign("elsewhere.example", "DNS:elsewhere.example", -1, 5);
}

ServerCertificate CertificateAuthority::sign(const std::string& name, const std::string& alternative_names,
                                             int days_from, int days_to) {
    const Key authority_key(
        PEM_read_PrivateKey(open_file(folder_ / "ca-key.pem", "r").get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
    const Certificate authority(PEM_read_X509(open_file(ca_file(), "r").get(), nullptr, nullptr, nullptr), &X509_free);
    EVP_PKEY* key = server_key();
    const auto certificate = unsigned_certificate(name, key, days_from, days_to);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get()));
    extend(certificate.get(), authority.get(), NID_subject_alt_name, alternative_names.c_str());
    extend(certificate.get(), authority.get(), NID_ext_key_usage, "serverAuth");
    X509_sign(certificate.get(), authority_key.get(), EVP_sha256());

    ServerCertificate out{folder_ / (name + ".pem"), folder_ / (name + "-key.pem"), folder_ / (name + "-both.pem"),
                          fingerprint_of(certificate.get()), fingerprint_of_key(certificate.get())};
    PEM_write_X509(open_file(out.certificate_file, "w").get(), certificate.get());
    write_key(key, out.key_file);
    write_key(key, out.combined_file);
    PEM_write_X509(open_file(out.combined_file, "a").get(), certificate.get());
    return out;
}

}  // namespace rowhaul::testing
