// SPDX-License-Identifier: Apache-2.0
// YAML documents (JSON is YAML too) in which every key and value knows its place in the file.
// Scalars stay text until an option gives them a type: `no` is the text "no", never a boolean.
#pragma once
#include "options/problems.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowhaul {

class Node {
public:
    enum class Kind : std::uint8_t { Null, Scalar, Sequence, Map };
    enum class Style : std::uint8_t { Plain, Quoted };
    struct Entry;

    Node() = default;  // null
    static Node scalar(std::string text, Position = {}, Style = Style::Plain);
    static Node sequence(Position = {});
    static Node map(Position = {});
    static Node null(Position = {});

    Kind kind() const { return kind_; }
    bool is_null() const { return kind_ == Kind::Null; }
    bool is_scalar() const { return kind_ == Kind::Scalar; }
    bool is_sequence() const { return kind_ == Kind::Sequence; }
    bool is_map() const { return kind_ == Kind::Map; }
    bool is_quoted() const { return style_ == Style::Quoted; }
    const Position& position() const { return position_; }

    // A scalar's text after interpolation; empty for other kinds. When is_tainted(), it came from
    // the environment or a file and must not appear in a message, log or export.
    const std::string& text() const { return text_; }
    bool is_tainted() const { return tainted_; }
    // What may be shown of it: the text as it stands in the file, "${ERP_PASSWORD}".
    const std::string& shown() const { return tainted_ ? source_ : text_; }
    // Its interpolation, or that of an item of the list that it is, failed and the problem was told
    // already.
    bool is_broken() const { return broken_; }
    // It or something below it is broken.
    bool is_incomplete() const;

    const std::vector<Node>& items() const { return items_; }
    std::vector<Node>& items() { return items_; }
    // In the order of the file.
    const std::vector<Entry>& entries() const { return entries_; }
    std::vector<Entry>& entries() { return entries_; }
    // The value of a key of a map, or null.
    const Node* find(std::string_view key) const;
    Node* find(std::string_view key);
    // Replaces the value of a key, or appends it.
    void set(std::string_view key, Node value, Position key_position = {});

    void taint(std::string interpolated);
    void mark_broken();

private:
    Kind kind_ = Kind::Null;
    Style style_ = Style::Plain;
    bool tainted_ = false;
    bool broken_ = false;
    Position position_;
    std::string text_;
    std::string source_;
    std::vector<Node> items_;
    std::vector<Entry> entries_;
};

struct Node::Entry {
    std::string key;
    Position position;  // of the key
    Node value;
};

std::string_view name_of(Node::Kind kind);  // "a map", "a list", "text", "nothing"

// Reads one document; an empty one is null. Broken YAML, a second document, nesting deeper than 64
// and documents that aliases blow up beyond 100,000 nodes throw Invalid with line and column;
// duplicate keys become problems. Anchors, aliases and the merge key `<<` work.
Node parse_yaml(std::string_view text, std::string_view name, Problems&);
// The same from a file of at most 16 MiB; NotFound when there is none.
Node load_yaml(const std::string& path, Problems&);

// `own` with what it lacks taken from `defaults`: key by key, recursively where both are maps.
Node merged(const Node& defaults, const Node& own);

// What ${NAME} reads; nothing when the variable is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

// Replaces, in every scalar value below `node`, ${NAME} (environment) and ${file:PATH} (content of
// a file beside the YAML file, without its last line break); $${ stands for ${. What is missing or
// misspelt becomes a problem at its place. `path` is the option path of `node`.
void interpolate(Node& node, std::string_view path, Problems&, const Environment& = process_environment());
// The same, with what is `missing` where the program runs (a variable, a file) told apart from what
// is `misspelt`.
void interpolate(Node& node, std::string_view path, Problems& misspelt, Problems& missing,
                 const Environment& = process_environment());

// YAML text of a node, with tainted values as they stand in the file.
std::string to_yaml(const Node&);
// The same on one line, without its end: `{ to: Name, from: name }`.
std::string to_flow_yaml(const Node&);

}  // namespace rowhaul
