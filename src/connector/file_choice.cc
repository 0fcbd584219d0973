// SPDX-License-Identifier: Apache-2.0
#include "connector/file_choice.h"

#include "connector/set_aside_note.h"
#include "transport/path.h"

#include <algorithm>
#include <fmt/format.h>
#include <fnmatch.h>
#include <set>

namespace rowhaul {

namespace {

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

// Moves those for which `is_settled` says no to the names of the unsettled.
template <class Predicate>
void keep_settled(FileChoice& choice, Predicate is_settled) {
    std::erase_if(choice.files, [&](const Entry& file) {
        if (is_settled(file)) {
            return false;
        }
        choice.unsettled.push_back(file.path);
        return true;
    });
}

bool is_old_enough(const Entry& file, std::chrono::seconds age, Moment now) {
    if (!file.modified || file.is_roughly_timed) {
        throw Error(
            ErrorKind::Invalid,
            fmt::format("the server does not tell exactly when {} was written, which `settle: {{ age: … }}` needs",
                        in_quotes(file.path)))
            .advise("Use `settle: { stable: 5s }` or `settle: { marker: … }`.");
    }
    return now - *file.modified >= age;
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
    if (settle.marker.empty()) {
        return {};
    }
    const auto name = file_name_of(file.path);
    auto marker = replaced(settle.marker, "{stem}", name.substr(0, name.rfind('.')));
    return path_below(folder_of(file.path), replaced(std::move(marker), "{name}", name));
}

FileChoice choose_files(const Context& context, Transport& transport, const FileSourceOptions& options,
                        const Clock& clock) {
    FileChoice choice{.files = matching(context, transport, options), .unsettled = {}};
    const auto& settle = options.settle;
    if (!settle.marker.empty()) {
        // A pattern may match the markers, too.
        std::set<std::string> markers;
        for (const auto& file : choice.files) {
            markers.insert(marker_of(file, settle));
        }
        std::erase_if(choice.files, [&](const Entry& file) { return markers.contains(file.path); });
        keep_settled(choice,
                     [&](const Entry& file) { return transport.stat(context, marker_of(file, settle)).has_value(); });
    }
    if (settle.age.count() > 0) {
        const auto now = clock.now();
        keep_settled(choice, [&](const Entry& file) { return is_old_enough(file, settle.age, now); });
    }
    if (settle.stable.count() > 0 && !choice.files.empty()) {
        clock.wait(context, settle.stable);
        const auto second_look = matching(context, transport, options);
        keep_settled(choice, [&](const Entry& file) {
            return std::ranges::any_of(second_look, [&](const Entry& now) { return is_same(file, now); });
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
