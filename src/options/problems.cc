// SPDX-License-Identifier: Apache-2.0
#include "options/problems.h"

#include "base/error.h"
#include "options/document.h"

#include <algorithm>
#include <tuple>

namespace rowhaul {

std::string Position::text() const {
    std::string out = file ? *file : std::string();
    if (line > 0) {
        out += (out.empty() ? "line " : ":") + std::to_string(line) + ":" + std::to_string(column);
    }
    return out;
}

std::string Problem::text() const {
    std::string out = position.text();
    for (const std::string* part : {&path, &message}) {
        if (!part->empty()) {
            out += (out.empty() ? "" : ": ") + *part;
        }
    }
    return out;
}

void Problems::add(Position position, std::string path, std::string message) {
    all_.push_back({std::move(position), std::move(path), std::move(message)});
}

void Problems::add(std::string_view option, std::string message) {
    if (scope_ == nullptr) {
        add(Position(), std::string(option), std::move(message));
        return;
    }
    const Node* value = scope_->map_.find(option);
    add(value != nullptr ? value->position() : scope_->map_.position(), option_path(scope_->path_, option),
        std::move(message));
}

void Problems::add(const Problems& others) {
    all_.insert(all_.end(), others.all_.begin(), others.all_.end());
}

std::vector<Problem> Problems::sorted() const {
    std::vector<std::string> files;
    const auto rank = [&](const Problem& problem) {
        const std::string name = problem.position.file ? *problem.position.file : std::string();
        const auto found = std::find(files.begin(), files.end(), name);
        const auto index = found - files.begin();
        if (found == files.end()) {
            files.push_back(name);
        }
        return index;
    };
    using Ranked = std::tuple<std::ptrdiff_t, int, int, std::size_t>;
    std::vector<Ranked> order;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        order.emplace_back(rank(all_[i]), all_[i].position.line, all_[i].position.column, i);
    }
    std::sort(order.begin(), order.end());
    std::vector<Problem> out;
    for (const Ranked& ranked : order) {
        out.push_back(all_[std::get<3>(ranked)]);
    }
    return out;
}

std::string Problems::text() const {
    std::string out;
    for (const Problem& problem : sorted()) {
        out += (out.empty() ? "" : "\n") + problem.text();
    }
    return out;
}

void Problems::throw_if_any() const {
    if (!all_.empty()) {
        throw Error(ErrorKind::Invalid, text());
    }
}

Problems::Scope::Scope(Problems& problems, const Node& map, std::string path)
    : problems_(problems), map_(map), path_(std::move(path)), outer_(problems.scope_) {
    problems_.scope_ = this;
}

Problems::Scope::~Scope() {
    problems_.scope_ = outer_;
}

std::string option_path(std::string_view path, std::string_view name) {
    std::string out(path);
    if (!path.empty() && !name.empty()) {
        out += '.';
    }
    return out.append(name);
}

}  // namespace rowhaul
