// SPDX-License-Identifier: Apache-2.0
#include "options/document.h"

#include "base/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace rowhaul {

Node Node::scalar(std::string text, Position position, Style style) {
    Node node;
    node.kind_ = Kind::Scalar;
    node.style_ = style;
    node.text_ = std::move(text);
    node.position_ = std::move(position);
    return node;
}

Node Node::sequence(Position position) {
    Node node;
    node.kind_ = Kind::Sequence;
    node.position_ = std::move(position);
    return node;
}

Node Node::map(Position position) {
    Node node;
    node.kind_ = Kind::Map;
    node.position_ = std::move(position);
    return node;
}

Node Node::null(Position position) {
    Node node;
    node.position_ = std::move(position);
    return node;
}

const Node* Node::find(std::string_view key) const {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.key == key; });
    return found == entries_.end() ? nullptr : &found->value;
}

Node* Node::find(std::string_view key) {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.key == key; });
    return found == entries_.end() ? nullptr : &found->value;
}

void Node::set(std::string_view key, Node value, Position key_position) {
    if (Node* present = find(key)) {
        *present = std::move(value);
    } else {
        entries_.push_back({std::string(key), std::move(key_position), std::move(value)});
    }
}

void Node::taint(std::string interpolated) {
    source_ = tainted_ ? std::move(source_) : std::move(text_);
    text_ = std::move(interpolated);
    tainted_ = true;
}

void Node::mark_broken() {
    broken_ = true;
}

bool Node::is_incomplete() const {
    return broken_ || std::ranges::any_of(items_, &Node::is_incomplete) ||
           std::ranges::any_of(entries_, [](const Entry& entry) { return entry.value.is_incomplete(); });
}

std::string_view name_of(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::Null:
            return "nothing";
        case Node::Kind::Scalar:
            return "text";
        case Node::Kind::Sequence:
            return "a list";
        case Node::Kind::Map:
            return "a map";
    }
    return "nothing";
}

namespace {

constexpr std::size_t most_nodes = 100'000;
constexpr std::size_t most_bytes = std::size_t(16) << 20;
constexpr std::size_t deepest = 64;

struct Weight {
    std::size_t nodes = 0;
    std::size_t bytes = 0;
};

Weight weight_of(const Node& node) {
    Weight out{1, node.text().size()};
    const auto add = [&](const Node& child) {
        const Weight weight = weight_of(child);
        out.nodes += weight.nodes;
        out.bytes += weight.bytes;
    };
    for (const Node& item : node.items()) {
        add(item);
    }
    for (const Node::Entry& entry : node.entries()) {
        out.bytes += entry.key.size();
        add(entry.value);
    }
    return out;
}

std::size_t depth_of(const Node& node) {
    std::size_t below = 0;
    for (const Node& item : node.items()) {
        below = std::max(below, depth_of(item));
    }
    for (const Node::Entry& entry : node.entries()) {
        below = std::max(below, depth_of(entry.value));
    }
    return below + 1;
}

// Builds nodes from the parser's events; the library's own tree keeps neither the positions of
// aliases nor any limit.
class Builder final : public YAML::EventHandler {
public:
    Builder(std::string_view name, Problems& problems)
        : file_(std::make_shared<const std::string>(name)), problems_(problems) {}

    Node take() { return std::move(root_); }
    Position at(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }
    [[noreturn]] void fail(const Position& position, std::string_view message) const {
        throw Error(ErrorKind::Invalid, position.text() + ": " + std::string(message));
    }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) {
            fail(at(mark), "a second document begins here; write one document a file");
        }
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { finish(Node::null(at(mark)), anchor); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            fail(at(mark), "an alias stands inside the value that it repeats");
        }
        count(weight_of(found->second), at(mark));
        if (open_.size() + depth_of(found->second) > deepest) {
            fail(at(mark), "nested deeper than 64 levels");
        }
        attach(found->second, at(mark));
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check_tag(mark, tag);
        finish(Node::scalar(value, at(mark), tag == "?" ? Node::Style::Plain : Node::Style::Quoted), anchor);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        open(Node::sequence(at(mark)), anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        open(Node::map(at(mark)), anchor);
    }
    void OnMapEnd() override {
        splice_merge_key(open_.back());
        close();
    }

private:
    struct Open {
        Node node;
        YAML::anchor_t anchor = YAML::NullAnchor;
        std::optional<std::string> key = {};
        Position key_position = {};
        std::vector<Node> spliced = {};
    };

    void check_tag(const YAML::Mark& mark, const std::string& tag) const {
        if (!tag.empty() && tag != "?" && tag != "!" && !tag.starts_with("tag:yaml.org,2002:")) {
            fail(at(mark), "tags such as \"" + tag + "\" are not understood");
        }
    }

    void count(Weight weight, const Position& position) {
        nodes_ += weight.nodes;
        bytes_ += weight.bytes;
        if (nodes_ > most_nodes || bytes_ > most_bytes) {
            fail(position, "the document grows beyond 100,000 values or 16 MiB here");
        }
    }

