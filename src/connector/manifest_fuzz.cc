// SPDX-License-Identifier: Apache-2.0
// Any bytes as a manifest: understood, or refused as invalid.
#include "base/error.h"
#include "connector/manifest.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace rowhaul;
    try {
        const auto entries = read_manifest({reinterpret_cast<const char*>(data), size});
        for (const auto& entry : entries) {
            if (find_in(entries, entry.name) == nullptr && !(entry.name.empty() && entries.size() > 1)) {
                std::abort();
            }
            static_cast<void>(difference(entry, {}));
        }
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Invalid) {
            std::abort();
        }
    }
    return 0;
}
