// SPDX-License-Identifier: Apache-2.0
// Reaching a TCP port by name, cancellable in every step, name resolution included.
#pragma once
#include "base/context.h"
#include "base/descriptor.h"

#include <chrono>
#include <string>

namespace rowhaul {

// A connected, non-blocking socket, tried on each address in turn; reports the steps "resolve name"
// and "connect". Throws Unavailable naming host and port when nobody accepts within `timeout`.
Descriptor connect_tcp(const Context&, const std::string& host, std::int64_t port, std::chrono::milliseconds timeout);

}  // namespace rowhaul
