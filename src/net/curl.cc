// SPDX-License-Identifier: Apache-2.0
#include "net/curl.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <mutex>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rowhaul {

namespace {

using std::chrono::milliseconds;
using Clock = Context::Clock;

void initialise_once() {
    static std::once_flag done;
    std::call_once(done, [] {
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
            throw Error(ErrorKind::Internal, "libcurl does not start");
        }
    });
}

CurlSession& session_of(void* self) {
    return *static_cast<CurlSession*>(self);
}

std::string numeric(const sockaddr& address, unsigned size) {
    std::array<char, NI_MAXHOST> text{};
    const bool known = ::getnameinfo(&address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0;
    return known ? text.data() : "?";
}

milliseconds until(Clock::time_point when) {
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(when - Clock::now()));
}

}  // namespace

CurlSession::CurlSession(Events events) : events_(std::move(events)), error_text_(CURL_ERROR_SIZE) {
    initialise_once();
    multi_ = curl_multi_init();
    easy_ = curl_easy_init();
    if (multi_ == nullptr || easy_ == nullptr) {
        curl_easy_cleanup(easy_);
        curl_multi_cleanup(multi_);
        throw Error(ErrorKind::Exhausted, "no memory for a connection");
    }
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1L);
    set(CURLOPT_ERRORBUFFER, error_text_.data());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_MAXAGE_CONN, 86400L);
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_PROXY, "");  // never what the environment happens to say
    set(CURLOPT_VERBOSE, 1L);
    set(CURLOPT_DEBUGFUNCTION, on_debug);
    set(CURLOPT_DEBUGDATA, this);
    set(CURLOPT_READFUNCTION, on_read);
    set(CURLOPT_READDATA, this);
    set(CURLOPT_WRITEFUNCTION, on_write);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, on_progress);
    set(CURLOPT_XFERINFODATA, this);
    set(CURLOPT_OPENSOCKETFUNCTION, on_open);
    set(CURLOPT_OPENSOCKETDATA, this);
    set(CURLOPT_CLOSESOCKETFUNCTION, on_close);
    set(CURLOPT_CLOSESOCKETDATA, this);
}

CurlSession::~CurlSession() {
    disconnect();
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
}

void CurlSession::require(CURLcode code, CURLoption option) {
    if (code != CURLE_OK) {
        throw Error(ErrorKind::Internal,
                    fmt::format("libcurl refuses option {}: {}", static_cast<int>(option), curl_easy_strerror(code)));
    }
}

void CurlSession::limit(milliseconds silence, milliseconds last_answer) {
    silence_ = silence;
    last_answer_ = last_answer;
}

void CurlSession::start() {
    result_ = CURLE_OK;
    message_.clear();
    error_text_[0] = '\0';
    failure_ = nullptr;
    paused_ = false;
    answer_missing_ = false;
    if (const auto code = curl_multi_add_handle(multi_, easy_); code != CURLM_OK) {
        throw Error(ErrorKind::Internal, fmt::format("libcurl does not begin: {}", curl_multi_strerror(code)));
    }
    running_ = true;
}

void CurlSession::drive(const Context& context, const std::function<bool()>& enough) {
    context_ = &context;
    last_event_ = Clock::now();
    if (running_ && paused_) {
        paused_ = false;
        curl_easy_pause(easy_, CURLPAUSE_CONT);
    }
    while (running_ && !enough()) {
        int active = 0;
        const auto code = curl_multi_perform(multi_, &active);
        if (failure_) {
            abandon();
            context_ = nullptr;
            std::rethrow_exception(std::exchange(failure_, nullptr));
        }
        if (code != CURLM_OK) {
            give_up(Error(ErrorKind::Internal, fmt::format("libcurl failed: {}", curl_multi_strerror(code))));
        }
        finish();
        if (stop_wanted()) {
            try {
                context.check();
            } catch (const Error& error) {
                give_up(error);
            }
        }
        if (answer_missing_) {
            give_up(Error(ErrorKind::Unavailable,
                          fmt::format("no confirmation came for {} s after the last byte",
                                      std::chrono::duration_cast<std::chrono::seconds>(last_answer_).count())));
        }
        if (!running_ || enough()) {
            break;
        }
        const auto left = std::min(until(last_event_ + silence_), until(context.deadline));
        if (until(last_event_ + silence_).count() == 0) {
            give_up(Error(
                ErrorKind::Unavailable,
                fmt::format("no answer for {} s", std::chrono::duration_cast<std::chrono::seconds>(silence_).count())));
        }
        await_events(context, left);
    }
    context_ = nullptr;
}

