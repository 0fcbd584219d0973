// SPDX-License-Identifier: Apache-2.0
// A link between a client and a server on loopback that can be slow, stall, or break at a chosen
// moment; for tests and benchmarks. Faults count from the call that asks for them and hold for all
// connections; a connection that was cut leaves the proxy healthy, so that a client may come back.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>

namespace rowhaul::testing {

class TcpProxy {
public:
    explicit TcpProxy(int target_port);
    ~TcpProxy();
    TcpProxy(const TcpProxy&) = delete;
    TcpProxy& operator=(const TcpProxy&) = delete;

    // Connect to this port on 127.0.0.1.
    int port() const;

    // Every byte arrives this much later, in each direction. For connections made from now on too.
    void delay(std::chrono::milliseconds each_way);
    // Connections stay open, also new ones, and nothing moves.
    void stall();
    // Cuts all connections once `bytes` more went from clients to the server.
    void cut_after(std::uint64_t bytes);
    // The server gets everything, its answers are lost; the link is cut when the server has
    // answered and both sides have been quiet for 200 ms.
    void lose_replies();
    // Cuts all connections now.
    void cut();
    // Forgets stall, cut_after and lose_replies.
    void heal();

    // How many connections were made so far.
    int connections() const;
    // Bytes that went from clients to the server so far.
    std::uint64_t bytes_to_server() const;

private:
    class Loop;
    std::unique_ptr<Loop> loop_;
};

}  // namespace rowhaul::testing
