// SPDX-License-Identifier: Apache-2.0
#include "net/ssh_session.h"

#include "net/tcp.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <iterator>
#include <libssh/libssh.h>
#include <utility>

namespace rowhaul {

namespace {

using std::chrono::milliseconds;

// How much the server may send before it must hear from us: enough for 4 MiB on their way.
constexpr std::uint32_t receive_window = std::uint32_t{4} << 20;
constexpr std::size_t send_slice = std::size_t{256} << 10;

using Key = std::unique_ptr<ssh_key_struct, void (*)(ssh_key)>;

// AES in hardware is faster than ChaCha20, in software it is slower.
std::string default_ciphers() {
    std::string aes = "aes128-gcm@openssh.com,aes256-gcm@openssh.com";
    std::string chacha = "chacha20-poly1305@openssh.com";
    const std::string counter = "aes256-ctr,aes192-ctr,aes128-ctr";
#if defined(__x86_64__)
    const bool has_aes = __builtin_cpu_supports("aes") != 0;
#else
    const bool has_aes = true;
#endif
    if (!has_aes) {
        std::swap(aes, chacha);
    }
    return fmt::format("{},{},{}", aes, chacha, counter);
}

std::string with_home(const std::string& path) {
    if (!path.starts_with("~/")) {
        return path;
    }
    const char* home = std::getenv("HOME");
    return home == nullptr ? std::string() : home + path.substr(1);
}

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file || text.empty()) {
        throw Error(ErrorKind::NotFound, fmt::format("cannot read the private key file {}", path))
            .advise("Correct the option private_key_file, or the file's permissions.");
    }
    return text;
}

// Passwords for keys are never asked on a terminal.
int no_passphrase(const char*, char*, std::size_t, int, int, void*) noexcept {
    return -1;
}

Key import_key(const SshOptions& options) {
    const std::string text =
        options.private_key_file.empty() ? options.private_key.value : content_of(with_home(options.private_key_file));
    const char* passphrase = options.passphrase.value.empty() ? nullptr : options.passphrase.value.c_str();
    ssh_key key = nullptr;
    if (::ssh_pki_import_privkey_base64(text.c_str(), passphrase, no_passphrase, nullptr, &key) != SSH_OK) {
        const std::string_view option = options.private_key_file.empty() ? "private_key" : "private_key_file";
        throw Error(ErrorKind::Invalid, fmt::format("the option {} holds no private key that can be opened", option))
            .advise(passphrase == nullptr ? "If the key has a passphrase, set the option passphrase."
                                          : "Check the option passphrase.");
    }
    return {key, &::ssh_key_free};
}

}  // namespace

class SshSession::Handle {
public:
    Handle(const SshOptions& options) : options_(options), peer_(fmt::format("{}:{}", options.host, options.port)) {}

