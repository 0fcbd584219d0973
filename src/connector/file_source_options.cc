// SPDX-License-Identifier: Apache-2.0
#include "connector/file_source_options.h"

#include "transport/path.h"

namespace rowhaul {

void AfterOptions::validate(const AfterOptions& options, Problems& problems) {
    if (options.action == AfterAction::Move && options.move.empty()) {
        problems.add("move", "name the folder to move files to");
    }
}

namespace {

std::string_view without_last_slash(std::string_view folder) {
    return folder.substr(0, folder.find_last_not_of('/') + 1);
}

}  // namespace

void FileSourceOptions::validate(const FileSourceOptions& options, Problems& problems) {
    if (options.file.empty() && options.files.empty()) {
        problems.add("file", "name the file to read, or give a pattern with `files`");
    }
    if (!options.file.empty() && !options.files.empty()) {
        problems.add("files", "give either a file or a pattern, not both");
    }
    const auto folder = options.files.substr(0, options.files.rfind('/') + 1);
    if (folder.find_first_of("*?[") != std::string::npos) {
        problems.add("files", "may have * and ? in the last part of the path only");
    }
    // What lies there would be read by the next run.
    const auto own = without_last_slash(folder_of(options.files.empty() ? options.file : options.files));
    if (!options.set_aside.empty() && without_last_slash(options.set_aside) == own) {
        problems.add("set_aside", "name another folder than the one that the files come from");
    }
    if (!options.after.move.empty() && without_last_slash(options.after.move) == own) {
        problems.add("after", "name another folder than the one that the files come from");
    }
    if (options.newest && options.files.empty()) {
        problems.add("newest", "chooses among several; give a pattern with `files`");
    }
}

Node with_long_forms(const Node& section) {
    Node out = section;
    if (Node* settle = out.find("settle"); settle != nullptr && settle->is_scalar()) {
        auto options = Node::map(settle->position());
        options.set("age", *settle, settle->position());
        out.set("settle", std::move(options), settle->position());
    }
    Node* after = out.find("after");
    if (after != nullptr && after->is_scalar()) {
        auto options = Node::map(after->position());
        options.set("action", *after, after->position());
        out.set("after", std::move(options), after->position());
    } else if (after != nullptr && after->find("move") != nullptr && after->find("action") == nullptr) {
        after->set("action", Node::scalar("move", after->position()), after->position());
    }
    return out;
}

}  // namespace rowhaul
