// SPDX-License-Identifier: Apache-2.0
#include "net/tcp.h"

#include "net/resolve.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <vector>

namespace rowhaul {

namespace {

using std::chrono::milliseconds;

milliseconds time_until(Context::Clock::time_point end) {
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(end - Context::Clock::now()));
}

struct Address {
    sockaddr_storage bytes{};
    socklen_t size = 0;

    // "127.0.0.1:22" or "[::1]:22".
    std::string text() const {
        char host[NI_MAXHOST] = "?";
        char port[NI_MAXSERV] = "?";
        ::getnameinfo(reinterpret_cast<const sockaddr*>(&bytes), size, host, sizeof host, port, sizeof port,
                      NI_NUMERICHOST | NI_NUMERICSERV);
        return bytes.ss_family == AF_INET6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
    }
};

// All addresses of `host` in the order in which to try them.
std::vector<Address> addresses_of(const Context& context, const std::string& host, std::int64_t port,
                                  milliseconds timeout) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    std::vector<Address> addresses;
    for (const auto& numeric : resolve(context, host, timeout)) {
        addrinfo* found = nullptr;
        if (::getaddrinfo(numeric.c_str(), std::to_string(port).c_str(), &hints, &found) == 0) {
            auto& address = addresses.emplace_back();
            address.size = std::min<socklen_t>(found->ai_addrlen, sizeof address.bytes);
            std::memcpy(&address.bytes, found->ai_addr, address.size);
            ::freeaddrinfo(found);
        }
    }
    return addresses;
}

// What went wrong, or nothing when connected.
std::optional<int> connect_to(const Context& context, const Address& address, milliseconds timeout, Descriptor& out) {
    Descriptor socket(::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) {
        return errno;
    }
    const int on = 1;
    ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket.number(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address.bytes), address.size) != 0) {
        if (errno != EINPROGRESS) {
            return errno;
        }
        if (!context.wait(socket.number(), Readiness::Write, timeout)) {
            return ETIMEDOUT;
        }
        int code = 0;
        socklen_t size = sizeof code;
        ::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &code, &size);
        if (code != 0) {
            return code;
        }
    }
    out = std::move(socket);
    return {};
}

}  // namespace

Descriptor connect_tcp(const Context& context, const std::string& host, std::int64_t port, milliseconds timeout) {
    const auto end = Context::Clock::now() + timeout;
    const auto addresses = addresses_of(context, host, port, timeout);
    context.step("resolve name", addresses.front().text());
    int failure = ETIMEDOUT;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        // A dead first address must leave time for the others.
        const auto share = time_until(end) / static_cast<int>(std::min<std::size_t>(addresses.size() - i, 2));
        Descriptor socket;
        const auto code = connect_to(context, addresses[i], share, socket);
        if (!code) {
            context.step("connect", addresses[i].text());
            return socket;
        }
        failure = *code;
    }
    throw Error(ErrorKind::Unavailable, fmt::format("cannot connect to {}:{}: {}", host, port,
                                                    failure == ETIMEDOUT ? "no answer" : std::strerror(failure)))
        .advise("Check host and port, and that no firewall lies between.");
}

}  // namespace rowhaul
