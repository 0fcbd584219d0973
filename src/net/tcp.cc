// SPDX-License-Identifier: Apache-2.0
#include "net/tcp.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/eventfd.h>
#include <thread>

namespace rowhaul {

namespace {

using std::chrono::milliseconds;

milliseconds time_until(Context::Clock::time_point end) {
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(end - Context::Clock::now()));
}

// What the resolving thread leaves behind; it may outlive whoever asked, because getaddrinfo
// cannot be interrupted.
struct Answer {
    Descriptor done{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    int code = EAI_AGAIN;
    std::vector<Address> addresses;
};

int look_up(const std::string& host, const std::string& port, int flags, std::vector<Address>& addresses) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    if (code != 0) {
        return code;
    }
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        Address address;
        address.size = entry->ai_addrlen;
        std::memcpy(&address.bytes, entry->ai_addr, std::min<std::size_t>(entry->ai_addrlen, sizeof address.bytes));
        addresses.push_back(address);
    }
    ::freeaddrinfo(found);
    return 0;
}

void look_up_in_background(const std::shared_ptr<Answer>& answer, const std::string& host, const std::string& port) {
    std::thread([answer, host, port] {
        answer->code = look_up(host, port, AI_ADDRCONFIG, answer->addresses);
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(answer->done.number(), &one, sizeof one);
    }).detach();
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

std::string Address::text() const {
    char host[NI_MAXHOST] = "?";
    char port[NI_MAXSERV] = "?";
    ::getnameinfo(reinterpret_cast<const sockaddr*>(&bytes), size, host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV);
    return bytes.ss_family == AF_INET6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::vector<Address> resolve(const Context& context, const std::string& host, std::int64_t port, milliseconds timeout) {
    context.check();
    const auto service = std::to_string(port);
    std::vector<Address> literal;
    if (look_up(host, service, AI_NUMERICHOST | AI_NUMERICSERV, literal) == 0) {
        return literal;
    }
    const auto answer = std::make_shared<Answer>();
    look_up_in_background(answer, host, service);
    if (!context.wait(answer->done.number(), Readiness::Read, timeout)) {
        throw Error(ErrorKind::Unavailable,
                    fmt::format("no name server answered within {} ms for the host {}", timeout.count(), host));
    }
    if (answer->code == EAI_NONAME || answer->code == EAI_NODATA) {
        throw Error(ErrorKind::NotFound, fmt::format("there is no host named {}", host))
            .advise("Correct the option host, or check the name servers of this machine.");
    }
    if (answer->code != 0) {
        throw Error(ErrorKind::Unavailable,
                    fmt::format("the host {} cannot be looked up: {}", host, ::gai_strerror(answer->code)));
    }
    return std::move(answer->addresses);
}

Descriptor connect_tcp(const Context& context, const std::string& host, std::int64_t port, milliseconds timeout) {
    const auto end = Context::Clock::now() + timeout;
    const auto addresses = resolve(context, host, port, timeout);
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
