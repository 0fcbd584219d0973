// SPDX-License-Identifier: Apache-2.0
// How much of a long matrix a test walks through.
#pragma once
#include <cstdlib>

namespace rowhaul::testing {

// Set by tools/check_all: all of it, where the usual tests pass some of it over.
inline bool is_thorough() {
    return std::getenv("ROWHAUL_LONG_TESTS") != nullptr;
}

}  // namespace rowhaul::testing
