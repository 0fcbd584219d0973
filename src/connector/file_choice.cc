// SPDX-License-Identifier: Apache-2.0
#include "connector/file_choice.h"

#include "connector/set_aside_note.h"
#include "transport/path.h"

#include <algorithm>
#include <fmt/format.h>
#include <fnmatch.h>
#include <map>
#include <set>

namespace rowhaul {

namespace {

constexpr std::size_t longest_manifest = std::size_t{16} << 20;

std::vector<Entry> matching(const Context& context, Transport& transport, const FileSourceOptions& options) {
    std::vector<Entry> found;
    if (!options.takes_several()) {
        if (auto entry = transport.stat(context, checked_path(options.file)); entry && !entry->is_folder) {
            found.push_back(std::move(*entry));
        }
        return found;
    }
    const auto folder = checked_folder(folder_of(options.files));
    const std::string pattern(file_name_of(options.files));
    transport.list(context, folder, [&](const Entry& entry) {
        const std::string name(file_name_of(entry.path));
        const bool is_note = name.ends_with(set_aside_note_ending) && !pattern.ends_with(set_aside_note_ending);
        if (!entry.is_folder && !is_note && ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0) {
            found.push_back(entry);
        }
        return true;
    });
    for (auto& file : found) {
        if (!file.is_roughly_timed) {
            continue;
        }
        // One that is gone by now stays: whoever opens it tells that it vanished.
        if (auto exact = transport.stat(context, file.path)) {
            file = std::move(*exact);
        }
    }
    return found;
}

std::string replaced(std::string text, std::string_view placeholder, std::string_view value) {
    for (auto at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at + value.size())) {
        text.replace(at, placeholder.size(), value);
    }
    return text;
}

// Moves those for which `reason_against` has one to the unsettled.
template <class Reason>
void keep_settled(FileChoice& choice, Reason reason_against) {
    std::erase_if(choice.files, [&](const Entry& file) {
        auto reason = reason_against(file);
        if (reason.empty()) {
            return false;
        }
        choice.unsettled.push_back({file.path, std::move(reason)});
        return true;
    });
}

// The file that a pattern with {name} and {stem} names beside this one; empty for an empty pattern.
std::string beside(const Entry& file, const std::string& pattern) {
    if (pattern.empty()) {
        return {};
    }
    const auto name = file_name_of(file.path);
    auto filled = replaced(pattern, "{stem}", name.substr(0, name.rfind('.')));
    return path_below(folder_of(file.path), replaced(std::move(filled), "{name}", name));
}

// A pattern of files may match what only tells of others.
void leave_out_companions(FileChoice& choice, const SettleOptions& settle) {
    std::set<std::string> companions;
    for (const auto& file : choice.files) {
        companions.insert(beside(file, settle.marker));
        companions.insert(beside(file, settle.manifest));
    }
    std::erase_if(choice.files, [&](const Entry& file) { return companions.contains(file.path); });
}

// Manifests of a server, each read once.
class Manifests {
public:
    Manifests(const Context& context, Transport& transport) : context_(context), transport_(transport) {}

    // Why a file cannot count as complete by its manifest; empty when it can, and then what was promised.
    std::string check(const Entry& file, const std::string& path, std::map<std::string, ManifestEntry>& promised) {
        const auto& manifest = at(path);
        if (!manifest.problem.empty()) {
            return manifest.problem;
        }
        const auto* const entry = find_in(manifest.entries, file_name_of(file.path));
        if (entry == nullptr) {
            return fmt::format("its manifest {} does not name it", in_quotes(path));
        }
        if (entry->bytes && file.size && *entry->bytes != *file.size) {
            return fmt::format("it has {} bytes, and its manifest {} promises {}", *file.size, in_quotes(path),
                               *entry->bytes);
        }
        promised[file.path] = *entry;
        return {};
    }

private:
    struct Manifest {
        std::vector<ManifestEntry> entries;
        std::string problem;
    };

    const Manifest& at(const std::string& path) {
        const auto [known, is_new] = manifests_.try_emplace(path);
        auto& manifest = known->second;
        if (is_new) {
            if (!transport_.stat(context_, path)) {
                manifest.problem = fmt::format("its manifest {} is not there", in_quotes(path));
                return manifest;
            }
            try {
                manifest.entries = read_manifest(text_of(path));
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::Invalid) {
                    throw;
                }
                // It may be in the making, too.
                manifest.problem = fmt::format("its manifest {} cannot be read: {}", in_quotes(path), error.what());
            }
        }
        return manifest;
    }

