// SPDX-License-Identifier: Apache-2.0
#include "testing/relay.h"

#include "base/descriptor.h"

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <list>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>

namespace rowhaul::testing {

namespace {

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

void send_all(int descriptor, const char* data, std::size_t size) {
    while (size > 0) {
        const auto sent = ::send(descriptor, data, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            throw std::runtime_error("a relayed connection ended");
        }
        data += sent;
        size -= static_cast<std::size_t>(sent);
    }
}

void receive_all(int descriptor, unsigned char* into, std::size_t size) {
    while (size > 0) {
        const auto count = ::recv(descriptor, into, size, 0);
        if (count <= 0) {
            throw std::runtime_error("a relayed connection ended");
        }
        into += count;
        size -= static_cast<std::size_t>(count);
    }
}

// The port that a SOCKS 5 client asks for; the address is always taken for loopback.
int agree_on_socks(int client) {
    std::array<unsigned char, 256> bytes{};
    receive_all(client, bytes.data(), 1);
    receive_all(client, bytes.data(), bytes[0]);
    send_all(client, "\x05\x00", 2);
    receive_all(client, bytes.data(), 4);
    const auto kind = bytes[3];
    if (kind == 3) {
        receive_all(client, bytes.data(), 1);
        receive_all(client, bytes.data(), bytes[0]);
    } else {
        receive_all(client, bytes.data(), kind == 1 ? 4 : 16);
    }
    receive_all(client, bytes.data(), 2);
    return bytes[0] * 256 + bytes[1];
}

// The port in "CONNECT host:port HTTP/1.1" and its headers, the first byte of which is read.
int agree_on_http(int client) {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
        unsigned char byte = 0;
        receive_all(client, &byte, 1);
        head += static_cast<char>(byte);
    }
    const auto end = head.find(" HTTP/");
    const auto colon = head.rfind(':', end);
    int port = 0;
    std::from_chars(head.data() + colon + 1, head.data() + end, port);
    return port;
}

}  // namespace

class Relay::Server {
public:
    Server() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), stop_(::eventfd(0, EFD_CLOEXEC)) {
        auto address = loopback(0);
        socklen_t size = sizeof address;
        if (::bind(listener_.number(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(listener_.number(), 64) != 0 ||
            ::getsockname(listener_.number(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            throw std::runtime_error("a relay cannot listen");
        }
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept(); });
    }
    ~Server() {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(stop_.number(), &one, sizeof one);
        acceptor_.join();
        for (auto& thread : carriers_) {
            thread.join();
        }
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    int port_ = 0;
    std::atomic<int> connections_{0};

private:
    void accept() {
        while (true) {
            std::array<pollfd, 2> watched{{{stop_.number(), POLLIN, 0}, {listener_.number(), POLLIN, 0}}};
            ::poll(watched.data(), watched.size(), -1);
            if (watched[0].revents != 0) {
                return;
            }
            const int client = ::accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC);
            if (client >= 0) {
                carriers_.emplace_back([this, client] { serve(Descriptor(client)); });
            }
        }
    }

    void serve(Descriptor client) {
        try {
            if (!wait_for(client.number())) {
                return;
            }
            unsigned char first = 0;
            receive_all(client.number(), &first, 1);
            const bool is_socks = first == 5;
            const auto target = loopback(is_socks ? agree_on_socks(client.number()) : agree_on_http(client.number()));
            const Descriptor server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            if (::connect(server.number(), reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
                return;
            }
            const int on = 1;
            ::setsockopt(server.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            ::setsockopt(client.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            const std::string yes = is_socks ? std::string("\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00", 10)
                                             : std::string("HTTP/1.1 200 Connected\r\n\r\n");
            send_all(client.number(), yes.data(), yes.size());
            ++connections_;
            carry(client.number(), server.number());
        } catch (const std::exception&) {
            // The connection has ended; so does its thread.
        }
    }

    bool wait_for(int descriptor) const {
        std::array<pollfd, 2> watched{{{stop_.number(), POLLIN, 0}, {descriptor, POLLIN, 0}}};
        ::poll(watched.data(), watched.size(), -1);
        return watched[0].revents == 0;
    }

    void carry(int client, int server) const {
        std::array<int, 2> ends{client, server};
        std::array<bool, 2> open{true, true};
        std::array<char, 65536> buffer;
        while (open[0] || open[1]) {
            std::array<pollfd, 3> watched{{{open[0] ? ends[0] : -1, POLLIN, 0},
                                           {open[1] ? ends[1] : -1, POLLIN, 0},
                                           {stop_.number(), POLLIN, 0}}};
            ::poll(watched.data(), watched.size(), -1);
            if (watched[2].revents != 0) {
                return;
            }
            for (std::size_t i = 0; i < 2; ++i) {
                if (watched.at(i).revents == 0) {
                    continue;
                }
                const auto count = ::recv(ends.at(i), buffer.data(), buffer.size(), 0);
                if (count < 0) {
                    return;
                }
                if (count == 0) {
                    open.at(i) = false;
                    ::shutdown(ends.at(1 - i), SHUT_WR);
                    continue;
                }
                send_all(ends.at(1 - i), buffer.data(), static_cast<std::size_t>(count));
            }
        }
    }

    Descriptor listener_;
    Descriptor stop_;
    std::thread acceptor_;
    std::list<std::thread> carriers_;
};

Relay::Relay() : server_(std::make_unique<Server>()) {}
Relay::~Relay() = default;

int Relay::port() const {
    return server_->port_;
}

int Relay::connections() const {
    return server_->connections_;
}

}  // namespace rowhaul::testing
