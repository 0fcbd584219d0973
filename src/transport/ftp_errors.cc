// SPDX-License-Identifier: Apache-2.0
// What the answers of FTP servers and the failures of libcurl mean to a person.
#include "transport/ftp_session.h"
#include "transport/path.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace rowhaul {

namespace {

bool mentions(std::string_view text, std::span<const std::string_view> words) {
    std::string lower(text);
    for (char& c : lower) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

constexpr std::array<std::string_view, 5> full_words{"quota", "no space", "disk full", "insufficient storage",
                                                     "not enough space"};
constexpr std::array<std::string_view, 4> tls_words{"tls", "ssl", "encrypt", "secure"};
constexpr std::array<std::string_view, 3> resume_words{"session reuse", "session resumption", "reuse required"};

ErrorKind kind_of(const FtpExchange& answer) {
    if (answer.code == 452 || answer.code == 552 || mentions(answer.text, full_words)) {
        return ErrorKind::Exhausted;
    }
    if (answer.code >= 400 && answer.code < 500) {
        return ErrorKind::Unavailable;
    }
    switch (answer.code) {
        case 530:
        case 532:
        case 533:
        case 534:
        case 550:
        case 553:
            return ErrorKind::Denied;
        case 521:
            return ErrorKind::Conflict;
        default:
            return ErrorKind::Invalid;
    }
}

// The server's words as one short line; they come from outside, so control characters are made visible.
std::string words_of(const FtpExchange& answer) {
    constexpr std::size_t most = 200;
    return fmt::format("{} {}", answer.code, in_quotes(std::string_view(answer.text).substr(0, most)));
}

std::string advice_for(const FtpExchange& answer, FtpTls tls) {
    if (mentions(answer.text, resume_words) || answer.code == 522) {
        return "The server wants the TLS session resumed for data connections: set tls_sessions: true, and if that is "
               "so already, try tls_max: tls12.";
    }
    if (kind_of(answer) == ErrorKind::Exhausted) {
        return "Make room on the server, or have the quota raised.";
    }
    if (tls == FtpTls::None && mentions(answer.text, tls_words)) {
        return "The server insists on TLS: set tls: explicit.";
    }
    if (answer.code == 530) {
        return "Check user and password, and whether the account may use FTP.";
    }
    if (answer.code == 421) {
        return "The server is busy or has too many connections of this account; try again later.";
    }
    return {};
}

Error from_answer(const FtpExchange& answer, std::string_view doing, std::string_view where, FtpTls tls) {
    Error error(kind_of(answer), fmt::format("{}: {}: the server answered {}", where, doing, words_of(answer)));
    error.advise(advice_for(answer, tls));
    return error;
}

}  // namespace

Error FtpSession::refusal(std::string_view doing) const {
    return from_answer(last(), doing, where_, options_.tls);
}

Error FtpSession::explained(std::string_view doing) const {
    const auto& answer = last();
    if (answer.code >= 400 && answer.command.starts_with("AUTH ")) {
        return without_tls(doing);
    }
    if (answer.code >= 400) {
        return from_answer(answer, doing, where_, options_.tls);
    }
    return connection_error(doing);
}

Error FtpSession::without_tls(std::string_view doing) const {
    Error error(ErrorKind::Invalid, fmt::format("{}: {}: the server does not offer TLS on this port", where_, doing));
    error.advise(
        "Set tls: implicit if the server has a port of its own for TLS, or tls: none if password and files "
        "may travel in clear text.");
    return error;
}

Error FtpSession::connection_error(std::string_view doing) const {
    const auto say = [&](ErrorKind kind, std::string_view what, std::string advice) {
        Error error(kind, fmt::format("{}: {}: {}", where_, doing, what));
        error.advise(std::move(advice));
        return error;
    };
    switch (curl_->result()) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return say(ErrorKind::Unavailable, fmt::format("the name {} is not known", in_quotes(options_.host)),
                       "Check host, and whether this machine can resolve names.");
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_PROXY:
            return say(ErrorKind::Unavailable, fmt::format("the proxy does not let us through: {}", curl_->message()),
                       "Check proxy, proxy_user and proxy_password.");
        case CURLE_COULDNT_CONNECT:
            if (!transcript_.empty()) {
                return say(ErrorKind::Unavailable, "the data connection could not be made",
                           "A firewall may block the server's passive ports; epsv: false or data_connections: active "
                           "may help.");
            }
            if (greeted_) {
                return say(ErrorKind::Unavailable, "the connection has been lost", {});
            }
            return say(ErrorKind::Unavailable, "nothing answers there",
                       "Check host and port, and the firewalls in between.");
        case CURLE_PEER_FAILED_VERIFICATION:
            if (auto refusal = verifier_.refusal(where_)) {
                return std::move(*refusal);
            }
            return say(ErrorKind::Denied, curl_->message(), "Check host, ca_file and pinned_certificate.");
        case CURLE_SSL_CONNECT_ERROR:
            if (auto refusal = verifier_.refusal(where_)) {
                return std::move(*refusal);
            }
            return say(ErrorKind::Unavailable, fmt::format("TLS could not be agreed on: {}", curl_->message()),
                       "Check tls and port: implicit TLS usually has port 990, explicit TLS port 21.");
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM:
            return say(ErrorKind::Invalid, curl_->message(), "ca_file or ca must hold certificates in PEM form.");
        case CURLE_USE_SSL_FAILED:
            return without_tls(doing);
        case CURLE_LOGIN_DENIED:
            return say(ErrorKind::Denied, fmt::format("login refused for {}", in_quotes(options_.user)),
                       "Check user and password.");
        case CURLE_FTP_COULDNT_USE_REST:
        case CURLE_BAD_DOWNLOAD_RESUME:
            return say(ErrorKind::Conflict, fmt::format("the transfer cannot continue there: {}", curl_->message()),
                       {});
        case CURLE_OUT_OF_MEMORY:
            return say(ErrorKind::Exhausted, "no memory for a connection", {});
        default:
            break;
    }
    const bool after_data = answer_outstanding();
    return say(ErrorKind::Unavailable,
               fmt::format("the connection failed ({}){}", curl_->message(),
                           after_data ? "; whether the server has carried it out is unknown" : ""),
               control_protected_ && !options_.tls_sessions && last().code / 100 == 1
                   ? "The server may want the TLS session resumed for data connections: set tls_sessions: true."
                   : "");
}

}  // namespace rowhaul
