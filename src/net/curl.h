// SPDX-License-Identifier: Apache-2.0
// One libcurl transfer at a time over connections that are kept, driven so that a stop request, a
// deadline or silence ends it at once. What the transfer is, the owner says with set(); what passes
// on the control connection, it is told.
#pragma once
#include "base/context.h"
#include "net/tls.h"

#include <chrono>
#include <curl/curl.h>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// Used by one thread at a time.
class CurlSession {
public:
    // What passes on the control connection, and what happens to data. Exceptions end the transfer
    // and come out of drive().
    struct Events {
        // A connection is tried, to this address; the first of a session is the control connection.
        std::function<void(std::string_view address)> connecting;
        std::function<void(std::string_view line)> sent;      // commands, as they are: may hold secrets
        std::function<void(std::string_view line)> received;  // replies, one line each
        std::function<void(std::string_view line)> remarked;  // what libcurl tells about itself
        // Data to send: fills `into` and returns how much; 0 ends the transfer, nothing pauses it
        // until the next drive().
        std::function<std::optional<std::size_t>(std::span<char> into)> provide;
        // Data that came; false pauses until the next drive(), which offers the same again.
        std::function<bool(std::span<const char>)> accept;
        // Whether data moves now, rather than commands and answers.
        std::function<bool()> moving_data;
        // Whether closing the data connection is the proper end of an upload, to be confirmed.
        std::function<bool()> upload_ended;
    };

    explicit CurlSession(Events events);
    ~CurlSession();
    CurlSession(const CurlSession&) = delete;
    CurlSession& operator=(const CurlSession&) = delete;

    CURL* handle() const { return easy_; }
    template <class T>
    void set(CURLoption option, T value) {
        require(curl_easy_setopt(easy_, option, value), option);
    }

    // How long nothing at all may happen, and how long the last answer may take.
    void limit(std::chrono::milliseconds silence, std::chrono::milliseconds last_answer);

    // Whether a lost control connection may be replaced: libcurl would do so without a word.
    void allow_connecting(bool allowed) { may_connect_ = allowed; }

    // Begins the transfer that was set up.
    void start();
    // Goes on until the transfer has ended or `enough` says so. Throws Cancelled or Unavailable as
    // Context::check does, Unavailable after too long a silence; the transfer is then given up.
    void drive(const Context& context, const std::function<bool()>& enough);
    bool running() const { return running_; }
    // Of the transfer that ended: libcurl's code, and its words.
    CURLcode result() const { return result_; }
    std::string message() const { return message_; }

    // For use in Events: whether the control connection has something to read, not only its end.
    bool answer_waits() const noexcept;

    // Gives up the running transfer, and with it its connection.
    void abandon();
    // Closes every connection without another word to the server.
    void disconnect();

private:
    static int on_debug(CURL*, curl_infotype kind, char* data, std::size_t size, void* self) noexcept;
    static std::size_t on_read(char* into, std::size_t size, std::size_t count, void* self) noexcept;
    static std::size_t on_write(char* data, std::size_t size, std::size_t count, void* self) noexcept;
    static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept;
    static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* address) noexcept;
    static int on_close(void* self, curl_socket_t socket) noexcept;

    static void require(CURLcode code, CURLoption option);
    void tell(curl_infotype kind, std::string_view text);
    void await_events(const Context& context, std::chrono::milliseconds limit);
    void finish();
    bool stop_wanted() const noexcept;
    void read_parting_words() noexcept;
    void await_last_answer(curl_socket_t data_socket) noexcept;
    [[noreturn]] void give_up(Error error);

    Events events_;
    CURLM* multi_ = nullptr;
    CURL* easy_ = nullptr;
    const Context* context_ = nullptr;  // while drive() runs
    std::exception_ptr failure_;        // thrown by an event
    bool running_ = false;
    bool paused_ = false;
    bool may_connect_ = true;
    bool abandoning_ = false;
    CURLcode result_ = CURLE_OK;
    std::string message_;
    std::vector<char> error_text_;
    std::chrono::milliseconds silence_{60'000};
    std::chrono::milliseconds last_answer_{60'000};
    Context::Clock::time_point last_event_;
    std::vector<curl_socket_t> sockets_;  // open ones, the control connection first
    bool answer_missing_ = false;
};

// TLS as the options of `verifier` say, which outlives the session. Throws as its load_authorities().
void apply_tls(CurlSession& session, TlsVerifier& verifier);

}  // namespace rowhaul