// libcurl 7.88 does not always wait for what it needs between two commands of FTP: not for the control
// connection while the data connection is being made, and not for that one at first. There the control
// connection is watched here, and never for long; each file would take up to a second more.
void CurlSession::await_events(const Context& context, milliseconds limit) {
    constexpr long long longest_between_commands = 10;
    constexpr long long longest = 1000;
    const bool between_commands = !events_.moving_data || !events_.moving_data();
    std::array<curl_waitfd, 2> watched{};
    unsigned count = 0;
    if (context.stop != nullptr) {
        watched.at(count++) = {context.stop->descriptor(), CURL_WAIT_POLLIN, 0};
    }
    if (between_commands && !sockets_.empty()) {
        watched.at(count++) = {sockets_.front(), CURL_WAIT_POLLIN, 0};
    }
    const auto most = between_commands ? longest_between_commands : longest;
    curl_multi_poll(multi_, watched.data(), count, static_cast<int>(std::clamp<long long>(limit.count(), 1, most)),
                    nullptr);
}

void CurlSession::finish() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg == CURLMSG_DONE) {
            result_ = message->data.result;
            message_ = error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(result_);
            curl_multi_remove_handle(multi_, easy_);
            running_ = false;
            return;
        }
    }
}

bool CurlSession::stop_wanted() const noexcept {
    return context_ != nullptr &&
           ((context_->stop != nullptr && context_->stop->requested()) || Clock::now() > context_->deadline);
}

void CurlSession::give_up(Error error) {
    abandon();
    context_ = nullptr;
    throw Error(std::move(error));
}

void CurlSession::abandon() {
    if (running_) {
        abandoning_ = true;
        curl_multi_remove_handle(multi_, easy_);
        running_ = false;
        abandoning_ = false;
    }
    disconnect();
}

void CurlSession::disconnect() {
    if (running_) {
        abandon();
        return;
    }
    if (sockets_.empty()) {
        return;
    }
    // libcurl says QUIT and waits long for the answer when it closes a connection; not on a dead one.
    for (const auto socket : sockets_) {
        ::shutdown(socket, SHUT_RDWR);
    }
    abandoning_ = true;
    curl_multi_cleanup(multi_);
    abandoning_ = false;
    multi_ = curl_multi_init();
    if (multi_ != nullptr) {
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1L);
    }
    sockets_.clear();
}

void CurlSession::tell(curl_infotype kind, std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.remove_suffix(1);
    }
    const auto& told = kind == CURLINFO_HEADER_OUT  ? events_.sent
                       : kind == CURLINFO_HEADER_IN ? events_.received
                                                    : events_.remarked;
    if (told) {
        told(text);
    }
}

int CurlSession::on_debug(CURL*, curl_infotype kind, char* data, std::size_t size, void* self) noexcept {
    auto& session = session_of(self);
    if (kind != CURLINFO_TEXT) {
        session.last_event_ = Clock::now();
    }
    if (kind == CURLINFO_TEXT || kind == CURLINFO_HEADER_IN || kind == CURLINFO_HEADER_OUT) {
        try {
            session.tell(kind, {data, size});
        } catch (...) {
            session.failure_ = std::current_exception();
        }
    }
    return 0;
}

std::size_t CurlSession::on_read(char* into, std::size_t size, std::size_t count, void* self) noexcept {
    auto& session = session_of(self);
    try {
        session.last_event_ = Clock::now();
        if (const auto filled = session.events_.provide({into, size * count})) {
            return *filled;
        }
        session.paused_ = true;
        return CURL_READFUNC_PAUSE;
    } catch (...) {
        session.failure_ = std::current_exception();
        return CURL_READFUNC_ABORT;
    }
}

std::size_t CurlSession::on_write(char* data, std::size_t size, std::size_t count, void* self) noexcept {
    auto& session = session_of(self);
    try {
        if (session.events_.accept({data, size * count})) {
            return size * count;
        }
        session.paused_ = true;
        return CURL_WRITEFUNC_PAUSE;
    } catch (...) {
        session.failure_ = std::current_exception();
        return size * count + 1;
    }
}

int CurlSession::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
    const auto& session = session_of(self);
    return session.stop_wanted() || session.answer_missing_ ? 1 : 0;
}

curl_socket_t CurlSession::on_open(void* self, curlsocktype, curl_sockaddr* address) noexcept {
    auto& session = session_of(self);
    if (session.sockets_.empty() && !session.may_connect_) {
        return CURL_SOCKET_BAD;
    }
    const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (socket >= 0) {
        try {
            session.sockets_.push_back(socket);
            if (session.events_.connecting && session.sockets_.size() == 1) {
                session.events_.connecting(numeric(address->addr, address->addrlen));
            }
        } catch (...) {
            std::erase(session.sockets_, socket);
            ::close(socket);
            return CURL_SOCKET_BAD;
        }
    }
    return socket;
}

