// SPDX-License-Identifier: Apache-2.0
// A proxy server on a free port of 127.0.0.1 that speaks SOCKS 5 and HTTP CONNECT without passwords,
// and carries connections to anywhere on loopback. With a TcpProxy in front of it, every connection
// of a session goes over one link.
#pragma once
#include <memory>

namespace rowhaul::testing {

class Relay {
public:
    Relay();
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    int port() const;
    // Connections that it carried so far.
    int connections() const;

private:
    class Server;
    std::unique_ptr<Server> server_;
};

}  // namespace rowhaul::testing