    std::string text_of(const std::string& path) {
        const auto input = transport_.read(context_, path, 0);
        std::string text;
        std::vector<std::byte> block(std::size_t{64} * 1024);
        while (const auto count = input->read(context_, block)) {
            text += as_text(std::span(block).first(count));
            if (text.size() > longest_manifest) {
                throw Error(ErrorKind::Invalid, "it is longer than 16 MiB");
            }
        }
        return text;
    }

    const Context& context_;
    Transport& transport_;
    std::map<std::string, Manifest> manifests_;
};

std::string too_young(const Entry& file, std::chrono::seconds age, Moment now) {
    if (!file.modified || file.is_roughly_timed) {
        throw Error(
            ErrorKind::Invalid,
            fmt::format("the server does not tell exactly when {} was written, which `settle: {{ age: … }}` needs",
                        in_quotes(file.path)))
            .advise("Use `settle: { stable: 5s }`, `settle: { marker: … }` or `settle: { manifest: … }`.");
    }
    return now - *file.modified >= age ? "" : "it was written too short a time ago";
}

void sort(std::vector<Entry>& files, FileOrder order) {
    std::ranges::sort(files, [&](const Entry& one, const Entry& other) {
        if (order == FileOrder::Time && one.modified != other.modified) {
            return one.modified < other.modified;
        }
        return one.path < other.path;
    });
}

}  // namespace

bool is_same(const Entry& one, const Entry& other) {
    return one.path == other.path && one.size == other.size && one.modified == other.modified;
}

std::string marker_of(const Entry& file, const SettleOptions& settle) {
    return beside(file, settle.marker);
}

std::string own_manifest_of(const Entry& file, const SettleOptions& settle) {
    const bool is_for_all =
        settle.manifest.find("{name}") == std::string::npos && settle.manifest.find("{stem}") == std::string::npos;
    return is_for_all ? std::string() : beside(file, settle.manifest);
}

FileChoice choose_files(const Context& context, Transport& transport, const FileSourceOptions& options,
                        const Clock& clock) {
    FileChoice choice{.files = matching(context, transport, options), .unsettled = {}, .promised = {}};
    const auto& settle = options.settle;
    leave_out_companions(choice, settle);
    if (!settle.marker.empty()) {
        keep_settled(choice, [&](const Entry& file) {
            const auto marker = marker_of(file, settle);
            return transport.stat(context, marker) ? "" : fmt::format("its marker {} is not there", in_quotes(marker));
        });
    }
    if (!settle.manifest.empty()) {
        Manifests manifests(context, transport);
        keep_settled(choice, [&](const Entry& file) {
            return manifests.check(file, beside(file, settle.manifest), choice.promised);
        });
    }
    if (settle.age.count() > 0) {
        const auto now = clock.now();
        keep_settled(choice, [&](const Entry& file) { return too_young(file, settle.age, now); });
    }
    if (settle.stable.count() > 0 && !choice.files.empty()) {
        clock.wait(context, settle.stable);
        const auto second_look = matching(context, transport, options);
        keep_settled(choice, [&](const Entry& file) {
            const bool is_stable =
                std::ranges::any_of(second_look, [&](const Entry& now) { return is_same(file, now); });
            return is_stable ? "" : std::string("it changed between two looks");
        });
    }
    sort(choice.files, options.newest ? FileOrder::Time : options.order);
    if (options.newest && choice.files.size() > 1) {
        choice.files.erase(choice.files.begin(), choice.files.end() - 1);
    }
    return choice;
}

std::string free_name(const Context& context, Transport& transport, std::string_view file, std::string_view folder) {
    const auto name = file_name_of(file);
    const auto dot = name.find('.', 1);
    auto free = path_below(folder, name);
    for (int number = 1; transport.stat(context, free); ++number) {
        free = path_below(folder, fmt::format("{}_{}{}", name.substr(0, dot), number,
                                              dot == std::string_view::npos ? "" : name.substr(dot)));
    }
    return free;
}

}  // namespace rowhaul
