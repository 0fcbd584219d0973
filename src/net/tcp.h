// SPDX-License-Identifier: Apache-2.0
// Reaching a TCP port by name, cancellable in every step, name resolution included.
#pragma once
#include "base/context.h"
#include "base/descriptor.h"

#include <chrono>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace rowhaul {

struct Address {
    sockaddr_storage bytes{};
    socklen_t size = 0;

    // "127.0.0.1:22" or "[::1]:22".
    std::string text() const;
};

// All addresses of `host` (a name or a literal address), in the order the system prefers. Throws
// NotFound when the name does not exist, Unavailable when nobody could be asked or `timeout` passed.
std::vector<Address> resolve(const Context&, const std::string& host, std::int64_t port,
                             std::chrono::milliseconds timeout);

// A connected, non-blocking socket, tried on each address in turn; reports the steps "resolve name"
// and "connect". Throws Unavailable naming host and port when nobody accepts within `timeout`.
Descriptor connect_tcp(const Context&, const std::string& host, std::int64_t port, std::chrono::milliseconds timeout);

}  // namespace rowhaul
