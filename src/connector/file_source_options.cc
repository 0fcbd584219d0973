// SPDX-License-Identifier: Apache-2.0
#include "connector/file_source_options.h"

namespace rowhaul {

void AfterOptions::validate(const AfterOptions& options, Problems& problems) {
    if (options.action == AfterAction::Move && options.move.empty()) {
        problems.add("move", "name the folder to move files to");
    }
}

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
