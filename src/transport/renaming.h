// SPDX-License-Identifier: Apache-2.0
// Renaming over a link that may break between the question and its answer.
#pragma once
#include "transport/transport.h"

namespace rowhaul {

// Whether a rename whose answer was lost took place, as far as the names that exist now tell.
bool was_renamed(const Context&, Transport&, std::string_view from, std::string_view to,
                 std::optional<std::uint64_t> size = {});

// Renames once. When the answer is lost, asks over a new session which of the names exists: a
// rename that happened is recognised, one that did not is repeated. `size` is that of the file,
// where known; another file under the new name is then not taken for ours. Throws as rename().
void rename_surely(const Context&, Transport&, std::string_view from, std::string_view to,
                   std::optional<std::uint64_t> size = {});

}  // namespace rowhaul
