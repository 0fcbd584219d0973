// SPDX-License-Identifier: Apache-2.0
#include "transport/renaming.h"

namespace rowhaul {

namespace {

constexpr int attempts = 3;

}  // namespace

bool was_renamed(const Context& context, Transport& transport, std::string_view from, std::string_view to,
                 std::optional<std::uint64_t> size) {
    if (transport.stat(context, from)) {
        return false;
    }
    const auto entry = transport.stat(context, to);
    return entry && (!size || !entry->size || *entry->size == *size);
}

void rename_surely(const Context& context, Transport& transport, std::string_view from, std::string_view to,
                   std::optional<std::uint64_t> size) {
    bool answer_lost = false;
    for (int attempt = 1;; ++attempt) {
        try {
            transport.rename(context, from, to);
            return;
        } catch (const Error& error) {
            const bool may_have_happened = answer_lost && error.kind() == ErrorKind::NotFound;
            if (!may_have_happened && (!error.is_transient() || attempt == attempts)) {
                throw;
            }
            if (error.is_transient()) {
                answer_lost = true;
                transport.reconnect();
            }
            if (was_renamed(context, transport, from, to, size)) {
                return;
            }
            if (may_have_happened) {
                throw;
            }
        }
    }
}

}  // namespace rowhaul
