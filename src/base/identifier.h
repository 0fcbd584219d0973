// SPDX-License-Identifier: Apache-2.0
// Identifiers of executions: 26 characters, unique, sorting by the time they were made (ULID).
#pragma once
#include <chrono>
#include <string>

namespace rowhaul {

// 48 bits of milliseconds and 80 random bits in Crockford's base 32. Callable from any thread.
std::string new_identifier(std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

}  // namespace rowhaul
