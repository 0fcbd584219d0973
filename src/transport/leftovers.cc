// SPDX-License-Identifier: Apache-2.0
#include "transport/leftovers.h"

#include "transport/path.h"

#include <vector>

namespace rowhaul {

void remove_leftovers(const Context& context, Transport& transport, const PublishingOptions& publishing,
                      std::string_view execution, std::string_view name) {
    const std::string folder(publishing.temporary_folder.empty() ? folder_of(name) : publishing.temporary_folder);
    if (!folder.empty() && !transport.stat(context, folder)) {
        return;
    }
    std::vector<std::string> found;
    transport.list(context, folder, [&](const Entry& entry) {
        const auto entry_name = file_name_of(entry.path);
        if (!entry.is_folder && entry_name.find(execution) != std::string_view::npos && entry.path != name) {
            found.push_back(entry.path);
        }
        return true;
    });
    for (const auto& path : found) {
        if (path.ends_with(".old") && !transport.stat(context, name)) {
            transport.rename(context, path, name);
        } else {
            transport.remove(context, path);
        }
    }
}

}  // namespace rowhaul
