// SPDX-License-Identifier: Apache-2.0
// From a host name to addresses, without ever hanging: the system's resolver cannot be interrupted.
#pragma once
#include "base/context.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

// The numeric addresses of `host` (a name or an address already) in the order in which to try them,
// never empty. Throws NotFound for a name that does not exist, Unavailable when the resolver cannot
// be asked or gave no answer within `timeout`, and as Context::check does.
std::vector<std::string> resolve(const Context&, const std::string& host, std::chrono::milliseconds timeout);

// Whether a numeric address is this machine's own, where nobody else can listen.
bool is_loopback(std::string_view address);

}  // namespace rowhaul
