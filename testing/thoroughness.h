// SPDX-License-Identifier: Apache-2.0
// How much of a long matrix a test walks through.
#pragma once
#include <cstdlib>

namespace rowhaul::testing {

// Set by tools/check_all: all of it, where the usual tests pass some of it over.
inline bool is_thorough() {
    return std::getenv("ROWHAUL_LONG_TESTS") != nullptr;
}

// Where every step costs ten times as much.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif

}  // namespace rowhaul::testing