int CurlSession::on_close(void* self, curl_socket_t socket) noexcept {
    auto& session = session_of(self);
    auto& sockets = session.sockets_;
    const bool is_data = !sockets.empty() && sockets.front() != socket;
    if (is_data && !session.abandoning_ && session.events_.upload_ended && session.events_.upload_ended()) {
        session.await_last_answer(socket);
    }
    if (!is_data && !session.abandoning_ && session.events_.moving_data && session.events_.moving_data()) {
        session.read_parting_words();
    }
    std::erase(sockets, socket);
    return ::close(socket);
}

bool CurlSession::answer_waits() const noexcept {
    char first = 0;
    return !sockets_.empty() && ::recv(sockets_.front(), &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

// When a data connection breaks, libcurl closes the control connection without reading what the
// server says about it, which is often the reason ("552 quota exceeded"). Under TLS it stays unread.
void CurlSession::read_parting_words() noexcept {
    constexpr int patience = 200;
    std::array<char, 2048> bytes;
    const int stop = context_ != nullptr && context_->stop != nullptr ? context_->stop->descriptor() : -1;
    std::array<pollfd, 2> watched{{{sockets_.front(), POLLIN, 0}, {stop, POLLIN, 0}}};
    if (stop_wanted() || ::poll(watched.data(), watched.size(), patience) <= 0 || watched[0].revents == 0) {
        return;
    }
    const auto size = ::recv(sockets_.front(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size <= 0 || (bytes[0] < '1' || bytes[0] > '5')) {
        return;
    }
    try {
        std::string_view text(bytes.data(), static_cast<std::size_t>(size));
        while (!text.empty()) {
            const auto line = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(text.size(), line.size() + 1));
            tell(CURLINFO_HEADER_IN, line);
        }
    } catch (...) {
        failure_ = std::current_exception();
    }
}

// libcurl closes the data connection and then waits for the answer in laps of a second, for at most
// a minute. Waiting here instead is as patient as the options say and ends at once on a stop request.
// (Not after a download: the answer may have come with earlier bytes, and libcurl holds it already.)
// Reading what the server still sends (new TLS tickets) keeps the closing from turning into a reset,
// which would cost the last bytes of the file.
void CurlSession::await_last_answer(curl_socket_t data_socket) noexcept {
    ::shutdown(data_socket, SHUT_WR);
    const auto give_up = Clock::now() + last_answer_;
    const int stop = context_ != nullptr && context_->stop != nullptr ? context_->stop->descriptor() : -1;
    bool draining = true;
    while (!stop_wanted()) {
        std::array<pollfd, 3> watched{
            {{sockets_.front(), POLLIN, 0}, {draining ? data_socket : -1, POLLIN, 0}, {stop, POLLIN, 0}}};
        auto left = until(give_up);
        if (context_ != nullptr) {
            left = std::min(left, until(context_->deadline));
        }
        const int ready =
            ::poll(watched.data(), watched.size(), static_cast<int>(std::clamp<long long>(left.count(), 0, 1000)));
        if (ready < 0 && errno != EINTR) {
            return;
        }
        if (ready > 0 && watched[0].revents != 0) {
            return;
        }
        if (ready > 0 && watched[1].revents != 0) {
            std::array<char, 4096> dregs;
            draining = ::recv(data_socket, dregs.data(), dregs.size(), MSG_DONTWAIT) > 0;
        }
        if (Clock::now() >= give_up) {
            answer_missing_ = true;
            break;
        }
    }
    // Nothing will be waited for any longer; libcurl finds its connection closed.
    ::shutdown(sockets_.front(), SHUT_RDWR);
}

void apply_tls(CurlSession& session, TlsVerifier& verifier) {
    verifier.load_authorities();
    // The verifier decides alone; libcurl would read all authorities anew for every connection.
    session.set(CURLOPT_SSL_VERIFYPEER, 1L);
    session.set(CURLOPT_SSL_VERIFYHOST, 0L);
    session.set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));
    session.set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    session.set(CURLOPT_SSL_CTX_DATA, &verifier);
    session.set(
        CURLOPT_SSL_CTX_FUNCTION, +[](CURL*, void* context, void* self) -> CURLcode {
            static_cast<TlsVerifier*>(self)->attach(static_cast<ssl_ctx_st*>(context));
            return CURLE_OK;
        });
}

}  // namespace rowhaul