    void open(Node node, YAML::anchor_t anchor) {
        if (open_.size() >= deepest) {
            fail(node.position(), "nested deeper than 64 levels");
        }
        count({1, 0}, node.position());
        open_.push_back({std::move(node), anchor});
    }

    void close() {
        Open done = std::move(open_.back());
        open_.pop_back();
        const Position position = done.node.position();
        if (done.anchor != YAML::NullAnchor) {
            anchors_[done.anchor] = done.node;
        }
        attach(std::move(done.node), position);
    }

    void finish(Node node, YAML::anchor_t anchor) {
        const Position position = node.position();
        count(weight_of(node), position);
        if (anchor != YAML::NullAnchor) {
            anchors_[anchor] = node;
        }
        attach(std::move(node), position);
    }

    void attach(Node node, const Position& position) {
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        Open& parent = open_.back();
        if (parent.node.is_sequence()) {
            parent.node.items().push_back(std::move(node));
        } else if (!parent.key) {
            if (!node.is_scalar()) {
                fail(position, "a key must be text, not " + std::string(name_of(node.kind())));
            }
            parent.key = node.text();
            parent.key_position = position;
        } else {
            add_entry(parent, std::move(node));
        }
    }

    void add_entry(Open& parent, Node value) {
        std::string key = std::move(*parent.key);
        parent.key.reset();
        if (key == "<<") {
            parent.spliced.push_back(std::move(value));
            return;
        }
        if (const auto* before = find_key(parent.node, key)) {
            problems_.add(parent.key_position, key,
                          "the key stands twice in this map, first in line " + std::to_string(before->position.line));
            return;
        }
        parent.node.entries().push_back({std::move(key), parent.key_position, std::move(value)});
    }

    static const Node::Entry* find_key(const Node& map, std::string_view key) {
        const auto& entries = map.entries();
        const auto found =
            std::find_if(entries.begin(), entries.end(), [&](const Node::Entry& entry) { return entry.key == key; });
        return found == entries.end() ? nullptr : &*found;
    }

    // `<<: *anchor` or `<<: [*a, *b]`: keys of those maps that this one lacks, the first one wins.
    void splice_merge_key(Open& map) {
        for (const Node& value : map.spliced) {
            std::vector<const Node*> sources;
            if (value.is_sequence()) {
                for (const Node& item : value.items()) {
                    sources.push_back(&item);
                }
            } else {
                sources.push_back(&value);
            }
            for (const Node* source : sources) {
                if (!source->is_map()) {
                    fail(value.position(), "\"<<\" takes a map, or a list of maps");
                }
                for (const Node::Entry& entry : source->entries()) {
                    if (map.node.find(entry.key) == nullptr) {
                        map.node.entries().push_back(entry);
                    }
                }
            }
        }
    }

    std::shared_ptr<const std::string> file_;
    Problems& problems_;
    Node root_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, Node> anchors_;
    std::size_t nodes_ = 0;
    std::size_t bytes_ = 0;
    int documents_ = 0;
};

bool indents_with_tab(std::string_view text, int line) {
    for (int i = 1; i < line; ++i) {
        text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
        if (text.empty()) {
            return false;
        }
    }
    const std::size_t end = text.find_first_not_of(" \t");
    return text.substr(0, end).find('\t') != std::string_view::npos;
}

}  // namespace

Node parse_yaml(std::string_view text, std::string_view name, Problems& problems) {
    Builder builder(name, problems);
    if (text.size() > most_bytes) {
        builder.fail(builder.at(YAML::Mark()), "the document is larger than 16 MiB");
    }
    std::istringstream stream{std::string(text)};
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const YAML::Exception& error) {
        const Position position = error.mark.is_null() ? builder.at(YAML::Mark()) : builder.at(error.mark);
        throw Error(ErrorKind::Invalid, position.text() + ": not valid YAML: " + error.msg)
            .advise(indents_with_tab(text, position.line)
                        ? "A tab stands at the beginning of this line; YAML takes only spaces there."
                        : "Check indentation, quotes and brackets in this line and the one above it.");
    }
    return builder.take();
}

Node load_yaml(const std::string& path, Problems& problems) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string text;
    if (file) {
        text.resize(most_bytes + 1);
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(file.gcount()));
    }
    if (!file.eof()) {
        if (text.size() > most_bytes) {
            throw Error(ErrorKind::Invalid, path + ": the file is larger than 16 MiB");
        }
        const int reason = errno;
        throw Error(reason == EACCES   ? ErrorKind::Denied
                    : reason == ENOENT ? ErrorKind::NotFound
                                       : ErrorKind::Invalid,
                    path + ": cannot be read: " + std::strerror(reason));
    }
    return parse_yaml(text, path, problems);
}

Node merged(const Node& defaults, const Node& own) {
    if (!defaults.is_map() || !own.is_map()) {
        return own;
    }
    Node out = own;
    for (const Node::Entry& entry : defaults.entries()) {
        if (Node* present = out.find(entry.key)) {
            *present = merged(entry.value, *present);
        } else {
            out.entries().push_back(entry);
        }
    }
    return out;
}

}  // namespace rowhaul