    ~Handle() {
        if (channel_ != nullptr) {
            ::ssh_channel_free(channel_);
        }
        if (session_ != nullptr) {
            ::ssh_silent_disconnect(session_);
            ::ssh_free(session_);
        }
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    void open(const Context& context, const std::string& subsystem) {
        end_ = Context::Clock::now() + options_.connect_timeout;
        const bool has_key = !options_.private_key.value.empty() || !options_.private_key_file.empty();
        Key key = has_key ? import_key(options_) : Key(nullptr, &::ssh_key_free);
        configure(connect_tcp(context, options_.host, options_.port, options_.connect_timeout));
        negotiate(context);
        check_host_key(context);
        log_in(context, key.get());
        start(context, subsystem);
    }

    std::size_t send(std::span<const std::byte> bytes) {
        // What libssh could not hand to the kernel it keeps, without a limit of its own.
        if ((::ssh_get_poll_flags(session_) & SSH_WRITE_PENDING) != 0) {
            ::ssh_channel_poll_timeout(channel_, 0, 0);
            if ((::ssh_get_poll_flags(session_) & SSH_WRITE_PENDING) != 0) {
                return 0;
            }
        }
        const auto size = static_cast<std::uint32_t>(std::min(bytes.size(), send_slice));
        const int sent = ::ssh_channel_write(channel_, bytes.data(), size);
        if (sent < 0) {
            throw lost();
        }
        return static_cast<std::size_t>(sent);
    }

    std::size_t receive(std::span<std::byte> into) {
        // Asking for more than the window makes libssh enlarge it, by one message each time; so
        // that is asked for only when half of it is used up.
        const bool is_low = window_ < receive_window / 2;
        const auto size = is_low ? receive_window : std::uint32_t{64} << 10;
        if (buffer_ == nullptr) {
            buffer_ = std::make_unique_for_overwrite<std::byte[]>(receive_window);
        }
        if (position_ == filled_) {
            const int received = ::ssh_channel_read_timeout(channel_, buffer_.get(), size, 0, 0);
            if (received < 0 && received != SSH_AGAIN) {
                throw lost();
            }
            if (received == 0 && ::ssh_channel_is_eof(channel_) != 0) {
                throw Error(ErrorKind::Unavailable, fmt::format("{} ended the session", peer_));
            }
            if (is_low) {
                window_ = receive_window;
            }
            position_ = 0;
            filled_ = static_cast<std::size_t>(std::max(received, 0));
            window_ -= std::min(window_, static_cast<std::uint32_t>(filled_));
        }
        const auto count = std::min(into.size(), filled_ - position_);
        std::copy_n(buffer_.get() + position_, count, into.begin());
        position_ += count;
        return count;
    }

    bool wait(const Context& context, milliseconds limit) {
        // What arrived since the last wait may be no data and yet let things go on, as a larger
        // window or the end of a rekey do: both directions are to be tried again before sleeping.
        if (std::exchange(seen_bytes_, traffic_.in_bytes) != traffic_.in_bytes) {
            context.check();
            return true;
        }
        const bool has_output = (::ssh_get_poll_flags(session_) & SSH_WRITE_PENDING) != 0;
        return context.wait(::ssh_get_fd(session_), has_output ? Readiness::ReadOrWrite : Readiness::Read, limit);
    }

    const std::string& peer() const { return peer_; }

private:
    Error lost() const {
        return {ErrorKind::Unavailable, fmt::format("lost the connection to {}: {}", peer_, reason())};
    }

    std::string reason() const {
        const std::string_view text = ::ssh_get_error(session_);
        return text.empty() ? "no reason given" : std::string(text);
    }

    // Repeats a libssh call until it is neither SSH_AGAIN nor its namesake for logins.
    template <class Call>
    int finish(const Context& context, int again, std::string_view doing, Call&& call) {
        while (true) {
            context.check();
            const int result = call();
            if (result != again) {
                return result;
            }
            const auto left = std::chrono::ceil<milliseconds>(end_ - Context::Clock::now());
            if (left <= milliseconds(0) || !wait(context, left)) {
                throw Error(ErrorKind::Unavailable, fmt::format("{} did not answer within {} s ({})", peer_,
                                                                options_.connect_timeout.count(), doing))
                    .advise("If the server is slow, raise connect_timeout.");
            }
        }
    }

    void set(ssh_options_e which, const void* value, std::string_view option) {
        if (::ssh_options_set(session_, which, value) != SSH_OK) {
            throw Error(ErrorKind::Invalid, fmt::format("the option {} is not usable: {}", option, reason()));
        }
    }

    void set_algorithms(std::initializer_list<ssh_options_e> which, const std::string& value, std::string_view option) {
        for (const auto one : which) {
            if (!value.empty()) {
                set(one, value.c_str(), option);
            }
        }
    }

    void configure(Descriptor socket) {
        session_ = ::ssh_new();
        if (session_ == nullptr) {
            throw Error(ErrorKind::Exhausted, "out of memory for an SSH session");
        }
        const bool no = false;
        const auto port = static_cast<unsigned int>(options_.port);
        set(SSH_OPTIONS_PROCESS_CONFIG, &no, "host");
        set(SSH_OPTIONS_HOST, options_.host.c_str(), "host");
        set(SSH_OPTIONS_PORT, &port, "port");
        set(SSH_OPTIONS_USER, options_.user.c_str(), "user");
        set(SSH_OPTIONS_KNOWNHOSTS, known_hosts().c_str(), "known_hosts");
        set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null", "known_hosts");
        set_algorithms({SSH_OPTIONS_CIPHERS_C_S, SSH_OPTIONS_CIPHERS_S_C},
                       options_.ciphers.empty() ? default_ciphers() : options_.ciphers, "ciphers");
        set_algorithms({SSH_OPTIONS_KEY_EXCHANGE}, options_.key_exchanges, "key_exchanges");
        set_algorithms({SSH_OPTIONS_HMAC_C_S, SSH_OPTIONS_HMAC_S_C}, options_.macs, "macs");
        set_algorithms({SSH_OPTIONS_HOSTKEYS}, options_.host_key_algorithms, "host_key_algorithms");
        const socket_t number = socket.number();
        set(SSH_OPTIONS_FD, &number, "host");
        socket.release();
        ::ssh_set_blocking(session_, 0);
        ::ssh_set_counters(session_, &traffic_, nullptr);
    }

    std::string known_hosts() const {
        const auto path = options_.host_key.empty() ? with_home(options_.known_hosts) : std::string();
        return path.empty() ? "/dev/null" : path;
    }

    void negotiate(const Context& context) {
        if (finish(context, SSH_AGAIN, "SSH handshake", [&] { return ::ssh_connect(session_); }) == SSH_OK) {
            // libssh made the socket a blocking one again, and sends more than fits.
            const int socket = ::ssh_get_fd(session_);
            ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
            return;
        }
        const auto why = reason();
        const bool is_mismatch = why.find("no match for method") != std::string::npos;
        Error error(is_mismatch ? ErrorKind::Invalid : ErrorKind::Unavailable,
                    fmt::format("SSH with {} failed: {}", peer_, why));
        if (is_mismatch) {
            error.advise("Set ciphers, key_exchanges, macs or host_key_algorithms to what the server offers.");
        }
        throw error;
    }

    void check_host_key(const Context& context) {
        ssh_key raw = nullptr;
        if (::ssh_get_server_publickey(session_, &raw) != SSH_OK) {
            throw Error(ErrorKind::Unavailable, fmt::format("{} showed no host key: {}", peer_, reason()));
        }
        const Key key(raw, &::ssh_key_free);
        const std::string fingerprint = fingerprint_of(raw);
        const std::string_view kind = ::ssh_key_type_to_char(::ssh_key_type(raw));
        if (options_.host_key.empty()) {
            check_known_hosts(fingerprint, kind);
        } else if (std::find(options_.host_key.begin(), options_.host_key.end(), fingerprint) ==
                   options_.host_key.end()) {
            throw Error(ErrorKind::Denied, fmt::format("the host key of {} is {} ({}), but the option host_key says {}",
                                                       peer_, fingerprint, kind, fmt::join(options_.host_key, ", ")))
                .advise("Ask the server's operator whether the key was changed, and only then change host_key.");
        }
        context.step("host key", fmt::format("{} {}", kind, fingerprint));
    }

    static std::string fingerprint_of(ssh_key key) {
        unsigned char* hash = nullptr;
        std::size_t size = 0;
        if (::ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &size) != SSH_OK) {
            throw Error(ErrorKind::Internal, "cannot take the fingerprint of a host key");
        }
        char* text = ::ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size);
        std::string fingerprint = text == nullptr ? "" : text;
        ::ssh_string_free_char(text);
        ::ssh_clean_pubkey_hash(&hash);
        return fingerprint;
    }

    void check_known_hosts(const std::string& fingerprint, std::string_view kind) {
        switch (::ssh_session_is_known_server(session_)) {
            case SSH_KNOWN_HOSTS_OK:
                return;
            case SSH_KNOWN_HOSTS_CHANGED:
            case SSH_KNOWN_HOSTS_OTHER:
                throw Error(ErrorKind::Denied,
                            fmt::format("the host key of {} has changed: it is {} ({}), another than "
                                        "{} has",
                                        peer_, fingerprint, kind, known_hosts()))
                    .advise("Ask the server's operator whether the key was changed; someone may be in between.");
            default:
                throw Error(ErrorKind::Denied,
                            fmt::format("the host key of {} is not known: {} ({})", peer_, fingerprint, kind))
                    .advise(fmt::format("If the server's operator confirms it, set host_key: \"{}\".", fingerprint));
        }
    }

    void log_in(const Context& context, ssh_key key) {
        const auto login = [&](std::string_view method, auto&& call) { return try_login(context, method, call); };
        int state = login("none", [&] { return ::ssh_userauth_none(session_, nullptr); });
        // With several factors, each one accepted changes what the server asks for next.
        for (int factor = 0; factor < 4 && state != SSH_AUTH_SUCCESS; ++factor) {
            const int before = tried_;
            const auto offered = static_cast<unsigned>(::ssh_userauth_list(session_, nullptr));
            state = SSH_AUTH_DENIED;
            if (may_try(Agent, options_.agent && (offered & SSH_AUTH_METHOD_PUBLICKEY) != 0, state)) {
                state = login("agent", [&] { return ::ssh_userauth_agent(session_, nullptr); });
            }
            if (may_try(PrivateKey, key != nullptr && (offered & SSH_AUTH_METHOD_PUBLICKEY) != 0, state)) {
                state = login("key", [&] { return ::ssh_userauth_publickey(session_, nullptr, key); });
            }
            const bool has_password = !options_.password.value.empty();
            if (may_try(Password, has_password && (offered & SSH_AUTH_METHOD_PASSWORD) != 0, state)) {
                state = login("password", [&] {
                    return ::ssh_userauth_password(session_, nullptr, options_.password.value.c_str());
                });
            }
            if (may_try(Interactive, has_password && (offered & SSH_AUTH_METHOD_INTERACTIVE) != 0, state)) {
                state = answer_questions(context);
            }
            if (tried_ == before) {
                break;
            }
        }
        if (state != SSH_AUTH_SUCCESS) {
            throw refused();
        }
        context.step("login", options_.user);
    }

    enum Method : int { Agent = 1, PrivateKey = 2, Password = 4, Interactive = 8 };

    bool may_try(Method method, bool is_possible, int state) {
        if (!is_possible || state != SSH_AUTH_DENIED || (tried_ & method) != 0) {
            return false;
        }
        tried_ |= method;
        return true;
    }

    template <class Call>
    int try_login(const Context& context, std::string_view method, Call&& call) {
        const int state = finish(context, SSH_AUTH_AGAIN, "login", call);
        if (state == SSH_AUTH_ERROR && ::ssh_is_connected(session_) == 0) {
            throw Error(ErrorKind::Denied, fmt::format("{} ended the session while {} logged in ({}): {}", peer_,
                                                       options_.user, method, reason()));
        }
        return state == SSH_AUTH_ERROR ? static_cast<int>(SSH_AUTH_DENIED) : state;
    }

    int answer_questions(const Context& context) {
        const auto ask = [&] {
            return try_login(context, "keyboard-interactive",
                             [&] { return ::ssh_userauth_kbdint(session_, nullptr, nullptr); });
        };
        int state = ask();
        for (int round = 0; state == SSH_AUTH_INFO && round < 10; ++round) {
            const int questions = ::ssh_userauth_kbdint_getnprompts(session_);
            for (int i = 0; i < questions; ++i) {
                char is_shown = 0;
                ::ssh_userauth_kbdint_getprompt(session_, static_cast<unsigned int>(i), &is_shown);
                // A question whose answer would be shown is not one for the password.
                const char* answer = is_shown != 0 ? "" : options_.password.value.c_str();
                ::ssh_userauth_kbdint_setanswer(session_, static_cast<unsigned int>(i), answer);
            }
            state = ask();
        }
        return state;
    }

    Error refused() const {
        const auto offered = static_cast<unsigned>(::ssh_userauth_list(session_, nullptr));
        std::vector<std::string_view> methods;
        for (const auto& [method, name] :
             {std::pair(SSH_AUTH_METHOD_PUBLICKEY, "a key"), std::pair(SSH_AUTH_METHOD_PASSWORD, "a password"),
              std::pair(SSH_AUTH_METHOD_INTERACTIVE, "a password it asks for")}) {
            if ((offered & method) != 0) {
                methods.emplace_back(name);
            }
        }
        Error error(ErrorKind::Denied,
                    fmt::format("{} does not let {} in; it accepts {}", peer_, options_.user,
                                methods.empty() ? "nothing that we know" : fmt::to_string(fmt::join(methods, " or "))));
        error.advise("Check user, password and private_key, and whether the server knows the key.");
        return error;
    }

    void start(const Context& context, const std::string& subsystem) {
        channel_ = ::ssh_channel_new(session_);
        if (channel_ == nullptr ||
            finish(context, SSH_AGAIN, "channel", [&] { return ::ssh_channel_open_session(channel_); }) != SSH_OK) {
            throw Error(ErrorKind::Unavailable, fmt::format("{} opens no channel: {}", peer_, reason()));
        }
        const auto request = [&] { return ::ssh_channel_request_subsystem(channel_, subsystem.c_str()); };
        if (finish(context, SSH_AGAIN, subsystem, request) != SSH_OK) {
            throw Error(ErrorKind::Denied, fmt::format("{} offers no {}: {}", peer_, subsystem, reason()))
                .advise("Ask the server's operator to allow it for this user.");
        }
        context.step(subsystem, peer_);
    }

    const SshOptions options_;
    const std::string peer_;
    ssh_session session_ = nullptr;
    ssh_channel channel_ = nullptr;
    Context::Clock::time_point end_;
    int tried_ = 0;
    std::unique_ptr<std::byte[]> buffer_;
    std::size_t position_ = 0;
    std::size_t filled_ = 0;
    ssh_counter_struct traffic_{};
    std::uint64_t seen_bytes_ = 0;
    std::uint32_t window_ = 0;  // what the server may still send, as far as we counted
};

SshSession::SshSession(const Context& context, const SshOptions& options, const std::string& subsystem)
    : handle_(std::make_unique<Handle>(options)) {
    handle_->open(context, subsystem);
}

SshSession::~SshSession() = default;

std::size_t SshSession::send(std::span<const std::byte> bytes) {
    return handle_->send(bytes);
}

std::size_t SshSession::receive(std::span<std::byte> into) {
    return handle_->receive(into);
}

bool SshSession::wait(const Context& context, milliseconds limit) {
    return handle_->wait(context, limit);
}

const std::string& SshSession::peer() const {
    return handle_->peer();
}

}  // namespace rowhaul
